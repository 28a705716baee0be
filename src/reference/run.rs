//! What the oracle is asked for: a forward pass, the loss, and the way back.

use super::network::{Network, Pass, exact};
use super::results::{Differentiated, Gradients, Outputs};
use super::rounded::Rounded;
use super::segments::{self, Passes};
use super::sequences::Sequences;
use crate::error::{Error, Result};
use crate::loss::Objective;
use crate::model::cells::Number;
use crate::model::{Dropout, Spec};

/// The forward pass of the network `spec` with the block `parameters` over a batch, as in inference: nothing is
/// dropped.
///
/// # Errors
/// [`Error::Config`] where the spec is not valid or the batch is empty, [`Error::Length`] where a tensor does not have
/// the length that the shapes call for.
pub fn forward(spec: &Spec, parameters: &[f64], sequences: &Sequences) -> Result<Outputs> {
    forward_in(spec, parameters, sequences)
}

/// [`forward`] with the error that each value is expected to have in f32.
///
/// # Errors
/// As [`forward`].
pub fn forward_rounded(spec: &Spec, parameters: &[f64], sequences: &Sequences) -> Result<Outputs<Rounded>> {
    forward_in(spec, parameters, sequences)
}

fn forward_in<R: Number>(spec: &Spec, parameters: &[f64], sequences: &Sequences) -> Result<Outputs<R>> {
    let network = Network::new(spec, parameters, sequences, &Dropout::default())?;
    Ok(Run::of(&network).into_outputs())
}

/// Every gradient of the mean squared error against `targets` ([B, O], or [B, T, O] where the head reads every step).
///
/// # Errors
/// As [`forward`]; and where `targets` do not have the length of the outputs.
pub fn differentiate(
    spec: &Spec,
    parameters: &[f64],
    sequences: &Sequences,
    targets: &[f64],
) -> Result<Differentiated> {
    differentiate_with(spec, parameters, sequences, targets, &Objective::default())
}

/// Every gradient of the objective against `targets`, [B, target_len] with
/// [`Loss::target_len`](crate::loss::Loss::target_len).
///
/// # Errors
/// As [`forward`]; and where the loss refuses its targets.
pub fn differentiate_with(
    spec: &Spec,
    parameters: &[f64],
    sequences: &Sequences,
    targets: &[f64],
    objective: &Objective,
) -> Result<Differentiated> {
    differentiate_in(spec, parameters, sequences, targets, objective)
}

/// [`differentiate_with`] with the error that each value is expected to have in f32.
///
/// # Errors
/// As [`differentiate_with`].
pub fn differentiate_rounded(
    spec: &Spec,
    parameters: &[f64],
    sequences: &Sequences,
    targets: &[f64],
    objective: &Objective,
) -> Result<Differentiated<Rounded>> {
    differentiate_in(spec, parameters, sequences, targets, objective)
}

fn differentiate_in<R: Number>(
    spec: &Spec,
    parameters: &[f64],
    sequences: &Sequences,
    targets: &[f64],
    objective: &Objective,
) -> Result<Differentiated<R>> {
    let network = Network::new(spec, parameters, sequences, &objective.dropout)?;
    objective.check(spec)?;
    objective.loss.check_targets(spec, network.steps, &network.lengths, targets)?;
    let run = Run::of(&network);
    let (loss, d_y) = objective.loss.mean(spec, &network.lengths, &run.outputs().y, targets);
    let d_outputs = Outputs { y: d_y, states: vec![R::ZERO; network.initial.len()] };
    let gradients = run.back(&network, d_outputs);
    Ok(Differentiated { loss, outputs: run.into_outputs(), gradients })
}

/// The vector-Jacobian product: the gradients of whatever has the gradient `d_outputs` with respect to the outputs and
/// final states of the pass over `sequences` in which `dropout` drops units.
///
/// # Errors
/// As [`forward`]; and where a gradient does not have the length of what it is of.
pub fn backward(
    spec: &Spec,
    parameters: &[f64],
    sequences: &Sequences,
    dropout: &Dropout,
    d_outputs: &Outputs,
) -> Result<Gradients> {
    backward_in(spec, parameters, sequences, dropout, d_outputs)
}

/// [`backward`] with the error that each value is expected to have in f32.
///
/// # Errors
/// As [`backward`].
pub fn backward_rounded(
    spec: &Spec,
    parameters: &[f64],
    sequences: &Sequences,
    dropout: &Dropout,
    d_outputs: &Outputs,
) -> Result<Gradients<Rounded>> {
    backward_in(spec, parameters, sequences, dropout, d_outputs)
}

fn backward_in<R: Number>(
    spec: &Spec,
    parameters: &[f64],
    sequences: &Sequences,
    dropout: &Dropout,
    d_outputs: &Outputs,
) -> Result<Gradients<R>> {
    let network = Network::new(spec, parameters, sequences, dropout)?;
    let run = Run::of(&network);
    let Outputs { y, states } = d_outputs;
    let shape = [("B", network.rows), ("read steps", spec.read_steps(network.steps)), ("O", spec.outputs())];
    Error::check_len("the gradient of y", &shape, y.len())?;
    Error::check_len("the gradient of the states", &[("block", network.initial.len())], states.len())?;
    let d_outputs = Outputs { y: exact(y), states: exact(states) };
    Ok(run.back(&network, d_outputs))
}

/// What a forward pass of the whole network leaves for the backward one.
enum Run<R> {
    Steps(Pass<R>),
    Segments(Box<Passes<R>>),
}

impl<R: Number> Run<R> {
    /// The forward pass of a network.
    fn of(network: &Network<R>) -> Self {
        match network.spec.segments {
            None => Run::Steps(network.pass()),
            Some(_) => Run::Segments(Box::new(segments::forward(network))),
        }
    }

    /// The way back over it.
    fn back(&self, network: &Network<R>, d_outputs: Outputs<R>) -> Gradients<R> {
        match self {
            Run::Steps(pass) => network.back(pass, d_outputs),
            Run::Segments(passes) => segments::backward(network, passes, &d_outputs),
        }
    }

    fn outputs(&self) -> &Outputs<R> {
        match self {
            Run::Steps(pass) => &pass.outputs,
            Run::Segments(passes) => &passes.outputs,
        }
    }

    fn into_outputs(self) -> Outputs<R> {
        match self {
            Run::Steps(pass) => pass.outputs,
            Run::Segments(passes) => passes.outputs,
        }
    }
}

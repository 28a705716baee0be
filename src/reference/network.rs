//! The whole network: layers over layers, the head, the loss, and the way back.

use super::head::Head;
use super::layer::{Layer, Tape};
use super::results::{Differentiated, Gradients, Outputs};
use super::rounded::Rounded;
use super::segments::{self, Passes};
use super::sequences::Sequences;
use crate::error::{Error, Result};
use crate::loss::Objective;
use crate::model::cells::{Cell, Number};
use crate::model::{CellVisitor, Dropout, Layout, Mask, Spec};

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
    Ok(Network::new(spec, parameters, sequences, &Dropout::default())?.run().into_outputs())
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
    let run = network.run();
    let (loss, d_y) = objective.loss.mean(spec, &network.lengths, &run.outputs().y, targets);
    let d_outputs = Outputs { y: d_y, states: vec![R::ZERO; network.initial.len()] };
    let gradients = network.run_back(&run, d_outputs);
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
    let run = network.run();
    let Outputs { y, states } = d_outputs;
    let shape = [("B", network.rows), ("read steps", spec.read_steps(network.steps)), ("O", spec.outputs())];
    Error::check_len("the gradient of y", &shape, y.len())?;
    Error::check_len("the gradient of the states", &[("block", network.initial.len())], states.len())?;
    let d_outputs = Outputs { y: exact(y), states: exact(states) };
    Ok(network.run_back(&run, d_outputs))
}

/// A network over a batch, all lengths checked.
pub(super) struct Network<R> {
    pub spec: Spec,
    pub layout: Layout,
    pub parameters: Vec<R>,
    pub rows: usize,
    pub steps: usize,
    /// The length of each row, `[B]`: T where none are given.
    pub lengths: Vec<usize>,
    pub x: Vec<R>,
    /// [S, L*D, B, H].
    pub initial: Vec<R>,
    /// What is dropped between the layers.
    pub mask: Mask,
}

/// What the forward pass leaves for the backward one.
pub(super) struct Pass<R> {
    pub outputs: Outputs<R>,
    /// Of each layer and direction, index layer*D + direction.
    tapes: Vec<Tape<R>>,
    /// The input of each layer, then the output of the topmost: L+1 tensors, [B, T, I] and [B, T, D*H].
    between: Vec<Vec<R>>,
}

/// What a forward pass of the whole network leaves for the backward one.
enum Run<R> {
    Steps(Pass<R>),
    Segments(Box<Passes<R>>),
}

impl<R> Run<R> {
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

impl<R: Number> Network<R> {
    fn new(spec: &Spec, parameters: &[f64], sequences: &Sequences, dropout: &Dropout) -> Result<Self> {
        spec.validate()?;
        dropout.check()?;
        let &Sequences { rows, steps, ref x, ref states, ref lengths } = sequences;
        for (name, size) in [("rows", rows), ("steps", steps)] {
            if size == 0 {
                return Err(Error::config(name, size, "at least 1"));
            }
        }
        let layout = Layout::new(spec);
        Error::check_len("parameters", &[("block", layout.len())], parameters.len())?;
        Error::check_len("x", &[("B", rows), ("T", steps), ("I", spec.input)], x.len())?;
        let lengths = match lengths {
            None => vec![steps; rows],
            Some(lengths) => {
                Error::check_len("lengths", &[("B", rows)], lengths.len())?;
                if let Some(b) = (0..rows).find(|&b| !(1..=steps).contains(&lengths[b])) {
                    let expected = format!("a length from 1 to {steps}, the number of time steps");
                    return Err(Error::config("a row's length", format!("{} (row {b})", lengths[b]), expected));
                }
                lengths.clone()
            }
        };
        let facts = spec.facts();
        let shape = [("S", facts.states), ("L*D", spec.layers * spec.directions()), ("B", rows), ("H", spec.hidden)];
        let initial = match states {
            None => vec![R::ZERO; spec.state_len() * rows],
            Some(states) => {
                Error::check_len("states", &shape, states.len())?;
                exact(states)
            }
        };
        let (parameters, x) = (exact(parameters), exact(x));
        let (spec, mask) = (*spec, dropout.mask());
        Ok(Network { spec, layout, parameters, rows, steps, lengths, x, initial, mask })
    }

    /// The forward pass.
    fn run(&self) -> Run<R> {
        if self.spec.segments.is_some() {
            Run::Segments(Box::new(segments::forward(self)))
        } else {
            Run::Steps(self.pass())
        }
    }

    /// The backward pass.
    fn run_back(&self, run: &Run<R>, d_outputs: Outputs<R>) -> Gradients<R> {
        match run {
            Run::Steps(pass) => self.back(pass, d_outputs),
            Run::Segments(passes) => segments::backward(self, passes, &d_outputs),
        }
    }

    /// The forward pass over the steps.
    pub fn pass(&self) -> Pass<R> {
        self.spec.cell.visit(Forward(self))
    }

    /// The backward pass over the steps.
    pub fn back(&self, pass: &Pass<R>, d_outputs: Outputs<R>) -> Gradients<R> {
        self.spec.cell.visit(Backward { network: self, pass, d_outputs })
    }

    fn layer(&self, layer: usize, direction: usize) -> Layer<'_, R> {
        Layer {
            rows: self.rows,
            steps: self.steps,
            lengths: &self.lengths,
            inputs: self.spec.layer_input(layer),
            hidden: self.spec.hidden,
            reverse: direction == 1,
            parameters: &self.parameters,
            ranges: &self.layout.layers()[layer * self.spec.directions() + direction],
        }
    }

    /// Multiplies the output of layer `l`, or its gradient, [B, T, D*H], by the mask. There is none above the last
    /// layer.
    fn drop_units(&self, l: usize, out: &mut [R]) {
        let (steps, top) = (self.steps, self.spec.top());
        if l + 1 == self.spec.layers {
            return;
        }
        for (n, value) in out.iter_mut().enumerate() {
            let [row, time, unit] = [n / (steps * top), n / top % steps, n % top].map(|index| index as u32);
            *value = *value * R::exact(self.mask.factor(l as u32, row, time, unit));
        }
    }

    fn head(&self) -> Head<'_> {
        Head::new(&self.spec, &self.layout, self.steps, &self.lengths)
    }

    /// Index of state `s` of layer and direction `scan`, at row 0 and unit 0, in [S, L*D, B, H].
    fn state(&self, s: usize, scan: usize) -> usize {
        (s * self.spec.layers * self.spec.directions() + scan) * self.state_len()
    }

    /// Values of one state vector of one layer and direction: B*H.
    fn state_len(&self) -> usize {
        self.rows * self.spec.hidden
    }

    /// The states [S, B, H] of one layer and direction, from [S, L*D, B, H].
    fn states_of<C: Cell>(&self, states: &[R], scan: usize) -> Vec<R> {
        (0..C::STATES).flat_map(|s| &states[self.state(s, scan)..][..self.state_len()]).copied().collect()
    }

    /// Puts the states [S, B, H] of one layer and direction into [S, L*D, B, H].
    fn put_states_of<C: Cell>(&self, states: &mut [R], scan: usize, values: &[R]) {
        for s in 0..C::STATES {
            states[self.state(s, scan)..][..self.state_len()]
                .copy_from_slice(&values[s * self.state_len()..][..self.state_len()]);
        }
    }
}

/// Values that a device is given in f32.
fn exact<R: Number>(values: &[f64]) -> Vec<R> {
    values.iter().map(|&value| R::exact(value)).collect()
}

/// Layer by layer: the input of layer l+1 at time t is h of layer l at time t, forward direction first, then reverse;
/// zero where a row has ended, and where a unit is dropped.
struct Forward<'a, R>(&'a Network<R>);

impl<R: Number> CellVisitor for Forward<'_, R> {
    type Output = Pass<R>;

    fn visit<C: Cell>(self) -> Pass<R> {
        let network = self.0;
        let (rows, steps, hidden, top) = (network.rows, network.steps, network.spec.hidden, network.spec.top());
        let mut states = vec![R::ZERO; network.initial.len()];
        let mut tapes = Vec::new();
        let mut between = vec![network.x.clone()];
        for l in 0..network.spec.layers {
            let mut out = vec![R::ZERO; rows * steps * top];
            for direction in 0..network.spec.directions() {
                let scan = l * network.spec.directions() + direction;
                let layer = network.layer(l, direction);
                let tape = layer.forward::<C>(&between[l], &network.states_of::<C>(&network.initial, scan));
                for k in 0..steps {
                    for b in 0..rows {
                        let Some(t) = layer.time(k, b) else { continue };
                        for j in 0..hidden {
                            out[(b * steps + t) * top + direction * hidden + j] =
                                tape.states[layer.state::<C>(k + 1, 0, b, j)];
                        }
                    }
                }
                network.put_states_of::<C>(&mut states, scan, &tape.states[layer.state::<C>(steps, 0, 0, 0)..]);
                tapes.push(tape);
            }
            network.drop_units(l, &mut out);
            between.push(out);
        }
        let y = network.head().forward(&network.parameters, &between[network.spec.layers]);
        Pass { outputs: Outputs { y, states }, tapes, between }
    }
}

/// The way back: the head, then the layers from the top. Both directions of a layer add to the gradient of its input.
struct Backward<'a, R> {
    network: &'a Network<R>,
    pass: &'a Pass<R>,
    /// Gradient of the outputs and of the final states.
    d_outputs: Outputs<R>,
}

impl<R: Number> CellVisitor for Backward<'_, R> {
    type Output = Gradients<R>;

    fn visit<C: Cell>(self) -> Gradients<R> {
        let Backward { network, pass, d_outputs } = self;
        let (steps, hidden, top) = (network.steps, network.spec.hidden, network.spec.top());
        let mut d_parameters = vec![R::ZERO; network.parameters.len()];
        let mut d_initial = vec![R::ZERO; network.initial.len()];
        let top_states = &pass.between[network.spec.layers];
        let mut d_out = network.head().backward(&network.parameters, top_states, &d_outputs.y, &mut d_parameters);
        for l in (0..network.spec.layers).rev() {
            network.drop_units(l, &mut d_out);
            let mut d_in = vec![R::ZERO; pass.between[l].len()];
            for direction in 0..network.spec.directions() {
                let scan = l * network.spec.directions() + direction;
                let d_states = network.layer(l, direction).backward::<C>(
                    &pass.between[l],
                    &pass.tapes[scan],
                    network.states_of::<C>(&d_outputs.states, scan),
                    |b, t, j| d_out[(b * steps + t) * top + direction * hidden + j],
                    &mut d_parameters,
                    &mut d_in,
                );
                network.put_states_of::<C>(&mut d_initial, scan, &d_states);
            }
            d_out = d_in;
        }
        Gradients { parameters: d_parameters, x: d_out, states: d_initial }
    }
}

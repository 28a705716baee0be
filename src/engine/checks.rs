//! Checks that need both the network and what it is given. Every engine makes them before it starts.

use super::tensors::OutputGradients;
use crate::data::{Sequences, Windows, check_lengths};
use crate::error::{Error, Result};
use crate::memory;
use crate::model::{Head, Readout, Spec};

/// Checks that a network can run a stream of `rows` rows from these states, and returns its spec with an output after
/// every step, as a stream gives them.
///
/// # Errors
/// [`Error::Config`] where the network has both directions, since the reverse one would begin with what is yet to come,
/// or there are no rows; [`Error::Length`] where the states do not have the length of [S, L, `rows`, H];
/// [`Error::Limit`] where memory does not suffice for them.
pub fn check_stream(spec: &Spec, rows: usize, states: Option<&[f32]>) -> Result<Spec> {
    if spec.bidirectional {
        return Err(Error::config(
            "a stream's directions",
            2,
            "1: the reverse one would begin with what is yet to come",
        ));
    }
    if rows == 0 {
        return Err(Error::config("rows", rows, "at least 1"));
    }
    let bytes = spec.state_len().saturating_mul(rows).saturating_mul(size_of::<f32>());
    memory::check("the states of the stream", bytes, "take fewer rows")?;
    states.map_or(Ok(()), |states| spec.check_states("states", rows, states.len()))?;
    Ok(Spec { head: spec.head.map(|head| Head { readout: Readout::Every, ..head }), ..*spec })
}

/// Checks the spec of a network that goes step by step.
///
/// # Errors
/// As [`Spec::validate`]; and [`Error::Config`] where it goes over segments.
pub fn check_steps(spec: &Spec) -> Result<()> {
    if let Some(segments) = spec.segments {
        let expected = "none: `Device::engine` puts such a network on a device";
        return Err(Error::config("steps of a segment", segments.steps, expected));
    }
    spec.validate()
}

/// Checks that windows have as many features as the network has inputs, and as many that do not change in time.
///
/// # Errors
/// [`Error::Config`] with both numbers where they differ.
pub fn check_windows(spec: &Spec, windows: &Windows) -> Result<()> {
    let sizes = [
        ("the windows' number of features", windows.inputs(), spec.input),
        ("the windows' number of static features", windows.static_features(), spec.statics()),
    ];
    match sizes.into_iter().find(|(_, found, expected)| found != expected) {
        None => Ok(()),
        Some((what, found, expected)) => Err(Error::config(what, found, format!("{expected}, the network's"))),
    }
}

/// Checks the tensors of sequences against their shapes in this network.
///
/// # Errors
/// [`Error::Config`] where there are no rows or no steps, or a row's length is not from 1 to T; [`Error::Length`] where
/// `x`, the states, the lengths or the static features do not have as many values as their shapes call for.
pub fn check_sequences(spec: &Spec, sequences: &Sequences<'_>) -> Result<()> {
    let &Sequences { rows, steps, ref x, ref states, ref lengths, ref statics } = sequences;
    for (name, size) in [("rows", rows), ("steps", steps)] {
        if size == 0 {
            return Err(Error::config(name, size, "at least 1"));
        }
    }
    Error::check_len("x", &[("B", rows), ("T", steps), ("I", spec.input)], x.len())?;
    Error::check_len("static features", &[("B", rows), ("C", spec.statics())], statics.len())?;
    if let Some(states) = states {
        spec.check_states("states", rows, states.len())?;
    }
    lengths.as_ref().map_or(Ok(()), |lengths| check_lengths(lengths, rows, steps))
}

/// Checks the gradients of the outputs and final states of `rows` rows of `steps` steps against their shapes; an empty
/// one is right.
///
/// # Errors
/// [`Error::Length`] where one has neither no values nor as many as its shape calls for.
pub fn check_d_outputs(spec: &Spec, rows: usize, steps: usize, d_outputs: OutputGradients<'_>) -> Result<()> {
    let OutputGradients { y, states } = d_outputs;
    if !y.is_empty() {
        let shape = [("B", rows), ("read steps", spec.read_steps(steps)), ("O", spec.outputs())];
        Error::check_len("the gradient of y", &shape, y.len())?;
    }
    if states.is_empty() { Ok(()) } else { spec.check_states("the gradient of the final states", rows, states.len()) }
}

//! Checks that need both the network and what it is given. Every engine makes them before it starts.

use crate::error::{Error, Result};
use crate::model::{Head, Readout, Spec};

/// The network's spec with an output after every step, as a stream gives them, once it is sure that there can be a stream of
/// `rows` rows with these states.
pub(crate) fn check_stream(spec: &Spec, rows: usize, states: Option<&[f32]>) -> Result<Spec> {
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
    states.map_or(Ok(()), |states| spec.check_states("states", rows, states.len()))?;
    Ok(Spec { head: spec.head.map(|head| Head { readout: Readout::Every, ..head }), ..*spec })
}

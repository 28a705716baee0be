//! What a file says of its network.

use super::names::Names;
use crate::model::params::NamedRange;
use crate::model::spec::Spec;
use serde_json::{Map, Value};

/// What a file holds, before its weights are looked at.
pub(super) struct Contents {
    pub spec: Spec,
    pub names: Names,
    pub provenance: Map<String, Value>,
    pub notes: Vec<String>,
    /// What of the file is not taken, where there is any.
    pub ignored: Option<String>,
    pub lacks: Lacking,
}

/// Biases that a file does not have, because its modules have none; they are then zero.
#[derive(Clone, Copy, Default)]
pub(super) struct Lacking {
    pub rnn: bool,
    pub head: bool,
}

impl Lacking {
    pub fn includes(self, tensor: &NamedRange) -> bool {
        let lacks = if tensor.name.starts_with("rnn.") { self.rnn } else { self.head };
        lacks && tensor.shape.len() == 1
    }
}

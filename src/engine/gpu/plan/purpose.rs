//! What a plan is made for.

use crate::model::Spec;

/// How far a plan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Outputs and final states.
    Outputs,
    /// The gradient of every parameter too.
    Parameters,
    /// The gradient of the input and of the initial states too, from that of the outputs and of the final states.
    Inputs,
}

/// How the batches of a plan follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batches {
    /// Each is taken at once, and begins with the states that were written, or with zeros.
    Whole,
    /// Each is taken in micro-batches, which have the plan's rows at most and whose gradients are accumulated: the step
    /// ends after the last of them.
    Micro,
    /// Each is taken at once, and may begin with the states that the one before ended with.
    Carried,
}

/// What a plan is made for, beside the network's weights and its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// The network; a stream has an output at every step.
    pub spec: Spec,
    /// The most rows of a batch, or of a micro-batch of it.
    pub batch: usize,
    /// How batches follow each other.
    pub batches: Batches,
    /// How far it goes.
    pub reach: Reach,
    /// Whether units are dropped between layers.
    pub dropout: bool,
}

impl Purpose {
    /// Outputs alone, of batches that are taken whole.
    pub fn outputs(spec: &Spec, batch: usize) -> Self {
        Purpose::gradients(spec, batch, Reach::Outputs, 0.0)
    }

    /// Gradients, likewise, where units are dropped with this probability.
    pub fn gradients(spec: &Spec, batch: usize, reach: Reach, dropout: f64) -> Self {
        let dropout = dropout > 0.0 && spec.layers > 1;
        Purpose { spec: *spec, batch, batches: Batches::Whole, reach, dropout }
    }

    /// Whether the forward pass writes the tape.
    pub fn keeps_tape(&self) -> bool {
        self.reach != Reach::Outputs
    }
}

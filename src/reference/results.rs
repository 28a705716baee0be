//! What the oracle gives, in f64.

/// [`crate::engine::Outputs`] in f64.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs<R = f64> {
    /// The head's outputs: [B, O], or [B, T, O] where it reads every step.
    pub y: Vec<R>,
    /// Final states, [S, L*D, B, H] (h, then c).
    pub states: Vec<R>,
}

/// [`crate::engine::Gradients`] in f64.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gradients<R = f64> {
    /// The loss: the mean over what counts.
    pub loss: f64,
    /// The forward pass.
    pub outputs: Outputs<R>,
    /// Gradient of every parameter, in the layout of the parameter block.
    pub parameters: Vec<R>,
    /// Gradient of the input, [B, T, I].
    pub x: Vec<R>,
    /// Gradient of the initial states, [S, L*D, B, H], also where they were zeros that nobody gave.
    pub states: Vec<R>,
}

//! What the oracle gives, in f64.

/// What a forward pass gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs<R = f64> {
    /// The head's outputs: [B, O], or [B, T, O] where it reads every step.
    pub y: Vec<R>,
    /// Final states, [S, L*D, B, H] (h, then c).
    pub states: Vec<R>,
}

/// What a forward pass, a loss and a backward pass give.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Differentiated<R = f64> {
    /// The loss: the mean over what counts.
    pub loss: f64,
    /// The forward pass.
    pub outputs: Outputs<R>,
    /// Its gradients.
    pub gradients: Gradients<R>,
}

/// What a backward pass gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gradients<R = f64> {
    /// Gradient of every parameter, in the layout of the parameter block.
    pub parameters: Vec<R>,
    /// Gradient of the input, [B, T, I].
    pub x: Vec<R>,
    /// Gradient of the initial states, [S, L*D, B, H], also where none were given and they are zeros.
    pub states: Vec<R>,
}

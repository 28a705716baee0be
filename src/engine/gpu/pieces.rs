//! The files of which a kernel is made where there is a choice: each enum is a choice, each of its values a file.

use super::shaders::shader;
use crate::data::Targets;
use crate::loss::Loss;

/// How long the rows of a batch are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lengths {
    /// All have T steps.
    Full,
    /// Each has its own.
    Ragged,
}

impl Lengths {
    /// Ragged, or full.
    pub fn of(ragged: bool) -> Self {
        if ragged { Lengths::Ragged } else { Lengths::Full }
    }

    pub(super) fn file(self) -> &'static str {
        match self {
            Lengths::Full => shader!("lengths/full"),
            Lengths::Ragged => shader!("lengths/ragged"),
        }
    }
}

/// A [`Loss`] without its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LossKind {
    Mse,
    Mae,
    Huber,
    CrossEntropy,
    BinaryCrossEntropy,
    Quantile,
}

impl From<Loss> for LossKind {
    fn from(loss: Loss) -> Self {
        match loss {
            Loss::Mse => LossKind::Mse,
            Loss::Mae => LossKind::Mae,
            Loss::Huber { .. } => LossKind::Huber,
            Loss::CrossEntropy => LossKind::CrossEntropy,
            Loss::BinaryCrossEntropy => LossKind::BinaryCrossEntropy,
            Loss::Quantile(_) => LossKind::Quantile,
        }
    }
}

impl LossKind {
    pub(super) fn files(self) -> Vec<&'static str> {
        let own = match self {
            LossKind::Mse => shader!("losses/mse"),
            LossKind::Mae => shader!("losses/mae"),
            LossKind::Huber => shader!("losses/huber"),
            LossKind::BinaryCrossEntropy => shader!("losses/binary_cross_entropy"),
            LossKind::Quantile => shader!("losses/quantile"),
            LossKind::CrossEntropy => return vec![shader!("losses/cross_entropy"), shader!("losses/counts")],
        };
        vec![shader!("losses/terms"), own, shader!("losses/counts")]
    }
}

/// Where targets lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Goal {
    /// Given outright.
    Given,
    /// In the series, after the window.
    Ahead,
}

impl Goal {
    /// Of a set of windows.
    pub fn of(targets: &Targets) -> Self {
        match targets {
            Targets::Given { .. } => Goal::Given,
            Targets::Horizon { .. } => Goal::Ahead,
        }
    }

    pub(super) fn file(self) -> &'static str {
        match self {
            Goal::Given => shader!("goals/given"),
            Goal::Ahead => shader!("goals/ahead"),
        }
    }
}

/// What happens to units between layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mask {
    /// Nothing.
    None,
    /// Some are dropped.
    Dropout,
}

impl Mask {
    pub(super) fn file(self) -> &'static str {
        match self {
            Mask::None => shader!("masks/none"),
            Mask::Dropout => shader!("masks/dropout"),
        }
    }
}

/// What a weight gradient is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// Recurrent weights.
    Hidden,
    /// Input weights and biases.
    Input,
    /// The head.
    Head,
}

impl Operand {
    pub(super) fn file(self) -> &'static str {
        match self {
            Operand::Hidden => shader!("operands/hidden"),
            Operand::Input => shader!("operands/input"),
            Operand::Head => shader!("operands/head"),
        }
    }
}

/// Where the projected input waits for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pre {
    /// Where the tape will be.
    Tape,
    /// In a buffer of its own, for a chunk of the steps.
    Chunk,
}

impl Pre {
    pub(super) fn file(self) -> &'static str {
        match self {
            Pre::Tape => shader!("pre/tape"),
            Pre::Chunk => shader!("pre/chunk"),
        }
    }
}

/// Whether a forward pass writes the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tape {
    /// For a backward pass.
    Keep,
    /// Inference.
    Skip,
}

impl Tape {
    pub(super) fn file(self) -> &'static str {
        match self {
            Tape::Keep => shader!("tape/keep"),
            Tape::Skip => shader!("tape/skip"),
        }
    }
}

/// The chains of steps that a dispatch takes side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chains {
    /// The directions of one layer.
    Directions,
    /// The layers of a network of one direction, each reading the states of the one below.
    Layers,
    /// The same, where units are dropped between layers.
    DroppedLayers,
}

impl Chains {
    pub(super) fn file(self) -> &'static str {
        match self {
            Chains::Directions => shader!("chains/directions"),
            Chains::Layers | Chains::DroppedLayers => shader!("chains/layers"),
        }
    }

    /// What a scan forward reads.
    pub(super) fn input_files(self) -> Vec<&'static str> {
        match self {
            Chains::Directions => vec![shader!("inputs/own")],
            Chains::Layers => vec![shader!("inputs/layers"), shader!("inputs/below")],
            Chains::DroppedLayers => vec![shader!("inputs/layers"), shader!("inputs/dropped")],
        }
    }
}

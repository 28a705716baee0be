//! The list of cells. Adding a cell is a file in `cells/`, its twin in `shaders/cells/`, a line in each table here, and
//! one in the list of cells in `build/kernels.rs`.

use super::cells::{Cell, Gru, Lstm, MAX_SLOTS, RnnRelu, RnnTanh};
use serde::{Deserialize, Serialize};

/// Which cell a network is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellKind {
    /// Elman cell with tanh.
    RnnTanh,
    /// Elman cell with relu.
    RnnRelu,
    /// Long short-term memory.
    Lstm,
    /// Gated recurrent unit, reset after the product.
    Gru,
}

/// The constants of a [`Cell`], for code that is not generic over it.
#[derive(Clone, Copy, Debug)]
pub struct CellFacts {
    /// [`Cell::GATES`].
    pub gates: usize,
    /// [`Cell::SLOTS`].
    pub slots: usize,
    /// [`Cell::STATES`].
    pub states: usize,
    /// [`Cell::INPUT_SLOT`].
    pub input_slot: [usize; MAX_SLOTS],
    /// [`Cell::HIDDEN_SLOT`].
    pub hidden_slot: [usize; MAX_SLOTS],
}

/// A computation that is generic over the cell; see [`CellKind::visit`].
pub trait CellVisitor {
    /// What it gives.
    type Output;
    /// The computation for cell `C`.
    fn visit<C: Cell>(self) -> Self::Output;
}

impl CellKind {
    /// Every cell.
    pub const ALL: [CellKind; 4] = [CellKind::RnnTanh, CellKind::RnnRelu, CellKind::Lstm, CellKind::Gru];

    /// Runs a generic computation for this cell.
    pub fn visit<V: CellVisitor>(self, visitor: V) -> V::Output {
        match self {
            CellKind::RnnTanh => visitor.visit::<RnnTanh>(),
            CellKind::RnnRelu => visitor.visit::<RnnRelu>(),
            CellKind::Lstm => visitor.visit::<Lstm>(),
            CellKind::Gru => visitor.visit::<Gru>(),
        }
    }

    /// The name of the cell in tables, messages and files.
    pub fn name(self) -> &'static str {
        match self {
            CellKind::RnnTanh => "rnn_tanh",
            CellKind::RnnRelu => "rnn_relu",
            CellKind::Lstm => "lstm",
            CellKind::Gru => "gru",
        }
    }

    /// The cell's constants.
    pub fn facts(self) -> CellFacts {
        struct Facts;
        impl CellVisitor for Facts {
            type Output = CellFacts;
            fn visit<C: Cell>(self) -> CellFacts {
                CellFacts {
                    gates: C::GATES,
                    slots: C::SLOTS,
                    states: C::STATES,
                    input_slot: C::INPUT_SLOT,
                    hidden_slot: C::HIDDEN_SLOT,
                }
            }
        }
        self.visit(Facts)
    }
}

impl std::fmt::Display for CellKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

//! How to read a model file.

use crate::model::kind::CellKind;
use crate::model::spec::Readout;
use serde::Deserialize;

/// The function of an Elman cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nonlinearity {
    /// Hyperbolic tangent, PyTorch's default.
    Tanh,
    /// max(0, x).
    Relu,
}

impl Nonlinearity {
    /// The cell of that function.
    pub fn cell(self) -> CellKind {
        match self {
            Nonlinearity::Tanh => CellKind::RnnTanh,
            Nonlinearity::Relu => CellKind::RnnRelu,
        }
    }
}

/// What the reader of a model file may ask for.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// The function of an RNN, which PyTorch's files do not say. Refused where the file says another, or is no RNN's.
    pub nonlinearity: Option<Nonlinearity>,
    /// The steps that the head reads, whatever the file says. Of a network without a head it says nothing.
    pub readout: Option<Readout>,
    /// The recurrent module of a file with several modules: its name in the state_dict, or the end of it after a dot.
    /// Without `head_module` it is taken without a head. What else the file holds is then ignored.
    pub module: Option<String>,
    /// The Linear behind the recurrent module, by its name likewise. What else the file holds is then ignored.
    pub head_module: Option<String>,
}

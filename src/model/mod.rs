//! What a network is: its cells, its spec, its flat parameter block with PyTorch's names, its initial values, its
//! files. Nothing here knows a device.

pub mod cells;
mod dropout;
mod file;
mod init;
mod kind;
mod params;
mod spec;

pub use dropout::{Dropout, Mask, pcg4d};
pub(crate) use file::CHECKPOINT;
pub use file::{LoadOptions, Loaded, Model, Names, Nonlinearity};
pub use init::initial_parameters;
pub use kind::{CellFacts, CellKind, CellVisitor};
pub use params::{LayerRanges, Layout, NamedRange, SegmentRanges};
pub use spec::{Head, Readout, Segments, Spec};

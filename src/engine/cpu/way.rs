//! The two ways of the engine.

/// A way through the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Lanes are rows of the batch; a thread takes a tile of them through the whole network.
    Tiles,
    /// Lanes are hidden units, which the threads share out.
    Units,
}

//! A model as one safetensors file: the weights under PyTorch's names, and what they are the weights of as JSON in
//! `__metadata__`. Files that PyTorch wrote itself load too; [`foreign`] finds out what they hold. Format:
//! <https://github.com/huggingface/safetensors#format>.

mod checksum;
mod contents;
mod foreign;
mod head;
mod model;
mod names;
mod options;
mod stored;
mod survey;
#[cfg(test)]
mod tests;

pub use model::{CHECKPOINT, Loaded, Model};
pub use names::Names;
pub use options::{LoadOptions, Nonlinearity};

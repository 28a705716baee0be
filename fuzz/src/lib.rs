//! What reads files, given bytes that no program has written. Every target must return, whatever the bytes are: with an
//! error, or with values that keep what their functions promise.

pub mod corpus;
pub mod mutate;
pub mod targets;

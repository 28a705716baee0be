//! Kernels broken in one place. Each must be caught by the comparison with the oracle, on the case that it names, on a
//! device that is made to run the kernel. What is sought is the linked module, as `refrain explain --kernel` prints it.

mod backward;
mod barriers;
mod forward;
mod fused;
mod mutant;
mod steps;

pub use barriers::UNSEEN as UNSEEN_BARRIERS;
pub use mutant::{Mutant, Mutation, STORAGE, WORKGROUP};

/// Every mutant.
pub fn mutants() -> impl Iterator<Item = &'static Mutant> {
    let lists = [forward::FORWARD, backward::BACKWARD, steps::STEPS, fused::FUSED, barriers::BARRIERS];
    lists.into_iter().flatten()
}

//! A kernel broken in one place, and what shows it.

use crate::engine::Precision;
use crate::engine::gpu::device::Kernels;

/// A change to one kernel's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// The kernel.
    pub kernel: &'static str,
    find: &'static str,
    replace: &'static str,
    /// Which of the places that are found, counted from 0; all of them, where none is said.
    nth: Option<usize>,
}

impl Mutation {
    /// The source with the change; none where it has nothing to change.
    pub fn apply(&self, source: &str) -> Option<String> {
        let mut places = source.match_indices(self.find).map(|(at, _)| at);
        match self.nth {
            None => places.next().map(|_| source.replace(self.find, self.replace)),
            Some(nth) => places.nth(nth).map(|at| {
                let mut changed = source.to_owned();
                changed.replace_range(at..at + self.find.len(), self.replace);
                changed
            }),
        }
    }
}

/// A mutation, the kernels that a device has to run to meet it, and the case that shows it.
#[derive(Debug)]
pub struct Mutant {
    pub kernels: Kernels,
    pub mutation: Mutation,
    /// The name of the case: those in 16 bits begin with `half`.
    pub case: &'static str,
}

impl Mutant {
    /// Whether it leaves out a barrier.
    pub fn leaves_out_a_barrier(&self) -> bool {
        self.mutation.nth.is_some()
    }

    /// Whether it leaves out this one.
    pub fn is_barrier(&self, kernel: &str, text: &str, nth: usize) -> bool {
        (self.mutation.kernel, self.mutation.find, self.mutation.nth) == (kernel, text, Some(nth))
    }

    /// How the case stores weights and the tape.
    pub fn precision(&self) -> Precision {
        if self.case.starts_with("half") { Precision::F16 } else { Precision::F32 }
    }
}

/// One that a device of scans meets.
pub const fn scans(kernel: &'static str, find: &'static str, replace: &'static str, case: &'static str) -> Mutant {
    Mutant { kernels: Kernels::Scans, mutation: Mutation { kernel, find, replace, nth: None }, case }
}

/// One that a device of steps meets.
pub const fn steps(kernel: &'static str, find: &'static str, replace: &'static str, case: &'static str) -> Mutant {
    Mutant { kernels: Kernels::Steps, ..scans(kernel, find, replace, case) }
}

/// One that a device of fused kernels meets.
pub const fn fused(kernel: &'static str, find: &'static str, replace: &'static str, case: &'static str) -> Mutant {
    Mutant { kernels: Kernels::Fused, ..scans(kernel, find, replace, case) }
}

/// The text of a barrier.
pub const WORKGROUP: &str = "workgroupBarrier();";
/// Of another.
pub const STORAGE: &str = "storageBarrier();";

/// One barrier left out: the nth of the module.
pub const fn barrier(
    kernels: Kernels,
    kernel: &'static str,
    find: &'static str,
    nth: usize,
    case: &'static str,
) -> Mutant {
    Mutant { kernels, mutation: Mutation { kernel, find, replace: "", nth: Some(nth) }, case }
}

//! What the tests of this thread see of a device: storage buffers that begin as NaN with guard words behind them, and a
//! kernel that is broken on purpose.

use super::mutants::Mutation;
use crate::engine::gpu::device::{Array, Gpu, Source};
use crate::error::Result;
use pollster::block_on;
use std::cell::RefCell;
use wgpu::BufferUsages;

/// A quiet NaN that no arithmetic makes, and two of 16 bits.
const POISON: u32 = 0x7fc0_7eef;

/// Guard bytes behind every buffer.
const GUARD: u64 = 256;

/// A buffer, its name, and the bytes that are its own; the rest is guard.
struct Guarded {
    label: String,
    array: Array,
    bytes: u64,
}

thread_local! {
    static MUTATION: RefCell<Option<Mutation>> = const { RefCell::new(None) };
    static GUARDED: RefCell<Vec<Guarded>> = const { RefCell::new(Vec::new()) };
}

/// A storage buffer full of poison, with a guard behind its bytes.
pub fn poisoned(gpu: &Gpu, label: &str, bytes: u64, usage: BufferUsages) -> Result<Array> {
    let array = Array::new(gpu.buffer(label, bytes.saturating_add(GUARD), usage)?);
    gpu.write(&array, 0, &vec![POISON; array.size() as usize / 4]);
    let guarded = Guarded { label: label.to_owned(), array: array.clone(), bytes };
    GUARDED.with_borrow_mut(|all| all.push(guarded));
    Ok(array)
}

/// The source of a kernel, broken where that is asked for.
pub fn mutated(source: Source) -> Source {
    MUTATION.with_borrow(|mutation| match mutation {
        Some(mutation) if mutation.kernel == source.entry => {
            Source { wgsl: mutation.apply(&source.wgsl).unwrap_or(source.wgsl), ..source }
        }
        _ => source,
    })
}

/// Breaks the kernels that are compiled from now on, or mends them.
pub fn mutate(mutation: Option<Mutation>) {
    MUTATION.set(mutation);
}

/// Forgets the buffers so far.
pub fn forget() {
    GUARDED.take();
}

/// Panics if a kernel wrote behind a buffer.
pub fn check_guards(gpu: &Gpu) {
    for Guarded { label, array, bytes } in GUARDED.take() {
        let words = block_on(gpu.read(&array, array.size() as usize / 4)).expect("the buffer is read");
        let broken = words[bytes.div_ceil(4) as usize..].iter().position(|word| word.to_bits() != POISON);
        assert_eq!(broken, None, "`{label}` of {bytes} bytes: a guard word behind it was written");
    }
}

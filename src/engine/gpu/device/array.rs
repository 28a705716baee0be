//! Arrays on a device.

use wgpu::{BindingResource, Buffer, CommandEncoder};

/// Bytes that what is bound of a buffer begins at a multiple of: the most that WebGPU lets an adapter ask for.
pub const ALIGNMENT: usize = 256;

/// So many bytes of a buffer, from byte `from` on. A clone is the same array.
#[derive(Clone, Debug)]
pub struct Array {
    buffer: Buffer,
    from: u64,
    bytes: u64,
}

impl Array {
    /// All of a buffer.
    pub fn new(buffer: Buffer) -> Self {
        Array { from: 0, bytes: buffer.size(), buffer }
    }

    /// Its `bytes` bytes from byte `at` on.
    pub fn part(&self, at: u64, bytes: u64) -> Array {
        Array { buffer: self.buffer.clone(), from: self.from + at, bytes }
    }

    /// Bytes of all of it.
    #[cfg(test)]
    pub fn size(&self) -> u64 {
        self.bytes
    }

    /// What a kernel binds; its first `size` bytes, where that is given.
    pub fn binding(&self, size: Option<u64>) -> BindingResource<'_> {
        BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &self.buffer,
            offset: self.from,
            size: std::num::NonZeroU64::new(size.unwrap_or(self.bytes)),
        })
    }

    /// Writes bytes from byte `at` on, before the next submission.
    pub fn write(&self, queue: &wgpu::Queue, at: u64, bytes: &[u8]) {
        queue.write_buffer(&self.buffer, self.from + at, bytes);
    }

    /// Copies `bytes` bytes from byte `at` on to byte `to` of a buffer.
    pub fn copy_out(&self, encoder: &mut CommandEncoder, at: u64, buffer: &Buffer, to: u64, bytes: u64) {
        encoder.copy_buffer_to_buffer(&self.buffer, self.from + at, buffer, to, bytes);
    }

    /// Copies `bytes` bytes from byte `at` on to byte `to` of another array.
    pub fn copy(&self, encoder: &mut CommandEncoder, at: u64, other: &Array, to: u64, bytes: u64) {
        self.copy_out(encoder, at, &other.buffer, other.from + to, bytes);
    }

    /// Makes `bytes` bytes from byte `at` on zeros.
    pub fn clear(&self, encoder: &mut CommandEncoder, at: u64, bytes: u64) {
        encoder.clear_buffer(&self.buffer, self.from + at, Some(bytes));
    }
}

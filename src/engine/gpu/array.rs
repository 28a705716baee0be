//! Arrays on a device: in buffers or, where kernels read them so, in the texels of a texture (`texels.rs`).

use super::context::Gpu;
use super::texels::WIDTH;
use crate::error::Result;
use wgpu::{
    BindingResource, Buffer, BufferUsages, CommandEncoder, Extent3d, Origin3d, TexelCopyBufferInfo,
    TexelCopyBufferLayout, TexelCopyTextureInfo, Texture, TextureAspect, TextureView,
};

/// An array on a device. A clone is the same array.
#[derive(Clone, Debug)]
pub enum Array {
    /// So many bytes of a buffer, from byte `from` on.
    Buffer {
        buffer: Buffer,
        from: u64,
        bytes: u64,
    },
    Texels(Texture, TextureView),
}

/// Bytes that what is bound of a buffer begins at a multiple of: the most that WebGPU lets an adapter ask for.
const ALIGNMENT: usize = 256;

/// Zeros that are copied at a time.
const ZEROS: u64 = 1 << 20;

impl Array {
    /// Bytes of all of it.
    pub fn size(&self) -> u64 {
        match self {
            Array::Buffer { bytes, .. } => *bytes,
            Array::Texels(texture, _) => u64::from(texture.height()) * row_bytes(texture),
        }
    }

    /// What a kernel binds; of a buffer its first `size` bytes, where that is given.
    pub fn binding(&self, size: Option<u64>) -> BindingResource<'_> {
        match self {
            Array::Buffer { buffer, from, bytes } => BindingResource::Buffer(wgpu::BufferBinding {
                buffer,
                offset: *from,
                size: std::num::NonZeroU64::new(size.unwrap_or(*bytes)),
            }),
            Array::Texels(_, view) => BindingResource::TextureView(view),
        }
    }

    /// The part of a buffer that `bytes` bytes from byte `at` on are.
    fn part(&self, at: usize, bytes: usize) -> Array {
        match self {
            Array::Buffer { buffer, from, .. } => {
                Array::Buffer { buffer: buffer.clone(), from: from + at as u64, bytes: bytes as u64 }
            }
            Array::Texels(..) => unreachable!("a kernel binds a texture whole"),
        }
    }

    /// Writes bytes from byte `at` on, before the next submission. Where they are texels, whole ones.
    pub fn write(&self, queue: &wgpu::Queue, at: u64, bytes: &[u8]) {
        match self {
            Array::Buffer { buffer, from, .. } => queue.write_buffer(buffer, from + at, bytes),
            Array::Texels(texture, _) => {
                for block in blocks(texture, at, bytes.len() as u64) {
                    queue.write_texture(block.place, bytes, block.layout(0), block.extent);
                }
            }
        }
    }

    /// Copies `bytes` bytes from byte `at` on to byte `to` of a buffer.
    pub fn copy_out(&self, encoder: &mut CommandEncoder, at: u64, buffer: &Buffer, to: u64, bytes: u64) {
        match self {
            Array::Buffer { buffer: all, from, .. } => {
                encoder.copy_buffer_to_buffer(all, from + at, buffer, to, bytes);
            }
            Array::Texels(texture, _) => {
                for block in blocks(texture, at, bytes) {
                    let into = TexelCopyBufferInfo { buffer, layout: block.layout(to) };
                    encoder.copy_texture_to_buffer(block.place, into, block.extent);
                }
            }
        }
    }

    /// Copies `bytes` bytes of a buffer to byte `at`.
    fn copy_in(&self, encoder: &mut CommandEncoder, buffer: &Buffer, at: u64, bytes: u64) {
        match self {
            Array::Buffer { buffer: into, from, .. } => {
                encoder.copy_buffer_to_buffer(buffer, 0, into, from + at, bytes);
            }
            Array::Texels(texture, _) => {
                for block in blocks(texture, at, bytes) {
                    let from = TexelCopyBufferInfo { buffer, layout: block.layout(0) };
                    encoder.copy_buffer_to_texture(from, block.place, block.extent);
                }
            }
        }
    }

    /// Copies `bytes` bytes from byte `at` on to byte `to` of another array.
    pub fn copy(
        &self,
        gpu: &Gpu,
        encoder: &mut CommandEncoder,
        at: u64,
        other: &Array,
        to: u64,
        bytes: u64,
    ) -> Result<()> {
        match (self, other) {
            (Array::Buffer { .. }, Array::Buffer { buffer, from, .. }) => {
                self.copy_out(encoder, at, buffer, from + to, bytes);
            }
            _ => {
                let usage = BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
                let between = gpu.buffer("between", bytes as usize, 1, usage)?;
                self.copy_out(encoder, at, &between, 0, bytes);
                other.copy_in(encoder, &between, to, bytes);
            }
        }
        Ok(())
    }

    /// Makes `bytes` bytes from byte `at` on zeros.
    pub fn clear(&self, gpu: &Gpu, encoder: &mut CommandEncoder, at: u64, bytes: u64) -> Result<()> {
        match self {
            Array::Buffer { buffer, from, .. } => encoder.clear_buffer(buffer, from + at, Some(bytes)),
            Array::Texels(..) => {
                let zeros = gpu.buffer("zeros", bytes.min(ZEROS) as usize, 1, BufferUsages::COPY_SRC)?;
                for done in (0..bytes).step_by(ZEROS as usize) {
                    self.copy_in(encoder, &zeros, at + done, ZEROS.min(bytes - done));
                }
            }
        }
        Ok(())
    }
}

impl From<Buffer> for Array {
    fn from(buffer: Buffer) -> Self {
        Array::Buffer { from: 0, bytes: buffer.size(), buffer }
    }
}

/// An array a layer.
#[derive(Debug)]
pub struct Layered {
    pub layers: Vec<Array>,
    /// The one that they are parts of, where they lie in one.
    pub whole: Option<Array>,
    /// Where in it each begins, in elements.
    at: Vec<usize>,
}

impl Layered {
    /// Arrays of `lens` elements of `size` bytes, that `make` makes, or parts of one.
    pub fn new(lens: &[usize], size: usize, together: bool, make: impl Fn(usize) -> Result<Array>) -> Result<Self> {
        if !together {
            let layers = lens.iter().map(|&len| make(len)).collect::<Result<_>>()?;
            return Ok(Layered { layers, whole: None, at: Vec::new() });
        }
        let mut end = 0;
        let mut at = Vec::new();
        for len in lens {
            at.push(usize::next_multiple_of(end, ALIGNMENT / size));
            end = at[at.len() - 1] + len;
        }
        let whole = make(end)?;
        let layers = at.iter().zip(lens).map(|(at, len)| whole.part(at * size, len * size)).collect();
        Ok(Layered { layers, whole: Some(whole), at })
    }

    /// The one that they are parts of. Panics where they are not.
    pub fn whole(&self) -> &Array {
        self.whole.as_ref().expect("the arrays of layers that go side by side lie in one")
    }

    /// Bytes that they take together, at most.
    pub fn most(bytes: u64, layers: usize) -> u64 {
        bytes + (layers * ALIGNMENT) as u64
    }

    /// Elements from the beginning of layer `layer`, of several in one array, to that of the next; 0 for the last.
    pub fn stride(&self, layer: usize) -> u32 {
        self.at.get(layer + 1).map_or(0, |next| (next - self.at[layer]) as u32)
    }
}

fn texel_bytes(texture: &Texture) -> u64 {
    texture.format().block_copy_size(None).expect("texels of a colour").into()
}

fn row_bytes(texture: &Texture) -> u64 {
    u64::from(WIDTH) * texel_bytes(texture)
}

/// A rectangle of texels, and where it begins in the bytes that lie in them.
struct Block<'a> {
    place: TexelCopyTextureInfo<'a>,
    extent: Extent3d,
    offset: u64,
}

impl Block<'_> {
    /// Where it lies in bytes that begin at `first`.
    fn layout(&self, first: u64) -> TexelCopyBufferLayout {
        let bytes_per_row = (self.extent.height > 1).then(|| row_bytes(self.place.texture) as u32);
        TexelCopyBufferLayout { offset: first + self.offset, bytes_per_row, rows_per_image: None }
    }
}

/// The rectangles that `bytes` bytes from byte `at` on fill: what is left of a row, whole rows, what begins one.
fn blocks(texture: &Texture, at: u64, bytes: u64) -> impl Iterator<Item = Block<'_>> {
    let (texel, row) = (texel_bytes(texture), row_bytes(texture));
    let end = at + bytes;
    let mut done = at;
    std::iter::from_fn(move || {
        let in_row = done % row;
        let next = match end - done {
            0 => return None,
            left if in_row > 0 || left < row => (done - in_row + row).min(end),
            left => done + left / row * row,
        };
        let height = ((next - done) / row).max(1);
        let width = (next - done) / height / texel;
        let origin = Origin3d { x: (in_row / texel) as u32, y: (done / row) as u32, z: 0 };
        let offset = std::mem::replace(&mut done, next) - at;
        let place = TexelCopyTextureInfo { texture, mip_level: 0, origin, aspect: TextureAspect::All };
        let extent = Extent3d { width: width as u32, height: height as u32, depth_or_array_layers: 1 };
        Some(Block { place, extent, offset })
    })
}

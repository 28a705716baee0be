//! The buffers of a plan: each is declared once, by name and shape. Bytes, micro-batches and offsets follow from that.

use crate::engine::gpu::device::ALIGNMENT;
use crate::engine::gpu::kernels::{BufferId, Dims, Dispatch, STEP_STRIDE};

/// A shape: of each dimension its name in the shape alphabet, and its size.
pub type Shape = Vec<(&'static str, usize)>;

/// The name of the dimension that batch rows are.
pub const ROWS: &str = "B";

/// A buffer, declared.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its name.
    pub name: &'static str,
    /// The layer that it belongs to, counted from 0, where each layer has one.
    pub layer: Option<usize>,
    /// Its shape, in elements.
    pub shape: Shape,
    /// Bytes of an element.
    pub element: usize,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether a dispatch binds it: what none does is not allocated.
    pub used: bool,
}

/// Where a buffer comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// The plan allocates it.
    Own,
    /// It is a part of another, from this element on.
    Part(BufferId, usize),
    /// The network, the windows or the engine have it.
    Given(Given),
    /// A uniform buffer of these shapes.
    Dims(Box<Dims>),
    /// A uniform buffer of the times 0, 1, .., each behind its dynamic offset.
    Times,
}

/// What plans find already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// The parameter block, in PyTorch's layout.
    Parameters,
    /// Its gradient.
    Gradients,
    /// The optimiser's first moments.
    Moment1,
    /// Its second moments.
    Moment2,
    /// Parts of the square of the gradient's norm.
    Norms,
    /// The packed weights of a layer.
    Packed(usize),
    /// The packed weights of all layers, where they lie in one buffer.
    PackedLayers,
    /// The series, and behind it what its windows are centred by.
    Series,
    /// The table of windows.
    Windows,
    /// The windows in the order of use.
    Order,
    /// Targets that are given.
    Targets,
    /// The constants of a submission's steps.
    Steps,
    /// Their losses.
    Losses,
}

impl Declared {
    /// Elements of it.
    pub fn len(&self) -> usize {
        self.shape.iter().map(|(_, size)| size).product()
    }

    /// Bytes of it.
    pub fn bytes(&self) -> u64 {
        (self.len() as u64).saturating_mul(self.element as u64)
    }

    /// The rows that it grows with, if it does.
    fn rows(&self) -> Option<usize> {
        self.shape.iter().find(|(name, _)| *name == ROWS).map(|(_, rows)| *rows)
    }
}

/// All buffers of a plan.
#[derive(Clone, Debug, Default)]
pub struct Buffers(Vec<Declared>);

/// A buffer a layer.
#[derive(Clone, Debug)]
pub struct Layered {
    /// Of each layer.
    pub layers: Vec<BufferId>,
    /// The one that they are parts of, where they lie in one.
    pub whole: Option<BufferId>,
    /// Elements from the beginning of one to that of the next in it.
    pub stride: u32,
}

impl Layered {
    /// The one that they are parts of. Panics where they are not.
    pub fn whole(&self) -> BufferId {
        self.whole.expect("the buffers of layers that go side by side lie in one")
    }
}

impl Buffers {
    fn push(&mut self, declared: Declared) -> BufferId {
        self.0.push(declared);
        BufferId(self.0.len() - 1)
    }

    /// Declares a buffer that the plan allocates, of elements of so many bytes.
    pub fn own(&mut self, name: &'static str, element: usize, shape: Shape) -> BufferId {
        self.push(Declared { name, layer: None, shape, element, origin: Origin::Own, used: false })
    }

    /// Declares one that is there already.
    pub fn given(&mut self, given: Given, name: &'static str, element: usize, shape: Shape) -> BufferId {
        let layer = if let Given::Packed(layer) = given { Some(layer) } else { None };
        self.push(Declared { name, layer, shape, element, origin: Origin::Given(given), used: false })
    }

    /// Declares a uniform buffer of shapes.
    pub fn dims(&mut self, layer: Option<usize>, dims: Dims) -> BufferId {
        self.push(Declared {
            name: "dims",
            layer,
            shape: vec![],
            element: size_of::<Dims>(),
            origin: Origin::Dims(Box::new(dims)),
            used: false,
        })
    }

    /// Declares the times 0 to `last`.
    pub fn times(&mut self, last: usize) -> BufferId {
        self.push(Declared {
            name: "times",
            layer: None,
            shape: vec![("t", last + 1)],
            element: STEP_STRIDE,
            origin: Origin::Times,
            used: false,
        })
    }

    /// Declares a buffer for each of these layers, or for all of them one whose parts they are. All but the last have
    /// the same size.
    pub fn layered(
        &mut self,
        name: &'static str,
        element: usize,
        layers: std::ops::Range<usize>,
        together: bool,
        shape: impl Fn(usize) -> Shape,
    ) -> Layered {
        let first = layers.start;
        if !together {
            let declare = |layer| {
                self.push(Declared {
                    name,
                    layer: Some(layer),
                    shape: shape(layer),
                    element,
                    origin: Origin::Own,
                    used: false,
                })
            };
            return Layered { layers: layers.map(declare).collect(), whole: None, stride: 0 };
        }
        let len = |layer| shape(layer).iter().map(|(_, size)| size).product::<usize>();
        let stride = len(first).next_multiple_of(ALIGNMENT / element);
        let last = layers.end - 1;
        let rows = shape(first).iter().find(|(name, _)| *name == ROWS).map_or(1, |(_, rows)| *rows);
        // Its bytes grow with the rows, but for what aligns the layers.
        let all = ((last - first) * stride + len(last)).div_ceil(rows);
        let whole = self.own(name, element, vec![("layers", all), (ROWS, rows)]);
        let part = |layer: usize| Declared {
            name,
            layer: Some(layer),
            shape: shape(layer),
            element,
            origin: Origin::Part(whole, (layer - first) * stride),
            used: false,
        };
        let parts: Vec<Declared> = layers.map(part).collect();
        let layers = parts.into_iter().map(|part| self.push(part)).collect();
        Layered { layers, whole: Some(whole), stride: stride as u32 }
    }

    /// What a buffer is.
    pub fn get(&self, id: BufferId) -> &Declared {
        &self.0[id.0]
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Declared> {
        self.0.iter()
    }

    /// Notes which of them these dispatches bind.
    pub fn note_used(&mut self, dispatches: &[Dispatch]) {
        for (_, id) in dispatches.iter().flat_map(|dispatch| &dispatch.bindings) {
            self.0[id.0].used = true;
            if let Origin::Part(whole, _) = self.0[id.0].origin {
                self.0[whole.0].used = true;
            }
        }
        // The parts of one that is bound whole are read and written by the host.
        for id in 0..self.0.len() {
            if let Origin::Part(whole, _) = self.0[id].origin {
                self.0[id].used = self.0[whole.0].used;
            }
        }
    }

    /// Those that the plan allocates.
    pub fn allocated(&self) -> impl Iterator<Item = &Declared> {
        self.0.iter().filter(|declared| declared.used && matches!(declared.origin, Origin::Own))
    }

    /// Bytes that a row of a batch takes in each buffer that the plan allocates for rows.
    pub fn row_bytes(&self) -> Vec<u64> {
        self.allocated()
            .filter_map(|declared| declared.rows().map(|rows| declared.bytes().div_ceil(rows as u64)))
            .collect()
    }
}

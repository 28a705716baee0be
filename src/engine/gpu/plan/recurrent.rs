//! The dispatches of the recurrent kernels of some chains: the directions of a layer, or all layers.

use super::super::array::Array;
use super::super::context::Gpu;
use super::super::dims::{Dims, STEP_STRIDE, Time};
use super::super::network::Dispatch;
use super::super::pieces::{Chains, Lengths, Mask, Pre, Tape};
use super::super::shaders::{KernelId, KernelKind};
use super::super::variant::{Method, ScanShape, Side, lane_scan, product};
use super::super::work::Work;
use super::Shared;
use super::buffers::{Buffers, LayerBuffers};
use crate::error::Result;

/// The places in time 0 to `last`, each behind its dynamic offset.
pub fn places(gpu: &Gpu, last: usize) -> Result<Array> {
    let buffer = gpu.uniform("places", last + 1, STEP_STRIDE)?;
    let mut bytes = vec![0; (last + 1) * STEP_STRIDE];
    for (s, slot) in bytes.chunks_exact_mut(STEP_STRIDE).enumerate() {
        slot[..size_of::<Time>()].copy_from_slice(bytemuck::bytes_of(&Time { s: s as u32 }));
    }
    gpu.write(&buffer, 0, &bytes);
    Ok(buffer)
}

/// The way forward of some chains.
#[derive(Clone, Copy)]
pub struct Forward<'a> {
    pub shared: &'a Shared<'a>,
    pub buffers: &'a Buffers,
    pub layer: &'a LayerBuffers,
    pub packed: &'a Array,
}

impl Forward<'_> {
    /// What dropout leaves of the layers below, whose states are `below`.
    pub fn drop(self, below: &Array) -> Result<Dispatch> {
        let Forward { shared: &Shared { gpu, steps: constants, .. }, buffers, layer, .. } = self;
        let bound = [
            ("dims", &layer.uniform),
            ("step", constants),
            ("time", &buffers.places),
            ("below", below),
            ("x", &layer.x),
        ];
        let items = layer.dims.span as usize * buffers.rows * layer.dims.input_quads as usize;
        Ok(Dispatch::items(gpu, layer.id(KernelKind::Drop), &bound, items)?.times(layer.readers()))
    }

    /// What the input of a chunk of steps adds to the pre-activations: of all layers, those above the first.
    pub fn project(self) -> Result<Dispatch> {
        let Forward { shared: &Shared { gpu, .. }, buffers, layer, packed } = self;
        let (_, waiting) = self.waiting();
        let (quads, gates) = (layer.dims.hidden_quads as usize, buffers.purpose.spec.facts().gates);
        let rows = layer.dims.chunk as usize * buffers.rows;
        let work = product(gpu, rows, quads, gates, false);
        let bound = [
            ("dims", &layer.uniform),
            ("time", &buffers.places),
            ("packed", packed),
            ("x", &layer.x),
            ("pre", waiting),
        ];
        let items = quads.div_ceil(work.columns() / gates);
        let id = KernelId { work, ..layer.id(KernelKind::Project(buffers.purpose.spec.cell)) };
        Dispatch::product(gpu, id, &bound, rows, items, layer.projected())
    }

    /// Where projected inputs wait.
    fn waiting(&self) -> (Pre, &Array) {
        match &self.buffers.pre {
            None => (Pre::Tape, &self.layer.tape),
            Some(pre) => (Pre::Chunk, pre),
        }
    }

    /// What the kernels bind that complete what is projected.
    fn bound(&self) -> Vec<(&str, &Array)> {
        let Forward { buffers, layer, packed, .. } = self;
        let mut bound =
            vec![("dims", &layer.uniform), ("time", &buffers.places), ("packed", *packed), ("states", &layer.states)];
        if let Some(pre) = &buffers.pre {
            bound.push(("pre", pre));
        }
        self.bind_rows(&mut bound);
        bound
    }

    fn bind_rows<'b>(&'b self, bound: &mut Vec<(&'b str, &'b Array)>) {
        if self.buffers.purpose.tape() == Tape::Keep {
            bound.push(("tape", &self.layer.tape));
        }
        if self.buffers.ragged {
            bound.push(("rows", &self.buffers.row_table));
        }
    }

    /// One step.
    pub fn step(self) -> Result<Dispatch> {
        let Forward { shared: &Shared { gpu, .. }, buffers, layer, .. } = self;
        let (cell, lengths) = (buffers.purpose.spec.cell, Lengths::of(buffers.ragged));
        let (quads, gates) = (layer.dims.hidden_quads as usize, cell.facts().gates);
        let work = product(gpu, buffers.rows, quads, gates, true);
        let kind = KernelKind::StepForward(cell, self.waiting().0, buffers.purpose.tape(), lengths);
        let id = KernelId { work, ..layer.id(kind) };
        let items = quads.div_ceil(work.columns() / gates);
        Dispatch::product(gpu, id, &self.bound(), buffers.rows, items, layer.count)
    }

    /// The steps of a chunk in lanes.
    pub fn scan_in_lanes(self, side: Side) -> Result<Dispatch> {
        let Forward { shared: &Shared { gpu, .. }, buffers, layer, .. } = self;
        let (cell, lengths) = (buffers.purpose.spec.cell, Lengths::of(buffers.ragged));
        let work = lane_scan(gpu, side, layer.dims.hidden_quads as usize, cell.facts().gates);
        let kind = KernelKind::LaneForward(cell, self.waiting().0, buffers.purpose.tape(), lengths);
        let id = KernelId { work, ..layer.id(kind) };
        Dispatch::new(gpu, id, &self.bound(), lane_groups(work, buffers, layer))
    }

    /// All that is done with the steps of a span.
    pub fn scan(self, shape: ScanShape) -> Result<Dispatch> {
        let Forward { shared: &Shared { gpu, .. }, buffers, layer, packed } = self;
        let mut bound =
            vec![("dims", &layer.uniform), ("time", &buffers.places), ("packed", packed), ("states", &layer.states)];
        // Else the layers read from among their states.
        if layer.chains != Chains::Layers {
            bound.push(("x", &layer.x));
        }
        self.bind_rows(&mut bound);
        let cell = buffers.purpose.spec.cell;
        let kind = KernelKind::ScanForward(cell, buffers.purpose.tape(), Lengths::of(buffers.ragged));
        let id = KernelId { work: shape.work, ..layer.id(kind) };
        Dispatch::new(gpu, id, &bound, buffers.scan_groups(shape, layer.count))
    }

    /// A layer, one after another: its input is projected for a chunk of steps at once, and each step, or a scan, completes its part.
    pub fn alone(self, list: &mut Vec<Dispatch>) -> Result<()> {
        let chunk = self.layer.dims.chunk as usize;
        let firsts = (0..self.buffers.time).step_by(chunk);
        match self.buffers.method {
            Method::Scan(shape, _) => list.push(self.scan(shape)?),
            Method::LaneScan(side) => {
                let (project, scan) = (self.project()?, self.scan_in_lanes(side)?);
                list.extend(firsts.flat_map(|first| [project.at(first), scan.at(first)]));
            }
            Method::Steps => {
                let (project, step) = (self.project()?, self.step()?);
                for first in firsts {
                    list.push(project.at(first));
                    list.extend((first..self.buffers.time.min(first + chunk)).map(|s| step.at(s)));
                }
            }
        }
        Ok(())
    }
}

/// The way back of some chains.
#[derive(Clone, Copy)]
pub struct Backward<'a> {
    pub shared: &'a Shared<'a>,
    pub buffers: &'a Buffers,
    pub layer: &'a LayerBuffers,
    pub packed: &'a Array,
    /// Their shapes, with those of the way back.
    pub dims: Dims,
    pub uniform: &'a Array,
    /// The gradient of their outputs.
    pub d_out: &'a Array,
    /// [S, B, D, HQ] vec4s a layer.
    pub d_states: &'a Array,
}

impl Backward<'_> {
    /// What the recurrent kernels bind.
    fn bound(&self) -> Vec<(&str, &Array)> {
        let mut bound = vec![
            ("dims", self.uniform),
            ("packed", self.packed),
            ("states", &self.layer.states),
            ("tape", &self.layer.tape),
            ("d_out", self.d_out),
            ("d_states", self.d_states),
        ];
        if self.buffers.ragged {
            bound.push(("rows", &self.buffers.row_table));
        }
        bound
    }

    /// One step: its deltas over the tape, or the gradient of the initial states.
    pub fn step(self) -> Result<Dispatch> {
        let Backward { shared: &Shared { gpu, .. }, buffers, layer, .. } = self;
        let quads = layer.dims.hidden_quads as usize;
        let work = product(gpu, buffers.rows, quads, 1, true);
        let kind = KernelKind::StepBackward(buffers.purpose.spec.cell, Lengths::of(buffers.ragged));
        let id = KernelId { work, ..layer.id(kind) };
        let mut bound = self.bound();
        bound.push(("time", &buffers.places));
        Dispatch::product(gpu, id, &bound, buffers.rows, quads.div_ceil(work.columns()), layer.count)
    }

    /// All steps in lanes.
    pub fn scan_in_lanes(self, side: Side) -> Result<Dispatch> {
        let Backward { shared: &Shared { gpu, .. }, buffers, layer, .. } = self;
        let work = lane_scan(gpu, side, layer.dims.hidden_quads as usize, 1);
        let kind = KernelKind::LaneBackward(buffers.purpose.spec.cell, Lengths::of(buffers.ragged));
        let id = KernelId { work, ..layer.id(kind) };
        Dispatch::new(gpu, id, &self.bound(), lane_groups(work, buffers, layer))
    }

    /// The steps of a span.
    pub fn scan(self, shape: ScanShape) -> Result<Dispatch> {
        let Backward { shared: &Shared { gpu, .. }, buffers, layer, .. } = self;
        let kind = KernelKind::ScanBackward(buffers.purpose.spec.cell, Lengths::of(buffers.ragged));
        let id = KernelId { work: shape.work, ..layer.id(kind) };
        let mut bound = self.bound();
        bound.push(("time", &buffers.places));
        Dispatch::new(gpu, id, &bound, buffers.scan_groups(shape, layer.count))
    }

    /// A layer, one after another: the deltas of every step over the tape, and the gradient of the initial states.
    pub fn alone(self, list: &mut Vec<Dispatch>) -> Result<()> {
        match self.buffers.method {
            Method::Scan(_, shape) => list.push(self.scan(shape)?),
            Method::LaneScan(side) => list.push(self.scan_in_lanes(side)?),
            Method::Steps => {
                let step = self.step()?;
                list.extend((0..self.dims.passes as usize).map(|s| step.at(s)));
            }
        }
        Ok(())
    }

    /// The gradient of the input over a span; of all layers, that of those above the first, which is `d_out` of those below them.
    pub fn input(self, d_in: &Array) -> Result<Dispatch> {
        let Backward { shared: &Shared { gpu, steps: constants, .. }, buffers, layer, .. } = self;
        let mut bound = vec![
            ("dims", self.uniform),
            ("time", &buffers.places),
            ("packed", self.packed),
            ("tape", &layer.tape),
            ("d_in", d_in),
        ];
        // Nothing is dropped of the data.
        let masked = buffers.purpose.dropout && !layer.reads_data;
        if masked {
            bound.push(("step", constants));
        }
        let mask = if masked { Mask::Dropout } else { Mask::None };
        let (rows, quads) = (self.dims.span as usize * buffers.rows, self.dims.input_quads as usize);
        let work = product(gpu, rows, quads, 1, false);
        let id = KernelId { work, ..layer.id(KernelKind::InputGradient(buffers.purpose.spec.cell, mask)) };
        Dispatch::product(gpu, id, &bound, rows, quads.div_ceil(work.columns()), layer.readers())
    }
}

/// Workgroups of a scan in lanes: one owns some rows in one direction.
fn lane_groups(work: Work, buffers: &Buffers, layer: &LayerBuffers) -> [u32; 3] {
    [work.workgroups(buffers.rows, 1) as u32, layer.count, 1]
}

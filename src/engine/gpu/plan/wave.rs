//! All layers of a network of one direction side by side, each some steps behind the one that it waits for: a wavefront, as in Appleyard
//! et al. 2016, Optimizing Performance of Recurrent Neural Networks on GPUs. A step of every layer is one dispatch.

use super::super::array::{Array, Layered};
use super::super::dims::Dims;
use super::super::network::{Dispatch, dims_buffer};
use super::super::variant::Method;
use super::Shared;
use super::buffers::{Buffers, LayerBuffers};
use super::recurrent::{Backward, Forward};
use crate::error::Result;

/// Where a wavefront ends that has `steps` steps in each of its layers, counted from the first one's first.
fn end(wave: &LayerBuffers, steps: usize) -> usize {
    steps + (wave.count as usize - 1) * wave.dims.span as usize
}

/// Forwards through all layers.
pub fn forward(
    shared: &Shared,
    buffers: &Buffers,
    wave: &LayerBuffers,
    all: &Array,
    list: &mut Vec<Dispatch>,
) -> Result<()> {
    let layers = Forward { shared, buffers, layer: wave, packed: all };
    let drop = if buffers.purpose.dropout { Some(layers.drop(&wave.states)?) } else { None };
    let (span, end) = (wave.dims.span as usize, end(wave, buffers.time));
    let spans = (0..end).step_by(span);
    match buffers.method {
        Method::Scan(shape, _) => {
            let scan = layers.scan(shape)?;
            for first in spans {
                list.extend(drop.iter().filter(|_| first > 0).map(|drop| drop.at(first)));
                list.push(scan.at(first));
            }
        }
        Method::LaneScan(_) | Method::Steps => {
            // The first layer's input is there already: all of it is projected at once, if there is room.
            let layer = &buffers.layers[0];
            let project_first = Forward { layer, packed: &shared.network.packed.layers[0], ..layers }.project()?;
            let (project, step) = (layers.project()?, layers.step()?);
            for first in spans {
                if first < buffers.time && first.is_multiple_of(layer.dims.chunk as usize) {
                    list.push(project_first.at(first));
                }
                if first > 0 {
                    list.extend(drop.iter().chain([&project]).map(|dispatch| dispatch.at(first)));
                }
                list.extend((first..end.min(first + span)).map(|s| step.at(s)));
            }
        }
    }
    Ok(())
}

/// Back through all layers, from the gradient of the top one's output.
pub fn backward(
    shared: &Shared,
    buffers: &Buffers,
    wave: &LayerBuffers,
    [packed, d_out, d_states]: [&Layered; 3],
    list: &mut Vec<Dispatch>,
) -> Result<()> {
    let dims = Dims {
        row_quads: buffers.method.row_quads()[1],
        d_out_stride: d_out.stride(0),
        d_states_stride: d_states.stride(0),
        ..wave.dims
    };
    let uniform = dims_buffer(shared.gpu, &dims)?;
    let [packed, d_out, d_states] = [packed, d_out, d_states].map(Layered::whole);
    let layers = Backward { shared, buffers, layer: wave, packed, dims, uniform: &uniform, d_out, d_states };
    let input = layers.input(d_out)?;
    let span = dims.span as usize;
    // What takes the steps, how many of them a layer has, and how many go at a time.
    let (back, steps, each) = match buffers.method {
        Method::Scan(_, shape) => (layers.scan(shape)?, buffers.time, span),
        Method::LaneScan(_) | Method::Steps => (layers.step()?, dims.passes as usize, 1),
    };
    // The first layer has no layer below.
    let (end, inputs) = (end(wave, steps), end(wave, buffers.time) - span);
    for first in (0..end).step_by(span) {
        list.extend((first..end.min(first + span)).step_by(each).map(|s| back.at(s)));
        list.extend((first < inputs).then(|| input.at(first)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::data::{Targets, Windows};
    use crate::engine::gpu::tests::open;
    use crate::engine::gpu::{GpuEngine, Kernels, Options};
    use crate::engine::{Engine, Steps};
    use crate::model::{CellKind, Layout, Spec};
    use pollster::block_on;

    const STEPS: usize = 20;

    /// Dispatches of a kernel in a training step of a network of three layers.
    fn dispatches(kernels: Kernels, bidirectional: bool) -> impl Fn(&str) -> usize {
        let spec = Spec { layers: 3, bidirectional, ..Spec::new(CellKind::Gru, 2, 7, 1) };
        let parameters = vec![0.1; Layout::new(&spec).len()];
        let gpu = open(Options { kernels, ..Options::default() });
        let mut engine = GpuEngine::new(gpu, spec, &parameters).expect("a small network");
        let targets = Targets::Horizon { steps: 1, features: 1 };
        let windows = Windows::new(vec![0.1; 2 * (STEPS + 5)], 2, STEPS, vec![0, 1, 2, 3], targets);
        engine.load_data(&windows.expect("sound windows")).expect("windows that fit");
        let found = block_on(engine.profile(&Steps::new(&[0, 1, 2, 3], 4))).expect("a step");
        move |kernel| found.iter().find(|time| time.kernel == kernel).map_or(0, |time| time.dispatches)
    }

    /// Layers are five steps behind each other: four spans, and two more until the top layer has ended.
    #[test]
    fn a_step_of_every_layer_is_one_dispatch() {
        let scans = dispatches(Kernels::Scans, false);
        assert_eq!(["scan_forward", "scan_backward", "input_gradient"].map(scans), [6, 6, 5]);
        let steps = dispatches(Kernels::Steps, false);
        let counted = ["project", "step_forward", "step_backward", "input_gradient"].map(steps);
        assert_eq!(counted, [1 + 5, STEPS + 10, STEPS + 10, 5]);
        // The next layer needs both directions whole.
        let scans = dispatches(Kernels::Scans, true);
        assert_eq!(["scan_forward", "scan_backward", "input_gradient"].map(scans), [3, 3, 2]);
    }
}

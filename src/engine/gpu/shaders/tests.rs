//! Every kernel that there is, each held to be valid.

use super::*;
use crate::engine::gpu::work::{Along, LANES};

/// Every kernel in every specialisation and, of the sizes of a layout, in a few.
pub fn every_kernel() -> Vec<KernelId> {
    let plain = [
        KernelKind::Center,
        KernelKind::Stage,
        KernelKind::Head,
        KernelKind::HeadGradient,
        KernelKind::HeadGradientSum,
        KernelKind::Bare,
        KernelKind::BareGradient,
        KernelKind::Drop,
        KernelKind::Norm,
        KernelKind::Sum,
        KernelKind::Update,
    ];
    let mut kernels: Vec<KernelId> = plain.map(KernelId::from).to_vec();
    use LossKind::*;
    for loss in [Mse, Mae, Huber, CrossEntropy, BinaryCrossEntropy, Quantile] {
        kernels.extend([Goal::Given, Goal::Ahead].map(|goal| KernelId::from(KernelKind::Loss(loss, goal))));
    }
    CellKind::ALL.into_iter().for_each(|cell| kernels.extend(kernels_of(cell)));
    for (loss, cell) in
        [Mse, Mae, Huber, CrossEntropy, BinaryCrossEntropy, Quantile].into_iter().zip(CellKind::ALL.into_iter().cycle())
    {
        kernels
            .extend([Goal::Given, Goal::Ahead].into_iter().flat_map(|goal| fused(KernelKind::Fused(cell, loss, goal))));
    }
    let of_layers: Vec<_> = kernels.iter().filter(|id| is_of_layers(**id)).copied().collect();
    for chains in [Chains::Layers, Chains::DroppedLayers] {
        kernels.extend(of_layers.iter().map(|&id| KernelId { chains, ..id }));
    }
    kernels
}

/// Whether it may take the layers of a network side by side.
fn is_of_layers(id: KernelId) -> bool {
    use KernelKind::*;
    let steps = matches!(id.kind, Project(_) | StepForward(..) | StepBackward(..) | InputGradient(..) | Drop);
    steps && !matches!(id.work, Work::Lanes { .. }) || matches!(id.kind, ScanForward(..) | ScanBackward(..))
}

fn kernels_of(cell: CellKind) -> Vec<KernelId> {
    let plain = [KernelKind::GradientSum, KernelKind::Pack, KernelKind::Carry, KernelKind::Finish];
    let mut kernels = plain.map(|kind| KernelId::from(kind(cell))).to_vec();
    let gates = cell.facts().gates as u32;
    for lengths in [Lengths::Full, Lengths::Ragged] {
        let tapes = [Tape::Keep, Tape::Skip].map(|tape| KernelKind::ScanForward(cell, tape, lengths));
        for kind in tapes.into_iter().chain([KernelKind::ScanBackward(cell, lengths)]) {
            kernels.push(KernelId::new(kind, Work::Scan { invocations: 64, shared: 64 }));
        }
        for (pre, tape) in [(Pre::Tape, Tape::Keep), (Pre::Chunk, Tape::Skip), (Pre::Chunk, Tape::Keep)] {
            kernels.extend(products(KernelKind::StepForward(cell, pre, tape, lengths), gates));
            kernels.extend(lanes(KernelKind::LaneForward(cell, pre, tape, lengths), gates));
        }
        kernels.extend(products(KernelKind::StepBackward(cell, lengths), 2));
        kernels.extend(lanes(KernelKind::LaneBackward(cell, lengths), 2));
    }
    kernels.extend(products(KernelKind::Project(cell), gates));
    kernels.extend(fused(KernelKind::Predict(cell)));
    for mask in [Mask::None, Mask::Dropout] {
        kernels.extend(products(KernelKind::InputGradient(cell, mask), 4));
    }
    for operand in [Operand::Hidden, Operand::Input, Operand::Head] {
        kernels.extend(products(KernelKind::WeightGradient(cell, operand), 4));
    }
    kernels
}

fn products(kind: KernelKind, columns: u32) -> Vec<KernelId> {
    let tiles = [1, 16].map(|splits| Work::Tiles { row_quads: 8, items: 2, columns, depth: 8, splits });
    tiles.map(|work| KernelId::new(kind, work)).into_iter().chain(lanes(kind, columns)).collect()
}

fn lanes(kind: KernelKind, columns: u32) -> impl Iterator<Item = KernelId> {
    let sides = if kind.is_product() { [Along::Rows, Along::Columns].as_slice() } else { &[Along::Rows] };
    let works = LANES
        .into_iter()
        .flat_map(move |lanes| sides.iter().map(move |&along| Work::Lanes { lanes, own: 2, columns, along }));
    works.map(move |work| KernelId::new(kind, work))
}

fn fused(kind: KernelKind) -> [KernelId; 4] {
    let works = [(None, 4, true), (None, 1, false), (Some(4), 1, false), (Some(8), 1, true)];
    works.map(|(lanes, abreast, every)| {
        let work = Work::Fused { lanes, abreast, quads: 3, inputs: 4, outputs: 5, every };
        KernelId::new(kind, work)
    })
}

#[test]
fn every_kernel_is_valid_wgsl_within_webgpus_default_limits() {
    for id in every_kernel() {
        for (format, precision) in [
            (Format::Quads, Precision::F32),
            (Format::Texels, Precision::F32),
            (Format::Quads, Precision::F16),
            (Format::HalfQuads, Precision::F16),
            (Format::Texels, Precision::F16),
        ] {
            let source = format.lay(id.source(format, precision), precision);
            let module = naga::front::wgsl::parse_str(&source)
                .unwrap_or_else(|error| panic!("{id:?}: {}", error.emit_to_string(&source)));
            let bindings = crate::engine::gpu::kernel::reflect(&module, id.kind.entry());
            let storage = bindings.iter().filter(|binding| binding.is_storage_buffer()).count();
            assert!(storage <= 8, "{id:?} binds {storage} storage buffers, a browser may allow 8");
            assert!(id.work.shared() * 16 <= 16384 && id.work.invocations() <= 256, "{id:?}");
        }
    }
}

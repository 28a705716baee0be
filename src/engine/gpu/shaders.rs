//! The kernels' WGSL: which files make up each, and the constants of its specialisation. The kernel's own file comes
//! first, so that the line numbers of errors are its own.

use super::work::{Format, Work};
use crate::model::{CellFacts, CellKind};

macro_rules! shader {
    ($path:literal) => {
        include_str!(concat!("../../../shaders/", $path, ".wgsl"))
    };
}
pub(super) use shader;

/// How long the rows of a batch are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lengths {
    /// All have T steps.
    Full,
    /// Each has its own.
    Ragged,
}

impl Lengths {
    /// Ragged, or full.
    pub fn of(ragged: bool) -> Self {
        if ragged { Lengths::Ragged } else { Lengths::Full }
    }

    fn file(self) -> &'static str {
        match self {
            Lengths::Full => shader!("lengths/full"),
            Lengths::Ragged => shader!("lengths/ragged"),
        }
    }
}

/// What a weight gradient is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// Recurrent weights.
    Hidden,
    /// Input weights and biases.
    Input,
    /// The head.
    Head,
}

/// A kernel, by what it computes and for which cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KernelKind {
    /// `center.wgsl`.
    Center,
    /// `stage.wgsl`.
    Stage,
    /// `scan_forward.wgsl`; inference keeps no tape.
    ScanForward(CellKind, Tape, Lengths),
    /// `scan_backward.wgsl`.
    ScanBackward(CellKind, Lengths),
    /// `project.wgsl`.
    Project(CellKind),
    /// `step_forward.wgsl`.
    StepForward(CellKind, Pre, Tape, Lengths),
    /// `step_backward.wgsl`.
    StepBackward(CellKind, Lengths),
    /// `lanes/weight_gradient.wgsl` or `tiles/weight_gradient.wgsl`.
    WeightGradient(CellKind, Operand),
    /// `gradient_sum.wgsl`.
    GradientSum(CellKind),
    /// `input_gradient.wgsl`.
    InputGradient(CellKind),
    /// `pack.wgsl`.
    Pack(CellKind),
    /// `head.wgsl`.
    Head,
    /// `head_gradient.wgsl`.
    HeadGradient,
    /// `head_gradient_sum.wgsl`.
    HeadGradientSum,
    /// `mse.wgsl`.
    Mse,
    /// `update.wgsl`.
    Update,
}

/// Where the projected input waits for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pre {
    /// Where the tape will be.
    Tape,
    /// In a buffer of its own, for a chunk of the steps.
    Chunk,
}

impl Pre {
    fn file(self) -> &'static str {
        match self {
            Pre::Tape => shader!("pre/tape"),
            Pre::Chunk => shader!("pre/chunk"),
        }
    }
}

/// Whether a forward pass writes the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tape {
    /// For a backward pass.
    Keep,
    /// Inference.
    Skip,
}

impl Tape {
    fn file(self) -> &'static str {
        match self {
            Tape::Keep => shader!("tape/keep"),
            Tape::Skip => shader!("tape/skip"),
        }
    }
}

/// A compiled kernel: what it computes, and the layout of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KernelId {
    /// What it computes.
    pub kind: KernelKind,
    /// Its layout.
    pub work: Work,
}

impl KernelId {
    /// The whole module.
    pub fn source(self, format: Format) -> String {
        let mut files = match self.kind {
            KernelKind::WeightGradient(..) => self.work.outer_files(),
            _ => vec![],
        };
        files.extend(self.kind.files());
        files.extend(match (self.kind, self.work) {
            (KernelKind::ScanForward(..), Work::Scan { item_quads: 1, .. }) => vec![shader!("items/forward_one")],
            (KernelKind::ScanForward(..), _) => vec![shader!("items/forward_four")],
            (KernelKind::ScanBackward(..), Work::Scan { item_quads: 1, .. }) => vec![shader!("items/backward_one")],
            (KernelKind::ScanBackward(..), _) => vec![shader!("items/backward_four")],
            (kind, work) if kind.is_product() => work.product_files(),
            _ => vec![],
        });
        files.extend([shader!("math"), shader!("dims"), shader!("storage/f32"), format.file()]);
        files.join("\n") + "\n" + &self.kind.constants() + &self.work.constants()
    }
}

impl From<KernelKind> for KernelId {
    fn from(kind: KernelKind) -> Self {
        KernelId { kind, work: Work::Items { invocations: 64 } }
    }
}

impl KernelKind {
    /// The name of the entry point, and of the kernel's file.
    pub fn entry(self) -> &'static str {
        match self {
            KernelKind::Center => "center",
            KernelKind::Stage => "stage",
            KernelKind::ScanForward(..) => "scan_forward",
            KernelKind::ScanBackward(..) => "scan_backward",
            KernelKind::Project(_) => "project",
            KernelKind::StepForward(..) => "step_forward",
            KernelKind::StepBackward(..) => "step_backward",
            KernelKind::WeightGradient(..) => "weight_gradient",
            KernelKind::GradientSum(_) => "gradient_sum",
            KernelKind::InputGradient(_) => "input_gradient",
            KernelKind::Pack(_) => "pack",
            KernelKind::Head => "head",
            KernelKind::HeadGradient => "head_gradient",
            KernelKind::HeadGradientSum => "head_gradient_sum",
            KernelKind::Mse => "mse",
            KernelKind::Update => "update",
        }
    }

    /// Whether it is a product of rows by a matrix, in any of the layouts for these.
    fn is_product(self) -> bool {
        matches!(
            self,
            KernelKind::Project(_)
                | KernelKind::StepForward(..)
                | KernelKind::StepBackward(..)
                | KernelKind::InputGradient(_)
        )
    }

    fn cell(self) -> Option<CellKind> {
        match self {
            KernelKind::ScanForward(cell, ..)
            | KernelKind::ScanBackward(cell, _)
            | KernelKind::Project(cell)
            | KernelKind::StepForward(cell, ..)
            | KernelKind::StepBackward(cell, _)
            | KernelKind::WeightGradient(cell, _)
            | KernelKind::GradientSum(cell)
            | KernelKind::InputGradient(cell)
            | KernelKind::Pack(cell) => Some(cell),
            _ => None,
        }
    }

    fn files(self) -> Vec<&'static str> {
        match self {
            KernelKind::Center => vec![shader!("center")],
            KernelKind::Stage => vec![shader!("stage")],
            KernelKind::ScanForward(cell, tape, lengths) => {
                let own = vec![shader!("scan_forward"), shader!("advance"), tape.file(), lengths.file()];
                [own, cell_files(cell)].concat()
            }
            KernelKind::ScanBackward(cell, lengths) => {
                let own = vec![shader!("scan_backward"), shader!("retreat"), lengths.file()];
                [own, cell_files(cell)].concat()
            }
            KernelKind::Project(cell) => [vec![shader!("project")], cell_files(cell)].concat(),
            KernelKind::StepForward(cell, pre, tape, lengths) => {
                let own =
                    vec![shader!("step_forward"), shader!("advance"), pre.file(), tape.file(), lengths.file()];
                [own, cell_files(cell)].concat()
            }
            KernelKind::StepBackward(cell, lengths) => {
                let own = vec![shader!("step_backward"), shader!("retreat"), lengths.file()];
                [own, cell_files(cell)].concat()
            }
            KernelKind::WeightGradient(_, operand) => {
                let operand = match operand {
                    Operand::Hidden => shader!("operands/hidden"),
                    Operand::Input => shader!("operands/input"),
                    Operand::Head => shader!("operands/head"),
                };
                vec![operand, shader!("part")]
            }
            KernelKind::GradientSum(_) => vec![shader!("gradient_sum")],
            KernelKind::InputGradient(_) => vec![shader!("input_gradient")],
            KernelKind::Pack(_) => vec![shader!("pack")],
            KernelKind::Head => vec![shader!("head")],
            KernelKind::HeadGradient => vec![shader!("head_gradient")],
            KernelKind::HeadGradientSum => vec![shader!("head_gradient_sum")],
            KernelKind::Mse => vec![shader!("mse")],
            KernelKind::Update => vec![shader!("update")],
        }
    }

    fn constants(self) -> String {
        let Some(cell) = self.cell() else {
            // No cell, no tape: dims.wgsl still counts its slots.
            return "const SLOTS: u32 = 1u;\n".to_owned();
        };
        let CellFacts { gates, slots, states, input_slot, hidden_slot } = cell.facts();
        let list = |map: [usize; 4]| map[..gates].iter().map(|slot| format!("{slot}u")).collect::<Vec<_>>().join(", ");
        format!(
            "const GATES: u32 = {gates}u;\nconst SLOTS: u32 = {slots}u;\nconst STATES: u32 = {states}u;\n\
             const INPUT_SLOT = array<u32, {gates}>({});\nconst HIDDEN_SLOT = array<u32, {gates}>({});\n",
            list(input_slot),
            list(hidden_slot),
        )
    }
}

fn cell_files(cell: CellKind) -> Vec<&'static str> {
    let own = match cell {
        CellKind::RnnTanh => vec![shader!("cells/rnn"), shader!("cells/rnn_tanh")],
        CellKind::RnnRelu => vec![shader!("cells/rnn"), shader!("cells/rnn_relu")],
        CellKind::Lstm => vec![shader!("cells/lstm")],
        CellKind::Gru => vec![shader!("cells/gru")],
    };
    [vec![shader!("cell")], own].concat()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Every kernel in every specialisation and, of the sizes of a layout, in a few.
    pub fn every_kernel() -> Vec<KernelId> {
        let plain = [
            KernelKind::Center,
            KernelKind::Stage,
            KernelKind::Head,
            KernelKind::HeadGradient,
            KernelKind::HeadGradientSum,
            KernelKind::Mse,
            KernelKind::Update,
        ];
        let mut kernels: Vec<KernelId> = plain.map(KernelId::from).to_vec();
        for cell in CellKind::ALL {
            kernels.extend([KernelKind::GradientSum(cell), KernelKind::Pack(cell)].map(KernelId::from));
            let gates = cell.facts().gates as u32;
            for lengths in [Lengths::Full, Lengths::Ragged] {
                let tapes = [Tape::Keep, Tape::Skip];
                let scans = tapes.map(|tape| KernelKind::ScanForward(cell, tape, lengths));
                for kind in scans.into_iter().chain([KernelKind::ScanBackward(cell, lengths)]) {
                    kernels.extend([1, 4].map(|item_quads| KernelId {
                        kind,
                        work: Work::Scan { invocations: 64, item_quads, shared: 64 },
                    }));
                }
                for (pre, tape) in [(Pre::Tape, Tape::Keep), (Pre::Chunk, Tape::Skip), (Pre::Chunk, Tape::Keep)] {
                    kernels.extend(products(KernelKind::StepForward(cell, pre, tape, lengths), gates));
                }
                kernels.extend(products(KernelKind::StepBackward(cell, lengths), 2));
            }
            kernels.extend(products(KernelKind::Project(cell), gates));
            kernels.extend(products(KernelKind::InputGradient(cell), 4));
            for operand in [Operand::Hidden, Operand::Input, Operand::Head] {
                kernels.extend(products(KernelKind::WeightGradient(cell, operand), 4));
            }
        }
        kernels
    }

    fn products(kind: KernelKind, columns: u32) -> Vec<KernelId> {
        let lanes = super::super::work::LANES.map(|lanes| Work::Lanes { lanes, own: 2, columns });
        let tiles = [1, 16].map(|splits| Work::Tiles { row_quads: 8, items: 2, columns, depth: 8, splits });
        lanes.into_iter().chain(tiles).map(|work| KernelId { kind, work }).collect()
    }

    #[test]
    fn every_kernel_is_valid_wgsl_within_webgpus_default_limits() {
        for id in every_kernel() {
            for format in [Format::Quads, Format::Pairs] {
                let source = id.source(format);
                let module = naga::front::wgsl::parse_str(&source)
                    .unwrap_or_else(|error| panic!("{id:?}: {}", error.emit_to_string(&source)));
                let bindings = super::super::kernel::reflect(&module, id.kind.entry());
                let storage = bindings.iter().filter(|binding| !binding.is_uniform()).count();
                assert!(storage <= 8, "{id:?} binds {storage} storage buffers, a browser may allow 8");
                assert!(id.work.shared() * 16 <= 16384 && id.work.invocations() <= 256, "{id:?}");
            }
        }
    }
}

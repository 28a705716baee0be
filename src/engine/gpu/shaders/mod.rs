//! The kernels' WGSL: which files make up each, and the constants of its specialisation. The kernel's own file comes
//! first, so that the line numbers of errors are its own.

use super::pieces::{Chains, Goal, Lengths, LossKind, Mask, Operand, Pre, Tape};
use super::work::{Format, Work};
use crate::engine::Precision;
use crate::model::{CellFacts, CellKind};

macro_rules! shader {
    ($path:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $path, ".wgsl"))
    };
}
pub(super) use shader;

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
    /// `lanes/forward.wgsl`.
    LaneForward(CellKind, Pre, Tape, Lengths),
    /// `lanes/backward.wgsl`.
    LaneBackward(CellKind, Lengths),
    /// `lanes/weight_gradient.wgsl` or `tiles/weight_gradient.wgsl`.
    WeightGradient(CellKind, Operand),
    /// `gradient_sum.wgsl`.
    GradientSum(CellKind),
    /// `input_gradient.wgsl`.
    InputGradient(CellKind, Mask),
    /// `drop.wgsl`.
    Drop,
    /// `carry.wgsl`.
    Carry(CellKind),
    /// `pack.wgsl`.
    Pack(CellKind),
    /// `head.wgsl`.
    Head,
    /// `head_gradient.wgsl`.
    HeadGradient,
    /// `head_gradient_sum.wgsl`.
    HeadGradientSum,
    /// `bare.wgsl`.
    Bare,
    /// `bare_gradient.wgsl`.
    BareGradient,
    /// `loss.wgsl`.
    Loss(LossKind, Goal),
    /// `norm.wgsl`.
    Norm,
    /// `sum.wgsl`.
    Sum,
    /// `update.wgsl`.
    Update,
    /// `fused.wgsl`.
    Fused(CellKind, LossKind, Goal),
    /// `finish.wgsl`.
    Finish(CellKind),
    /// `predict.wgsl`.
    Predict(CellKind),
}

/// Workgroups that a large sum is shared by.
pub const PARTS: u32 = 64;

/// A compiled kernel: what it computes, and the layout of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KernelId {
    /// What it computes.
    pub kind: KernelKind,
    /// Its layout.
    pub work: Work,
    /// Which chains it takes side by side.
    pub chains: Chains,
}

impl KernelId {
    /// Of one layer.
    pub fn new(kind: KernelKind, work: Work) -> Self {
        KernelId { kind, work, chains: Chains::Directions }
    }

    /// The whole module.
    pub fn source(self, format: Format, precision: Precision) -> String {
        let (extension, storage) = match (precision, format) {
            (Precision::F32, _) => ("", vec![shader!("storage/f32")]),
            (Precision::F16, Format::HalfQuads) => {
                ("enable f16; ", vec![shader!("storage/f16"), shader!("storage/rounding")])
            }
            (Precision::F16, _) => ("", vec![shader!("storage/f16_words"), shader!("storage/rounding")]),
        };
        let files = [self.files(), vec![self.chains.file(), shader!("math"), shader!("dims")], storage].concat();
        extension.to_owned() + &files.join("\n") + "\n" + &self.kind.constants() + &self.work.constants()
    }

    /// Whether it reads or writes packed weights or the tape, whose precision there is a choice of.
    pub fn stores(self) -> bool {
        self.files().iter().any(|file| file.contains("array<Stored>"))
    }

    /// The files that are not the same for every kernel.
    fn files(self) -> Vec<&'static str> {
        let mut files = match self.kind {
            KernelKind::WeightGradient(..) => self.work.outer_files(),
            _ => vec![],
        };
        files.extend(self.kind.files());
        if let KernelKind::ScanForward(..) = self.kind {
            files.extend(self.chains.input_files());
        }
        files.extend(match self.kind {
            kind if kind.is_product() => self.work.product_files(),
            KernelKind::Fused(..) => [self.work.fused_files(), self.work.fused_gradient_files()].concat(),
            KernelKind::Predict(_) => self.work.fused_files(),
            _ => vec![],
        });
        files
    }
}

impl From<KernelKind> for KernelId {
    fn from(kind: KernelKind) -> Self {
        KernelId::new(kind, Work::Items { invocations: 64 })
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
            KernelKind::LaneForward(..) => "lane_forward",
            KernelKind::LaneBackward(..) => "lane_backward",
            KernelKind::WeightGradient(..) => "weight_gradient",
            KernelKind::GradientSum(_) => "gradient_sum",
            KernelKind::InputGradient(..) => "input_gradient",
            KernelKind::Drop => "drop",
            KernelKind::Carry(_) => "carry",
            KernelKind::Pack(_) => "pack",
            KernelKind::Head => "head",
            KernelKind::HeadGradient => "head_gradient",
            KernelKind::HeadGradientSum => "head_gradient_sum",
            KernelKind::Bare => "bare",
            KernelKind::BareGradient => "bare_gradient",
            KernelKind::Loss(..) => "loss",
            KernelKind::Norm => "norm",
            KernelKind::Sum => "sum",
            KernelKind::Update => "update",
            KernelKind::Fused(..) => "fused",
            KernelKind::Finish(_) => "finish",
            KernelKind::Predict(_) => "predict",
        }
    }

    /// Whether it is a product of rows by a matrix, in any of the layouts for these.
    fn is_product(self) -> bool {
        matches!(
            self,
            KernelKind::Project(_)
                | KernelKind::StepForward(..)
                | KernelKind::StepBackward(..)
                | KernelKind::LaneForward(..)
                | KernelKind::LaneBackward(..)
                | KernelKind::InputGradient(..)
        )
    }

    fn cell(self) -> Option<CellKind> {
        match self {
            KernelKind::ScanForward(cell, ..)
            | KernelKind::ScanBackward(cell, _)
            | KernelKind::Project(cell)
            | KernelKind::StepForward(cell, ..)
            | KernelKind::StepBackward(cell, _)
            | KernelKind::LaneForward(cell, ..)
            | KernelKind::LaneBackward(cell, _)
            | KernelKind::WeightGradient(cell, _)
            | KernelKind::GradientSum(cell)
            | KernelKind::InputGradient(cell, _)
            | KernelKind::Carry(cell)
            | KernelKind::Pack(cell)
            | KernelKind::Fused(cell, ..)
            | KernelKind::Finish(cell)
            | KernelKind::Predict(cell) => Some(cell),
            _ => None,
        }
    }

    fn files(self) -> Vec<&'static str> {
        match self {
            KernelKind::Center => vec![shader!("center"), shader!("base")],
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
                [vec![shader!("step_forward")], forward_files(cell, pre, tape, lengths)].concat()
            }
            KernelKind::LaneForward(cell, pre, tape, lengths) => {
                [vec![shader!("lanes/forward")], forward_files(cell, pre, tape, lengths)].concat()
            }
            KernelKind::StepBackward(cell, lengths) => {
                [vec![shader!("step_backward")], backward_files(cell, lengths)].concat()
            }
            KernelKind::LaneBackward(cell, lengths) => {
                [vec![shader!("lanes/backward")], backward_files(cell, lengths)].concat()
            }
            KernelKind::WeightGradient(_, operand) => vec![operand.file(), shader!("part")],
            KernelKind::GradientSum(_) => vec![shader!("gradient_sum"), shader!("layer_sum")],
            KernelKind::InputGradient(_, mask) => vec![shader!("input_gradient"), mask.file()],
            KernelKind::Drop => vec![shader!("drop"), Mask::Dropout.file()],
            KernelKind::Carry(_) => vec![shader!("carry")],
            KernelKind::Pack(_) => vec![shader!("pack"), shader!("packing")],
            KernelKind::Head => vec![shader!("head")],
            KernelKind::HeadGradient => vec![shader!("head_gradient")],
            KernelKind::HeadGradientSum => vec![shader!("head_gradient_sum"), shader!("head_sum")],
            KernelKind::Bare => vec![shader!("bare")],
            KernelKind::BareGradient => vec![shader!("bare_gradient")],
            KernelKind::Loss(loss, goal) => {
                [vec![shader!("loss")], loss.files(), vec![goal.file(), shader!("tree")]].concat()
            }
            KernelKind::Norm => vec![shader!("norm"), shader!("tree")],
            KernelKind::Sum => vec![shader!("sum"), shader!("tree")],
            KernelKind::Update => vec![shader!("update"), shader!("optimizer")],
            KernelKind::Fused(cell, loss, goal) => {
                let back = vec![shader!("fused/backward"), shader!("fused/outputs"), shader!("fused/leave")];
                let loss = [loss.files(), vec![goal.file(), Tape::Keep.file()]].concat();
                [vec![shader!("fused")], way_forward(cell), back, loss].concat()
            }
            KernelKind::Predict(cell) => [vec![shader!("predict")], way_forward(cell)].concat(),
            KernelKind::Finish(_) => {
                let sums = vec![shader!("finish"), shader!("layer_sum"), shader!("head_sum"), shader!("tree")];
                [sums, vec![shader!("optimizer"), shader!("packing")]].concat()
            }
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

/// One step forward as a product.
fn forward_files(cell: CellKind, pre: Pre, tape: Tape, lengths: Lengths) -> Vec<&'static str> {
    let own = vec![shader!("recurrent/forward"), shader!("advance"), pre.file(), tape.file(), lengths.file()];
    [own, cell_files(cell)].concat()
}

/// One step back as a product.
fn backward_files(cell: CellKind, lengths: Lengths) -> Vec<&'static str> {
    [vec![shader!("recurrent/backward"), shader!("retreat"), lengths.file()], cell_files(cell)].concat()
}

/// A row's way forward in the fused kernels.
fn way_forward(cell: CellKind) -> Vec<&'static str> {
    let own = vec![shader!("fused/rows"), shader!("fused/forward"), shader!("fused/head"), shader!("base")];
    [own, cell_files(cell)].concat()
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
pub mod tests;

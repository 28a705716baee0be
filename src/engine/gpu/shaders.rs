//! The kernels' WGSL: which files make up each, and the constants of its specialisation. The kernel's own file comes
//! first, so that the line numbers of errors are its own.

use crate::loss::Loss;
use crate::model::{CellFacts, CellKind};

macro_rules! shader {
    ($path:literal) => {
        include_str!(concat!("../../../shaders/", $path, ".wgsl"))
    };
}

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

/// A [`Loss`] without its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LossKind {
    Mse,
    Mae,
    Huber,
    CrossEntropy,
    BinaryCrossEntropy,
    Quantile,
}

impl From<Loss> for LossKind {
    fn from(loss: Loss) -> Self {
        match loss {
            Loss::Mse => LossKind::Mse,
            Loss::Mae => LossKind::Mae,
            Loss::Huber { .. } => LossKind::Huber,
            Loss::CrossEntropy => LossKind::CrossEntropy,
            Loss::BinaryCrossEntropy => LossKind::BinaryCrossEntropy,
            Loss::Quantile(_) => LossKind::Quantile,
        }
    }
}

impl LossKind {
    fn files(self) -> Vec<&'static str> {
        let own = match self {
            LossKind::Mse => shader!("losses/mse"),
            LossKind::Mae => shader!("losses/mae"),
            LossKind::Huber => shader!("losses/huber"),
            LossKind::BinaryCrossEntropy => shader!("losses/binary_cross_entropy"),
            LossKind::Quantile => shader!("losses/quantile"),
            LossKind::CrossEntropy => return vec![shader!("losses/cross_entropy")],
        };
        vec![shader!("losses/terms"), own]
    }
}

/// Where targets lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Goal {
    /// Given outright.
    Given,
    /// In the series, after the window.
    Ahead,
}

impl Goal {
    fn file(self) -> &'static str {
        match self {
            Goal::Given => shader!("goals/given"),
            Goal::Ahead => shader!("goals/ahead"),
        }
    }
}

/// What happens to units between layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mask {
    /// Nothing.
    None,
    /// Some are dropped.
    Dropout,
}

impl Mask {
    fn file(self) -> &'static str {
        match self {
            Mask::None => shader!("masks/none"),
            Mask::Dropout => shader!("masks/dropout"),
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
    /// `weight_gradient.wgsl`.
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
}

/// Workgroups that a large sum is shared by.
pub const PARTS: u32 = 64;

/// Whether a forward scan writes the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tape {
    /// For a backward pass.
    Keep,
    /// Inference.
    Skip,
}

/// A compiled kernel: what it computes, and its workgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KernelId {
    /// What it computes.
    pub kind: KernelKind,
    /// Row quads of a scan's item: 1, or 4 for software adapters.
    pub item_quads: u32,
    /// Invocations of a workgroup: the constant `WG` in WGSL.
    pub invocations: u32,
    /// vec4s of workgroup memory: the constant `SH` in WGSL, 0 where the kernel has none of that size.
    pub shared: u32,
}

impl KernelId {
    /// The whole module.
    pub fn source(self) -> String {
        let mut files = self.kind.files();
        files.extend(match (self.kind, self.item_quads) {
            (KernelKind::ScanForward(..), 1) => Some(shader!("items/forward_one")),
            (KernelKind::ScanForward(..), _) => Some(shader!("items/forward_four")),
            (KernelKind::ScanBackward(..), 1) => Some(shader!("items/backward_one")),
            (KernelKind::ScanBackward(..), _) => Some(shader!("items/backward_four")),
            _ => None,
        });
        let mut source = files.join("\n");
        source.push('\n');
        source.push_str(shader!("dims"));
        source.push_str(shader!("storage/f32"));
        source.push_str(&self.kind.constants());
        let KernelId { invocations, shared, .. } = self;
        source.push_str(&format!(
            "const WG: u32 = {invocations}u;\nconst SH: u32 = {shared}u;\nconst PARTS: u32 = {PARTS}u;\n"
        ));
        source
    }
}

impl From<KernelKind> for KernelId {
    fn from(kind: KernelKind) -> Self {
        KernelId { kind, item_quads: 1, invocations: 64, shared: 0 }
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
        }
    }

    fn cell(self) -> Option<CellKind> {
        match self {
            KernelKind::ScanForward(cell, ..)
            | KernelKind::ScanBackward(cell, _)
            | KernelKind::WeightGradient(cell, _)
            | KernelKind::GradientSum(cell)
            | KernelKind::InputGradient(cell, _)
            | KernelKind::Carry(cell)
            | KernelKind::Pack(cell) => Some(cell),
            _ => None,
        }
    }

    fn files(self) -> Vec<&'static str> {
        match self {
            KernelKind::Center => vec![shader!("center")],
            KernelKind::Stage => vec![shader!("stage")],
            KernelKind::ScanForward(cell, tape, lengths) => {
                let tape = match tape {
                    Tape::Keep => shader!("tape/keep"),
                    Tape::Skip => shader!("tape/skip"),
                };
                [vec![shader!("scan_forward"), tape, lengths.file()], cell_files(cell)].concat()
            }
            KernelKind::ScanBackward(cell, lengths) => {
                [vec![shader!("scan_backward"), lengths.file()], cell_files(cell)].concat()
            }
            KernelKind::WeightGradient(_, operand) => {
                let operand = match operand {
                    Operand::Hidden => shader!("operands/hidden"),
                    Operand::Input => shader!("operands/input"),
                    Operand::Head => shader!("operands/head"),
                };
                vec![shader!("weight_gradient"), shader!("math"), operand]
            }
            KernelKind::GradientSum(_) => vec![shader!("gradient_sum")],
            KernelKind::InputGradient(_, mask) => vec![shader!("input_gradient"), mask.file(), shader!("math")],
            KernelKind::Drop => vec![shader!("drop"), Mask::Dropout.file()],
            KernelKind::Carry(_) => vec![shader!("carry")],
            KernelKind::Pack(_) => vec![shader!("pack")],
            KernelKind::Head => vec![shader!("head")],
            KernelKind::HeadGradient => vec![shader!("head_gradient")],
            KernelKind::HeadGradientSum => vec![shader!("head_gradient_sum")],
            KernelKind::Bare => vec![shader!("bare")],
            KernelKind::BareGradient => vec![shader!("bare_gradient")],
            KernelKind::Loss(loss, goal) => {
                [vec![shader!("loss")], loss.files(), vec![goal.file(), shader!("tree"), shader!("math")]].concat()
            }
            KernelKind::Norm => vec![shader!("norm"), shader!("tree")],
            KernelKind::Sum => vec![shader!("sum"), shader!("tree")],
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
    [vec![shader!("cell"), shader!("math")], own].concat()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Every kernel in every specialisation.
    pub fn every_kernel() -> Vec<KernelKind> {
        let mut kernels = vec![
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
        use LossKind::*;
        for loss in [Mse, Mae, Huber, CrossEntropy, BinaryCrossEntropy, Quantile] {
            kernels.extend([Goal::Given, Goal::Ahead].map(|goal| KernelKind::Loss(loss, goal)));
        }
        for cell in CellKind::ALL {
            for lengths in [Lengths::Full, Lengths::Ragged] {
                kernels.push(KernelKind::ScanForward(cell, Tape::Keep, lengths));
                kernels.push(KernelKind::ScanForward(cell, Tape::Skip, lengths));
                kernels.push(KernelKind::ScanBackward(cell, lengths));
            }
            for operand in [Operand::Hidden, Operand::Input, Operand::Head] {
                kernels.push(KernelKind::WeightGradient(cell, operand));
            }
            kernels.push(KernelKind::GradientSum(cell));
            kernels.extend([Mask::None, Mask::Dropout].map(|mask| KernelKind::InputGradient(cell, mask)));
            kernels.push(KernelKind::Carry(cell));
            kernels.push(KernelKind::Pack(cell));
        }
        kernels
    }

    #[test]
    fn every_kernel_is_valid_wgsl_within_webgpus_default_limits() {
        for kind in every_kernel() {
            for item_quads in [1, 4] {
                let id = KernelId { item_quads, shared: 64, ..kind.into() };
                let source = id.source();
                let module = naga::front::wgsl::parse_str(&source)
                    .unwrap_or_else(|error| panic!("{kind:?}: {}", error.emit_to_string(&source)));
                let bindings = super::super::kernel::reflect(&module, kind.entry());
                let storage = bindings.iter().filter(|binding| !binding.is_uniform()).count();
                assert!(storage <= 8, "{kind:?} binds {storage} storage buffers, a browser may allow 8");
            }
        }
    }
}

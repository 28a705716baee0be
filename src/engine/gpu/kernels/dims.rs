//! Rust twins of the structs in `shaders/parts/dims.wesl`: the shapes of a layer and of its batch, and the constants of
//! a step.

use super::dispatch::Cost;
use super::module::Specialization;
use crate::engine::Precision;
use crate::loss::{Loss, Objective};
use crate::model::Dropout;
use crate::optim::{Clip, Update};
use bytemuck::{Pod, Zeroable};

/// Defines a struct whose fields' names and offsets a test compares with WGSL's.
macro_rules! twin {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
        pub struct $name {
            $(pub $field: $type,)*
        }

        #[cfg(test)]
        impl $name {
            pub const FIELDS: &[(&str, usize)] = &[$((stringify!($field), std::mem::offset_of!($name, $field)),)*];
        }
    };
}

twin! {
    /// The shapes of one layer; each field is explained in `shaders/parts/dims.wesl`.
    Dims {
        rows: u32,
        steps: u32,
        directions: u32,
        hidden: u32,
        hidden_quads: u32,
        inputs: u32,
        input_quads: u32,
        input_features: u32,
        outputs: u32,
        has_head: u32,
        sums_head: u32,
        readout: u32,
        keeps_tape: u32,
        projected: u32,
        layer_below: u32,
        row_quads: u32,
        chunk: u32,
        span: u32,
        passes: u32,
        reads_d_states: u32,
        packed_stride: u32,
        at_hidden_t: u32,
        at_bias: u32,
        at_input_w: u32,
        at_input_t: u32,
        at_head: u32,
        parameters: u32,
        param_stride: u32,
        at_weight_ih: u32,
        at_weight_hh: u32,
        at_bias_ih: u32,
        at_bias_hh: u32,
        at_head_weight: u32,
        at_head_bias: u32,
        step_splits: u32,
        row_splits: u32,
        partial_stride: u32,
        at_hidden_partial: u32,
        at_head_partial: u32,
        at_loss_partial: u32,
        group_rows: u32,
        groups: u32,
        loss_parts: u32,
        norm_parts: u32,
        at_norms: u32,
        at_bases: u32,
        centered: u32,
        target_len: u32,
        horizon_features: u32,
        layers: u32,
        at_input: u32,
        input_stride: u32,
        at_states: u32,
        states_stride: u32,
        tape_stride: u32,
        pre_stride: u32,
        d_states_stride: u32,
        d_out_stride: u32,
        d_in_stride: u32,
    }
}

twin! {
    /// The constants of one step; each field is explained in `shaders/parts/dims.wesl`.
    Step {
        levels: [f32; 16],
        key: [u32; 4],
        loss: u32,
        rows: u32,
        first: u32,
        place: u32,
        inverse_count: f32,
        term_scale: f32,
        unscale: f32,
        quantiles: u32,
        delta: f32,
        threshold: u32,
        scale: f32,
        max_norm: f32,
        decay: f32,
        penalty: f32,
        keep_m: f32,
        add_m: f32,
        keep_v: f32,
        add_v: f32,
        step_size: f32,
        inverse_root: f32,
        eps: f32,
        before: u32,
    }
}

twin! {
    /// Where a dispatch begins that takes some steps of a sequence.
    Time {
        s: u32,
    }
}

twin! {
    /// A window over the series.
    Window {
        start: u32,
        length: u32,
    }
}

twin! {
    /// A row of a batch.
    Row {
        window: u32,
        start: u32,
        length: u32,
    }
}

/// [`Dims::readout`], as shaders/parts/dims.wesl has it.
pub const READ_FINAL: u32 = 0;
pub const READ_EVERY: u32 = 1;
pub const READ_LAST_STEP: u32 = 2;

/// [`Dims::layer_below`] of a layer that reads the data, of which nothing is dropped.
pub const NO_LAYER: u32 = u32::MAX;

impl Dims {
    /// Steps of a row that have an output.
    pub(super) fn positions(&self) -> usize {
        if self.readout == READ_EVERY { self.steps as usize } else { 1 }
    }

    /// What the recurrent product and the cell cost over `steps` steps of so many chains, forwards or back: each reads
    /// the weights once, and of every row the pre-activations or the tape, and the states.
    pub(super) fn recurrent_cost(&self, specialization: Specialization, steps: u32, chains: u32) -> Cost {
        let facts = specialization.cell.facts();
        let [rows, units, steps, chains] = [self.rows, self.hidden_quads * 4, steps, chains].map(|n| n as usize);
        // The cell's functions take about 12 operations a slot.
        let flops = rows * units * (2 * units * facts.gates + 12 * facts.slots) * steps * chains;
        let [stored, states] =
            [2 * facts.slots, 2 * facts.states].map(|vectors| rows * units * vectors * steps * chains);
        let weights = units * units * facts.gates * chains;
        // Weights and the tape are stored in fewer bits, where that is asked for.
        let stored_bytes = (stored + weights) * specialization.storage.quad_bytes() / 4;
        let Cost { bytes, .. } = Cost::new(0, states);
        Cost { flops: flops as u64, bytes: bytes + stored_bytes as u64 }
    }
}

impl Step {
    /// The step of `rows` batch rows from `first` in `order`, the `place`th of its submission. It updates nothing.
    pub fn new(rows: usize, first: usize, place: usize) -> Self {
        Step { rows: rows as u32, first: first as u32, place: place as u32, quantiles: 1, ..Default::default() }
    }

    /// The micro-batch of so many of its rows, after those `before` them.
    pub fn micro_batch(self, before: usize, rows: usize) -> Self {
        Step { rows: rows as u32, first: self.first + before as u32, before: before as u32, ..self }
    }

    /// The same with the loss scale that suits gradients of the outputs of at most `largest`. Gradients on their way
    /// back are multiplied by it, and those of the weights divided by it.
    ///
    /// In 32 bits it is 1. In 16 bits, whose digits dwindle below 6e-5 and end at 6e-8, it is the power of two that
    /// makes at most [`HEADROOM`] of `largest`, and more than half of that: a delta is then as large whatever the batch.
    /// A power of two rounds nothing.
    pub fn with_largest_gradient(self, largest: f32, precision: Precision) -> Self {
        let loss_scale = match precision {
            Precision::F32 => 1.0,
            // Both it and its inverse are normal numbers.
            Precision::F16 => 2f32.powi((HEADROOM - log2_above(largest)).min(126)),
        };
        Step { unscale: 1.0 / loss_scale, ..self }
    }

    /// What gradients are multiplied by on their way back.
    pub fn loss_scale(&self) -> f32 {
        1.0 / self.unscale
    }

    /// The same with what is dropped.
    pub fn with_dropout(self, dropout: &Dropout) -> Self {
        let mask = dropout.mask();
        Step { key: mask.key, threshold: mask.threshold, scale: mask.scale as f32, ..self }
    }

    /// The same with what is minimised as the mean of `terms` terms, and what is dropped.
    pub fn with_objective(self, objective: &Objective, terms: usize, precision: Precision) -> Self {
        let inverse_count = (1.0 / terms as f64) as f32;
        let mut step = self.with_dropout(&objective.dropout).with_largest_gradient(inverse_count, precision);
        step.inverse_count = inverse_count;
        step.term_scale = inverse_count * step.loss_scale();
        step.loss = match objective.loss {
            Loss::Mse => 0,
            Loss::Mae => 1,
            Loss::Huber { .. } => 2,
            Loss::CrossEntropy => 3,
            Loss::BinaryCrossEntropy => 4,
            Loss::Quantile(_) => 5,
            Loss::Likelihood(_) => unreachable!("Objective::check leaves it to networks over segments"),
        };
        match objective.loss {
            Loss::Huber { delta } => step.delta = delta,
            Loss::Quantile(quantiles) => {
                let levels = quantiles.levels();
                step.levels[..levels.len()].copy_from_slice(levels);
                step.quantiles = levels.len() as u32;
            }
            Loss::Mse | Loss::Mae | Loss::CrossEntropy | Loss::BinaryCrossEntropy | Loss::Likelihood(_) => {}
        }
        step
    }

    /// The same with the optimiser's constants, and the largest norm of a gradient where there is one.
    pub fn with_update(self, update: Update, clip: Option<Clip>) -> Self {
        let Update { decay, penalty, keep_m, add_m, keep_v, add_v, step_size, inverse_root, eps } = update;
        // 0 stands for none.
        let max_norm = clip.map_or(0.0, |clip| (clip.max_norm as f32).clamp(f32::MIN_POSITIVE, f32::MAX));
        Step { decay, penalty, keep_m, add_m, keep_v, add_v, step_size, inverse_root, eps, max_norm, ..self }
    }
}

/// What the largest gradient of an output becomes in 16 bits, about half way between their ends: two to this, where a
/// loss's is that of a term whose derivative is 1. Measured (benches/PRECISION.md): the gradients of squared errors are
/// as good for residuals from 1e-4 to 1e3.
const HEADROOM: i32 = 4;

/// The least power of two that is not below a finite number that is not negative; that of the least normal one, where
/// the number is less.
fn log2_above(value: f32) -> i32 {
    let bits = value.max(f32::MIN_POSITIVE).to_bits();
    let fraction = bits & ((1 << (f32::MANTISSA_DIGITS - 1)) - 1);
    (bits >> (f32::MANTISSA_DIGITS - 1)) as i32 - (f32::MAX_EXP - 1) + i32::from(fraction > 0)
}

/// Bytes between two steps in the uniform buffer: WebGPU's default alignment of dynamic offsets.
pub const STEP_STRIDE: usize = 256;

const _: () = assert!(size_of::<Step>() <= STEP_STRIDE);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_gradient_has_its_headroom_in_sixteen_bits() {
        let scale = |largest| Step::new(1, 0, 0).with_largest_gradient(largest, Precision::F16).loss_scale();
        for (largest, expected) in [(1.0, 16.0), (0.75, 16.0), (0.5, 32.0), (1.5, 8.0), (0.0, 2f32.powi(126))] {
            assert_eq!(scale(largest), expected, "{largest}");
        }
        for largest in [f32::MIN_POSITIVE, 3e-38, 1e-9, 65504.0, 1e30, f32::MAX] {
            let scale = scale(largest);
            assert!((scale * largest <= 16.0) && (1.0 / scale).is_normal() && scale.is_normal(), "{largest}: {scale}");
        }
        assert_eq!(Step::new(1, 0, 0).with_largest_gradient(1e-9, Precision::F32).loss_scale(), 1.0);
    }

    /// A mean's scale is 16 times the power of two next to the number of its terms.
    #[test]
    fn a_mean_of_many_terms_has_a_large_scale() {
        for terms in [1, 2, 3, 4, 5, 63, 64, 1000, 1 << 20, (1 << 20) + 1] {
            let step = Step::new(1, 0, 0).with_objective(&Objective::default(), terms, Precision::F16);
            assert_eq!(step.loss_scale(), 16.0 * 2f32.powi(terms.ilog2() as i32), "{terms}");
        }
    }

    #[test]
    fn offsets_are_those_of_the_shader() {
        let source = include_str!("../../../../shaders/parts/dims.wesl");
        let structs = &source[source.find("struct Dims").expect("it begins with Dims")..];
        let structs = &structs[..structs.find("// The item of an invocation").expect("functions follow the structs")];
        let module = naga::front::wgsl::parse_str(structs).expect("the structs are WGSL");
        let twins = [
            ("Dims", Dims::FIELDS),
            ("Step", Step::FIELDS),
            ("Time", Time::FIELDS),
            ("Window", Window::FIELDS),
            ("Row", Row::FIELDS),
        ];
        for (name, fields) in twins {
            let shader = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name)).expect(name).1;
            let naga::TypeInner::Struct { members, .. } = &shader.inner else { panic!("{name} is a struct") };
            let members: Vec<(&str, usize)> =
                members.iter().map(|m| (m.name.as_deref().unwrap_or(""), m.offset as usize)).collect();
            assert_eq!(members, fields);
        }
    }
}

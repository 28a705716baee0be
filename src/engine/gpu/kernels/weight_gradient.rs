//! Weight gradients of a layer, as partial sums of outer products in one GEMM over all steps and rows.

use super::dims::Dims;
use super::dispatch::{BufferId, Cost, Dispatch};
use super::gemm::GemmLayout;
use super::module::{Module, Operand, Specialization};
use crate::engine::gpu::device::Capabilities;

/// `shaders/weight_gradient.wesl`: partial sums [splits, D, partial_stride] of the outer products of two sides.
#[derive(Clone, Copy, Debug)]
pub struct WeightGradient {
    /// `dims` of the shader.
    pub dims: BufferId,
    /// `step` of the shader.
    pub step: BufferId,
    /// `partial` of the shader.
    pub partial: BufferId,
    /// What is multiplied.
    pub sides: Sides,
}

/// The two sides of a weight gradient: a file of `shaders/operands` each.
#[derive(Clone, Copy, Debug)]
pub enum Sides {
    /// Recurrent weights: the deltas by the states before.
    Hidden {
        /// The deltas.
        tape: BufferId,
        /// The layer's states.
        states: BufferId,
    },
    /// Input weights and biases: the deltas by the input.
    Input {
        /// The deltas.
        tape: BufferId,
        /// The layer's input.
        x: BufferId,
    },
    /// The head: the gradient of the outputs by the states that they were made of.
    Head {
        /// The gradient of the outputs.
        d_y: BufferId,
        /// The top layer's states.
        states: BufferId,
        /// The table of the batch's rows.
        rows: BufferId,
    },
}

impl WeightGradient {
    /// `left` by `right` quads, over so many splits and directions.
    pub fn dispatch(
        self,
        capabilities: &Capabilities,
        specialization: Specialization,
        layout: GemmLayout,
        dims: &Dims,
        [left, right]: [usize; 2],
        directions: u32,
    ) -> Dispatch {
        let (operand, sides) = match self.sides {
            Sides::Hidden { tape, states } => (Operand::Hidden, vec![("tape", tape), ("states", states)]),
            Sides::Input { tape, x } => (Operand::Input, vec![("tape", tape), ("x", x)]),
            Sides::Head { d_y, states, rows } => {
                (Operand::Head, vec![("d_y", d_y), ("states", states), ("rows", rows)])
            }
        };
        let mut bindings = vec![("dims", self.dims), ("step", self.step), ("partial", self.partial)];
        bindings.extend(sides);
        let module = layout.module(|invocations| Module::new("weight_gradient", specialization, invocations));
        let splits = dims.step_splits * dims.row_splits;
        let summed = dims.rows as usize * if operand == Operand::Head { dims.positions() } else { dims.steps as usize };
        let sums = 16 * left * right;
        let values = summed * 4 * (left + right) + sums * splits as usize;
        Dispatch {
            module: Module { operand: Some(operand), ..module },
            bindings,
            groups: layout.groups(capabilities, 4 * left, right, splits * directions),
            cost: Cost::new(2 * summed * sums * directions as usize, values * directions as usize),
        }
    }
}

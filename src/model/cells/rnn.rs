//! The Elman cell. WGSL twins: `shaders/cells/rnn.wgsl` with `rnn_tanh.wgsl` or `rnn_relu.wgsl`.

use super::cell::{Cell, Slots, States};
use super::real::Real;
use std::marker::PhantomData;

/// h' = tanh(W_ih x + b_ih + W_hh h + b_hh). Source: `torch.nn.RNN` with `nonlinearity="tanh"`.
pub type RnnTanh = Elman<Tanh>;

/// h' = max(0, W_ih x + b_ih + W_hh h + b_hh). Source: `torch.nn.RNN` with `nonlinearity="relu"`.
pub type RnnRelu = Elman<Relu>;

/// h' = act(W_ih x + b_ih + W_hh h + b_hh).
#[derive(Clone, Copy, Debug)]
pub struct Elman<A>(PhantomData<A>);

/// What an Elman cell does to its pre-activation.
pub trait Activation: Copy + Send + Sync + 'static {
    /// Its value.
    fn value<R: Real>(pre: R) -> R;
    /// Its derivative, from its value.
    fn slope<R: Real>(value: R) -> R;
}

/// The hyperbolic tangent.
#[derive(Clone, Copy, Debug)]
pub struct Tanh;

/// max(x, 0), with slope 0 at 0 as in PyTorch.
#[derive(Clone, Copy, Debug)]
pub struct Relu;

impl Activation for Tanh {
    #[inline(always)]
    fn value<R: Real>(pre: R) -> R {
        pre.tanh()
    }

    #[inline(always)]
    fn slope<R: Real>(value: R) -> R {
        R::splat(1.0) - value * value
    }
}

impl Activation for Relu {
    #[inline(always)]
    fn value<R: Real>(pre: R) -> R {
        pre.relu()
    }

    #[inline(always)]
    fn slope<R: Real>(value: R) -> R {
        value.is_positive()
    }
}

impl<A: Activation> Cell for Elman<A> {
    const GATES: usize = 1;
    const SLOTS: usize = 1;
    const STATES: usize = 1;
    const INPUT_SLOT: [usize; 4] = [0; 4];
    const HIDDEN_SLOT: [usize; 4] = [0; 4];

    #[inline(always)]
    fn activate<R: Real>(pre: Slots<R>) -> Slots<R> {
        [A::value(pre[0]); 4]
    }

    #[inline(always)]
    fn advance<R: Real>([h, ..]: Slots<R>, [_, unused]: States<R>) -> (States<R>, Slots<R>) {
        ([h, unused], [h; 4])
    }

    #[inline(always)]
    fn backward<R: Real>(tape: Slots<R>, _: States<R>, _: States<R>, d_next: States<R>) -> (Slots<R>, States<R>) {
        let d_pre = d_next[0] * A::slope(tape[0]);
        ([d_pre; 4], [R::splat(0.0); 2])
    }
}

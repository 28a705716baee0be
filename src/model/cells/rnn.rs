//! The Elman cell. WGSL twin: `shaders/cells/rnn.wgsl`.

use super::{Cell, Real, Slots, States};

/// h' = tanh(W_ih x + b_ih + W_hh h + b_hh). Source: `torch.nn.RNN` with `nonlinearity="tanh"`.
#[derive(Clone, Copy, Debug)]
pub struct RnnTanh;

/// h' = max(0, W_ih x + b_ih + W_hh h + b_hh). Source: `torch.nn.RNN` with `nonlinearity="relu"`.
#[derive(Clone, Copy, Debug)]
pub struct RnnRelu;

impl Cell for RnnTanh {
    const GATES: usize = 1;
    const SLOTS: usize = 1;
    const STATES: usize = 1;
    const INPUT_SLOT: [usize; 4] = [0; 4];
    const HIDDEN_SLOT: [usize; 4] = [0; 4];

    #[inline(always)]
    fn forward<R: Real>(pre: Slots<R>, prev: States<R>) -> (States<R>, Slots<R>) {
        let h = pre[0].tanh();
        ([h, prev[1]], [h; 4])
    }

    #[inline(always)]
    fn backward<R: Real>(tape: Slots<R>, _: States<R>, _: States<R>, d_next: States<R>) -> (Slots<R>, States<R>) {
        let [h, ..] = tape;
        let d_pre = d_next[0] * (R::splat(1.0) - h * h);
        ([d_pre; 4], [R::splat(0.0); 2])
    }
}

impl Cell for RnnRelu {
    const GATES: usize = 1;
    const SLOTS: usize = 1;
    const STATES: usize = 1;
    const INPUT_SLOT: [usize; 4] = [0; 4];
    const HIDDEN_SLOT: [usize; 4] = [0; 4];

    #[inline(always)]
    fn forward<R: Real>(pre: Slots<R>, prev: States<R>) -> (States<R>, Slots<R>) {
        let h = pre[0].relu();
        ([h, prev[1]], [h; 4])
    }

    #[inline(always)]
    fn backward<R: Real>(tape: Slots<R>, _: States<R>, _: States<R>, d_next: States<R>) -> (Slots<R>, States<R>) {
        let [h, ..] = tape;
        let d_pre = d_next[0] * h.is_positive();
        ([d_pre; 4], [R::splat(0.0); 2])
    }
}

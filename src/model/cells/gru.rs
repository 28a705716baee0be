//! Gated recurrent unit (Cho et al. 2014, arXiv 1406.1078, version 1: the reset gate acts after the recurrent product,
//! as in PyTorch and cuDNN). WGSL twin: `shaders/cells/gru.wgsl`.

use super::cell::{Cell, Slots, States};
use super::real::Real;

/// r, z = sigmoid(..); q = W_hn h + b_hn; n = tanh(W_in x + b_in + r q); h' = (1 - z) n + z h. Source: `torch.nn.GRU`,
/// gate order r, z, n. The slots are r, z, n, q: the recurrent half of gate n is kept apart.
#[derive(Clone, Copy, Debug)]
pub struct Gru;

impl Cell for Gru {
    const GATES: usize = 3;
    const SLOTS: usize = 4;
    const STATES: usize = 1;
    const INPUT_SLOT: [usize; 4] = [0, 1, 2, 0];
    const HIDDEN_SLOT: [usize; 4] = [0, 1, 3, 0];

    #[inline(always)]
    fn activate<R: Real>([r, z, n, q]: Slots<R>) -> Slots<R> {
        [r.sigmoid(), z.sigmoid(), n, q]
    }

    #[inline(always)]
    fn advance<R: Real>([r, z, n, q]: Slots<R>, [h, unused]: States<R>) -> (States<R>, Slots<R>) {
        let n = (n + r * q).tanh();
        ([n + z * (h - n), unused], [r, z, n, q])
    }

    #[inline(always)]
    fn backward<R: Real>(
        [r, z, n, q]: Slots<R>,
        [h, _]: States<R>,
        _: States<R>,
        [d_h, _]: States<R>,
    ) -> (Slots<R>, States<R>) {
        let one = R::splat(1.0);
        let d_n = d_h * (one - z) * (one - n * n);
        let d_z = d_h * (h - n) * z * (one - z);
        let d_r = d_n * q * r * (one - r);
        ([d_r, d_z, d_n, d_n * r], [d_h * z, R::splat(0.0)])
    }
}

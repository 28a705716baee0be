//! Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).
//! WGSL twin: `shaders/cells/lstm.wgsl`.

use super::cell::{Cell, Slots, States};
use super::real::Real;

/// i, f, o = sigmoid(..), g = tanh(..); c' = f c + i g; h' = o tanh(c'). Source: `torch.nn.LSTM`, gate order i, f, g,
/// o.
#[derive(Clone, Copy, Debug)]
pub struct Lstm;

impl Cell for Lstm {
    const GATES: usize = 4;
    const SLOTS: usize = 4;
    const STATES: usize = 2;
    const INPUT_SLOT: [usize; 4] = [0, 1, 2, 3];
    const HIDDEN_SLOT: [usize; 4] = [0, 1, 2, 3];

    #[inline(always)]
    fn activate<R: Real>([i, f, g, o]: Slots<R>) -> Slots<R> {
        [i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()]
    }

    #[inline(always)]
    fn advance<R: Real>([i, f, g, o]: Slots<R>, [_, c]: States<R>) -> (States<R>, Slots<R>) {
        let c = f * c + i * g;
        ([o * c.tanh(), c], [i, f, g, o])
    }

    #[inline(always)]
    fn backward<R: Real>(
        [i, f, g, o]: Slots<R>,
        [_, c_prev]: States<R>,
        [_, c]: States<R>,
        [d_h, d_c]: States<R>,
    ) -> (Slots<R>, States<R>) {
        let one = R::splat(1.0);
        let tanh_c = c.tanh();
        let d_c = d_c + d_h * o * (one - tanh_c * tanh_c);
        let d_i = d_c * g * i * (one - i);
        let d_f = d_c * c_prev * f * (one - f);
        let d_g = d_c * i * (one - g * g);
        let d_o = d_h * tanh_c * o * (one - o);
        ([d_i, d_f, d_g, d_o], [R::splat(0.0), d_c * f])
    }
}

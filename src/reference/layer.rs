//! One layer in one direction: the scan of a cell over time, and the scan back.

use crate::model::LayerRanges;
use crate::model::cells::{Cell, MAX_SLOTS, Number, Slots, States};

/// One layer in one direction, for one batch shape. The scan takes its T steps in the order k = 0, 1, ..; with n the
/// length of a row, step k reads the row's time k, or n-1-k where the direction is `reverse`. A row has ended at step
/// n: from there on its state stays as it is. Source: `torch.nn.utils.rnn.pack_padded_sequence`.
pub(super) struct Layer<'a, R> {
    /// Batch rows (B).
    pub rows: usize,
    /// Time steps (T).
    pub steps: usize,
    /// The length of each row, `[B]`, from 1 to T.
    pub lengths: &'a [usize],
    /// Features of this layer's input (I; D*H above the first layer).
    pub inputs: usize,
    /// Hidden units (H).
    pub hidden: usize,
    /// Whether the scan runs backwards in time.
    pub reverse: bool,
    /// The whole parameter block.
    pub parameters: &'a [R],
    /// Where this layer and direction lie in it.
    pub ranges: &'a LayerRanges,
}

/// What the forward scan leaves for the backward one.
pub(super) struct Tape<R> {
    /// States before step k at index k, the final ones at index T: [T+1, S, B, H].
    pub states: Vec<R>,
    /// The cell's tape at step k: [T, slots, B, H].
    pub slots: Vec<R>,
}

impl<R: Number> Layer<'_, R> {
    /// The time that step `k` of the scan reads of row `b`; none where the row has ended.
    pub fn time(&self, k: usize, b: usize) -> Option<usize> {
        let length = self.lengths[b];
        (k < length).then(|| if self.reverse { length - 1 - k } else { k })
    }

    /// Index of state `s` before step `k`, row `b`, unit `j`, in [`Tape::states`].
    pub fn state<C: Cell>(&self, k: usize, s: usize, b: usize, j: usize) -> usize {
        ((k * C::STATES + s) * self.rows + b) * self.hidden + j
    }

    /// Index of slot `slot` at step `k`, row `b`, unit `j`, in [`Tape::slots`].
    fn slot<C: Cell>(&self, k: usize, slot: usize, b: usize, j: usize) -> usize {
        ((k * C::SLOTS + slot) * self.rows + b) * self.hidden + j
    }

    /// The scan, from `x` [B, T, I] and the initial states [S, B, H]. At each step, for gate g and unit j, with
    /// row = g*H + j:
    ///
    /// ```text
    /// pre[INPUT_SLOT[g]]  += b_ih[row] + sum_i W_ih[row, i] x[b, t, i]
    /// pre[HIDDEN_SLOT[g]] += b_hh[row] + sum_i W_hh[row, i] h_prev[b, i]
    /// next, tape = cell(pre, prev)
    /// ```
    ///
    /// Source: `torch.nn.RNN`, `torch.nn.LSTM`, `torch.nn.GRU`.
    pub fn forward<C: Cell>(&self, x: &[R], initial: &[R]) -> Tape<R> {
        let w_ih = &self.parameters[self.ranges.weight_ih.clone()];
        let w_hh = &self.parameters[self.ranges.weight_hh.clone()];
        let b_ih = &self.parameters[self.ranges.bias_ih.clone()];
        let b_hh = &self.parameters[self.ranges.bias_hh.clone()];
        let mut states = initial.to_vec();
        states.resize((self.steps + 1) * initial.len(), R::ZERO);
        let mut slots = vec![R::ZERO; self.steps * C::SLOTS * self.rows * self.hidden];

        for k in 0..self.steps {
            for b in 0..self.rows {
                let Some(t) = self.time(k, b) else {
                    for s in 0..C::STATES {
                        for j in 0..self.hidden {
                            states[self.state::<C>(k + 1, s, b, j)] = states[self.state::<C>(k, s, b, j)];
                        }
                    }
                    continue;
                };
                for j in 0..self.hidden {
                    let mut pre = [R::ZERO; MAX_SLOTS];
                    for g in 0..C::GATES {
                        let row = g * self.hidden + j;
                        let mut from_input = b_ih[row];
                        for i in 0..self.inputs {
                            from_input += w_ih[row * self.inputs + i] * x[(b * self.steps + t) * self.inputs + i];
                        }
                        let mut from_hidden = b_hh[row];
                        for i in 0..self.hidden {
                            from_hidden += w_hh[row * self.hidden + i] * states[self.state::<C>(k, 0, b, i)];
                        }
                        pre[C::INPUT_SLOT[g]] += from_input;
                        pre[C::HIDDEN_SLOT[g]] += from_hidden;
                    }
                    let (next, tape) = C::forward(pre, self.states_at::<C>(&states, k, b, j));
                    for s in 0..C::STATES {
                        states[self.state::<C>(k + 1, s, b, j)] = next[s];
                    }
                    for slot in 0..C::SLOTS {
                        slots[self.slot::<C>(k, slot, b, j)] = tape[slot];
                    }
                }
            }
        }
        Tape { states, slots }
    }

    /// The scan back, from `d_h` (b, t, j), the gradient that reaches h at time t from above, and `d_final`, that of the
    /// final states, [S, B, H]. Adds to `d_parameters` (the whole block) and to `d_x` [B, T, I], and gives the gradient
    /// of the initial states, [S, B, H]. At each step, last first, with delta the gradient of the slots; where a row has
    /// ended, d_prev is d_next:
    ///
    /// ```text
    /// delta, d_prev = cell_backward(tape, prev, next, d_next + d_h)
    /// d_W_ih[row, i] += delta[INPUT_SLOT[g]]  x[b, t, i]      d_b_ih[row] += delta[INPUT_SLOT[g]]
    /// d_W_hh[row, i] += delta[HIDDEN_SLOT[g]] h_prev[b, i]    d_b_hh[row] += delta[HIDDEN_SLOT[g]]
    /// d_x[b, t, i]   += delta[INPUT_SLOT[g]]  W_ih[row, i]
    /// d_prev.h[b, i] += delta[HIDDEN_SLOT[g]] W_hh[row, i]
    /// ```
    ///
    /// Source: backpropagation through time, Werbos 1990, doi 10.1109/5.58337.
    pub fn backward<C: Cell>(
        &self,
        x: &[R],
        tape: &Tape<R>,
        d_final: Vec<R>,
        d_h: impl Fn(usize, usize, usize) -> R,
        d_parameters: &mut [R],
        d_x: &mut [R],
    ) -> Vec<R> {
        let w_ih = &self.parameters[self.ranges.weight_ih.clone()];
        let w_hh = &self.parameters[self.ranges.weight_hh.clone()];
        let mut d_w_ih = vec![R::ZERO; w_ih.len()];
        let mut d_w_hh = vec![R::ZERO; w_hh.len()];
        let mut d_b_ih = vec![R::ZERO; self.ranges.bias_ih.len()];
        let mut d_b_hh = vec![R::ZERO; self.ranges.bias_hh.len()];
        let mut d_next = d_final;

        for k in (0..self.steps).rev() {
            let mut d_prev = vec![R::ZERO; d_next.len()];
            for b in 0..self.rows {
                let Some(t) = self.time(k, b) else {
                    for s in 0..C::STATES {
                        for j in 0..self.hidden {
                            d_prev[self.state::<C>(0, s, b, j)] = d_next[self.state::<C>(0, s, b, j)];
                        }
                    }
                    continue;
                };
                for j in 0..self.hidden {
                    let slots = self.slots_at::<C>(&tape.slots, k, b, j);
                    let prev = self.states_at::<C>(&tape.states, k, b, j);
                    let next = self.states_at::<C>(&tape.states, k + 1, b, j);
                    let mut d_states = self.states_at::<C>(&d_next, 0, b, j);
                    d_states[0] += d_h(b, t, j);

                    let (delta, direct) = C::backward(slots, prev, next, d_states);
                    for s in 0..C::STATES {
                        d_prev[self.state::<C>(0, s, b, j)] += direct[s];
                    }
                    for g in 0..C::GATES {
                        let row = g * self.hidden + j;
                        let to_input = delta[C::INPUT_SLOT[g]];
                        let to_hidden = delta[C::HIDDEN_SLOT[g]];
                        d_b_ih[row] += to_input;
                        for i in 0..self.inputs {
                            d_w_ih[row * self.inputs + i] += to_input * x[(b * self.steps + t) * self.inputs + i];
                            d_x[(b * self.steps + t) * self.inputs + i] += to_input * w_ih[row * self.inputs + i];
                        }
                        d_b_hh[row] += to_hidden;
                        for i in 0..self.hidden {
                            d_w_hh[row * self.hidden + i] += to_hidden * tape.states[self.state::<C>(k, 0, b, i)];
                            d_prev[self.state::<C>(0, 0, b, i)] += to_hidden * w_hh[row * self.hidden + i];
                        }
                    }
                }
            }
            d_next = d_prev;
        }

        d_parameters[self.ranges.weight_ih.clone()].copy_from_slice(&d_w_ih);
        d_parameters[self.ranges.weight_hh.clone()].copy_from_slice(&d_w_hh);
        d_parameters[self.ranges.bias_ih.clone()].copy_from_slice(&d_b_ih);
        d_parameters[self.ranges.bias_hh.clone()].copy_from_slice(&d_b_hh);
        d_next
    }

    /// The states of one unit at index `k` of `states` [.., S, B, H], as the cell wants them.
    fn states_at<C: Cell>(&self, states: &[R], k: usize, b: usize, j: usize) -> States<R> {
        std::array::from_fn(|s| if s < C::STATES { states[self.state::<C>(k, s, b, j)] } else { R::ZERO })
    }

    /// The slots of one unit at step `k`, as the cell wants them.
    fn slots_at<C: Cell>(&self, slots: &[R], k: usize, b: usize, j: usize) -> Slots<R> {
        std::array::from_fn(|slot| if slot < C::SLOTS { slots[self.slot::<C>(k, slot, b, j)] } else { R::ZERO })
    }
}

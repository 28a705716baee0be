//! A network over segments of time, by two passes of its recurrent layers: one over the segments, and one of a single
//! step for each segment of the horizon, all from the states that the first ends with.

use super::network::{Network, Pass};
use super::results::{Gradients, Outputs};
use crate::model::cells::Number;
use crate::model::{Layout, SegmentRanges, Segments, Spec};

/// What the forward pass leaves for the backward one.
pub(super) struct Passes<R> {
    pub outputs: Outputs<R>,
    /// The values of each segment, [B, N, w*I], zero before a row's beginning and where it has ended.
    values: Vec<R>,
    /// What is made of them, [B, N, H].
    embedded: Vec<R>,
    encoder: Pass<R>,
    decoder: Pass<R>,
    /// The top hidden states of the decoder that were not dropped, [B, M, H].
    decoded: Vec<R>,
}

/// What both passes need of the whole network.
struct Shape<'a> {
    segments: Segments,
    ranges: &'a SegmentRanges,
    recurrent: Spec,
    /// Segments of the longest row (N).
    count: usize,
    /// Segments of each row.
    lengths: Vec<usize>,
    /// Segments of the horizon (M).
    positions: usize,
    /// Values of a segment of the horizon (w*F).
    width: usize,
}

impl<'a> Shape<'a> {
    fn new<R: Number>(network: &'a Network<R>) -> Self {
        let (spec, segments) = (network.spec, network.spec.segments.expect("a network over segments"));
        Shape {
            segments,
            ranges: network.layout.segments().expect("a network over segments"),
            recurrent: spec.recurrent(),
            count: network.steps.div_ceil(segments.steps),
            lengths: network.lengths.iter().map(|length| length.div_ceil(segments.steps)).collect(),
            positions: spec.positions(),
            width: segments.steps * segments.targets,
        }
    }

    /// Calls `show` for each value of each segment: with its row, its segment, its place in it, and its place in x.
    fn each_value<R: Number>(&self, network: &Network<R>, mut show: impl FnMut(usize, usize, usize, usize)) {
        let (w, input) = (self.segments.steps, network.spec.input);
        for (b, (&segments, &length)) in self.lengths.iter().zip(&network.lengths).enumerate() {
            let before = segments * w - length;
            for t in 0..length {
                for i in 0..input {
                    let (segment, step) = ((t + before) / w, (t + before) % w);
                    show(b, segment, step * input + i, (b * network.steps + t) * input + i);
                }
            }
        }
    }

    fn encoder<R: Number>(&self, network: &Network<R>, x: Vec<R>) -> Network<R> {
        let (rows, lengths, initial) = (network.rows, self.lengths.clone(), network.initial.clone());
        self.of(network, rows, self.count, lengths, x, initial)
    }

    fn decoder<R: Number>(&self, network: &Network<R>, states: &[R]) -> Network<R> {
        let (rows, hidden, features) = (network.rows * self.positions, network.spec.hidden, network.spec.statics());
        let positions = &network.parameters[self.ranges.positions.clone()];
        let weight = &network.parameters[self.ranges.statics.clone()];
        let mut x = positions.repeat(network.rows);
        for (n, value) in x.iter_mut().enumerate() {
            let (b, j) = (n / (self.positions * hidden), n % hidden);
            (0..features).for_each(|k| *value += weight[j * features + k] * network.statics[b * features + k]);
        }
        let repeated = states.chunks_exact(network.spec.hidden).flat_map(|state| vec![state; self.positions]);
        let initial = repeated.flatten().copied().collect();
        self.of(network, rows, 1, vec![1; rows], x, initial)
    }

    fn of<R: Number>(
        &self,
        network: &Network<R>,
        rows: usize,
        steps: usize,
        lengths: Vec<usize>,
        x: Vec<R>,
        initial: Vec<R>,
    ) -> Network<R> {
        let parameters = network.parameters[network.layout.recurrent()].to_vec();
        let (spec, layout) = (self.recurrent, Layout::new(&self.recurrent));
        Network { spec, layout, parameters, rows, steps, lengths, x, statics: Vec::new(), initial, mask: network.mask }
    }

    /// Multiplies what the decoder gives, or its gradient, [B, M, H], by the mask of what stands above the last layer.
    fn drop_units<R: Number>(&self, network: &Network<R>, decoded: &mut [R]) {
        let (layer, hidden) = (self.recurrent.layers as u32 - 1, self.recurrent.hidden);
        for (n, value) in decoded.iter_mut().enumerate() {
            let factor = network.mask.factor(layer, (n / hidden) as u32, 0, (n % hidden) as u32);
            *value = *value * R::exact(factor);
        }
    }

    /// Calls `show` for each output, with its place in [B, O], its place in [B, M], and that in a segment.
    fn each_output<R: Number>(&self, network: &Network<R>, mut show: impl FnMut(usize, usize, usize)) {
        let outputs = network.spec.outputs();
        for n in 0..network.rows * outputs {
            let (b, o) = (n / outputs, n % outputs);
            show(n, b * self.positions + o / self.width, o % self.width);
        }
    }
}

/// ```text
/// e[b, n, j] = relu(b_e[j] + sum_k W_e[j, k] segment[b, n, k])
/// h_n        = layers(e)
/// d[b, m]    = layers(position[m] + W_s c[b], from h_n[b])
/// y[b, m, r] = b_y[r] + sum_j W_y[r, j] drop(d)[b, m, j]
/// ```
pub(super) fn forward<R: Number>(network: &Network<R>) -> Passes<R> {
    let shape = Shape::new(network);
    let (hidden, input) = (network.spec.hidden, shape.segments.steps * network.spec.input);
    let mut values = vec![R::ZERO; network.rows * shape.count * input];
    shape.each_value(network, |b, n, k, x| values[(b * shape.count + n) * input + k] = network.x[x]);
    let weight = &network.parameters[shape.ranges.embedding_weight.clone()];
    let bias = &network.parameters[shape.ranges.embedding_bias.clone()];
    let mut embedded = Vec::new();
    for segment in values.chunks_exact(input) {
        for j in 0..hidden {
            let mut sum = bias[j];
            segment.iter().zip(&weight[j * input..]).for_each(|(&value, &w)| sum += w * value);
            embedded.push(sum.relu());
        }
    }
    let encoder = shape.encoder(network, embedded.clone()).pass();
    let decoder = shape.decoder(network, &encoder.outputs.states).pass();
    let mut decoded = decoder.outputs.y.clone();
    shape.drop_units(network, &mut decoded);
    let weight = &network.parameters[network.layout.head_weight()];
    let bias = &network.parameters[network.layout.head_bias()];
    let mut y = vec![R::ZERO; network.rows * network.spec.outputs()];
    shape.each_output(network, |o, m, r| {
        let mut sum = bias[r];
        (0..hidden).for_each(|j| sum += weight[r * hidden + j] * decoded[m * hidden + j]);
        y[o] = sum;
    });
    let outputs = Outputs { y, states: encoder.outputs.states.clone() };
    Passes { outputs, values, embedded, encoder, decoder, decoded }
}

/// The way back over both passes.
pub(super) fn backward<R: Number>(network: &Network<R>, passes: &Passes<R>, d_outputs: &Outputs<R>) -> Gradients<R> {
    let shape = Shape::new(network);
    let (hidden, input) = (network.spec.hidden, shape.segments.steps * network.spec.input);
    let mut d_parameters = vec![R::ZERO; network.parameters.len()];
    let (d_weight, d_bias) = (network.layout.head_weight().start, network.layout.head_bias().start);
    let weight = &network.parameters[network.layout.head_weight()];
    let mut d_decoded = vec![R::ZERO; passes.decoded.len()];
    shape.each_output(network, |o, m, r| {
        let d = d_outputs.y[o];
        d_parameters[d_bias + r] += d;
        for j in 0..hidden {
            d_parameters[d_weight + r * hidden + j] += d * passes.decoded[m * hidden + j];
            d_decoded[m * hidden + j] += d * weight[r * hidden + j];
        }
    });
    shape.drop_units(network, &mut d_decoded);

    let decoder = shape.decoder(network, &passes.encoder.outputs.states);
    let none = vec![R::ZERO; passes.decoder.outputs.states.len()];
    let back = decoder.back(&passes.decoder, Outputs { y: d_decoded, states: none });
    let positions = &mut d_parameters[shape.ranges.positions.clone()];
    let len = positions.len();
    back.x.iter().enumerate().for_each(|(n, &d)| positions[n % len] += d);
    let (first, features) = (shape.ranges.statics.start, network.spec.statics());
    for (n, &d) in back.x.iter().enumerate() {
        let (b, j) = (n / len, n % hidden);
        (0..features).for_each(|k| d_parameters[first + j * features + k] += d * network.statics[b * features + k]);
    }
    let mut d_states = d_outputs.states.clone();
    for (n, state) in back.states.chunks_exact(hidden).enumerate() {
        let first = n / shape.positions * hidden;
        d_states[first..first + hidden].iter_mut().zip(state).for_each(|(sum, &d)| *sum += d);
    }
    let recurrent = network.layout.recurrent();
    d_parameters[recurrent.clone()].copy_from_slice(&back.parameters);

    let encoder = shape.encoder(network, passes.embedded.clone());
    let none = vec![R::ZERO; passes.encoder.outputs.y.len()];
    let back = encoder.back(&passes.encoder, Outputs { y: none, states: d_states });
    d_parameters[recurrent].iter_mut().zip(&back.parameters).for_each(|(sum, &d)| *sum += d);
    let weight = &network.parameters[shape.ranges.embedding_weight.clone()];
    let (d_weight, d_bias) = (shape.ranges.embedding_weight.start, shape.ranges.embedding_bias.start);
    let mut d_values = vec![R::ZERO; passes.values.len()];
    for (n, (&d, &value)) in back.x.iter().zip(&passes.embedded).enumerate() {
        let (j, segment, d) = (n % hidden, n / hidden * input, d * value.is_positive());
        d_parameters[d_bias + j] += d;
        for k in 0..input {
            d_parameters[d_weight + j * input + k] += d * passes.values[segment + k];
            d_values[segment + k] += d * weight[j * input + k];
        }
    }
    let mut d_x = vec![R::ZERO; network.x.len()];
    shape.each_value(network, |b, n, k, x| d_x[x] = d_values[(b * shape.count + n) * input + k]);
    Gradients { parameters: d_parameters, x: d_x, states: back.states }
}

//! The two passes of a network over segments, and the way back over them.

use super::linear::Linear;
use super::shape::{Rows, Shape};
use crate::data::Sequences;
use crate::engine::{Engine, Gradients, OutputGradients, Outputs};
use crate::error::Result;
use crate::model::{Dropout, Layout, SegmentRanges, Spec};

/// What a recorded pass left for the way back.
#[derive(Debug)]
pub struct SegmentedTape<T> {
    shape: Shape,
    dropout: Dropout,
    /// The values of each segment, [B, N, w*I].
    values: Vec<f32>,
    /// What was made of them, [B, N, H].
    embedded: Vec<f32>,
    /// The static features of each row, [B, C].
    statics: Vec<f32>,
    encoder: T,
    decoder: T,
    /// What the head has read, [B, M, H].
    decoded: Vec<f32>,
}

impl<T> SegmentedTape<T> {
    /// B.
    pub(super) fn rows(&self) -> usize {
        self.shape.rows
    }
}

/// What the passes go through.
pub(super) struct Way<'a, E> {
    pub engine: &'a mut E,
    pub spec: &'a Spec,
    pub layout: &'a Layout,
    pub parameters: &'a [f32],
}

impl<'a, E: Engine> Way<'a, E> {
    /// As in inference: nothing is dropped.
    pub async fn forward(self, rows: &Rows<'_>, states: Option<&[f32]>) -> Result<Outputs> {
        let shape = Shape::new(self.spec, rows);
        let embedded = self.embed(&shape, &shape.split(rows));
        let Outputs { states, .. } = self.engine.forward(&encoder(&shape, &embedded, states)).await?;
        let Outputs { y, .. } = self.engine.forward(&self.decoder(&shape, &states, &rows.statics())).await?;
        Ok(Outputs { y: shape.cut(&self.head(&shape).forward(&y)), states })
    }

    /// With the tape of the way back.
    pub async fn record(
        self,
        rows: &Rows<'_>,
        states: Option<&[f32]>,
        dropout: &Dropout,
    ) -> Result<(Outputs, SegmentedTape<E::Tape>)> {
        let shape = Shape::new(self.spec, rows);
        let values = shape.split(rows);
        let embedded = self.embed(&shape, &values);
        let (Outputs { states, .. }, encoder) =
            self.engine.record(&encoder(&shape, &embedded, states), dropout).await?;
        let statics = rows.statics().into_owned();
        let decoded = self.decoder(&shape, &states, &statics);
        let (Outputs { y: mut decoded, .. }, decoder) = self.engine.record(&decoded, dropout).await?;
        self.drop_units(dropout, &mut decoded);
        let y = shape.cut(&self.head(&shape).forward(&decoded));
        let tape = SegmentedTape { shape, dropout: *dropout, values, embedded, statics, encoder, decoder, decoded };
        Ok((Outputs { y, states }, tape))
    }

    /// The way back from these gradients of outputs and final states.
    pub async fn backward(
        self,
        tape: SegmentedTape<E::Tape>,
        d_outputs: OutputGradients<'_>,
        with_x: bool,
    ) -> Result<Gradients> {
        let SegmentedTape { shape, dropout, values, embedded, statics, encoder, decoder, decoded } = tape;
        let mut gradients = vec![0.0; self.layout.len()];
        let y = shape.fill(d_outputs.y);
        let (weight, bias) = gradients.split_at_mut(self.layout.head_bias().start);
        let weight = &mut weight[self.layout.head_weight()];
        let mut d_decoded = self.head(&shape).backward(&decoded, &y, weight, bias);
        self.drop_units(&dropout, &mut d_decoded);

        let given = OutputGradients { y: &d_decoded, states: &[] };
        let of_decoder = self.engine.backward(decoder, given, true).await?;
        let ranges = self.ranges();
        let positions = &mut gradients[ranges.positions.clone()];
        for row in of_decoder.x.chunks_exact(positions.len()) {
            positions.iter_mut().zip(row).for_each(|(sum, &d)| *sum += d);
        }
        if !statics.is_empty() {
            // Of each row, over its positions.
            let mut d_statics = vec![0.0; shape.rows * shape.hidden];
            for (n, row) in of_decoder.x.chunks_exact(shape.hidden).enumerate() {
                let sums = &mut d_statics[n / shape.positions * shape.hidden..][..shape.hidden];
                sums.iter_mut().zip(row).for_each(|(sum, &d)| *sum += d);
            }
            let weight = &mut gradients[ranges.statics.clone()];
            self.of_statics().add_weight_gradient(&statics, &d_statics, weight);
        }
        // Of each row's states, over its positions.
        let mut d_states = match d_outputs.states {
            [] => vec![0.0; of_decoder.states.len() / shape.positions],
            states => states.to_vec(),
        };
        let of_state = of_decoder.states.chunks_exact(shape.positions * shape.hidden);
        for (d_state, copies) in d_states.chunks_exact_mut(shape.hidden).zip(of_state) {
            for copy in copies.chunks_exact(shape.hidden) {
                d_state.iter_mut().zip(copy).for_each(|(sum, &d)| *sum += d);
            }
        }

        let given = OutputGradients { y: &[], states: &d_states };
        let Gradients { parameters, x: mut d_embedded, states } = self.engine.backward(encoder, given, true).await?;
        let recurrent = gradients[self.layout.recurrent()].iter_mut();
        recurrent.zip(of_decoder.parameters.iter().zip(&parameters)).for_each(|(sum, (a, b))| *sum = a + b);
        // The slope of relu; NaN stays NaN.
        let slope = |(d, &value): (&mut f32, &f32)| *d = if value > 0.0 { *d } else { *d * value * 0.0 };
        d_embedded.iter_mut().zip(&embedded).for_each(slope);
        let (weight, bias) = gradients.split_at_mut(ranges.embedding_bias.start);
        let (weight, bias) = (&mut weight[ranges.embedding_weight.clone()], &mut bias[..shape.hidden]);
        let d_values = self.embedding(&shape).backward(&values, &d_embedded, weight, bias);
        let x = if with_x { shape.join(&d_values) } else { Vec::new() };
        Ok(Gradients { parameters: gradients, x, states })
    }

    fn ranges(&self) -> &'a SegmentRanges {
        self.layout.segments().expect("a network over segments")
    }

    fn embedding(&self, shape: &Shape) -> Linear<'a> {
        let (ranges, parameters) = (self.ranges(), self.parameters);
        let weight = &parameters[ranges.embedding_weight.clone()];
        Linear { inputs: shape.input, outputs: shape.hidden, weight, bias: &parameters[ranges.embedding_bias.clone()] }
    }

    fn of_statics(&self) -> Linear<'a> {
        let weight = &self.parameters[self.ranges().statics.clone()];
        Linear { inputs: self.spec.statics(), outputs: self.spec.hidden, weight, bias: &[] }
    }

    fn head(&self, shape: &Shape) -> Linear<'a> {
        let weight = &self.parameters[self.layout.head_weight()];
        let bias = &self.parameters[self.layout.head_bias()];
        Linear { inputs: shape.hidden, outputs: shape.output, weight, bias }
    }

    /// relu(W s + b) of every segment.
    fn embed(&self, shape: &Shape, values: &[f32]) -> Vec<f32> {
        let mut embedded = self.embedding(shape).forward(values);
        // NaN passes.
        embedded.iter_mut().for_each(|value| *value = if *value < 0.0 { 0.0 } else { *value });
        embedded
    }

    /// One step for each position of each row, from the states that the row ends with.
    fn decoder(&self, shape: &Shape, states: &[f32], statics: &[f32]) -> Sequences<'static> {
        let mut x = self.parameters[self.ranges().positions.clone()].repeat(shape.rows);
        if !statics.is_empty() {
            let embedded = self.of_statics().forward(statics);
            let rows = x.chunks_exact_mut(shape.positions * shape.hidden).zip(embedded.chunks_exact(shape.hidden));
            for (x, embedded) in rows {
                x.iter_mut().zip(embedded.iter().cycle()).for_each(|(x, embedded)| *x += embedded);
            }
        }
        let copies = states.chunks_exact(shape.hidden).flat_map(|state| std::iter::repeat_n(state, shape.positions));
        let states = Some(copies.flatten().copied().collect());
        Sequences { states, ..Sequences::new(shape.rows * shape.positions, 1, x) }
    }

    /// Multiplies what the decoder gives, or its gradient, [B, M, H], by the mask of what stands above the last layer.
    fn drop_units(&self, dropout: &Dropout, decoded: &mut [f32]) {
        if dropout.p == 0.0 {
            return;
        }
        let (mask, layer) = (dropout.mask(), self.spec.layers as u32 - 1);
        for (row, units) in decoded.chunks_exact_mut(self.spec.hidden).enumerate() {
            for (unit, value) in units.iter_mut().enumerate() {
                *value *= mask.factor(layer, row as u32, 0, unit as u32) as f32;
            }
        }
    }
}

/// The segments as the recurrent layers take them.
fn encoder<'a>(shape: &Shape, embedded: &'a [f32], states: Option<&[f32]>) -> Sequences<'a> {
    let sequences = Sequences::new(shape.rows, shape.segments, embedded);
    Sequences { states: states.map(<[f32]>::to_vec), lengths: shape.lengths.clone(), ..sequences }
}

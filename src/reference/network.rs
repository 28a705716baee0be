//! The network over the steps of a batch: layers over layers, the head, and the way back.

use super::head::Head;
use super::layer::{Layer, Tape};
use super::results::{Gradients, Outputs};
use super::sequences::Sequences;
use crate::error::{Error, Result};
use crate::model::cells::{Cell, Number};
use crate::model::{CellVisitor, Dropout, Layout, Mask, Spec};

/// A network over a batch, all lengths checked.
pub(super) struct Network<R> {
    pub spec: Spec,
    pub layout: Layout,
    pub parameters: Vec<R>,
    pub rows: usize,
    pub steps: usize,
    /// The length of each row, `[B]`: T where none are given.
    pub lengths: Vec<usize>,
    pub x: Vec<R>,
    /// [B, C].
    pub statics: Vec<R>,
    /// [S, L*D, B, H].
    pub initial: Vec<R>,
    /// What is dropped between the layers.
    pub mask: Mask,
}

/// What the forward pass leaves for the backward one.
pub(super) struct Pass<R> {
    pub outputs: Outputs<R>,
    /// Of each layer and direction, index layer*D + direction.
    tapes: Vec<Tape<R>>,
    /// The input of each layer, then the output of the topmost: L+1 tensors, [B, T, I] and [B, T, D*H].
    between: Vec<Vec<R>>,
}

impl<R: Number> Network<R> {
    pub fn new(spec: &Spec, parameters: &[f64], sequences: &Sequences, dropout: &Dropout) -> Result<Self> {
        spec.validate()?;
        dropout.check()?;
        let &Sequences { rows, steps, ref x, ref states, ref lengths, ref statics } = sequences;
        for (name, size) in [("rows", rows), ("steps", steps)] {
            if size == 0 {
                return Err(Error::config(name, size, "at least 1"));
            }
        }
        let layout = Layout::new(spec);
        Error::check_len("parameters", &[("block", layout.len())], parameters.len())?;
        Error::check_len("x", &[("B", rows), ("T", steps), ("I", spec.input)], x.len())?;
        Error::check_len("static features", &[("B", rows), ("C", spec.statics())], statics.len())?;
        let lengths = match lengths {
            None => vec![steps; rows],
            Some(lengths) => {
                Error::check_len("lengths", &[("B", rows)], lengths.len())?;
                if let Some(b) = (0..rows).find(|&b| !(1..=steps).contains(&lengths[b])) {
                    let expected = format!("a length from 1 to {steps}, the number of time steps");
                    return Err(Error::config("a row's length", format!("{} (row {b})", lengths[b]), expected));
                }
                lengths.clone()
            }
        };
        let facts = spec.facts();
        let shape = [("S", facts.states), ("L*D", spec.layers * spec.directions()), ("B", rows), ("H", spec.hidden)];
        let initial = match states {
            None => vec![R::ZERO; spec.state_len() * rows],
            Some(states) => {
                Error::check_len("states", &shape, states.len())?;
                exact(states)
            }
        };
        let (parameters, x, statics) = (exact(parameters), exact(x), exact(statics));
        let (spec, mask) = (*spec, dropout.mask());
        Ok(Network { spec, layout, parameters, rows, steps, lengths, x, statics, initial, mask })
    }

    /// The forward pass over the steps.
    pub fn pass(&self) -> Pass<R> {
        self.spec.cell.visit(Forward(self))
    }

    /// The backward pass over the steps.
    pub fn back(&self, pass: &Pass<R>, d_outputs: Outputs<R>) -> Gradients<R> {
        self.spec.cell.visit(Backward { network: self, pass, d_outputs })
    }

    fn layer(&self, layer: usize, direction: usize) -> Layer<'_, R> {
        Layer {
            rows: self.rows,
            steps: self.steps,
            lengths: &self.lengths,
            inputs: self.spec.layer_input(layer),
            hidden: self.spec.hidden,
            reverse: direction == 1,
            parameters: &self.parameters,
            ranges: &self.layout.layers()[layer * self.spec.directions() + direction],
        }
    }

    /// Multiplies the output of layer `l`, or its gradient, [B, T, D*H], by the mask. There is none above the last
    /// layer.
    fn drop_units(&self, l: usize, out: &mut [R]) {
        let (steps, top) = (self.steps, self.spec.top());
        if l + 1 == self.spec.layers {
            return;
        }
        for (n, value) in out.iter_mut().enumerate() {
            let [row, time, unit] = [n / (steps * top), n / top % steps, n % top].map(|index| index as u32);
            *value = *value * R::exact(self.mask.factor(l as u32, row, time, unit));
        }
    }

    fn head(&self) -> Head<'_> {
        Head::new(&self.spec, &self.layout, self.steps, &self.lengths)
    }

    /// Index of state `s` of layer and direction `scan`, at row 0 and unit 0, in [S, L*D, B, H].
    fn state(&self, s: usize, scan: usize) -> usize {
        (s * self.spec.layers * self.spec.directions() + scan) * self.state_len()
    }

    /// Values of one state vector of one layer and direction: B*H.
    fn state_len(&self) -> usize {
        self.rows * self.spec.hidden
    }

    /// The states [S, B, H] of one layer and direction, from [S, L*D, B, H].
    fn states_of<C: Cell>(&self, states: &[R], scan: usize) -> Vec<R> {
        (0..C::STATES).flat_map(|s| &states[self.state(s, scan)..][..self.state_len()]).copied().collect()
    }

    /// Puts the states [S, B, H] of one layer and direction into [S, L*D, B, H].
    fn put_states_of<C: Cell>(&self, states: &mut [R], scan: usize, values: &[R]) {
        for s in 0..C::STATES {
            states[self.state(s, scan)..][..self.state_len()]
                .copy_from_slice(&values[s * self.state_len()..][..self.state_len()]);
        }
    }
}

/// Values that a device is given in f32.
pub(super) fn exact<R: Number>(values: &[f64]) -> Vec<R> {
    values.iter().map(|&value| R::exact(value)).collect()
}

/// Layer by layer: the input of layer l+1 at time t is h of layer l at time t, forward direction first, then reverse;
/// zero where a row has ended, and where a unit is dropped.
struct Forward<'a, R>(&'a Network<R>);

impl<R: Number> CellVisitor for Forward<'_, R> {
    type Output = Pass<R>;

    fn visit<C: Cell>(self) -> Pass<R> {
        let network = self.0;
        let (rows, steps, hidden, top) = (network.rows, network.steps, network.spec.hidden, network.spec.top());
        let mut states = vec![R::ZERO; network.initial.len()];
        let mut tapes = Vec::new();
        let mut between = vec![network.x.clone()];
        for l in 0..network.spec.layers {
            let mut out = vec![R::ZERO; rows * steps * top];
            for direction in 0..network.spec.directions() {
                let scan = l * network.spec.directions() + direction;
                let layer = network.layer(l, direction);
                let tape = layer.forward::<C>(&between[l], &network.states_of::<C>(&network.initial, scan));
                for k in 0..steps {
                    for b in 0..rows {
                        let Some(t) = layer.time(k, b) else { continue };
                        for j in 0..hidden {
                            out[(b * steps + t) * top + direction * hidden + j] =
                                tape.states[layer.state::<C>(k + 1, 0, b, j)];
                        }
                    }
                }
                network.put_states_of::<C>(&mut states, scan, &tape.states[layer.state::<C>(steps, 0, 0, 0)..]);
                tapes.push(tape);
            }
            network.drop_units(l, &mut out);
            between.push(out);
        }
        let y = network.head().forward(&network.parameters, &between[network.spec.layers]);
        Pass { outputs: Outputs { y, states }, tapes, between }
    }
}

/// The way back: the head, then the layers from the top. Both directions of a layer add to the gradient of its input.
struct Backward<'a, R> {
    network: &'a Network<R>,
    pass: &'a Pass<R>,
    /// Gradient of the outputs and of the final states.
    d_outputs: Outputs<R>,
}

impl<R: Number> CellVisitor for Backward<'_, R> {
    type Output = Gradients<R>;

    fn visit<C: Cell>(self) -> Gradients<R> {
        let Backward { network, pass, d_outputs } = self;
        let (steps, hidden, top) = (network.steps, network.spec.hidden, network.spec.top());
        let mut d_parameters = vec![R::ZERO; network.parameters.len()];
        let mut d_initial = vec![R::ZERO; network.initial.len()];
        let top_states = &pass.between[network.spec.layers];
        let mut d_out = network.head().backward(&network.parameters, top_states, &d_outputs.y, &mut d_parameters);
        for l in (0..network.spec.layers).rev() {
            network.drop_units(l, &mut d_out);
            let mut d_in = vec![R::ZERO; pass.between[l].len()];
            for direction in 0..network.spec.directions() {
                let scan = l * network.spec.directions() + direction;
                let d_states = network.layer(l, direction).backward::<C>(
                    &pass.between[l],
                    &pass.tapes[scan],
                    network.states_of::<C>(&d_outputs.states, scan),
                    |b, t, j| d_out[(b * steps + t) * top + direction * hidden + j],
                    &mut d_parameters,
                    &mut d_in,
                );
                network.put_states_of::<C>(&mut d_initial, scan, &d_states);
            }
            d_out = d_in;
        }
        Gradients { parameters: d_parameters, x: d_out, states: d_initial }
    }
}

//! The oracle's backward passes against central differences of its forward passes: the cells' pointwise functions, and
//! whole networks, layered and in both directions, with lengths, under every loss and under dropout, with respect to
//! parameters, inputs and initial states.

mod common;

use common::assert_close;
use rand::RngExt;
use refrain::loss::{Distribution, Loss, Objective, Quantiles};
use refrain::model::cells::{Cell, MAX_SLOTS, MAX_STATES};
use refrain::model::{CellKind, CellVisitor, Dropout, Head, Layout, Readout, Spec};
use refrain::reference::{self, Sequences};
use refrain::rng::{Purpose, generator};

/// Half the distance of the two points. The error is of the order of STEP^2 times the third derivative, plus 1e-16 /
/// STEP.
const STEP: f64 = 1e-5;

/// Measured: every value within 1e-9, and terms that were left out or misplaced on purpose off by 5e-4 and more.
const TOLERANCE: f64 = 1e-8;

/// (f(.., p[n] + STEP, ..) - f(.., p[n] - STEP, ..)) / (2 STEP) for every n.
fn central_differences(point: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let at = |n: usize, step: f64| {
        let mut moved = point.to_vec();
        moved[n] += step;
        f(&moved)
    };
    (0..point.len()).map(|n| (at(n, STEP) - at(n, -STEP)) / (2.0 * STEP)).collect()
}

/// Values from U(-bound, bound) that follow the seed.
fn uniform(seed: u64, bound: f64) -> impl FnMut(usize) -> Vec<f64> {
    let mut rng = generator(seed, Purpose::Data);
    move |count| (0..count).map(|_| bound * (2.0 * rng.random::<f64>() - 1.0)).collect()
}

/// One unit of a cell at random points: the gradient of sum_s d_next[s] next[s] with respect to each slot and state.
struct Pointwise {
    kind: CellKind,
    seed: u64,
    bound: f64,
}

impl CellVisitor for Pointwise {
    type Output = ();

    fn visit<C: Cell>(self) {
        fn padded<const N: usize>(values: &[f64]) -> [f64; N] {
            std::array::from_fn(|n| values.get(n).copied().unwrap_or(f64::NAN))
        }
        let Pointwise { kind, seed, bound } = self;
        let mut draw = uniform(seed, bound);
        for point in 0..50 {
            let (pre, prev, d_next) = (draw(C::SLOTS), draw(C::STATES), draw(C::STATES));
            // What lies beyond a cell's slots and states is NaN, and may reach none of those within.
            let forward = |pre: &[f64], prev: &[f64]| C::forward::<f64>(padded(pre), padded(prev));
            let weighed = |pre: &[f64], prev: &[f64]| {
                let next: [f64; MAX_STATES] = forward(pre, prev).0;
                (0..C::STATES).map(|s| d_next[s] * next[s]).sum::<f64>()
            };
            let (next, tape): ([f64; MAX_STATES], [f64; MAX_SLOTS]) = forward(&pre, &prev);
            let (delta, direct) = C::backward::<f64>(tape, padded(&prev), next, padded(&d_next));
            let what = |of: &str| format!("{kind}, seed {seed}, bound {bound}, point {point}, gradient of the {of}");
            let tolerance = TOLERANCE * bound;
            let expected = central_differences(&pre, |pre| weighed(pre, &prev));
            assert_close(what("slots"), &delta[..C::SLOTS], &expected, tolerance, TOLERANCE);
            let expected = central_differences(&prev, |prev| weighed(&pre, prev));
            assert_close(what("states"), &direct[..C::STATES], &expected, tolerance, TOLERANCE);
        }
    }
}

#[test]
fn every_cell_pointwise() {
    for kind in CellKind::ALL {
        for (seed, bound) in [(1, 0.5), (2, 3.0), (3, 40.0)] {
            kind.visit(Pointwise { kind, seed, bound });
        }
    }
}

/// How one network is trained on one batch.
#[derive(Clone, Debug)]
struct Problem {
    spec: Spec,
    rows: usize,
    steps: usize,
    lengths: Option<Vec<usize>>,
    objective: Objective,
    seed: u64,
}

impl Problem {
    fn new(spec: Spec, rows: usize, steps: usize, seed: u64) -> Self {
        Problem { spec, rows, steps, lengths: None, objective: Objective::default(), seed }
    }

    /// The loss, from the outputs of the forward pass alone.
    fn loss(&self, parameters: &[f64], sequences: &Sequences, targets: &[f64]) -> f64 {
        let Problem { spec, objective, .. } = self;
        let y = if objective.dropout.p > 0.0 {
            let found = reference::differentiate_with(spec, parameters, sequences, targets, objective);
            found.expect("a sound network and batch").outputs.y
        } else {
            reference::forward(spec, parameters, sequences).expect("a sound network and batch").y
        };
        let (read, outputs) = (spec.read_steps(self.steps), spec.outputs());
        let width = targets.len() / (self.rows * read);
        let (mut sum, mut terms) = (0.0, 0);
        for b in 0..self.rows {
            let length = self.lengths.as_ref().map_or(self.steps, |lengths| lengths[b]);
            for at in b * read..b * read + length.min(read) {
                sum += objective.loss.value(&y[at * outputs..][..outputs], &targets[at * width..][..width]);
                terms += objective.loss.terms_of_position(outputs);
            }
        }
        sum / terms as f64
    }

    /// Targets that the loss can be measured against.
    fn targets(&self, draw: &mut impl FnMut(usize) -> Vec<f64>) -> Vec<f64> {
        let values = draw(self.rows * self.objective.loss.target_len(&self.spec, self.steps));
        let classes = self.spec.outputs() as f64;
        let target = |value: f64| match self.objective.loss {
            // The values are from -1.5 to 1.5.
            Loss::CrossEntropy => ((value + 1.5) / 3.0 * classes).floor(),
            Loss::BinaryCrossEntropy => (value + 1.5) / 3.0,
            _ => value,
        };
        values.into_iter().map(target).collect()
    }

    /// Every gradient.
    fn check(&self) {
        let &Problem { ref spec, rows, steps, seed, .. } = self;
        let parameters = uniform(seed, 0.8)(Layout::new(spec).len());
        let mut draw = uniform(seed + 1, 1.5);
        let x = draw(rows * steps * spec.input);
        let states = draw(rows * spec.state_len());
        let targets = self.targets(&mut draw);
        let sequences = Sequences {
            rows,
            steps,
            x: x.clone(),
            states: Some(states.clone()),
            lengths: self.lengths.clone(),
            statics: Vec::new(),
        };
        let found = reference::differentiate_with(spec, &parameters, &sequences, &targets, &self.objective)
            .expect("a sound network and batch");

        let what = |of: &str| format!("{self:?}, {of}");
        assert_close(what("loss"), &[found.loss], &[self.loss(&parameters, &sequences, &targets)], 0.0, 1e-14);
        let expected = central_differences(&parameters, |parameters| self.loss(parameters, &sequences, &targets));
        for tensor in Layout::new(spec).tensors() {
            let (found, expected) =
                (&found.gradients.parameters[tensor.range.clone()], &expected[tensor.range.clone()]);
            assert_close(what(&tensor.name), found, expected, TOLERANCE, TOLERANCE);
        }
        let expected = central_differences(&x, |x| {
            self.loss(&parameters, &Sequences { x: x.to_vec(), ..sequences.clone() }, &targets)
        });
        assert_close(what("x"), &found.gradients.x, &expected, TOLERANCE, TOLERANCE);
        let expected = central_differences(&states, |states| {
            self.loss(&parameters, &Sequences { states: Some(states.to_vec()), ..sequences.clone() }, &targets)
        });
        assert_close(what("states"), &found.gradients.states, &expected, TOLERANCE, TOLERANCE);
    }
}

/// Every cell and readout, for one number of layers and one or both directions.
fn check_all(layers: usize, bidirectional: bool) {
    for cell in CellKind::ALL {
        for readout in [Readout::Last, Readout::LastStep, Readout::Every] {
            let spec = Spec {
                cell,
                input: 2,
                hidden: 3,
                layers,
                bidirectional,
                head: Some(Head { outputs: 2, readout }),
                segments: None,
            };
            Problem::new(spec, 2, 5, 11).check();
            Problem::new(Spec { input: 3, hidden: 4, ..spec }, 3, 1, 13).check();
        }
    }
}

#[test]
fn one_layer() {
    check_all(1, false);
}

#[test]
fn two_layers() {
    check_all(2, false);
}

#[test]
fn both_directions() {
    check_all(1, true);
}

#[test]
fn three_layers_in_both_directions() {
    check_all(3, true);
}

/// Every cell and readout with two layers, one or both directions, a row of each length.
fn with_lengths() -> impl Iterator<Item = Problem> {
    CellKind::ALL.into_iter().flat_map(|cell| {
        [(Readout::Last, true), (Readout::Every, false), (Readout::Every, true)].map(|(readout, bidirectional)| {
            let spec = Spec {
                cell,
                input: 2,
                hidden: 3,
                layers: 2,
                bidirectional,
                head: Some(Head { outputs: 2, readout }),
                segments: None,
            };
            Problem { lengths: Some(vec![3, 1, 4]), ..Problem::new(spec, 3, 5, 17) }
        })
    })
}

#[test]
fn rows_with_lengths() {
    with_lengths().for_each(|problem| problem.check());
}

#[test]
fn dropout_with_its_mask_fixed() {
    for problem in with_lengths() {
        let dropout = Dropout { p: 0.4, seed: 5, step: 3 };
        let objective = Objective { dropout, ..problem.objective };
        Problem { objective, lengths: None, ..problem.clone() }.check();
        let spec = Spec { layers: 3, ..problem.spec };
        Problem { objective, spec, ..problem }.check();
    }
}

#[test]
fn every_loss() {
    let quantiles = Loss::Quantile(Quantiles::new(&[0.1, 0.5, 0.9]).expect("levels that rise"));
    let huber = Loss::Huber { delta: 0.5 };
    for loss in [Loss::Mse, Loss::Mae, huber, Loss::CrossEntropy, Loss::BinaryCrossEntropy, quantiles] {
        for problem in with_lengths().take(3) {
            let objective = Objective { loss, ..problem.objective };
            let spec = Spec { head: Some(Head { outputs: 3, readout: problem.spec.readout() }), ..problem.spec };
            Problem { objective, spec, lengths: None, ..problem.clone() }.check();
            Problem { objective, spec, ..problem }.check();
        }
    }
}

#[test]
fn likelihoods() {
    let [student_t, counts] = [Distribution::StudentT, Distribution::NegativeBinomial];
    // The last of each are a scale and an overdispersion at their least.
    let t = [[0.5, -1.0, 0.3], [2.0, 1.5, -4.0], [0.0, -12.0, 9.0]];
    let [mild, strong, least] = [[1.5, 0.5], [-3.0, 2.0], [0.7, -12.0]];
    let cases = t.into_iter().flat_map(|y| [0.5, -30.0].map(|target| (student_t, y.to_vec(), vec![target])));
    let counted =
        [(mild, 0.75), (mild, 0.0), (strong, 2.5), (least, 1.0)].map(|(y, t)| (counts, y.to_vec(), vec![t, 8.0]));
    for (distribution, y, target) in cases.chain(counted) {
        let expected = central_differences(&y, |y| distribution.value(y, &target));
        let found = distribution.gradient(&y, &target);
        assert_close(format!("{distribution:?} of {y:?} at {target:?}"), &found, &expected, 1e-7, 1e-7);
    }
}

#[test]
fn no_head() {
    for problem in with_lengths() {
        let spec = Spec { head: None, ..problem.spec };
        Problem { spec, lengths: None, ..problem.clone() }.check();
        Problem { spec, ..problem }.check();
    }
}

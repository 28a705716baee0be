//! The cases on which an engine is compared with the oracle: tables of networks and batches, and the numbers in them.

use crate::data::{Center, Sequences};
use crate::engine::{Outputs, Precision};
use crate::loss::{Distribution, Loss, Objective, Quantiles};
use crate::model::{CellKind, Dropout, Head, Readout, Segments, Spec, initial_parameters};
use crate::optim::{Clip, Optimizer};
use crate::rng::{Purpose, generator};
use rand::RngExt;

/// A network and a batch to compare on.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The network.
    pub spec: Spec,
    /// Batch rows (B).
    pub rows: usize,
    /// Time steps (T).
    pub steps: usize,
    /// Whether initial states are given.
    pub states: bool,
    /// Whether rows have lengths of their own.
    pub lengths: bool,
    /// What is minimised, and what is dropped.
    pub objective: Objective,
    /// The optimiser of three steps; none are taken where initial states are given.
    pub optimizer: Optimizer,
    /// The largest norm of their gradients.
    pub clip: Option<Clip>,
    /// Where the three steps are trained on windows that overlap in one series, with the horizon after each window as
    /// its target: how windows and targets are centred, in the first two features.
    pub horizon: Option<Center>,
    /// Whether states are carried (truncated BPTT): the second step begins with the final states of the first.
    pub carry: bool,
    /// How the engine stores weights and the tape.
    pub precision: Precision,
    /// What the initial weights are multiplied by: above 1, pre-activations saturate.
    pub scale: f32,
    /// The seed of weights, inputs and targets.
    pub seed: u64,
}

/// Adam with a large eps, so that a gradient of almost zero moves a weight by almost nothing, in f32 as in f64.
const ADAM: Optimizer = Optimizer::Adam { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-3, weight_decay: 0.0 };

impl Case {
    /// The mean squared error and Adam from zero states, all rows of all steps, seed 0.
    pub fn new(spec: Spec, rows: usize, steps: usize) -> Self {
        let objective = Objective::default();
        Case {
            spec,
            rows,
            steps,
            states: false,
            lengths: false,
            objective,
            optimizer: ADAM,
            clip: None,
            horizon: None,
            carry: false,
            precision: Precision::F32,
            scale: 1.0,
            seed: 0,
        }
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Spec { cell, input, hidden, layers, bidirectional, head, segments } = self.spec;
        let outputs = head.map_or("none".to_owned(), |head| head.outputs.to_string());
        write!(f, "{cell} B={} T={} I={input} H={hidden} O={outputs}", self.rows, self.steps)?;
        if let Some(segments) = segments {
            write!(f, " segments of {}", segments.steps)?;
            if segments.statics > 0 {
                write!(f, " C={}", segments.statics)?;
            }
        }
        if layers > 1 {
            write!(f, " L={layers}")?;
        }
        let marks = [
            (bidirectional, " bidirectional"),
            (head.is_some_and(|head| head.readout == Readout::Every), " every step"),
            (head.is_some_and(|head| head.readout == Readout::LastStep), " last step"),
            (self.states, " states"),
            (self.lengths, " lengths"),
            (self.clip.is_some(), " clipped"),
            (self.carry, " carried"),
            (self.precision == Precision::F16, " f16"),
            (self.scale != 1.0, " saturated"),
        ];
        marks.iter().filter(|(holds, _)| *holds).try_for_each(|(_, mark)| f.write_str(mark))?;
        if self.objective.loss != Loss::Mse {
            write!(f, " {:?}", self.objective.loss)?;
        }
        if self.objective.dropout.p > 0.0 {
            write!(f, " dropout={}", self.objective.dropout.p)?;
        }
        if let Some(center) = self.horizon {
            write!(f, " horizon, centre {center:?}")?;
        }
        if self.optimizer != ADAM {
            write!(f, " {:?}", self.optimizer)?;
        }
        write!(f, " seed={}", self.seed)
    }
}

/// The table: every cell over coprime and awkward sizes, then layers, directions, readouts, given states and
/// saturation.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let plain = Case::new;
    // Every size of each dim occurs, the large ones once a cell, and some with some cells only: all combinations would
    // take minutes on a software adapter, which compiles kernels again for most sizes.
    let chosen = |hidden, input, steps, rows| match (rows, steps, hidden) {
        (257, steps, hidden) => (steps, hidden, input) == (7, 5, 1),
        (_, 50, hidden) => hidden == 20 || hidden == 130 && rows == 3,
        (_, _, hidden) => hidden < 20 || input == 10,
    };
    for cell in CellKind::ALL {
        let sizes: &[usize] = match cell {
            CellKind::RnnTanh => &[1, 5, 20, 33, 64, 130],
            CellKind::RnnRelu => &[1, 5, 20],
            CellKind::Lstm => &[1, 5, 20, 33, 130],
            CellKind::Gru => &[1, 5, 20, 64, 130],
        };
        for &hidden in sizes {
            for input in [1, 10] {
                for steps in [1, 7, 50] {
                    for rows in [1, 3, 257] {
                        if chosen(hidden, input, steps, rows) {
                            cases.push(plain(Spec::new(cell, input, hidden, 1), rows, steps));
                        }
                    }
                }
            }
        }
        for (layers, bidirectional) in [(1, true), (2, false), (3, false), (2, true)] {
            for readout in [Readout::Last, Readout::Every] {
                for hidden in [4, 7] {
                    let head = Some(Head { outputs: 3, readout });
                    let spec = Spec { cell, input: 2, hidden, layers, bidirectional, head, segments: None };
                    cases.push(Case { states: true, ..plain(spec, 5, 6) });
                }
            }
        }
        let saturated = Spec::new(cell, 3, 9, 5);
        // Few steps where units saturate, as the few that do not pass an error on ten times as large; and with states,
        // so that none are trained: Adam makes as much of a slope that is all rounding as of any other.
        let (scale, steps) = if cell == CellKind::RnnRelu { (1.5, 11) } else { (40.0, 3) };
        for steps in [1, steps] {
            cases.push(Case { scale, states: true, ..plain(saturated, 6, steps) });
        }
        cases.push(Case { states: true, ..plain(Spec::new(cell, 1, 20, 1), 32, 50) });
    }
    number(&mut cases);
    cases
}

/// What [`cases`] leaves at its defaults: lengths, losses, dropout, networks without a head, optimisers and clipping.
pub fn option_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let quantiles = |levels: &[f32]| Loss::Quantile(Quantiles::new(levels).expect("levels that rise between 0 and 1"));
    for cell in CellKind::ALL {
        let spec = |layers, bidirectional, head| Spec { layers, bidirectional, head, ..Spec::new(cell, 3, 6, 1) };
        let head = |outputs, readout| Some(Head { outputs, readout });
        for (layers, bidirectional) in [(1, false), (1, true), (3, false), (2, true)] {
            for head in [head(4, Readout::Last), head(4, Readout::LastStep), head(4, Readout::Every), None] {
                let case = Case { lengths: true, ..Case::new(spec(layers, bidirectional, head), 5, 7) };
                cases.push(Case { states: true, ..case });
                let dropout = Dropout { p: 0.4, seed: 9, step: 3 };
                cases.push(Case { objective: Objective { dropout, ..case.objective }, ..case });
            }
        }
        // Lengths of many rows, also where a tile of rows has one that ends at once.
        cases.push(Case { lengths: true, ..Case::new(spec(1, true, head(1, Readout::Last)), 67, 20) });
        for optimizer in [
            Optimizer::Sgd { lr: 0.1, momentum: 0.9, weight_decay: 0.01 },
            Optimizer::Adam { lr: 1e-3, beta1: 0.8, beta2: 0.99, eps: 1e-3, weight_decay: 0.1 },
            Optimizer::AdamW { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-3, weight_decay: 0.1 },
            Optimizer::RmsProp { lr: 1e-3, alpha: 0.9, eps: 1e-2, weight_decay: 0.0 },
        ] {
            for clip in [None, Some(Clip { max_norm: 0.05 })] {
                cases.push(Case { optimizer, clip, ..Case::new(spec(2, false, head(2, Readout::Last)), 9, 4) });
            }
        }
        for (center, lengths, loss) in [
            (Center::None, false, Loss::Mse),
            (Center::Last, true, Loss::Huber { delta: 1.2 }),
            (Center::Mean, true, quantiles(&[0.2, 0.4, 0.8])),
        ] {
            let objective = Objective { loss, dropout: Dropout::default() };
            let case = Case::new(spec(2, true, head(12, Readout::Last)), 21, 5);
            cases.push(Case { horizon: Some(center), lengths, objective, ..case });
        }
        for (layers, lengths) in [(1, false), (2, true)] {
            let case = Case::new(spec(layers, false, head(2, Readout::Every)), 10, 5);
            cases.push(Case { carry: true, lengths, ..case });
        }
    }
    let losses = [
        Loss::Mae,
        Loss::Huber { delta: 1.2 },
        Loss::CrossEntropy,
        Loss::BinaryCrossEntropy,
        quantiles(&[0.1, 0.5, 0.9]),
    ];
    // A loss does not depend on the cell: each is tried with two.
    for (n, loss) in losses.into_iter().enumerate() {
        for (readout, lengths) in [(Readout::Last, false), (Readout::Every, true)] {
            let cell = CellKind::ALL[(n + usize::from(lengths)) % CellKind::ALL.len()];
            let objective = Objective { loss, dropout: Dropout::default() };
            let case = Case::new(Spec { head: Some(Head { outputs: 6, readout }), ..Spec::new(cell, 3, 6, 1) }, 19, 5);
            cases.push(Case { lengths, objective, ..case });
        }
    }
    // Outputs so far apart that their exponentials overflow.
    let objective = Objective { loss: Loss::CrossEntropy, dropout: Dropout::default() };
    let apart = Case::new(Spec::new(CellKind::RnnRelu, 3, 6, 6), 8, 3);
    cases.push(Case { scale: 8.0, objective, ..apart });
    number(&mut cases);
    cases
}

/// Networks over segments: rows that they do not divide evenly, horizons that end within one, several targets, layers,
/// lengths, states, dropout, static features, and windows that are centred.
pub fn segment_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for cell in CellKind::ALL {
        let spec = |input, layers, segments: Segments, outputs| Spec {
            layers,
            segments: Some(segments),
            ..Spec::new(cell, input, 7, outputs)
        };
        let dropout = Dropout { p: 0.4, seed: 9, step: 3 };
        let one = Segments { steps: 4, targets: 1, statics: 0 };
        cases.push(Case::new(spec(1, 1, one, 8), 5, 12));
        cases.push(Case { states: true, lengths: true, ..Case::new(spec(3, 2, one, 10), 19, 11) });
        let objective = Objective { dropout, ..Objective::default() };
        cases.push(Case { objective, ..Case::new(spec(2, 2, one, 3), 5, 9) });
        let objective = Objective { loss: Loss::Huber { delta: 1.2 }, dropout };
        let two = spec(3, 1, Segments { steps: 3, targets: 2, statics: 3 }, 14);
        let clip = Some(Clip { max_norm: 0.05 });
        cases.push(Case { horizon: Some(Center::Last), objective, clip, ..Case::new(two, 21, 7) });
        cases.push(Case { horizon: Some(Center::Mean), lengths: true, ..Case::new(two, 9, 3) });
        for distribution in [Distribution::StudentT, Distribution::NegativeBinomial] {
            let targets = 2 * distribution.parameters();
            let objective = Objective { loss: Loss::Likelihood(distribution), ..Objective::default() };
            let spec = spec(3, 1, Segments { steps: 2, targets, statics: 1 }, 3 * targets);
            cases.push(Case { objective, ..Case::new(spec, 9, 5) });
        }
    }
    number(&mut cases);
    cases
}

/// The cases in 16 bits, which adapters alone have: the exercise, options that change what is stored or how it is
/// scaled, and networks too large for a workgroup. There are few, since an adapter compiles their kernels again.
pub fn half_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for cell in CellKind::ALL {
        let head = Some(Head { outputs: 3, readout: Readout::Every });
        let deep = Spec { layers: 2, bidirectional: true, head, ..Spec::new(cell, 3, 7, 1) };
        cases.push(Case::new(Spec::new(cell, 1, 20, 1), 32, 50));
        cases.push(Case { lengths: true, clip: Some(Clip { max_norm: 0.05 }), ..Case::new(deep, 67, 9) });
        if let CellKind::Lstm | CellKind::Gru = cell {
            let headless = Spec { layers: 3, head: None, ..Spec::new(cell, 3, 6, 1) };
            let objective = Objective { dropout: Dropout { p: 0.4, seed: 9, step: 3 }, ..Objective::default() };
            cases.push(Case { objective, lengths: true, ..Case::new(headless, 5, 7) });
            cases.push(Case::new(Spec::new(cell, 10, 130, 1), 3, 7));
        }
    }
    cases.iter_mut().for_each(|case| case.precision = Precision::F16);
    number(&mut cases);
    cases
}

/// Gives each case a seed of its own.
fn number(cases: &mut [Case]) {
    for (seed, case) in cases.iter_mut().enumerate() {
        case.seed = seed as u64;
    }
}

/// Weights in 16 bits are multiples of 1 / GRID: they and the sums of two biases are stored without an error, so that
/// outputs are as exact as in 32.
const GRID: f32 = 512.0;

/// Numbers for a case: parameters, sequences, targets. Targets keep a distance from the outputs of the initial weights:
/// the difference of two close numbers has few digits in f32, and so has every gradient of that row.
pub fn numbers(case: &Case) -> (Vec<f32>, Sequences<'static>, Vec<f32>) {
    let Case { spec, rows, steps, ref objective, .. } = *case;
    let mut parameters: Vec<f32> = initial_parameters(&spec, case.seed).iter().map(|w| w * case.scale).collect();
    if case.precision == Precision::F16 {
        parameters.iter_mut().for_each(|w| *w = (*w * GRID).round() / GRID);
    }
    let mut rng = generator(case.seed, Purpose::Data);
    let mut draw = |len: usize| (0..len).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect::<Vec<f32>>();
    let mut x = draw(rows * steps * spec.input);
    let states = case.states.then(|| draw(spec.state_len() * rows));
    let mut targets = draw(rows * objective.loss.target_len(&spec, steps));
    match objective.loss {
        Loss::CrossEntropy => {
            let classes = spec.outputs() as f32;
            targets.iter_mut().for_each(|t| *t = ((*t + 1.0) / 2.0 * classes).floor().min(classes - 1.0));
        }
        // Counts of 6 to 9, of size 4.
        Loss::Likelihood(Distribution::NegativeBinomial) => targets.chunks_exact_mut(2).for_each(|target| {
            target.copy_from_slice(&[(7.5 + 2.5 * target[0]).floor() / 4.0, 4.0]);
        }),
        // Up to 0.2, or from 0.8.
        Loss::BinaryCrossEntropy => targets.iter_mut().for_each(|t| *t = 0.5 + 0.3f32.copysign(*t) + 0.2 * *t),
        // Either way 1 to 1.5 from 0.
        _ => targets.iter_mut().for_each(|t| *t = 1.0f32.copysign(*t) + 0.5 * *t),
    }
    let lengths: Option<Vec<u32>> =
        case.lengths.then(|| (0..rows).map(|_| rng.random_range(1..=steps as u32)).collect());
    if let (Some(lengths), None) = (&lengths, case.horizon) {
        spoil(&mut x, steps, lengths);
        if spec.readout() == Readout::Every {
            spoil(&mut targets, steps, lengths);
        }
    }
    let statics = (0..rows * spec.statics()).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect();
    (parameters, Sequences { rows, steps, x: x.into(), states, lengths, statics }, targets)
}

/// The gradients that a case's outputs and final states are given on the way back, from -1 to 1: of the outputs alone,
/// of the states alone (the other is empty, which stands for zeros), or of both, as the seed says.
pub fn d_outputs(case: &Case, lengths: Option<&[u32]>) -> Outputs {
    let Case { spec, rows, steps, seed, .. } = *case;
    let mut rng = generator(seed, Purpose::Cotangents);
    let mut draw = |len: usize| (0..len).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect::<Vec<f32>>();
    let mut y = draw(rows * spec.read_steps(steps) * spec.outputs());
    let mut states = draw(spec.state_len() * rows);
    if let (Some(lengths), Readout::Every) = (lengths, spec.readout()) {
        spoil(&mut y, steps, lengths);
    }
    match seed % 4 {
        1 => y.clear(),
        2 => states.clear(),
        _ => {}
    }
    Outputs { y, states }
}

/// Puts NaN beyond the lengths of `values` [B, T, ..]: an engine must not read them.
fn spoil(values: &mut [f32], steps: usize, lengths: &[u32]) {
    let width = values.len() / (lengths.len() * steps);
    for (row, &length) in values.chunks_exact_mut(steps * width).zip(lengths) {
        row[length as usize * width..].fill(f32::NAN);
    }
}

//! The benchmark table: what `refrain bench`, the CPU engine's benches and `benches/pytorch.py` time. A row's
//! name is the same in all of them.

use crate::model::{CellKind, Spec};
use crate::verify::Case;

/// What is timed. Everything but [`What::Stream`] and [`What::Block`] counts for a whole batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A training step: forward, backward, Adam.
    Train,
    /// A forward pass over windows that are loaded on the device.
    Forward,
    /// One time step of one sequence: a call a step, which is given the states of the call before.
    Stream,
    /// One time step of one sequence, of a call over T steps.
    Block,
}

impl What {
    /// Its name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            What::Train => "train",
            What::Forward => "forward",
            What::Stream => "stream",
            What::Block => "block",
        }
    }
}

/// A line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What is timed.
    pub what: What,
    /// The network: one output, read from the last step.
    pub spec: Spec,
    /// Batch rows (B).
    pub rows: usize,
    /// Time steps (T). [`What::Stream`] takes them in as many calls.
    pub steps: usize,
}

/// `train lstm B=64 T=100 I=64 H=128 L=2`.
impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Row { what, spec, rows, steps } = self;
        let cell = cell_name(spec.cell);
        write!(f, "{} {cell} B={rows} T={steps} I={} H={}", what.name(), spec.input, spec.hidden)?;
        if spec.layers > 1 {
            write!(f, " L={}", spec.layers)?;
        }
        f.write_str(if spec.bidirectional { " bidirectional" } else { "" })
    }
}

/// The cell as PyTorch's class is called, in lower case.
pub fn cell_name(cell: CellKind) -> &'static str {
    match cell {
        CellKind::RnnTanh => "rnn",
        other => other.name(),
    }
}

/// (B, T, I, H). The first is the exercise's recipe.
const SHAPES: [(usize, usize, usize, usize); 14] = [
    (32, 50, 1, 20),
    (100, 5, 10, 20),
    (1000, 50, 1, 20),
    (1000, 50, 1, 64),
    (64, 100, 64, 128),
    (1000, 50, 1, 128),
    (32, 100, 256, 512),
    (64, 100, 512, 1024),
    (4, 100, 256, 512),
    (8, 100, 256, 512),
    (16, 100, 256, 512),
    (16, 50, 128, 256),
    (8, 200, 32, 128),
    (1, 1000, 1, 64),
];

/// Hidden units of the single sequences.
const STREAMS: [usize; 3] = [20, 128, 512];

/// Time steps of a single sequence.
const STREAM_STEPS: usize = 100;

/// The cells of the table.
const CELLS: [CellKind; 3] = [CellKind::RnnTanh, CellKind::Lstm, CellKind::Gru];

/// The table, shape by shape.
pub fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = SHAPES.into_iter().flat_map(of_shape).collect();
    rows.extend(of_batch(Spec { layers: 2, ..Spec::new(CellKind::Lstm, 64, 128, 1) }, 64, 100));
    rows.extend(of_batch(Spec { bidirectional: true, ..Spec::new(CellKind::Lstm, 64, 64, 1) }, 64, 100));
    for hidden in STREAMS {
        for cell in CELLS {
            let spec = Spec::new(cell, 1, hidden, 1);
            rows.extend([What::Stream, What::Block].map(|what| Row { what, spec, rows: 1, steps: STREAM_STEPS }));
        }
    }
    rows
}

/// The rows of a shape (B, T, I, H): every cell, trained and run forward.
pub fn of_shape((rows, steps, input, hidden): (usize, usize, usize, usize)) -> impl Iterator<Item = Row> {
    CELLS.into_iter().flat_map(move |cell| of_batch(Spec::new(cell, input, hidden, 1), rows, steps))
}

fn of_batch(spec: Spec, rows: usize, steps: usize) -> [Row; 2] {
    [What::Train, What::Forward].map(|what| Row { what, spec, rows, steps })
}

impl Row {
    /// Times that a measurement is divided by, beside its repetitions: the time steps of a single sequence.
    pub fn parts(&self) -> usize {
        match self.what {
            What::Train | What::Forward => 1,
            What::Stream | What::Block => self.steps,
        }
    }

    /// Floating-point operations of the matrix products of a whole batch or sequence; the backward pass counts twice.
    pub fn operations(&self) -> f64 {
        let Row { what, spec, rows, steps } = self;
        let layer = |layer| (spec.facts().gates * spec.hidden * (spec.layer_input(layer) + spec.hidden)) as f64;
        let weights = spec.directions() as f64 * (0..spec.layers).map(layer).sum::<f64>();
        let passes = if *what == What::Train { 3.0 } else { 1.0 };
        2.0 * passes * weights * (rows * steps) as f64
    }

    /// The whole batch, for [`crate::verify::numbers`].
    pub fn case(&self, seed: u64) -> Case {
        Case { seed, ..Case::new(self.spec, self.rows, self.steps) }
    }

    /// A few rows and steps of the same network, which the oracle computes in about a second at most.
    pub fn small_case(&self, seed: u64) -> Case {
        let (rows, steps) = if self.spec.hidden > 128 { (3, 3) } else { (17, 5) };
        Case { rows: self.rows.min(rows), steps: self.steps.min(steps), ..self.case(seed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_tell_every_row_apart() {
        let rows = rows();
        let names: HashSet<String> = rows.iter().map(Row::to_string).collect();
        assert_eq!(names.len(), rows.len());
        for name in [
            "train rnn B=32 T=50 I=1 H=20",
            "forward gru B=64 T=100 I=512 H=1024",
            "train lstm B=64 T=100 I=64 H=128 L=2",
            "forward lstm B=64 T=100 I=64 H=64 bidirectional",
            "stream lstm B=1 T=100 I=1 H=512",
            "block rnn B=1 T=100 I=1 H=20",
        ] {
            assert!(names.contains(name), "{name}");
        }
    }

    #[test]
    fn pytorch_is_given_the_same_shapes() {
        let script = include_str!("../benches/pytorch.py");
        let (_, list) = script.split_once("SHAPES = [").unwrap();
        let (list, _) = list.split_once(']').unwrap();
        let listed: Vec<&str> = list.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(listed, SHAPES.map(|shape| format!("{shape:?},")));
        assert!(script.contains(&format!("STREAMS = {STREAMS:?}\nSTREAM_STEPS = {STREAM_STEPS}\n")));
    }

    #[test]
    fn operations_count_products_over_layers_and_directions() {
        let plain = Row { what: What::Forward, spec: Spec::new(CellKind::Lstm, 3, 5, 1), rows: 2, steps: 7 };
        assert_eq!(plain.operations(), 2.0 * 14.0 * 20.0 * 8.0);
        assert_eq!(Row { what: What::Train, ..plain }.operations(), 3.0 * plain.operations());
        let both = Row { spec: Spec { layers: 2, bidirectional: true, ..plain.spec }, ..plain };
        assert_eq!(both.operations(), 2.0 * 14.0 * 2.0 * 20.0 * (8.0 + 15.0));
    }
}

//! The order in which Python's arrays hold rows and time steps. The engine's is batch first.

use refrain::{Error, Result};

/// Where an array holds step `t` of row `b`.
#[derive(Clone, Debug)]
pub enum Order {
    /// [B, T, ..].
    Batch,
    /// [T, B, ..].
    Time,
    /// Step by step, of each the rows that are that long: the `data` of `torch.nn.utils.rnn.PackedSequence`, whose
    /// `batch_sizes` these are.
    Packed(Vec<usize>),
}

impl Order {
    /// The order of packed rows.
    ///
    /// # Errors
    /// [`Error::Config`] where a step has no rows, or more than the step before.
    pub fn packed(batch_sizes: &[i64]) -> Result<Self> {
        let sizes: Vec<usize> = batch_sizes.iter().map(|&size| usize::try_from(size).unwrap_or(0)).collect();
        match sizes.windows(2).find(|pair| pair[0] < pair[1]) {
            Some(pair) => Err(Error::config("batch_sizes", format!("{pair:?}"), "sizes that never grow")),
            None if sizes.last().is_none_or(|&last| last == 0) => {
                Err(Error::config("batch_sizes", format!("{sizes:?}"), "at least one row in every step"))
            }
            None => Ok(Order::Packed(sizes)),
        }
    }

    /// The length of each row, of packed ones.
    pub fn lengths(&self) -> Option<Vec<u32>> {
        let Order::Packed(sizes) = self else { return None };
        // Sizes never grow: those of at least row + 1 rows come first.
        let length = |row: usize| sizes.partition_point(|&size| size > row) as u32;
        Some((0..sizes[0]).map(length).collect())
    }

    /// The shape of an array of `width` values a step.
    pub fn shape(&self, rows: usize, steps: usize, width: usize) -> Vec<usize> {
        match self {
            Order::Batch => vec![rows, steps, width],
            Order::Time => vec![steps, rows, width],
            Order::Packed(sizes) => vec![sizes.iter().sum(), width],
        }
    }

    /// Whether batch first holds the same values in the same places.
    fn is_batch(&self, rows: usize, steps: usize) -> bool {
        match self {
            Order::Batch => true,
            Order::Time => rows == 1 || steps == 1,
            Order::Packed(_) => false,
        }
    }

    /// Rows that step `t` has.
    fn rows_at(&self, t: usize, rows: usize) -> usize {
        if let Order::Packed(sizes) = self { sizes[t] } else { rows }
    }

    /// An array in this order, batch first and zero beyond a row's length: itself, or what is written into `to`. The
    /// memory of `to` is used again, because fresh memory of this size costs as much as the copy.
    #[must_use]
    pub fn read<'a>(&self, from: &'a [f32], (rows, steps): (usize, usize), to: &'a mut Vec<f32>) -> &'a [f32] {
        if self.is_batch(rows, steps) {
            return from;
        }
        let count: usize = (0..steps).map(|t| self.rows_at(t, rows)).sum();
        let width = from.len() / count;
        if count < rows * steps {
            to.clear();
        }
        to.resize(rows * steps * width, 0.0);
        let mut values = from.chunks_exact(width);
        for t in 0..steps {
            for (b, step) in (0..self.rows_at(t, rows)).zip(&mut values) {
                to[(b * steps + t) * width..][..width].copy_from_slice(step);
            }
        }
        to
    }

    /// An array in this order from one that is batch first.
    pub fn write(&self, from: Vec<f32>, (rows, steps): (usize, usize)) -> Vec<f32> {
        if self.is_batch(rows, steps) || from.is_empty() {
            return from;
        }
        let width = from.len() / (rows * steps);
        let mut to = Vec::with_capacity(from.len());
        for t in 0..steps {
            for b in 0..self.rows_at(t, rows) {
                to.extend_from_slice(&from[(b * steps + t) * width..][..width]);
            }
        }
        to
    }
}

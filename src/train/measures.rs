//! How good outputs are, by the loss that they were trained for.

use crate::data::Windows;
use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::model::{Readout, Spec};
use crate::words::significant;
use serde::Serialize;
use std::fmt::{Display, Formatter};

/// Classes of the largest confusion matrix.
const MOST_CLASSES: usize = 1000;
/// Classes of the largest confusion matrix that is shown.
const MOST_SHOWN: usize = 12;

/// What outputs are worth, over all positions that count.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measures {
    /// Rows.
    pub rows: usize,
    /// Positions that count: rows, or steps of rows.
    pub positions: usize,
    /// The mean of the loss's terms; of cross-entropy the negative log-likelihood of a position, in nats.
    pub loss: f64,
    /// The same for each step, \[T\], where every step has an output; `None` for a step that no row has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_per_step: Option<Vec<Option<f64>>>,
    /// The part of the classes, or of truth values, that is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// How often the class of the row was taken for the class of the column, [O, O]; of at most 1000 classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confusion: Option<Vec<Vec<u64>>>,
    /// Root of the mean squared error of values, in their unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rmse: Option<f64>,
    /// Mean absolute error of values, in their unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mae: Option<f64>,
}

impl Measures {
    /// Mean squared error of values, in the square of their unit.
    pub fn mse(&self) -> Option<f64> {
        self.rmse.map(|rmse| rmse * rmse)
    }

    /// Measures the outputs [ids, T or 1, O] of the windows `ids` against their targets.
    ///
    /// # Errors
    /// [`Error::Length`] where there are not as many outputs; [`Error::Index`] where an id is not a window;
    /// [`Error::Config`] where there are no ids.
    pub fn of(spec: &Spec, loss: Loss, windows: &Windows, ids: &[u32], outputs: &[f32]) -> Result<Self> {
        windows.check_ids(ids)?;
        let (read, width) = (spec.read_steps(windows.steps()), spec.outputs());
        Error::check_len("outputs", &[("B", ids.len()), ("read steps", read), ("O", width)], outputs.len())?;
        if ids.is_empty() {
            return Err(Error::config("rows to measure", 0, "at least 1"));
        }
        let widen = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>();
        let (mut sums, mut counts) = (vec![0.0; read], vec![0usize; read]);
        let (mut right, mut squares, mut absolutes) = (0usize, 0.0, 0.0);
        let classes = loss == Loss::CrossEntropy;
        let mut confusion = (classes && width <= MOST_CLASSES).then(|| vec![vec![0; width]; width]);
        for (&id, outputs) in ids.iter().zip(outputs.chunks_exact(read * width)) {
            let target = widen(&windows.target(id as usize));
            let positions = outputs.chunks_exact(width).zip(target.chunks_exact(loss.target_width(width)));
            let length = spec.readout().positions(windows.length(id as usize));
            for (r, (y, target)) in positions.take(length).enumerate() {
                let y = widen(y);
                sums[r] += loss.value(&y, target);
                counts[r] += 1;
                if classes {
                    let (found, class) = (largest(&y), target[0] as usize);
                    right += usize::from(found == class);
                    if let Some(confusion) = &mut confusion {
                        confusion[class][found] += 1;
                    }
                    continue;
                }
                for (o, &y) in y.iter().enumerate() {
                    let t = target[loss.target_of(o)];
                    right += usize::from((y > 0.0) == (t > 0.5));
                    squares += (y - t).powi(2);
                    absolutes += (y - t).abs();
                }
            }
        }
        let terms = loss.terms_of_position(width) as f64;
        let positions: usize = counts.iter().sum();
        let per_value = |sum: f64| sum / (positions * width) as f64;
        let truths = loss == Loss::BinaryCrossEntropy;
        let values = !classes && !truths;
        let each = || sums.iter().zip(&counts).map(|(sum, &n)| (n > 0).then(|| sum / (n as f64 * terms))).collect();
        Ok(Measures {
            rows: ids.len(),
            positions,
            loss: sums.iter().sum::<f64>() / (positions as f64 * terms),
            loss_per_step: (spec.readout() == Readout::Every).then(each),
            accuracy: (!values).then(|| right as f64 / (positions as f64 * terms)),
            confusion,
            rmse: values.then(|| per_value(squares).sqrt()),
            mae: values.then(|| per_value(absolutes)),
        })
    }
}

impl Display for Measures {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Measures { rows, positions, loss, accuracy, confusion, rmse, mae, .. } = self;
        write!(f, "{rows} rows, {positions} positions, loss {}", significant(*loss))?;
        for (name, value) in [("accuracy", accuracy), ("RMSE", rmse), ("MAE", mae)] {
            if let Some(value) = value {
                write!(f, ", {name} {}", significant(*value))?;
            }
        }
        if let Some(confusion) = confusion.as_ref().filter(|matrix| matrix.len() <= MOST_SHOWN) {
            f.write_str("\n  class \\ taken for")?;
            (0..confusion.len()).try_for_each(|class| write!(f, "{class:>8}"))?;
            for (class, row) in confusion.iter().enumerate() {
                write!(f, "\n  {class:>17}")?;
                row.iter().try_for_each(|count| write!(f, "{count:>8}"))?;
            }
        }
        Ok(())
    }
}

/// The place of the largest output: the first of several.
fn largest(y: &[f64]) -> usize {
    (0..y.len()).fold(0, |best, o| if y[o] > y[best] { o } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CellKind, Head};

    fn windows(target: &[f32], len: usize) -> Windows {
        let rows = target.len() / len;
        Windows::from_sequences(vec![0.0; rows * 2], 1, 2, target.to_vec(), len).unwrap()
    }

    #[test]
    fn classes_are_counted_and_values_are_not() {
        let spec = Spec::new(CellKind::Gru, 1, 2, 2);
        let outputs = [2.0, 0.0, 0.0, 2.0, 2.0, 0.0];
        let found =
            Measures::of(&spec, Loss::CrossEntropy, &windows(&[0.0, 1.0, 1.0], 1), &[0, 1, 2], &outputs).unwrap();
        assert_eq!((found.accuracy, found.confusion), (Some(2.0 / 3.0), Some(vec![vec![1, 0], vec![1, 1]])));
        let (right, wrong) = ((1.0 + (-2.0f64).exp()).ln(), (1.0 + 2.0f64.exp()).ln());
        assert!((found.loss - (2.0 * right + wrong) / 3.0).abs() < 1e-12);

        let found = Measures::of(&spec, Loss::Mse, &windows(&[1.0, 0.0, 0.0, 2.0], 2), &[0, 1], &outputs[..4]).unwrap();
        assert_eq!((found.loss, found.rmse, found.mae), (0.25, Some(0.5), Some(0.25)));
        assert_eq!((found.accuracy, found.confusion), (None, None));
        let found =
            Measures::of(&spec, Loss::BinaryCrossEntropy, &windows(&[1.0, 0.0], 2), &[0], &outputs[..2]).unwrap();
        assert_eq!(found.accuracy, Some(1.0));
    }

    #[test]
    fn each_step_has_a_loss_of_the_rows_that_have_it() {
        let spec = Spec::new(CellKind::Gru, 1, 2, 1);
        let spec = Spec { head: Some(Head { outputs: 1, readout: Readout::Every }), ..spec };
        let windows = windows(&[0.0, 0.0, 0.0, 9.0], 2).with_lengths(vec![2, 1]).unwrap();
        let found = Measures::of(&spec, Loss::Mse, &windows, &[0, 1], &[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(found.loss_per_step, Some(vec![Some(5.0), Some(4.0)]));
        assert_eq!((found.positions, found.loss), (3, 14.0 / 3.0));
        assert!(Measures::of(&spec, Loss::Mse, &windows, &[0], &[1.0]).is_err());
        assert!(Measures::of(&spec, Loss::Mse, &windows, &[], &[]).is_err());
    }
}

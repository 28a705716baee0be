//! Tensors as a file stores them: plainly, or as the two factors that PyTorch's weight_norm keeps.

use super::names::join;
use crate::arrays::{Array, Arrays};

/// A tensor of a file. Under weight_norm it is the direction v, and `norm` is the magnitude g: the weight is
/// g v / |v|. Source: `torch.nn.utils.parametrizations.weight_norm`.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    /// The values, or the directions.
    pub array: &'a Array<'a>,
    norm: Option<&'a Array<'a>>,
}

impl<'a> Stored<'a> {
    /// The tensor of that name, however it is stored.
    pub fn find(arrays: &'a Arrays<'_>, name: &str) -> Option<Self> {
        if let Some(array) = arrays.get(name) {
            return Some(Stored { array, norm: None });
        }
        let (module, tensor) = name.rsplit_once('.').unwrap_or(("", name));
        let parametrized = join(module, &format!("parametrizations.{tensor}.original"));
        // What torch.nn.utils.parametrizations writes, and torch.nn.utils.weight_norm before it.
        let factors =
            [(format!("{parametrized}0"), format!("{parametrized}1")), (format!("{name}_g"), format!("{name}_v"))];
        factors.into_iter().find_map(|(g, v)| Some(Stored { array: arrays.get(&v)?, norm: Some(arrays.get(&g)?) }))
    }

    /// Whether it is stored as two factors.
    pub fn normed(&self) -> bool {
        self.norm.is_some()
    }

    /// The values in f32, [rows, columns] row-major for a matrix.
    ///
    /// # Errors
    /// What was expected and what was found, where a value does not fit f32, or the magnitudes are neither one for each
    /// row, one for each column, nor a single one.
    pub fn values(&self) -> Result<Vec<f32>, String> {
        let values = self.array.to_f32()?.values;
        let Some(norm) = self.norm else { return Ok(values) };
        let magnitudes = norm.to_f32()?.values;
        let &[rows, columns] = self.array.shape() else {
            return Err(format!("expected a matrix under weight_norm, found {:?}", self.array.shape()));
        };
        // Which magnitude the value of a row and a column belongs to.
        let group: fn(usize, usize) -> usize = match *norm.shape() {
            [found, 1] if found == rows => |row, _| row,
            [1, found] if found == columns => |_, column| column,
            [] | [1] => |_, _| 0,
            ref found => return Err(format!("expected magnitudes of weight_norm [{rows}, 1], found {found:?}")),
        };
        let groups = || (0..rows).flat_map(|row| (0..columns).map(move |column| group(row, column)));
        let mut squares = vec![0.0f64; magnitudes.len()];
        for (group, &value) in groups().zip(&values) {
            squares[group] += f64::from(value).powi(2);
        }
        let scale = |group: usize| f64::from(magnitudes[group]) / squares[group].sqrt();
        Ok(groups().zip(&values).map(|(group, &value)| (f64::from(value) * scale(group)) as f32).collect())
    }
}

//! Sequences out of a file of arrays, for the commands that take them: x, and where rows are of unequal length,
//! lengths.

use refrain::arrays::{Arrays, Converted, place};
use refrain::{Error, Result};

/// The sequences of a file, with what was said of them.
#[derive(Debug)]
pub struct Input {
    /// Rows (N).
    pub rows: usize,
    /// Time steps (T).
    pub steps: usize,
    /// Features (I).
    pub inputs: usize,
    /// [N, T, I].
    pub x: Vec<f32>,
    /// [N], each from 1 to T.
    pub lengths: Option<Vec<u32>>,
}

impl Input {
    /// Reads `x` [N, T, I], of `inputs` features where that is known, and `lengths` [N] if there are any. A value that
    /// is not finite is refused, unless it lies beyond its row's length.
    pub fn read(arrays: &Arrays<'_>, inputs: Option<usize>, notes: &mut Vec<String>) -> Result<Self> {
        let [rows, steps, inputs] = arrays.dims("x", [("N", None), ("T", None), ("I", inputs)])?;
        let lengths = arrays.get("lengths").map(|_| lengths(arrays, rows, steps, notes)).transpose()?;
        let x = floats(arrays, "x", notes)?;
        let input = Input { rows, steps, inputs, x, lengths };
        input.check_finite(arrays, "x", &input.x, |row| input.length(row) * inputs)?;
        Ok(input)
    }

    /// Steps of a row that count.
    pub fn length(&self, row: usize) -> usize {
        self.lengths.as_ref().map_or(self.steps, |lengths| lengths[row] as usize)
    }

    /// Refuses `values` [N, ..] of the array `name` if one is not finite among those of a row that are counted.
    pub fn check_finite(
        &self,
        arrays: &Arrays<'_>,
        name: &str,
        values: &[f32],
        counted: impl Fn(usize) -> usize,
    ) -> Result<()> {
        let width = values.len() / self.rows;
        for (n, row) in values.chunks_exact(width).enumerate() {
            if let Some(index) = row[..counted(n)].iter().position(|value| !value.is_finite()) {
                return Err(not_finite(arrays, name, n * width + index, row[index]));
            }
        }
        Ok(())
    }
}

/// The values of an array as f32; says so where they were of another type.
pub fn floats(arrays: &Arrays<'_>, name: &str, notes: &mut Vec<String>) -> Result<Vec<f32>> {
    let Converted { values, from } = arrays.f32(name)?;
    notes.extend(from.map(|from| format!("{}: `{name}` is {from}: converted to F32", arrays.path())));
    Ok(values)
}

fn lengths(arrays: &Arrays<'_>, rows: usize, steps: usize, notes: &mut Vec<String>) -> Result<Vec<u32>> {
    arrays.dims("lengths", [("N", Some(rows))])?;
    let Converted { values, from } = arrays.u32("lengths")?;
    notes.extend(from.map(|from| format!("{}: `lengths` is {from}: taken for whole numbers", arrays.path())));
    match values.iter().position(|&length| length == 0 || length as usize > steps) {
        None => Ok(values),
        Some(row) => {
            let found = values[row];
            Err(arrays
                .fault(format!("`lengths`: expected whole numbers from 1 to T={steps}, found {found} at [{row}]")))
        }
    }
}

/// Says which arrays of the file nobody asked for: a name may be misspelt.
pub fn note_unused(arrays: &Arrays<'_>, used: &[&str], notes: &mut Vec<String>) {
    let unused: Vec<String> =
        arrays.names().filter(|name| !used.contains(name)).map(|name| format!("`{name}`")).collect();
    if !unused.is_empty() {
        notes.push(format!("{}: not used: {}", arrays.path(), unused.join(", ")));
    }
}

/// The refusal of the value `found` of the array `name`.
pub fn not_finite(arrays: &Arrays<'_>, name: &str, index: usize, found: f32) -> Error {
    let at = arrays.get(name).map_or_else(String::new, |array| place(array.shape(), index));
    arrays.fault(format!("`{name}`: expected finite values, found {found} at {at}"))
}

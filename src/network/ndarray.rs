//! Arrays of the crate `ndarray`, in and out. Targets take its views as they are.

use super::{Dataset, Predictions};
use crate::error::Result;
use ndarray::ArrayView3;

impl Dataset {
    /// Sequences `x` [rows, steps, inputs], in whatever order they lie in memory.
    ///
    /// ```
    /// use ndarray::{Array2, Array3};
    /// use refrain::Dataset;
    ///
    /// let (x, y) = (Array3::<f32>::zeros((8, 5, 2)), Array2::<f32>::ones((8, 1)));
    /// let data = Dataset::from_array(x.view())?.targets(&y)?;
    /// assert_eq!([data.rows(), data.steps(), data.inputs()], [8, 5, 2]);
    /// # Ok::<(), refrain::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::new`].
    pub fn from_array(x: ArrayView3<'_, f32>) -> Result<Self> {
        Dataset::new(x, x.dim().into())
    }
}

impl Predictions {
    /// The outputs, [rows, steps, outputs].
    pub fn as_array(&self) -> ArrayView3<'_, f32> {
        let shape = (self.rows, self.steps, self.outputs);
        ArrayView3::from_shape(shape, &self.values).expect("there are as many values as the shape calls for")
    }
}

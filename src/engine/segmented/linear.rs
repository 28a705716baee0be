//! Linear layers on the host, by products of matrices.

/// y = x Wᵀ + b, with W [N, K]; without b where that is empty.
#[derive(Clone, Copy)]
pub(super) struct Linear<'a> {
    /// K.
    pub inputs: usize,
    /// N.
    pub outputs: usize,
    pub weight: &'a [f32],
    pub bias: &'a [f32],
}

impl Linear<'_> {
    /// y [B, N] of x [B, K].
    pub fn forward(&self, x: &[f32]) -> Vec<f32> {
        let &Linear { inputs, outputs, weight, bias } = self;
        let rows = x.len() / inputs;
        let mut y = if bias.is_empty() { vec![0.0; rows * outputs] } else { bias.repeat(rows) };
        let (x, weight) = (Matrix::new(x, inputs), Matrix::new(weight, inputs).transposed());
        add_product(x, weight, &mut y, outputs);
        y
    }

    /// The gradient of x [B, K] from that of y [B, N]; adds those of W and b.
    pub fn backward(&self, x: &[f32], d_y: &[f32], d_weight: &mut [f32], d_bias: &mut [f32]) -> Vec<f32> {
        let &Linear { inputs, outputs, weight, .. } = self;
        for d_y in d_y.chunks_exact(outputs) {
            d_bias.iter_mut().zip(d_y).for_each(|(sum, &d)| *sum += d);
        }
        self.add_weight_gradient(x, d_y, d_weight);
        let mut d_x = vec![0.0; x.len()];
        add_product(Matrix::new(d_y, outputs), Matrix::new(weight, inputs), &mut d_x, inputs);
        d_x
    }

    /// Adds the gradient of W, from x [B, K] and the gradient of y [B, N].
    pub fn add_weight_gradient(&self, x: &[f32], d_y: &[f32], d_weight: &mut [f32]) {
        let (x, d_y) = (Matrix::new(x, self.inputs), Matrix::new(d_y, self.outputs));
        add_product(d_y.transposed(), x, d_weight, self.inputs);
    }
}

/// A matrix, row-major or transposed.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    /// From one row, and from one column, to the next.
    strides: [usize; 2],
}

impl<'a> Matrix<'a> {
    /// All of `values`, in rows of `columns`.
    fn new(values: &'a [f32], columns: usize) -> Self {
        Matrix { values, rows: values.len() / columns, columns, strides: [columns, 1] }
    }

    fn transposed(self) -> Self {
        let [row, column] = self.strides;
        Matrix { rows: self.columns, columns: self.rows, strides: [column, row], ..self }
    }
}

/// c += a b, where a row of c has `columns` values.
fn add_product(a: Matrix<'_>, b: Matrix<'_>, c: &mut [f32], columns: usize) {
    assert_eq!((a.columns, b.columns, a.rows * columns), (b.rows, columns, c.len()), "the shapes of a product");
    assert!(a.rows * a.columns <= a.values.len() && b.rows * b.columns <= b.values.len(), "the values of a product");
    let [[a_row, a_column], [b_row, b_column]] =
        [a.strides, b.strides].map(|strides| strides.map(|stride| isize::try_from(stride).expect("a slice's length")));
    // SAFETY: with these strides every matrix lies in its slice, which was checked above, and c is borrowed alone.
    unsafe {
        matrixmultiply::sgemm(
            a.rows,
            a.columns,
            columns,
            1.0,
            a.values.as_ptr(),
            a_row,
            a_column,
            b.values.as_ptr(),
            b_row,
            b_column,
            1.0,
            c.as_mut_ptr(),
            columns as isize,
            1,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_and_its_gradients_are_those_of_the_formula() {
        let weight = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let layer = Linear { inputs: 3, outputs: 2, weight: &weight, bias: &[0.5, -0.5] };
        let x = [1.0, 0.0, -1.0, 2.0, 1.0, 0.0];
        assert_eq!(layer.forward(&x), [-1.5, -2.5, 4.5, 12.5]);
        let (mut d_weight, mut d_bias) = ([1.0; 6], [0.0; 2]);
        let d_x = layer.backward(&x, &[1.0, 0.0, 2.0, -1.0], &mut d_weight, &mut d_bias);
        assert_eq!(d_x, [1.0, 2.0, 3.0, -2.0, -1.0, 0.0]);
        assert_eq!((d_weight, d_bias), ([6.0, 3.0, 0.0, -1.0, 0.0, 1.0], [3.0, -1.0]));
    }
}

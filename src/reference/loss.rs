//! The loss and its gradient.

/// The mean squared error over all N outputs, sum_n (y[n] - target[n])^2 / N, and its gradient, 2 (y[n] - target[n]) / N.
/// Source: `torch.nn.MSELoss` with `reduction="mean"`. The caller has checked that both have the same length.
pub(super) fn mean_squared_error(y: &[f64], targets: &[f64]) -> (f64, Vec<f64>) {
    let count = y.len() as f64;
    let mut loss = 0.0;
    let mut d_y = vec![0.0; y.len()];
    for n in 0..y.len() {
        let difference = y[n] - targets[n];
        loss += difference * difference / count;
        d_y[n] = 2.0 * difference / count;
    }
    (loss, d_y)
}

//! What every comparison of numbers in the tests goes through. `tests/comparison.rs` shows that it can fail.

use std::fmt::Display;

/// Panics unless every value found is as near to the expected one as `absolute` or `relative` (to the expected value)
/// allows, whichever is wider. A NaN or an infinity on either side fails, and so do lengths that differ and slices
/// without values. The message names the tensor, the first index that fails and both its values, and the worst.
#[track_caller]
pub fn assert_close<F, E>(what: impl Display, found: &[F], expected: &[E], absolute: f64, relative: f64)
where
    F: Copy + Into<f64>,
    E: Copy + Into<f64>,
{
    assert_eq!(found.len(), expected.len(), "{what}: values found (left) and expected (right)");
    assert!(!expected.is_empty(), "{what}: nothing to compare");
    let mut misses = Vec::new();
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let (found, expected): (f64, f64) = (found.into(), expected.into());
        let difference = (found - expected).abs();
        let tolerance = absolute.max(relative * expected.abs());
        // False of a NaN. An infinity would allow itself any difference.
        let within = difference <= tolerance && expected.is_finite();
        if !within {
            let excess = if difference.is_finite() { difference / tolerance } else { f64::INFINITY };
            let place = format!(
                "{what}[{index}]: found {found:e}, expected {expected:e}, {difference:e} apart, allowed {tolerance:e}"
            );
            misses.push((excess, place));
        }
    }
    let Some((_, first)) = misses.first() else { return };
    let worst = misses.iter().max_by(|(a, _), (b, _)| a.total_cmp(b)).map_or("", |(_, place)| place);
    panic!("{first}\n{} of {} values miss; the worst is {worst}", misses.len(), expected.len());
}

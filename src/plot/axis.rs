//! Axes: which values they span, where their ticks stand, and what these are called.

/// Ticks of an axis of values, at most.
const TICKS: f64 = 6.0;
/// Characters of a label in plain notation, and digits behind its point; longer ones have an exponent.
const PLAIN: usize = 12;
const DIGITS: usize = 6;

/// An axis of finite values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// The value at the lower end.
    pub low: f64,
    /// The value at the upper end.
    pub high: f64,
    /// Whether equal ratios are equal distances; the values are then above 0.
    pub log: bool,
}

impl Axis {
    /// An axis that has room for `values` and a margin; of one value, some room about it. Those that are not finite are
    /// not looked at.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let Some((low, high)) = extent(values) else { return Axis { low: 0.0, high: 1.0, log: false } };
        let size = low.abs().max(high.abs());
        // The halves, because the difference of the largest numbers is not finite.
        let half = high / 2.0 - low / 2.0;
        let room = 0.5 * if size > 0.0 { size.max(f64::MIN_POSITIVE) } else { 1.0 };
        let margin = if half > 1e-12 * size { 0.12 * half } else { room };
        Axis { low: (low - margin).max(f64::MIN), high: (high + margin).min(f64::MAX), log: false }
    }

    /// A logarithmic axis for `values` of at least 0, of which those that are 0 stand at its lower end; a linear one
    /// where all are.
    pub fn log(values: impl Iterator<Item = f64> + Clone) -> Self {
        let Some((low, high)) = extent(values.clone().filter(|&value| value > 0.0)) else { return Axis::of(values) };
        let low = if values.clone().any(|value| value == 0.0) { low / 10.0 } else { low };
        let margin = (high / low).powf(0.06).clamp(1.02, 10.0);
        Axis { low: (low / margin).max(f64::MIN_POSITIVE), high: (high * margin).min(f64::MAX), log: true }
    }

    /// The place of a value: 0 at the lower end, 1 at the upper.
    pub fn place(&self, value: f64) -> f64 {
        if self.log {
            return (value.max(self.low).ln() - self.low.ln()) / (self.high.ln() - self.low.ln());
        }
        (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
    }

    /// Values at which ticks stand: whole multiples of 1, 2 or 5 times a power of ten, or of a logarithmic axis of more
    /// than a decade these numbers themselves; with their labels.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let is_decades = self.log && self.high / self.low >= 10.0;
        let values = if is_decades { self.decades() } else { self.multiples() };
        let step = values.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
        values.into_iter().map(|value| (value, label(value, if is_decades { value } else { step }))).collect()
    }

    fn multiples(&self) -> Vec<f64> {
        let step = step(self.high / TICKS - self.low / TICKS);
        let first = (self.low / step).ceil();
        let count = ((self.high / step).floor() - first).clamp(0.0, 2.0 * TICKS) as usize;
        (0..=count).map(|n| (first + n as f64) * step).filter(|value| value.is_finite()).collect()
    }

    fn decades(&self) -> Vec<f64> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let parts: &[f64] = if self.high / self.low <= 100.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let every = ((f64::from(last - first) / TICKS).ceil() as usize).max(1);
        let of = |power: i32| parts.iter().map(move |part| part * 10f64.powi(power));
        let inside = |value: &f64| (self.low..=self.high).contains(value);
        (first..=last).step_by(every).flat_map(of).filter(inside).collect()
    }
}

/// Whole numbers from `first` to `last` at which ticks stand, ten or fewer.
pub fn whole_ticks(first: usize, last: usize) -> Vec<usize> {
    let step = step((last - first) as f64 / 10.0).max(1.0) as usize;
    (first..=last).filter(|n| n.is_multiple_of(step)).collect()
}

/// The least and the greatest finite value.
fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| value.is_finite()).fold(None, |extent, value| {
        let (low, high) = extent.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

/// The least of 1, 2 and 5 times a power of ten that is no less than `least`.
fn step(least: f64) -> f64 {
    let power = 10f64.powf(least.max(f64::MIN_POSITIVE).log10().floor());
    let found = [1.0, 2.0, 5.0].map(|part| part * power).into_iter().find(|step| *step >= least);
    found.unwrap_or(10.0 * power)
}

/// A tick's label, with the digits that tell it from its neighbours, which are `step` away.
fn label(value: f64, step: f64) -> String {
    let step = if step.is_finite() && step > 0.0 { step } else { value.abs() / 10.0 };
    if value == 0.0 || value.abs() < step / 2.0 {
        return "0".to_owned();
    }
    let digits = (-(step.log10() + 1e-9).floor()).max(0.0) as usize;
    if digits <= DIGITS && value.abs() < 1e15 {
        let plain = format!("{value:.digits$}");
        if plain.len() <= PLAIN {
            return plain;
        }
    }
    let digits = (value.abs().log10().floor() - (step.log10() + 1e-9).floor()).clamp(0.0, 16.0) as usize;
    format!("{value:.digits$e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64]) -> Vec<String> {
        Axis::of(values.iter().copied()).ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn every_finite_series_has_a_few_ticks_with_labels_of_their_own() {
        let large = 3e38f32 as f64;
        let series: [&[f64]; 14] = [
            &[],
            &[0.0],
            &[-0.0, 0.0],
            &[7.0],
            &[1.0, 2.0],
            &[large],
            &[-large, large],
            &[f64::MAX],
            &[f64::MIN, f64::MAX],
            &[f64::MIN_POSITIVE, 0.0],
            &[1e300, 1e300 * (1.0 + 1e-15)],
            &[1_700_000_000.0, 1_700_000_512.0],
            &[f64::NAN, 1.0, f64::INFINITY],
            &[5e-324],
        ];
        for values in series {
            let axis = Axis::of(values.iter().copied());
            assert!(axis.low.is_finite() && axis.high.is_finite() && axis.low < axis.high, "{values:?}: {axis:?}");
            for &value in values.iter().filter(|value| value.is_finite()) {
                assert!((0.0..=1.0).contains(&axis.place(value)), "{values:?}: {axis:?}");
            }
            let ticks = axis.ticks();
            assert!((1..14).contains(&ticks.len()), "{values:?}: {ticks:?}");
            let mut names: Vec<&String> = ticks.iter().map(|(_, label)| label).collect();
            assert!(names.iter().all(|label| label.len() <= 22), "{values:?}: {names:?}");
            names.sort();
            names.dedup();
            assert_eq!(names.len(), ticks.len(), "{values:?}: {ticks:?}");
        }
    }

    #[test]
    fn labels_are_right() {
        assert_eq!(labels(&[0.0, 10.0]), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(labels(&[-1.0, 1.0]), ["-1.0", "-0.5", "0", "0.5", "1.0"]);
        assert_eq!(labels(&[1_700_000_000.0, 1_700_000_512.0])[1], "1700000100");
        assert_eq!(labels(&[3e38])[..2], ["2e38", "3e38"]);
        assert_eq!(labels(&[1e-9, 3e-9])[0], "1.0e-9");
    }

    #[test]
    fn losses_have_ticks_at_decades_or_within_one() {
        let of = |values: &[f64]| {
            let ticks = Axis::log(values.iter().copied()).ticks();
            ticks.into_iter().map(|(_, label)| label).collect::<Vec<_>>()
        };
        assert_eq!(of(&[1e-4, 0.5]), ["0.0001", "0.001", "0.01", "0.1"]);
        assert_eq!(of(&[0.05, 0.9]), ["0.05", "0.1", "0.2", "0.5", "1"]);
        assert_eq!(of(&[1.6, 2.4]), ["1.6", "1.8", "2.0", "2.2", "2.4"]);
        assert!(of(&[0.5]).len() > 1 && of(&[0.0]).len() > 1 && of(&[0.0, 1e-30]).len() > 1);
        assert!(of(&[1e-300, 1e300]).len() < 14);
    }

    #[test]
    fn epochs_are_whole() {
        assert_eq!(whole_ticks(1, 1), [1]);
        assert_eq!(whole_ticks(1, 3), [1, 2, 3]);
        assert_eq!(whole_ticks(1, 100), [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
        assert!(whole_ticks(1, 10_000_000).len() <= 10);
    }
}

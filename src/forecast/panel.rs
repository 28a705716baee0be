//! Scales of series that hardly vary, from those of the series beside them.
//!
//! A series that is constant in the training rows says nothing of how far it may move, and one that is nearly constant
//! says too little: on a scale of their own a later change would be thousands of deviations, and outweigh all other
//! series. What a series of the panel is expected to vary by is the lesser of two numbers: the median factor of the
//! series that vary; and its own level times the median of factor / level, unless it is mostly still about 0. A
//! constant series gets that as its factor, another at least a hundredth of it.

use super::number::exact;
use super::plan::Plan;
use super::scale::{Scale, Variation, fit_series, median, sorted};
use super::split::Split;
use super::table::Table;
use super::task::Scaling;
use crate::error::{Error, Result};

/// The part of what the panel varies by that a series which varies must have.
const LEAST: f64 = 0.01;

/// What the series of a panel vary by in one column.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The median factor.
    factor: f64,
    /// The median of factor / level, where levels are not 0.
    relative: Option<f64>,
}

impl Spread {
    /// Of the scales of the series that vary; none where there are none, or where values are not scaled.
    pub fn of(scaling: Scaling, scales: impl Iterator<Item = Scale> + Clone) -> Option<Self> {
        if scaling == Scaling::None {
            return None;
        }
        let factor = median(&sorted(scales.clone().map(|scale| scale.factor)))?;
        // A logarithm has no level to be relative to.
        let levelled = scales.filter(|scale| scale.offset != 0.0 && !scale.log);
        let relative = median(&sorted(levelled.map(|scale| scale.factor / scale.offset.abs())));
        Some(Spread { factor, relative })
    }

    /// A series' scale with a factor that the panel allows.
    pub fn widen(&self, scale: Scale, varies: Variation) -> Scale {
        let level = scale.offset.abs();
        // A few small values beside zeros are no level.
        let no_level = level == 0.0 || varies == Variation::Rarely && level <= scale.factor;
        let expected = match self.relative {
            Some(relative) if !no_level && !scale.log => self.factor.min(relative * level),
            _ => self.factor,
        };
        let factor = if varies == Variation::Never { expected } else { scale.factor.max(LEAST * expected) };
        // Products of extreme sizes may leave f64.
        if factor > 0.0 && factor.is_finite() { Scale { factor, ..scale } } else { scale }
    }
}

/// The scale of every column of a plan in every series, [series][column of the plan], from the training rows.
///
/// # Errors
/// [`Error::Table`] where a column has one value throughout, or is to become its logarithm and has none.
pub fn fit(table: &Table, plan: &Plan, splits: &[Split]) -> Result<Vec<Vec<Scale>>> {
    let mut varied = vec![false; plan.columns().count()];
    let mut scales: Vec<Vec<(Scale, Variation)>> = Vec::new();
    let columns = table.places(plan.columns())?;
    for (series, split) in table.series.iter().zip(splits) {
        let of_series = fit_series(table, plan, &columns, series, split.train)?;
        varied.iter_mut().zip(&of_series).for_each(|(varied, (_, varies))| *varied |= *varies != Variation::Never);
        scales.push(of_series);
    }
    let Some((name, _)) = plan.columns().zip(varied).find(|(_, varied)| !varied) else {
        let varying = |column: usize| {
            scales.iter().map(move |of| of[column]).filter(|of| of.1 != Variation::Never).map(|of| of.0)
        };
        let spreads = spreads(plan, varying);
        return Ok(scales.iter().map(|of_series| widened(of_series, &spreads)).collect());
    };
    let value = table.series[0].values[table.column(name)?];
    let value = exact(value);
    let message = format!("column `{name}` is {value} in every training row: there is nothing to learn; leave it out");
    Err(Error::Table { place: table.name.clone(), message })
}

/// What the columns of a plan vary by, each from the scales of the series in which it varies.
pub fn spreads<S: Iterator<Item = Scale> + Clone>(plan: &Plan, varying: impl Fn(usize) -> S) -> Vec<Option<Spread>> {
    let of_column = |column| Spread::of(plan.scaling_of(column), varying(column));
    (0..plan.columns().count()).map(of_column).collect()
}

/// The scales of a series' columns with factors that the panel allows.
pub fn widened(of_series: &[(Scale, Variation)], spreads: &[Option<Spread>]) -> Vec<Scale> {
    let widen = |(&(scale, varies), spread): (&(Scale, Variation), &Option<Spread>)| {
        spread.map_or(scale, |spread| spread.widen(scale, varies))
    };
    of_series.iter().zip(spreads).map(widen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_that_hardly_vary_take_their_scale_from_the_others() {
        let scale = |offset, factor| Scale { offset, factor, log: false };
        let scales = [scale(100.0, 10.0), scale(1000.0, 100.0), scale(1e6, 1e5)];
        let spread = Spread::of(Scaling::Standard, scales.into_iter()).unwrap();
        let factor = |offset, factor, varies| spread.widen(scale(offset, factor), varies).factor;
        // Constant: at 0 it may move as the others do; at a level, as they do at theirs.
        assert_eq!(factor(0.0, 1.0, Variation::Never), 100.0);
        assert_eq!(factor(5.0, 1.0, Variation::Never), 0.5);
        assert_eq!(factor(1e9, 1.0, Variation::Never), 100.0);
        // Nearly constant, and not.
        assert_eq!(factor(500.0, 1e-6, Variation::Often), 0.5);
        assert_eq!(factor(0.0, 1e-6, Variation::Often), 1.0);
        assert_eq!(factor(0.0, 1.5, Variation::Often), 1.5);
        // A blip beside zeros is no unit; small changes at every row are.
        assert_eq!(factor(1e-12, 1e-10, Variation::Rarely), 1.0);
        assert_eq!(factor(1e-6, 1e-4, Variation::Often), 1e-4);
        for known in scales {
            assert_eq!(spread.widen(known, Variation::Often), known);
        }
        assert!(Spread::of(Scaling::None, scales.into_iter()).is_none());
        assert!(Spread::of(Scaling::Standard, std::iter::empty()).is_none());
    }
}

//! A backtest of a model that is trained again as time goes on.

use super::backtest::{Backtest, BacktestOptions, Case, Comparison, Found, Refits, Rolling, Shown, Stretch, names};
use super::forecaster::{Forecaster, Training};
use super::problem::Problem;
use super::recipe::Recipe;
use super::split::Split;
use super::table::{ReadOptions, Table};
use crate::engine::Device;
use crate::error::{Error, Result};
use crate::train::{Epoch, Next};

/// As [`backtest()`](super::backtest()), of a model that is trained again `count` times at equal distances over the rows
/// that are forecast: from new weights, by the recipe of its file and without a search, on all rows of each series before
/// the first that the new network forecasts. As many rows as before validate it, the last of these. `read` is what the
/// table was read with. `watch` is told which training it is, and as [`Forecaster::fit`]; where it stops one, there is no
/// backtest.
///
/// # Errors
/// As [`backtest()`](super::backtest()) and [`Training::fit`]; [`Error::Config`] where there are not as many origins;
/// [`Error::File`] where the model does not say how it was trained.
pub async fn backtest_refitted(
    device: &Device,
    forecaster: &Forecaster,
    table: &Table,
    read: &ReadOptions,
    options: &BacktestOptions,
    count: usize,
    mut watch: impl FnMut(usize, &Epoch) -> Next,
) -> Result<Option<Backtest>> {
    let Forecaster { model, card } = forecaster;
    let rolling = Rolling::new(card, table, options)?;
    let reading = rolling.reading(card)?;
    let comparison = Comparison::new(&rolling, &reading)?;
    let recipe = Recipe::of("the model", model)?;
    let most = rolling.cases.iter().map(|case| case.origins.len()).max().unwrap_or(0);
    if !(1..most).contains(&count) {
        let expected = format!("1 to {}, fewer than the {most} origins that there are", most.saturating_sub(1).max(1));
        return Err(Error::config("refit", count, expected));
    }
    let mut engine = forecaster.engine(device)?;
    let (mut all, mut all_without) = (comparison.sums_beside_rules(), comparison.sums(1));
    let (shown, mut found, mut stretches) = (Shown::of(&rolling), Found::default(), Vec::new());
    for place in 0..=count {
        let (cases, rows) = stretch(&rolling.cases, &rolling.firsts, [place, count + 1]);
        let (mut sums, mut without) = (comparison.sums_beside_rules(), comparison.sums(1));
        let mut parts = [0, 0];
        if place == 0 {
            let take = |sample| {
                comparison.add(0, &sample, &mut sums);
                comparison.add(0, &sample, &mut without);
                found.keep(sample, &shown, options.keep);
            };
            rolling.forecast(&mut engine, card, &reading, &cases, take).await?;
        } else {
            let training = again(&rolling, &recipe, read, &rows)?;
            let [train, val, _] = training.problem.rows();
            parts = [train, val];
            let (new, finished) = training.fit(device, |epoch| watch(place, epoch)).await?;
            if finished.stopped {
                return Ok(None);
            }
            let take = |sample| comparison.add(0, &sample, &mut without);
            rolling.forecast(&mut engine, card, &reading, &cases, take).await?;
            let take = |sample| {
                comparison.add(0, &sample, &mut sums);
                found.keep(sample, &shown, options.keep);
            };
            let reading = rolling.reading(&new.card)?;
            rolling.forecast(&mut new.engine(device)?, &new.card, &reading, &cases, take).await?;
        }
        comparison.add_rules(&cases, &mut sums);
        let first = cases.iter().find_map(|case| Some((case.series, *case.origins.first()?)));
        if let (Some((series, origin)), Some(refitted), Some(without)) = (first, sums.scores(0), without.scores(0)) {
            let from = table.time(&table.series[series], origin)?;
            stretches.push(Stretch { from, rows: parts, windows: rolling.windows(&cases), refitted, without });
        }
        all.merge(&sums);
        all_without.merge(&without);
    }
    let without = all_without.method(0, "without refits".to_owned(), &names(&rolling));
    let refits = Some(Refits { without, stretches });
    Ok(Some(Backtest { refits, ..Backtest::new(&rolling, &reading, &all, found)? }))
}

/// A stretch of as many as there are, by the number of origins of each series: what it forecasts, and the rows of each
/// series before its first origin, or before the row in `firsts` where it has none.
fn stretch(cases: &[Case], firsts: &[usize], [place, stretches]: [usize; 2]) -> (Vec<Case>, Vec<usize>) {
    let (mut of_stretch, mut rows) = (Vec::with_capacity(cases.len()), Vec::new());
    let mut end = None;
    for case in cases {
        // Where each target is forecast on its own, the first of them decides for all of its series.
        if case.series == rows.len() {
            let origin = |place: usize| case.origins.get(place * case.origins.len() / stretches).copied();
            rows.push(origin(place).unwrap_or(firsts[case.series]));
            end = origin(place + 1);
        }
        let begin = if place == 0 { 0 } else { rows[case.series] };
        let within = |&origin: &usize| begin <= origin && end.is_none_or(|end| origin < end);
        let origins = case.origins.iter().copied().filter(within).collect();
        of_stretch.push(Case { origins, ..*case });
    }
    (of_stretch, rows)
}

/// A new training on the first `rows[series]` rows of each series, of which as many as before validate it.
fn again(rolling: &Rolling<'_>, recipe: &Recipe, read: &ReadOptions, rows: &[usize]) -> Result<Training> {
    let (table, plan) = (rolling.table, &rolling.card.plan);
    let mut splits = Vec::with_capacity(rows.len());
    for ((place, series), &rows) in table.series.iter().enumerate().zip(rows) {
        let Some(val) = rolling.validated(place) else {
            let message = "the model was not trained on it, so that nothing says which rows are to validate: leave the \
                           series out, or train a model with it";
            return Err(table.refuse(series, message));
        };
        let needed = val + plan.least() + plan.horizon;
        // Of a panel a series may be too short as a whole, for which nothing is forecast then.
        if rows < needed && rows < series.known {
            let message = format!(
                "{rows} rows come before a new training, expected at least {needed}: begin later with \
                 `BacktestOptions::from`"
            );
            return Err(table.refuse(series, message));
        }
        splits.push(Split { train: rows - val, val: rows, rows });
    }
    let problem = Problem::of_splits(&table.until(rows), plan.clone(), splits, read)?;
    Training::of_problem(problem, recipe.clone(), None)
}

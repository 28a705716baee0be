//! The errors of a backtest for a reader.

use super::console::{Console, significant};
use refrain::forecast::{Backtest, Method, Refits, Scores, SeriesScores, Stretch};

/// Series whose errors are shown one by one.
const SERIES: usize = 20;

/// Tables of the model and of the forecasts by rule, the levels and intervals where there are some, and what the errors
/// leave out.
pub fn table(backtest: &Backtest) -> String {
    let percent = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2} %"));
    let cells = |scores: &Scores| {
        [
            significant(scores.mae),
            significant(scores.rmse),
            percent(scores.mape),
            percent(Some(scores.smape)),
            number(scores.mase),
            number(scores.r2),
        ]
    };
    let row = |name: &str, cells: [String; 6]| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>11}")).collect();
        format!("  {name:<24}{cells}\n")
    };
    let mut text = row("", ["MAE", "RMSE", "MAPE", "sMAPE", "MASE", "R2"].map(str::to_owned));
    for method in &backtest.methods {
        text += &row(&method.name, cells(&method.scores));
    }
    text += &scaled(backtest);
    let Scores { coverage, width, .. } = &backtest.model().scores;
    if let (Some(nominal), Some(coverage), Some(width)) = (backtest.coverage, coverage, width) {
        text += &format!(
            "\nIntervals meant to hold {:.0} % hold {:.1} % of the truths; mean width {}",
            100.0 * nominal,
            100.0 * coverage,
            significant(*width)
        );
    }
    let levels = backtest.levels.iter().flatten().zip(&backtest.model().scores.pinball);
    let losses: Vec<String> = levels.map(|(level, loss)| format!("{level}: {}", significant(*loss))).collect();
    if !losses.is_empty() {
        text += &format!("\nQuantile loss at the level {}", losses.join(", "));
    }
    let Scores { crps, wql, .. } = backtest.model().scores;
    if let Some(crps) = crps {
        text += &format!("\nCRPS {}, weighted quantile loss {}", significant(crps), number(wql));
    }
    for note in &backtest.notes {
        text += &format!("\n{note}");
    }
    text
}

/// The errors on the scale of training, where all series count alike; and the medians, where there are several series.
fn scaled(backtest: &Backtest) -> String {
    let several = backtest.model().series.len() > 1;
    let row = |name: &str, cells: [String; 4]| {
        let shown = if several { 4 } else { 2 };
        let cells: String = cells.iter().take(shown).map(|cell| format!("{cell:>13}")).collect();
        format!("  {name:<24}{cells}")
    };
    let mut rows = vec![row("on the scale of training", ["MSE", "MAE", "median MASE", "median R2"].map(str::to_owned))];
    for Method { name, scores, .. } in &backtest.methods {
        let Scores { scaled_mse, scaled_mae, mase_median, r2_median, .. } = scores;
        let errors = [significant(*scaled_mse), significant(*scaled_mae), number(*mase_median), number(*r2_median)];
        rows.push(row(name, errors));
    }
    rows.join("\n")
}

/// What training again has changed: over all, and from each training on.
pub fn refits(backtest: &Backtest, refits: &Refits) -> String {
    let row = |name: &str, cells: [String; 7]| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>11}")).collect();
        format!("  {name:<24}{cells}\n")
    };
    let errors = |with: &Scores, without: &Scores| {
        let [ours, theirs] = [with, without].map(|scores| [Some(scores.mae), scores.mase].map(number));
        let change = if without.mae > 0.0 { 100.0 * (with.mae / without.mae - 1.0) } else { 0.0 };
        [ours[0].clone(), theirs[0].clone(), ours[1].clone(), theirs[1].clone(), format!("{change:+.1} %")]
    };
    let cells = |rows: String, windows: usize, [a, b, c, d, e]: [String; 5]| [rows, windows.to_string(), a, b, c, d, e];
    let titles = ["rows", "windows", "MAE", "without", "MASE", "without", "change"].map(str::to_owned);
    let mut text = row("\n  Trained again, from", titles).trim_start_matches(' ').to_owned();
    for (place, Stretch { from, rows: [train, val], windows, refitted, without }) in refits.stretches.iter().enumerate()
    {
        let rows = if place == 0 { "as it is".to_owned() } else { (train + val).to_string() };
        text += &row(from, cells(rows, *windows, errors(refitted, without)));
    }
    let all = errors(&backtest.model().scores, &refits.without.scores);
    text + row("all", cells("-".to_owned(), backtest.windows, all)).trim_end()
}

/// A number, or a dash for none.
pub fn number(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), significant)
}

/// Says the warnings of a backtest, whatever `--quiet` says.
pub fn warn(backtest: &Backtest, console: &Console) {
    backtest.warnings.iter().for_each(|warning| console.warn(warning));
}

/// The absolute errors at each step of the horizon, and of each target of each series where there are several.
pub fn details(backtest: &Backtest) -> String {
    let methods = &backtest.methods;
    let row = |name: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>25}")).collect();
        format!("  {name:<16}{cells}\n")
    };
    let maes =
        |of: &dyn Fn(&Method) -> Option<f64>| methods.iter().map(|method| number(of(method))).collect::<Vec<_>>();
    let mut text = row("MAE", methods.iter().map(|method| method.name.clone()).collect());
    for step in (0..backtest.horizon).filter(|&step| shown(step, backtest.horizon)) {
        text +=
            &row(&format!("step {}", step + 1), maes(&|method| method.steps[step].as_ref().map(|scores| scores.mae)));
    }
    let series = &backtest.model().series;
    if series.len() > 1 {
        for (place, SeriesScores { id, target, .. }) in series.iter().enumerate().take(SERIES) {
            let name = id.as_ref().map_or(target.clone(), |id| format!("{id} {target}"));
            text += &row(&name, maes(&|method| Some(method.series[place].scores.mae)));
        }
    }
    if series.len() > SERIES {
        text += &format!("  ... and {} more; --json has them", series.len() - SERIES);
    }
    text.trim_end().to_owned()
}

/// Up to twelve steps, the first and the last among them.
fn shown(step: usize, steps: usize) -> bool {
    let every = steps.div_ceil(12);
    (step + 1).is_multiple_of(every) || step == 0 || step + 1 == steps
}

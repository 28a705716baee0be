//! What a backtest says in plain sentences. Methods are compared by MASE, series by series, so that one column in large
//! units does not decide for all.

use super::method::{Method, SeriesScores};
use crate::forecast::metrics::Scores;
use crate::forecast::number::listed;

/// The errors that methods are compared by: the mean over the series, and the median. It is MASE; where no series has
/// one, the absolute error on the scale of training.
fn compared(scores: &Scores) -> [f64; 2] {
    [scores.mase, scores.mase_median].map(|mase| mase.unwrap_or(scores.scaled_mae))
}

/// A sentence for each rule that the model, the first method, is no better than: over all, for some series, or in the
/// unit of the data.
pub fn verdicts(methods: &[Method]) -> Vec<String> {
    let [model, rules @ ..] = methods else { return Vec::new() };
    rules.iter().filter_map(|rule| verdict(model, rule)).collect()
}

fn verdict(model: &Method, rule: &Method) -> Option<String> {
    let (name, many) = (&rule.name, model.series.len() > 1);
    let measure = if model.scores.mase.is_some() { "MASE" } else { "scaled MAE" };
    let ([mean, median], [rule_mean, rule_median]) = (compared(&model.scores), compared(&rule.scores));
    let means = format!("{mean:.4} against {rule_mean:.4}");
    let medians = format!("{median:.4} against {rule_median:.4}");
    match (mean >= rule_mean, median >= rule_median) {
        (true, true) if !many => {
            return Some(format!("The model is no better than `{name}`: {measure} {means}. Do not use it."));
        }
        (true, true) => {
            return Some(format!(
                "The model is no better than `{name}`: mean {measure} of the series {means}, median {medians}. Do not \
                 use it."
            ));
        }
        (true, false) => {
            return Some(format!("By the mean {measure} of the series the model is no better than `{name}`: {means}."));
        }
        (false, true) => {
            return Some(format!(
                "By the median {measure} of the series the model is no better than `{name}`: {medians}."
            ));
        }
        (false, false) => {}
    }
    let pairs = model.series.iter().zip(&rule.series);
    let worse = pairs.filter(|(model, rule)| compared(&model.scores)[0] >= compared(&rule.scores)[0]);
    let worse: Vec<&SeriesScores> = worse.map(|(model, _)| model).collect();
    if !worse.is_empty() {
        let (count, all, shown) = (worse.len(), model.series.len(), names(&worse));
        return Some(format!("The model is no better than `{name}` for {count} of {all} series: {shown}."));
    }
    let raw = [("MAE", model.scores.mae, rule.scores.mae), ("RMSE", model.scores.rmse, rule.scores.rmse)];
    let (error, ours, theirs) = raw.into_iter().find(|(_, ours, theirs)| ours >= theirs)?;
    Some(format!(
        "In the unit of the data the model is no better than `{name}`: its {error} is {:.3} times as large.",
        ours / theirs
    ))
}

/// What the errors of a method leave out.
pub fn notes(method: &Method) -> Vec<String> {
    let mut notes = Vec::new();
    let Scores { count, zero_truths, .. } = method.scores;
    if zero_truths > 0 {
        notes.push(format!("MAPE leaves out {zero_truths} of {count} truths, which are 0."));
    }
    let all = method.series.len();
    let mut without = |measure: &str, none: &dyn Fn(&Scores) -> bool, why: &str| {
        let left_out: Vec<&SeriesScores> = method.series.iter().filter(|series| none(&series.scores)).collect();
        if !left_out.is_empty() {
            let (count, shown) = (left_out.len(), names(&left_out));
            notes.push(format!("{measure} leaves out {count} of {all} series, {why}: {shown}."));
        }
    };
    without("MASE", &|scores| scores.mase.is_none(), "which repeat their season exactly before");
    without("R2", &|scores| scores.r2.is_none(), "whose truths are all the same");
    notes
}

/// The names of some series.
fn names(series: &[&SeriesScores]) -> String {
    listed(series.iter().map(|series| match &series.id {
        Some(id) => format!("`{id} {}`", series.target),
        None => format!("`{}`", series.target),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::sums::Sums;
    use super::*;
    use crate::forecast::metrics::Forecasted;

    /// A model and a rule with these errors for each series, beside truths and scales of these sizes.
    fn methods(errors: [&[f64]; 2], sizes: &[f64]) -> Vec<Method> {
        let mut sums = Sums::new(2, sizes, 1);
        for (method, errors) in errors.into_iter().enumerate() {
            for (series, (error, &size)) in errors.iter().zip(sizes).enumerate() {
                for truth in [size, 2.0 * size] {
                    let (point, scaled) = (truth + error * size, [truth / size, truth / size + error]);
                    let forecasted =
                        Forecasted { truth, point, scaled, naive: Some(size), quantiles: &[], interval: None };
                    sums.of(method, series, 0).add(&forecasted);
                }
            }
        }
        let names: Vec<_> = (0..sizes.len()).map(|n| (Some(format!("s{n}")), "y".to_owned())).collect();
        ["model", "rule"].iter().enumerate().map(|(n, name)| sums.method(n, (*name).to_owned(), &names)).collect()
    }

    #[test]
    fn the_verdict_is_by_the_errors_of_the_series_and_not_by_the_largest_unit() {
        let say = |model: &[f64], rule: &[f64], sizes: &[f64]| verdicts(&methods([model, rule], sizes)).join(" ");
        let sizes = [1.0, 1.0, 1e6];
        let all = "The model is no better than `rule`: mean MASE of the series 0.7000 against 0.5667, median 1.0000 \
                   against 0.5000. Do not use it.";
        assert_eq!(say(&[1.0, 1.0, 0.1], &[0.5, 0.5, 0.7], &sizes), all);
        let some = "The model is no better than `rule` for 1 of 3 series: `s2 y`.";
        assert_eq!(say(&[0.1, 0.1, 0.9], &[0.5, 0.5, 0.5], &sizes), some);
        assert!(say(&[0.1, 0.1, 9.0], &[0.5, 0.5, 0.5], &sizes).starts_with("By the mean MASE of the series"));
        assert!(say(&[0.6, 0.6, 0.1], &[0.5, 0.5, 0.9], &sizes).starts_with("By the median MASE of the series"));
        assert_eq!(say(&[0.1, 0.1, 0.1], &[0.5, 0.5, 0.5], &sizes), "");
        let one = "The model is no better than `rule`: MASE 0.5000 against 0.5000. Do not use it.";
        assert_eq!(say(&[0.5], &[0.5], &[3.0]), one);
    }

    #[test]
    fn what_errors_leave_out_is_counted() {
        let mut found = methods([&[0.5, 0.5, 0.5], &[1.0; 3]], &[1.0; 3]);
        assert_eq!(notes(&found[0]), [""; 0]);
        found[0].series[1].scores.mase = None;
        found[0].scores.zero_truths = 2;
        let expected = [
            "MAPE leaves out 2 of 6 truths, which are 0.",
            "MASE leaves out 1 of 3 series, which repeat their season exactly before: `s1 y`.",
        ];
        assert_eq!(notes(&found[0]), expected);
    }
}

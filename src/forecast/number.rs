//! How forecasts are written: their values, the names of their columns, and those of series in sentences.

/// What is forecast of a target at a step: the point where the level is none, else the quantile of that level.
pub type Level = Option<f64>;

/// The shortest decimal that reads back as the same f64; with an exponent where plain digits would be mostly zeros.
pub fn exact(value: f64) -> String {
    if value == 0.0 || (1e-5..1e17).contains(&value.abs()) { value.to_string() } else { format!("{value:e}") }
}

/// What a column of forecasts is called: the target, or the target and the level of a quantile.
pub fn column_name(target: &str, level: Level) -> String {
    match level {
        None => target.to_owned(),
        Some(level) => format!("{target}_{level}"),
    }
}

/// Names that a sentence has at most.
const NAMED: usize = 5;

/// The first of some names for a sentence.
pub fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = if names.len() > NAMED { ", ..." } else { "" };
    names.take(NAMED).collect::<Vec<_>>().join(", ") + more
}

#[cfg(test)]
mod tests {
    use super::exact;

    #[test]
    fn every_value_reads_back_and_none_is_long() {
        let shown = [0.0, 5.0, -0.1, 1_700_000_040.25, 1e300, -2.5e-9].map(exact);
        assert_eq!(shown, ["0", "5", "-0.1", "1700000040.25", "1e300", "-2.5e-9"]);
        assert!(shown.iter().all(|text| exact(text.parse().unwrap()) == *text));
        assert!(exact(f64::MIN).len() < 25);
    }
}

//! A comparison for a reader.

use crate::cli::scores::number;
use refrain::forecast::{OfTable, Ranks};

/// The errors on a table for a reader.
pub fn in_words(table: &OfTable) -> String {
    let OfTable { name, series, targets, season, horizon, windows, methods } = table;
    let season = if *season > 1 { format!("season {season}") } else { "no season".to_owned() };
    let mut text = format!(
        "\n{name}: {series} series, {targets} targets, {season}, {horizon} rows ahead, {windows} windows\n\
         {:18}{:>12}{:>12}{:>12}{:>12}\n",
        "", "sMAPE", "MASE", "relative", "seconds"
    );
    let best = table.best().map(|best| best.relative);
    for method in methods {
        let mark = if Some(method.relative) == best { " *" } else { "" };
        text += &format!(
            "  {:16}{:>10.2} %{:>12}{:>12.3}{:>12.2}{mark}\n",
            method.name,
            method.smape,
            number(method.mase),
            method.relative,
            method.seconds
        );
    }
    text
}

/// The ranks for a reader.
pub fn ranks_in_words(ranks: &Ranks) -> String {
    let tables = if ranks.tables == 1 { "one table".to_owned() } else { format!("{} tables", ranks.tables) };
    let mut text = format!(
        "\nRanks over {tables}, by the error relative to that of the seasonal naive forecast:\n{:18}{:>12}{:>12}\n",
        "", "mean rank", "best of"
    );
    for method in &ranks.methods {
        text += &format!("  {:16}{:>12.2}{:>12}\n", method.name, method.rank, method.wins);
    }
    let Some((friedman, difference)) = ranks.friedman.zip(ranks.critical_difference) else {
        return text + "One table says nothing of whether methods differ.";
    };
    text += &format!(
        "Friedman's test: chi squared {:.2}, p {:.4}. Critical difference at 5 % (Nemenyi): {difference:.2}\n",
        friedman.chi_squared, friedman.p
    );
    for group in &ranks.groups {
        let names: Vec<&str> = group.iter().map(|&place| ranks.methods[place].name.as_str()).collect();
        text += &format!("Not told apart: {}\n", names.join(", "));
    }
    text.trim_end().to_owned()
}

//! A comparison for a reader.

use super::{Benchmark, Failed, OfTable, Ranks};
use crate::words::{counted, significant};
use std::fmt::{Display, Formatter, Result};

impl Display for OfTable {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let OfTable { name, series, targets, season, horizon, windows, methods } = self;
        let season = if *season > 1 { format!("season {season}") } else { "no season".to_owned() };
        let [targets, rows, windows] =
            [(targets, "target"), (horizon, "row"), (windows, "window")].map(|(&count, what)| counted(count, what));
        writeln!(f, "{name}: {series} series, {targets}, {season}, {rows} ahead, {windows}")?;
        write!(f, "{:18}{:>12}{:>12}{:>12}{:>12}", "", "sMAPE", "MASE", "relative", "seconds")?;
        let best = self.best().map(|best| best.relative);
        for method in methods {
            let mark = if Some(method.relative) == best { " *" } else { "" };
            let mase = method.mase.map_or("-".to_owned(), significant);
            let (smape, relative, seconds) = (method.smape, method.relative, method.seconds);
            write!(f, "\n  {:16}{smape:>10.2} %{mase:>12}{relative:>12.3}{seconds:>12.2}{mark}", method.name)?;
        }
        Ok(())
    }
}

impl Display for Ranks {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let tables = if self.tables == 1 { "one table".to_owned() } else { counted(self.tables, "table") };
        writeln!(f, "Ranks over {tables}, by the error relative to that of the seasonal naive forecast:")?;
        write!(f, "{:18}{:>12}{:>12}", "", "mean rank", "best of")?;
        for method in &self.methods {
            write!(f, "\n  {:16}{:>12.2}{:>12}", method.name, method.rank, method.wins)?;
        }
        let Some((friedman, difference)) = self.friedman.zip(self.critical_difference) else {
            return write!(f, "\nOne table says nothing of whether methods differ.");
        };
        write!(
            f,
            "\nFriedman's test: chi squared {:.2}, p {:.4}. Critical difference at 5 % (Nemenyi): {difference:.2}",
            friedman.chi_squared, friedman.p
        )?;
        for group in &self.groups {
            let names: Vec<&str> = group.iter().map(|&place| self.methods[place].name.as_str()).collect();
            write!(f, "\nNot told apart: {}", names.join(", "))?;
        }
        Ok(())
    }
}

impl Display for Failed {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} is left out: {}", self.name, self.reason)
    }
}

impl Display for Benchmark {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let tables = self.tables.iter().map(ToString::to_string);
        let failed = self.failed.iter().map(ToString::to_string);
        let ranks = self.ranks.iter().map(ToString::to_string);
        f.write_str(&tables.chain(failed).chain(ranks).collect::<Vec<_>>().join("\n\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Measured;
    use super::*;

    #[test]
    fn a_number_of_one_is_singular() {
        let of = |name: &str, relative| Measured { name: name.into(), smape: 2.0, mase: None, relative, seconds: 0.5 };
        let methods = vec![of("refrain", 0.5), of("naive", 1.0)];
        let one = OfTable {
            name: "a.csv".into(),
            series: 1,
            targets: 1,
            season: 1,
            horizon: 1,
            windows: 1,
            methods: methods.clone(),
        };
        let text = one.to_string();
        assert!(text.starts_with("a.csv: 1 series, 1 target, no season, 1 row ahead, 1 window\n"), "{text}");
        assert!(text.ends_with("1.000        0.50") && text.contains("0.500        0.50 *\n"), "{text}");
        let two = OfTable { targets: 2, horizon: 2, windows: 2, season: 2, ..one.clone() };
        assert!(two.to_string().starts_with("a.csv: 1 series, 2 targets, season 2, 2 rows ahead, 2 windows\n"));
        let failed = Failed { name: "b.csv".into(), reason: "it is empty".into() };
        let text = Benchmark::of(vec![one], vec![failed]).to_string();
        assert!(text.contains("\n\nb.csv is left out: it is empty\n\nRanks over one table, "), "{text}");
        assert!(text.ends_with("One table says nothing of whether methods differ."), "{text}");
    }
}

//! Generated tables for examples and tests: an hourly demand that follows the day, the week, a trend, and the
//! temperature; and the visits of each day.

use crate::rng::{Gaussian, Purpose, generator};
use jiff::ToSpan;
use jiff::civil::date;
use std::f64::consts::TAU;
use std::fmt::Write;

/// Standard deviation of the noise on the demand, which nothing explains.
pub const NOISE: f64 = 1.5;

/// CSV with the columns `time`, `demand` and `temperature`: `hours` from 2024-01-01 on, and `future` more of which the
/// temperature alone is known. With h the hour, d the day of the week from Monday on, and e, n standard normal,
///
/// ```text
/// a           = 0.97 a + 0.97 e
/// temperature = 12 + 5 sin(2 pi (h - 9) / 24) + a
/// demand      = 100 + 0.004 t + 15 sin(2 pi (h - 7) / 24) + 6 sin(4 pi h / 24) - (18 where d >= 5) + 2.5 a + NOISE n
/// ```
///
/// Half of the variance of a is gone after 11 hours, so that the past says little of tomorrow's.
pub fn demand(seed: u64, hours: usize, future: usize) -> String {
    let mut rng = generator(seed, Purpose::Data);
    let mut normal = Gaussian::new(1.0);
    let mut text = String::from("time,demand,temperature\n");
    let start = date(2024, 1, 1).at(0, 0, 0, 0);
    let mut anomaly = 0.0;
    for t in 0..hours + future {
        anomaly = 0.97 * anomaly + 0.97 * normal.draw(&mut rng);
        let (hour, weekday) = ((t % 24) as f64, t / 24 % 7);
        let temperature = 12.0 + 5.0 * (TAU * (hour - 9.0) / 24.0).sin() + anomaly;
        let day = 15.0 * (TAU * (hour - 7.0) / 24.0).sin() + 6.0 * (TAU * hour / 12.0).sin();
        let weekend = if weekday >= 5 { 18.0 } else { 0.0 };
        let demand = 100.0 + 0.004 * t as f64 + day - weekend + 2.5 * anomaly + NOISE * normal.draw(&mut rng);
        let time = start.saturating_add((t as i64).hours());
        let demand = if t < hours { format!("{demand:.2}") } else { String::new() };
        let row = writeln!(text, "{},{demand},{temperature:.2}", time.strftime("%Y-%m-%d %H:%M"));
        row.expect("writing to a string does not fail");
    }
    text
}

/// CSV with the columns `date` and `visits`, `days` from 2022-01-01 on. With t the day, d the day of the week from
/// Monday on, and e, n standard normal,
///
/// ```text
/// a      = 0.9 a + 0.05 e
/// visits = (400 + 0.1 t) (1 + 0.25 sin(2 pi (t - 80) / 365.25)) week[d] exp(a + 0.03 n)
/// week   = 1, 1.04, 1.06, 1.02, 1.1, 0.72, 0.6
/// ```
pub fn visits(seed: u64, days: usize) -> String {
    const WEEK: [f64; 7] = [1.0, 1.04, 1.06, 1.02, 1.1, 0.72, 0.6];
    let mut rng = generator(seed, Purpose::Data);
    let mut normal = Gaussian::new(1.0);
    let mut text = String::from("date,visits\n");
    let start = date(2022, 1, 1);
    let mut anomaly = 0.0;
    for t in 0..days {
        anomaly = 0.9 * anomaly + 0.05 * normal.draw(&mut rng);
        let day = start.saturating_add((t as i64).days());
        let week = WEEK[day.weekday().to_monday_zero_offset() as usize];
        let year = 1.0 + 0.25 * (TAU * (t as f64 - 80.0) / 365.25).sin();
        let visits = (400.0 + 0.1 * t as f64) * year * week * (anomaly + 0.03 * normal.draw(&mut rng)).exp();
        writeln!(text, "{day},{visits:.0}").expect("writing to a string does not fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Task;
    use crate::forecast::table::{ReadOptions, Table};

    #[test]
    fn the_table_is_what_it_says() {
        let text = demand(1, 48, 24);
        let task = Task { future: vec!["temperature".into()], ..Task::new(["demand"]) };
        let table = Table::read("t", text.as_bytes(), &task.read_options(ReadOptions::default())).unwrap();
        assert_eq!((table.rows(&table.series[0]), table.series[0].known), (72, 48));
        assert_eq!(
            (table.frequency.to_string().as_str(), table.columns.join(" ")),
            ("h", "demand temperature".to_owned())
        );
        assert_ne!(text, demand(2, 48, 24));
        assert!(demand(1, 60, 12).starts_with(text.lines().take(49).collect::<Vec<_>>().join("\n").as_str()));
    }

    #[test]
    fn visits_follow_the_week() {
        let text = visits(1, 400);
        let task = Task::new(["visits"]);
        let table = Table::read("t", text.as_bytes(), &task.read_options(ReadOptions::default())).unwrap();
        assert_eq!((table.rows(&table.series[0]), table.frequency.to_string()), (400, "D".to_owned()));
        // 2022-01-01 is a Saturday: Sundays follow from the second row on.
        let mean = |from: usize| table.series[0].values.iter().skip(from).step_by(7).sum::<f64>() / 57.0;
        assert!(mean(1) < 0.7 * mean(2), "{} on Sundays, {} on Mondays", mean(1), mean(2));
    }
}

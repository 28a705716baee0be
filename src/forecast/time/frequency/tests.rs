//! Frequencies guessed, followed, and written.

use super::*;
use crate::forecast::time::{Style, parse_civil, parse_number};

fn stamps(times: &[&str]) -> (Vec<Stamp>, Style) {
    let parsed: Vec<_> = times.iter().map(|time| parse_civil(time).unwrap()).collect();
    (parsed.iter().map(|(parsed, _)| parsed.local).collect(), Style::Civil(parsed[0].1.clone()))
}

#[track_caller]
fn infers(times: &[&str], expected: &str) {
    let (stamps, style) = stamps(times);
    let frequency = Frequency::infer(&stamps, &style).unwrap();
    assert_eq!(frequency.to_string(), expected, "{times:?}");
    assert_eq!(frequency, expected.parse().unwrap());
    for (n, &stamp) in stamps.iter().enumerate() {
        let n = n as i64;
        assert_eq!(frequency.at(stamps[0], n).map(|at| style.print(at, 0)), Some(style.print(stamp, 0)), "{n}");
        assert_eq!(frequency.steps(stamps[0], stamp), (n, true));
        assert_eq!(frequency.steps(stamps[0], stamp + 1), (n, false));
        assert_eq!(frequency.steps(stamp, stamps[0]), (-n, true), "{times:?}");
    }
}

#[test]
fn frequencies_are_found_and_go_on_as_they_began() {
    infers(&["2016-07-01 23:00", "2016-07-02 00:00", "2016-07-02 01:00"], "h");
    infers(&["2016-07-01 23:45", "2016-07-02 00:00"], "15min");
    infers(&["2024-02-28", "2024-02-29", "2024-03-01"], "D");
    infers(&["2024-02-25", "2024-03-03", "2024-03-10"], "W");
    infers(&["1949-11", "1949-12", "1950-01"], "M");
    infers(&["2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31"], "ME");
    infers(&["2024-01-15", "2024-04-15", "2024-07-15"], "3M");
    infers(&["2023-01-01", "2024-01-01", "2025-01-01"], "12M");
    infers(&["2024-05-01", "2024-05-02", "2024-05-03", "2024-05-06", "2024-05-07", "2024-05-08"], "B");
    let week = ["2023-01-01", "2023-01-02", "2023-01-03", "2023-01-04", "2023-01-05", "2023-01-08", "2023-01-09"];
    infers(&week, "B:SunMonTueWedThu");
    infers(&["2023-01-31", "2023-02-28", "2023-03-31", "2023-04-28", "2023-05-31"], "BME");
    infers(&["2023-01-02", "2023-02-01", "2023-03-01", "2023-04-03", "2023-05-01"], "BMS");
    infers(&["2023-02-28", "2023-03-30", "2023-04-30", "2023-05-30"], "M:30");
    infers(&["2024-05-01 00:00:00.5", "2024-05-01 00:00:00.75"], "250000us");
}

#[test]
fn the_last_days_of_months_differ_from_the_same_day() {
    let (end, style) = stamps(&["2024-02-29", "2024-03-31"]);
    let frequency = Frequency::infer(&end, &style).unwrap();
    assert_eq!(style.print(frequency.at(end[0], 2).unwrap(), 0), "2024-04-30");
    let (same, _) = stamps(&["2024-02-28", "2024-03-28"]);
    let frequency = Frequency::infer(&same, &style).unwrap();
    assert_eq!(style.print(frequency.at(same[0], 2).unwrap(), 0), "2024-04-28");
}

#[test]
fn numbers_may_be_rounded_but_not_out_of_step() {
    let numbers = |texts: &[&str]| texts.iter().map(|text| parse_number(text).unwrap()).collect::<Vec<_>>();
    let years = numbers(&["1749.042", "1749.125", "1749.208", "1749.292", "1749.375"]);
    let frequency = Frequency::infer(&years, &Style::Number).unwrap();
    for (n, &year) in years.iter().enumerate() {
        assert_eq!(frequency.steps(years[0], year), (n as i64, true));
    }
    assert!(!frequency.steps(years[0], parse_number("1749.08").unwrap()).1);
    let gap = numbers(&["1", "2", "3", "5"]);
    assert_eq!(Frequency::infer(&gap, &Style::Number), Some(Frequency::Step(1.0)));
    assert_eq!(Frequency::Step(1.0).steps(gap[0], gap[3]), (4, true));
}

#[test]
fn the_majority_decides_and_too_few_say_nothing() {
    let (gap, style) = stamps(&["2024-01-01", "2024-01-02", "2024-01-05", "2024-01-06"]);
    assert_eq!(Frequency::infer(&gap, &style), Some(Frequency::Fixed(DAY)));
    assert_eq!(Frequency::infer(&gap[..1], &style), None);
    assert_eq!(Frequency::infer(&[gap[0]; 3], &style), None);
}

#[test]
fn times_beyond_all_measure_are_no_panic() {
    let far = [-9_000_000_000_000_000_000, 0, 9_000_000_000_000_000_000];
    let frequency = Frequency::infer(&far, &Style::Number).unwrap();
    assert_eq!([0, 1, 2].map(|n| frequency.steps(far[0], far[n])), [(0, true), (1, true), (2, true)]);
    let daily: Frequency = "D".parse().unwrap();
    assert!(!daily.steps(i64::MIN, i64::MAX).1);
}

#[test]
fn a_known_frequency_fits_few_rows() {
    let (week, _) = stamps(&["2024-02-19", "2024-02-20", "2024-02-21", "2024-02-22", "2024-02-23"]);
    let fits = |text: &str| text.parse::<Frequency>().unwrap().fits(&week);
    assert!(fits("B") && fits("D") && !fits("h") && !fits("W") && !fits("M"));
    assert!(
        Frequency::Step(0.083).agrees(Frequency::Step(0.0833))
            && !Frequency::Step(60.0).agrees(Frequency::Step(3600.0))
    );
}

#[test]
fn seasons_and_refusals() {
    let season = |text: &str| text.parse::<Frequency>().unwrap().season();
    assert_eq!(
        ["h", "15min", "min", "s", "D", "W", "M", "Q", "Y", "B", "2"].map(season),
        [24, 96, 60, 60, 7, 52, 12, 4, 1, 5, 1]
    );
    for bad in
        ["", "x", "0D", "-1", "0", "nan", "99999999999999999999h", "9223372036854775807W", "2B", "B:", "B:Mo", "M:32"]
    {
        assert!(bad.parse::<Frequency>().is_err(), "{bad}");
    }
}

//! How times are read, and how they go on.

use super::*;

#[test]
fn times_must_go_on_step_by_step() {
    let plain = ReadOptions::default();
    let dates = |days: &[u32]| {
        let rows: Vec<String> = days.iter().map(|day| format!("2024-01-{day:02},{day}\n")).collect();
        format!("date,y\n{}", rows.concat())
    };
    refused(
        &dates(&[1, 2, 2, 3]),
        &plain,
        "t.csv, row 4: 2024-01-02 is the time of row 3 too: keep one of them, or name the column that tells series apart with `ReadOptions::id`",
    );
    refused(
        &dates(&[1, 2, 4, 5]),
        &plain,
        "t.csv, row 4: expected 2024-01-03, found 2024-01-04: 1 row is missing at the frequency D; `ReadOptions::fill` forward or linear puts them in",
    );
    refused(
        &dates(&[1, 2, 4, 3]),
        &plain,
        "t.csv, row 5: 2024-01-03 comes after 2024-01-04 in row 4: sort the table by its times",
    );
    refused(
        &dates(&[3, 2, 2, 1]),
        &plain,
        "t.csv, row 3: 2024-01-02 is the time of row 4 too: keep one of them, or name the column that tells series apart with `ReadOptions::id`",
    );
    let message = read(&dates(&[1, 2, 29]), &plain).unwrap_err().to_string();
    assert!(message.ends_with("26 rows are missing at the frequency D; that is more than its 3 rows: say another `ReadOptions::frequency`, or cut the table at the gap"), "{message}");
}

#[test]
fn two_frequencies_are_refused_where_the_second_begins() {
    let text = "date,y\n2024-01-01 00:00,1\n2024-01-01 01:00,1\n2024-01-01 02:00,1\n2024-01-01 03:00,1\n2024-01-01 03:30,1\n2024-01-01 04:00,1\n";
    let message = read(text, &ReadOptions::default()).unwrap_err().to_string();
    assert!(
        message.starts_with(
            "t.csv, row 6: expected 2024-01-01 04:00, one step of h after the row before, found 2024-01-01 03:30"
        ),
        "{message}"
    );
    let said = ReadOptions { frequency: Some("30min".parse().unwrap()), ..ReadOptions::default() };
    let message = read(text, &said).unwrap_err().to_string();
    assert!(
        message.starts_with("t.csv, row 3: expected 2024-01-01 00:30, found 2024-01-01 01:00: 1 row is missing"),
        "{message}"
    );
}

/// A table of these times, each with its place as the value; `end` follows the last.
fn timed(header: &str, times: &[&str]) -> String {
    let rows = times.iter().enumerate().map(|(row, time)| format!("{row},\"{time}\"\n"));
    format!("y,{header}\n{}", rows.collect::<String>())
}

#[test]
fn dates_in_any_common_writing_go_on_as_they_are_written() {
    for (times, frequency, next) in [
        (&["30/10/2023", "31/10/2023", "01/11/2023"][..], "D", "02/11/2023"),
        (&["10/30/2023", "10/31/2023", "11/01/2023"], "D", "11/02/2023"),
        (&["30.10.2023", "31.10.2023", "01.11.2023"], "D", "02.11.2023"),
        (&["30-10-23", "31-10-23", "01-11-23"], "D", "02-11-23"),
        (&["30-Oct-2023", "31-Oct-2023", "1-Nov-2023"], "D", "2-Nov-2023"),
        (&["Oct 30, 2023", "Oct 31, 2023", "Nov 1, 2023"], "D", "Nov 2, 2023"),
        (&["30 October 2023", "31 October 2023", "01 November 2023"], "D", "02 November 2023"),
        (&["20231030", "20231031", "20231101"], "D", "20231102"),
        (&["202310", "202311", "202312"], "M", "202401"),
        (&["2020Q3", "2020Q4", "2021Q1"], "3M", "2021Q2"),
        (&["2020-Q3", "2020-Q4", "2021-Q1"], "3M", "2021-Q2"),
        (&["2020-W52", "2020-W53", "2021-W01"], "W", "2021-W02"),
        (&["1990/1/1 22:00", "1990/1/1 23:00", "1990/1/2 0:00"], "h", "1990/1/2 1:00"),
        (&["1/31/2024 9:00 PM", "1/31/2024 10:00 PM", "1/31/2024 11:00 PM"], "h", "2/1/2024 12:00 AM"),
        (&["1699999200", "1700002800", "1700006400"], "h", "1700010000"),
        (&["1699999200000", "1700002800000", "1700006400000"], "h", "1700010000000"),
        (&["1699999200000000000", "1700002800000000000"], "h", "1700006400000000000"),
        (&["May 2024", "Jun 2024", "Jul 2024"], "M", "Aug 2024"),
        (&["Tuesday, 27 Feb 2024", "Wednesday, 28 Feb 2024"], "D", "Thursday, 29 Feb 2024"),
    ] {
        let backwards: Vec<&str> = times.iter().rev().copied().collect();
        for (times, notes) in [(times, 0), (&backwards, 1)] {
            let text = timed("x1", times);
            let table = read(&text, &columns(&["y"])).unwrap_or_else(|error| panic!("{text}{error}"));
            let series = &table.series[0];
            assert_eq!(table.frequency.to_string(), frequency, "{text}");
            assert_eq!(table.time(series, times.len()).unwrap(), next);
            assert_eq!((table.notes.len(), series.values[0] == 0.0), (notes, notes == 0), "{:?}", table.notes);
        }
    }
}

#[test]
fn the_day_comes_first_or_the_month_but_never_by_chance() {
    let text = timed("when", &["01/02/2024", "02/02/2024", "03/02/2024"]);
    let message = read(&text, &columns(&["y"])).unwrap_err().to_string();
    assert!(
        message.starts_with("t.csv, column `when`: the times may be written as %d/%m/%Y or as %m/%d/%Y"),
        "{message}"
    );
    for (format, frequency) in [("%d/%m/%Y", "D"), ("%m/%d/%Y", "M")] {
        let style = Style::Civil(format.parse().unwrap());
        let said = ReadOptions { time_format: Some(style.clone()), ..columns(&["y"]) };
        assert_eq!(read(&text, &said).unwrap().frequency.to_string(), frequency);
        let known = Known { style: Some(style), ..Known::default() };
        assert_eq!(read(&text, &ReadOptions { known, ..columns(&["y"]) }).unwrap().frequency.to_string(), frequency);
    }
}

#[test]
fn columns_like_dates_are_never_dropped_in_silence() {
    let strange = timed("when", &["30. brumaire 2023", "1. frimaire 2023"]);
    let message = read(&strange, &columns(&["y"])).unwrap_err().to_string();
    assert!(message.starts_with("t.csv, row 2, column `when`: `30. brumaire 2023` looks like a time"), "{message}");
    let none = ReadOptions { time: Some("none".into()), ..columns(&["y"]) };
    assert_eq!(read(&strange, &none).unwrap().style, Style::Row);
    assert_eq!(read("y,z\n1,2 of 3\n2,1.2.3\n", &columns(&["y"])).unwrap().style, Style::Row);
    let two = "y,born,date\n1,1990-01-01,2024-01-01\n2,1980-01-01,2024-01-02\n";
    let table = read(two, &columns(&["y"])).unwrap();
    assert_eq!(table.time(&table.series[0], 0).unwrap(), "2024-01-01");
    assert!(table.notes[0].contains("`born` could be times too"), "{:?}", table.notes);
    let year = read("y,z,year\n1,5,2001\n2,7,2002\n", &columns(&["y"])).unwrap();
    assert!(year.notes[0].contains("`ReadOptions::time` 'year'"), "{:?}", year.notes);
    // What is asked for is no time, and numbers that jump are none.
    assert_eq!(read("y\n20240101\n20240102\n", &columns(&["y"])).unwrap().style, Style::Row);
    assert_eq!(read("y,z\n1,20240101\n2,20240301\n3,20240201\n", &columns(&["y"])).unwrap().style, Style::Row);
}

#[test]
fn months_in_other_languages_and_zones_by_name_are_said() {
    let said = |name: &str, times: &[&str]| {
        let found = read(&timed(name, times), &columns(&["y"]));
        found.map_or_else(|error| error.to_string(), |table| table.notes.join("\n"))
    };
    for (name, times, value, word) in [
        ("date", &["15 mars 2024", "16 mars 2024"][..], "row 2, column `date`: `15 mars 2024`", "`mars`"),
        ("Monat", &["Jan 2024", "Mai 2024", "Okt 2024"], "row 3, column `Monat`: `Mai 2024`", "`Mai`"),
        ("m", &["Jan 2024", "Feb 2024", "Mar 2024", "Apr 2024", "Mai 2024"], "found `Mai 2024`", "`Mai`"),
        (
            "periode",
            &["janv. 2024", "févr. 2024"],
            "rows are counted; should `janv. 2024` in `periode` be a time",
            "`janv`",
        ),
        ("periode", &["Jan 2024", "Mai 2024", "Okt 2024"], "rows are counted; should `Mai 2024` in `periode`", "`Mai`"),
        ("at", &["2024-01-01 00:00 CET", "2024-01-02 00:00 CET"], "`2024-01-01 00:00 CET` looks like a time", "`CET`"),
        ("at", &["2024-01-01 00:00 Europe/Berlin", "x"], "row 2, column `at`", "`Europe/Berlin`"),
    ] {
        let said = said(name, times);
        assert!(said.contains(value) && said.contains(word) && said.len() < 450, "{times:?}: {said}");
    }
    // Nor where it is said which column they are in, or how they are written.
    let text = timed("when", &["1 mai 2024", "2 mai 2024"]);
    for format in [None, Some(Style::Civil("%d %B %Y".parse().unwrap()))] {
        let said = ReadOptions { time: Some("when".into()), time_format: format, ..columns(&["y"]) };
        let message = read(&text, &said).unwrap_err().to_string();
        assert!(message.contains("found `1 mai 2024`") && message.contains("English alone"), "{message}");
    }
    // A name that all rows have can be passed over.
    let times = ["2024-01-01 00:00 CET", "2024-01-02 00:00 CET"];
    let format = Some(Style::Civil("%Y-%m-%d %H:%M CET".parse().unwrap()));
    let said = ReadOptions { time: Some("at".into()), time_format: format, ..columns(&["y"]) };
    assert_eq!(read(&timed("at", &times), &said).unwrap().frequency.to_string(), "D");
}

#[test]
fn what_is_said_of_times_is_refused_where_rows_are_counted() {
    let none = ReadOptions { time: Some("none".into()), ..columns(&["y"]) };
    let daily = Some("D".parse().unwrap());
    let format = Some(Style::Civil("%Y".parse().unwrap()));
    for (options, flag) in [
        (ReadOptions { frequency: daily, ..none.clone() }, "`ReadOptions::frequency`"),
        (ReadOptions { time_format: format, ..none.clone() }, "`ReadOptions::time_format`"),
    ] {
        refused(
            "d,y\n2024-01-01,1\n2024-01-02,2\n",
            &options,
            &format!("t.csv: {flag} is for times, and rows are counted: `ReadOptions::time` names the column of times"),
        );
    }
    let counted = ReadOptions { frequency: Some("1".parse().unwrap()), ..none };
    assert_eq!(read("y\n1\n2\n", &counted).unwrap().style, Style::Row);
}

#[test]
fn days_are_local_days_and_hours_go_on_when_clocks_change() {
    let days = ["2024-03-30T00:00:00+01:00", "2024-03-31T00:00:00+01:00", "2024-04-01T00:00:00+02:00"];
    let table = read(&timed("date", &days), &columns(&["y"])).unwrap();
    assert_eq!(table.frequency.to_string(), "D");
    assert_eq!(table.time(&table.series[0], 3).unwrap(), "2024-04-02T00:00:00+02:00");
    assert_eq!(table.time(&table.series[0], 0).unwrap(), days[0]);
    let months = ["2024-03-01T00:00:00+01:00", "2024-04-01T00:00:00+02:00", "2024-05-01T00:00:00+02:00"];
    let table = read(&timed("date", &months), &columns(&["y"])).unwrap();
    assert_eq!(table.frequency.to_string(), "M");
    let hours =
        ["2024-03-31 00:00+01:00", "2024-03-31 01:00+01:00", "2024-03-31 03:00+02:00", "2024-03-31 04:00+02:00"];
    let table = read(&timed("date", &hours), &columns(&["y"])).unwrap();
    assert_eq!(table.frequency.to_string(), "h");
    let series = &table.series[0];
    for (row, text) in hours.iter().enumerate() {
        assert_eq!(&table.time(series, row).unwrap(), text);
    }
    let [before, after] = [1, 2].map(|row| table.local(series, row).unwrap());
    assert_eq!(after - before, 2 * 3_600_000_000);
}

#[test]
fn a_date_without_an_offset_is_no_time_among_those_that_have_one() {
    let written = "written as %Y-%m-%d %H:%M%:z, found `2024-01-02`";
    let text = timed("date", &["2024-01-01 00:00+01:00", "2024-01-02", "2024-01-03 00:00+01:00"]);
    let expected = "t.csv, row 3, column `date`: expected a time such as `2024-01-01 00:00+01:00`, ";
    refused(
        &text,
        &columns(&["y"]),
        &format!("{expected}{written}; `ReadOptions::time_format` says how they are written"),
    );
    let format = Some(Style::Civil("%Y-%m-%d %H:%M%:z".parse().unwrap()));
    let said = ReadOptions { time: Some("date".into()), time_format: format, ..columns(&["y"]) };
    for times in [&["2024-01-01 00:00+01:00", "2024-01-02"][..], &["2024-01-02", "2024-01-03"]] {
        let message = read(&timed("date", times), &said).unwrap_err().to_string();
        assert!(message.contains(&format!("expected a time, {written}")), "{message}");
    }
}

#[test]
fn times_beyond_all_measure_are_rows_or_a_refusal() {
    let table = table("t,y\n-9000000000000,1\n0,2\n9000000000000,1\n");
    assert_eq!(table.frequency.to_string(), "9000000000000");
    let message = read("date,y\n-9000,1\n9999-12-31,2\n", &ReadOptions::default()).unwrap_err().to_string();
    assert!(message.starts_with("t.csv, row 2"), "{message}");
}

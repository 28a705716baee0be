mod times;

use super::*;
use crate::error::Result;
use crate::forecast::time::Style;

fn read(text: &str, options: &ReadOptions) -> Result<Table> {
    Table::read("t.csv", text.as_bytes(), options)
}

fn table(text: &str) -> Table {
    read(text, &ReadOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn refused(text: &str, options: &ReadOptions, expected: &str) {
    let message = read(text, options).expect_err("a refusal").to_string();
    assert_eq!(message, expected);
}

fn columns(names: &[&str]) -> ReadOptions {
    ReadOptions { columns: Some(names.iter().map(|&name| name.to_owned()).collect()), ..ReadOptions::default() }
}

#[test]
fn a_wide_table_is_one_series() {
    let table = table("date,a,b\n2024-01-30,1,2\n2024-01-31,3,4e2\n2024-02-01,-.5,6\n");
    assert_eq!(table.columns, ["a", "b"]);
    assert_eq!(table.frequency.to_string(), "D");
    let [series] = &table.series[..] else { panic!("one series") };
    assert_eq!(series.values, [1.0, 2.0, 3.0, 400.0, -0.5, 6.0]);
    assert_eq!((table.rows(series), series.known), (3, 3));
    assert_eq!(table.time(series, 3).unwrap(), "2024-02-02");
}

#[test]
fn a_long_table_has_a_series_for_each_identifier() {
    let text = "id;t;y\nb;2024-01;1,5\na;2024-01;7\nb;2024-02;2,5\na;2024-02;8\nb;2024-03;3\n";
    let options = ReadOptions { id: Some("id".into()), ..ReadOptions::default() };
    let table = read(text, &options).unwrap();
    let ids: Vec<&str> = table.series.iter().flat_map(|series| series.id.as_deref()).collect();
    assert_eq!(ids, ["b", "a"]);
    assert_eq!((&table.series[0].values[..], &table.series[1].values[..]), (&[1.5, 2.5, 3.0][..], &[7.0, 8.0][..]));
    assert_eq!(table.frequency.to_string(), "M");
}

#[test]
fn columns_may_be_chosen_and_others_may_hold_anything() {
    let text = "comment,y,time\nx,1,0.5\n\"a,\"\"b\",2,1.0\n,3,1.5\n";
    let options = ReadOptions { time: Some("time".into()), ..columns(&["y"]) };
    let table = read(text, &options).unwrap();
    assert_eq!((table.series[0].values.as_slice(), &table.style), (&[1.0, 2.0, 3.0][..], &Style::Number));
    assert_eq!(table.time(&table.series[0], 3).unwrap(), "2");
    refused(text, &columns(&["Y1"]), "t.csv, column `Y1`: there is no such column; did you mean `y`?");
    refused(text, &columns(&["zzz"]), "t.csv, column `zzz`: there is no such column; there are `comment`, `y`, `time`");
    let both = ReadOptions { time: Some("y".into()), ..columns(&["y"]) };
    refused(text, &both, "t.csv, column `y`: it holds the times of the table and cannot be a series as well");
}

#[test]
fn rows_are_counted_where_there_is_no_time() {
    let plain = table("y\n5\n6\n");
    assert_eq!((&plain.style, plain.time(&plain.series[0], 2).unwrap().as_str()), (&Style::Row, "2"));
    assert_eq!(table("1,2\n3,4\n").columns, ["column1", "column2"]);
    assert_eq!(table("\u{feff}year,y\n2001,5\n2002,6\n").columns, ["y"]);
    assert_eq!(table("depth,y\n2001,5\n2002,6\n").columns, ["depth", "y"]);
}

#[test]
fn refusals_name_row_and_column() {
    let plain = ReadOptions::default();
    refused("", &plain, "t.csv: the table is empty: expected a row of names, and rows of values");
    refused("date,y\n", &plain, "t.csv: there is no row after the header: expected rows of values");
    refused(
        "date,y\n2024-01-01,1\n",
        &plain,
        "t.csv: expected at least 2 rows, from which the frequency follows, found 1",
    );
    refused("date\n2024-01-01\n2024-01-02\n", &plain, "t.csv: expected a column of values, found none");
    refused("a,a\n1,2\n", &plain, "t.csv, column `a`: two columns have this name: rename one");
    refused(
        "date,y\n2024-01-01,1\n2024-01-02\n",
        &plain,
        "t.csv, row 3: expected 2 fields, as in the first row, found 1",
    );
    let number = "a number, or nothing or NA where a value is missing";
    refused("y\n1\n2x\n", &columns(&["y"]), &format!("t.csv, row 3, column `y`: expected {number}, found `2x`"));
    refused(
        "y\n1\ninf\n",
        &columns(&["y"]),
        "t.csv, row 3, column `y`: expected a finite number of at most 1.7e308, found `inf`",
    );
    refused(
        "y\n1\n1e309\n",
        &columns(&["y"]),
        "t.csv, row 3, column `y`: expected a finite number of at most 1.7e308, found `1e309`",
    );
    let missing = "the value is missing; `ReadOptions::fill` forward or linear puts one in";
    refused("y,z\n1,1\nNaN,2\n", &plain, &format!("t.csv, row 3, column `y`: {missing}"));
    for text in ["a,y\n1,1\n\n1,x\n", "a,y\r\n1,1\r\n\r\n1,x", "a,y\n\"\n\",1\n1,x"] {
        refused(text, &columns(&["y"]), &format!("t.csv, row 4, column `y`: expected {number}, found `x`"));
    }
    refused("y\n1\n\n2\n", &plain, &format!("t.csv, row 3, column `y`: {missing}"));
    refused(
        "date,y\n2024-01-01,1\n2024-01-02,1\n2nd of May,2\n",
        &plain,
        "t.csv, row 4, column `date`: expected a time such as `2024-01-01`, written as %Y-%m-%d, found `2nd of May`; `ReadOptions::time_format` says how they are written",
    );
    let time = ReadOptions { time: Some("t".into()), ..ReadOptions::default() };
    refused(
        "t,y\nsoon,1\n",
        &time,
        "t.csv, row 2, column `t`: expected a time, found `soon`: `ReadOptions::time_format` says how times are written, such as '%d/%m/%Y %H:%M'",
    );
    refused(
        "date,y\n2024-01-01 00:00Z,1\n2024-01-01 01:00Z,1\n2024-01-01 02:00,1\n",
        &plain,
        "t.csv, row 4, column `date`: expected a time such as `2024-01-01 00:00Z`, written as %Y-%m-%d %H:%M%#z, found `2024-01-01 02:00`; `ReadOptions::time_format` says how they are written",
    );
}

#[test]
fn gaps_and_missing_values_are_filled_where_asked() {
    let text = "date,y\n2024-01-01,1\n2024-01-02,\n2024-01-03,3\n2024-01-06,9\n2024-01-07,NA\n";
    let filled = |fill| {
        let table = read(text, &ReadOptions { fill: Some(fill), ..ReadOptions::default() }).unwrap();
        (table.series[0].values.clone(), table.filled)
    };
    assert_eq!(filled(Fill::Forward), (vec![1.0, 1.0, 3.0, 3.0, 3.0, 9.0, 9.0], 4));
    assert_eq!(filled(Fill::Linear), (vec![1.0, 2.0, 3.0, 5.0, 7.0, 9.0, 9.0], 4));
    refused(
        "y,z\nNA,1\n2,2\n",
        &ReadOptions { fill: Some(Fill::Linear), ..ReadOptions::default() },
        "t.csv, row 2, column `y`: the value is missing, and none before it to go on from: cut the rows up to the first value",
    );
}

#[test]
fn a_target_may_end_before_what_is_known_of_the_future() {
    let text = "date,y,x\n2024-01-01,1,1\n2024-01-02,2,2\n2024-01-03,,3\n2024-01-04,,4\n";
    let options = ReadOptions { open_end: vec!["y".into()], ..ReadOptions::default() };
    let table = read(text, &options).unwrap();
    assert_eq!((table.series[0].known, table.rows(&table.series[0])), (2, 4));
    let hole = "date,y,x\n2024-01-01,1,1\n2024-01-02,,2\n2024-01-03,3,3\n";
    refused(
        hole,
        &options,
        "t.csv, row 3, column `y`: the value is missing; `ReadOptions::fill` forward or linear puts one in",
    );
    let short = "date,y,x\n2024-01-01,1,1\n2024-01-02,2,2\n2024-01-03,,\n";
    refused(
        short,
        &options,
        "t.csv, row 4, column `x`: the value is missing; `ReadOptions::fill` forward or linear puts one in",
    );
}

#[test]
fn a_first_row_that_is_taken_for_values_says_so() {
    let text = "1,2\n3,4\n5,6\n";
    assert!(table(text).notes[0].starts_with("the first row holds values"), "{:?}", table(text).notes);
    let message = read(text, &columns(&["y"])).unwrap_err().to_string();
    assert_eq!(
        message,
        "t.csv, column `y`: there is no such column: the first row, `1,2`, was read as values, so that columns are column1 to column2; `ReadOptions::header` says that it holds names"
    );
    assert_eq!(read(text, &columns(&["2"])).unwrap().columns, ["2"]);
    let said = ReadOptions { header: Some(true), ..ReadOptions::default() };
    assert_eq!(read(text, &said).unwrap().columns, ["1", "2"]);
    let except = ReadOptions { except: vec!["b".into()], ..ReadOptions::default() };
    assert_eq!(read("a,b\n1,x\n2,y\n", &except).unwrap().columns, ["a"]);
    refused(
        "a,b\n1,x\n2,y\n",
        &ReadOptions::default(),
        "t.csv, row 2, column `b`: expected a number, or nothing or NA where a value is missing, found `x`; `ReadOptions::except` leaves a column out",
    );
}

#[test]
fn a_gap_is_filled_within_bounds_alone() {
    let fill = ReadOptions { fill: Some(Fill::Forward), ..ReadOptions::default() };
    refused(
        "t,y\n2000-01-01 00:00:00,1\n2000-01-01 00:00:01,1\n2000-01-01 00:00:02,1\n2000-04-20 00:00:00,1\n",
        &fill,
        "t.csv, row 5: 9503997 rows are missing up to here at the frequency s, and at most 10000 are filled in beside 4 that are there: say another `ReadOptions::frequency`, or cut the table at the gap",
    );
    let table = read("t,y\n2000-01-01,1\n2000-01-02,1\n2001-01-01,1\n", &fill).unwrap();
    assert_eq!(table.rows(&table.series[0]), 367);
}

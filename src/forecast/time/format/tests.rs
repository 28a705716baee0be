//! Formats there and back, and what is no time.

use super::*;

#[test]
fn formats_read_what_they_write() {
    for (format, text) in [
        ("%d/%m/%Y", "27/10/2023"),
        ("%-d/%-m/%Y %-H:%M", "7/1/2023 0:05"),
        ("%b %-d, %Y", "Jan 1, 2024"),
        ("%d-%^b-%y", "01-OCT-23"),
        ("%A, %d %B %Y", "Monday, 01 January 2024"),
        ("%Y%m%d", "20240229"),
        ("%YQ%q", "2020Q4"),
        ("%G-W%V", "2020-W53"),
        ("%G-W%V-%u", "2021-W01-7"),
        ("%Y-%j", "2024-366"),
        ("%-m/%-d/%Y %-I:%M %p", "1/2/2024 12:30 AM"),
        ("%Y-%m-%d %I:%M:%S %P", "2024-01-02 12:30:00 pm"),
        ("%Y-%m-%dT%H:%M:%S.%3f%:z", "2024-01-02T03:04:05.678+01:00"),
        ("%Y-%m-%dT%H:%M:%S%z", "2024-01-02T03:04:05-0330"),
        ("%F %T", "2024-01-02 03:04:05"),
        ("epoch-s", "1700000000"),
        ("epoch-ms", "1700000000123"),
        ("epoch-ns", "1700000000000001000"),
    ] {
        let read: Format = format.parse().unwrap();
        let parsed = read.parse(text).unwrap_or_else(|| panic!("{text} is {format}"));
        assert_eq!(read.print(parsed.local, parsed.offset.unwrap_or(0)), text);
        assert_eq!(read.to_string().parse::<Format>().unwrap(), read);
        assert_eq!(read.clone().as_written(&parsed), read, "{format}");
    }
}

#[test]
fn what_is_no_time_is_none() {
    for (format, text) in [
        ("%d/%m/%Y", "10/27/2023"),
        ("%d/%m/%Y", "27/10/23"),
        ("%Y%m%d", "20240132"),
        ("%Y%m%d", "2024011"),
        ("%YQ%q", "2020Q5"),
        ("%G-W%V", "2021-W53"),
        ("%I:%M %p %Y", "13:00 PM 2024"),
        ("%Y-%m-%d %H:%M", "2024-01-01 24:00"),
        ("%Y-%m-%d", "2024-01-01 12:00"),
        ("%Y-%m-%d %H:%M%z", "2024-01-01 12:00"),
        ("%Y-%m-%d %H:%M%z", "2024-01-01"),
        ("%Y-%j", "2023-366"),
        ("%Y", ""),
    ] {
        assert_eq!(format.parse::<Format>().unwrap().parse(text), None, "{text} under {format}");
    }
    for bad in ["", "%", "%Q", "%d/%m", "x"] {
        assert!(bad.parse::<Format>().is_err(), "{bad}");
    }
}

#[test]
fn a_time_may_end_early_and_shows_how_it_is_written() {
    let format: Format = "%Y-%m-%d %H:%M:%S.%f".parse().unwrap();
    assert_eq!(format.parse("2024-01-01").unwrap().local, format.parse("2024-01-01 00:00:00.0").unwrap().local);
    let short = format.parse("2024-1-02 3:00").unwrap();
    assert_eq!(format.as_written(&short).to_string(), "%Y-%-m-%-d %-H:%M:%S.%1f");
    let day: Format = "%Y-%-m-%d".parse().unwrap();
    assert!(day.begins(&"%Y-%m-%d %H:%M".parse().unwrap()) && !day.begins(&"%d-%m-%Y".parse().unwrap()));
}

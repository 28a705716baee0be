//! Tables of Parquet from the command line: in beside CSV, and out.

use assert_cmd::Command;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::Field;
use parquet::schema::parser::parse_message_type;
use refrain::forecast::table::{ReadOptions, Table, catches_panics};
use std::cell::Cell;
use std::fs;
use std::panic;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const HOURS: i64 = 240;
const SMALL: &str = "--device cpu --budget 0 --hidden 4 --epochs 1 --window 8 --horizon 4 --quiet";

fn refrain(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("refrain"));
    command.env_remove("XDG_RUNTIME_DIR").current_dir(folder).args(arguments.split_whitespace());
    command
}

/// What happens in an hour in a shop: a value that may be missing.
fn demand(hour: i64, shop: i64) -> Option<f64> {
    ((hour + shop) % 17 != 3).then_some(10.0 + (hour as f64 / 3.8).sin() * 3.0 + shop as f64 / 3.0)
}

/// Two shops, hour by hour from 2024-01-01 on in UTC, and the day: CSV, and Parquet in groups of two days.
fn tables() -> (String, Vec<u8>) {
    let rows = |hours: std::ops::Range<i64>| hours.flat_map(|hour| [(hour, 0), (hour, 1)]).collect::<Vec<_>>();
    let mut csv = "time,shop,demand,stock,day\n".to_owned();
    for (hour, shop) in rows(0..HOURS) {
        let (day, demand) = (1 + hour / 24, demand(hour, shop).map_or(String::new(), |value| format!("{value:?}")));
        csv += &format!(
            "2024-01-{day:02} {:02}:00:00+00:00,shop {shop},{demand},{},2024-01-{day:02}\n",
            hour % 24,
            hour % 7
        );
    }
    let schema = "message table { optional int64 time (TIMESTAMP(MILLIS,true)); optional binary shop (STRING);
                  optional double demand; optional int32 stock; optional int32 day (DATE); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    for start in (0..HOURS).step_by(48) {
        let rows = rows(start..start + 48);
        let levels = vec![1; rows.len()];
        let mut group = writer.next_row_group().unwrap();
        for place in 0.. {
            let Some(mut column) = group.next_column().unwrap() else { break };
            let written = match (column.untyped(), place) {
                (ColumnWriter::Int64ColumnWriter(writer), 0) => {
                    let times: Vec<i64> = rows.iter().map(|row| 1_704_067_200_000 + row.0 * 3_600_000).collect();
                    writer.write_batch(&times, Some(&levels), None)
                }
                (ColumnWriter::ByteArrayColumnWriter(writer), 1) => {
                    let shops: Vec<ByteArray> =
                        rows.iter().map(|row| format!("shop {}", row.1).as_str().into()).collect();
                    writer.write_batch(&shops, Some(&levels), None)
                }
                (ColumnWriter::DoubleColumnWriter(writer), 2) => {
                    let values: Vec<Option<f64>> = rows.iter().map(|row| demand(row.0, row.1)).collect();
                    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
                    writer.write_batch(&values.into_iter().flatten().collect::<Vec<_>>(), Some(&levels), None)
                }
                (ColumnWriter::Int32ColumnWriter(writer), 3) => {
                    let stock: Vec<i32> = rows.iter().map(|row| (row.0 % 7) as i32).collect();
                    writer.write_batch(&stock, Some(&levels), None)
                }
                (ColumnWriter::Int32ColumnWriter(writer), 4) => {
                    let days: Vec<i32> = rows.iter().map(|row| 19_723 + (row.0 / 24) as i32).collect();
                    writer.write_batch(&days, Some(&levels), None)
                }
                _ => panic!("there are five columns"),
            };
            written.unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    (csv, writer.into_inner().unwrap())
}

/// Rows of a Parquet file, fields as CSV has them.
fn fields(path: &Path) -> Vec<Vec<String>> {
    let file = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let text = |field: &Field| match field {
        Field::Str(text) => text.clone(),
        Field::Long(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        Field::Null => String::new(),
        Field::TimestampMicros(time) => {
            let hours = time / 3_600_000_000 - 1_704_067_200 / 3_600;
            format!("2024-01-{:02} {:02}:00:00+00:00", 1 + hours / 24, hours % 24)
        }
        other => panic!("{other:?} is not written"),
    };
    let row = |row: parquet::record::Row| row.get_column_iter().map(|(_, field)| text(field)).collect();
    file.get_row_iter(None).unwrap().map(|found| row(found.unwrap())).collect()
}

#[test]
fn a_table_trains_and_forecasts_as_its_csv_does() {
    let [csv, parquet] = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let (text, bytes) = tables();
    // The same name in both, since what it is shows in its first bytes.
    fs::write(csv.path().join("table"), text).unwrap();
    fs::write(parquet.path().join("table"), bytes).unwrap();
    let train = format!("train table --id shop --target demand --past stock --fill forward {SMALL} --out model");
    let read = |folder: &TempDir, name: &str| fs::read(folder.path().join(name)).unwrap();
    for folder in [&csv, &parquet] {
        refrain(folder.path(), &train).assert().success();
        for ending in ["csv", "parquet"] {
            let forecast = format!("forecast model table --fill forward --device cpu --out f.{ending} --quiet");
            refrain(folder.path(), &forecast).assert().success();
            let backtest = format!("backtest model table --fill forward --device cpu --forecasts b.{ending} --quiet");
            refrain(folder.path(), &backtest).assert().success();
        }
    }
    for name in ["model", "f.csv", "b.csv", "f.parquet", "b.parquet"] {
        assert_eq!(read(&csv, name), read(&parquet, name), "{name}");
    }
    for name in ["f", "b"] {
        let written = String::from_utf8(read(&csv, &format!("{name}.csv"))).unwrap();
        let rows: Vec<Vec<String>> =
            written.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect();
        assert!(rows.len() >= 8);
        assert_eq!(fields(&csv.path().join(format!("{name}.parquet"))), rows, "{name}");
    }
}

#[test]
fn a_damaged_file_is_refused_by_its_name() {
    let folder = TempDir::new().unwrap();
    let (_, bytes) = tables();
    fs::write(folder.path().join("cut.parquet"), &bytes[..bytes.len() / 2]).unwrap();
    let mut flipped = bytes.clone();
    let end = flipped.len();
    flipped[end - 40] ^= 0x10;
    flipped[end - 7] ^= 0x40;
    fs::write(folder.path().join("flipped.parquet"), flipped).unwrap();
    for name in ["cut.parquet", "flipped.parquet"] {
        let output = refrain(folder.path(), &format!("train {name} --target demand {SMALL}")).assert().failure();
        let message = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        assert!(message.contains(&format!("{name}: it is a damaged Parquet file: ")), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

/// Some damage the crate behind it meets with a panic, of which nothing is to be seen but the error.
#[test]
fn damage_in_a_page_is_an_error_of_one_line() {
    thread_local! { static PANICKED: Cell<bool> = const { Cell::new(false) }; }
    let folder = TempDir::new().unwrap();
    let (_, bytes) = tables();
    let say = panic::take_hook();
    panic::set_hook(Box::new(move |panic| if catches_panics() { PANICKED.set(true) } else { say(panic) }));
    let damaged = (0..8 * bytes.len()).map(|bit| {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    });
    let panics = |bytes: &Vec<u8>| {
        PANICKED.set(false);
        let read = Table::read("t", &bytes[..], &ReadOptions::default());
        PANICKED.get() && read.is_err()
    };
    let damaged = damaged.into_iter().find(panics).expect("one of so many is met with a panic");
    fs::write(folder.path().join("t.parquet"), damaged).unwrap();
    let output = refrain(folder.path(), &format!("train t.parquet --target demand {SMALL}")).assert().failure();
    let message = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(message.starts_with("error: t.parquet: it is a damaged Parquet file: "), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    // The names of columns are there all the same.
    let output = refrain(folder.path(), &format!("train t.parquet {SMALL}")).assert().failure();
    let message = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(message.contains("t.parquet has time, shop, demand, stock, day"), "{message}");
}

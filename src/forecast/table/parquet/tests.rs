//! Tables of Parquet beside CSV that says the same.

use crate::forecast::table::{Fill, ReadOptions, Table};
use crate::forecast::time::Style;
use ::parquet::basic::Compression;
use ::parquet::column::writer::{ColumnWriter, ColumnWriterImpl};
use ::parquet::data_type::{ByteArray, DataType, FixedLenByteArray, Int96};
use ::parquet::file::properties::{WriterProperties, WriterVersion};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use std::sync::Arc;

/// Values of a column, some of which may be missing.
#[derive(Clone)]
enum Data {
    Bool(Vec<Option<bool>>),
    Int(Vec<Option<i32>>),
    Long(Vec<Option<i64>>),
    Julian(Vec<Option<(u32, i64)>>),
    Float(Vec<Option<f32>>),
    Double(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
    Fixed(Vec<Option<Vec<u8>>>),
}

fn texts<const N: usize>(texts: [&str; N]) -> Data {
    Data::Text(texts.map(|text| Some(text.to_owned())).to_vec())
}

fn put<T: DataType>(writer: &mut ColumnWriterImpl<'_, T>, values: impl Iterator<Item = Option<T::T>>) {
    let values: Vec<Option<T::T>> = values.collect();
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let there: Vec<T::T> = values.into_iter().flatten().collect();
    writer.write_batch(&there, Some(&levels), None).unwrap();
}

/// A file of these groups of columns, whose fields the text declares.
fn file_with(properties: WriterProperties, fields: &str, groups: &[Vec<Data>]) -> Vec<u8> {
    let schema = parse_message_type(&format!("message table {{ {fields} }}")).unwrap();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties)).unwrap();
    for columns in groups {
        let mut group = writer.next_row_group().unwrap();
        for data in columns.iter().cloned() {
            let mut column = group.next_column().unwrap().unwrap();
            match (column.untyped(), data) {
                (ColumnWriter::BoolColumnWriter(writer), Data::Bool(values)) => put(writer, values.into_iter()),
                (ColumnWriter::Int32ColumnWriter(writer), Data::Int(values)) => put(writer, values.into_iter()),
                (ColumnWriter::Int64ColumnWriter(writer), Data::Long(values)) => put(writer, values.into_iter()),
                (ColumnWriter::Int96ColumnWriter(writer), Data::Julian(values)) => {
                    let int96 = |(day, nanos): (u32, i64)| Int96::from(vec![nanos as u32, (nanos >> 32) as u32, day]);
                    put(writer, values.into_iter().map(|value| value.map(int96)));
                }
                (ColumnWriter::FloatColumnWriter(writer), Data::Float(values)) => put(writer, values.into_iter()),
                (ColumnWriter::DoubleColumnWriter(writer), Data::Double(values)) => put(writer, values.into_iter()),
                (ColumnWriter::ByteArrayColumnWriter(writer), Data::Text(values)) => {
                    put(writer, values.into_iter().map(|value| value.map(|text| ByteArray::from(text.as_str()))));
                }
                (ColumnWriter::FixedLenByteArrayColumnWriter(writer), Data::Fixed(values)) => {
                    let fixed = |bytes: Vec<u8>| FixedLenByteArray::from(ByteArray::from(bytes));
                    put(writer, values.into_iter().map(|value| value.map(fixed)));
                }
                _ => panic!("the schema declares another type"),
            }
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

fn file(fields: &str, groups: &[Vec<Data>]) -> Vec<u8> {
    file_with(WriterProperties::builder().set_compression(Compression::SNAPPY).build(), fields, groups)
}

fn text(bytes: &[u8]) -> String {
    let (text, _) = super::read("t", bytes, &ReadOptions::default(), true).unwrap();
    String::from_utf8(text.bytes).unwrap()
}

/// The text of a column, beside the rows' numbers.
#[track_caller]
fn column(field: &str, data: Data, expected: &[&str]) {
    let rows = Data::Int((0..expected.len() as i32).map(Some).collect());
    let text = text(&file(&format!("optional int32 n; optional {field};"), &[vec![rows, data]]));
    let found: Vec<&str> = text.lines().skip(1).map(|line| line.split_once(',').unwrap().1).collect();
    assert_eq!(found, expected, "{field}");
}

/// A panel of two series over several groups: times in UTC, identifiers, numbers of which some are missing.
fn panel() -> (Vec<u8>, String) {
    let (mut groups, mut csv) = (Vec::new(), "at,shop,y,units,open\n".to_owned());
    for group in 0..5_i64 {
        let rows: Vec<(i64, &str)> = (7 * group..7 * group + 7).flat_map(|n| [(n, "a, b"), (n, "c")]).collect();
        let y = |n: i64| (n % 5 != 3 || n == 33).then_some((n as f64).sin() * 1e3 + 0.125);
        let units = |n: i64| (n % 4 != 1 || n == 33).then_some(n * 1000);
        groups.push(vec![
            Data::Long(rows.iter().map(|&(n, _)| Some(1_706_745_600_000 + n * 3_600_000)).collect()),
            Data::Text(rows.iter().map(|&(_, shop)| Some(shop.to_owned())).collect()),
            Data::Double(rows.iter().map(|&(n, _)| y(n)).collect()),
            Data::Long(rows.iter().map(|&(n, _)| units(n)).collect()),
            Data::Bool(rows.iter().map(|&(n, _)| Some(n % 2 == 0)).collect()),
        ]);
        for (n, shop) in rows {
            let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
            csv += &format!(
                "2024-02-{:02} {:02}:00:00+00:00,\"{shop}\",{},{},{}\n",
                1 + n / 24,
                n % 24,
                number(y(n)),
                number(units(n).map(|value| value as f64)),
                u8::from(n % 2 == 0)
            );
        }
    }
    let fields = "optional int64 at (TIMESTAMP(MILLIS,true)); optional binary shop (STRING); optional double y; \
                  optional int64 units; optional boolean open;";
    (file(fields, &groups), csv)
}

#[test]
fn a_table_is_the_one_that_csv_has() {
    let (parquet, csv) = panel();
    let all = ReadOptions { id: Some("shop".into()), fill: Some(Fill::Forward), ..ReadOptions::default() };
    let some = ReadOptions { time: Some("at".into()), columns: Some(vec!["units".into(), "y".into()]), ..all.clone() };
    for options in [all, some] {
        let table = Table::read("t", parquet.as_slice(), &options).unwrap();
        assert_eq!(table, Table::read("t", csv.as_bytes(), &options).unwrap());
        assert_eq!((table.series.len(), table.rows(&table.series[0]), table.filled > 0), (2, 35, true));
    }
    // Without --fill the row is named that CSV names too.
    let strict = ReadOptions { id: Some("shop".into()), ..ReadOptions::default() };
    let refused = |bytes: &[u8]| Table::read("t", bytes, &strict).unwrap_err().to_string();
    assert_eq!(refused(&parquet), refused(csv.as_bytes()));
}

#[test]
fn every_type_has_the_text_of_csv() {
    column("boolean v", Data::Bool(vec![Some(true), None, Some(false)]), &["1", "", "0"]);
    column("int32 v", Data::Int(vec![Some(-7), None]), &["-7", ""]);
    column("int32 v (INTEGER(8,false))", Data::Int(vec![Some(200)]), &["200"]);
    column("int64 v (INTEGER(64,false))", Data::Long(vec![Some(-1)]), &["18446744073709551615"]);
    column("int64 v (UINT_64)", Data::Long(vec![Some(-1)]), &["18446744073709551615"]);
    column("float v", Data::Float(vec![Some(0.1)]), &["0.10000000149011612"]);
    let doubles = [0.1, 1.504, -2.125e-7, 1e300, 5.0, f64::NAN, f64::INFINITY, 1234.567, 1.234e-10];
    let written = ["0.1", "1.5040", "-2.125e-7", "1e300", "5.0", "NaN", "inf", "1234.5670", "1.234e-10"];
    column("double v", Data::Double(doubles.map(Some).to_vec()), &written);
    column("int32 v (DECIMAL(9,2))", Data::Int(vec![Some(-5), Some(12345)]), &["-0.05", "123.45"]);
    column("int64 v (DECIMAL(18,3))", Data::Long(vec![Some(1504)]), &["1.5040"]);
    column("fixed_len_byte_array(4) v (DECIMAL(9,1))", Data::Fixed(vec![Some(vec![0xff; 4])]), &["-0.1"]);
    column("binary v (DECIMAL(20,0))", texts(["\u{1}\u{0}"]), &["256"]);
    column("fixed_len_byte_array(2) v (FLOAT16)", Data::Fixed(vec![Some(vec![0, 0x3e])]), &["1.5"]);
    column("binary v (STRING)", texts(["a", ""]), &["a", ""]);
    column("binary v", texts(["a"]), &["a"]);
    let uuid = (0..16).collect();
    let written = ["00010203-0405-0607-0809-0a0b0c0d0e0f"];
    column("fixed_len_byte_array(16) v (UUID)", Data::Fixed(vec![Some(uuid)]), &written);
}

#[test]
fn times_have_the_digits_that_their_column_needs() {
    column("int32 v (DATE)", Data::Int(vec![Some(0), Some(-1), None]), &["1970-01-01", "1969-12-31", ""]);
    let hours = |unit: i64| Data::Long(vec![Some(3600 * unit), Some(-3600 * unit)]);
    let written = ["1970-01-01 01:00:00", "1969-12-31 23:00:00"];
    column("int64 v (TIMESTAMP(MILLIS,false))", hours(1_000), &written);
    column("int64 v (TIMESTAMP(MICROS,false))", hours(1_000_000), &written);
    column("int64 v (TIMESTAMP(NANOS,false))", hours(1_000_000_000), &written);
    column("int64 v (TIMESTAMP_MILLIS)", hours(1_000), &written);
    let written = ["1970-01-01 01:00:00+00:00", "1969-12-31 23:00:00+00:00"];
    column("int64 v (TIMESTAMP(MICROS,true))", hours(1_000_000), &written);
    let written = ["1970-01-01 00:00:01.500000+00:00", "1970-01-01 00:00:00.000001+00:00"];
    column("int64 v (TIMESTAMP(MICROS,true))", Data::Long(vec![Some(1_500_000), Some(1)]), &written);
    let half = Data::Julian(vec![Some((2_440_588, 500_000_000)), Some((2_440_589, 0))]);
    column("int96 v", half, &["1970-01-01 00:00:00.500", "1970-01-02 00:00:00.000"]);
    let far = Data::Long(vec![Some(i64::MAX)]);
    column("int64 v (TIMESTAMP(MILLIS,false))", far, &["9223372036854775807 since 1970"]);
}

#[test]
fn days_and_ids_of_text_are_times_and_series() {
    let days = Data::Int((0..40).map(|n| Some(19_000 + n)).collect());
    let y = Data::Double((0..40).map(|n| Some(f64::from(n) / 8.0)).collect());
    let bytes = file("optional int32 day (DATE); optional double y;", &[vec![days, y]]);
    let table = Table::read("t", bytes.as_slice(), &ReadOptions::default()).unwrap();
    assert_eq!(table.columns, ["y"]);
    assert_eq!(table.frequency.to_string(), "D");
    assert_eq!(table.time(&table.series[0], 40).unwrap(), "2022-02-17");
    assert!((0..40).all(|n| table.series[0].values[n] == n as f64 / 8.0));
}

#[test]
fn a_model_of_decimal_commas_does_not_change_numbers() {
    let y = Data::Double(vec![Some(1.504), Some(2.125)]);
    let bytes = file("optional double y;", &[vec![y]]);
    let mut options = ReadOptions::default();
    options.known.marks.decimal = Some(b',');
    options.known.delimiter = Some(b';');
    let table = Table::read("t", bytes.as_slice(), &options).unwrap();
    assert_eq!(table.series[0].values, [1.504, 2.125]);
    // What is said of text is not obeyed, and that is said.
    let options = ReadOptions { decimal: Some(b','), header: Some(false), ..options };
    let table = Table::read("t", bytes.as_slice(), &options).unwrap();
    assert_eq!(table.series[0].values, [1.504, 2.125]);
    assert!(table.notes[0].contains("a Parquet file"), "{:?}", table.notes);
}

#[test]
fn a_model_of_times_in_another_writing_does_not_change_times() {
    let days = || Data::Int((0..40).map(|n| Some(19_000 + n)).collect());
    let y = || Data::Double((0..40).map(|n| Some(f64::from(n) / 8.0)).collect());
    let bytes = file("optional int32 day (DATE); optional double y;", &[vec![days(), y()]]);
    let mut options = ReadOptions { time: Some("day".to_owned()), ..ReadOptions::default() };
    options.known.style = Some(Style::Civil("%d/%m/%Y".parse().unwrap()));
    let table = Table::read("t", bytes.as_slice(), &options).unwrap();
    assert_eq!(table.time(&table.series[0], 40).unwrap(), "2022-02-17");
}

#[test]
fn names_are_those_of_columns_with_values() {
    let numbers = || Data::Int((0..4).map(Some).collect());
    let fields = "optional int32 y; optional int32 at (TIME(MILLIS,true)); optional int32 x;";
    let bytes = file(fields, &[vec![numbers(), numbers(), numbers()]]);
    assert_eq!(Table::names("t", bytes.as_slice(), &ReadOptions::default()).unwrap(), ["y", "x"]);
}

#[test]
fn columns_of_other_things_are_left_out_or_refused() {
    let numbers = || Data::Int((0..4).map(Some).collect());
    let fields = "optional int32 y; optional int32 at (TIME(MILLIS,true)); \
                  optional group where { optional int32 x; optional int32 z; }";
    // The nested columns are all null at the level of the group.
    let bytes = file(fields, &[vec![numbers(), numbers(), numbers(), numbers()]]);
    let table = Table::read("t", bytes.as_slice(), &ReadOptions::default()).unwrap();
    assert_eq!(
        (table.columns, table.notes),
        (vec!["y".to_owned()], vec!["left out: `at` (times of day), `where` (lists or structures)".to_owned()])
    );
    let with = |columns: &str| ReadOptions { columns: Some(vec![columns.into()]), ..ReadOptions::default() };
    let refused = |options: ReadOptions| Table::read("t", bytes.as_slice(), &options).unwrap_err().to_string();
    assert_eq!(
        refused(with("where")),
        "t, column `where`: it holds lists or structures: expected numbers, times or text"
    );
    assert!(refused(ReadOptions { time: Some("at".into()), ..with("y") }).contains("it holds times of day"));
    assert!(refused(with("why")).contains("no such column"));
    let except = ReadOptions { except: vec!["at".into(), "where".into()], ..ReadOptions::default() };
    assert_eq!(Table::read("t", bytes.as_slice(), &except).unwrap().notes, [""; 0]);
}

#[test]
fn what_is_cut_or_flipped_is_refused_by_name_and_never_a_panic() {
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::LZ4_RAW] {
            // Without a dictionary, the second version has differences of whole numbers and of texts.
            let dictionary = compression != Compression::UNCOMPRESSED;
            let properties = WriterProperties::builder().set_writer_version(version).set_compression(compression);
            let properties = properties.set_dictionary_enabled(dictionary).build();
            let values = |n: i64| (n % 3 > 0).then_some(n as f64 * 1.5);
            let data = || {
                vec![
                    Data::Long((0..20).map(|n| Some(n * 3_600_000)).collect()),
                    Data::Text((0..20).map(|n| Some(format!("s{}", n % 2))).collect()),
                    Data::Double((0..20).map(values).collect()),
                ]
            };
            let fields =
                "optional int64 at (TIMESTAMP(MILLIS,true)); optional binary shop (STRING); optional double y;";
            let sound = file_with(properties, fields, &[data(), data()]);
            for length in 4..sound.len() {
                let error = Table::read("t.parquet", &sound[..length], &ReadOptions::default()).unwrap_err();
                assert!(error.to_string().starts_with("t.parquet: it is a damaged Parquet file: "), "{error}");
            }
            for bit in (32..8 * sound.len()).step_by(3) {
                let mut bytes = sound.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                if let Err(error) = Table::read("t.parquet", bytes.as_slice(), &ReadOptions::default()) {
                    assert!(error.to_string().starts_with("t.parquet"), "{error}");
                }
            }
        }
    }
}

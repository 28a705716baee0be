//! Every format read back, and damaged. Files of NumPy's own making are in `tests/parity`.

use super::array::le_bytes;
use super::*;
use crate::error::Error;
use proptest::prelude::*;
use std::borrow::Cow;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const X: [f32; 6] = [0.0, -1.5, 2.25, f32::MIN_POSITIVE, 3.0, f32::MAX];

fn named() -> [Named<'static>; 2] {
    [Named { name: "x", shape: &[2, 3], values: &X }, Named { name: "lengths", shape: &[2], values: &[3.0, 1.0] }]
}

/// An `.npy` file of that header.
fn npy_file(header: &str, data: &[u8]) -> Vec<u8> {
    [npy::MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
}

fn descr(code: &str, shape: &str) -> String {
    format!("{{'descr': '{code}', 'fortran_order': False, 'shape': {shape}, }}\n")
}

fn zip_file(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        archive.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn safetensors_file(header: &str, data: &[u8]) -> Vec<u8> {
    [(header.len() as u64).to_le_bytes().as_slice(), header.as_bytes(), data].concat()
}

fn refusal(bytes: &[u8]) -> String {
    let message = Arrays::from_bytes("some.file", bytes).unwrap_err().to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message.strip_prefix("some.file: ").expect("the message names the file").to_owned()
}

#[test]
fn what_is_written_reads_back_and_the_same_arrays_give_the_same_bytes() {
    for format in [Format::Safetensors, Format::Npz] {
        let bytes = format.write(&named());
        assert_eq!(bytes, format.write(&named()));
        let arrays = Arrays::from_bytes("a", &bytes).unwrap();
        assert_eq!(arrays.names().collect::<Vec<_>>(), ["lengths", "x"]);
        assert_eq!(arrays.dims("x", [("B", None), ("I", Some(3))]).unwrap(), [2, 3]);
        assert_eq!(arrays.f32("x").unwrap(), Converted { values: X.to_vec(), from: None });
        let lengths = Converted { values: vec![3, 1], from: Some(Dtype::F32) };
        assert_eq!(arrays.u32("lengths").unwrap(), lengths);
    }
    assert_eq!(Format::of("a.b/c.NPZ").unwrap(), Format::Npz);
    for path in ["a.npy", "npz", "a.npz/b", ""] {
        let message = Format::of(path).unwrap_err().to_string();
        assert_eq!(message, format!("{path}: expected a name that ends in .safetensors or .npz"));
    }
}

#[test]
fn deflated_archives_and_single_files_are_read() {
    let x: Vec<u8> = [1i64, -2, 3].iter().flat_map(|value| value.to_le_bytes()).collect();
    let file = npy_file(&descr("<i8", "(3,)"), &x);
    for bytes in [file.clone(), zip_file(&[("x.npy", &file)], CompressionMethod::Deflated)] {
        let arrays = Arrays::from_bytes("a", &bytes).unwrap();
        let x = arrays.f32("x").unwrap();
        assert_eq!(x, Converted { values: vec![1.0, -2.0, 3.0], from: Some(Dtype::I64) });
        assert!(arrays.require("x").unwrap().dtype().is_integer());
    }
}

#[test]
fn fortrans_order_is_turned_into_cs() {
    let shape = [2, 3, 2];
    let at = |[a, b, c]: [usize; 3]| (100 * a + 10 * b + c) as u8;
    let places = |order: fn(usize) -> [usize; 3]| (0..12).map(move |n| at(order(n))).collect::<Vec<u8>>();
    let fortran = places(|n| [n % 2, n / 2 % 3, n / 6]);
    let c = places(|n| [n / 6, n / 2 % 3, n % 2]);
    let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}";
    let bytes = npy_file(header, &fortran);
    let array = npy::read(&bytes).unwrap();
    assert_eq!((array.shape(), &*array.bytes), (shape.as_slice(), c.as_slice()));
}

#[test]
fn every_type_is_converted_where_nothing_is_lost_or_only_digits() {
    let of = |dtype: Dtype, bytes: &[u8]| Array {
        dtype,
        shape: vec![bytes.len() / dtype.size()],
        bytes: Cow::Owned(bytes.to_vec()),
    };
    let cases: [(Dtype, &[u8], f32); 13] = [
        (Dtype::F16, &0x4a00u16.to_le_bytes(), 12.0),
        (Dtype::Bf16, &0x4140u16.to_le_bytes(), 12.0),
        (Dtype::F32, &12f32.to_le_bytes(), 12.0),
        (Dtype::F64, &12f64.to_le_bytes(), 12.0),
        (Dtype::I8, &12i8.to_le_bytes(), 12.0),
        (Dtype::I16, &12i16.to_le_bytes(), 12.0),
        (Dtype::I32, &12i32.to_le_bytes(), 12.0),
        (Dtype::I64, &12i64.to_le_bytes(), 12.0),
        (Dtype::U8, &[12], 12.0),
        (Dtype::U16, &12u16.to_le_bytes(), 12.0),
        (Dtype::U32, &12u32.to_le_bytes(), 12.0),
        (Dtype::U64, &12u64.to_le_bytes(), 12.0),
        (Dtype::Bool, &[7], 1.0),
    ];
    for (dtype, bytes, expected) in cases {
        assert_eq!(of(dtype, bytes).to_f32().unwrap().values, [expected], "{dtype}");
        assert_eq!(of(dtype, bytes).to_u32().unwrap().values, [expected as u32], "{dtype}");
    }
    let f64s: Vec<u8> = [0.1, f64::NAN, f64::INFINITY].iter().flat_map(|value: &f64| value.to_le_bytes()).collect();
    let values = of(Dtype::F64, &f64s).to_f32().unwrap().values;
    assert!(values[0] == 0.1 && values[1].is_nan() && values[2] == f32::INFINITY, "{values:?}");

    let refused = [
        (of(Dtype::F64, &1e39f64.to_le_bytes()).to_f32().err(), "a value that f32 can hold at [0], found 1000"),
        (of(Dtype::I64, &16_777_217i64.to_le_bytes()).to_f32().err(), "f32 can hold at [0], found 16777217"),
        (of(Dtype::U64, &u64::MAX.to_le_bytes()).to_f32().err(), "found 18446744073709551615"),
        (of(Dtype::U8, &[1]).to_u32().map(|_| String::new()).err(), ""),
        (of(Dtype::I64, &(-1i64).to_le_bytes()).to_u32().err(), "from 0 to 4294967295 at [0], found -1"),
        (of(Dtype::F32, &[0, 0, 0, 0, 0, 0, 0x20, 0x40]).to_u32().err(), "at [1], found 2.5"),
        (of(Dtype::F64, &f64::NAN.to_le_bytes()).to_u32().err(), "found NaN"),
        (of(Dtype::F64, &5e9f64.to_le_bytes()).to_u32().err(), "found 5000000000"),
    ];
    for (found, expected) in refused {
        assert_eq!(found.is_some(), !expected.is_empty(), "{expected}");
        let found = found.unwrap_or_default();
        assert!(found.contains(expected), "{found}, not {expected}");
    }
}

#[test]
fn arrays_that_are_missing_or_of_other_dimensions_are_named() {
    let bytes = Format::Npz.write(&named());
    let arrays = Arrays::from_bytes("a.npz", &bytes).unwrap();
    let refused = |error: Error| error.to_string();
    let missing = refused(arrays.require("y").unwrap_err());
    assert_eq!(missing, "a.npz: expected an array `y`, found `lengths`, `x`");
    let dims = refused(arrays.dims("x", [("B", None), ("T", None), ("I", Some(4))]).unwrap_err());
    assert_eq!(dims, "a.npz: `x`: expected [B, T, I=4], found F32 [2, 3]");
    let size = refused(arrays.dims("x", [("B", None), ("I", Some(4))]).unwrap_err());
    assert_eq!(size, "a.npz: `x`: expected [B, I=4], found F32 [2, 3]");
    let empty = safetensors_file(r#"{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#, &[]);
    let empty = Arrays::from_bytes("e", &empty).unwrap();
    assert_eq!(refused(empty.dims("x", [("B", None)]).unwrap_err()), "e: `x`: expected [B], found F32 [0]");
    assert_eq!(place(&[2, 3, 4], 23), "[1, 2, 3]");
    assert_eq!(place(&[], 0), "[]");
}

#[test]
fn every_fault_of_a_safetensors_file_is_refused_with_its_place() {
    let one = |dtype: &str, shape: &str, offsets: &str, len: usize| {
        let header = format!(r#"{{"x":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#);
        refusal(&safetensors_file(&header, &vec![0; len]))
    };
    let none = "not a safetensors, .npz or .npy file: ";
    let faults = [
        (refusal(&[1, 2]), format!("{none}expected a header length of 8 bytes, found 2 bytes in all")),
        (refusal(&[255; 8]), format!("{none}expected a header of 18446744073709551615 bytes, found 0 bytes")),
        (refusal(&safetensors_file("[]", &[])), format!("{none}its header: ")),
        (refusal(b"a,b\n1,2\n3,4\n"), format!("{none}it is text, such as a CSV table, which ")),
        (one("F8_E4M3", "[1]", "[0,1]", 1), "`x`: expected numbers of 8 to 64 bits, found F8_E4M3 [1]".into()),
        (one("F32", "[2]", "[0,4]", 4), "`x`: expected F32 [2], found bytes 0 to 4 of 4".into()),
        (one("F32", "[1]", "[4,8]", 8), "`x`: expected its values from byte 0 on, found bytes 4 to 8".into()),
        (one("F32", "[1]", "[4,0]", 8), "found bytes 4 to 0".into()),
        (one("F32", "[1]", "[0,4]", 3), "found bytes 0 to 4 of 3".into()),
        (one("F32", "[1]", "[0,4]", 5), "expected 4 bytes of values, those of its tensors, found 5".into()),
        (one("F32", "[1000000000000,1000000000000]", "[0,4]", 4), "F32 [1000000000000, 1000000000000]".into()),
        (one("F32", "[1e12]", "[0,4]", 4), format!("{none}its header: ")),
        (one("F32", "[-1]", "[0,4]", 4), format!("{none}its header: ")),
        (one("F32", "[1]", "[18446744073709551556,18446744073709551560]", 4), "found bytes 1844674407".into()),
    ];
    for (found, expected) in faults {
        assert!(found.contains(&expected), "{found}, not {expected}");
    }
    let first = r#"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
    let shared = &format!(r#"{{"a":{first},"b":{first}}}"#);
    let shared = refusal(&safetensors_file(shared, &[0; 4]));
    assert!(shared.contains("`b`: expected its values from byte 4 on, found bytes 0 to 4"), "{shared}");
}

#[test]
fn every_fault_of_an_npy_file_is_refused_with_its_place() {
    let one = |header: &str| refusal(&npy_file(header, &[0; 8]));
    let good = npy_file(&descr("<f4", "(2,)"), &[0; 8]);
    let faults = [
        (refusal(&good[..good.len() - 1]), "expected the values of F32 [2], found 7 bytes"),
        (one(&descr("<f4", "(1,)")), "expected the values of F32 [1], found 8 bytes"),
        (refusal(&good[..20]), "expected an .npy file with its header, found 20 bytes"),
        (refusal(&good[..7]), "expected an .npy file with its header, found 7 bytes"),
        (refusal(b"\x93NUMPY\x07\x00"), "expected .npy version 1, 2 or 3, found 7.0"),
        (refusal(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}"), "with its header, found 14 bytes"),
        (one(&descr(">f4", "(2,)")), "expected numbers of 8 to 64 bits, little-endian, found the type `>f4`"),
        (one(&descr("<c8", "(1,)")), "found the type `<c8`"),
        (one(&descr("|O", "(1,)")), "found the type `|O`"),
        (one(&descr("<f4", "(1000000000000, 1000000000000)")), "F32 [1000000000000, 1000000000000], found 8 bytes"),
        (one(&descr("<f4", "(99999999999999999999999,)")), "expected a dimension, found `99999999999999999999999,"),
        (one(&descr("<f4", "(-1,)")), "expected a dimension, found `-1,"),
        (one(&descr("<f4", "2")), "expected `(`, found `2, }`"),
        (one("{'descr': [('a', '<f4')], }"), "expected one type of values, found `[('a', '<f4')], }`"),
        (one("{'descr': '<f4', 'shape': (2,)}"), "expected descr, fortran_order and shape, found fewer"),
        (one("{'fortran_order': 1}"), "`fortran_order`: expected a header of NumPy's, found `1}`"),
        (one("{'other': 1}"), "`other`: expected a header of NumPy's, found `1}`"),
        (one(""), "its .npy header: expected `{`, found ``"),
    ];
    for (found, expected) in faults {
        assert!(found.contains(expected), "{found}, not {expected}");
    }
}

#[test]
fn every_fault_of_an_archive_is_refused_with_its_place() {
    let stored = |entries: &[(&str, &[u8])]| zip_file(entries, CompressionMethod::Stored);
    let good = npy_file(&descr("<f4", "(2,)"), b"eight is");
    let whole = stored(&[("x.npy", &good)]);
    let mut torn = whole.clone();
    let value = whole.windows(8).position(|bytes| bytes == b"eight is").unwrap();
    torn[value] ^= 1;
    let faults = [
        (refusal(b"PK\x03\x04"), "not a whole zip archive: "),
        (refusal(&whole[..whole.len() - 30]), "not a whole zip archive: "),
        (refusal(&stored(&[("notes.txt", b"x")])), "`notes.txt`: expected .npy files"),
        (refusal(&stored(&[("x.npy", b"x")])), "`x.npy`: expected an .npy file with its header, found 1 bytes"),
        (refusal(&stored(&[("x.npy", &good[..good.len() - 4])])), "`x.npy`: expected the values of F32 [2], found 4"),
        (refusal(&stored(&[("archive/data.pkl", b"x")])), "it is a pickle of torch.save"),
        (refusal(&torn), "`x.npy`: "),
    ];
    for (found, expected) in faults {
        assert!(found.contains(expected), "{found}, not {expected}");
    }
}

#[test]
fn an_archive_that_stands_for_far_more_than_it_is_is_refused() {
    let zeros = npy_file(&descr("<f4", "(262144,)"), &vec![0; 1 << 20]);
    let bomb = zip_file(&["a.npy", "b.npy", "c.npy"].map(|name| (name, zeros.as_slice())), CompressionMethod::Deflated);
    assert!(bomb.len() < 10_000);
    assert_eq!(npz::read_at_most(4 << 20, &bomb).unwrap().len(), 3);
    let found = npz::read_at_most(5 << 19, &bomb).unwrap_err();
    let (len, unpacked) = (bomb.len(), 3 * zeros.len());
    let expected = format!("expected arrays of at most 2621440 bytes in an archive of {len}, found {unpacked}; save");
    assert!(found.starts_with(&expected), "{found}");
}

#[test]
fn files_of_other_formats_are_called_by_their_names() {
    let tar = [vec![b'a'; 257].as_slice(), b"ustar\x0000", &[0; 250]].concat();
    let long = |start: &[u8]| [start, &[0; 600]].concat();
    let cases = [
        (long(b"\x89HDF\r\n\x1a\n"), "it is HDF5 (.h5 of Keras, or MATLAB 7.3): save"),
        (long(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."), "it is a pickle of torch.save"),
        (long(b"\x80\x04\x95\x10"), "it is a pickle of torch.save"),
        (long(b"\x08\x08\x12\x07pytorch"), "it is ONNX: "),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\n".to_vec(), "`git lfs pull`"),
        (long(b"GGUF\x03"), "it is GGUF: "),
        (long(b"MATLAB 5.0 MAT-file, Platform: GLNXA64"), "it is a .mat file of MATLAB: convert it"),
        (long(b"PAR1\x15\x04"), "it is a Parquet table: `refrain train`"),
        (long(b"\x1f\x8b\x08"), "it is compressed with gzip: unpack it first"),
        (tar, "it is a tar archive"),
        (b"<!DOCTYPE html><html>".to_vec(), "it is a web page"),
        ("a;b\nß;1\n".repeat(400).into_bytes(), "it is text, such as a CSV table"),
        (Vec::new(), "it is empty"),
        (zip_file(&[("m/data.pkl", b"x"), ("m/data/0", b"x")], CompressionMethod::Stored), "it is a pickle of torch"),
        (
            zip_file(&[("config.json", b"{}"), ("model.weights.h5", b"x")], CompressionMethod::Stored),
            "a model of Keras",
        ),
        (zip_file(&[("xl/workbook.xml", b"<x>")], CompressionMethod::Deflated), "it is an Excel workbook"),
    ];
    for (bytes, expected) in cases {
        let found = refusal(&bytes);
        assert!(found.contains(expected) && found.len() < 500, "{found}, not {expected}");
    }
}

#[test]
fn more_dimensions_than_numpys_are_refused_at_once() {
    for (fortran, dims) in [("True", 65), ("True", 80_000), ("False", 1_000_000)] {
        let shape = "1,".repeat(dims);
        let header = format!("{{'descr': '|u1', 'fortran_order': {fortran}, 'shape': ({shape})}}\n");
        let len = (header.len() as u32).to_le_bytes();
        let file = [npy::MAGIC, &[2, 0], &len, header.as_bytes(), &[7]].concat();
        let found = refusal(&file);
        assert_eq!(found, format!("its .npy header: expected at most 64 dimensions, found {dims}"));
    }
    let most = format!("{{'descr': '|u1', 'fortran_order': True, 'shape': ({}2)}}\n", "1,".repeat(63));
    let array = npy_file(&most, &[3, 4]);
    assert_eq!(&*npy::read(&array).unwrap().bytes, [3, 4]);
    let many = format!(r#"{{"x":{{"dtype":"U8","shape":[{}1],"data_offsets":[0,1]}}}}"#, "1,".repeat(99));
    assert_eq!(refusal(&safetensors_file(&many, &[0])), "`x`: expected at most 64 dimensions, found 100");
}

#[test]
fn an_archive_that_lies_about_its_sizes_is_refused_before_it_is_unpacked() {
    let zeros = npy_file(&descr("<f4", "(262144,)"), &vec![0; 1 << 20]);
    let mut lying = zip_file(&[("a.npy", zeros.as_slice())], CompressionMethod::Deflated);
    // The size of the contents in the central directory.
    let entry = lying.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    lying[entry + 24..][..4].copy_from_slice(&200u32.to_le_bytes());
    let found = npz::read_at_most(2 << 20, &lying).unwrap_err();
    assert_eq!(found, "`a.npy`: expected the values of F32 [262144], found 127 bytes");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn damaged_bytes_are_an_error_or_arrays_no_larger(format in 0usize..4, at in 0usize..600, with: [u8; 3], cut in 0usize..1200) {
        let npy = || npy_file(&descr("<f4", "(6,)"), &le_bytes(&X));
        let mut file = match format {
            0 => Format::Safetensors.write(&named()),
            1 => Format::Npz.write(&named()),
            2 => npy(),
            _ => zip_file(&[("x.npy", &npy())], CompressionMethod::Deflated),
        };
        let at = at % file.len();
        for (byte, with) in file[at..].iter_mut().zip(with) {
            *byte = with;
        }
        file.truncate(file.len().saturating_sub(cut.saturating_sub(600)));
        if let Ok(arrays) = Arrays::from_bytes("damaged", &file) {
            let total: usize = arrays.names().filter_map(|name| arrays.get(name)).map(|array| array.bytes.len()).sum();
            prop_assert!(total <= file.len());
        }
    }
}

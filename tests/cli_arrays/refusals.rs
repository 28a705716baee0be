//! Bad models, bad arrays, bad flags.

use super::{entries, lstm, numbers, refused, write};
use assert_cmd::Command;
use serde_json::{Value, json};
use std::fs;
use tempfile::TempDir;

/// An `.npy` file of one-dimensional i64 values, as NumPy writes it.
fn npy_i64(shape: &str, values: &[i64]) -> Vec<u8> {
    let header = format!("{{'descr': '<i8', 'fortran_order': False, 'shape': {shape}, }}\n");
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    [b"\x93NUMPY\x01\x00", (header.len() as u16).to_le_bytes().as_slice(), header.as_bytes(), &bytes].concat()
}

/// A safetensors file of that header and so many bytes of zeros.
fn safetensors(header: &Value, len: usize) -> Vec<u8> {
    let header = header.to_string().into_bytes();
    [(header.len() as u64).to_le_bytes().as_slice(), &header, &vec![0; len]].concat()
}

#[test]
fn bad_models_and_arrays_are_refused_with_nothing_written() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    lstm().save(&folder.join("m.safetensors")).unwrap();
    let x = numbers(2 * 4 * 3);
    let nan = [&x[..7], &[f32::NAN], &x[8..]].concat();
    let good = ("x", [2, 4, 3].as_slice(), x.as_slice());
    write(folder, "x.npz", &[good]);
    write(folder, "features.npz", &[("x", &[2, 3, 4], &x)]);
    write(folder, "flat.npz", &[("x", &[24], &x)]);
    write(folder, "nan.npz", &[("x", &[2, 4, 3], &nan)]);
    write(folder, "none.npz", &[]);
    write(folder, "h.npz", &[good, ("h_0", &[2, 2, 5], &numbers(20))]);
    write(folder, "zero.npz", &[good, ("lengths", &[2], &[0.0, 4.0])]);
    write(folder, "long.npz", &[good, ("lengths", &[2], &[4.0, 5.0])]);
    write(folder, "half.npz", &[good, ("lengths", &[2], &[4.0, 2.5])]);
    write(folder, "short.npz", &[good, ("lengths", &[1], &[4.0])]);
    fs::write(folder.join("cut.safetensors"), &fs::read(folder.join("m.safetensors")).unwrap()[..900]).unwrap();
    fs::write(folder.join("text.npz"), "a,b\n1,2\n").unwrap();
    fs::write(folder.join("m.pth"), b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.").unwrap();
    fs::write(folder.join("old.out.npz"), "mine").unwrap();
    let before = entries(folder);

    let model = [
        ("none.safetensors x.npz", "none.safetensors: cannot read it: No such file"),
        ("cut.safetensors x.npz", "cut.safetensors: not a safetensors, .npz or .npy file: expected a header of"),
        (
            "x.npz x.npz",
            "x.npz: expected the weights of a torch.nn RNN, LSTM or GRU (such as `weight_ih_l0`), found none beside `x`",
        ),
        ("m.safetensors none.npz", "none.npz: expected an array `x`, found no array at all"),
        ("m.safetensors features.npz", "features.npz: `x`: expected [N, T, I=3], found F32 [2, 3, 4]"),
        ("m.safetensors flat.npz", "flat.npz: `x`: expected [N, T, I=3], found F32 [24]"),
        ("m.safetensors nan.npz", "nan.npz: `x`: expected finite values, found NaN at [0, 2, 1]"),
        ("m.safetensors h.npz", "h.npz: `h_0`: expected [L*D=4, B=2, H=5], found F32 [2, 2, 5]"),
        ("m.safetensors zero.npz", "`lengths`: expected whole numbers from 1 to T=4, found 0 at [0]"),
        ("m.safetensors long.npz", "`lengths`: expected whole numbers from 1 to T=4, found 5 at [1]"),
        ("m.safetensors half.npz", "`lengths`: expected a whole number from 0 to 4294967295 at [1], found 2.5"),
        ("m.safetensors short.npz", "`lengths`: expected [N=2], found F32 [1]"),
        ("m.safetensors text.npz", "text.npz: not a safetensors, .npz or .npy file: it is text, such as a CSV table"),
        ("m.pth x.npz", "m.pth: not a safetensors, .npz or .npy file: it is a pickle of torch.save"),
        (
            "m.safetensors x.npz --module lstm",
            "module lstm: its `__metadata__` says that it holds one model, here `rnn`",
        ),
        ("m.safetensors x.npz --nonlinearity relu", "its `__metadata__` says lstm, asked for was rnn_relu"),
        ("m.safetensors x.npz --device nosuch", "no adapter matches `nosuch`"),
    ];
    for (arguments, expected) in model {
        refused(folder, &format!("run {arguments} --out old.out.npz --quiet"), 1, expected);
    }
    refused(folder, "run m.safetensors x.npz --out o.npy", 2, "a name that ends in .safetensors or .npz");
    refused(folder, "run m.safetensors x.npz --out o.npz --batch 0", 2, "--batch");
    refused(folder, "run m.safetensors x.npz --out none/o.npz", 1, "--out: none/o.npz: cannot write it");
    refused(folder, "run m.safetensors x.npz", 2, "--out <FILE>");
    assert_eq!(entries(folder), before);
    assert_eq!(fs::read(folder.join("old.out.npz")).unwrap(), b"mine");
}

#[test]
fn bad_training_sets_are_refused_with_nothing_written() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    lstm().save(&folder.join("m.safetensors")).unwrap();
    let x = numbers(2 * 4 * 3);
    let good = ("x", [2, 4, 3].as_slice(), x.as_slice());
    write(folder, "y.npz", &[good, ("y", &[2, 2], &numbers(4))]);
    write(folder, "x.npz", &[good]);
    write(folder, "rows.npz", &[good, ("y", &[3, 2], &numbers(6))]);
    write(folder, "wide.npz", &[good, ("y", &[2, 3], &numbers(6))]);
    write(folder, "scalar.npz", &[good, ("y", &[], &[0.0])]);
    write(folder, "inf.npz", &[good, ("y", &[2, 2], &[0.0, 1.0, f32::INFINITY, 0.0])]);
    write(folder, "class.npz", &[good, ("y", &[2], &[0.0, 2.0])]);
    write(folder, "part.npz", &[good, ("y", &[2], &[0.0, 0.5])]);
    write(folder, "huge.npz", &[good, ("y", &[2], &[0.0, 1e30])]);
    let whole = |file: &str, shape: &[usize], y: &[i64]| {
        let bytes = super::training::with_whole_numbers((&[2, 4, 3], &x), &[("y", shape, y)]);
        fs::write(folder.join(file), bytes).unwrap();
    };
    whole("onehot.safetensors", &[2, 4], &[0, 1, 0, 0, 0, 0, 0, 1]);
    whole("price.safetensors", &[2], &[90_000, 17]);
    whole("counts.safetensors", &[2, 2], &[0, 7, 3, 5]);
    whole("hole.safetensors", &[2, 4], &[0, -100, 1, 2, 0, 1, 2, 0]);
    whole("end.safetensors", &[2, 4], &[0, 1, 1, -100, 0, 1, 2, 0]);
    fs::write(folder.join("x.npy"), npy_i64("(2,)", &[1, 2])).unwrap();
    let before = entries(folder);
    let cases = [
        ("x.npz", 1, "x.npz: expected an array `y`, found `x`"),
        ("x.npy", 1, "x.npy: expected an array `y`, found `x`"),
        ("rows.npz", 1, "`y`: expected [N=2, O], found F32 [3, 2]"),
        ("onehot.safetensors", 1, "one-hot classes, or a class at each of T=4 steps? Say --head last for the first"),
        (
            "price.safetensors",
            1,
            "2 different ones in 2 places, the largest 90000: classes or values? Say --loss cross-entropy",
        ),
        ("counts.safetensors", 1, "classes or values? Say --loss cross-entropy for classes, --loss mse for values"),
        (
            "hole.safetensors --classes 3",
            1,
            "`y`: expected -100 (--ignore-index) at the end of a row or in all of it, found it at [0, 1]: \
             single steps cannot be left out; cut the row there",
        ),
        (
            "end.safetensors --classes 3 --bidirectional",
            1,
            "at the end of row 0, which a network of both directions begins with",
        ),
        ("scalar.npz", 1, "`y`: expected [N=2, O], found F32 []"),
        ("inf.npz", 1, "`y`: expected finite values, found inf at [1, 0]"),
        ("wide.npz --init m.safetensors", 1, "`y`: expected [N=2, O=2], found F32 [2, 3]"),
        ("class.npz --loss cross-entropy --init m.safetensors", 1, "class.npz: `y`: a target is 2 (row 1, position 0)"),
        ("class.npz --loss cross-entropy --classes 2", 1, "expected a class: a whole number from 0 to 1"),
        ("part.npz --loss cross-entropy", 1, "`y`: a target is 0.5 (row 1, position 0), expected a class"),
        ("huge.npz --loss cross-entropy", 1, "`y`: expected classes from 0 to at most 1048575, found 1"),
        ("y.npz --init m.safetensors --head none", 2, "--head is none, expected last or all, as in m.safetensors"),
        ("y.npz --init m.safetensors --hidden 3", 2, "--init <MODEL>' cannot be used with '--hidden <N>'"),
        ("y.npz --nonlinearity relu", 2, "--nonlinearity is given, expected --init beside it"),
        ("y.npz --module rnn", 2, "--module is given, expected --init beside it"),
        ("y.npz --head-module fc", 2, "--head-module is given, expected --init beside it"),
        ("y.npz --delta 2", 2, "--delta is 2, expected none, or --loss huber beside it"),
        ("y.npz --loss mae --delta 1", 2, "--delta is 1, expected none, or --loss huber beside it"),
        ("y.npz --ignore-index -100", 2, "--ignore-index is given, expected nothing, with another loss than cross"),
        ("end.safetensors --classes 3 --head none", 2, "--classes is given, expected nothing: without a head"),
        ("y.npz --plot p.svg", 2, "--plot is given, expected nothing: it is for tables"),
        ("y.npz --horizon 1", 2, "--horizon is given, expected nothing: it is for tables"),
        ("y.npz --fill forward", 2, "--fill is given, expected nothing: it is for tables"),
        ("y.npz --quantiles 0.5", 2, "--quantiles is given, expected nothing: it is for tables"),
        ("y.npz --every 0 --checkpoint c", 2, "--every"),
        ("y.npz --every 2", 2, "--checkpoint"),
        ("y.npz --epochs 0", 2, "--epochs"),
        ("y.npz --batch 0", 2, "--batch"),
        ("y.npz --classes 0", 2, "--classes"),
        ("y.npz --val 0 --patience 3", 2, "--patience is 3, expected 0, or rows that validate"),
        ("y.npz --loss quantile", 2, "--loss is quantile"),
        ("y.npz --momentum 0.5", 2, "--momentum is 0.5, expected none, or the optimizer sgd beside it"),
        ("y.npz --classes 3", 2, "--classes is given"),
        ("y.npz --patience 3", 2, "--patience is 3, expected 0, or rows that validate"),
        (
            "y.npz --val 2 --patience 3",
            2,
            "rows to validate and to test on is 2, expected fewer than the 2 rows that there are",
        ),
        (
            "y.npz --test 2024-01-01",
            2,
            "--test is 2024-01-01, expected a fraction or a number of rows: arrays have no times",
        ),
        ("y.npz --scale none", 2, "--scale is given, expected nothing: it is for tables"),
        ("y.npz --center last", 2, "--center is given, expected nothing: it is for tables"),
        ("y.npz --channels joint", 2, "--channels is given, expected nothing: it is for tables"),
        ("y.npz --resume m.safetensors", 1, "--resume: m.safetensors: it is no checkpoint"),
        (
            "y.npz --precision f16 --device cpu",
            2,
            "precision is f16, expected f32 on the CPU engine; f16 is for adapters",
        ),
        ("y.npz --hidden 10000", 1, "take fewer hidden units"),
        ("y.npz --lr 1e30 --device cpu", 1, "in epoch 2, step 1: take a smaller learning rate"),
        ("nosuch.npz", 1, "nosuch.npz: cannot read it: No such file"),
    ];
    for (arguments, code, expected) in cases {
        refused(folder, &format!("train {arguments} --quiet --out o.safetensors"), code, expected);
        assert_eq!(entries(folder), before, "{arguments}");
    }
    refused(folder, "train table.csv --head last", 2, "--head is given, expected nothing: it is for arrays");
    refused(folder, "train table.csv --ignore-index -100", 2, "--ignore-index is given, expected nothing: it is for");
    refused(folder, "train table.csv --module rnn", 2, "--module is given, expected nothing: it is for arrays");
    refused(folder, "evaluate m.safetensors y.npz --delta 2", 2, "--delta is 2, expected none, or --loss huber");
}

#[test]
fn what_is_no_table_is_refused_as_one_by_what_it_is() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    write(folder, "a.npz", &[("x", &[2, 4, 3], &numbers(24))]);
    fs::copy(folder.join("a.npz"), folder.join("a.csv")).unwrap();
    lstm().save(&folder.join("m.csv")).unwrap();
    fs::write(folder.join("p.parquet"), b"PAR1\x15\x04\x15\x10").unwrap();
    let parquet = if cfg!(feature = "parquet") {
        "p.parquet: it is a damaged Parquet file: "
    } else {
        "p.parquet: expected a table (CSV): it is a Parquet file, which this build does not read: build with"
    };
    for (data, expected) in [
        (
            "a.csv",
            "a.csv: expected a table (CSV), found arrays: `refrain train` and `refrain run` take them under a name",
        ),
        ("m.csv", "m.csv: expected a table (CSV), found arrays"),
        ("p.parquet", parquet),
    ] {
        refused(folder, &format!("train {data} --target y --device cpu"), 1, expected);
    }
}

/// In an address space of 1 GiB, an allocation from a number in a file would end the program.
#[test]
#[cfg(target_os = "linux")]
fn sizes_that_lie_are_refused_in_little_memory() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    lstm().save(&folder.join("m.safetensors")).unwrap();
    let file = |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes).unwrap();
    let tensor = |shape: Value| json!({ "dtype": "F32", "shape": shape, "data_offsets": [0, 64] });
    file("a.safetensors", safetensors(&json!({ "x": tensor(json!([1_000_000_000_000_u64, 4])) }), 64));
    file("b.safetensors", safetensors(&json!({ "x": tensor(json!([1_u64 << 62, 1_u64 << 62, 16])) }), 64));
    file("c.safetensors", [u64::MAX.to_le_bytes().as_slice(), b"{}"].concat());
    let weights = json!({
        "weight_hh_l0": tensor(json!([4, 4])),
        "weight_ih_l0": { "dtype": "F32", "shape": [1_000_000_000_000_u64, 0], "data_offsets": [64, 64] }
    });
    file("d.safetensors", safetensors(&weights, 64));
    let spec = json!({ "cell": "rnn_tanh", "input": 1_000_000, "hidden": 1000, "layers": 1, "bidirectional": false,
        "head": { "outputs": 1, "readout": "last" } });
    let card = json!({ "format": 1, "spec": spec }).to_string();
    file("e.safetensors", safetensors(&json!({ "__metadata__": { "refrain": card }, "x": tensor(json!([16])) }), 64));
    file("f.npy", npy_i64("(1000000000000, 1000, 1000)", &[1, 2]));
    for (arguments, expected) in [
        ("m.safetensors a.safetensors", "`x`: expected F32 [1000000000000, 4], found bytes 0 to 64 of 64"),
        ("m.safetensors b.safetensors", "`x`: expected F32 [4611686018427387904, 4611686018427387904, 16]"),
        ("m.safetensors c.safetensors", "expected a header of 18446744073709551615 bytes, found 2 bytes"),
        ("m.safetensors f.npy", "expected the values of I64 [1000000000000, 1000, 1000], found 16 bytes"),
        ("a.safetensors f.npy", "`x`: expected F32 [1000000000000, 4]"),
        ("d.safetensors f.npy", "the shapes of its tensors: input is 0"),
        ("e.safetensors f.npy", "expected the 6 tensors of its spec, found 1"),
    ] {
        let program = assert_cmd::cargo::cargo_bin!("refrain").display();
        let script = format!("ulimit -v 1048576; exec {program} run {arguments} --out o.npz --quiet");
        let run = Command::new("sh").current_dir(folder).args(["-c", &script]).assert().code(1).stdout("");
        let message = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(message.starts_with("error: ") && message.contains(expected), "{arguments}: {message}, not {expected}");
    }
    assert!(!folder.join("o.npz").exists());
}

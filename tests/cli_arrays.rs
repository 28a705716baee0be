//! `refrain run` and `refrain train` on arrays, as a user runs them, in a temporary folder: what they compute, what they
//! write, and what they refuse.

use assert_cmd::Command;
use refrain::arrays::{Arrays, Format, Named};
use refrain::data::{Sequences, Windows};
use refrain::engine::Engine;
use refrain::engine::cpu::CpuEngine;
use refrain::model::{CellKind, Head, Model, Names, Readout, Spec, initial_parameters};
use refrain::train;
use serde_json::{Value, json};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use tempfile::TempDir;

fn refrain(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("refrain"));
    command.env_remove("XDG_RUNTIME_DIR").current_dir(folder).args(arguments.split_whitespace());
    command
}

fn stdout(folder: &Path, arguments: &str) -> String {
    String::from_utf8(refrain(folder, arguments).assert().success().get_output().stdout.clone()).unwrap()
}

/// Refused with this code, in one line that says this.
#[track_caller]
fn refused(folder: &Path, arguments: &str, code: i32, expected: &str) {
    let run = refrain(folder, arguments).assert().stdout("");
    let message = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert_eq!(run.get_output().status.code(), Some(code), "{arguments}: {message}");
    assert!(message.starts_with("error: ") && message.contains(expected), "{arguments}: {message}, not {expected}");
    assert_eq!(message.lines().count(), 1, "{arguments}: {message}");
}

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Numbers without a pattern, from -1 to 1.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|n| (1.7 * n as f32 + 0.3 * (n * n % 97) as f32).sin()).collect()
}

fn write(folder: &Path, file: &str, arrays: &[(&str, &[usize], &[f32])]) {
    let named: Vec<Named> = arrays.iter().map(|&(name, shape, values)| Named { name, shape, values }).collect();
    fs::write(folder.join(file), Format::of(file).unwrap().write(&named)).unwrap();
}

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

fn lstm() -> Model {
    let spec = Spec { layers: 2, bidirectional: true, ..Spec::new(CellKind::Lstm, 3, 5, 2) };
    Model::new(spec, initial_parameters(&spec, 4))
}

fn array(folder: &Path, file: &str, name: &str) -> (Vec<usize>, Vec<f32>) {
    let bytes = fs::read(folder.join(file)).unwrap();
    let arrays = Arrays::from_bytes(file, &bytes).unwrap();
    (arrays.require(name).unwrap().shape().to_vec(), arrays.f32(name).unwrap().values)
}

#[test]
fn run_gives_the_outputs_and_final_states_whatever_the_batch() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let model = lstm();
    model.save(&folder.join("m.safetensors")).unwrap();
    let (x, states) = (numbers(7 * 6 * 3), numbers(2 * 4 * 7 * 5));
    let (h_0, c_0) = states.split_at(4 * 7 * 5);
    let given = [("x", [7, 6, 3].as_slice(), x.as_slice()), ("h_0", &[4, 7, 5], h_0), ("c_0", &[4, 7, 5], c_0)];
    write(folder, "in.npz", &given);

    let text = stdout(folder, "run m.safetensors in.npz --out all.npz --device cpu --json");
    let document: Value = serde_json::from_str(&text).expect("stdout holds the document alone");
    let written = json!([
        { "name": "y", "shape": [7, 2] },
        { "name": "h_n", "shape": [4, 7, 5] },
        { "name": "c_n", "shape": [4, 7, 5] }
    ]);
    assert_eq!((&document["arrays"], &document["notes"]), (&written, &json!([])));
    assert_eq!(
        (&document["rows"], &document["steps"], &document["files"]),
        (&json!(7), &json!(6), &json!(["all.npz"]))
    );

    let mut engine = CpuEngine::new(model.spec, &model.parameters).unwrap();
    let sequences = Sequences { states: Some(states.clone()), ..Sequences::new(7, 6, x) };
    let expected = pollster::block_on(engine.forward(&sequences)).unwrap();
    assert_eq!(array(folder, "all.npz", "y").1, expected.y);
    let found = [array(folder, "all.npz", "h_n").1, array(folder, "all.npz", "c_n").1].concat();
    assert_eq!(found, expected.states);

    refrain(folder, "run m.safetensors in.npz --out few.safetensors --device cpu --batch 3 --quiet")
        .assert()
        .success()
        .stdout("")
        .stderr("");
    for name in ["y", "h_n", "c_n"] {
        assert_eq!(array(folder, "few.safetensors", name), array(folder, "all.npz", name), "{name}");
    }
}

#[test]
fn a_model_without_metadata_runs_and_says_what_was_assumed() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let (w, b) = (numbers(4), numbers(2));
    let (input, head) = (numbers(6), numbers(2));
    let tensors = [
        ("enc.rnn.weight_ih_l0", [2, 3].as_slice(), input.as_slice()),
        ("enc.rnn.weight_hh_l0", &[2, 2], &w),
        ("enc.rnn.bias_ih_l0", &[2], &b),
        ("enc.rnn.bias_hh_l0", &[2], &b),
        ("out.weight", &[1, 2], &head),
    ];
    write(folder, "m.safetensors", &tensors);
    write(folder, "in.safetensors", &[("x", &[2, 4, 3], &numbers(24)), ("xs", &[1], &[0.0])]);
    let run = |more: &str| stdout(folder, &format!("run m.safetensors in.safetensors --out o.npz --device cpu {more}"));
    let text = run("");
    for words in [
        "m.safetensors: it says nothing of its network: from its tensors, rnn_tanh, 1 layer, one direction, 3 inputs",
        "tanh or relu: taken for tanh",
        "which steps its head reads: taken for the last",
        "it has no `out.bias`: taken for zeros",
        "in.safetensors: not used: `xs`",
        "Wrote y [2, 1], h_n [1, 2, 2] to o.npz",
    ] {
        assert!(text.contains(words), "`{words}` is missing in:\n{text}");
    }
    let tanh = array(folder, "o.npz", "h_n").1;
    let text = run("--nonlinearity relu --head all");
    assert!(!text.contains("taken for tanh") && text.contains("Wrote y [2, 4, 1]"), "{text}");
    assert!(array(folder, "o.npz", "h_n").1 != tanh);
}

#[test]
fn training_on_arrays_is_the_librarys_and_keeps_the_names_of_the_weights() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let spec = Spec { head: Some(Head { outputs: 2, readout: Readout::Every }), ..Spec::new(CellKind::Gru, 3, 4, 2) };
    let names = Names { rnn: "net.gru".into(), head: "net.out".into() };
    let initial = Model { names: names.clone(), ..Model::new(spec, initial_parameters(&spec, 9)) };
    initial.save(&folder.join("i.safetensors")).unwrap();
    let (x, y) = (numbers(10 * 5 * 3), numbers(10 * 5 * 2));
    write(folder, "a.npz", &[("x", &[10, 5, 3], &x), ("y", &[10, 5, 2], &y)]);

    let arguments = "train a.npz --init i.safetensors --no-shuffle --epochs 6 --batch 4 --lr 0.01 --device cpu";
    let text = stdout(folder, &format!("{arguments} --json --out t.safetensors"));
    let document: Value = serde_json::from_str(&text).unwrap();
    let of = |name: &str| document[name].clone();
    assert_eq!((of("rows"), of("steps"), of("loss"), of("lr")), (json!(10), json!(5), json!("mse"), json!(0.01)));
    assert_eq!((of("optimizer_steps"), of("files"), of("notes")), (json!(18), json!(["t.safetensors"]), json!([])));

    let mut engine = CpuEngine::new(spec, &initial.parameters).unwrap();
    engine.load(&Windows::from_sequences(x, 3, 5, y, 10).unwrap()).unwrap();
    let options = train::Options {
        epochs: 6,
        batch: 4,
        optimizer: refrain::optim::Optimizer::adam(0.01),
        order: train::Order::Given,
        ..train::Options::default()
    };
    let ids: Vec<u32> = (0..10).collect();
    let watch = async |_: &mut CpuEngine, _: &train::Progress<'_>| Ok(ControlFlow::Continue(()));
    let summary = pollster::block_on(train::fit(&mut engine, &options, &ids, train::State::default(), watch)).unwrap();
    let trained = Model::load(&folder.join("t.safetensors")).unwrap();
    assert_eq!(trained.parameters, pollster::block_on(engine.parameters()).unwrap());
    assert_eq!((trained.spec, trained.names), (spec, names));
    let printed = document["train_loss"].as_f64().unwrap();
    assert!((printed - summary.loss).abs() <= 1e-14, "{printed}, {}", summary.loss);

    let shuffled = arguments.replace("--no-shuffle", "");
    stdout(folder, &format!("{shuffled} --out s.safetensors"));
    assert_ne!(fs::read(folder.join("s.safetensors")).unwrap(), fs::read(folder.join("t.safetensors")).unwrap());
    assert_eq!(entries(folder), ["a.npz", "i.safetensors", "s.safetensors", "t.safetensors"]);
}

/// A safetensors file of one f32 array x, and others of whole numbers, as PyTorch writes them.
fn with_whole_numbers(x: (&[usize], &[f32]), others: &[(&str, &[usize], &[i64])]) -> Vec<u8> {
    use safetensors::tensor::{Dtype, TensorView};
    let mut tensors: Vec<(&str, Dtype, &[usize], Vec<u8>)> =
        vec![("x", Dtype::F32, x.0, x.1.iter().flat_map(|value| value.to_le_bytes()).collect())];
    for &(name, shape, values) in others {
        tensors.push((name, Dtype::I64, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect()));
    }
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        (name, TensorView::new(*dtype, shape.to_vec(), bytes).expect("as many bytes as the shape says"))
    });
    safetensors::serialize(views, None).unwrap()
}

#[test]
fn rows_of_unequal_length_are_told_apart_and_nothing_beyond_them_is_read() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let lengths = [4i64, 1, 3, 2, 4, 2];
    let x = numbers(6 * 4 * 2);
    let beyond = |n: usize| (n / 2 % 4) as i64 >= lengths[n / 8];
    let padded = |padding: f32| -> Vec<f32> {
        x.iter().enumerate().map(|(n, &value)| if beyond(n) { padding } else { value }).collect()
    };
    // A class beyond a row's length is none.
    let classes: Vec<i64> =
        (0..24).map(|n| if (n % 4) as i64 >= lengths[n / 4] { -100 } else { ((n + n / 4) % 3) as i64 }).collect();
    let mut models = Vec::new();
    for (file, padding) in [("a.safetensors", f32::NAN), ("b.safetensors", 7.0)] {
        let arrays = [("y", [6, 4].as_slice(), classes.as_slice()), ("lengths", &[6], &lengths)];
        fs::write(folder.join(file), with_whole_numbers((&[6, 4, 2], &padded(padding)), &arrays)).unwrap();
        let arguments = "--cell lstm --hidden 6 --bidirectional --epochs 4 --batch 4 --device cpu --json";
        let text = stdout(folder, &format!("train {file} {arguments} --out m.safetensors"));
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&document["loss"], &document["notes"]), (&json!("cross_entropy"), &json!([])));
        assert_eq!(document["spec"]["head"], json!({ "outputs": 3, "readout": "every" }));
        models.push(fs::read(folder.join("m.safetensors")).unwrap());
        let text = stdout(folder, &format!("run m.safetensors {file} --out {file}.npz --device cpu"));
        assert!(text.contains("not used: `y`"), "{text}");
    }
    assert!(models[0] == models[1], "what lies beyond the lengths changed the weights");
    let (shape, y) = array(folder, "a.safetensors.npz", "y");
    assert_eq!(shape, [6, 4, 3]);
    for (n, y) in y.chunks_exact(3).enumerate() {
        assert_eq!(y == [0.0; 3], (n % 4) as i64 >= lengths[n / 4], "row {}, step {}", n / 4, n % 4);
    }
    for name in ["y", "h_n", "c_n"] {
        assert_eq!(array(folder, "a.safetensors.npz", name), array(folder, "b.safetensors.npz", name), "{name}");
    }
}

#[test]
fn the_dimensions_of_y_say_what_the_network_gives() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let x = numbers(6 * 4 * 3);
    let trained = |file: &str, flags: &str| {
        let text = stdout(folder, &format!("train {file} --epochs 1 --hidden 5 --device cpu --json {flags}"));
        serde_json::from_str::<Value>(&text).unwrap()["spec"].clone()
    };
    write(folder, "last.npz", &[("x", &[6, 4, 3], &x), ("y", &[6, 2], &numbers(12))]);
    assert_eq!(trained("last.npz", "")["head"], json!({ "outputs": 2, "readout": "last" }));
    write(folder, "every.npz", &[("x", &[6, 4, 3], &x), ("y", &[6, 4, 2], &numbers(48))]);
    let spec = trained("every.npz", "--cell lstm --layers 2 --bidirectional");
    assert_eq!(spec["head"], json!({ "outputs": 2, "readout": "every" }));
    assert_eq!((&spec["cell"], &spec["layers"], &spec["bidirectional"]), (&json!("lstm"), &json!(2), &json!(true)));
    refused(folder, "train last.npz --head all --quiet", 1, "`y`: expected [N=6, T=4, O], found F32 [6, 2]");
    refused(folder, "train every.npz --head last --quiet", 1, "`y`: expected [N=6, O], found F32 [6, 4, 2]");
    refused(folder, "train every.npz --head none --quiet", 1, "`y`: expected [N=6, T=4, O=64], found F32 [6, 4, 2]");
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
    fs::write(folder.join("old.out.npz"), "mine").unwrap();
    let before = entries(folder);

    let model = [
        ("none.safetensors x.npz", "none.safetensors: cannot read it: No such file"),
        ("cut.safetensors x.npz", "cut.safetensors: not a safetensors, .npz or .npy file: expected a header of"),
        ("x.npz x.npz", "x.npz: tensor `x`: expected those of a torch.nn RNN, LSTM or GRU"),
        ("m.safetensors none.npz", "none.npz: expected an array `x`, found no array at all"),
        ("m.safetensors features.npz", "features.npz: `x`: expected [N, T, I=3], found F32 [2, 3, 4]"),
        ("m.safetensors flat.npz", "flat.npz: `x`: expected [N, T, I=3], found F32 [24]"),
        ("m.safetensors nan.npz", "nan.npz: `x`: expected finite values, found NaN at [0, 2, 1]"),
        ("m.safetensors h.npz", "h.npz: `h_0`: expected [L*D=4, B=2, H=5], found F32 [2, 2, 5]"),
        ("m.safetensors zero.npz", "`lengths`: expected whole numbers from 1 to T=4, found 0 at [0]"),
        ("m.safetensors long.npz", "`lengths`: expected whole numbers from 1 to T=4, found 5 at [1]"),
        ("m.safetensors half.npz", "`lengths`: expected a whole number from 0 to 4294967295 at [1], found 2.5"),
        ("m.safetensors short.npz", "`lengths`: expected [N=2], found F32 [1]"),
        ("m.safetensors text.npz", "text.npz: not a safetensors, .npz or .npy file: "),
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
    fs::write(folder.join("x.npy"), npy_i64("(2,)", &[1, 2])).unwrap();
    let before = entries(folder);
    let cases = [
        ("x.npz", 1, "x.npz: expected an array `y`, found `x`"),
        ("x.npy", 1, "x.npy: expected an array `y`, found `x`"),
        ("rows.npz", 1, "`y`: expected [N=2, O], found F32 [3, 2]"),
        ("scalar.npz", 1, "`y`: expected [N=2, O], found F32 []"),
        ("inf.npz", 1, "`y`: expected finite values, found inf at [1, 0]"),
        ("wide.npz --init m.safetensors", 1, "`y`: expected [N=2, O=2], found F32 [2, 3]"),
        ("class.npz --loss cross-entropy --init m.safetensors", 1, "class.npz: `y`: a target is 2 (row 1, position 0)"),
        ("class.npz --loss cross-entropy --classes 2", 1, "expected a class: a whole number from 0 to 1"),
        ("part.npz --loss cross-entropy", 1, "`y`: a target is 0.5 (row 1, position 0), expected a class"),
        ("huge.npz --loss cross-entropy", 1, "`y`: expected classes from 0 to at most 1048575, found 1"),
        ("y.npz --init m.safetensors --head none", 2, "--head is none, expected last or all, as in m.safetensors"),
        ("y.npz --init m.safetensors --hidden 3", 2, "--init <MODEL>' cannot be used with '--hidden <N>'"),
        ("y.npz --nonlinearity relu", 2, "--init <MODEL>"),
        ("y.npz --loss quantile", 2, "--loss is quantile"),
        ("y.npz --classes 3", 2, "--classes is given"),
        ("y.npz --checkpoint c", 2, "--checkpoint is given"),
        ("y.npz --hidden 10000", 1, "take a smaller --hidden"),
        ("y.npz --lr 1e30 --device cpu", 1, "in epoch 2, step 1: take a smaller learning rate"),
        ("nosuch.npz", 1, "nosuch.npz: cannot read it: No such file"),
    ];
    for (arguments, code, expected) in cases {
        refused(folder, &format!("train {arguments} --quiet --out o.safetensors"), code, expected);
        assert_eq!(entries(folder), before, "{arguments}");
    }
    refused(folder, "train table.csv --head last", 2, "--head is given, expected nothing: it is for arrays");
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

//! What `refrain train` learns from arrays.

use super::{array, entries, numbers, refused, stdout, write};
use refrain::data::Windows;
use refrain::engine::Engine;
use refrain::engine::cpu::CpuEngine;
use refrain::loss::Loss;
use refrain::model::{CellKind, Head, Model, Names, Readout, Spec, initial_parameters};
use refrain::optim::{Clip, Optimizer, Schedule};
use refrain::train;
use serde_json::{Value, json};
use std::fs;
use std::ops::ControlFlow;
use tempfile::TempDir;

/// The weights and the last loss of the library's training on `x` and `y`, in their order.
fn fitted(model: &Model, options: &train::Options, x: &[f32], y: &[f32]) -> (Vec<f32>, f64) {
    let mut engine = CpuEngine::new(model.spec, &model.parameters).unwrap();
    let steps = 5;
    let windows = Windows::from_sequences(x.to_vec(), model.spec.input, steps, y.to_vec(), steps * 2).unwrap();
    let ids: Vec<u32> = (0..windows.count() as u32).collect();
    engine.load_data(&windows).unwrap();
    let watch = async |_: &mut CpuEngine, _: &train::Progress<'_>| Ok(ControlFlow::Continue(()));
    let summary = pollster::block_on(train::fit(&mut engine, options, &ids, train::State::default(), watch)).unwrap();
    (pollster::block_on(engine.parameters()).unwrap(), summary.loss)
}

#[test]
fn training_on_arrays_is_the_librarys_and_keeps_the_names_of_the_weights() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let head = Some(Head { outputs: 2, readout: Readout::Every });
    let spec = Spec { head, layers: 2, ..Spec::new(CellKind::Gru, 3, 4, 2) };
    let names = Names { rnn: "net.gru".into(), head: "net.out".into(), cell: false };
    let initial = Model { names: names.clone(), ..Model::new(spec, initial_parameters(&spec, 9)) };
    initial.save(&folder.join("i.safetensors")).unwrap();
    let (x, y) = (numbers(10 * 5 * 3), numbers(10 * 5 * 2));
    write(folder, "a.npz", &[("x", &[10, 5, 3], &x), ("y", &[10, 5, 2], &y)]);

    let plain = train::Options { epochs: 6, batch: 4, order: train::Order::Given, ..train::Options::default() };
    let cases = [
        ("--lr 0.01", train::Options { optimizer: Optimizer::adam(0.01), ..plain }),
        (
            "--optimizer sgd --momentum 0.5 --weight-decay 0.1 --lr 0.1 --loss huber --delta 0.25",
            train::Options {
                optimizer: Optimizer::Sgd { lr: 0.1, momentum: 0.5, weight_decay: 0.1 },
                loss: Loss::Huber { delta: 0.25 },
                ..plain
            },
        ),
        (
            "--optimizer rmsprop --loss mae --clip 0.05 --schedule step:2:0.5 --dropout 0.25 --seed 3",
            train::Options {
                optimizer: Optimizer::rms_prop(1e-3),
                loss: Loss::Mae,
                clip: Some(Clip { max_norm: 0.05 }),
                schedule: Schedule::Step { every: 2, factor: 0.5 },
                dropout: 0.25,
                seed: 3,
                ..plain
            },
        ),
        (
            "--optimizer adamw --loss bce --schedule cosine:4:0.1",
            train::Options {
                optimizer: Optimizer::adam_w(1e-3),
                loss: Loss::BinaryCrossEntropy,
                schedule: Schedule::Cosine { warm_up: 4, total: 18, floor: 0.1 },
                ..plain
            },
        ),
    ];
    let arguments = "train a.npz --init i.safetensors --epochs 6 --batch 4 --device cpu --json --out t.safetensors";
    for (flags, options) in cases {
        let text = stdout(folder, &format!("{arguments} --no-shuffle {flags}"));
        let document: Value = serde_json::from_str(&text).unwrap();
        let (parameters, loss) = fitted(&initial, &options, &x, &y);
        let trained = Model::load(&folder.join("t.safetensors")).unwrap();
        assert_eq!(trained.parameters, parameters, "{flags}");
        assert_eq!((trained.spec, &trained.names), (spec, &names));
        let printed = document["train_loss"].as_f64().unwrap();
        // The same number, through JSON and back.
        assert!((printed - loss).abs() <= 1e-14, "{flags}: {printed}, {loss}");
        let of = |name: &str| document[name].clone();
        assert_eq!((of("rows"), of("steps"), of("lr")), (json!([10, 0, 0]), json!(5), json!(options.optimizer.lr())));
        assert_eq!((of("optimizer_steps"), of("files"), of("notes")), (json!(18), json!(["t.safetensors"]), json!([])));
    }

    let in_order = fitted(&initial, &train::Options { optimizer: Optimizer::adam(0.01), ..plain }, &x, &y).0;
    stdout(folder, &format!("{arguments} --lr 0.01"));
    assert_ne!(Model::load(&folder.join("t.safetensors")).unwrap().parameters, in_order, "the rows were not shuffled");
    assert_eq!(entries(folder), ["a.npz", "i.safetensors", "t.safetensors"]);
}

/// A safetensors file of one f32 array x, and others of whole numbers, as PyTorch writes them.
pub fn with_whole_numbers(x: (&[usize], &[f32]), others: &[(&str, &[usize], &[i64])]) -> Vec<u8> {
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
        models.push(Model::load(&folder.join("m.safetensors")).unwrap().parameters);
        let text = stdout(folder, &format!("run m.safetensors {file} --out {file}.npz --device cpu"));
        assert!(text.contains("`y` is not read: `refrain evaluate` compares"), "{text}");
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
fn a_run_taken_up_from_a_checkpoint_ends_with_the_same_bits() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let (x, y) = (numbers(10 * 5 * 3), numbers(10 * 5 * 2));
    write(folder, "a.npz", &[("x", &[10, 5, 3], &x), ("y", &[10, 5, 2], &y)]);
    let arguments = "train a.npz --cell lstm --hidden 5 --layers 2 --dropout 0.2 --batch 4 --schedule plateau:0.5:1";
    for device in ["--device gpu --precision f16", "--device cpu"] {
        let trained = |more: &str, out: &str| {
            stdout(folder, &format!("{arguments} {device} --epochs 7 {more} --out {out}"));
            fs::read(folder.join(out)).unwrap()
        };
        let whole = trained("", "whole.safetensors");
        // The checkpoint of epoch 5 is the last; two epochs are left to train.
        assert!(trained("--checkpoint c.safetensors --every 5", "kept.safetensors") == whole, "{device}");
        let kept = Model::load(&folder.join("c.safetensors")).unwrap();
        let trained_on = Model::from_bytes("whole", &whole).unwrap().parameters;
        assert_ne!(kept.parameters, trained_on, "{device}");
        assert!(trained("--resume c.safetensors", "resumed.safetensors") == whole, "{device}");
        // Weights are trained and saved in 32 bits, however the device stores its copies.
        let tensors = safetensors::SafeTensors::deserialize(&whole).unwrap();
        assert!(tensors.iter().all(|(_, tensor)| tensor.dtype() == safetensors::Dtype::F32), "{device}");
        assert!(trained_on.iter().any(|&weight| half::f16::from_f32(weight).to_f32() != weight), "{device}");
    }

    let arguments = format!("{arguments} --device cpu --epochs 7 --resume c.safetensors --quiet");
    let other = [&y[..99], &[9.0]].concat();
    write(folder, "b.npz", &[("x", &[10, 5, 3], &x), ("y", &[10, 5, 2], &other)]);
    let expected = "c.safetensors: it is the checkpoint of another run: its `data` is \"arrays ";
    refused(folder, &arguments.replace("a.npz", "b.npz"), 1, expected);
    let expected = "c.safetensors: it is the checkpoint of another run: its `precision` is \"f32\", this run's \"f16\"";
    refused(folder, &format!("{arguments} --precision f16"), 1, expected);
}

#[test]
fn whole_numbers_are_classes_where_they_look_like_it_and_values_on_demand() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let x = numbers(6 * 4 * 2);
    let trained = |y: (&[usize], &[i64]), flags: &str| {
        fs::write(folder.join("a.safetensors"), with_whole_numbers((&[6, 4, 2], &x), &[("y", y.0, y.1)])).unwrap();
        let text =
            stdout(folder, &format!("train a.safetensors --hidden 5 --epochs 2 --device cpu --json --out m {flags}"));
        let document: Value = serde_json::from_str(&text).unwrap();
        let head = document["spec"]["head"].clone();
        let parameters = Model::load(&folder.join("m")).unwrap().parameters;
        (document["loss"].as_str().unwrap().to_owned(), head, parameters, document["rows"].clone())
    };
    let last = |outputs: usize| json!({ "outputs": outputs, "readout": "last" });
    let classes = [0, 1, 2, 0, 1, 2];
    let (loss, head, by_class, _) = trained((&[6], &classes), "");
    assert_eq!((loss.as_str(), head), ("cross_entropy", last(3)));
    let one_hot = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].concat().repeat(2);
    let (loss, head, from_one_hot, _) = trained((&[6, 3], &one_hot), "");
    assert_eq!((loss.as_str(), head), ("cross_entropy", last(3)));
    assert!(by_class == from_one_hot, "one-hot classes train as their indices do");
    let square = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]].concat().repeat(2);
    assert_eq!(trained((&[6, 4], &square), "--head last").1, last(4));
    assert_eq!(trained((&[6, 4], &square), "--head all").1, json!({ "outputs": 2, "readout": "every" }));
    let prices = [12, 90_000, 7, 45_000, 3, 8];
    let (loss, head, ..) = trained((&[6], &prices), "--loss mse");
    assert_eq!((loss.as_str(), head), ("mse", last(1)));
    assert_eq!(trained((&[6], &[0, 5, 900, 3, 2, 1]), "--loss cross-entropy").1, last(901));

    // Rows without a class, and ends of rows, leave no trace.
    let (.., rows) = trained((&[6], &[0, 1, -100, 0, 1, -100]), "");
    assert_eq!(rows, json!([4, 0, 0]));
    let mut steps: Vec<i64> = (0..24).map(|n| n % 3).collect();
    let whole = trained((&[6, 4], &steps), "").2;
    steps[4..8].fill(-100);
    steps[22..].fill(-100);
    let (.., ignored, rows) = trained((&[6, 4], &steps), "");
    assert_eq!(rows, json!([5, 0, 0]));
    assert_ne!(ignored, whole);
    steps.iter_mut().filter(|class| **class == -100).for_each(|class| *class = 9);
    assert!(trained((&[6, 4], &steps), "--ignore-index 9").2 == ignored);
}

#[test]
fn dropout_of_one_layer_is_said_to_do_nothing() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    write(folder, "a.npz", &[("x", &[6, 4, 3], &numbers(72)), ("y", &[6], &numbers(6))]);
    let stderr = |flags: &str| {
        let run = super::refrain(folder, &format!("train a.npz --epochs 1 --hidden 4 --device cpu --quiet {flags}"));
        let run = { run }.assert().success();
        String::from_utf8_lossy(&run.get_output().stderr).into_owned()
    };
    assert!(stderr("--dropout 0.5").contains("--dropout 0.5 does nothing: it drops units between layers"));
    assert_eq!(stderr("--dropout 0.5 --layers 2"), "");
    assert_eq!(stderr(""), "");
}

#[test]
fn rows_are_held_out_and_the_best_weights_return() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    // The class of a row is in its sign; what the model learns beyond that is noise, and validation gets worse.
    let x: Vec<f32> =
        numbers(40 * 3).iter().enumerate().map(|(n, v)| 0.5 * v + 2.0 * (n / 3 % 2) as f32 - 1.0).collect();
    let y: Vec<i64> = (0..40).map(|row| if row % 9 == 0 { (row + 1) % 2 } else { row % 2 }).collect();
    fs::write(folder.join("a.safetensors"), with_whole_numbers((&[40, 3, 1], &x), &[("y", &[40], &y)])).unwrap();
    let arguments = "train a.safetensors --hidden 8 --lr 0.05 --device cpu --json --out m.safetensors";
    let train =
        |flags: &str| -> Value { serde_json::from_str(&stdout(folder, &format!("{arguments} {flags}"))).unwrap() };
    let document = train("--epochs 400 --val 0.25 --test 6 --patience 4");
    assert_eq!(document["rows"], json!([24, 10, 6]));
    let (epochs, best) = (document["epochs"].as_u64().unwrap(), document["validation"]["epoch"].as_u64().unwrap());
    assert!(epochs == best + 4, "{epochs} {best}: the patience did not stop it");
    assert!(document["test"]["accuracy"].as_f64().unwrap() > 0.5 && document["test"]["rows"] == json!(6), "{document}");
    let model = fs::read(folder.join("m.safetensors")).unwrap();
    let best = train(&format!("--epochs {best} --val 0.25 --test 6 --patience 0"));
    assert_eq!(best["validation"], json!(null));
    let (kept, of_best) =
        (Model::from_bytes("m", &model).unwrap(), Model::load(&folder.join("m.safetensors")).unwrap());
    assert!(kept.parameters == of_best.parameters, "the weights are not those of the best epoch");
    assert_eq!(train("--epochs 2")["test"], json!(null));

    // The last rows of the file, measured again on their own, give the same numbers.
    let test = train("--epochs 3 --test 10 --no-shuffle")["test"].clone();
    let end = with_whole_numbers((&[10, 3, 1], &x[90..]), &[("y", &[10], &y[30..])]);
    fs::write(folder.join("end.safetensors"), end).unwrap();
    let evaluated = stdout(folder, "evaluate m.safetensors end.safetensors --device cpu --json");
    let evaluated: Value = serde_json::from_str(&evaluated).unwrap();
    assert_eq!((&evaluated["measures"], &evaluated["loss"]), (&test, &json!("cross_entropy")));
    let text = stdout(folder, "evaluate m.safetensors end.safetensors --device cpu");
    assert!(
        text.contains("cross-entropy: 10 rows, 10 positions, loss ") && text.contains("class \\ taken for"),
        "{text}"
    );
}

#[test]
fn a_model_is_measured_by_what_it_was_trained_for_and_each_step_on_its_own() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let (x, y) = (numbers(6 * 4 * 2), numbers(6 * 4));
    write(
        folder,
        "a.npz",
        &[("x", &[6, 4, 2], &x), ("y", &[6, 4, 1], &y), ("lengths", &[6], &[4., 1., 3., 2., 3., 2.])],
    );
    stdout(folder, "train a.npz --loss mae --epochs 2 --hidden 4 --device cpu --out m.safetensors");
    let evaluate = |flags: &str| -> Value {
        let text = stdout(folder, &format!("evaluate m.safetensors a.npz --device cpu --json {flags}"));
        serde_json::from_str::<Value>(&text).unwrap()["measures"].clone()
    };
    let measures = evaluate("");
    assert_eq!((&measures["loss"], &measures["positions"]), (&measures["mae"], &json!(15)));
    assert_eq!(measures["loss_per_step"].as_array().unwrap().len(), 4);
    assert_eq!(evaluate("--loss mse")["rmse"], measures["rmse"]);
    refused(folder, "evaluate m.safetensors m.safetensors --device cpu", 1, "expected an array `y`, found `fc.bias`");
    refused(
        folder,
        "run m.safetensors a.npz --out o.npz --probabilities",
        1,
        "is no classifier, it was trained for Mae",
    );
}

#[test]
fn probabilities_add_up_to_one_within_the_lengths() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let y: Vec<i64> = (0..24).map(|n| n % 3).collect();
    let arrays =
        with_whole_numbers((&[6, 4, 2], &numbers(48)), &[("y", &[6, 4], &y), ("lengths", &[6], &[4, 1, 3, 2, 3, 2])]);
    fs::write(folder.join("a.safetensors"), arrays).unwrap();
    stdout(folder, "train a.safetensors --epochs 1 --hidden 4 --device cpu --out m.safetensors");
    stdout(folder, "run m.safetensors a.safetensors --out o.npz --device cpu --probabilities");
    let sums: Vec<f32> = array(folder, "o.npz", "y").1.chunks_exact(3).map(|p| p.iter().sum()).collect();
    let within = [4, 1, 3, 2, 3, 2].iter().flat_map(|&length| (0..4).map(move |step| step < length));
    for (sum, within) in sums.iter().zip(within) {
        assert!((sum - f32::from(u8::from(within))).abs() < 1e-6, "{sums:?}");
    }
}

//! What `refrain run` computes and says.

use super::{array, lstm, numbers, refrain, stdout, write};
use refrain::data::Sequences;
use refrain::engine::Engine;
use refrain::engine::cpu::CpuEngine;
use refrain::model::Layout;
use serde_json::{Value, json};
use tempfile::TempDir;

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
fn a_layer_in_front_is_no_head_and_the_module_is_chosen_by_name() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let (w, b, table) = (numbers(4), numbers(2), numbers(10));
    let tensors = [
        ("embedding.weight", [5, 2].as_slice(), table.as_slice()),
        ("rnn.weight_ih_l0", &[2, 2], &w),
        ("rnn.weight_hh_l0", &[2, 2], &w),
        ("rnn.bias_ih_l0", &[2], &b),
        ("rnn.bias_hh_l0", &[2], &b),
    ];
    write(folder, "m.safetensors", &tensors);
    write(folder, "in.npz", &[("x", &[2, 4, 2], &numbers(16)), ("y", &[2, 4, 2], &numbers(16))]);
    let arguments = "run m.safetensors in.npz --out o.npz --device cpu --quiet";
    let expected =
        "m.safetensors: `embedding` (weight [5, 2]) may lie in front of the recurrent module: --module rnn takes";
    super::refused(folder, arguments, 1, expected);
    let ran = |more: &str| {
        let run = super::refrain(folder, &format!("{arguments} {more}")).assert().success().stdout("");
        let stderr = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        (stderr, array(folder, "o.npz", "y").0)
    };
    let ignored = "m.safetensors: ignored: `embedding`\n".to_owned();
    assert_eq!(ran("--module rnn"), (ignored.clone(), vec![2, 4, 2]));
    assert_eq!(ran("--head-module embedding"), (String::new(), vec![2, 5]));

    let train = "train in.npz --init m.safetensors --epochs 1 --device cpu --quiet";
    super::refused(folder, train, 1, expected);
    super::refrain(folder, &format!("{train} --module rnn")).assert().success().stdout("").stderr(ignored);
}

#[test]
fn a_head_on_both_directions_reads_both_ends() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let model = lstm(); // two layers, both directions, 5 hidden units, 2 outputs
    model.save(&folder.join("m.safetensors")).unwrap();
    write(folder, "in.npz", &[("x", &[3, 4, 3], &numbers(36)), ("lengths", &[3], &[4.0, 2.0, 1.0])]);
    let run = |head: &str| {
        stdout(folder, &format!("run m.safetensors in.npz --out o.npz --device cpu --quiet {head}"));
        (array(folder, "o.npz", "y").1, array(folder, "o.npz", "h_n").1)
    };
    let (y, h_n) = run("");
    let layout = Layout::new(&model.spec);
    let (weight, bias) = (&model.parameters[layout.head_weight()], &model.parameters[layout.head_bias()]);
    for (n, &y) in y.iter().enumerate() {
        let (row, output) = (n / 2, n % 2);
        let ends = [2, 3].map(|block| &h_n[(block * 3 + row) * 5..][..5]).concat();
        let expected = weight[output * 10..][..10].iter().zip(&ends).fold(bias[output], |sum, (w, h)| sum + w * h);
        assert!((y - expected).abs() < 1e-5, "row {row}: {y}, {expected}");
    }
    let (every, last_step) = (run("--head all").0, run("--head last-step").0);
    assert_eq!(last_step[..2], every[6..8]);
    assert_ne!(last_step, y);
    assert_eq!(run("--head last").0, y);
}

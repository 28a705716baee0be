//! What `refrain run` computes and says.

use super::{array, lstm, numbers, refrain, stdout, write};
use refrain::data::Sequences;
use refrain::engine::Engine;
use refrain::engine::cpu::CpuEngine;
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

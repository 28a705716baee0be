//! Model files, ours and PyTorch's, whole and damaged.

use super::model::KEY;
use super::*;
use crate::arrays::Named;
use crate::model::{CellKind, Head, Layout, Readout, Spec, initial_parameters};
use proptest::prelude::*;
use serde_json::{Value, json};

fn model() -> Model {
    let spec = Spec { layers: 2, bidirectional: true, ..Spec::new(CellKind::Gru, 3, 5, 2) };
    let provenance = json!({ "data": "sine", "seed": 7 }).as_object().cloned().unwrap();
    Model { provenance, ..Model::new(spec, initial_parameters(&spec, 7)) }
}

/// The file with its header changed, and its length mended.
fn with_header(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let file = model().to_bytes().unwrap();
    let (len, rest) = file.split_first_chunk().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*len) as usize);
    let mut header: Value = serde_json::from_slice(header).unwrap();
    change(&mut header);
    let header = header.to_string().into_bytes();
    [(header.len() as u64).to_le_bytes().as_slice(), &header, data].concat()
}

/// The file with its spec changed.
fn with_spec(field: &str, value: Value) -> Vec<u8> {
    with_header(|header| {
        let mut card: Value = serde_json::from_str(header["__metadata__"][KEY].as_str().unwrap()).unwrap();
        card["spec"][field] = value;
        header["__metadata__"][KEY] = card.to_string().into();
    })
}

#[test]
fn what_is_saved_loads_back_and_the_same_model_gives_the_same_bytes() {
    for cell in CellKind::ALL {
        let spec = Spec { cell, ..model().spec };
        let model = Model { spec, parameters: initial_parameters(&spec, 1), ..model() };
        let bytes = model.to_bytes().unwrap();
        assert_eq!(Model::from_bytes("m", &bytes).unwrap(), model);
        assert_eq!(model.to_bytes().unwrap(), bytes);
    }
}

#[test]
fn other_readers_of_safetensors_find_pytorchs_names() {
    let model = model();
    let bytes = model.to_bytes().unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tensor = file.tensor("rnn.weight_hh_l1_reverse").unwrap();
    assert_eq!((tensor.dtype(), tensor.shape()), (safetensors::Dtype::F32, [15, 5].as_slice()));
    let layout = Layout::new(&model.spec);
    let range = layout.layers()[3].weight_hh.clone();
    let expected: Vec<u8> = model.parameters[range].iter().flat_map(|w| w.to_le_bytes()).collect();
    assert_eq!(tensor.data(), expected);
    assert_eq!(file.len(), layout.tensors().len());
}

#[test]
fn every_fault_is_refused_with_its_place() {
    let name = "rnn.bias_ih_l0";
    let big = u64::MAX - 60;
    let faults: [(Vec<u8>, &str); 14] = [
        (vec![1, 2], "expected a header length of 8 bytes, found 2"),
        (u64::MAX.to_le_bytes().to_vec(), "expected a header of 18446744073709551615 bytes, found 0"),
        (b"\x02\0\0\0\0\0\0\0[]".to_vec(), "not a safetensors, .npz or .npy file: its header"),
        (with_header(|h| h["__metadata__"][KEY] = r#"{"format":3}"#.into()), "expected format 1 or 2, found 3"),
        (with_header(|h| h["__metadata__"][KEY] = "{}".into()), "missing field `format`"),
        (with_spec("hidden", json!(0)), "hidden is 0"),
        (with_spec("hidden", json!(1 << 20)), "the number of parameters is"),
        (with_spec("hidden", json!(6)), "`rnn.weight_ih_l0`: expected F32 [18, 3], found F32 [15, 3]"),
        (with_spec("layers", json!(1 << 20)), "expected the 8388610 tensors of its spec, found 18"),
        (with_header(|h| h[name]["dtype"] = "I32".into()), "`rnn.bias_ih_l0`: expected F32 [15], found I32 [15]"),
        (with_header(|h| h[name]["shape"] = json!([3, 5])), "`rnn.bias_ih_l0`: expected F32 [15], found F32 [3, 5]"),
        (
            with_header(|h| h[name]["data_offsets"] = json!([big, big + 60])),
            "`rnn.bias_ih_l0`: expected F32 [15], found bytes 18446744073709551555",
        ),
        (with_header(|h| h[name]["data_offsets"] = json!([60, 0])), "found bytes 60 to 0"),
        (
            with_header(|h| {
                let info = h.as_object_mut().unwrap().remove(name).unwrap();
                h["elsewhere"] = info;
            }),
            "`rnn.bias_ih_l0`: expected F32 [15], found none",
        ),
    ];
    for (bytes, expected) in faults {
        let message = Model::from_bytes("some.file", &bytes).unwrap_err().to_string();
        assert!(message.starts_with("some.file: ") && message.contains(expected), "{message}, not {expected}");
    }
    let whole = model().to_bytes().unwrap();
    let cut = Model::from_bytes("cut", &whole[..whole.len() - 1]).unwrap_err().to_string();
    assert!(cut.contains("`: expected F32 [") && cut.contains(" of 3327"), "{cut}");
}

#[test]
fn weights_that_are_not_finite_are_neither_saved_nor_loaded() {
    let layout = Layout::new(&model().spec);
    let index = layout.head_weight().start + 3;
    let mut bad = model();
    bad.parameters[index] = f32::INFINITY;
    let expected = "tensor `fc.weight`: expected finite weights, found inf at index 3";
    let message = bad.to_bytes().unwrap_err().to_string();
    assert!(message.contains(expected), "{message}");

    // safetensors writes the tensors sorted by name: `fc.bias` (2 values) lies before `fc.weight`.
    let mut file = model().to_bytes().unwrap();
    let place = file.len() - 4 * layout.len() + 4 * (2 + 3);
    file[place..place + 4].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let message = Model::from_bytes("m", &file).unwrap_err().to_string();
    assert!(message.contains(expected), "{message}");
}

/// A file as PyTorch writes it: these tensors in F32, each filled with its own number from 1 on.
fn foreign(tensors: &[(&str, &[usize])]) -> Vec<u8> {
    let values: Vec<Vec<f32>> =
        tensors.iter().enumerate().map(|(n, (_, shape))| vec![n as f32 + 1.0; shape.iter().product()]).collect();
    let named: Vec<Named> =
        tensors.iter().zip(&values).map(|(&(name, shape), values)| Named { name, shape, values }).collect();
    crate::arrays::Format::Safetensors.write(&named)
}

/// The tensors of a recurrent module of G gates, H hidden units and I inputs under `prefix`.
fn module(
    prefix: &str,
    [gates, hidden, input]: [usize; 3],
    layers: usize,
    directions: usize,
) -> Vec<(String, Vec<usize>)> {
    let mut tensors = Vec::new();
    for layer in 0..layers {
        for reverse in ["", "_reverse"].into_iter().take(directions) {
            let features = if layer == 0 { input } else { directions * hidden };
            let mut push = |stem: &str, shape: &[usize]| {
                tensors.push((format!("{prefix}{stem}_l{layer}{reverse}"), shape.to_vec()));
            };
            push("weight_ih", &[gates * hidden, features]);
            push("weight_hh", &[gates * hidden, hidden]);
            push("bias_ih", &[gates * hidden]);
            push("bias_hh", &[gates * hidden]);
        }
    }
    tensors
}

fn written(tensors: &[(String, Vec<usize>)]) -> Vec<u8> {
    let borrowed: Vec<(&str, &[usize])> =
        tensors.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())).collect();
    foreign(&borrowed)
}

fn linear(prefix: &str, outputs: usize, inputs: usize) -> [(String, Vec<usize>); 2] {
    [(format!("{prefix}weight"), vec![outputs, inputs]), (format!("{prefix}bias"), vec![outputs])]
}

#[test]
fn files_of_pytorch_load_under_any_name_and_go_back_under_it() {
    let cells = [(1, CellKind::RnnTanh), (3, CellKind::Gru), (4, CellKind::Lstm)];
    for (gates, cell) in cells {
        for (rnn, head) in
            [("rnn.", Some("fc.")), ("encoder.lstm.", Some("")), ("", Some("decoder.out.")), ("", None), ("a.", None)]
        {
            for (layers, directions) in [(1, 1), (3, 1), (2, 2), (12, 1)] {
                let mut tensors = module(rnn, [gates, 5, 3], layers, directions);
                tensors.extend(head.into_iter().flat_map(|head| linear(head, 2, 5 * directions)));
                let Loaded { model, notes, .. } =
                    Model::read("m", &written(&tensors), &LoadOptions::default()).unwrap();
                let head = head.map(|_| Head { outputs: 2, readout: Readout::Last });
                assert_eq!(
                    model.spec,
                    Spec { cell, input: 3, hidden: 5, layers, bidirectional: directions == 2, head }
                );
                let expected = 1 + usize::from(gates == 1) + usize::from(head.is_some());
                assert_eq!(notes.len(), expected, "{notes:?}");
                // The block has the tensors in the order of `module`, each with its own number.
                let layout = Layout::new(&model.spec);
                for (n, tensor) in layout.tensors().iter().enumerate() {
                    assert!(
                        model.parameters[tensor.range.clone()].iter().all(|&w| w == n as f32 + 1.0),
                        "{}",
                        tensor.name
                    );
                }
                let saved = model.to_bytes().unwrap();
                let again = safetensors::SafeTensors::deserialize(&saved).unwrap();
                let mut names: Vec<String> = again.names().into_iter().map(str::to_owned).collect();
                let mut expected: Vec<String> = tensors.into_iter().map(|(name, _)| name).collect();
                names.sort();
                expected.sort();
                assert_eq!(names, expected);
                let reloaded = Model::read("m", &saved, &LoadOptions::default()).unwrap();
                assert_eq!((reloaded.model, reloaded.notes.len()), (model, 0));
            }
        }
    }
}

#[test]
fn what_a_file_does_not_say_is_chosen_or_assumed_aloud() {
    let mut tensors = module("", [1, 4, 2], 1, 1);
    tensors.extend(linear("fc.", 3, 4));
    let read = |options: &LoadOptions| Model::read("m", &written(&tensors), options).unwrap();
    let assumed = read(&LoadOptions::default());
    let expected = [
        "it says nothing of its network: from its tensors, rnn_tanh, 1 layer, one direction, 2 inputs, 4 hidden units, a \
         head of 3 outputs",
        "it does not say whether its RNN has tanh or relu: taken for tanh",
        "it does not say which steps its head reads: taken for the last",
    ];
    assert_eq!(assumed.notes, expected);
    let options =
        LoadOptions { nonlinearity: Some(Nonlinearity::Relu), readout: Some(Readout::Every), ..LoadOptions::default() };
    let chosen = read(&options);
    assert_eq!(chosen.notes.len(), 1, "{:?}", chosen.notes);
    assert_eq!((chosen.model.spec.cell, chosen.model.spec.readout()), (CellKind::RnnRelu, Readout::Every));

    let ours = model().to_bytes().unwrap();
    let every = LoadOptions { readout: Some(Readout::Every), ..LoadOptions::default() };
    assert_eq!(Model::read("m", &ours, &every).unwrap().model.spec.readout(), Readout::Every);
    let refused = |bytes: &[u8]| Model::read("m", bytes, &options).unwrap_err().to_string();
    assert_eq!(refused(&ours), "m: its `__metadata__` says gru, asked for was rnn_relu");
    assert!(refused(&written(&module("", [3, 4, 2], 1, 1))).contains("whose nonlinearity can be chosen, found gates"));
    // The same weights without our metadata.
    let plain = with_header(|header| header["__metadata__"] = json!({ "format": "pt" }));
    let plain = Model::read("m", &plain, &LoadOptions::default()).unwrap().model;
    assert_eq!((plain.spec, plain.parameters), (model().spec, model().parameters));
}

#[test]
fn modules_without_biases_get_zeros() {
    let mut tensors = module("lstm.", [4, 3, 2], 2, 2);
    tensors.retain(|(name, _)| name.contains("weight"));
    tensors.push(("out.weight".into(), vec![1, 6]));
    let Loaded { model, notes, .. } = Model::read("m", &written(&tensors), &LoadOptions::default()).unwrap();
    assert_eq!(notes[2], "it has no `lstm.bias_ih_l0` and 8 others: taken for zeros, and written when it is saved");
    let layout = Layout::new(&model.spec);
    for tensor in layout.tensors() {
        let zero = model.parameters[tensor.range.clone()].iter().all(|&weight| weight == 0.0);
        assert_eq!(zero, tensor.shape.len() == 1, "{}", tensor.name);
    }
    assert_eq!(Model::from_bytes("m", &model.to_bytes().unwrap()).unwrap(), model);
}

#[test]
fn weights_of_other_widths_are_converted_aloud() {
    use half::{bf16, f16};
    use safetensors::Dtype;
    let tensors = module("gru.", [3, 2, 1], 1, 1);
    type Encode = fn(f32) -> Vec<u8>;
    let widths: [(Dtype, &str, Encode); 3] = [
        (Dtype::F64, "F64", |w| f64::from(w).to_le_bytes().to_vec()),
        (Dtype::F16, "F16", |w| f16::from_f32(w).to_le_bytes().to_vec()),
        (Dtype::BF16, "BF16", |w| bf16::from_f32(w).to_le_bytes().to_vec()),
    ];
    for (dtype, name, encode) in widths {
        let bytes: Vec<Vec<u8>> =
            tensors.iter().map(|(_, shape)| encode(-0.75).repeat(shape.iter().product())).collect();
        let views = tensors.iter().zip(&bytes).map(|((name, shape), bytes)| {
            (name, safetensors::tensor::TensorView::new(dtype, shape.clone(), bytes).unwrap())
        });
        let file = safetensors::serialize(views, None).unwrap();
        let Loaded { model, notes, .. } = Model::read("m", &file, &LoadOptions::default()).unwrap();
        assert!(model.parameters.iter().all(|&weight| weight == -0.75), "{name}");
        assert_eq!(notes[1], format!("its weights are {name}: converted to F32"));
    }
}

#[test]
fn every_fault_of_a_foreign_file_is_refused_with_its_place() {
    let lstm = || module("lstm.", [4, 5, 3], 2, 1);
    let with = |tensors: &[(&str, &[usize])]| {
        let mut all = lstm();
        for &(name, shape) in tensors {
            all.retain(|(known, _)| known != name);
            all.extend((!shape.is_empty()).then(|| (name.to_owned(), shape.to_vec())));
        }
        written(&all)
    };
    let faults: [(Vec<u8>, &str); 22] = [
        (foreign(&[]), "expected the weights of a torch.nn RNN, LSTM or GRU (such as `weight_ih_l0`), found none"),
        (foreign(&[("fc.weight", &[2, 3])]), "(such as `weight_ih_l0`), found none"),
        (with(&[("lstm.weight_hr_l0", &[2, 5])]), "tensor `lstm.weight_hr_l0`: projections (proj_size) are not there"),
        (
            with(&[("gru.weight_ih_l0", &[9, 3]), ("gru.weight_hh_l0", &[9, 3])]),
            "expected one recurrent module, found 2: `gru`, `lstm`; choose one with --module PREFIX",
        ),
        (
            with(&[("a.weight", &[2, 5]), ("b.weight", &[2, 2])]),
            "--module lstm takes the recurrent module without a head",
        ),
        (with(&[("a.weight", &[2, 5]), ("b.weight", &[2, 2])]), "with --head-module a it takes that head too"),
        (with(&[("a.weight", &[2, 5]), ("b.weight", &[2, 5])]), "`a` is not the only layer: `a`, `b`: --module lstm"),
        // In front: what gives the module's three inputs, and what is called so.
        (with(&[("mix.weight", &[3, 5]), ("mix.bias", &[3])]), "`mix` (weight [3, 5]) may lie in front of"),
        (
            with(&[("embedding.weight", &[9, 5])]),
            "`embedding` (weight [9, 5]) may lie in front of the recurrent module",
        ),
        (with(&[("conv.weight", &[4, 5, 3])]), "`conv` (weight [4, 5, 3]) is no Linear"),
        (
            with(&[("lstm.weight_hh_l1", &[]), ("lstm.weight_hh_l1_orig", &[20, 5])]),
            "`lstm.weight_hh_l1_orig`: take that",
        ),
        (
            with(&[("lstm.weight_ih_l7", &[20, 5])]),
            "expected the weights of layer 2, found none beside those of layer 7",
        ),
        (with(&[("lstm.weight_ih_l99999999999", &[20, 5])]), "expected the weights of layer 2, found none beside"),
        // A layer of a GRU in an LSTM.
        (with(&[("lstm.weight_hh_l1", &[15, 5])]), "`lstm.weight_hh_l1`: expected F32 [20, 5], found F32 [15, 5]"),
        (with(&[("lstm.weight_hh_l0", &[10, 5])]), "[G*H, H] with G 1 (RNN), 3 (GRU) or 4 (LSTM), found [10, 5]"),
        (with(&[("lstm.weight_hh_l0", &[20])]), "with G 1 (RNN), 3 (GRU) or 4 (LSTM), found F32 [20]"),
        (with(&[("lstm.weight_ih_l1", &[])]), "`lstm.weight_ih_l1`: expected F32 [20, 5], found none"),
        (with(&[("lstm.bias_hh_l1", &[])]), "`lstm.bias_hh_l1`: expected F32 [20], found none"),
        (
            with(&[("lstm.weight_ih_l1_reverse", &[20, 10])]),
            "`lstm.weight_ih_l0_reverse`: expected F32 [20, 3], found none",
        ),
        (with(&[("norm.weight", &[5])]), "`norm` (weight [5]) is no Linear: --module lstm takes"),
        (with(&[("fc.weight", &[2, 6])]), "`fc` (weight [2, 6]) is no head, whose weight would be [O, D*H=5]"),
        (with(&[("fc.bias", &[2])]), "`fc` has no weight of a Linear: --module lstm"),
    ];
    for (bytes, expected) in faults {
        let message = Model::from_bytes("f", &bytes).unwrap_err().to_string();
        assert!(message.starts_with("f: ") && message.contains(expected), "{message}, not {expected}");
        assert!(message.len() < 500, "{message}");
    }
    let tensor = |shape: [usize; 2]| json!({ "dtype": "F32", "shape": shape, "data_offsets": [0, 0] });
    let header = json!({ "weight_hh_l0": tensor([0, 0]), "weight_ih_l0": tensor([0, 1]) }).to_string();
    let empty = [(header.len() as u64).to_le_bytes().as_slice(), header.as_bytes()].concat();
    let message = Model::from_bytes("f", &empty).unwrap_err().to_string();
    assert!(message.contains("or 4 (LSTM), found [0, 0]"), "{message}");
}

#[test]
fn every_flipped_bit_is_refused_or_changes_nothing() {
    let kept = model();
    let file = kept.to_bytes().unwrap();
    let mut refused = 0;
    for bit in 0..8 * file.len() {
        let mut damaged = file.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        match Model::from_bytes("m", &damaged) {
            Ok(same) => assert!(same == kept, "bit {bit}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 8 * file.len() - 50, "{refused} of {} bits", 8 * file.len());
    let last = file.len() - 1;
    let damaged = [&file[..last], &[file[last] ^ 1]].concat();
    let message = Model::from_bytes("m", &damaged).unwrap_err().to_string();
    assert_eq!(message, "m: it is damaged: its checksum is not that of what it holds; take another copy");
}

#[test]
fn one_module_of_several_is_taken_and_what_is_left_is_named() {
    let mut tensors = module("module.encoder.lstm.", [4, 5, 3], 1, 1);
    tensors.extend(module("module.decoder.lstm.", [4, 5, 3], 1, 1));
    tensors.extend(linear("module.fc.", 2, 5));
    tensors.extend([("module.mean".to_owned(), vec![3]), ("module.embedding.weight".to_owned(), vec![9, 3])]);
    let file = written(&tensors);
    let read = |module: Option<&str>, head: Option<&str>| {
        let [module, head_module] = [module, head].map(|name| name.map(str::to_owned));
        Model::read("m", &file, &LoadOptions { module, head_module, ..LoadOptions::default() })
    };
    let refused = |module, head| read(module, head).unwrap_err().to_string();
    assert!(
        refused(None, None).ends_with("`module.decoder.lstm`, `module.encoder.lstm`; choose one with --module PREFIX")
    );
    assert!(refused(None, Some("fc")).ends_with("choose one with --module PREFIX"));
    assert!(refused(Some("lstm"), None).contains("--module lstm: expected the name of one recurrent module, found `"));
    assert!(refused(Some("gru"), None).contains("--module gru: expected the name of a recurrent module, found `"));
    assert!(refused(Some("decoder.lstm"), Some("embedding")).contains("a Linear on the 5 outputs of"));

    let Loaded { model, ignored, .. } = read(Some("decoder.lstm"), Some("module.fc.")).unwrap();
    assert_eq!((model.names.rnn.as_str(), model.names.head.as_str()), ("module.decoder.lstm", "module.fc"));
    assert_eq!(model.parameters[0], 5.0, "the fifth tensor is the decoder's first");
    assert_eq!(ignored.unwrap(), "ignored: `module.encoder.lstm`, `module.embedding`, `module.mean`");
    assert_eq!(read(Some("module.encoder.lstm"), None).unwrap().model.spec.head, None);
}

#[test]
fn buffers_and_halves_of_modules_are_left_out_aloud() {
    let mut tensors = module("net.gru.", [3, 5, 3], 1, 1);
    tensors.extend(linear("net.fc.", 2, 5));
    tensors.extend([("net.std".to_owned(), vec![3]), ("old.weight_ih_l0".to_owned(), vec![15, 3])]);
    let Loaded { model, ignored, .. } = Model::read("m", &written(&tensors), &LoadOptions::default()).unwrap();
    assert_eq!((model.names.rnn.as_str(), model.spec.outputs()), ("net.gru", 2));
    assert_eq!(ignored.unwrap(), "ignored: `old`, `net.std`");
}

#[test]
fn a_head_is_told_from_a_layer_in_front_by_shape_name_and_place() {
    // Rows and columns of the weight, whether there is a bias, the layer's name, and whether it is the head of `1`, a
    // GRU of 4 inputs and 4 hidden units.
    let cases: [([usize; 2], bool, &str, bool); 10] = [
        ([4, 4], true, "fc", false),
        ([4, 4], true, "out", true),
        ([4, 4], true, "2", true),
        ([4, 4], true, "0", false),
        ([7, 4], true, "0", false),
        ([7, 4], true, "layer", true),
        ([7, 4], false, "layer", false),
        ([7, 4], false, "linear", true),
        ([7, 4], true, "tokenEmbedding", false),
        ([7, 4], true, "encoder", false),
    ];
    for ([rows, columns], bias, name, is_head) in cases {
        let mut tensors = module("1.", [3, 4, 4], 1, 1);
        tensors.extend(linear(&format!("{name}."), rows, columns).into_iter().take(1 + usize::from(bias)));
        let read = Model::read("m", &written(&tensors), &LoadOptions::default());
        assert_eq!(read.is_ok(), is_head, "{name} {rows} {columns} {bias}");
    }
    // The exercise's network: one input and one output.
    let mut tensors = module("a.", [3, 4, 1], 1, 1);
    tensors.extend(linear("b.", 1, 4));
    assert!(Model::from_bytes("m", &written(&tensors)).is_ok());
}

#[test]
fn a_cell_is_a_module_of_one_layer_and_keeps_its_names() {
    let tensors: [(&str, &[usize]); 4] =
        [("c.weight_ih", &[20, 3]), ("c.weight_hh", &[20, 5]), ("c.bias_ih", &[20]), ("c.bias_hh", &[20])];
    let model = Model::from_bytes("m", &foreign(&tensors)).unwrap();
    assert_eq!(model.spec, Spec { head: None, ..Spec::new(CellKind::Lstm, 3, 5, 1) });
    let saved = model.to_bytes().unwrap();
    let mut names = safetensors::SafeTensors::deserialize(&saved)
        .unwrap()
        .names()
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    names.sort();
    assert_eq!(names, ["c.bias_hh", "c.bias_ih", "c.weight_hh", "c.weight_ih"]);
    assert_eq!(Model::from_bytes("m", &saved).unwrap(), model);
}

#[test]
fn weights_under_weight_norm_are_computed_in_either_form() {
    // Every v is 2, so that |v| is 2 sqrt(columns) of a row, and every g is 3: the weight is 3 / sqrt(columns).
    for (g, v, g_shape, len) in [
        ("parametrizations.weight_hh_l0.original0", "parametrizations.weight_hh_l0.original1", vec![16, 1], 4),
        ("weight_hh_l0_g", "weight_hh_l0_v", vec![16, 1], 4),
        ("weight_hh_l0_g", "weight_hh_l0_v", vec![1, 4], 16),
        ("weight_hh_l0_g", "weight_hh_l0_v", vec![], 64),
    ] {
        let (twos, threes) = (vec![2.0; 64], vec![3.0; g_shape.iter().product()]);
        let (input, bias) = ([1.0; 48], [0.5; 16]);
        let file = crate::arrays::Format::Safetensors.write(&[
            Named { name: v, shape: &[16, 4], values: &twos },
            Named { name: g, shape: &g_shape, values: &threes },
            Named { name: "weight_ih_l0", shape: &[16, 3], values: &input },
            Named { name: "bias_ih_l0", shape: &[16], values: &bias },
            Named { name: "bias_hh_l0", shape: &[16], values: &bias },
        ]);
        let Loaded { model, notes, ignored } = Model::read("m", &file, &LoadOptions::default()).unwrap();
        let expected = 3.0 / (len as f32).sqrt();
        let range = Layout::new(&model.spec).layers()[0].weight_hh.clone();
        assert!(model.parameters[range].iter().all(|&w| (w - expected).abs() < 1e-6), "{g} {g_shape:?}");
        assert!(notes[1].starts_with("`weight_hh_l0` is under weight_norm"), "{notes:?}");
        assert_eq!(ignored, None);
        assert_eq!(Model::from_bytes("m", &model.to_bytes().unwrap()).unwrap(), model);
    }
}

#[test]
fn files_of_the_format_before_read_the_last_step_of_both_directions() {
    let before = |bidirectional: bool| {
        let spec = Spec { bidirectional, ..Spec::new(CellKind::Gru, 3, 5, 2) };
        let bytes = Model::new(spec, initial_parameters(&spec, 7)).to_bytes().unwrap();
        let at = bytes.windows(13).position(|text| text == br#"\"format\":2,"#).unwrap();
        let mut old = bytes.clone();
        old[at + 11] = b'1';
        // They had no checksum.
        let entry = old.windows(13).position(|text| text == br#",\"checksum\""#).unwrap();
        let end = entry + old[entry..].iter().position(|&byte| byte == b'}').unwrap();
        old[entry..end].fill(b' ');
        [bytes, old].map(|bytes| Model::from_bytes("m", &bytes).unwrap().spec.readout())
    };
    assert_eq!(before(true), [Readout::Last, Readout::LastStep]);
    assert_eq!(before(false), [Readout::Last, Readout::Last]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn damaged_bytes_of_pytorch_are_an_error_or_a_finite_model(at in 0usize..3000, with: [u8; 3], cut in 0usize..4000) {
        let mut tensors = module("gru.", [3, 3, 2], 2, 1);
        tensors.extend(linear("fc.", 2, 3));
        let mut file = written(&tensors);
        let at = at % file.len();
        for (byte, with) in file[at..].iter_mut().zip(with) {
            *byte = with;
        }
        file.truncate(file.len().saturating_sub(cut.saturating_sub(2000)));
        if let Ok(model) = Model::from_bytes("damaged", &file) {
            prop_assert!(model.parameters.iter().all(|weight| weight.is_finite()));
        }
    }

    #[test]
    fn damaged_bytes_are_an_error_or_a_finite_model(at in 0usize..3000, with: [u8; 3], cut in 0usize..4000) {
        let mut file = model().to_bytes().unwrap();
        for (byte, with) in file[at..].iter_mut().zip(with) {
            *byte = with;
        }
        file.truncate(file.len().saturating_sub(cut.saturating_sub(2000)));
        if let Ok(model) = Model::from_bytes("damaged", &file) {
            prop_assert!(model.parameters.iter().all(|weight| weight.is_finite()));
        }
    }
}

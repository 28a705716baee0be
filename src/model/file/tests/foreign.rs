//! Files of PyTorch's.

use super::*;

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
                    Spec { cell, input: 3, hidden: 5, layers, bidirectional: directions == 2, head, segments: None }
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
            "expected one recurrent module, found 2: `gru`, `lstm`; choose one with `LoadOptions::module`",
        ),
        (
            with(&[("a.weight", &[2, 5]), ("b.weight", &[2, 2])]),
            "`LoadOptions::module` lstm takes the recurrent module without a head",
        ),
        (
            with(&[("a.weight", &[2, 5]), ("b.weight", &[2, 2])]),
            "with `LoadOptions::head_module` a it takes that head too",
        ),
        (
            with(&[("a.weight", &[2, 5]), ("b.weight", &[2, 5])]),
            "`a` is not the only layer: `a`, `b`: `LoadOptions::module` lstm",
        ),
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
        (with(&[("norm.weight", &[5])]), "`norm` (weight [5]) is no Linear: `LoadOptions::module` lstm takes"),
        (with(&[("fc.weight", &[2, 6])]), "`fc` (weight [2, 6]) is no head, whose weight would be [O, D*H=5]"),
        (with(&[("fc.bias", &[2])]), "`fc` has no weight of a Linear: `LoadOptions::module` lstm"),
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

//! What is taken of a state_dict with several modules, cells, or weight_norm.

use super::*;

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
        refused(None, None)
            .ends_with("`module.decoder.lstm`, `module.encoder.lstm`; choose one with `LoadOptions::module`")
    );
    assert!(refused(None, Some("fc")).ends_with("choose one with `LoadOptions::module`"));
    assert!(
        refused(Some("lstm"), None)
            .contains("`LoadOptions::module` lstm: expected the name of one recurrent module, found `")
    );
    assert!(
        refused(Some("gru"), None)
            .contains("`LoadOptions::module` gru: expected the name of a recurrent module, found `")
    );
    assert!(refused(Some("decoder.lstm"), Some("embedding")).contains("a Linear on the 5 outputs of"));

    let Loaded { model, ignored, .. } = read(Some("decoder.lstm"), Some("module.fc.")).unwrap();
    assert_eq!((model.names.rnn.as_str(), model.names.head.as_str()), ("module.decoder.lstm", "module.fc"));
    assert_eq!(model.parameters[0], 5.0, "the fifth tensor is the decoder's first");
    assert_eq!(ignored.unwrap(), "ignored: `module.encoder.lstm`, `module.embedding`, `module.mean`");
    assert_eq!(read(Some("module.encoder.lstm"), None).unwrap().model.spec.head, None);
}

#[test]
fn modules_of_a_file_of_ours_are_named_as_those_of_others() {
    let mut tensors = module("net.gru.", [3, 5, 3], 1, 1);
    let without_head = Model::from_bytes("m", &written(&tensors)).unwrap().to_bytes().unwrap();
    tensors.extend(linear("net.fc.", 2, 5));
    let with_head = Model::from_bytes("m", &written(&tensors)).unwrap().to_bytes().unwrap();
    let read = |file: &[u8], module: &str, head: Option<&str>| {
        let [module, head_module] = [Some(module), head].map(|name| name.map(str::to_owned));
        let read = Model::read("m", file, &LoadOptions { module, head_module, ..LoadOptions::default() });
        read.map(drop).map_err(|error| error.to_string())
    };
    for (rnn, head) in [("net.gru", "net.fc"), ("gru", "fc"), ("net.gru.", "fc.")] {
        assert_eq!(read(&with_head, rnn, Some(head)), Ok(()));
        assert_eq!(read(&without_head, rnn, None), Ok(()));
    }
    assert!(read(&with_head, "ru", None).unwrap_err().contains("it holds one model, here `net.gru`"));
    for head in ["fc", "net.fc"] {
        let refused = read(&without_head, "gru", Some(head)).unwrap_err();
        assert_eq!(
            refused,
            format!("m: `LoadOptions::head_module` {head}: its `__metadata__` says that its model has no head")
        );
    }
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

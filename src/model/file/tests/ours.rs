//! Files of ours, there and back.

use super::*;

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

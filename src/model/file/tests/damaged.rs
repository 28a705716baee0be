//! Damaged files of ours and of PyTorch's.

use super::*;
use proptest::prelude::*;

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

//! `cargo +nightly fuzz run --features libfuzzer safetensors`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| refrain_fuzz::targets::safetensors(data));

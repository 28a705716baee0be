//! `cargo +nightly fuzz run --features libfuzzer safetensors`.
#![no_main]

use refrain_fuzz::targets::{attempt, safetensors};

libfuzzer_sys::fuzz_target!(|data: &[u8]| attempt(safetensors, data));

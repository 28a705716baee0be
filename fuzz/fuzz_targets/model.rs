//! `cargo +nightly fuzz run --features libfuzzer model`.
#![no_main]

use refrain_fuzz::targets::{attempt, model};

libfuzzer_sys::fuzz_target!(|data: &[u8]| attempt(model, data));

//! `cargo +nightly fuzz run --features libfuzzer checkpoint`.
#![no_main]

use refrain_fuzz::targets::{attempt, checkpoint};

libfuzzer_sys::fuzz_target!(|data: &[u8]| attempt(checkpoint, data));

//! `cargo +nightly fuzz run --features libfuzzer numpy`.
#![no_main]

use refrain_fuzz::targets::{attempt, numpy};

libfuzzer_sys::fuzz_target!(|data: &[u8]| attempt(numpy, data));

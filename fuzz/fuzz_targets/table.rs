//! `cargo +nightly fuzz run --features libfuzzer table`.
#![no_main]

use refrain_fuzz::targets::{attempt, table};

libfuzzer_sys::fuzz_target!(|data: &[u8]| attempt(table, data));

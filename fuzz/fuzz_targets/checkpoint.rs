//! `cargo +nightly fuzz run --features libfuzzer checkpoint`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| refrain_fuzz::targets::checkpoint(data));

//! `cargo +nightly fuzz run --features libfuzzer numpy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| refrain_fuzz::targets::numpy(data));

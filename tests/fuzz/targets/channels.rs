//! See `portcullis_fuzz::channels`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| portcullis_fuzz::channels::check(input));

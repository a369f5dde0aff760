//! See `portcullis_fuzz::yaml`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| portcullis_fuzz::yaml::check(input));

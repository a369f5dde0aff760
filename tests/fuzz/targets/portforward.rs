//! See `portcullis_fuzz::portforward`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| portcullis_fuzz::portforward::check(input));

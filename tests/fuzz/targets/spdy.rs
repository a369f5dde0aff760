//! See `portcullis_fuzz::spdy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| portcullis_fuzz::spdy::check(input));

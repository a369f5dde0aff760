//! See `portcullis_fuzz::protobuf`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| portcullis_fuzz::protobuf::check(input));

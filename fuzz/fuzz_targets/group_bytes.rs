#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::group_bytes(data));

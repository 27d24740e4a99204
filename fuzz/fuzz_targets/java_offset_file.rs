#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::java_offset_file(data));

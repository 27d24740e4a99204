use super::decode_utf8;

/// What `new String(bytes, UTF_8)` of OpenJDK 17 makes of the bytes, `.` for U+FFFD.
#[track_caller]
fn check(bytes: &[u8], expected: &str) {
    assert_eq!(decode_utf8(bytes).replace('\u{fffd}', "."), expected, "{bytes:02x?}");
}

#[test]
fn each_malformed_sequence_becomes_one_character() {
    check(b"\xff", ".");
    check(b"\xc0\x80", "..");
    check(b"\xe2\x82A", ".A");
    check(b"\xe2\x82", ".");
    check(b"\xf0\x9f\x98A", ".A");
    check(b"\xf0\x9f\x98", ".");
    check(b"\xf4\x8f", ".");
    check(b"\xf4\x90\x80\x80", "....");
    check(b"\xf5\x80\x80\x80", "....");
    check(b"\xe0\x80\x80", "...");
    check(b"\xf0\x80\x80\x80", "....");
    check(b"\xfc\x80\x80\x80\x80\x80", "......");
    check(b"\xc3\xa9\xffA", "\u{e9}.A");
}

#[test]
fn a_surrogate_is_one_sequence_of_three_bytes() {
    check(b"\xed\xa0\x80", ".");
    check(b"\xed\xa0\x80\xed\xb0\x80x", "..x");
    check(b"\xed\xa0", ".");
    check(b"\xed\xbfA", ".A");
}

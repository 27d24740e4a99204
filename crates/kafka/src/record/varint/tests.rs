use proptest::prelude::*;

use super::*;

#[test]
fn numbers_are_written_as_java_writes_them() {
    let cases: [(i64, &[u8]); 6] =
        [(0, &[0]), (-1, &[1]), (1, &[2]), (63, &[0x7e]), (64, &[0x80, 1]), (-65, &[0x81, 1])];
    for (value, expected) in cases {
        let mut bytes = Vec::new();
        put(&mut bytes, value);
        assert_eq!(bytes, expected, "{value}");
    }
}

#[test]
fn what_is_cut_off_or_endless_is_no_number() {
    assert_eq!(take(&mut &[][..]), None);
    assert_eq!(take(&mut &[0x80][..]), None);
    assert_eq!(take(&mut &[0xff; 11][..]), None);
}

proptest! {
    #[test]
    fn every_number_comes_back(value: i64, rest: Vec<u8>) {
        let mut bytes = Vec::new();
        put(&mut bytes, value);
        prop_assert_eq!(bytes.len(), size(value));
        bytes.extend(&rest);
        let mut slice = &bytes[..];
        prop_assert_eq!(take(&mut slice), Some(value));
        prop_assert_eq!(slice, &rest[..]);
    }
}

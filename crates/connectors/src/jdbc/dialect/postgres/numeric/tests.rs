use num_bigint::BigInt;

use super::{Numeric, shifted, small_shift};

#[test]
fn numbers_of_every_size_are_shifted_alike() {
    let mut digits: i128 = 1;
    while digits < i128::MAX / 50 {
        digits = digits * 7 + 5;
        for shift in -25..25 {
            if let Some(fast) = small_shift(digits, shift) {
                assert_eq!(BigInt::from(fast), shifted(digits.into(), shift), "{digits} by {shift}");
            }
        }
    }
    assert_eq!(small_shift(u64::MAX.into(), 0), Some(u64::MAX.into()));
    assert_eq!(small_shift(u64::MAX.into(), -1), Some(1_844_674_407_370_955_162), "rounded up");
    assert_eq!(small_shift(i128::MAX, 1), None);
}

#[test]
fn a_number_has_the_scale_that_is_asked_for() {
    let sent = |weight: i16, sign: u16, groups: &[u16]| {
        let words = [groups.len() as u16, weight as u16, sign, 0];
        words.iter().chain(groups).flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>()
    };
    let decimal = |bytes: &[u8], scale| Numeric::parse(bytes).unwrap().decimal(scale).unwrap().to_string();
    // 12,345,678.9012, and the same below zero.
    assert_eq!(decimal(&sent(1, 0, &[1234, 5678, 9012]), 2), "12345678.90");
    assert_eq!(decimal(&sent(1, 0x4000, &[1234, 5678, 9012]), 3), "-12345678.901");
    assert_eq!(decimal(&sent(1, 0, &[1234, 5678, 9050]), 1), "12345678.9");
    assert_eq!(decimal(&sent(-1, 0, &[50]), 2), "0.01", "rounded half up");
    assert_eq!(decimal(&sent(5, 0, &[9999; 6]), 0), "9".repeat(24));
    assert_eq!(decimal(&sent(0, 0, &[]), 4), "0.0000");
}

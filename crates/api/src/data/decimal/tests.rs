use proptest::prelude::*;

use super::Decimal;

// What Java's `BigDecimal` reads and prints: text, `toString`, scale, `toPlainString`, the bytes.
const DECIMALS: &[(&str, &str, i32, &str, &str)] = &[
    ("0", "0", 0, "0", "00"),
    ("0.0", "0.0", 1, "0.0", "00"),
    ("0.000000", "0.000000", 6, "0.000000", "00"),
    ("0.0000000", "0E-7", 7, "0.0000000", "00"),
    ("1E3", "1E+3", -3, "1000", "01"),
    ("-1E3", "-1E+3", -3, "-1000", "ff"),
    ("1.0E3", "1.0E+3", -2, "1000", "0a"),
    ("123", "123", 0, "123", "7b"),
    ("-123", "-123", 0, "-123", "85"),
    ("-128", "-128", 0, "-128", "80"),
    ("128", "128", 0, "128", "0080"),
    ("1.23", "1.23", 2, "1.23", "7b"),
    ("0.000001", "0.000001", 6, "0.000001", "01"),
    ("0.0000001", "1E-7", 7, "0.0000001", "01"),
    ("-0.00000123", "-0.00000123", 8, "-0.00000123", "85"),
    ("1E-10", "1E-10", 10, "0.0000000001", "01"),
    ("12E5", "1.2E+6", -5, "1200000", "0c"),
    ("0E5", "0E+5", -5, "0", "00"),
    (".5", "0.5", 1, "0.5", "05"),
    ("5.", "5", 0, "5", "05"),
    ("+5", "5", 0, "5", "05"),
    ("-.5e1", "-5", 0, "-5", "fb"),
    ("00.10", "0.10", 2, "0.10", "0a"),
    ("1e0000000000000000001", "1E+1", -1, "10", "01"),
    (
        "1234567890123456789012345678901234567890",
        "1234567890123456789012345678901234567890",
        0,
        "1234567890123456789012345678901234567890",
        "03a0c92075c0dbf3b8acbc5f96ce3f0ad2",
    ),
];

#[test]
fn decimals_are_those_of_java() {
    for (text, printed, scale, plain, bytes) in DECIMALS {
        let decimal: Decimal = text.parse().unwrap();
        let hex: String = decimal.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let actual = (decimal.to_string(), decimal.scale, decimal.plain().unwrap(), hex);
        assert_eq!(
            actual,
            ((*printed).to_owned(), *scale, (*plain).to_owned(), (*bytes).to_owned()),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_decimal_is_refused() {
    let texts =
        ["", "+", "-", ".", "e5", "1e", "1e+", "1_0", " 1", "1 ", "0x1", "1.2.3", "--1", "1.-2", "NaN"];
    let out_of_range = ["1e2147483648", "1e-2147483648", "1e99999999999", "1.5e-2147483647"];
    for text in texts.into_iter().chain(out_of_range) {
        assert!(text.parse::<Decimal>().is_err(), "{text}");
    }
    assert!(Decimal::from_bytes(&[], 0).is_err());
}

#[test]
fn a_decimal_of_huge_scale_takes_no_memory() {
    let large: Decimal = "1E+2147483647".parse().unwrap();
    assert_eq!(large.to_string(), "1E+2147483647");
    assert!(large.plain().is_err());
    assert!(Decimal::new(1, i32::MAX).plain().is_err());
    assert_eq!(Decimal::new(1, i32::MAX).to_string(), "1E-2147483647");
    assert_eq!(Decimal::new(1, i32::MIN).to_string(), "1E+2147483648");
}

#[test]
fn a_decimal_of_huge_length_takes_no_time() {
    assert!("1".repeat(100_000).parse::<Decimal>().is_ok());
    assert!("1".repeat(100_001).parse::<Decimal>().is_err());
    let longest = Decimal::from_bytes(&[0x7f; 32 * 1024], 0).unwrap();
    assert_eq!(longest.to_string().parse(), Ok(longest));
    assert!(Decimal::from_bytes(&[0x7f; 32 * 1024 + 1], 0).is_err());
}

proptest! {
    #[test]
    fn decimals_come_back(bytes in prop::collection::vec(any::<u8>(), 1..40), scale: i32, small in -50..50) {
        let decimal = Decimal::from_bytes(&bytes, scale).unwrap();
        prop_assert_eq!(&Decimal::from_bytes(&decimal.to_bytes(), scale).unwrap(), &decimal);
        prop_assert_eq!(decimal.to_bytes(), decimal.unscaled.to_signed_bytes_be());
        let short = Decimal::from_bytes(&bytes[..bytes.len().min(8)], scale).unwrap();
        prop_assert_eq!(short.to_bytes(), short.unscaled.to_signed_bytes_be());
        let decimal = Decimal { scale: small, ..decimal };
        prop_assert_eq!(&decimal.to_string().parse::<Decimal>().unwrap(), &decimal);
        let plain: Decimal = decimal.plain().unwrap().parse().unwrap();
        prop_assert_eq!(plain.scale, small.max(0));
    }

    #[test]
    fn no_text_makes_the_decimal_parser_panic(text in "[-+0-9.eE]{0,16}") {
        if let Ok(decimal) = text.parse::<Decimal>() {
            prop_assert_eq!(decimal.to_string().parse::<Decimal>(), Ok(decimal));
        }
    }
}

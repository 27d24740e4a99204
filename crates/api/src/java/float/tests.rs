use proptest::prelude::*;

use super::{Binary, write_double, write_float};

fn check_double(value: f64, expected: &str) {
    let mut out = Vec::new();
    write_double(value, &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

fn check_float(value: f32, expected: &str) {
    let mut out = Vec::new();
    write_float(value, &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn a_double_is_plain_between_a_thousandth_and_ten_million() {
    check_double(0.001, "0.001");
    check_double(0.000_999, "9.99E-4");
    check_double(9_999_999.5, "9999999.5");
    check_double(1e7, "1.0E7");
    check_double(-120.0, "-120.0");
    check_double(1e21, "1.0E21");
}

#[test]
fn java_17_sometimes_has_more_digits_than_there_need_be() {
    check_double(8.41e21, "8.409999999999999E21");
    check_double(1e23, "9.999999999999999E22");
    check_double(4.872_657_005_7e288, "4.8726570056999995E288");
    check_double(2f64.powi(-44), "5.6843418860808015E-14");
    check_double(2e-3, "0.002");
    check_double(2e23, "1.9999999999999998E23");
    check_double(5e-324, "4.9E-324");
    check_double(f64::MAX, "1.7976931348623157E308");
}

#[test]
fn a_whole_double_beyond_its_bits_keeps_the_digits_that_they_tell() {
    check_double(81_076_250_355_034_896.0, "8.1076250355034896E16");
    check_double(9_007_199_254_740_993.0, "9.007199254740992E15");
    check_double(4.611_686_018_427_388e18, "4.6116860184273879E18");
}

#[test]
fn floats_have_fewer_digits() {
    check_float(0.1, "0.1");
    check_float(16_777_216.0, "1.6777216E7");
    check_float(1e-45, "1.4E-45");
    check_float(f32::MAX, "3.4028235E38");
    check_float(1.0e10, "1.0E10");
}

#[test]
fn what_is_no_number_has_a_name() {
    check_double(f64::NAN, "NaN");
    check_double(f64::INFINITY, "Infinity");
    check_float(f32::NEG_INFINITY, "-Infinity");
    check_double(-0.0, "-0.0");
    check_float(0.0, "0.0");
}

/// What the arithmetic of Java 17 gives, whatever a faster way may give.
fn developed(value: f64) -> Vec<u8> {
    let bits = value.to_bits();
    let mut out = Vec::new();
    Binary::double(bits & ((1 << 52) - 1), (bits >> 52) as i32).digits().write(false, &mut out);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn the_shortest_text_is_only_taken_where_it_is_that_of_java(
        any in any::<f64>().prop_map(f64::abs).prop_filter("finite", |value| value.is_finite() && *value > 0.0),
        whole in 1_u64..1 << 53,
        halvings in 0..16,
        divisor in prop::sample::select(vec![3.0, 7.0, 9.0, 10.0, 99.0, 1.1, 1e5, 1e7]),
    ) {
        // Any at all, those that lie half way between two decimals, and what people divide by.
        for value in [any, whole as f64 / f64::from(1 << halvings), whole as f64 / divisor, (whole >> 12) as f64 / divisor] {
            let mut written = Vec::new();
            write_double(value, &mut written);
            prop_assert_eq!(written, developed(value), "{}", value);
        }
    }
}

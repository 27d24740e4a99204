use super::{double, float};

fn check_double(value: f64, expected: &str) {
    let mut text = String::new();
    double(value, &mut text).unwrap();
    assert_eq!(text, expected);
}

fn check_float(value: f32, expected: &str) {
    let mut text = String::new();
    float(value, &mut text).unwrap();
    assert_eq!(text, expected);
}

#[test]
fn doubles_are_written_as_java_does() {
    for (value, expected) in [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (-1.5, "-1.5"),
        (10.0, "10.0"),
        (100.0, "100.0"),
        (120.0, "120.0"),
        (123.0, "123.0"),
        (0.001, "0.001"),
        (0.0010, "0.001"),
        (0.012, "0.012"),
        (0.000_99, "9.9E-4"),
        (1e7, "1.0E7"),
        (9_999_999.0, "9999999.0"),
        (12_345_678.9, "1.23456789E7"),
        (1e-7, "1.0E-7"),
        (123_456.789, "123456.789"),
        (0.1, "0.1"),
        (f64::MAX, "1.7976931348623157E308"),
        (f64::MIN_POSITIVE, "2.2250738585072014E-308"),
        (5e-324, "4.9E-324"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "Infinity"),
        (f64::NEG_INFINITY, "-Infinity"),
        (2e23, "2.0E23"),
        (1_000_000.0, "1000000.0"),
        (1_200_000.0, "1200000.0"),
    ] {
        check_double(value, expected);
    }
}

#[test]
fn floats_are_written_as_java_does() {
    for (value, expected) in [
        (0.0, "0.0"),
        (1.1, "1.1"),
        (16_777_216.0, "1.6777216E7"),
        (0.1, "0.1"),
        (1e10, "1.0E10"),
        (f32::MAX, "3.4028235E38"),
        (1e-45, "1.4E-45"),
        (3.402_823_5e38, "3.4028235E38"),
        (0.001, "0.001"),
        (f32::NAN, "NaN"),
    ] {
        check_float(value, expected);
    }
}

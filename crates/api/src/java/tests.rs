use std::sync::Arc;

use bytes::Bytes;
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{double, hash_text, print, write_float};
use crate::{Decimal, Schema, Value, logical};

// The expected texts of this module are what Java 17 and Connect's classes of Apache Kafka 4.3.1 print.

fn text_of(write: impl FnOnce(&mut String) -> std::fmt::Result) -> String {
    let mut text = String::new();
    write(&mut text).unwrap();
    text
}

fn float_text(value: f32) -> String {
    let mut out = Vec::new();
    write_float(value, &mut out);
    String::from_utf8(out).unwrap()
}

fn check(value: &Value, schema: Option<&Schema>, expected: Expect) {
    let mut out = Vec::new();
    print(value, schema, &mut out);
    expected.assert_eq(&String::from_utf8(out).unwrap());
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
        (0.1, "0.1"),
        (0.001, "0.001"),
        (0.012, "0.012"),
        (0.000_99, "9.9E-4"),
        (1e7, "1.0E7"),
        (9_999_999.0, "9999999.0"),
        (12_345_678.9, "1.23456789E7"),
        (1e-7, "1.0E-7"),
        (123_456.789, "123456.789"),
        (f64::MAX, "1.7976931348623157E308"),
        (f64::MIN_POSITIVE, "2.2250738585072014E-308"),
        (5e-324, "4.9E-324"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "Infinity"),
        (f64::NEG_INFINITY, "-Infinity"),
        (2e23, "1.9999999999999998E23"),
        (1_200_000.0, "1200000.0"),
        // Half way between two numbers of as few digits: the even one.
        (f64::from_bits(0x4301_747e_47e3_d1c2), "6.141450406118962E14"),
        (f64::from_bits(0x4310_2ea7_6fef_c2d1), "1.1387240749426442E15"),
        // Java 19 and later write a digit less.
        (-5.383_181_422_176_253e18, "-5.3831814221762529E18"),
    ] {
        assert_eq!(text_of(|out| double(value, out)), expected);
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
        (0.001, "0.001"),
        (6.745_310_7e25, "6.7453106E25"),
        (f32::NAN, "NaN"),
    ] {
        assert_eq!(float_text(value), expected);
    }
}

fn inner() -> Arc<Schema> {
    Schema::structure().field("x", Schema::float32()).field("y", Schema::optional_float64()).build()
}

fn outer() -> Arc<Schema> {
    Schema::structure()
        .field("a", Schema::int32())
        .field("b", Schema::array(Schema::optional_string()).build())
        .field("m", Schema::map(Schema::string(), Schema::optional_int8()).build())
        .field("in", inner())
        .field("n", Schema::optional_string())
        .field("dec", logical::decimal(2).build())
        .field("date", logical::date().build())
        .field("time", logical::time().build())
        .field("ts", logical::timestamp().build())
        .field("by", Schema::bytes())
        .field("bool", Schema::boolean())
        .build()
}

#[test]
fn a_struct_shows_the_fields_that_are_not_null() {
    let value = Value::Struct(Box::new([
        Value::Int(-1),
        Value::Array(vec![Value::from("p"), Value::Null, Value::from("")]),
        Value::Map(vec![(Value::from("k"), Value::Int(1)), (Value::from("l"), Value::Null)]),
        Value::Struct(Box::new([Value::Float(f64::from(0.1_f32)), Value::Null])),
        Value::Null,
        Value::Decimal(Box::new(Decimal::new(-120, 2))),
        Value::Int(18_993),
        Value::Int(3_723_004),
        Value::Int(1_700_000_000_123),
        Value::Bytes(Bytes::from_static(&[1, 2])),
        Value::Bool(true),
    ]));
    outer().validate(&value).unwrap();
    let schema = outer();
    // Java writes `by=java.nio.HeapByteBuffer[pos=0 lim=2 cap=2]`.
    check(
        &value,
        Some(&schema),
        expect![
            "Struct{a=-1,b=[p, null, ],m={k=1, l=null},in=Struct{x=0.1},dec=-1.20,date=Sat Jan 01 00:00:00 UTC 2022,time=Thu Jan 01 01:02:03 UTC 1970,ts=Tue Nov 14 22:13:20 UTC 2023,by=AQI=,bool=true}"
        ],
    );
    check(&Value::Struct(Box::new([Value::Null, Value::Null])), Some(&inner()), expect!["Struct{}"]);
}

#[test]
fn values_without_a_schema() {
    check(&Value::Null, None, expect!["null"]);
    check(&Value::Array(vec![]), None, expect!["[]"]);
    check(&Value::Map(vec![]), None, expect!["{}"]);
    check(&Value::Float(f64::from(0.1_f32)), None, expect!["0.10000000149011612"]);
    check(&Value::Bytes(Bytes::from_static(b"raw, all of it")), None, expect!["raw, all of it"]);
    check(
        &Value::Struct(Box::new([Value::Int(7), Value::Null, Value::from("x")])),
        None,
        expect!["Struct{0=7,2=x}"],
    );
}

#[test]
fn bytes_that_are_no_text_are_written_as_they_are() {
    let mut out = b"before ".to_vec();
    print(&Value::Bytes(Bytes::from_static(&[0xff, 0x00])), Some(&Schema::bytes()), &mut out);
    assert_eq!(out, b"before \xff\x00");
}

#[test]
fn moments_are_written_in_both_calendars() {
    let schema = logical::timestamp().build();
    for (millis, expected) in [
        (0, "Thu Jan 01 00:00:00 UTC 1970"),
        (-1, "Wed Dec 31 23:59:59 UTC 1969"),
        (951_782_400_000, "Tue Feb 29 00:00:00 UTC 2000"),
        (4_102_444_800_000, "Fri Jan 01 00:00:00 UTC 2100"),
        (253_402_300_800_000, "Sat Jan 01 00:00:00 UTC 10000"),
        (-12_219_292_800_000, "Fri Oct 15 00:00:00 UTC 1582"),
        (-12_219_292_800_001, "Thu Oct 04 23:59:59 UTC 1582"),
        (-14_830_974_000_000, "Wed Jan 01 05:00:00 UTC 1500"),
        (-62_135_769_600_000, "Sat Jan 01 00:00:00 UTC 1"),
        (-62_135_769_600_001, "Fri Dec 31 23:59:59 UTC 1"),
        (i64::MAX, "Sun Aug 17 07:12:55 UTC 292278994"),
        (i64::MIN, "Sun Dec 02 16:47:04 UTC 292269055"),
    ] {
        let mut out = Vec::new();
        print(&Value::Int(millis), Some(&schema), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{millis}");
    }
}

#[test]
fn dates_are_days() {
    let schema = logical::date().build();
    check(&Value::Int(i32::MIN.into()), Some(&schema), expect!["Tue Mar 03 00:00:00 UTC 5877521"]);
    check(&Value::Int(i32::MAX.into()), Some(&schema), expect!["Fri Jul 11 00:00:00 UTC 5881580"]);
    check(&Value::Int(i64::MAX), Some(&schema), expect!["9223372036854775807"]);
}

proptest! {
    #[test]
    fn what_is_written_reads_as_the_same_number(bits: u64) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        prop_assert_eq!(text_of(|out| double(value, out)).parse::<f64>().unwrap(), value);
        let value = f32::from_bits(bits as u32);
        prop_assume!(value.is_finite());
        prop_assert_eq!(float_text(value).parse::<f32>().unwrap(), value);
    }
}

#[test]
fn texts_have_the_hash_codes_of_java() {
    let hashes = ["", "a", "Aa", "BB", "é", "😀", "hello, world"].map(hash_text);
    assert_eq!(hashes.map(u32::cast_signed), [0, 97, 2112, 2112, 233, 1_772_899, -640_608_884]);
}

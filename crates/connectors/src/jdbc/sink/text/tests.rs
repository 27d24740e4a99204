use api::{Schema, Value};

use super::{Local, date, float, json, time, timestamp};

fn written<T>(write: impl FnOnce(&mut String) -> T) -> String {
    let mut out = String::new();
    write(&mut out);
    out
}

#[test]
fn dates_are_gregorian() {
    assert_eq!(written(|out| date(19_782, out)), "2024-02-29");
    assert_eq!(written(|out| date(-719_163, out)), "0001-12-31");
    assert!(date(-719_163, &mut String::new()), "it is before Christ");
}

#[test]
fn a_fraction_has_three_six_or_nine_digits() {
    let at = |nanos: i64| written(|out| time(86_399 * 1_000_000_000 + nanos, out));
    assert_eq!(at(0), "23:59:59");
    assert_eq!(at(123_000_000), "23:59:59.123");
    assert_eq!(at(1_000), "23:59:59.000001");
    assert_eq!(at(1), "23:59:59.000000001");
}

#[test]
fn timestamps_before_1970_count_from_their_day() {
    let at = |seconds, nanos, offset: &str| {
        written(|out| timestamp(Local::of_seconds(seconds, nanos), offset, out))
    };
    assert_eq!(at(-1, 999_000_000, ""), "1969-12-31 23:59:59.999");
    assert_eq!(at(-1, 999_999_999, "+00"), "1969-12-31 23:59:59.999999999+00");
    assert_eq!(at(-719_163 * 86_400, 0, ""), "0001-12-31 00:00:00 BC");
}

#[test]
fn floats_are_exact() {
    assert_eq!(written(|out| float(1e100, false, out)), "1e100");
    assert_eq!(written(|out| float(f64::from(0.1_f32), true, out)), "1e-1");
    assert_eq!(written(|out| float(f64::NEG_INFINITY, false, out)), "-Infinity");
}

#[test]
fn json_is_of_the_schema() {
    let schema = Schema::structure()
        .field("a", Schema::array(Schema::optional_int32()).build())
        .field("d", api::logical::date().build())
        .field("t", api::logical::timestamp().build())
        .field("m", Schema::map(Schema::string(), Schema::string()).build())
        .build();
    let value = Value::Struct(Box::new([
        Value::Array(vec![Value::Int(1), Value::Null]),
        Value::Int(19_782),
        Value::Int(1_709_210_096_789),
        Value::Map(vec![(Value::from("k\"\n"), Value::from("\u{1}ä"))]),
    ]));
    assert_eq!(
        written(|out| json(&value, Some(&schema), out)),
        r#"{"a":[1,null],"d":"2024-02-29","t":"2024-02-29T12:34:56.789Z","m":{"k\"\n":"\u0001ä"}}"#
    );
}

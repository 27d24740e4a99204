//! Cases of `JsonConverter` that have a name: every rule of the mapping, and every disagreement that was found.
//!
//! Each holds what is expected, and Kafka's own converter is asked as well.

use std::sync::Arc;

use api::{Decimal, Schema, Type, Value, logical};
use bytes::Bytes;
use expect_test::{Expect, expect};
use serde_json::Value as Json;

use crate::case::{self, Config, JSON};
use crate::judge;

fn config(text: &str) -> Config {
    let name = |letter| match letter {
        'p' => ("schemas.enable", "false".to_owned()),
        'n' => ("decimal.format", "NUMERIC".to_owned()),
        'k' => ("replace.null.with.default", "false".to_owned()),
        other => panic!("no such option: {other}"),
    };
    text.chars().map(name).collect()
}

fn show(answer: &Json) -> String {
    if answer.get("error").is_some() {
        return "error".to_owned();
    }
    match answer.get("bytes") {
        Some(Json::Null) => "null".to_owned(),
        Some(bytes) => String::from_utf8_lossy(&hex::decode(bytes.as_str().unwrap()).unwrap()).into_owned(),
        None => format!("{} {}", answer["schema"], answer["value"]),
    }
}

/// Checks what is read; `options`: p plain, n numeric, k keep nulls.
#[track_caller]
fn read(options: &str, message: impl AsRef<[u8]>, expected: Expect) {
    let (config, message) = (config(options), Some(message.as_ref()));
    let ours = case::read(JSON, &config, message);
    expected.assert_eq(&show(&ours));
    judge::assert_agrees(&case::read_question(JSON, &config, message), &ours);
}

/// Checks what is written.
#[track_caller]
fn write(options: &str, schema: Option<Arc<Schema>>, value: Value, expected: Expect) {
    let config = config(options);
    let ours = case::write(JSON, &config, schema.as_ref(), &value);
    expected.assert_eq(&show(&ours));
    judge::assert_agrees(&case::write_question(JSON, &config, schema.as_ref(), &value), &ours);
}

fn of(kind: Type) -> Option<Arc<Schema>> {
    Some(Schema::of(kind).build())
}

fn text(text: &str) -> Value {
    Value::from(text)
}

fn decimal(unscaled: i64, scale: i32) -> Value {
    Value::Decimal(Box::new(Decimal::new(unscaled, scale)))
}

#[test]
fn every_type_is_written() {
    write(
        "",
        of(Type::Boolean),
        Value::Bool(true),
        expect![[r#"{"schema":{"type":"boolean","optional":false},"payload":true}"#]],
    );
    write(
        "",
        of(Type::Int8),
        Value::Int(-12),
        expect![[r#"{"schema":{"type":"int8","optional":false},"payload":-12}"#]],
    );
    write(
        "",
        of(Type::Int16),
        Value::Int(12),
        expect![[r#"{"schema":{"type":"int16","optional":false},"payload":12}"#]],
    );
    write(
        "",
        of(Type::Int32),
        Value::Int(12),
        expect![[r#"{"schema":{"type":"int32","optional":false},"payload":12}"#]],
    );
    write(
        "",
        of(Type::Int64),
        Value::Int(4_398_046_511_104),
        expect![[r#"{"schema":{"type":"int64","optional":false},"payload":4398046511104}"#]],
    );
    write(
        "",
        of(Type::Float32),
        Value::Float(12.34f32.into()),
        expect![[r#"{"schema":{"type":"float","optional":false},"payload":12.34}"#]],
    );
    write(
        "",
        of(Type::Float64),
        Value::Float(12.34),
        expect![[r#"{"schema":{"type":"double","optional":false},"payload":12.34}"#]],
    );
    write(
        "",
        of(Type::Bytes),
        Value::Bytes(Bytes::from_static(b"test-string")),
        expect![[r#"{"schema":{"type":"bytes","optional":false},"payload":"dGVzdC1zdHJpbmc="}"#]],
    );
    write(
        "",
        of(Type::String),
        text("test"),
        expect![[r#"{"schema":{"type":"string","optional":false},"payload":"test"}"#]],
    );
    let array = Schema::array(Schema::of(Type::Int32).build()).build();
    write(
        "",
        Some(array),
        Value::Array(vec![Value::Int(1), Value::Int(2)]),
        expect![[
            r#"{"schema":{"type":"array","items":{"type":"int32","optional":false},"optional":false},"payload":[1,2]}"#
        ]],
    );
    let map = Schema::map(Schema::of(Type::String).build(), Schema::of(Type::Int32).build()).build();
    write(
        "",
        Some(map),
        Value::Map(vec![(text("k"), Value::Int(12))]),
        expect![[
            r#"{"schema":{"type":"map","keys":{"type":"string","optional":false},"values":{"type":"int32","optional":false},"optional":false},"payload":{"k":12}}"#
        ]],
    );
    let map = Schema::map(Schema::of(Type::Int32).build(), Schema::of(Type::Int32).build()).build();
    write(
        "",
        Some(map),
        Value::Map(vec![(Value::Int(1), Value::Int(12))]),
        expect![[
            r#"{"schema":{"type":"map","keys":{"type":"int32","optional":false},"values":{"type":"int32","optional":false},"optional":false},"payload":[[1,12]]}"#
        ]],
    );
}

#[test]
fn a_schema_is_written_with_all_its_properties_in_order() {
    let inner = Schema::of(Type::Int64).optional().name("id").version(3).doc("the \"id\"").build();
    let schema = Schema::structure()
        .name("row")
        .doc("a row")
        .version(1)
        .parameter("b", "2")
        .parameter("a", "1")
        .field("id", inner)
        .field("name", Schema::of(Type::String).default(text("x")).build())
        .build();
    write(
        "",
        Some(schema),
        Value::Struct([Value::Null, text("y")].into()),
        expect![[
            r#"{"schema":{"type":"struct","fields":[{"type":"int64","optional":true,"name":"id","version":3,"doc":"the \"id\"","field":"id"},{"type":"string","optional":false,"default":"x","field":"name"}],"optional":false,"name":"row","version":1,"doc":"a row","parameters":{"b":"2","a":"1"}},"payload":{"id":null,"name":"y"}}"#
        ]],
    );
}

#[test]
fn logical_types_are_written() {
    let number = || Some(logical::decimal(2).build());
    write(
        "",
        number(),
        decimal(156, 2),
        expect![[
            r#"{"schema":{"type":"bytes","optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2"}},"payload":"AJw="}"#
        ]],
    );
    write("p", number(), decimal(156, 2), expect![[r#""AJw=""#]]);
    write("p", number(), decimal(156, 3), expect!["error"]);
    write("pn", number(), decimal(156, 3), expect!["0.156"]);
    write("pn", number(), decimal(156, -3), expect!["1.56E+5"]);
    write("pn", number(), decimal(1, 7), expect!["1E-7"]);
    write("p", number(), decimal(-1, 2), expect![[r#""/w==""#]]);
    write("p", number(), decimal(0, 2), expect![[r#""AA==""#]]);
    write(
        "",
        Some(logical::date().build()),
        Value::Int(10_000),
        expect![[
            r#"{"schema":{"type":"int32","optional":false,"name":"org.apache.kafka.connect.data.Date","version":1},"payload":10000}"#
        ]],
    );
    write(
        "",
        Some(logical::time().build()),
        Value::Int(14_400_000),
        expect![[
            r#"{"schema":{"type":"int32","optional":false,"name":"org.apache.kafka.connect.data.Time","version":1},"payload":14400000}"#
        ]],
    );
    write("p", Some(logical::time().build()), Value::Int(86_400_000), expect!["86400000"]);
    write(
        "",
        Some(logical::timestamp().optional().build()),
        Value::Int(4_000_000_000),
        expect![[
            r#"{"schema":{"type":"int64","optional":true,"name":"org.apache.kafka.connect.data.Timestamp","version":1},"payload":4000000000}"#
        ]],
    );
}

#[test]
fn nulls_are_written() {
    let optional = |default: Option<Value>| {
        let builder = Schema::of(Type::Int32).optional();
        Some(default.map_or(builder.clone(), |default| builder.default(default)).build())
    };
    write("", None, Value::Null, expect!["null"]);
    write("p", None, Value::Null, expect!["null"]);
    write(
        "",
        optional(None),
        Value::Null,
        expect![[r#"{"schema":{"type":"int32","optional":true},"payload":null}"#]],
    );
    write("p", optional(None), Value::Null, expect!["null"]);
    write(
        "",
        optional(Some(Value::Int(7))),
        Value::Null,
        expect![[r#"{"schema":{"type":"int32","optional":true,"default":7},"payload":7}"#]],
    );
    write(
        "k",
        optional(Some(Value::Int(7))),
        Value::Null,
        expect![[r#"{"schema":{"type":"int32","optional":true,"default":7},"payload":null}"#]],
    );
    write("p", of(Type::Int32), Value::Null, expect!["error"]);
    let required = Schema::of(Type::Int32).default(Value::Int(7)).build();
    write("p", Some(Arc::clone(&required)), Value::Null, expect!["7"]);
    write("pk", Some(required), Value::Null, expect!["error"]);
    let keys = Schema::of(Type::String).optional().build();
    let map = Schema::map(keys, Schema::of(Type::Int8).optional().build()).build();
    write("p", Some(map), Value::Map(vec![(Value::Null, Value::Null)]), expect![[r#"{"null":null}"#]]);
}

#[test]
fn values_without_schema_are_written() {
    write("", None, text("x"), expect![[r#"{"schema":null,"payload":"x"}"#]]);
    write(
        "p",
        None,
        Value::Array(vec![Value::Int(1), Value::Null, text("a"), Value::Bool(false)]),
        expect![[r#"[1,null,"a",false]"#]],
    );
    write(
        "p",
        None,
        Value::Map(vec![(text("b"), Value::Int(1)), (text("a"), Value::Null)]),
        expect![[r#"{"b":1,"a":null}"#]],
    );
    write(
        "p",
        None,
        Value::Map(vec![(text("b"), Value::Int(1)), (Value::Int(2), Value::Null)]),
        expect![[r#"[["b",1],[2,null]]"#]],
    );
    write("p", None, Value::Map(Vec::new()), expect!["{}"]);
    write("p", None, decimal(1, 0), expect!["error"]);
}

#[test]
fn strings_are_escaped_as_jackson_does() {
    write(
        "p",
        of(Type::String),
        text("\"\\/\u{8}\u{c}\n\r\t\u{0}\u{1f}\u{7f}"),
        expect![[r#""\"\\/\b\f\n\r\t\u0000\u001F""#]],
    );
    write("p", of(Type::String), text("é€\u{2028}\u{feff}\u{ffff}"), expect![[r#""é€ ﻿￿""#]]);
    write("p", of(Type::String), text("😀"), expect![[r#""\uD83D\uDE00""#]]);
    write(
        "p",
        of(Type::String),
        text("0123456789abcdef0123456789abcdef\"0123456789abcdef0123456789abcde😀"),
        expect![[r#""0123456789abcdef0123456789abcdef\"0123456789abcdef0123456789abcde\uD83D\uDE00""#]],
    );
}

#[test]
fn floats_are_written_as_java_17_does() {
    for (value, expected) in [
        (0.0, expect!["0.0"]),
        (-0.0, expect!["-0.0"]),
        (1e10, expect!["1.0E10"]),
        (1e7, expect!["1.0E7"]),
        (9_999_999.5, expect!["9999999.5"]),
        (0.001, expect!["0.001"]),
        (0.000_999, expect!["9.99E-4"]),
        (f64::NAN, expect![[r#""NaN""#]]),
        (f64::NEG_INFINITY, expect![[r#""-Infinity""#]]),
        (5e-324, expect!["4.9E-324"]),
        (2e23, expect!["1.9999999999999998E23"]),
        (2f64.powi(-44), expect!["5.6843418860808015E-14"]),
        (8.107_625_035_503_49e16, expect!["8.1076250355034896E16"]),
    ] {
        write("p", of(Type::Float64), Value::Float(value), expected);
    }
    write("p", of(Type::Float32), Value::Float(16_777_216.0), expect!["1.6777216E7"]);
    write("p", of(Type::Float32), Value::Float(3.4e38f32.into()), expect!["3.4E38"]);
}

fn envelope(schema: &str, payload: &str) -> String {
    format!("{{\"schema\":{schema},\"payload\":{payload}}}")
}

#[test]
fn every_type_is_read() {
    for (kind, payload, expected) in [
        ("boolean", "true", expect![[r#"{"type":"BOOLEAN","optional":false} ["bool",true]"#]]),
        ("int8", "12", expect![[r#"{"type":"INT8","optional":false} ["i8","12"]"#]]),
        ("int16", "-12", expect![[r#"{"type":"INT16","optional":false} ["i16","-12"]"#]]),
        ("int32", "12", expect![[r#"{"type":"INT32","optional":false} ["i32","12"]"#]]),
        ("int64", "4398046511104", expect![[r#"{"type":"INT64","optional":false} ["i64","4398046511104"]"#]]),
        ("float", "12.34", expect![[r#"{"type":"FLOAT32","optional":false} ["f32","414570a4"]"#]]),
        ("double", "12.34", expect![[r#"{"type":"FLOAT64","optional":false} ["f64","4028ae147ae147ae"]"#]]),
        (
            "bytes",
            "\"dGVzdC1zdHJpbmc=\"",
            expect![[r#"{"type":"BYTES","optional":false} ["bytes","746573742d737472696e67"]"#]],
        ),
        ("string", "\"test\"", expect![[r#"{"type":"STRING","optional":false} ["str","test"]"#]]),
    ] {
        read("", envelope(&format!("{{\"type\":\"{kind}\"}}"), payload), expected);
    }
    read(
        "",
        envelope(r#"{"type":"array","items":{"type":"int32"}}"#, "[1,2,3]"),
        expect![[
            r#"{"type":"ARRAY","optional":false,"value":{"type":"INT32","optional":false}} ["list",[["i32","1"],["i32","2"],["i32","3"]]]"#
        ]],
    );
    read(
        "",
        envelope(r#"{"type":"map","keys":{"type":"string"},"values":{"type":"int32"}}"#, r#"{"k":12}"#),
        expect![[
            r#"{"type":"MAP","optional":false,"key":{"type":"STRING","optional":false},"value":{"type":"INT32","optional":false}} ["map",[[["str","k"],["i32","12"]]]]"#
        ]],
    );
    read(
        "",
        envelope(r#"{"type":"map","keys":{"type":"int32"},"values":{"type":"int32"}}"#, "[[1,12],[2,15]]"),
        expect![[
            r#"{"type":"MAP","optional":false,"key":{"type":"INT32","optional":false},"value":{"type":"INT32","optional":false}} ["map",[[["i32","1"],["i32","12"]],[["i32","2"],["i32","15"]]]]"#
        ]],
    );
    let row = r#"{"type":"struct","fields":[{"field":"a","type":"boolean"},{"field":"b","type":"string","optional":true}]}"#;
    read(
        "",
        envelope(row, r#"{"a":true,"b":"s"}"#),
        expect![[
            r#"{"type":"STRUCT","optional":false,"fields":[{"name":"a","schema":{"type":"BOOLEAN","optional":false}},{"name":"b","schema":{"type":"STRING","optional":true}}]} ["struct",[["bool",true],["str","s"]]]"#
        ]],
    );
    read(
        "",
        envelope(row, r#"{"b":"s","x":[{}],"a":true}"#),
        expect![[
            r#"{"type":"STRUCT","optional":false,"fields":[{"name":"a","schema":{"type":"BOOLEAN","optional":false}},{"name":"b","schema":{"type":"STRING","optional":true}}]} ["struct",[["bool",true],["str","s"]]]"#
        ]],
    );
    read(
        "",
        envelope(row, r#"{"a":true}"#),
        expect![[
            r#"{"type":"STRUCT","optional":false,"fields":[{"name":"a","schema":{"type":"BOOLEAN","optional":false}},{"name":"b","schema":{"type":"STRING","optional":true}}]} ["struct",[["bool",true],null]]"#
        ]],
    );
    read("", envelope(row, r#"{"b":"s"}"#), expect!["error"]);
}

const DECIMAL: &str =
    r#"{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"}}"#;
const DATE: &str = r#"{"type":"int32","name":"org.apache.kafka.connect.data.Date"}"#;
const TIME: &str = r#"{"type":"int32","name":"org.apache.kafka.connect.data.Time"}"#;
const TIMESTAMP: &str = r#"{"type":"int64","name":"org.apache.kafka.connect.data.Timestamp"}"#;

#[test]
fn logical_types_are_read() {
    read(
        "",
        envelope(DECIMAL, "\"AJw=\""),
        expect![[
            r#"{"type":"BYTES","optional":false,"name":"org.apache.kafka.connect.data.Decimal","parameters":[["scale","2"]]} ["dec","156",2]"#
        ]],
    );
    read(
        "",
        envelope(DECIMAL, "1.560"),
        expect![[
            r#"{"type":"BYTES","optional":false,"name":"org.apache.kafka.connect.data.Decimal","parameters":[["scale","2"]]} ["dec","1560",3]"#
        ]],
    );
    read(
        "",
        envelope(DECIMAL, "1e3"),
        expect![[
            r#"{"type":"BYTES","optional":false,"name":"org.apache.kafka.connect.data.Decimal","parameters":[["scale","2"]]} ["dec","1",-3]"#
        ]],
    );
    read("", envelope(DECIMAL, "\"\""), expect!["error"]);
    read("", envelope(DECIMAL, "true"), expect!["error"]);
    read(
        "",
        envelope(DATE, "10000"),
        expect![[
            r#"{"type":"INT32","optional":false,"name":"org.apache.kafka.connect.data.Date"} ["date","864000000000"]"#
        ]],
    );
    read("", envelope(DATE, "2147483648"), expect!["error"]);
    read("", envelope(DATE, "\"10000\""), expect!["error"]);
    read(
        "",
        envelope(TIME, "86400000"),
        expect![[
            r#"{"type":"INT32","optional":false,"name":"org.apache.kafka.connect.data.Time"} ["date","86400000"]"#
        ]],
    );
    read("", envelope(TIME, "86400001"), expect!["error"]);
    read(
        "",
        envelope(TIMESTAMP, "2147483648"),
        expect![[
            r#"{"type":"INT64","optional":false,"name":"org.apache.kafka.connect.data.Timestamp"} ["date","2147483648"]"#
        ]],
    );
    read("", envelope(TIMESTAMP, "1.0"), expect!["error"]);
}

#[test]
fn a_decimal_default_of_another_scale_is_read_and_cannot_be_written() {
    let schema = r#"{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","default":51,"parameters":{"scale":"1"}}"#;
    read(
        "",
        envelope(schema, "\"AQ==\""),
        expect![[
            r#"{"type":"BYTES","optional":false,"name":"org.apache.kafka.connect.data.Decimal","parameters":[["scale","1"]],"default":["dec","51",0]} ["dec","1",1]"#
        ]],
    );
    let schema = || Some(logical::decimal(1).default(decimal(51, 0)).build());
    write("", schema(), decimal(1, 1), expect!["error"]);
    write(
        "n",
        schema(),
        decimal(1, 1),
        expect![[
            r#"{"schema":{"type":"bytes","optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"1"},"default":51},"payload":0.1}"#
        ]],
    );
}

#[test]
fn nulls_are_read() {
    read("", envelope("null", "null"), expect!["null null"]);
    read(
        "",
        envelope(r#"{"type":"int32","optional":true}"#, "null"),
        expect![[r#"{"type":"INT32","optional":true} null"#]],
    );
    read("", envelope(r#"{"type":"int32"}"#, "null"), expect!["error"]);
    read(
        "",
        envelope(r#"{"type":"int32","default":5}"#, "null"),
        expect![[r#"{"type":"INT32","optional":false,"default":["i32","5"]} ["i32","5"]"#]],
    );
    read("k", envelope(r#"{"type":"int32","default":5}"#, "null"), expect!["error"]);
    read(
        "k",
        envelope(r#"{"type":"int32","default":5,"optional":true}"#, "null"),
        expect![[r#"{"type":"INT32","optional":true,"default":["i32","5"]} null"#]],
    );
    read("p", "null", expect!["null null"]);
    read("p", "", expect!["null null"]);
    read("p", " \n", expect!["null null"]);
    read("", "", expect!["error"]);
}

#[test]
fn what_does_not_fit_becomes_what_java_makes_of_it() {
    read(
        "",
        envelope(r#"{"type":"int8"}"#, "300"),
        expect![[r#"{"type":"INT8","optional":false} ["i8","44"]"#]],
    );
    read(
        "",
        envelope(r#"{"type":"int32"}"#, "\"12\""),
        expect![[r#"{"type":"INT32","optional":false} ["i32","0"]"#]],
    );
    read(
        "",
        envelope(r#"{"type":"int32"}"#, "-12.9"),
        expect![[r#"{"type":"INT32","optional":false} ["i32","-12"]"#]],
    );
    read(
        "",
        envelope(r#"{"type":"int64"}"#, "18446744073709551617"),
        expect![[r#"{"type":"INT64","optional":false} ["i64","1"]"#]],
    );
    read(
        "",
        envelope(r#"{"type":"double"}"#, "true"),
        expect![[r#"{"type":"FLOAT64","optional":false} ["f64","0"]"#]],
    );
    read(
        "",
        envelope(r#"{"type":"boolean"}"#, "1"),
        expect![[r#"{"type":"BOOLEAN","optional":false} ["bool",false]"#]],
    );
    read("", envelope(r#"{"type":"string"}"#, "1"), expect![[r#"{"type":"STRING","optional":false} null"#]]);
    read("", envelope(r#"{"type":"bytes"}"#, "1"), expect![[r#"{"type":"BYTES","optional":false} null"#]]);
    read("", envelope(r#"{"type":"bytes"}"#, "\"?\""), expect!["error"]);
    read(
        "",
        envelope(r#"{"type":"array","items":{"type":"int8"}}"#, "7"),
        expect![[
            r#"{"type":"ARRAY","optional":false,"value":{"type":"INT8","optional":false}} ["list",[]]"#
        ]],
    );
    read(
        "",
        envelope(r#"{"type":"array","items":{"type":"int8"}}"#, "{\"a\":7}"),
        expect![[
            r#"{"type":"ARRAY","optional":false,"value":{"type":"INT8","optional":false}} ["list",[["i8","7"]]]"#
        ]],
    );
    let row = r#"{"type":"struct","fields":[{"field":"a","type":"string"}]}"#;
    read("", envelope(row, r#"{"a":1}"#), expect!["error"]);
    read(
        "",
        envelope(row, r#"{"a":1,"a":"last"}"#),
        expect![[
            r#"{"type":"STRUCT","optional":false,"fields":[{"name":"a","schema":{"type":"STRING","optional":false}}]} ["struct",[["str","last"]]]"#
        ]],
    );
    read("", envelope(row, "[]"), expect!["error"]);
}

#[test]
fn envelopes_have_two_members() {
    read("", "{}", expect!["error"]);
    read("", "[]", expect!["error"]);
    read("", r#"{"payload":1}"#, expect!["error"]);
    read("", r#"{"schema":null,"payload":1,"more":2}"#, expect!["error"]);
    read(
        "",
        r#"{ "payload" : 1 , "schema" : { "type" : "int8" } }"#,
        expect![[r#"{"type":"INT8","optional":false} ["i8","1"]"#]],
    );
    read("", r#"{"schema":null,"payload":1,"payload":2}"#, expect![[r#"null ["i64","2"]"#]]);
    read("", r#"{"sch\u0065ma":null,"payload":1}"#, expect![[r#"null ["i64","1"]"#]]);
}

#[test]
fn schemas_that_are_none_are_refused() {
    for schema in [
        "{}",
        "1",
        r#"{"type":"date"}"#,
        r#"{"type":"array"}"#,
        r#"{"type":"map","keys":{"type":"string"}}"#,
        r#"{"type":"struct"}"#,
        r#"{"type":"struct","fields":[{"type":"int8"}]}"#,
        r#"{"type":"struct","fields":[{"field":"a","type":"int8"},{"field":"a","type":"int8"}]}"#,
        r#"{"type":"struct","fields":[{"field":"","type":"int8"}]}"#,
        r#"{"type":"int8","parameters":{"a":1}}"#,
        r#"{"type":"string","default":1}"#,
    ] {
        read("", envelope(schema, "{}"), expect!["error"]);
    }
}

#[test]
fn json_is_read_as_tolerantly_as_by_jackson() {
    read("p", "007", expect![[r#"null ["i64","7"]"#]]);
    read("p", "-08E921", expect![[r#"null ["f64","fff0000000000000"]"#]]);
    read("p", "1 2", expect![[r#"null ["i64","1"]"#]]);
    read("p", "[1] trailing", expect![[r#"null ["list",[["i64","1"]]]"#]]);
    read("p", "1x", expect!["error"]);
    read("p", "nullx", expect!["error"]);
    read("p", "null:", expect!["null null"]);
    read("p", "NaN", expect!["error"]);
    read("p", "'a'", expect!["error"]);
    read("p", "/* c */ 1", expect!["error"]);
    read("p", "[1,]", expect!["error"]);
    read("p", "\u{feff}[1]", expect![[r#"null ["list",[["i64","1"]]]"#]]);
    read("p", b"[\"\xff\"]", expect!["error"]);
    read("p", b"[\"\xc0\x80\"]", expect![[r#"null ["list",[["str","\u0000"]]]"#]]);
    read("p", b"[\"\xed\xa0\x80\"]", expect!["error"]);
    read("p", r#"["\ud800","\ud83d\ude00"]"#, expect![[r#"null ["list",[["str","?"],["str","😀"]]]"#]]);
    read("p", r#"{"\ud800":1}"#, expect!["error"]);
    read("p", "[\"\t\"]", expect!["error"]);
    read("p", "1e2147483648", expect!["error"]);
    read(
        "p",
        "[-0,-0.0,1e400,-1e-400]",
        expect![[
            r#"null ["list",[["i64","0"],["f64","0"],["f64","7ff0000000000000"],["f64","8000000000000000"]]]"#
        ]],
    );
}

#[test]
fn limits_are_those_of_jackson_but_for_depth() {
    read("p", "1".repeat(1001), expect!["error"]);
    read("p", format!("[{}]", "0".repeat(1500)), expect![[r#"null ["list",[["i64","0"]]]"#]]);
    read("p", format!("{{\"{}\":1}}", "a".repeat(50_001)), expect!["error"]);
    read("p", "[".repeat(1001) + &"]".repeat(1001), expect!["error"]);
    let deep = Config::from([("schemas.enable", "false".to_owned())]);
    for (depth, allowed) in [(200, true), (201, false)] {
        let message = "[".repeat(depth) + &"]".repeat(depth);
        let ours = case::read(JSON, &deep, Some(message.as_bytes()));
        assert_eq!(ours.get("error").is_none(), allowed, "{depth}");
    }
}

#[test]
fn objects_have_the_order_of_a_hash_map() {
    read(
        "p",
        r#"{"id":1,"name":2,"email":3,"age":4,"active":5}"#,
        expect![[
            r#"null ["map",[[["str","name"],["i64","2"]],[["str","active"],["i64","5"]],[["str","id"],["i64","1"]],[["str","email"],["i64","3"]],[["str","age"],["i64","4"]]]]"#
        ]],
    );
    read(
        "p",
        r#"{"Aa":1,"BB":2,"Aa":3,"C#":4}"#,
        expect![[
            r#"null ["map",[[["str","Aa"],["i64","3"]],[["str","BB"],["i64","2"]],[["str","C#"],["i64","4"]]]]"#
        ]],
    );
}

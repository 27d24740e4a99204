use std::sync::Arc;

use api::{Batch, Record, Schema, Text, Type, Value};
use bytes::Bytes;
use expect_test::{Expect, expect};

use super::print;

#[track_caller]
fn check(schema: Option<Arc<Schema>>, values: Vec<Option<Value>>, expected: Expect) {
    let mut batch = Batch::new("t".into());
    batch.value_schema = schema;
    batch.records = values.into_iter().map(|value| Record { value, ..Record::default() }).collect();
    let mut out = Vec::new();
    print(&batch, &mut out);
    expected.assert_eq(std::str::from_utf8(&out).unwrap());
}

#[test]
fn text_is_a_line_as_it_is() {
    let text = |text: &str| Some(Value::Text(Text::from(text)));
    check(
        Some(Schema::of(Type::String).build()),
        vec![text("one"), text(""), text("\u{e9}\"\\\t"), text("two\nlines")],
        expect![[r#"
            one

            é"\	
            two
            lines
        "#]],
    );
}

#[test]
fn null_and_a_tombstone_are_printed_as_null() {
    check(
        None,
        vec![None, Some(Value::Null)],
        expect![[r#"
        null
        null
    "#]],
    );
}

#[test]
fn bytes_are_a_line_as_they_are() {
    check(
        None,
        vec![Some(Value::Bytes(Bytes::from_static(b"raw")))],
        expect![[r#"
        raw
    "#]],
    );
}

#[test]
fn a_struct_is_printed_as_java_prints_it() {
    let schema = Schema::structure()
        .field("a", Schema::of(Type::Int32).build())
        .field("b", Schema::of(Type::String).optional().build())
        .field("c", Schema::array(Schema::of(Type::Float64).build()).build())
        .build();
    let row = |a, b, c: Vec<Value>| Some(Value::Struct(Box::new([Value::Int(a), b, Value::Array(c)])));
    check(
        Some(schema),
        vec![
            row(1, Value::from("x"), vec![Value::Float(1.0), Value::Float(0.1)]),
            row(2, Value::Null, vec![]),
        ],
        expect![[r#"
            Struct{a=1,b=x,c=[1.0, 0.1]}
            Struct{a=2,c=[]}
        "#]],
    );
}

#[test]
fn numbers_and_maps_are_printed_as_java_prints_them() {
    let map = Value::Map(vec![(Value::from("k"), Value::Int(1)), (Value::from("l"), Value::Bool(true))]);
    check(
        None,
        vec![Some(Value::Int(-5)), Some(Value::Float(1e10)), Some(map)],
        expect![[r#"
        -5
        1.0E10
        {k=1, l=true}
    "#]],
    );
}

use std::sync::Arc;

use expect_test::{Expect, expect};

use super::{Schema, SchemaBuilder, Type, Value};

fn check_build(builder: SchemaBuilder, expected: Expect) {
    match builder.try_build() {
        Ok(_) => expected.assert_eq("ok"),
        Err(error) => expected.assert_eq(&error.to_string()),
    }
}

#[test]
fn a_builder_refuses_what_kafka_refuses() {
    let twice = Schema::structure().field("a", Schema::string()).field("b", Schema::string());
    check_build(
        twice.field("a", Schema::int32()),
        expect!["Cannot create field because of field name duplication a"],
    );
    check_build(
        Schema::of(Type::String).field("a", Schema::string()),
        expect!["Cannot create fields on type STRING"],
    );
    check_build(Schema::structure().field("", Schema::string()), expect!["fieldName cannot be null."]);
    check_build(Schema::of(Type::Array), expect!["valueSchema cannot be null."]);
    check_build(Schema::of(Type::Map), expect!["keySchema cannot be null."]);
    check_build(Schema::structure(), expect!["ok"]);
    check_build(Schema::map(Schema::string(), Schema::int8()), expect!["ok"]);
}

#[test]
fn a_default_is_one_of_the_values() {
    check_build(Schema::of(Type::Int8).default(Value::Int(1)), expect!["ok"]);
    check_build(Schema::of(Type::Int8).optional().default(Value::Null), expect!["ok"]);
    check_build(
        Schema::of(Type::Int8).default(Value::from("x")),
        expect!["Invalid default value: expected INT8, got text"],
    );
    check_build(
        Schema::of(Type::Int8).default(Value::Int(1000)),
        expect!["Invalid default value: expected INT8, got an integer out of its range"],
    );
    check_build(
        Schema::of(Type::Int8).default(Value::Null),
        expect!["Invalid default value: expected INT8, got null"],
    );
}

#[test]
fn the_later_of_two_parameters_counts() {
    let schema = Schema::of(Type::Int8).parameter("a", "1").parameter("b", "2").parameter("a", "3").build();
    let parameters: Vec<(&str, &str)> =
        schema.parameters.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(parameters, [("a", "3"), ("b", "2")]);
}

#[test]
fn plain_schemas_are_shared() {
    assert!(Arc::ptr_eq(&Schema::string(), &Schema::string()));
    assert_eq!(*Schema::string(), *Schema::of(Type::String).build());
    assert_eq!(*Schema::optional_bytes(), *Schema::of(Type::Bytes).optional().build());
    assert_eq!(Schema::float64().kind, Type::Float64);
    assert_eq!((Schema::optional_int16().kind, Schema::optional_int16().optional), (Type::Int16, true));
}

#[test]
fn fields_are_found_by_name_however_many_there_are() {
    for count in [0, 1, 16, 17, 300] {
        let fields = (0..count).map(|index| format!("f{index}"));
        let schema =
            fields.fold(Schema::structure(), |builder, name| builder.field(&name, Schema::string())).build();
        for index in 0..count {
            assert_eq!(schema.field(&format!("f{index}")), Some(index));
        }
        assert_eq!(schema.field("none"), None);
    }
}

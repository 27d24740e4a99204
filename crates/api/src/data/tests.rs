use std::sync::Arc;

use bytes::Bytes;
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{Decimal, Schema, SchemaBuilder, Type, Value, logical};

fn check_build(builder: SchemaBuilder, expected: Expect) {
    match builder.try_build() {
        Ok(_) => expected.assert_eq("ok"),
        Err(error) => expected.assert_eq(&error.to_string()),
    }
}

fn check(schema: &Schema, value: &Value, expected: Expect) {
    match schema.validate(value) {
        Ok(()) => expected.assert_eq("ok"),
        Err(error) => expected.assert_eq(&error.to_string()),
    }
}

fn decimal(text: &str) -> Value {
    Value::Decimal(Box::new(text.parse().unwrap()))
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

#[test]
fn null_needs_an_optional_schema_or_a_default() {
    check(&Schema::string(), &Value::Null, expect!["expected STRING, got null"]);
    check(&Schema::optional_string(), &Value::Null, expect!["ok"]);
    check(&Schema::of(Type::String).default(Value::from("x")).build(), &Value::Null, expect!["ok"]);
}

#[test]
fn numbers_fit_their_width() {
    for (schema, min, max) in [
        (Schema::int8(), i64::from(i8::MIN), i64::from(i8::MAX)),
        (Schema::int16(), i64::from(i16::MIN), i64::from(i16::MAX)),
        (Schema::int32(), i64::from(i32::MIN), i64::from(i32::MAX)),
    ] {
        assert!(schema.validate(&Value::Int(min)).is_ok() && schema.validate(&Value::Int(max)).is_ok());
        assert!(
            schema.validate(&Value::Int(min - 1)).is_err() && schema.validate(&Value::Int(max + 1)).is_err()
        );
    }
    check(&Schema::int64(), &Value::Int(i64::MIN), expect!["ok"]);
    check(&Schema::int8(), &Value::Float(1.0), expect!["expected INT8, got float"]);
    check(&Schema::float32(), &Value::Float(0.5), expect!["ok"]);
    check(&Schema::float32(), &Value::Float(f64::NAN), expect!["ok"]);
    check(&Schema::float32(), &Value::Float(f64::INFINITY), expect!["ok"]);
    check(
        &Schema::float32(),
        &Value::Float(0.1),
        expect!["expected FLOAT32, got a float of more precision or range"],
    );
    check(
        &Schema::float32(),
        &Value::Float(1e39),
        expect!["expected FLOAT32, got a float of more precision or range"],
    );
    check(&Schema::float64(), &Value::Float(0.1), expect!["ok"]);
    check(&Schema::float64(), &Value::Int(1), expect!["expected FLOAT64, got integer"]);
}

#[test]
fn logical_types_have_rules_of_their_own() {
    let scaled = logical::decimal(2).build();
    check(&scaled, &decimal("1.25"), expect!["ok"]);
    check(&scaled, &decimal("1.2"), expect!["expected a decimal of scale 2, got one of scale 1"]);
    check(
        &scaled,
        &Value::Bytes(Bytes::from_static(&[1])),
        expect!["expected BYTES (org.apache.kafka.connect.data.Decimal), got bytes"],
    );
    check(&Schema::bytes(), &decimal("1"), expect!["expected BYTES, got decimal"]);
    check(
        &Schema::of(Type::Bytes).name(logical::DECIMAL).parameter(logical::SCALE, "x").build(),
        &decimal("1"),
        expect!["Invalid scale parameter found in Decimal schema"],
    );
    let time = logical::time().build();
    check(&time, &Value::Int(logical::MILLIS_PER_DAY), expect!["ok"]);
    check(
        &time,
        &Value::Int(logical::MILLIS_PER_DAY + 1),
        expect!["expected org.apache.kafka.connect.data.Time, got an integer out of the range of a day"],
    );
    check(
        &time,
        &Value::Int(-1),
        expect!["expected org.apache.kafka.connect.data.Time, got an integer out of the range of a day"],
    );
    check(&logical::date().build(), &Value::Int(-1), expect!["ok"]);
    check(
        &logical::date().build(),
        &Value::Int(1 << 31),
        expect!["expected INT32, got an integer out of its range"],
    );
    check(&logical::timestamp().build(), &Value::Int(i64::MIN), expect!["ok"]);
}

#[test]
fn an_error_names_the_field_and_no_data() {
    let item = Schema::structure().field("count", Schema::int16()).build();
    let schema = Schema::structure()
        .field("name", Schema::string())
        .field("items", Schema::array(item).build())
        .field("by_name", Schema::map(Schema::string(), Schema::int8()).optional().build())
        .build();
    let value = |count: Value, map: Value| {
        let item = Value::Struct(Box::new([count]));
        Value::Struct(Box::new([Value::from("secret"), Value::Array(vec![item]), map]))
    };
    let entry = |key: Value, value: Value| Value::Map(vec![(key, value)]);
    check(&schema, &value(Value::Int(1), Value::Null), expect!["ok"]);
    check(
        &schema,
        &value(Value::from("secret"), Value::Null),
        expect!["`items[0].count`: expected INT16, got text"],
    );
    check(
        &schema,
        &value(Value::Int(1), entry(Value::Int(1), Value::Int(1))),
        expect!["`by_name{key 0}`: expected STRING, got integer"],
    );
    check(
        &schema,
        &value(Value::Int(1), entry(Value::from("secret"), Value::Int(200))),
        expect!["`by_name{value 0}`: expected INT8, got an integer out of its range"],
    );
    check(
        &schema,
        &Value::Struct(Box::new([Value::from("secret")])),
        expect!["expected a struct of 3 fields, got one of 1"],
    );
}

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

/// A schema with one of its values.
fn schema_and_value() -> impl Strategy<Value = (Arc<Schema>, Value)> {
    let leaf = prop_oneof![
        any::<i8>().prop_map(|number| (Schema::int8(), Value::Int(number.into()))),
        any::<i16>().prop_map(|number| (Schema::optional_int16(), Value::Int(number.into()))),
        any::<i32>().prop_map(|number| (logical::date().build(), Value::Int(number.into()))),
        any::<i64>().prop_map(|number| (Schema::int64(), Value::Int(number))),
        any::<f32>().prop_map(|number| (Schema::float32(), Value::Float(number.into()))),
        any::<f64>().prop_map(|number| (Schema::float64(), Value::Float(number))),
        any::<bool>().prop_map(|value| (Schema::boolean(), Value::Bool(value))),
        ".{0,4}".prop_map(|text| (Schema::string(), Value::from(text.as_str()))),
        Just((Schema::optional_bytes(), Value::Null)),
        (any::<i64>(), -20..20).prop_map(|(digits, scale)| {
            (logical::decimal(scale).build(), Value::Decimal(Box::new(Decimal::new(digits, scale))))
        }),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|(schema, value)| {
                (Schema::array(schema).build(), Value::Array(vec![value.clone(), value]))
            }),
            (inner.clone(), inner.clone()).prop_map(|((keys, key), (values, value))| {
                (Schema::map(keys, values).build(), Value::Map(vec![(key, value)]))
            }),
            prop::collection::vec(inner, 1..4).prop_map(|fields| {
                let (schemas, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
                let builder =
                    schemas.into_iter().enumerate().fold(Schema::structure(), |builder, (index, schema)| {
                        builder.field(&format!("f{index}"), schema)
                    });
                (builder.try_build().unwrap(), Value::Struct(values.into()))
            }),
        ]
    })
}

/// The value with one part of it replaced by what the schema of that part never holds.
fn spoilt(schema: &Schema, value: &Value, choice: usize) -> Value {
    let inner = |schema: &Option<Arc<Schema>>, value| spoilt(schema.as_ref().unwrap(), value, choice / 4);
    match value {
        _ if choice.is_multiple_of(4) => wrong(schema),
        Value::Array(elements) => Value::Array(vec![elements[0].clone(), inner(&schema.value, &elements[1])]),
        Value::Map(entries) if choice % 4 == 1 => {
            Value::Map(vec![(inner(&schema.key, &entries[0].0), entries[0].1.clone())])
        }
        Value::Map(entries) => Value::Map(vec![(entries[0].0.clone(), inner(&schema.value, &entries[0].1))]),
        Value::Struct(values) => {
            let mut values = values.clone();
            let index = choice % values.len();
            values[index] = spoilt(&schema.fields[index].schema, &values[index], choice / 4);
            Value::Struct(values)
        }
        _ => wrong(schema),
    }
}

fn wrong(schema: &Schema) -> Value {
    match (schema.kind, schema.optional) {
        (Type::Int8, _) => Value::Int(128),
        (Type::Int16 | Type::Int32, _) => Value::Int(i64::MAX),
        (Type::Float32, _) => Value::Float(0.1),
        (Type::Boolean, _) => Value::Int(1),
        (Type::Struct, _) => Value::Struct(Box::default()),
        (Type::Array | Type::Map, false) => Value::Null,
        _ => Value::Bool(true),
    }
}

proptest! {
    #[test]
    fn a_value_made_of_the_schema_is_valid((schema, value) in schema_and_value()) {
        prop_assert_eq!(schema.validate(&value), Ok(()));
    }

    #[test]
    fn a_value_with_a_wrong_part_is_not((schema, value) in schema_and_value(), choice: usize) {
        prop_assert!(schema.validate(&spoilt(&schema, &value, choice)).is_err());
    }

    #[test]
    fn decimals_come_back(bytes in prop::collection::vec(any::<u8>(), 1..40), scale: i32, small in -50..50) {
        let decimal = Decimal::from_bytes(&bytes, scale).unwrap();
        prop_assert_eq!(&Decimal::from_bytes(&decimal.to_bytes(), scale).unwrap(), &decimal);
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

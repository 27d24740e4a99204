//! Schemas, values of them, and JSON that is nearly right.

use std::sync::Arc;

use api::{Decimal, Schema, SchemaBuilder, Type, Value, logical};
use bytes::Bytes;
use num_bigint::BigInt;
use proptest::collection::{hash_set, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;

pub(crate) fn text() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "[a-z]{0,8}",
        2 => "[ -~]{0,24}",
        1 => "[\\x00-\\x7f]{0,24}",
        1 => "(?s:.){0,12}",
        1 => select(vec!["é€", "😀 und 🜁", "\u{7f}\u{80}\u{2028}\u{feff}", "\"\\/\u{8}\u{c}\n\r\t\u{1}", "<>&'="])
            .prop_map(str::to_owned),
    ]
    .boxed()
}

pub(crate) fn long() -> BoxedStrategy<i64> {
    prop_oneof![any::<i64>(), -100i64..100, any::<i32>().prop_map(i64::from)].boxed()
}

pub(crate) fn double() -> BoxedStrategy<f64> {
    prop_oneof![
        any::<f64>(),
        any::<u64>().prop_map(f64::from_bits).prop_filter("one NaN is enough", |value| !value.is_nan()),
        (-1_000_000i64..1_000_000, 0i32..8).prop_map(|(digits, scale)| digits as f64 / 10f64.powi(scale)),
        (1u64..10_000, -330i32..310)
            .prop_map(|(digits, exponent)| format!("{digits}e{exponent}").parse().unwrap()),
        (-1074i32..1024).prop_map(|exponent| 2f64.powi(exponent)),
        select(vec![
            0.0,
            -0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324
        ]),
    ]
    .boxed()
}

pub(crate) fn float() -> BoxedStrategy<f32> {
    prop_oneof![
        any::<u32>().prop_map(f32::from_bits).prop_filter("one NaN is enough", |value| !value.is_nan()),
        (-1_000_000i32..1_000_000, 0i32..8).prop_map(|(digits, scale)| digits as f32 / 10f32.powi(scale)),
        (-149i32..128).prop_map(|exponent| 2f32.powi(exponent)),
        select(vec![
            0.0,
            -0.0,
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::MAX,
            f32::MIN_POSITIVE,
            1e-45
        ]),
    ]
    .boxed()
}

fn big() -> BoxedStrategy<BigInt> {
    prop_oneof![
        any::<i64>().prop_map(BigInt::from),
        (-1000i64..1000).prop_map(BigInt::from),
        vec(any::<u8>(), 1..24).prop_map(|bytes| BigInt::from_signed_bytes_be(&bytes)),
    ]
    .boxed()
}

/// A schema without its properties, and of which kind of value it is.
fn leaf() -> BoxedStrategy<SchemaBuilder> {
    let plain = select(vec![
        Type::Int8,
        Type::Int16,
        Type::Int32,
        Type::Int64,
        Type::Float32,
        Type::Float64,
        Type::Boolean,
        Type::String,
        Type::String,
        Type::Bytes,
    ]);
    prop_oneof![
        6 => plain.prop_map(Schema::of),
        1 => (-3i32..6).prop_map(logical::decimal),
        1 => Just(logical::date()),
        1 => Just(logical::time()),
        1 => Just(logical::timestamp()),
    ]
    .boxed()
}

fn with_properties(builder: BoxedStrategy<SchemaBuilder>) -> BoxedStrategy<Arc<Schema>> {
    let named = (builder, any::<bool>(), option::weighted(0.2, text()), option::weighted(0.2, any::<i32>()));
    let properties = (named, option::weighted(0.2, text()), option::weighted(0.2, (text(), text())));
    properties
        .prop_flat_map(|((builder, optional, name, version), doc, parameter)| {
            let mut builder = builder;
            let logical = builder.clone().build().name.is_some();
            if optional {
                builder = builder.optional();
            }
            if let (Some(name), false) = (name, logical) {
                builder = builder.name(&name);
            }
            if let (Some(version), false) = (version, logical) {
                builder = builder.version(version);
            }
            if let Some(doc) = doc {
                builder = builder.doc(&doc);
            }
            if let (Some((key, value)), false) = (parameter, logical) {
                builder = builder.parameter(&key, &value);
            }
            let schema = builder.clone().build();
            // Java's builder takes no default for a STRUCT.
            let default = if schema.kind == Type::Struct { Just(None).boxed() } else { default_of(schema) };
            default.prop_map(move |default| match default {
                Some(default) => builder.clone().default(default).build(),
                None => builder.clone().build(),
            })
        })
        .boxed()
}

fn default_of(schema: Arc<Schema>) -> BoxedStrategy<Option<Value>> {
    option::weighted(0.2, present(&schema)).boxed()
}

/// Any schema, some levels deep.
pub(crate) fn schema() -> BoxedStrategy<Arc<Schema>> {
    with_properties(leaf())
        .prop_recursive(3, 24, 6, |inner| {
            let keys = with_properties(prop_oneof![
                2 => Just(Schema::of(Type::String)),
                1 => select(vec![Type::Int32, Type::Int64, Type::Boolean, Type::Float64]).prop_map(Schema::of),
                1 => (0i32..3).prop_map(logical::decimal),
            ].boxed());
            let fields = hash_set(text().prop_filter("a name has characters", |name| !name.is_empty()), 0..6);
            let structure = (fields, vec(inner.clone(), 6)).prop_map(|(names, schemas)| {
                let fields = names.into_iter().zip(schemas);
                fields.fold(Schema::structure(), |builder, (name, schema)| builder.field(&name, schema))
            });
            with_properties(prop_oneof![
                1 => inner.clone().prop_map(Schema::array),
                1 => (keys, inner).prop_map(|(keys, values)| Schema::map(keys, values)),
                3 => structure,
            ].boxed())
        })
        .boxed()
}

/// A value of a schema; null where the schema allows it or has a default.
pub(crate) fn value(schema: &Arc<Schema>) -> BoxedStrategy<Value> {
    if schema.optional || schema.default.is_some() {
        prop_oneof![1 => Just(Value::Null), 4 => present(schema)].boxed()
    } else {
        present(schema)
    }
}

/// An element of an array or a map, in which a default does not stand for null.
fn element(schema: &Arc<Schema>) -> BoxedStrategy<Value> {
    if schema.optional { value(schema) } else { present(schema) }
}

fn present(schema: &Arc<Schema>) -> BoxedStrategy<Value> {
    match schema.name.as_deref() {
        Some(logical::DECIMAL) => {
            let scale = logical::scale(schema).unwrap();
            return big()
                .prop_map(move |digits| Value::Decimal(Box::new(Decimal::new(digits, scale))))
                .boxed();
        }
        Some(logical::DATE) => return any::<i32>().prop_map(|days| Value::Int(days.into())).boxed(),
        Some(logical::TIME) => return (0..=logical::MILLIS_PER_DAY).prop_map(Value::Int).boxed(),
        _ => {}
    }
    match schema.kind {
        Type::Int8 => any::<i8>().prop_map(|value| Value::Int(value.into())).boxed(),
        Type::Int16 => any::<i16>().prop_map(|value| Value::Int(value.into())).boxed(),
        Type::Int32 => any::<i32>().prop_map(|value| Value::Int(value.into())).boxed(),
        Type::Int64 => long().prop_map(Value::Int).boxed(),
        Type::Float32 => float().prop_map(|value| Value::Float(value.into())).boxed(),
        Type::Float64 => double().prop_map(Value::Float).boxed(),
        Type::Boolean => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::String => text().prop_map(|text| Value::Text(text.into())).boxed(),
        Type::Bytes => vec(any::<u8>(), 0..20).prop_map(|bytes| Value::Bytes(Bytes::from(bytes))).boxed(),
        Type::Array => vec(element(schema.value.as_ref().unwrap()), 0..5).prop_map(Value::Array).boxed(),
        Type::Map => map(schema),
        Type::Struct => schema
            .fields
            .iter()
            .map(|field| value(&field.schema))
            .collect::<Vec<_>>()
            .prop_map(|values| Value::Struct(values.into()))
            .boxed(),
    }
}

fn map(schema: &Schema) -> BoxedStrategy<Value> {
    let entries = vec((element(schema.key.as_ref().unwrap()), element(schema.value.as_ref().unwrap())), 0..5);
    entries
        .prop_map(|entries| {
            let mut unique: Vec<(Value, Value)> = Vec::new();
            for (key, value) in entries {
                if !unique.iter().any(|(known, _)| same_in_json(known, &key)) {
                    unique.push((key, value));
                }
            }
            Value::Map(unique)
        })
        .boxed()
}

/// Whether two keys are one in JSON: null is written as text or as the default.
fn same_in_json(left: &Value, right: &Value) -> bool {
    left == right
        || left.is_null()
        || right.is_null()
        || matches!((left, right), (Value::Float(left), Value::Float(right)) if left.to_bits() == right.to_bits())
}

/// A schema without others in it, and a value.
pub(crate) fn simple_schema_and_value() -> BoxedStrategy<(Arc<Schema>, Value)> {
    with_properties(leaf()).prop_flat_map(|schema| (Just(Arc::clone(&schema)), value(&schema))).boxed()
}

pub(crate) fn schema_and_value() -> BoxedStrategy<(Arc<Schema>, Value)> {
    schema().prop_flat_map(|schema| (Just(Arc::clone(&schema)), value(&schema))).boxed()
}

/// A value without a schema, as JSON has them.
pub(crate) fn schemaless() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        long().prop_map(Value::Int),
        double().prop_map(Value::Float),
        text().prop_map(|text| Value::Text(text.into())),
        vec(any::<u8>(), 0..9).prop_map(|bytes| Value::Bytes(Bytes::from(bytes))),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        let key = prop_oneof![8 => text().prop_map(|text| Value::Text(text.into())), 1 => inner.clone()];
        let entries = vec((key, inner.clone()), 0..8).prop_map(|entries| {
            let mut unique: Vec<(Value, Value)> = Vec::new();
            for (key, value) in entries {
                if !unique.iter().any(|(known, _)| format!("{known:?}") == format!("{key:?}")) {
                    unique.push((key, value));
                }
            }
            Value::Map(unique)
        });
        prop_oneof![vec(inner, 0..6).prop_map(Value::Array), entries]
    })
    .boxed()
}

/// Numbers of JSON in every form, and some that are none.
fn number_text() -> BoxedStrategy<String> {
    prop_oneof![
        3 => any::<i64>().prop_map(|number| number.to_string()),
        3 => (-200i64..200).prop_map(|number| number.to_string()),
        2 => "-?[0-9]{1,22}",
        3 => "-?[0-9]{1,18}\\.[0-9]{1,18}",
        3 => "-?[0-9]{1,4}(\\.[0-9]{1,4})?[eE][+-]?[0-9]{1,3}",
        1 => "-?0{1,4}[0-9]{0,3}(\\.[0-9]{0,3})?([eE][+-]?[0-9]{0,12})?",
        1 => "[-+.0-9eE]{1,6}",
        1 => select(vec![
            "-0", "-0.0", "0e5", "1e-400", "-1e-400", "1e400", "9223372036854775807", "9223372036854775808",
            "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e2147483647", "1e-2147483647",
            "1e2147483648", "2147483647", "2147483648", "-2147483648", "-2147483649", "NaN", "Infinity", "-Infinity",
            "+1", ".5", "5.", "0x10", "1_000", "1d",
        ]).prop_map(str::to_owned),
    ]
    .boxed()
}

/// Strings of JSON with their quotes, most of them right.
fn string_text() -> BoxedStrategy<Vec<u8>> {
    let escape = prop_oneof![
        "\\\\[\"\\\\/bfnrt]",
        "\\\\u[0-9a-fA-F]{4}",
        "\\\\u[dD][89abAB][0-9]{2}\\\\u[dD][c-fC-F][0-9]{2}",
        "\\\\[ux][0-9a-z]{0,4}",
    ];
    let piece = prop_oneof![
        6 => "[a-zA-Z0-9 ]{0,9}".prop_map(String::into_bytes),
        2 => text().prop_filter("quotes end a string", |text| !text.contains(['"', '\\'])).prop_map(String::into_bytes),
        3 => escape.prop_map(String::into_bytes),
        1 => select(vec![&b"\xc0\x80"[..], b"\xed\xa0\x80", b"\xed\xa0\x80\xed\xb0\x80", b"\x80", b"\xe2\x82", b"\xf0\x9f\x98", b"\x01", b"\x7f"]).prop_map(<[u8]>::to_vec),
    ];
    vec(piece, 0..4).prop_map(|pieces| [b"\"".as_slice(), &pieces.concat(), b"\""].concat()).boxed()
}

fn space() -> BoxedStrategy<&'static str> {
    prop_oneof![12 => Just(""), 1 => select(vec![" ", "\n", "\t", "\r\n", "  "]), ].boxed()
}

/// JSON text of any shape.
pub(crate) fn json_text() -> BoxedStrategy<Vec<u8>> {
    let leaf = prop_oneof![
        2 => number_text().prop_map(String::into_bytes),
        3 => string_text(),
        1 => select(vec!["true", "false", "null"]).prop_map(|word| word.as_bytes().to_vec()),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        let name = prop_oneof![
            4 => "\"[a-e]{1,2}\"".prop_map(String::into_bytes),
            1 => string_text(),
            1 => select(vec!["\"Aa\"", "\"BB\"", "\"AaAa\"", "\"BBBB\"", "\"AaBB\""]).prop_map(|text| text.as_bytes().to_vec()),
        ];
        let member = (space(), name, space(), space(), inner.clone(), space()).prop_map(|(a, name, b, c, value, d)| {
            [a.as_bytes(), &name, b.as_bytes(), b":", c.as_bytes(), &value, d.as_bytes()].concat()
        });
        let element = (space(), inner, space()).prop_map(|(a, value, b)| [a.as_bytes(), &value, b.as_bytes()].concat());
        prop_oneof![
            vec(element, 0..6).prop_map(|elements| [b"[", elements.join(&b","[..]).as_slice(), b"]"].concat()),
            vec(member, 0..20).prop_map(|members| [b"{", members.join(&b","[..]).as_slice(), b"}"].concat()),
        ]
    })
    .boxed()
}

/// A text with a small fault: a byte changed, taken away, added, or the end cut off.
pub(crate) fn damaged(text: BoxedStrategy<Vec<u8>>) -> BoxedStrategy<Vec<u8>> {
    let byte = prop_oneof![4 => select(b"{}[]\",:\\u0123456789.eE+-truefalsn /*#'\n\0\x1f\x7f\xc3\xe2".to_vec()), 1 => 0..0xf0u8];
    (text, any::<proptest::sample::Index>(), byte, 0..5)
        .prop_map(|(mut text, place, byte, damage)| {
            let place = place.index(text.len().max(1));
            match damage {
                0 if !text.is_empty() => text[place] = byte,
                1 if !text.is_empty() => drop(text.remove(place)),
                2 => text.insert(place.min(text.len()), byte),
                3 => text.truncate(place),
                _ => text.push(byte),
            }
            text
        })
        .boxed()
}

//! What no transform may fall over: expressions that explode, structures without end, fields that are not there.

use std::sync::Arc;

use api::{ConnectorType, Record, Schema, Transformed, Type, Value};
use serde_json::json;

use crate::case::Case;

/// As deep as what a converter reads may be.
const DEPTH: usize = 200;
/// What a task runs on.
const STACK_BYTES: usize = 2 << 20;

fn case(class: &str, config: &[(&str, &str)], schema: Option<Arc<Schema>>, value: Value) -> Case {
    Case {
        class: class.to_owned(),
        config: config.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        connector: ConnectorType::Sink,
        topic: "a".repeat(200),
        key_schema: None,
        value_schema: schema,
        records: vec![Record { value: Some(value), ..Record::default() }],
    }
}

fn outcome(case: &Case) -> String {
    let answer = case.answers().swap_remove(0);
    match answer.get("while").and_then(serde_json::Value::as_str) {
        Some(place) => place.to_owned(),
        None => "changed".to_owned(),
    }
}

/// Runs on the stack of a task.
fn on_a_task(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).unwrap();
    thread.join().unwrap();
}

fn deep_struct(depth: usize) -> (Arc<Schema>, Value) {
    (0..depth).fold((Schema::int32(), Value::Int(1)), |(schema, value), _| {
        (Schema::structure().field("f", schema).build(), Value::Struct(Box::new([value])))
    })
}

fn deep_map(depth: usize) -> Value {
    (0..depth).fold(Value::Int(1), |value, _| Value::Map(vec![(Value::from("f"), value)]))
}

/// The name of the topic is 200 times the letter a.
#[test]
fn an_expression_that_explodes_rejects_the_record() {
    for pattern in [r"(?=(a+)+$b)a*", r"(a*)*\1b", r"(?:(a|aa)+)\1+b", r"((a?){40}a{40})+\1b"] {
        let config = [("regex", pattern), ("replacement", "x")];
        let case = case("RegexRouter", &config, None, Value::Int(1));
        let answer = case.answers().swap_remove(0);
        assert_eq!(answer["while"], json!("apply"), "{pattern}");
        assert_eq!(answer["message"], json!("the match of a regular expression takes too long"));
    }
    for pattern in [r"(a+)+b", r"(a*)*b", r"(a|a)*b"] {
        let config = [("regex", pattern), ("replacement", "x")];
        assert_eq!(outcome(&case("RegexRouter", &config, None, Value::Int(1))), "changed", "{pattern}");
    }
}

#[test]
fn an_expression_without_measure_is_an_error_of_the_configuration() {
    on_a_task(|| {
        let nested = ["(".repeat(100_000), "a".to_owned(), ")".repeat(100_000)].concat();
        let open = "(".repeat(100_000);
        let classes = "[".repeat(100_000);
        for pattern in [r"((\w{1000}){1000}){1000}", &nested, &open, &classes, "(?<n", "*", r"\p{Nothing}"] {
            let config = [("regex", pattern), ("replacement", "x")];
            let start = &pattern[..pattern.len().min(40)];
            assert_eq!(outcome(&case("RegexRouter", &config, None, Value::Int(1))), "configure", "{start}");
            let config = [("pattern", pattern)];
            let predicate = case("predicates.TopicNameMatches", &config, None, Value::Int(1));
            assert_eq!(outcome(&predicate), "configure", "{start}");
        }
    });
}

#[test]
fn deep_structures_are_changed_on_the_stack_of_a_task() {
    on_a_task(|| {
        let (schema, value) = deep_struct(DEPTH);
        let whole = |class: &str, config: &[(&str, &str)]| {
            outcome(&case(class, config, Some(Arc::clone(&schema)), value.clone()))
        };
        assert_eq!(whole("Flatten$Value", &[]), "changed");
        assert_eq!(whole("HoistField$Value", &[("field", "f")]), "changed");
        assert_eq!(whole("ReplaceField$Value", &[("renames", "f:g")]), "changed");
        assert_eq!(whole("Cast$Value", &[("spec", "f:string")]), "apply");
        let path = vec!["f"; DEPTH].join(".");
        assert_eq!(
            whole("ExtractField$Value", &[("field", &path), ("field.syntax.version", "V2")]),
            "changed"
        );
        let schemaless =
            |class: &str, config: &[(&str, &str)]| outcome(&case(class, config, None, deep_map(DEPTH)));
        assert_eq!(schemaless("Flatten$Value", &[]), "changed");
        assert_eq!(schemaless("Cast$Value", &[("spec", "f:string")]), "apply");
        assert_eq!(schemaless("MaskField$Value", &[("fields", "f")]), "changed");
    });
}

/// What Java prints of a value that no converter could have made.
#[test]
fn deep_values_are_printed_and_checked_on_the_stack_of_a_task() {
    on_a_task(|| {
        let (schema, value) = deep_struct(DEPTH);
        let mut out = Vec::new();
        api::java::print(&value, Some(&schema), &mut out);
        assert!(out.starts_with(b"Struct{f=Struct{f="));
        out.clear();
        api::values::print(&value, Some(&schema), &mut out);
        assert!(out.starts_with(b"{\"f\":{\"f\":"));
        schema.validate(&value).unwrap();
        let wrong = Schema::structure().field("f", Schema::string()).build();
        assert!(wrong.validate(&value).is_err());
        assert!(api::values::parse(&"[".repeat(1_000_000)).is_err(), "nested deeper than any stack");
    });
}

#[test]
fn a_schema_without_the_field_rejects_the_record() {
    let schema = Schema::structure().field("a", Schema::of(Type::Int32).build()).build();
    let rejected = |class: &str, config: &[(&str, &str)]| {
        let case = case(class, config, Some(Arc::clone(&schema)), Value::Struct(Box::new([Value::Int(1)])));
        outcome(&case) == "apply"
    };
    assert!(rejected("ExtractField$Value", &[("field", "b")]));
    assert!(rejected("HeaderFrom$Value", &[("fields", "b"), ("headers", "h"), ("operation", "copy")]));
    assert!(rejected("ValueToKey", &[("fields", "b")]));
    assert!(!rejected("MaskField$Value", &[("fields", "b")]));
}

#[test]
fn numbers_beyond_their_type_reject_the_record() {
    for (kind, text) in [
        ("int8", "128"),
        ("int16", "32768"),
        ("int32", "2147483648"),
        ("int64", "9223372036854775808"),
        ("int64", "1.5"),
        ("float64", "1,5"),
    ] {
        let case = case("Cast$Value", &[("spec", kind)], Some(Schema::string()), Value::from(text));
        assert_eq!(outcome(&case), "apply", "{kind} {text}");
    }
}

/// What is rejected leaves a batch whose other records go on.
#[test]
fn the_others_of_a_batch_go_on() {
    let record = |(offset, text): (usize, &str)| Record {
        value: Some(Value::from(text)),
        offset: offset as i64,
        ..Record::default()
    };
    let mut case = case("Cast$Value", &[("spec", "int32")], Some(Schema::string()), Value::Null);
    case.records = ["1", "x", "3"].into_iter().enumerate().map(record).collect();
    let mut registry = api::Registry::default();
    transforms::register(&mut registry);
    let plugin = registry.transforms.iter().find(|plugin| plugin.description().class.ends_with("Cast$Value"));
    let mut transform = plugin.unwrap().configure(&case.config.iter().cloned().collect()).unwrap();
    let mut out = Transformed::default();
    transform.apply(case.batch(), ConnectorType::Sink, &mut out);
    let offsets: Vec<i64> =
        out.batches.iter().flat_map(|batch| &batch.records).map(|record| record.offset).collect();
    assert_eq!(offsets, [0, 2]);
    assert_eq!(out.rejected[0].record.offset, 1);
}

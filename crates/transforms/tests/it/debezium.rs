//! Debezium's `ExtractNewRecordState`: events as Debezium sends them, and some that it never would.

use std::sync::Arc;

use api::{ConnectorType, Header, Headers, Record, Schema, Type, Value, logical};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;

use crate::case::Case;
use crate::generate::{Config, bool_text, config, finished, headers, leaf, present, value, words};
use crate::judge;

const CLASS: &str = "io.debezium.transforms.ExtractNewRecordState";

fn source() -> Arc<Schema> {
    Schema::structure()
        .name("io.debezium.connector.postgresql.Source")
        .field("version", Schema::string())
        .field("ts_ms", Schema::int64())
        .field("snapshot", Schema::of(Type::String).optional().default(Value::from("false")).build())
        .field("lsn", Schema::optional_int64())
        .field("numbers", Schema::array(Schema::int32()).optional().build())
        .build()
}

fn transaction(optional: bool) -> Arc<Schema> {
    let schema = Schema::structure()
        .name("event.block")
        .field("id", Schema::string())
        .field("total_order", Schema::int64());
    if optional { schema.optional().build() } else { schema.build() }
}

/// The schema of events about rows; some lack what they should have.
fn envelope(row: &Arc<Schema>, name: &str, lacking: &str) -> Arc<Schema> {
    let field = |name: &'static str, schema: Arc<Schema>| (name != lacking).then_some((name, schema));
    let fields = [
        field("before", Arc::clone(row)),
        field("after", Arc::clone(row)),
        field("source", source()),
        field("transaction", transaction(true)),
        field("op", Schema::string()),
        field("ts_ms", Schema::optional_int64()),
        field("when", logical::timestamp().optional().build()),
    ];
    let fields = fields.into_iter().flatten();
    fields.fold(Schema::structure().name(name), |start, (name, schema)| start.field(name, schema)).build()
}

/// A row: fields of all types, some of which may be null and some have defaults.
fn row() -> BoxedStrategy<Arc<Schema>> {
    let names = btree_set(select(vec!["id", "name", "topic", "note", "__op", "a.b"]), 0..6);
    let fields = names.prop_flat_map(|names| {
        let name = finished(Just(Schema::of(Type::String)).boxed());
        let schemas: Vec<_> = names
            .iter()
            .map(|known| if *known == "name" { name.clone() } else { finished(leaf()) })
            .collect();
        (Just(names), schemas)
    });
    let structure = (fields, any::<bool>()).prop_map(|((names, schemas), named)| {
        let mut start = Schema::structure().optional();
        if named {
            start = start.name("db.table.Value").version(2).doc("rows").parameter("k", "v");
        }
        names.into_iter().zip(schemas).fold(start, |start, (name, schema)| start.field(name, schema)).build()
    });
    prop_oneof![12 => structure, 1 => Just(Schema::optional_string())].boxed()
}

fn event(envelope: &Arc<Schema>) -> BoxedStrategy<Value> {
    let field = |field: &api::Field| match &*field.name {
        "before" | "after" => prop_oneof![1 => Just(Value::Null), 2 => present(&field.schema)].boxed(),
        "op" => select(vec!["c", "u", "d", "r", "t"]).prop_map(Value::from).boxed(),
        _ if field.schema.kind == Type::Struct && !field.schema.optional => {
            let fields: Vec<_> = field.schema.fields.iter().map(|known| or_null(&known.schema)).collect();
            fields.prop_map(|values| Value::Struct(values.into())).boxed()
        }
        _ => or_null(&field.schema),
    };
    let fields: Vec<_> = envelope.fields.iter().map(field).collect();
    fields.prop_map(|values| Value::Struct(values.into())).boxed()
}

fn or_null(schema: &Arc<Schema>) -> BoxedStrategy<Value> {
    if schema.optional { value(schema) } else { present(schema) }
}

fn key() -> BoxedStrategy<(Option<Arc<Schema>>, Option<Value>)> {
    let schema = Schema::structure()
        .name("db.table.Key")
        .field("id", Schema::int32())
        .field("name", Schema::optional_string())
        .field("note", Schema::of(Type::String).optional().default(Value::from("x")).build())
        .build();
    let values = (0i64..9, option::of("[a-z]{1,3}"), option::of("[a-z]{1,3}"));
    let text = |text: Option<String>| text.map_or(Value::Null, |text| Value::from(text.as_str()));
    let key = values.prop_map(move |(id, name, note)| {
        let key = Value::Struct(Box::new([Value::Int(id), text(name), text(note)]));
        (Some(Arc::clone(&schema)), Some(key))
    });
    prop_oneof![
        6 => key,
        1 => Just((None, None)),
        1 => Just((Some(Schema::string()), Some(Value::from("k")))),
        1 => Just((None, Some(Value::Map(vec![(Value::from("id"), Value::Int(1)), (Value::from("note"), Value::Null)])))),
    ]
    .boxed()
}

/// Headers, of which one may name fields to be dropped.
fn more_headers() -> BoxedStrategy<Headers> {
    let names = vec(select(vec!["id", "name", "note", "__deleted", "__op", "no"]), 0..4);
    let list = names.prop_map(|names| Value::Array(names.into_iter().map(Value::from).collect()));
    let value = prop_oneof![6 => list, 1 => Just(Value::Null), 1 => Just(Value::from("name"))];
    (headers(), option::weighted(0.7, value))
        .prop_map(|(headers, dropped)| {
            let mut all = headers;
            if let Some(value) = dropped {
                let schema = match &value {
                    Value::Text(_) => Schema::string(),
                    _ => Schema::array(Schema::string()).optional().build(),
                };
                all.push(Header { key: "drop".into(), schema: Some(schema), value });
            }
            all
        })
        .boxed()
}

fn case(config: Config, schema: Option<Arc<Schema>>, records: Vec<Record>, key: Option<Arc<Schema>>) -> Case {
    Case {
        class: CLASS.to_owned(),
        config,
        connector: ConnectorType::Source,
        topic: "db.table".to_owned(),
        key_schema: key,
        value_schema: schema,
        records,
    }
}

fn compare(config: BoxedStrategy<Config>) {
    let name = select(vec!["db.table.Envelope", "db.table.Envelope", "db.table.Envelope", "db.table.Value"]);
    let lacking = select(vec!["", "", "", "", "", "", "before", "after", "source", "op", "transaction"]);
    let schema = (row(), name, lacking).prop_map(|(row, name, lacking)| envelope(&row, name, lacking));
    let events = schema.prop_flat_map(|schema| {
        let value = prop_oneof![1 => Just(None), 9 => event(&schema).prop_map(Some)];
        (Just(schema), vec((value, more_headers()), 1..5))
    });
    judge::compare((config, events, key()).prop_map(|(config, (schema, values), (key_schema, key))| {
        let record = |(place, (value, headers)): (usize, (Option<Value>, Headers))| Record {
            key: key.clone(),
            value,
            headers,
            timestamp_ms: Some(1_700_000_000_000),
            partition: Some(0),
            offset: place as i64,
        };
        let records = values.into_iter().enumerate().map(record).collect();
        case(config, Some(schema), records, key_schema)
    }));
}

fn fields() -> BoxedStrategy<String> {
    let one = words(&[
        "op",
        "ts_ms",
        "source.ts_ms",
        "version:VERSION",
        "lsn",
        "numbers",
        "id",
        "transaction.total_order",
        "total_order:order",
        "when",
        "op:__deleted",
        "no",
        "op:name",
        "source.no",
    ]);
    let odd =
        words(&["", ",", "op,", ",op", "a:b:c", ":", ".", "before.name", "after.id:x", "ghost.id", " op "]);
    prop_oneof![9 => vec(one, 1..4).prop_map(|names| names.join(",")), 2 => odd].boxed()
}

fn keys() -> Vec<(&'static str, f64, BoxedStrategy<String>)> {
    vec![
        ("route.by.field", 0.15, words(&["name", "", "id", "topic", "__deleted"])),
        ("add.fields", 0.5, fields()),
        ("add.fields.prefix", 0.2, words(&["", "p."])),
        ("add.headers", 0.4, fields()),
        ("add.headers.prefix", 0.2, words(&["", "h."])),
        (
            "drop.fields.from.key",
            0.5,
            words(&["true", "false", "TRUE", "true", "false", "true", "false", "true", "x"]),
        ),
        ("drop.fields.keep.schema.compatible", 0.5, bool_text()),
    ]
}

fn current(modes: &[&'static str], drop_header: &'static str) -> BoxedStrategy<Config> {
    let mut keys = keys();
    keys.push(("delete.tombstone.handling.mode", 0.9, words(modes)));
    keys.push(("drop.fields.header.name", 0.95, words(&[drop_header])));
    keys.push(("replace.null.with.default", 0.3, words(&["true", "false", "x"])));
    config(keys)
}

const MODES: [&str; 8] = [
    "drop",
    "tombstone",
    "rewrite",
    "REWRITE-with-tombstone ",
    "tombstone",
    "rewrite",
    "rewrite-with-tombstone",
    "nothing",
];

#[test]
fn extract_new_record_state() {
    compare(current(&MODES, " "));
}

#[test]
fn extract_new_record_state_that_drops_fields() {
    compare(current(&MODES[..7], "drop"));
}

/// Without dropped fields, which Java cannot do where a deletion has no schema any more.
#[test]
fn extract_new_record_state_with_bare_tombstones() {
    compare(current(&["delete-to-tombstone"], " "));
}

#[test]
fn extract_new_record_state_with_older_keys() {
    let mut keys = keys();
    keys.push(("drop.fields.header.name", 0.5, words(&["drop"])));
    keys.push(("delete.handling.mode", 0.95, words(&["drop", "none", "rewrite", "Rewrite"])));
    keys.push(("drop.tombstones", 0.9, bool_text()));
    let old = config(keys).prop_filter("one of the older keys", |config| {
        config.iter().any(|(key, _)| key == "delete.handling.mode" || key == "drop.tombstones")
    });
    compare(old.boxed());
}

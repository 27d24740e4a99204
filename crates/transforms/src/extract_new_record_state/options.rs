//! The configuration, in the words of Debezium.

use api::config::{
    Definition, Importance, Key, Parsed, Problem, Problems, Properties, Type, Validator, Values, Width,
};
use api::{Header, Text, Value};

use super::reference::Reference;

const MODE: &str = "delete.tombstone.handling.mode";
const ROUTE: &str = "route.by.field";
const FIELDS: &str = "add.fields";
const FIELDS_PREFIX: &str = "add.fields.prefix";
const HEADERS: &str = "add.headers";
const HEADERS_PREFIX: &str = "add.headers.prefix";
const DROP_HEADER: &str = "drop.fields.header.name";
const DROP_FROM_KEY: &str = "drop.fields.from.key";
const DROP_COMPATIBLE: &str = "drop.fields.keep.schema.compatible";
const OLD_DELETES: &str = "delete.handling.mode";
const OLD_TOMBSTONES: &str = "drop.tombstones";

const MODES: [&str; 5] = ["drop", "tombstone", "rewrite", "rewrite-with-tombstone", "delete-to-tombstone"];
const OLD_MODES: [&str; 3] = ["drop", "rewrite", "none"];

/// What becomes of a deletion.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Deletes {
    /// Nothing.
    Drop,
    /// A null that has the schema of the row.
    Tombstone,
    /// The row as it was, with `__deleted`, which rows that are there get as well.
    Rewrite,
    /// A null without schema.
    ToTombstone,
}

/// The configuration of the transform.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) deletes: Deletes,
    /// Whether records without value go on.
    pub(super) tombstones_pass: bool,
    /// The field whose text is the topic.
    pub(super) route: Option<String>,
    pub(super) fields: Vec<Reference>,
    pub(super) headers: Vec<Reference>,
    /// The header that names the fields to be dropped.
    drop_header: Option<String>,
    pub(super) drop_from_key: bool,
    /// Whether only fields are dropped that may be null.
    pub(super) drop_compatible: bool,
    /// Whether a null becomes the default where `__deleted` is added.
    pub(super) replace_null: bool,
}

impl Options {
    pub(super) fn parse(properties: &Properties) -> Result<Self, Problems> {
        let values = definition().extend(old_definition()).parse(properties)?;
        let (deletes, tombstones_pass) = handling(&values, properties);
        let text = |key| values.string(key).filter(|text| !text.trim().is_empty()).map(str::to_owned);
        let references = |key: &str, prefix| {
            let text = properties.get(key).map_or("", String::as_str);
            Reference::list(values.string(prefix).unwrap_or_default(), text)
                .map_err(|message| Problems::from(Problem { key: key.to_owned(), message }))
        };
        let replace = properties.get("replace.null.with.default");
        Ok(Self {
            deletes,
            tombstones_pass,
            route: values.string(ROUTE).filter(|field| !field.is_empty()).map(str::to_owned),
            fields: references(FIELDS, FIELDS_PREFIX)?,
            headers: references(HEADERS, HEADERS_PREFIX)?,
            drop_header: text(DROP_HEADER),
            drop_from_key: values.boolean(DROP_FROM_KEY).unwrap_or(false),
            drop_compatible: values.boolean(DROP_COMPATIBLE).unwrap_or(true),
            replace_null: replace.is_none_or(|text| !text.trim().eq_ignore_ascii_case("false")),
        })
    }

    /// Whether `__deleted` is added to rows.
    pub(super) fn rewrites(&self) -> bool {
        self.deletes == Deletes::Rewrite
    }

    /// The names of the fields that a record's headers want to be dropped.
    ///
    /// # Errors
    /// The header is no list.
    pub(super) fn dropped<'a>(
        &self,
        headers: impl IntoIterator<Item = &'a Header>,
    ) -> Result<Vec<Text>, String> {
        let Some(name) = &self.drop_header else { return Ok(Vec::new()) };
        let header = headers.into_iter().find(|header| *header.key == **name);
        match header.map(|header| &header.value) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(names)) => {
                let text = |name: &Value| match name {
                    Value::Text(name) => Some(name.clone()),
                    _ => None,
                };
                Ok(names.iter().filter_map(text).collect())
            }
            Some(other) => Err(format!("expected a list in header `{name}`, got {}", other.kind())),
        }
    }
}

/// What becomes of deletions, and whether tombstones go on: by the key of Debezium 3, or those of Debezium 2.
fn handling(values: &Values, properties: &Properties) -> (Deletes, bool) {
    let lower = |key| values.string(key).unwrap_or_default().trim().to_lowercase();
    let old = [OLD_DELETES, OLD_TOMBSTONES].iter().any(|key| properties.contains_key(*key));
    if old && !properties.contains_key(MODE) {
        let deletes = match lower(OLD_DELETES).as_str() {
            "none" => Deletes::Tombstone,
            "rewrite" => Deletes::Rewrite,
            _ => Deletes::Drop,
        };
        return (deletes, !values.boolean(OLD_TOMBSTONES).unwrap_or(true));
    }
    match lower(MODE).as_str() {
        "drop" => (Deletes::Drop, false),
        "rewrite" => (Deletes::Rewrite, false),
        "rewrite-with-tombstone" => (Deletes::Rewrite, true),
        "delete-to-tombstone" => (Deletes::ToTombstone, false),
        _ => (Deletes::Tombstone, false),
    }
}

/// One of some words, in any case and with blanks around it, in Debezium's words.
fn one_of(words: &'static [&'static str]) -> Validator {
    Validator::new("", |key, value| match value {
        Parsed::String(text) if words.contains(&text.trim().to_lowercase().as_str()) => Ok(()),
        other => {
            let words = words.join(", ");
            Err(format!("Invalid value {other} for configuration {key}: Value must be one of {words}"))
        }
    })
}

/// The keys, as Debezium 3.7 shows them.
pub(super) fn definition() -> Definition {
    let text = |name: &'static str, default: &'static str, width, title: &'static str| {
        let key = Key::new(name, Type::String).default(default).importance(Importance::Low);
        key.width(width).display_name(title)
    };
    let list = |name: &'static str, title: &'static str| {
        let key = Key::new(name, Type::List).default("").importance(Importance::Low);
        key.width(Width::Long).display_name(title)
    };
    let flag = |name: &'static str, default: &'static str, title: &'static str| {
        let key = Key::new(name, Type::Boolean).default(default).importance(Importance::Low);
        key.width(Width::Short).display_name(title)
    };
    let example = "Example: 'version,connector,source.ts_ms' would add __version, __connector and __source_ts_ms \
                   fields. Optionally one can also map new field name like version:VERSION,connector:CONNECTOR,\
                   source.ts_ms:EVENT_TIMESTAMP.Please note that the new field name is case-sensitive.";
    let keys = [
        Key::new(MODE, Type::String)
            .default("tombstone")
            .importance(Importance::Medium)
            .validator(one_of(&MODES))
            .width(Width::Medium)
            .display_name("Handle delete and tombstone records")
            .documentation(MODE_WORDS),
        text(ROUTE, "", Width::Long, "Route by field name").documentation(
            "The column which determines how the events will be routed, the value will replace the topic name.",
        ),
        text(FIELDS_PREFIX, "__", Width::Short, "Field prefix to be added to each field.")
            .documentation("Adds this prefix to each field listed."),
        list(FIELDS, "Adds the specified field(s) to the message if they exist.").documentation(
            ["Adds each field listed, prefixed with __ (or __<struct>_ if the struct is specified). ", example]
                .concat(),
        ),
        text(HEADERS_PREFIX, "__", Width::Short, "Header prefix to be added to each header.")
            .documentation("Adds this prefix listed to each header."),
        list(HEADERS, "Adds the specified fields to the header if they exist.").documentation(
            [
                "Adds each field listed to the header,  __ (or __<struct>_ if the struct is specified). ",
                example,
            ]
            .concat(),
        ),
        Key::new(DROP_HEADER, Type::String)
            .nullable()
            .importance(Importance::Low)
            .width(Width::Short)
            .display_name("Specifies a header that contains a list of field names to be removed")
            .documentation(
                "Specifies the name of a header that contains a list of fields to be removed from the event value.",
            ),
        flag(
            DROP_FROM_KEY,
            "false",
            "Specifies whether the fields to be dropped should also be omitted from the key",
        )
        .documentation(
            "Specifies whether to apply the drop fields behavior to the event key as well as the value. Default \
             behavior is to only remove fields from the event value, not the key.",
        ),
        flag(
            DROP_COMPATIBLE,
            "true",
            "Specifies if fields are dropped, will the event's schemas be compatible",
        )
        .documentation(
            "Controls the output event's schema compatibility when using the drop fields feature. `true`: dropped \
             fields are removed if the schema indicates its optional leaving the schemas unchanged, `false`: dropped \
             fields are removed from the key/value schemas, regardless of optionality.",
        ),
    ];
    // Debezium counts the keys of every group from one, those without a group as well.
    keys.into_iter().map(|key| Key { order_in_group: 1, ..key }).collect()
}

const MODE_WORDS: &str = "How to handle delete records. Options are: \
    drop - Remove the delete event and tombstone from the stream.\
    tombstone (default) - For each delete event, leave only a tombstone in the stream.\
    rewrite - Remove tombstone from the record, and add a `__deleted` field with the value `true`.\
    rewrite-with-tombstone - Retain tombstone in record and add a `__deleted` field with the value `true`.\
    delete-to-tombstone - Convert delete events to tombstone events and drop tombstone events.";

/// The keys of Debezium 2 that Debezium 3 no longer has.
fn old_definition() -> Definition {
    let keys = [
        Key::new(OLD_DELETES, Type::String).default("drop").validator(one_of(&OLD_MODES)),
        Key::new(OLD_TOMBSTONES, Type::Boolean).default("true"),
    ];
    keys.into_iter().collect()
}

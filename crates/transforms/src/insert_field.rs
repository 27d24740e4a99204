//! `InsertField`: fields with the topic, partition, offset or timestamp of a record, or with a text.

use std::sync::Arc;

use api::config::{Importance, Key, Problem, Problems, Type, Values};
use api::{ConnectorType, Schema, Text, Transform, Value, logical};

use crate::class::{Side, classes, replace_null, replace_null_key};
use crate::field::{Nulls, build, require_map, require_struct, require_struct_schema, with_basics};
use crate::plan::{Change, Changer, Origin};
use crate::schemaless;

classes!("InsertField", keys, configure);

const PURPOSE: &str = "field insertion";

/// What a key of the configuration inserts, in the order of the new fields.
const INSERTS: [(&str, What, &str); 5] = [
    ("topic.field", What::Topic, "Field name for Kafka topic. "),
    ("partition.field", What::Partition, "Field name for Kafka partition. "),
    ("offset.field", What::Offset, "Field name for Kafka offset - only applicable to sink connectors.<br/>"),
    ("timestamp.field", What::Timestamp, "Field name for record timestamp. "),
    ("static.field", What::Static, "Field name for static data field. "),
];

const OPTIONALITY: &str = "Suffix with <code>!</code> to make this a required field, or <code>?</code> to keep it \
                           optional (the default).";

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum What {
    Topic,
    Partition,
    Offset,
    Timestamp,
    Static,
}

fn keys() -> Vec<Key> {
    let text = |name: &'static str, documentation: String| {
        let key = Key::new(name, Type::String).nullable().importance(Importance::Medium);
        key.documentation(documentation)
    };
    let mut keys: Vec<Key> =
        INSERTS.iter().map(|(name, _, words)| text(name, [*words, OPTIONALITY].concat())).collect();
    keys.push(text("static.value", "Static field value, if field name configured.".to_owned()));
    keys.push(replace_null_key());
    keys
}

fn configure(values: &Values, side: Side) -> Result<Box<dyn Transform>, Problems> {
    let problem = |key: &str, message: String| Problems::from(Problem { key: key.to_owned(), message });
    let spec = |(key, what, _): &(&str, What, &str)| Some(Insert::parse(values.string(key)?, *what));
    let inserts: Vec<Insert> = INSERTS.iter().filter_map(spec).collect();
    if inserts.is_empty() {
        return Err(problem("topic.field", "No field insertion configured".to_owned()));
    }
    let constant = values.string("static.value").map(Text::from);
    if let (Some(insert), None) = (inserts.iter().find(|insert| insert.what == What::Static), &constant) {
        let reason = format!("No value specified for static field: {}", insert.name);
        return Err(Problem::invalid("static.value", "null", reason).into());
    }
    Ok(Box::new(Changer::new(side, InsertField { inserts, constant, replace: replace_null(values) })))
}

/// A field to be inserted.
struct Insert {
    name: Text,
    what: What,
    optional: bool,
}

impl Insert {
    fn parse(spec: &str, what: What) -> Self {
        let optional = !spec.ends_with('!');
        Self { name: spec.strip_suffix(['!', '?']).unwrap_or(spec).into(), what, optional }
    }

    fn schema(&self) -> Arc<Schema> {
        match (self.what, self.optional) {
            (What::Topic | What::Static, true) => Schema::optional_string(),
            (What::Topic | What::Static, false) => Schema::string(),
            (What::Partition, true) => Schema::optional_int32(),
            (What::Partition, false) => Schema::int32(),
            (What::Offset, true) => Schema::optional_int64(),
            (What::Offset, false) => Schema::int64(),
            (What::Timestamp, true) => logical::timestamp().optional().build(),
            (What::Timestamp, false) => logical::timestamp().build(),
        }
    }
}

struct InsertField {
    inserts: Vec<Insert>,
    constant: Option<Text>,
    replace: bool,
}

impl InsertField {
    /// The value to be inserted; `None`: the record has none.
    fn value(&self, what: What, origin: &Origin<'_>) -> Option<Value> {
        match what {
            What::Topic => Some(Value::Text(origin.topic.clone())),
            What::Partition => origin.partition.map(|partition| Value::Int(partition.into())),
            What::Offset => Some(Value::Int(origin.offset)),
            What::Timestamp => origin.timestamp_ms.map(Value::Int),
            What::Static => self.constant.clone().map(Value::Text),
        }
    }

    fn check(&self, origin: &Origin<'_>) -> Result<(), String> {
        let offset = self.inserts.iter().any(|insert| insert.what == What::Offset);
        if offset && origin.connector == ConnectorType::Source {
            return Err(format!(
                "Only SinkRecord supported for [{PURPOSE}], found: org.apache.kafka.connect.source.SourceRecord"
            ));
        }
        Ok(())
    }
}

impl Change for InsertField {
    type Plan = Nulls;

    const NULL_PASSES: bool = true;

    fn plan(&self, schema: &Arc<Schema>) -> Result<(Option<Arc<Schema>>, Nulls), String> {
        require_struct_schema(schema, PURPOSE)?;
        let builder = with_basics(schema, Schema::structure());
        let builder = schema
            .fields
            .iter()
            .fold(builder, |builder, field| builder.field(&field.name, Arc::clone(&field.schema)));
        let builder =
            self.inserts.iter().fold(builder, |builder, insert| builder.field(&insert.name, insert.schema()));
        Ok((Some(build(builder)?), Nulls::of(schema, self.replace)))
    }

    fn structured(&self, plan: &Nulls, value: &mut Value, origin: &mut Origin<'_>) -> Result<(), String> {
        let values = require_struct(value, PURPOSE)?;
        self.check(origin)?;
        plan.settle(values)?;
        let mut grown = Vec::with_capacity(values.len() + self.inserts.len());
        let mut old = std::mem::take(values).into_vec();
        grown.append(&mut old);
        origin.memory.spent.push(old);
        for insert in &self.inserts {
            grown.push(self.value(insert.what, origin).unwrap_or_default());
        }
        *values = grown.into();
        Ok(())
    }

    fn schemaless(&self, value: &mut Value, origin: &mut Origin<'_>) -> Result<(), String> {
        let entries = require_map(value, PURPOSE)?;
        self.check(origin)?;
        let size = schemaless::copy_size(entries.len());
        for insert in &self.inserts {
            if let Some(value) = self.value(insert.what, origin) {
                schemaless::put(entries, &insert.name, value);
            }
        }
        schemaless::arrange(entries, size);
        Ok(())
    }
}

//! `SetSchemaMetadata`: another name or version of the schema.

use std::sync::Arc;

use api::config::{Importance, Key, Problem, Problems, Type, Values};
use api::{Schema, Transform, Type as Kind, Value};

use crate::class::{Side, classes, replace_null, replace_null_key};
use crate::field::Nulls;
use crate::plan::{Change, Changer, Origin};

classes!("SetSchemaMetadata", keys, configure);

fn keys() -> Vec<Key> {
    let key = |name: &'static str, kind: Type| Key::new(name, kind).nullable().importance(Importance::High);
    vec![
        key("schema.name", Type::String).documentation("Schema name to set."),
        key("schema.version", Type::Int).documentation("Schema version to set."),
        replace_null_key(),
    ]
}

fn configure(values: &Values, side: Side) -> Result<Box<dyn Transform>, Problems> {
    let name = values.string("schema.name").map(Into::into);
    let version = values.int("schema.version");
    if name.is_none() && version.is_none() {
        let message = "Neither schema name nor version configured".to_owned();
        return Err(Problem { key: "schema.name".to_owned(), message }.into());
    }
    let change = SetSchemaMetadata { name, version, replace: replace_null(values) };
    Ok(Box::new(Changer::new(side, change)))
}

struct SetSchemaMetadata {
    name: Option<Box<str>>,
    version: Option<i32>,
    replace: bool,
}

impl Change for SetSchemaMetadata {
    type Plan = Nulls;

    const NULL_PASSES: bool = false;

    fn plan(&self, schema: &Arc<Schema>) -> Result<(Option<Arc<Schema>>, Nulls), String> {
        if schema.kind != Kind::Struct {
            // Kafka's class asks every schema for its fields.
            return Err("Cannot list fields on non-struct type".to_owned());
        }
        let mut changed = (**schema).clone();
        changed.name = self.name.clone().or(changed.name);
        changed.version = self.version.or(changed.version);
        Ok((Some(Arc::new(changed)), Nulls::of(schema, self.replace)))
    }

    fn structured(&self, plan: &Nulls, value: &mut Value, _: &mut Origin<'_>) -> Result<(), String> {
        match value {
            Value::Struct(values) => plan.settle(values),
            _ => Ok(()),
        }
    }

    fn schemaless(&self, value: &mut Value, _: &mut Origin<'_>) -> Result<(), String> {
        if value.is_null() {
            return Ok(());
        }
        Err("Schema required for [updating schema metadata]".to_owned())
    }
}

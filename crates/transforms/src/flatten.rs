//! `Flatten`: the fields of structs and maps within others as fields of one.

use std::sync::Arc;

use api::config::{Importance, Key, Problems, Type, Values};
use api::{Schema, SchemaBuilder, Text, Transform, Type as Kind, Value};

use crate::class::{Side, classes};
use crate::field::{build, get, null_error, require_map, require_struct, require_struct_schema, with_basics};
use crate::plan::{Change, Changer, Origin};
use crate::schemaless;

classes!("Flatten", keys, configure);

const PURPOSE: &str = "flattening";

fn keys() -> Vec<Key> {
    let delimiter =
        Key::new("delimiter", Type::String).default(".").importance(Importance::Medium).documentation(
            "Delimiter to insert between field names from the input record when generating field names for the output \
             record",
        );
    vec![delimiter]
}

fn configure(values: &Values, side: Side) -> Result<Box<dyn Transform>, Problems> {
    let delimiter = values.string("delimiter").unwrap_or(".").to_owned();
    Ok(Box::new(Changer::new(side, Flatten { delimiter })))
}

struct Flatten {
    delimiter: String,
}

/// A field of the source, in order of depth first.
enum Step {
    /// It becomes a field.
    Leaf(Leaf),
    /// Its fields become fields; with it missing, all of them are null: their count.
    Struct(Vec<Step>, usize),
}

struct Leaf {
    schema: Arc<Schema>,
    /// What is wrong with a null.
    null_error: Option<String>,
}

impl Flatten {
    fn name(&self, prefix: &str, name: &str) -> String {
        if prefix.is_empty() { name.to_owned() } else { [prefix, &self.delimiter, name].concat() }
    }

    fn steps(
        &self,
        schema: &Schema,
        parent: &Parent<'_>,
        builder: &mut SchemaBuilder,
    ) -> Result<Vec<Step>, String> {
        let mut steps = Vec::with_capacity(schema.fields.len());
        for (index, field) in schema.fields.iter().enumerate() {
            let name = self.name(parent.prefix, &field.name);
            let optional = parent.optional || field.schema.optional;
            let default = parent.default_of(index, &field.schema);
            steps.push(match field.schema.kind {
                Kind::Struct => {
                    let parent = Parent { prefix: &name, optional, default };
                    let steps = self.steps(&field.schema, &parent, builder)?;
                    let count = steps.iter().map(Step::count).sum();
                    Step::Struct(steps, count)
                }
                Kind::Map => {
                    return Err(format!(
                        "Flatten transformation does not support MAP for record with schemas (for field {name})."
                    ));
                }
                _ => {
                    let schema = leaf_schema(&field.schema, optional, default)?;
                    let null_error = (!schema.optional).then(|| null_error(&name, &schema));
                    *builder = builder.clone().field(&name, schema);
                    Step::Leaf(Leaf { schema: Arc::clone(&field.schema), null_error })
                }
            });
        }
        Ok(steps)
    }
}

/// What a field has from those around it.
struct Parent<'a> {
    prefix: &'a str,
    optional: bool,
    default: Option<&'a Value>,
}

impl<'a> Parent<'a> {
    /// The default of a field: its own, or what the default around it has there.
    fn default_of(&self, index: usize, schema: &'a Schema) -> Option<&'a Value> {
        let own = schema.default.as_ref().filter(|default| !default.is_null());
        own.or_else(|| match self.default? {
            Value::Struct(values) => values.get(index).filter(|value| !value.is_null()),
            _ => None,
        })
    }
}

fn leaf_schema(schema: &Schema, optional: bool, default: Option<&Value>) -> Result<Arc<Schema>, String> {
    let start = match (&schema.value, schema.kind) {
        (Some(element), Kind::Array) => Schema::array(Arc::clone(element)),
        _ => Schema::of(schema.kind),
    };
    let mut builder = with_basics(schema, start);
    if optional {
        builder = builder.optional();
    }
    if let Some(default) = default {
        builder = builder.default(default.clone());
    }
    build(builder)
}

impl Step {
    fn count(&self) -> usize {
        match self {
            Self::Leaf(_) => 1,
            Self::Struct(_, count) => *count,
        }
    }
}

/// Checks that no null is where there has to be a value.
fn check(steps: &[Step], values: &[Value]) -> Result<(), String> {
    for (step, value) in steps.iter().zip(values) {
        match (step, value) {
            (Step::Leaf(Leaf { null_error: Some(error), schema }), value)
                if get(value, schema, true).is_null() =>
            {
                return Err(error.clone());
            }
            (Step::Struct(steps, _), Value::Struct(values)) => check(steps, values)?,
            _ => {}
        }
    }
    Ok(())
}

fn spread(steps: &[Step], values: Box<[Value]>, out: &mut Vec<Value>) {
    for (step, value) in steps.iter().zip(values) {
        match (step, value) {
            (Step::Leaf(leaf), Value::Null) => out.push(leaf.schema.default.clone().unwrap_or_default()),
            (Step::Leaf(_), value) => out.push(value),
            (Step::Struct(steps, _), Value::Struct(values)) => spread(steps, values, out),
            (Step::Struct(_, count), _) => out.extend((0..*count).map(|_| Value::Null)),
        }
    }
}

impl Change for Flatten {
    type Plan = (Vec<Step>, usize);

    const NULL_PASSES: bool = true;

    fn plan(&self, schema: &Arc<Schema>) -> Result<(Option<Arc<Schema>>, Self::Plan), String> {
        require_struct_schema(schema, PURPOSE)?;
        let mut builder = with_basics(schema, Schema::structure());
        let parent = Parent { prefix: "", optional: schema.optional, default: schema.default.as_ref() };
        let steps = self.steps(schema, &parent, &mut builder)?;
        let changed = build(builder)?;
        let count = changed.fields.len();
        Ok((Some(changed), (steps, count)))
    }

    fn structured(
        &self,
        (steps, count): &Self::Plan,
        value: &mut Value,
        _: &mut Origin<'_>,
    ) -> Result<(), String> {
        let values = require_struct(value, PURPOSE)?;
        check(steps, values)?;
        if *count == steps.len() && steps.iter().all(|step| matches!(step, Step::Leaf(_))) {
            for (value, step) in values.iter_mut().zip(steps).filter(|(value, _)| value.is_null()) {
                if let Step::Leaf(leaf) = step {
                    *value = leaf.schema.default.clone().unwrap_or_default();
                }
            }
            return Ok(());
        }
        let mut out = Vec::with_capacity(*count);
        spread(steps, std::mem::take(values), &mut out);
        *values = out.into();
        Ok(())
    }

    fn schemaless(&self, value: &mut Value, _: &mut Origin<'_>) -> Result<(), String> {
        let entries = require_map(value, PURPOSE)?;
        check_map(entries)?;
        let mut out = Vec::with_capacity(entries.len());
        self.spread_map(std::mem::take(entries), "", &mut out);
        *entries = out;
        Ok(())
    }
}

fn check_map(entries: &[(Value, Value)]) -> Result<(), String> {
    for (key, value) in entries {
        if !matches!(key, Value::Text(_)) {
            return Err(format!("expected a map whose keys are text, got {}", key.kind()));
        }
        match value {
            Value::Map(entries) => check_map(entries)?,
            Value::Decimal(_) => {
                return Err(
                    "Flatten transformation was passed a value of type class java.math.BigDecimal which is \
                            not supported by Connect's data API"
                        .to_owned(),
                );
            }
            _ => {}
        }
    }
    Ok(())
}

impl Flatten {
    fn spread_map(&self, entries: Vec<(Value, Value)>, prefix: &str, out: &mut Vec<(Value, Value)>) {
        for (key, value) in entries {
            let Value::Text(key) = key else { continue };
            let name = if prefix.is_empty() { key } else { Text::from(self.name(prefix, &key)) };
            match value {
                Value::Map(entries) => self.spread_map(entries, &name, out),
                value => schemaless::put(out, &name, value),
            }
        }
    }
}

//! `MaskField`: what is empty, or a replacement, instead of the values of fields.

use std::sync::Arc;

use api::config::{Importance, Key, Problems, Type, Validator, Values};
use api::{Decimal, Schema, Text, Transform, Value};

use crate::class::{Side, classes, filled_list, replace_null, replace_null_key};
use crate::field::{Nulls, get, require_map, require_struct, require_struct_schema};
use crate::java_text::{class_name, decimal_to_double, decimal_to_long};
use crate::plan::{Change, Changer, Origin};
use crate::schemaless;

classes!("MaskField", keys, configure);

const PURPOSE: &str = "mask fields";

fn keys() -> Vec<Key> {
    let fields = Key::new("fields", Type::List)
        .validator(filled_list())
        .importance(Importance::High)
        .documentation("Names of fields to mask.");
    let replacement =
        Key::new("replacement", Type::String).nullable().validator(Validator::non_empty()).documentation(
            "Custom value replacement, that will be applied to all 'fields' values (numeric or non-empty string \
             values only).",
        );
    vec![fields, replacement, replace_null_key()]
}

fn configure(values: &Values, side: Side) -> Result<Box<dyn Transform>, Problems> {
    let mut fields: Vec<Text> = Vec::new();
    for name in values.list("fields") {
        if !fields.iter().any(|known| **known == **name) {
            fields.push(name.as_str().into());
        }
    }
    let size = schemaless::copy_size(fields.len()).max(16);
    schemaless::arrange_names(&mut fields, |name| name, size);
    let change = MaskField {
        fields,
        replacement: values.string("replacement").map(Replacement::new),
        replace: replace_null(values),
    };
    Ok(Box::new(Changer::new(side, change)))
}

struct MaskField {
    fields: Vec<Text>,
    replacement: Option<Replacement>,
    replace: bool,
}

/// The replacement as text and, if it is one, as a number.
struct Replacement {
    text: Text,
    number: Option<Decimal>,
}

impl Replacement {
    fn new(text: &str) -> Self {
        Self { text: text.into(), number: text.parse().ok() }
    }

    #[expect(clippy::cast_possible_truncation, reason = "Java's narrowing")]
    fn of(&self, value: &Value, schema: Option<&Schema>) -> Result<Value, String> {
        let number = || {
            let words = "the replacement cannot be converted to a number";
            self.number.as_ref().ok_or_else(|| words.to_owned())
        };
        Ok(match (value, class_name(value, schema)) {
            (Value::Text(_), _) => Value::Text(self.text.clone()),
            (Value::Int(_), "java.lang.Byte") => Value::Int((decimal_to_long(number()?) as i8).into()),
            (Value::Int(_), "java.lang.Short") => Value::Int((decimal_to_long(number()?) as i16).into()),
            (Value::Int(_), "java.lang.Integer") => Value::Int((decimal_to_long(number()?) as i32).into()),
            (Value::Int(_), "java.lang.Long") => Value::Int(decimal_to_long(number()?)),
            (Value::Float(_), "java.lang.Float") => {
                Value::Float(f64::from(decimal_to_double(number()?) as f32))
            }
            (Value::Float(_), _) => Value::Float(decimal_to_double(number()?)),
            (Value::Decimal(_), _) => Value::Decimal(Box::new(number()?.clone())),
            (_, class) => {
                return Err(format!("Cannot mask value of type class {class} with custom replacement."));
            }
        })
    }
}

/// What Java holds for nothing of the kind of a value.
fn empty(value: &Value) -> Result<Value, String> {
    Ok(match value {
        Value::Null => Value::Null,
        Value::Bool(_) => Value::Bool(false),
        Value::Int(_) => Value::Int(0),
        Value::Float(_) => Value::Float(0.0),
        Value::Text(_) => Value::Text(Text::new()),
        Value::Decimal(_) => Value::Decimal(Box::new(Decimal::new(0, 0))),
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Map(_) => Value::Map(Vec::new()),
        Value::Bytes(_) | Value::Struct(_) => {
            return Err(format!("Cannot mask value of type: class {}", class_name(value, None)));
        }
    })
}

impl MaskField {
    fn mask(&self, value: &Value, schema: Option<&Schema>) -> Result<Value, String> {
        match &self.replacement {
            _ if value.is_null() => Ok(Value::Null),
            Some(replacement) => replacement.of(value, schema),
            None => empty(value),
        }
    }

    fn masks(&self, name: &str) -> bool {
        self.fields.iter().any(|field| **field == *name)
    }
}

struct Plan {
    schema: Arc<Schema>,
    masked: Vec<usize>,
    nulls: Nulls,
}

impl Change for MaskField {
    type Plan = Plan;

    const NULL_PASSES: bool = false;

    fn plan(&self, schema: &Arc<Schema>) -> Result<(Option<Arc<Schema>>, Plan), String> {
        require_struct_schema(schema, PURPOSE)?;
        let fields = schema.fields.iter().enumerate();
        let masked = fields.filter(|(_, field)| self.masks(&field.name)).map(|(index, _)| index).collect();
        let plan = Plan { schema: Arc::clone(schema), masked, nulls: Nulls::of(schema, self.replace) };
        Ok((Some(Arc::clone(schema)), plan))
    }

    fn structured(&self, plan: &Plan, value: &mut Value, origin: &mut Origin<'_>) -> Result<(), String> {
        let values = require_struct(value, PURPOSE)?;
        let fill = plan.nulls.check(values)?;
        // Fields are changed only once all of them can be.
        let mask = |index: &usize| {
            let schema = &plan.schema.fields[*index].schema;
            self.mask(get(&values[*index], schema, self.replace), Some(schema))
        };
        let changed = origin.collect(plan.masked.iter().map(mask))?;
        for (index, changed) in plan.masked.iter().zip(changed) {
            values[*index] = changed;
        }
        if fill {
            plan.nulls.fill(values);
        }
        Ok(())
    }

    fn schemaless(&self, value: &mut Value, origin: &mut Origin<'_>) -> Result<(), String> {
        let entries = require_map(value, PURPOSE)?;
        let size = schemaless::copy_size(entries.len());
        let mask = |name: &Text| self.mask(schemaless::get(entries, name).unwrap_or(&Value::Null), None);
        let changed = origin.collect(self.fields.iter().map(mask))?;
        for (name, changed) in self.fields.iter().zip(changed) {
            schemaless::put(entries, name, changed);
        }
        schemaless::arrange(entries, size);
        Ok(())
    }
}

//! `TimestampConverter`: moments as text, as a number, or as one of the logical types.
//!
//! Without a schema a Date, Time or Timestamp is the number of its milliseconds: Java has a `java.util.Date` there,
//! for which JsonConverter has no JSON.

use std::sync::Arc;

use api::config::{Importance, Key, Problem, Problems, Type, Validator, Values};
use api::{Schema, Text, Transform, Type as Kind, Value, logical};

use crate::class::{Side, classes, replace_null, replace_null_key};
use crate::date_format::DateFormat;
use crate::field::{Nulls, build, get, require_map, require_struct, with_basics};
use crate::java_text::class_name;
use crate::plan::{Change, Changer, Origin};
use crate::schemaless;

classes!("TimestampConverter", keys, configure);

const PURPOSE: &str = "converting timestamp formats";
const TYPES: [(&str, Form); 5] = [
    ("string", Form::Text),
    ("unix", Form::Unix),
    ("Date", Form::Date),
    ("Time", Form::Time),
    ("Timestamp", Form::Timestamp),
];
/// Names of precisions, and how many of each are in a second.
const PRECISIONS: [(&str, i64); 4] =
    [("nanoseconds", 1_000_000_000), ("microseconds", 1_000_000), ("milliseconds", 1000), ("seconds", 1)];

fn keys() -> Vec<Key> {
    let high = |name: &'static str| Key::new(name, Type::String).importance(Importance::High);
    vec![
        high("field").default("").documentation(
            "The field containing the timestamp, or empty if the entire value is a timestamp",
        ),
        high("target.type")
            .validator(Validator::one_of(TYPES.map(|(name, _)| name)))
            .documentation("The desired timestamp representation: string, unix, Date, Time, or Timestamp"),
        Key::new("format", Type::String).default("").importance(Importance::Medium).documentation(
            "A SimpleDateFormat-compatible format for the timestamp. Used to generate the output when type=string or \
             used to parse the input if the input is a string.",
        ),
        Key::new("unix.precision", Type::String)
            .default("milliseconds")
            .validator(Validator::one_of(PRECISIONS.map(|(name, _)| name)))
            .documentation(
                "The desired Unix precision for the timestamp: seconds, milliseconds, microseconds, or nanoseconds. \
                 Used to generate the output when type=unix or used to parse the input if the input is a Long.Note: \
                 This SMT will cause precision loss during conversions from, and to, values with sub-millisecond \
                 components.",
            ),
        replace_null_key(),
    ]
}

fn configure(values: &Values, side: Side) -> Result<Box<dyn Transform>, Problems> {
    let problem = |message: String| Problems::from(Problem { key: "format".to_owned(), message });
    let text = |key| values.string(key).unwrap_or_default();
    let target =
        TYPES.iter().find(|(name, _)| *name == text("target.type")).map_or(Form::Text, |known| known.1);
    let pattern = text("format");
    let format = match pattern.trim().is_empty() {
        true if target == Form::Text => {
            return Err(problem(
                "TimestampConverter requires format option to be specified when using string timestamps".to_owned(),
            ));
        }
        true => None,
        false => Some(DateFormat::new(pattern).map_err(|reason| {
            problem(format!(
                "Invalid value java.lang.IllegalArgumentException: {reason} for configuration TimestampConverter requires a SimpleDateFormat-compatible pattern for string timestamps: {pattern}"
            ))
        })?),
    };
    let precision = PRECISIONS.iter().find(|(name, _)| *name == text("unix.precision"));
    let change = TimestampConverter {
        field: text("field").into(),
        target,
        format,
        pattern: pattern.to_owned(),
        per_second: precision.map_or(1000, |known| known.1),
        replace: replace_null(values),
    };
    Ok(Box::new(Changer::new(side, change)))
}

/// How a moment is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Text,
    Unix,
    Date,
    Time,
    Timestamp,
}

impl Form {
    fn of_schema(schema: &Schema) -> Result<Self, String> {
        match (schema.name.as_deref(), schema.kind) {
            (Some(logical::TIMESTAMP), _) => Ok(Self::Timestamp),
            (Some(logical::DATE), _) => Ok(Self::Date),
            (Some(logical::TIME), _) => Ok(Self::Time),
            (_, Kind::String) => Ok(Self::Text),
            (_, Kind::Int64) => Ok(Self::Unix),
            (name, kind) => {
                let name = name.map_or_else(String::new, |name| format!("{name}:"));
                let kind = kind.name();
                Err(format!(
                    "Schema Schema{{{name}{kind}}} does not correspond to a known timestamp type format"
                ))
            }
        }
    }

    fn of_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Int(_) => Ok(Self::Unix),
            Value::Text(_) => Ok(Self::Text),
            other => Err(format!(
                "TimestampConverter does not support class {} objects as timestamps",
                class_name(other, None)
            )),
        }
    }

    fn schema(self, optional: bool) -> Arc<Schema> {
        let builder = match self {
            Self::Text => Schema::of(Kind::String),
            Self::Unix => Schema::of(Kind::Int64),
            Self::Date => logical::date(),
            Self::Time => logical::time(),
            Self::Timestamp => logical::timestamp(),
        };
        if optional { builder.optional().build() } else { builder.build() }
    }
}

struct TimestampConverter {
    /// The field; empty: the whole value.
    field: Text,
    target: Form,
    format: Option<DateFormat>,
    pattern: String,
    /// How many units of `unix` are in a second.
    per_second: i64,
    replace: bool,
}

impl TimestampConverter {
    /// The milliseconds of a moment.
    fn read(&self, form: Form, value: &Value) -> Result<i64, String> {
        match (form, value) {
            (Form::Text, Value::Text(text)) => {
                let format = self.format.as_ref().ok_or("text needs a `format` to be read")?;
                format.parse(text).ok_or_else(|| {
                    format!("Could not parse timestamp: value does not match pattern ({})", self.pattern)
                })
            }
            (Form::Unix, Value::Int(number)) => Ok(match self.per_second {
                1 => number.saturating_mul(1000),
                units => number / (units / 1000),
            }),
            (Form::Date, Value::Int(days)) => Ok(days.wrapping_mul(logical::MILLIS_PER_DAY)),
            (Form::Time | Form::Timestamp, Value::Int(millis)) => Ok(*millis),
            (_, other) => Err(format!("expected a timestamp, got {}", other.kind())),
        }
    }

    /// A moment as it is wanted; without a schema dates are milliseconds.
    fn write(&self, millis: i64, schemaless: bool) -> Result<Value, String> {
        let day = logical::MILLIS_PER_DAY;
        Ok(match self.target {
            Form::Text => {
                let format = self.format.as_ref().ok_or("text needs a `format` to be written")?;
                Value::Text(format.format(millis).into())
            }
            Form::Unix => Value::Int(match self.per_second {
                1 => millis / 1000,
                units => millis.saturating_mul(units / 1000),
            }),
            Form::Date if schemaless => Value::Int(millis.wrapping_sub(millis.rem_euclid(day))),
            Form::Date => Value::Int(millis.div_euclid(day)),
            Form::Time => Value::Int(millis.rem_euclid(day)),
            Form::Timestamp => Value::Int(millis),
        })
    }

    fn convert(&self, value: &Value, schema: Option<&Schema>) -> Result<Value, String> {
        let form = match schema {
            Some(schema) => Form::of_schema(schema)?,
            None if value.is_null() => return Ok(Value::Null),
            None => Form::of_value(value)?,
        };
        if value.is_null() {
            return Ok(Value::Null);
        }
        self.write(self.read(form, value)?, schema.is_none())
    }

    fn struct_schema(&self, schema: &Schema) -> Result<Arc<Schema>, String> {
        if schema.kind != Kind::Struct {
            return Err("Cannot list fields on non-struct type".to_owned());
        }
        let mut builder = with_basics(schema, Schema::structure());
        for field in &schema.fields {
            let changed = match *field.name == *self.field {
                true => self.target.schema(field.schema.optional),
                false => Arc::clone(&field.schema),
            };
            builder = builder.field(&field.name, changed);
        }
        if schema.optional {
            builder = builder.optional();
        }
        if let (Some(Value::Struct(values)), Some(index)) = (&schema.default, schema.field(&self.field)) {
            let mut values = values.clone();
            values[index] = self.convert(&values[index], Some(&schema.fields[index].schema))?;
            builder = builder.default(Value::Struct(values));
        }
        build(builder)
    }
}

struct Plan {
    schema: Arc<Schema>,
    /// The field to be converted, if the struct has it.
    index: Option<usize>,
    nulls: Nulls,
}

impl Change for TimestampConverter {
    type Plan = Plan;

    const NULL_PASSES: bool = false;

    fn plan(&self, schema: &Arc<Schema>) -> Result<(Option<Arc<Schema>>, Plan), String> {
        let mut plan = Plan { schema: Arc::clone(schema), index: None, nulls: Nulls::default() };
        if self.field.is_empty() {
            Form::of_schema(schema)?;
            return Ok((Some(self.target.schema(schema.optional)), plan));
        }
        let changed = self.struct_schema(schema)?;
        plan.index = schema.field(&self.field);
        for (index, field) in schema.fields.iter().enumerate() {
            let to = &changed.fields[index].schema;
            plan.nulls.watch(index, &field.name, &field.schema, to, self.replace);
        }
        Ok((Some(changed), plan))
    }

    fn structured(&self, plan: &Plan, value: &mut Value, _: &mut Origin<'_>) -> Result<(), String> {
        if value.is_null() {
            return Ok(());
        }
        if self.field.is_empty() {
            *value = self.convert(value, Some(&plan.schema))?;
            return Ok(());
        }
        let values = require_struct(value, PURPOSE)?;
        let fill = plan.nulls.check(values)?;
        if let Some(index) = plan.index {
            let schema = &plan.schema.fields[index].schema;
            values[index] = self.convert(get(&values[index], schema, self.replace), Some(schema))?;
        }
        if fill {
            plan.nulls.fill(values);
        }
        Ok(())
    }

    fn schemaless(&self, value: &mut Value, _: &mut Origin<'_>) -> Result<(), String> {
        if value.is_null() || self.field.is_empty() {
            *value = self.convert(value, None)?;
            return Ok(());
        }
        let entries = require_map(value, PURPOSE)?;
        let changed = self.convert(schemaless::get(entries, &self.field).unwrap_or(&Value::Null), None)?;
        let size = schemaless::copy_size(entries.len());
        schemaless::put(entries, &self.field, changed);
        schemaless::arrange(entries, size);
        Ok(())
    }
}

//! `Cast`: other types for fields, or for whole keys or values.

mod convert;

use std::sync::Arc;

use api::config::{Importance, Key, Parsed, Problems, Type as ConfigType, Validator, Values};
use api::{Schema, SchemaBuilder, Text, Transform, Type, Value, logical};

use crate::class::{Side, classes, replace_null, replace_null_key};
use crate::field::{Nulls, build, get, require_map, require_struct, with_basics};
use crate::plan::{Change, Changer, Origin};
use crate::schemaless;

classes!("Cast", keys, configure);

const PURPOSE: &str = "cast types";
const SPEC: &str = "spec";

fn keys() -> Vec<Key> {
    let spec = Key::new(SPEC, ConfigType::List)
        .validator(Validator::new(
            "list of colon-delimited pairs, e.g. <code>foo:bar,abc:xyz</code>",
            |_, value| match value {
                Parsed::List(items) if !items.is_empty() => parse(items).map(drop),
                _ => Err("Must specify at least one field to cast.".to_owned()),
            },
        ))
        .importance(Importance::High)
        .documentation(
            "List of fields and the type to cast them to of the form field1:type,field2:type to cast fields of Maps \
             or Structs. A single type to cast the entire value. Valid types are int8, int16, int32, int64, float32, \
             float64, boolean, and string. Note that binary fields can only be cast to string.",
        );
    vec![spec, replace_null_key()]
}

fn configure(values: &Values, side: Side) -> Result<Box<dyn Transform>, Problems> {
    let problem = |message| Problems::from(api::config::Problem { key: SPEC.to_owned(), message });
    let (whole, fields) = parse(values.list(SPEC)).map_err(problem)?;
    Ok(Box::new(Changer::new(side, Cast { whole, fields, replace: replace_null(values) })))
}

/// The type for the whole value, or those of fields.
type Spec = (Option<Type>, Vec<(Text, Type)>);

/// Reads the types that are wanted.
fn parse(mappings: &[String]) -> Result<Spec, String> {
    let (mut whole, mut fields) = (None, Vec::<(Text, Type)>::new());
    for mapping in mappings {
        // Java's `split` drops what is empty at the end.
        let parts: Vec<&str> = mapping.trim_end_matches(':').split(':').collect();
        match parts[..] {
            [""] if !mapping.is_empty() => return Err("Index 1 out of bounds for length 0".to_owned()),
            [kind] => whole = Some(output_type(kind)?),
            [name, kind] => {
                let (name, kind) = (Text::from(name.trim()), output_type(kind)?);
                match fields.iter_mut().find(|(known, _)| *known == name) {
                    Some(known) => known.1 = kind,
                    None => fields.push((name, kind)),
                }
            }
            _ => {
                let mappings = mappings.join(", ");
                return Err(format!(
                    "Invalid value [{mappings}] for configuration renames: Invalid rename mapping: {mapping}"
                ));
            }
        }
    }
    if whole.is_some() && mappings.len() > 1 {
        return Err(
            "Cast transformations that specify a type to cast the entire value to may only specify a \
                    single cast in their spec"
                .to_owned(),
        );
    }
    schemaless::arrange_names(&mut fields, |(name, _)| name, 16);
    Ok((whole, fields))
}

const ALL: [Type; 12] = [
    Type::Int8,
    Type::Int16,
    Type::Int32,
    Type::Int64,
    Type::Float32,
    Type::Float64,
    Type::Boolean,
    Type::String,
    Type::Bytes,
    Type::Array,
    Type::Map,
    Type::Struct,
];

fn output_type(name: &str) -> Result<Type, String> {
    let upper = name.trim().to_uppercase();
    let kind = ALL.into_iter().find(|kind| kind.name() == upper);
    let kind = kind.ok_or_else(|| {
        format!(
            "Invalid value java.lang.IllegalArgumentException: No enum constant \
             org.apache.kafka.connect.data.Schema.Type.{upper} for configuration Invalid type found in casting spec: {}",
            name.trim()
        )
    })?;
    if !ALL[..8].contains(&kind) {
        return Err(format!(
            "Cast transformation does not support casting to {}; supported types are [{}]",
            kind.name(),
            names(&ALL[..8])
        ));
    }
    Ok(kind)
}

/// The names of types as Java prints a set of them.
pub(crate) fn names(types: &[Type]) -> String {
    types.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

struct Cast {
    whole: Option<Type>,
    fields: Vec<(Text, Type)>,
    replace: bool,
}

/// What to do with the fields of a struct.
struct Plan {
    schema: Arc<Schema>,
    /// The index of a field and its new type.
    casts: Vec<(usize, Type)>,
    nulls: Nulls,
}

impl Cast {
    fn target(&self, name: &str) -> Option<Type> {
        self.fields.iter().find(|(field, _)| **field == *name).map(|(_, kind)| *kind)
    }

    fn whole_schema(schema: &Schema, kind: Type) -> Result<Arc<Schema>, String> {
        let mut builder = with_basics(schema, Schema::of(kind));
        if schema.optional {
            builder = builder.optional();
        }
        if let Some(default) = schema.default.as_ref().filter(|default| !default.is_null()) {
            let name = schema.name.as_deref();
            if let Some(logical::DECIMAL | logical::DATE | logical::TIME | logical::TIMESTAMP) = name {
                // The name stays, and no number is a default of it.
                return Err("Invalid default value".to_owned());
            }
            builder = builder.default(convert::cast(default, Some(schema), kind, "")?);
        }
        build(builder)
    }

    fn struct_schema(&self, schema: &Schema) -> Result<Arc<Schema>, String> {
        if schema.kind != Type::Struct {
            return Err("Cannot list fields on non-struct type".to_owned());
        }
        let mut builder = with_basics(schema, Schema::structure());
        for field in &schema.fields {
            let cast = match self.target(&field.name) {
                Some(kind) => cast_field(&field.schema, kind, &field.name)?,
                None => Arc::clone(&field.schema),
            };
            builder = builder.field(&field.name, cast);
        }
        if schema.optional {
            builder = builder.optional();
        }
        if let Some(default) = schema.default.as_ref().filter(|default| !default.is_null()) {
            builder = builder.default(convert::cast(default, Some(schema), Type::Struct, "")?);
        }
        build(builder)
    }
}

fn cast_field(schema: &Schema, kind: Type, name: &str) -> Result<Arc<Schema>, String> {
    let mut builder: SchemaBuilder = Schema::of(kind);
    if schema.optional {
        builder = builder.optional();
    }
    if let Some(default) = schema.default.as_ref().filter(|default| !default.is_null()) {
        builder = builder.default(convert::cast(default, Some(schema), kind, name)?);
    }
    build(builder)
}

impl Change for Cast {
    type Plan = Plan;

    const NULL_PASSES: bool = true;

    fn plan(&self, schema: &Arc<Schema>) -> Result<(Option<Arc<Schema>>, Plan), String> {
        let (changed, mut casts, mut nulls) = (
            match self.whole {
                Some(kind) => Self::whole_schema(schema, kind)?,
                None => self.struct_schema(schema)?,
            },
            Vec::new(),
            Nulls::default(),
        );
        for (index, field) in schema.fields.iter().enumerate().filter(|_| self.whole.is_none()) {
            casts.extend(self.target(&field.name).map(|kind| (index, kind)));
            nulls.watch(index, &field.name, &field.schema, &changed.fields[index].schema, self.replace);
        }
        Ok((Some(changed), Plan { schema: Arc::clone(schema), casts, nulls }))
    }

    fn structured(&self, plan: &Plan, value: &mut Value, origin: &mut Origin<'_>) -> Result<(), String> {
        if let Some(kind) = self.whole {
            *value = convert::cast(value, Some(&plan.schema), kind, "")?;
            return Ok(());
        }
        let values = require_struct(value, PURPOSE)?;
        let fill = plan.nulls.check(values)?;
        // Fields are changed only once all of them can be.
        let cast = |&(index, kind): &(usize, Type)| {
            let field = &plan.schema.fields[index];
            let value = get(&values[index], &field.schema, self.replace);
            convert::cast(value, Some(&field.schema), kind, &field.name)
        };
        let changed = origin.collect(plan.casts.iter().map(cast))?;
        for ((index, _), changed) in plan.casts.iter().zip(changed) {
            values[*index] = changed;
        }
        if fill {
            plan.nulls.fill(values);
        }
        Ok(())
    }

    fn schemaless(&self, value: &mut Value, origin: &mut Origin<'_>) -> Result<(), String> {
        if let Some(kind) = self.whole {
            *value = convert::cast(value, None, kind, "")?;
            return Ok(());
        }
        let entries = require_map(value, PURPOSE)?;
        let size = schemaless::copy_size(entries.len());
        let cast = |(name, kind): &(Text, Type)| {
            convert::cast(schemaless::get(entries, name).unwrap_or(&Value::Null), None, *kind, name)
        };
        let changed = origin.collect(self.fields.iter().map(cast))?;
        for ((name, _), changed) in self.fields.iter().zip(changed) {
            schemaless::put(entries, name, changed);
        }
        schemaless::arrange(entries, size);
        Ok(())
    }
}

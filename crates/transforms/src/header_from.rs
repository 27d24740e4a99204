//! `HeaderFrom`: fields as headers.

use std::sync::Arc;

use api::config::{Importance, Key, Problem, Problems, Type, Validator, Values};
use api::{Header, Schema, Text, Transform, Value};

use crate::class::{Side, classes, non_empty_list, replace_null, replace_null_key};
use crate::field::{Nulls, build, get, require_map, require_struct, require_struct_schema, with_basics};
use crate::plan::{Change, Changer, Origin};
use crate::schemaless;

classes!("HeaderFrom", keys, configure);

fn keys() -> Vec<Key> {
    let fields = Key::new("fields", Type::List)
        .validator(non_empty_list())
        .importance(Importance::High)
        .documentation("Field names in the record whose values are to be copied or moved to headers.");
    let headers = Key::new("headers", Type::List)
        .validator(non_empty_list())
        .importance(Importance::High)
        .documentation(
            "Header names, in the same order as the field names listed in the fields configuration property.",
        );
    let operation = Key::new("operation", Type::String)
        .validator(Validator::one_of(["move", "copy"]))
        .importance(Importance::High)
        .documentation(
            "Either <code>move</code> if the fields are to be moved to the headers (removed from the key/value), or \
             <code>copy</code> if the fields are to be copied to the headers (retained in the key/value).",
        );
    vec![fields, headers, operation, replace_null_key()]
}

fn configure(values: &Values, side: Side) -> Result<Box<dyn Transform>, Problems> {
    let (fields, headers) = (values.list("fields"), values.list("headers"));
    if fields.len() != headers.len() {
        let message = "'fields' config must have the same number of elements as 'headers' config.".to_owned();
        return Err(Problem { key: "fields".to_owned(), message }.into());
    }
    let pairs = fields.iter().zip(headers);
    let change = HeaderFrom {
        pairs: pairs.map(|(field, header)| (field.as_str().into(), header.as_str().into())).collect(),
        moves: values.string("operation") == Some("move"),
        replace: replace_null(values),
    };
    Ok(Box::new(Changer::new(side, change)))
}

struct HeaderFrom {
    /// Names of fields and of their headers.
    pairs: Vec<(Text, Text)>,
    moves: bool,
    replace: bool,
}

struct Plan {
    /// The index and the schema of the field of each header.
    headers: Vec<(usize, Arc<Schema>)>,
    /// The fields that stay; `None`: all.
    kept: Option<(Vec<bool>, Nulls)>,
}

impl HeaderFrom {
    fn purpose(&self) -> &'static str {
        if self.moves { "header move" } else { "header copy" }
    }

    fn moves(&self, name: &str) -> bool {
        self.pairs.iter().any(|(field, _)| **field == *name)
    }
}

/// What Kafka says about a null header whose schema allows none.
fn null_header(schema: &Schema) -> String {
    let name = schema.name.as_deref().map_or_else(String::new, |name| format!("{name}:"));
    format!("A null value requires an optional schema but was Schema{{{name}{}}}", schema.kind.name())
}

impl Change for HeaderFrom {
    type Plan = Plan;

    const NULL_PASSES: bool = false;

    fn plan(&self, schema: &Arc<Schema>) -> Result<(Option<Arc<Schema>>, Plan), String> {
        require_struct_schema(schema, self.purpose())?;
        let place = |(name, _): &(Text, Text)| {
            let index = schema.field(name).ok_or_else(|| format!("Unknown field: {name}"))?;
            Ok((index, Arc::clone(&schema.fields[index].schema)))
        };
        let headers = self.pairs.iter().map(place).collect::<Result<_, String>>()?;
        if !self.moves {
            return Ok((Some(Arc::clone(schema)), Plan { headers, kept: None }));
        }
        let mut builder = with_basics(schema, Schema::structure());
        let (mut kept, mut nulls) = (Vec::new(), Nulls::default());
        for (index, field) in schema.fields.iter().enumerate() {
            kept.push(!self.moves(&field.name));
            if kept[index] {
                builder = builder.field(&field.name, Arc::clone(&field.schema));
                nulls.watch(index, &field.name, &field.schema, &field.schema, self.replace);
            }
        }
        Ok((Some(build(builder)?), Plan { headers, kept: Some((kept, nulls)) }))
    }

    fn structured(&self, plan: &Plan, value: &mut Value, origin: &mut Origin<'_>) -> Result<(), String> {
        let values = require_struct(value, self.purpose())?;
        for (index, schema) in &plan.headers {
            if !schema.optional && get(&values[*index], schema, self.replace).is_null() {
                return Err(null_header(schema));
            }
        }
        if let Some((_, nulls)) = &plan.kept {
            nulls.settle(values)?;
        }
        for ((_, name), (index, schema)) in self.pairs.iter().zip(&plan.headers) {
            let value = get(&values[*index], schema, self.replace).clone();
            origin.headers.push(Header { key: name.clone(), schema: Some(Arc::clone(schema)), value });
        }
        if let Some((kept, _)) = &plan.kept {
            let mut kept = kept.iter();
            let mut left = std::mem::take(values).into_vec();
            left.retain(|_| kept.next().is_some_and(|kept| *kept));
            *values = left.into();
        }
        Ok(())
    }

    fn schemaless(&self, value: &mut Value, origin: &mut Origin<'_>) -> Result<(), String> {
        let entries = require_map(value, self.purpose())?;
        for (field, name) in &self.pairs {
            let value = schemaless::get(entries, field).cloned().unwrap_or_default();
            origin.headers.push(Header { key: name.clone(), schema: None, value });
        }
        let size = schemaless::copy_size(entries.len());
        if self.moves {
            entries.retain(|(key, _)| !self.pairs.iter().any(|(field, _)| schemaless::is(key, field)));
        }
        schemaless::arrange(entries, size);
        Ok(())
    }
}

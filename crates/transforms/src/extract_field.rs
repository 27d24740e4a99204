//! `ExtractField`: one field, perhaps within others, instead of the whole.

mod path;

use std::sync::Arc;

use api::config::{Importance, Key, Problem, Problems, Type, Validator, Values};
use api::{Schema, Transform, Type as Kind, Value};

use crate::class::{Side, classes, replace_null, replace_null_key};
use crate::field::{get, map_error, require_map, require_struct_schema};
use crate::plan::{Change, Changer, Origin};
use crate::schemaless;

classes!("ExtractField", keys, configure);

const PURPOSE: &str = "field extraction";
const NESTED: &str = "nested field access";

fn keys() -> Vec<Key> {
    let field = Key::new("field", Type::String)
        .importance(Importance::Medium)
        .documentation("Field name to extract.");
    let syntax = Key::new("field.syntax.version", Type::String)
        .default("V1")
        .validator(Validator::one_of_ignoring_case(["V1", "V2"]))
        .importance(Importance::High)
        .documentation(
            "Defines the version of the syntax to access fields. If set to <code>V1</code>, then the field paths are \
             limited to access the elements at the root level of the struct or map. If set to <code>V2</code>, the \
             syntax will support accessing nested elements. To access nested elements, dotted notation is used. If \
             dots are already included in the field name, then backtick pairs can be used to wrap field names \
             containing dots. E.g. to access the subfield <code>baz</code> from a field named \"foo.bar\" in a \
             struct/map the following format can be used to access its elements: \"<code>foo.bar</code>.baz\".",
        );
    vec![field, replace_null_key(), syntax]
}

fn configure(values: &Values, side: Side) -> Result<Box<dyn Transform>, Problems> {
    let text = values.string("field").unwrap_or_default();
    let nested =
        values.string("field.syntax.version").is_some_and(|version| version.eq_ignore_ascii_case("V2"));
    let problem = |message| Problems::from(Problem { key: "field".to_owned(), message });
    let steps = if nested { path::parse(text).map_err(problem)? } else { vec![text.to_owned()] };
    let change = ExtractField { text: text.to_owned(), steps, replace: replace_null(values) };
    Ok(Box::new(Changer::new(side, change)))
}

struct ExtractField {
    text: String,
    steps: Vec<String>,
    replace: bool,
}

/// The schema of each level and the index of the field to go to.
type Plan = Vec<(Arc<Schema>, usize)>;

impl Change for ExtractField {
    type Plan = Plan;

    const NULL_PASSES: bool = false;

    fn plan(&self, schema: &Arc<Schema>) -> Result<(Option<Arc<Schema>>, Plan), String> {
        let (mut plan, mut current) = (Vec::new(), Arc::clone(schema));
        if self.steps.is_empty() {
            return Err(no_steps());
        }
        for (level, step) in self.steps.iter().enumerate() {
            if level == 0 {
                require_struct_schema(&current, PURPOSE)?;
            }
            if current.kind != Kind::Struct {
                return Err("Cannot look up fields on non-struct type".to_owned());
            }
            let index = current.field(step).ok_or_else(|| format!("Unknown field: {}", self.text))?;
            let next = Arc::clone(&current.fields[index].schema);
            plan.push((std::mem::replace(&mut current, next), index));
        }
        Ok((Some(current), plan))
    }

    fn structured(&self, plan: &Plan, value: &mut Value, _: &mut Origin<'_>) -> Result<(), String> {
        if let (Value::Struct(values), [(schema, index)]) = (&mut *value, &plan[..]) {
            let field = std::mem::take(&mut values[*index]);
            *value = get(&field, &schema.fields[*index].schema, self.replace).clone();
            return Ok(());
        }
        let mut current = &*value;
        for (level, (schema, index)) in plan.iter().enumerate() {
            let Value::Struct(values) = current else {
                current = &Value::Null;
                break;
            };
            // Fields on the way have their default in any case.
            let replace = self.replace || level + 1 < plan.len();
            current = get(&values[*index], &schema.fields[*index].schema, replace);
        }
        *value = current.clone();
        Ok(())
    }

    fn schemaless(&self, value: &mut Value, _: &mut Origin<'_>) -> Result<(), String> {
        if value.is_null() {
            return Ok(());
        }
        let Some((last, way)) = self.steps.split_last() else { return Err(no_steps()) };
        let mut entries = require_map(value, PURPOSE)?.as_mut_slice();
        for step in way {
            entries = match schemaless::get_mut(entries, step) {
                None | Some(Value::Null) => &mut [],
                Some(Value::Map(entries)) => entries,
                Some(other) => return Err(map_error(other, NESTED)),
            };
        }
        *value = schemaless::take(entries, last).unwrap_or_default();
        Ok(())
    }
}

fn no_steps() -> String {
    "the path to the field has no names".to_owned()
}

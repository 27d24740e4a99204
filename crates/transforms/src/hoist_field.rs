//! `HoistField`: the whole as the only field of a struct or map.

use std::sync::Arc;

use api::config::{Importance, Key, Problems, Type, Values};
use api::{Schema, Text, Transform, Value};

use crate::class::{Side, classes};
use crate::field::{Nulls, build, null_error};
use crate::plan::{Change, Changer, Origin};

classes!("HoistField", keys, configure);

fn keys() -> Vec<Key> {
    let field = Key::new("field", Type::String).importance(Importance::Medium).documentation(
        "Field name for the single field that will be created in the resulting Struct or Map.",
    );
    vec![field]
}

fn configure(values: &Values, side: Side) -> Result<Box<dyn Transform>, Problems> {
    let field = values.string("field").unwrap_or_default().into();
    Ok(Box::new(Changer::new(side, HoistField { field })))
}

struct HoistField {
    field: Text,
}

impl Change for HoistField {
    /// What is wrong with a null, and the fields that a struct has to have.
    type Plan = (Option<String>, Nulls);

    const NULL_PASSES: bool = false;

    fn plan(&self, schema: &Arc<Schema>) -> Result<(Option<Arc<Schema>>, Self::Plan), String> {
        let changed = build(Schema::structure().field(&self.field, Arc::clone(schema)))?;
        let error = (!schema.optional).then(|| null_error(&self.field, schema));
        Ok((Some(changed), (error, Nulls::of(schema, true))))
    }

    fn structured(&self, plan: &Self::Plan, value: &mut Value, _: &mut Origin<'_>) -> Result<(), String> {
        match (&*value, plan) {
            (Value::Null, (Some(error), _)) => return Err(error.clone()),
            (Value::Struct(values), (_, nulls)) => drop(nulls.check(values)?),
            _ => {}
        }
        *value = Value::Struct(Box::new([std::mem::take(value)]));
        Ok(())
    }

    fn schemaless(&self, value: &mut Value, _: &mut Origin<'_>) -> Result<(), String> {
        *value = Value::Map(vec![(Value::Text(self.field.clone()), std::mem::take(value))]);
        Ok(())
    }
}

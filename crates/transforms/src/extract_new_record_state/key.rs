//! Keys without the fields that are dropped.

use std::collections::VecDeque;
use std::sync::Arc;

use api::{Schema, Text, Value};

use super::options::Options;
use crate::plan::{Change as _, Planned};
use crate::replace_field::{self, ReplaceField};
use crate::sort::Target;

/// For how many schemas and lists of fields a plan is kept.
const PLANS_MAX: usize = 16;

/// How fields are dropped from keys of the schemas that were there last.
#[derive(Default)]
pub(super) struct Keys(VecDeque<KeyPlan>);

struct KeyPlan {
    schema: Arc<Schema>,
    dropped: Vec<Text>,
    change: ReplaceField,
    planned: Planned<replace_field::Plan>,
}

impl Keys {
    /// Drops fields from a key, if that is wanted; after an error the key is as it was.
    pub(super) fn drop_fields(
        &mut self,
        key: &mut Option<Value>,
        target: &mut Target,
        dropped: &[Text],
        options: &Options,
    ) -> Result<(), String> {
        let Some(value) = key.as_mut().filter(|key| !key.is_null()) else { return Ok(()) };
        if dropped.is_empty() || !options.drop_from_key {
            return Ok(());
        }
        let Some(schema) = &target.key_schema else {
            if options.drop_compatible {
                return Err("expected a schema of the key to drop fields from".to_owned());
            }
            return ReplaceField::excluding(dropped).of_map(value);
        };
        let plan = self.plan(schema, dropped, options)?;
        let Some(plan) = plan else { return Ok(()) };
        let (changed, steps) = plan.planned.as_ref().map_err(Clone::clone)?;
        plan.change.of_struct(steps, value)?;
        target.key_schema.clone_from(changed);
        Ok(())
    }

    /// The plan for keys of a schema; `None`: none of the fields is dropped.
    fn plan(
        &mut self,
        schema: &Arc<Schema>,
        dropped: &[Text],
        options: &Options,
    ) -> Result<Option<&KeyPlan>, String> {
        let is_it = |plan: &KeyPlan| Arc::ptr_eq(&plan.schema, schema) && plan.dropped == dropped;
        if let Some(place) = self.0.iter().position(is_it) {
            return Ok(self.0.get(place));
        }
        let names = super::shape::droppable(schema, dropped, options.drop_compatible)?;
        if names.is_empty() {
            return Ok(None);
        }
        let change = ReplaceField::excluding(&names);
        let planned = change.plan(schema);
        self.0.truncate(PLANS_MAX - 1);
        self.0.push_front(KeyPlan { schema: Arc::clone(schema), dropped: dropped.to_vec(), change, planned });
        Ok(self.0.front())
    }
}

//! `ValueToKey`: a key of fields of the value.

use std::collections::VecDeque;
use std::sync::Arc;

use api::config::{Importance, Key, Problems, Type, Values};
use api::{Batch, ConnectorType, Error, Record, Schema, Text, Transform, Transformed, Value};

use crate::class::{Class, Side, filled_list, replace_null, replace_null_key};
use crate::field::{build, get, map_error, null_error, require_struct, require_struct_schema};
use crate::schemaless;
use crate::sort::{Target, Verdict, judge, place};

pub(crate) const CLASS: Class =
    Class { name: "org.apache.kafka.connect.transforms.ValueToKey", side: Side::Value, keys, configure };

const PURPOSE: &str = "copying fields from value to key";
/// How many schemas a key is kept for, as in Kafka.
const PLANS_MAX: usize = 16;

fn keys() -> Vec<Key> {
    let fields = Key::new("fields", Type::List)
        .validator(filled_list())
        .importance(Importance::High)
        .documentation("Field names on the record value to extract as the record key.");
    vec![fields, replace_null_key()]
}

fn configure(values: &Values, _: Side) -> Result<Box<dyn Transform>, Problems> {
    let mut fields: Vec<Text> = Vec::new();
    for name in values.list("fields") {
        // Kafka drops what comes twice.
        if !fields.iter().any(|known| **known == **name) {
            fields.push(name.as_str().into());
        }
    }
    Ok(Box::new(ValueToKey { fields, replace: replace_null(values), plans: VecDeque::new() }))
}

struct ValueToKey {
    fields: Vec<Text>,
    replace: bool,
    plans: VecDeque<(Arc<Schema>, Result<Plan, String>)>,
}

struct Plan {
    key_schema: Arc<Schema>,
    /// The index of each field of the key and its schema.
    sources: Vec<(usize, Arc<Schema>)>,
}

impl Plan {
    fn new(schema: &Schema, fields: &[Text]) -> Result<Self, String> {
        require_struct_schema(schema, PURPOSE)?;
        let mut builder = Schema::structure();
        let mut sources = Vec::new();
        for name in fields {
            let index = schema.field(name).ok_or_else(|| format!("Field does not exist: {name}"))?;
            let field = &schema.fields[index].schema;
            builder = builder.field(name, Arc::clone(field));
            sources.push((index, Arc::clone(field)));
        }
        Ok(Self { key_schema: build(builder)?, sources })
    }

    fn key(&self, value: &mut Value, replace: bool) -> Result<Value, String> {
        let values = require_struct(value, PURPOSE)?;
        let copy = |(place, (index, schema)): (usize, &(usize, Arc<Schema>))| {
            let value = get(&values[*index], schema, replace);
            if value.is_null() && !schema.optional {
                return Err(null_error(&self.key_schema.fields[place].name, schema));
            }
            Ok(value.clone())
        };
        let key = self.sources.iter().enumerate().map(copy).collect::<Result<Vec<_>, _>>()?;
        Ok(Value::Struct(key.into()))
    }
}

/// The places of the batch as it is, without a schema of keys, and with that of the plan.
const SCHEMALESS: usize = 1;
const PLANNED: usize = 2;

impl ValueToKey {
    fn prepare(&mut self, schema: &Arc<Schema>) {
        let known = self.plans.iter().position(|(planned, _)| Arc::ptr_eq(planned, schema));
        let plan = match known.and_then(|place| self.plans.remove(place)) {
            Some(plan) => plan,
            None => (Arc::clone(schema), Plan::new(schema, &self.fields)),
        };
        self.plans.truncate(PLANS_MAX - 1);
        self.plans.push_front(plan);
    }

    fn schemaless_key(&self, value: Option<&Value>) -> Result<Value, String> {
        let Some(Value::Map(entries)) = value else {
            return Err(map_error(value.unwrap_or(&Value::Null), PURPOSE));
        };
        let mut key = Vec::with_capacity(self.fields.len());
        for name in &self.fields {
            let value = schemaless::get(entries, name).cloned().unwrap_or_default();
            schemaless::put(&mut key, name, value);
        }
        schemaless::arrange(&mut key, schemaless::capacity(self.fields.len()));
        Ok(Value::Map(key))
    }

    fn set_key(&self, record: &mut Record, plan: Option<&Result<Plan, String>>) -> Result<usize, String> {
        let (key, target) = match (plan, &mut record.value) {
            (Some(plan), Some(value)) => {
                (plan.as_ref().map_err(Clone::clone)?.key(value, self.replace)?, PLANNED)
            }
            (_, value) => (self.schemaless_key(value.as_ref())?, SCHEMALESS),
        };
        record.key = Some(key);
        Ok(target)
    }
}

impl Transform for ValueToKey {
    fn apply(&mut self, mut batch: Batch, _: ConnectorType, out: &mut Transformed) {
        let schema = batch.value_schema.clone();
        if let Some(schema) = &schema {
            self.prepare(schema);
        }
        let plan = schema.as_ref().map(|_| &self.plans[0].1);
        let as_is = Target::of(&batch);
        let key_schema = plan.and_then(|plan| plan.as_ref().ok()).map(|plan| Arc::clone(&plan.key_schema));
        let targets = [as_is.clone(), as_is.with(Side::Key, None), as_is.with(Side::Key, key_schema)];
        let verdicts = judge(&mut batch.records, |record| match self.set_key(record, plan) {
            Ok(target) => Verdict::To(target),
            Err(message) => Verdict::Reject(Error::reject(message)),
        });
        place(batch, verdicts, &targets, out);
    }
}

//! Debezium's `ExtractNewRecordState`: the row that a change event is about instead of the event.
//!
//! The keys are those of Debezium 3.7, and `drop.tombstones` and `delete.handling.mode` of Debezium 2, which count
//! where `delete.tombstone.handling.mode` is not set.

mod envelope;
mod key;
mod options;
mod reference;
mod shape;

use std::collections::VecDeque;
use std::sync::Arc;

use api::config::{Definition, Problems, Properties};
use api::{
    Batch, ConnectorType, Description, Error, Header, PluginType, Record, Schema, Transform, TransformPlugin,
    Transformed, Value,
};

use self::envelope::{Envelope, Row};
use self::key::Keys;
use self::options::{Deletes, Options};
use crate::sort::{Target, Verdict, judge, place};

/// The class.
pub(crate) struct ExtractNewRecordState;

impl TransformPlugin for ExtractNewRecordState {
    fn description(&self) -> Description {
        let class = "io.debezium.transforms.ExtractNewRecordState";
        Description { class, version: "3.7.0.Final", kind: PluginType::Transformation }
    }

    fn definition(&self) -> Definition {
        options::definition()
    }

    fn configure(&self, properties: &Properties) -> Result<Box<dyn Transform>, Problems> {
        let options = Options::parse(properties)?;
        Ok(Box::new(Extract { options, envelopes: VecDeque::new(), keys: Keys::default() }))
    }
}

/// How many schemas of events a plan is kept for.
const ENVELOPES_MAX: usize = 16;

struct Extract {
    options: Options,
    envelopes: VecDeque<Envelope>,
    keys: Keys,
}

/// What becomes of a record.
enum Changed {
    Dropped,
    AsIs,
    To(Target),
}

impl Transform for Extract {
    fn apply(&mut self, mut batch: Batch, _: ConnectorType, out: &mut Transformed) {
        let schema = batch.value_schema.clone().filter(|schema| is_envelope(schema));
        if let Some(schema) = &schema {
            self.prepare(schema);
        }
        let as_is = Target::of(&batch);
        let mut targets = vec![as_is.clone()];
        let verdicts = judge(&mut batch.records, |record| {
            let changed = match &schema {
                _ if record.value.as_ref().is_none_or(Value::is_null) => Ok(self.tombstone(record)),
                None => Ok(Changed::AsIs),
                Some(_) => self.event(record, &as_is),
            };
            match changed {
                Ok(Changed::Dropped) => Verdict::Drop,
                Ok(Changed::AsIs) => Verdict::To(0),
                Ok(Changed::To(target)) => Verdict::To(index_of(target, &mut targets)),
                Err(message) => Verdict::Reject(Error::reject(message)),
            }
        });
        place(batch, verdicts, &targets, out);
    }
}

/// Whether the schema is that of change events.
fn is_envelope(schema: &Schema) -> bool {
    schema.name.as_deref().is_some_and(|name| name.ends_with(".Envelope"))
}

/// The place of a target, which is that of the record before in most cases.
fn index_of(target: Target, targets: &mut Vec<Target>) -> usize {
    if targets.last().is_none_or(|last| !last.is_same(&target)) {
        targets.push(target);
    }
    targets.len() - 1
}

impl Extract {
    /// Brings the plan of a schema to the front, made when it is not there.
    fn prepare(&mut self, schema: &Arc<Schema>) {
        let known = self.envelopes.iter().position(|known| known.is_of(schema));
        let envelope = known.and_then(|place| self.envelopes.remove(place));
        self.envelopes.truncate(ENVELOPES_MAX - 1);
        self.envelopes.push_front(envelope.unwrap_or_else(|| Envelope::new(schema, &self.options)));
    }

    fn tombstone(&self, record: &mut Record) -> Changed {
        if !self.options.tombstones_pass {
            return Changed::Dropped;
        }
        for reference in self.options.headers.iter().filter(|reference| reference.field == "op") {
            let (key, value) = (reference.name.as_str().into(), Value::from("d"));
            record.headers.push(Header { key, schema: Some(Schema::string()), value });
        }
        Changed::AsIs
    }

    /// Changes an event; all that can fail comes before what changes the record.
    fn event(&mut self, record: &mut Record, as_is: &Target) -> Result<Changed, String> {
        let Self { options, envelopes, keys } = self;
        let envelope = &mut envelopes[0];
        let Some(Value::Struct(values)) = &mut record.value else {
            return Err("expected a struct as the value of a change event".to_owned());
        };
        let headers = envelope.headers(values)?;
        let row = envelope.row(values)?;
        let deletes = match row {
            Row::Neither => return Ok(Changed::Dropped),
            Row::Before if options.deletes == Deletes::Drop => return Ok(Changed::Dropped),
            Row::Before => options.deletes,
            Row::After => Deletes::Rewrite,
        };
        let mut target = as_is.clone();
        if let Some(topic) = envelope.topic(values, row, options)? {
            target.topic = Arc::from(&*topic);
        }
        let dropped = options.dropped(record.headers.as_slice().iter().chain(&headers))?;
        let value = match deletes {
            Deletes::ToTombstone => {
                keys.drop_fields(&mut record.key, &mut target, &dropped, options)?;
                target.value_schema = None;
                None
            }
            Deletes::Tombstone | Deletes::Drop => {
                target.value_schema = Some(envelope.deleted_schema(&dropped, options)?);
                keys.drop_fields(&mut record.key, &mut target, &dropped, options)?;
                Some(Value::Null)
            }
            Deletes::Rewrite => {
                let shape = envelope.shape(row, &dropped, options)?;
                let fill = shape.check(values)?;
                target.value_schema = Some(Arc::clone(&shape.schema));
                keys.drop_fields(&mut record.key, &mut target, &dropped, options)?;
                Some(shape.apply(values, fill))
            }
        };
        record.value = value;
        if !headers.is_empty() {
            record.headers.as_mut().extend(headers);
        }
        Ok(Changed::To(target))
    }
}

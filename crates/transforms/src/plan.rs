//! The frame of transforms of keys or values: schema work once per schema, values changed in place.

use std::collections::VecDeque;
use std::sync::Arc;

use api::{Batch, ConnectorType, Error, Headers, Record, Schema, Text, Transform, Transformed, Value};

use crate::class::Side;
use crate::sort::{Target, Verdict, judge, place};

/// How many schemas a plan is kept for, as in Kafka.
const PLANS_MAX: usize = 16;

/// What a change may know of a record besides the value it changes.
pub(crate) struct Origin<'a> {
    pub(crate) topic: &'a Text,
    pub(crate) connector: ConnectorType,
    pub(crate) partition: Option<i32>,
    pub(crate) offset: i64,
    pub(crate) timestamp_ms: Option<i64>,
    pub(crate) headers: &'a mut Headers,
    pub(crate) memory: &'a mut Memory,
}

/// Memory of a batch.
#[derive(Default)]
pub(crate) struct Memory {
    /// Takes what is no longer needed: the allocator of glibc is slow where memory of several sizes is given back and
    /// taken by turns.
    pub(crate) spent: Vec<Vec<Value>>,
    /// The new values of one record.
    changed: Vec<Value>,
}

impl Origin<'_> {
    /// New values of some fields, once all of them are known.
    pub(crate) fn collect<E>(
        &mut self,
        values: impl Iterator<Item = Result<Value, E>>,
    ) -> Result<std::vec::Drain<'_, Value>, E> {
        let changed = &mut self.memory.changed;
        changed.clear();
        for value in values {
            changed.push(value?);
        }
        Ok(changed.drain(..))
    }
}

/// A change of keys or values. An error is a message without data; the value is then as it was.
pub(crate) trait Change: Send {
    /// What is worked out once per schema.
    type Plan: Send;

    /// Whether a null is left as it is, with its schema.
    const NULL_PASSES: bool;

    /// The schema of changed values, and how to change values of a schema.
    fn plan(&self, schema: &Arc<Schema>) -> Result<(Option<Arc<Schema>>, Self::Plan), String>;

    /// Changes a value that has a schema.
    fn structured(&self, plan: &Self::Plan, value: &mut Value, origin: &mut Origin<'_>)
    -> Result<(), String>;

    /// Changes a value without a schema; null stands for a value that is not there.
    fn schemaless(&self, value: &mut Value, origin: &mut Origin<'_>) -> Result<(), String>;
}

/// What comes of planning: the schema of changed values and the plan, or what is wrong with the schema.
pub(crate) type Planned<P> = Result<(Option<Arc<Schema>>, P), String>;

/// A change at work on one side of records.
pub(crate) struct Changer<C: Change> {
    side: Side,
    change: C,
    plans: VecDeque<(Arc<Schema>, Planned<C::Plan>)>,
    /// Empty between batches.
    memory: Memory,
}

impl<C: Change> Changer<C> {
    pub(crate) fn new(side: Side, change: C) -> Self {
        Self { side, change, plans: VecDeque::new(), memory: Memory::default() }
    }

    /// Brings the plan of a schema to the front, made when it is not there.
    fn prepare(&mut self, schema: &Arc<Schema>) {
        let known = self.plans.iter().position(|(planned, _)| Arc::ptr_eq(planned, schema));
        let plan = match known.and_then(|place| self.plans.remove(place)) {
            Some(plan) => plan,
            None => (Arc::clone(schema), self.change.plan(schema)),
        };
        self.plans.truncate(PLANS_MAX - 1);
        self.plans.push_front(plan);
    }
}

/// The batch as it is, without a schema, and with that of the plan.
const AS_IS: usize = 0;
const SCHEMALESS: usize = 1;
const CHANGED: usize = 2;

impl<C: Change> Transform for Changer<C> {
    fn apply(&mut self, mut batch: Batch, connector: ConnectorType, out: &mut Transformed) {
        let side = self.side;
        let schema = match side {
            Side::Key => batch.key_schema.clone(),
            Side::Value => batch.value_schema.clone(),
        };
        if let Some(schema) = &schema {
            self.prepare(schema);
        }
        let plan = schema.as_ref().map(|_| &self.plans[0].1);
        let as_is = Target::of(&batch);
        let changed = plan.and_then(|plan| plan.as_ref().ok()).and_then(|(schema, _)| schema.clone());
        let targets = [as_is.clone(), as_is.with(side, None), as_is.with(side, changed)];
        let topic = Text::from(&*batch.topic);
        let (change, memory) = (&self.change, &mut self.memory);
        let verdicts = judge(&mut batch.records, |record| {
            let (slot, mut origin) = open(record, side, &topic, connector, memory);
            apply_one(change, plan, slot, &mut origin)
        });
        memory.spent.clear();
        memory.changed.clear();
        place(batch, verdicts, &targets, out);
    }
}

/// A record as the value to be changed and all the rest.
fn open<'a>(
    record: &'a mut Record,
    side: Side,
    topic: &'a Text,
    connector: ConnectorType,
    memory: &'a mut Memory,
) -> (&'a mut Option<Value>, Origin<'a>) {
    let slot = match side {
        Side::Key => &mut record.key,
        Side::Value => &mut record.value,
    };
    let origin = Origin {
        topic,
        connector,
        partition: record.partition,
        offset: record.offset,
        timestamp_ms: record.timestamp_ms,
        headers: &mut record.headers,
        memory,
    };
    (slot, origin)
}

fn apply_one<C: Change>(
    change: &C,
    plan: Option<&Planned<C::Plan>>,
    slot: &mut Option<Value>,
    origin: &mut Origin<'_>,
) -> Verdict {
    let null = slot.as_ref().is_none_or(Value::is_null);
    let done = match (plan, &mut *slot) {
        (_, None) if C::NULL_PASSES => return Verdict::Along,
        (_, Some(_)) if null && C::NULL_PASSES => return Verdict::To(AS_IS),
        (Some(Err(message)), Some(_)) => return Verdict::Reject(Error::reject(message)),
        (Some(Ok((_, plan))), Some(value)) => {
            change.structured(plan, value, origin).map(|()| Verdict::To(CHANGED))
        }
        (None, Some(value)) => change.schemaless(value, origin).map(|()| Verdict::To(SCHEMALESS)),
        (_, None) => absent(change, slot, origin),
    };
    done.unwrap_or_else(|message| Verdict::Reject(Error::reject(message)))
}

/// A value that is not there has no schema either, whatever the batch has.
fn absent<C: Change>(
    change: &C,
    slot: &mut Option<Value>,
    origin: &mut Origin<'_>,
) -> Result<Verdict, String> {
    let mut value = Value::Null;
    change.schemaless(&mut value, origin)?;
    if value.is_null() {
        return Ok(Verdict::Along);
    }
    *slot = Some(value);
    Ok(Verdict::To(SCHEMALESS))
}

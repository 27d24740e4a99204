//! Change events of one schema: where things are in them.

use std::collections::VecDeque;
use std::sync::Arc;

use api::{Header, Schema, Text, Type, Value};

use super::options::{Deletes, Options};
use super::reference::Reference;
use super::shape::{Shape, droppable};
use crate::field::{get, require_struct_schema};

/// For how many lists of dropped fields a shape is kept.
const SHAPES_MAX: usize = 32;

/// What an event says of its row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Row {
    /// It is there.
    After,
    /// It was there.
    Before,
    /// Neither, as when a table is truncated.
    Neither,
}

/// What is worked out once per schema of events.
pub(super) struct Envelope {
    schema: Arc<Schema>,
    after: Result<usize, String>,
    before: Result<usize, String>,
    headers: Result<Vec<Added>, String>,
    shapes: VecDeque<Kept>,
}

/// A shape, and what it was made for.
struct Kept {
    row: Row,
    dropped: Vec<Text>,
    shape: Result<Shape, String>,
}

/// A field of an event that is added to something.
pub(super) struct Added {
    pub(super) name: Text,
    pub(super) schema: Arc<Schema>,
    /// The struct that has to be there.
    parent: Option<usize>,
    /// Its own place, in that struct or in the event.
    place: usize,
    in_parent: bool,
}

impl Added {
    /// The field, if the event has it.
    fn find(reference: &Reference, schema: &Schema) -> Result<Option<Self>, String> {
        let parent = match &reference.parent {
            Some(name) => Some(schema.field(name).ok_or_else(|| format!("Unknown field: {name}"))?),
            None => None,
        };
        let parent_schema = parent.map_or(schema, |index| &*schema.fields[index].schema);
        if parent_schema.kind != Type::Struct {
            return Err("Cannot look up fields on non-struct type".to_owned());
        }
        let inner = parent_schema.field(&reference.field);
        let Some(place) = inner.or_else(|| schema.field(&reference.field)) else { return Ok(None) };
        let in_parent = inner.is_some();
        let holder = if in_parent { parent_schema } else { schema };
        let schema = optional_copy(&holder.fields[place].schema);
        Ok(Some(Self { name: reference.name.as_str().into(), schema, parent, place, in_parent }))
    }

    /// The fields of some names that the event has.
    pub(super) fn all(references: &[Reference], schema: &Schema) -> Result<Vec<Self>, String> {
        references.iter().filter_map(|reference| Self::find(reference, schema).transpose()).collect()
    }

    pub(super) fn value(&self, event: &[Value]) -> Value {
        let holder = match self.parent.map(|parent| &event[parent]) {
            None => event,
            Some(Value::Struct(values)) => values,
            Some(_) => return Value::Null,
        };
        if self.in_parent { holder[self.place].clone() } else { event[self.place].clone() }
    }
}

/// The schema of a field that may be null where it is added, without its default.
fn optional_copy(schema: &Arc<Schema>) -> Arc<Schema> {
    if schema.optional && schema.default.is_none() {
        return Arc::clone(schema);
    }
    let mut copy = Schema::clone(schema);
    copy.optional = true;
    copy.default = None;
    Arc::new(copy)
}

impl Envelope {
    pub(super) fn new(schema: &Arc<Schema>, options: &Options) -> Self {
        let field = |name: &str| {
            require_struct_schema(schema, "field extraction")?;
            schema.field(name).ok_or_else(|| format!("Unknown field: {name}"))
        };
        Self {
            after: field("after"),
            before: field("before"),
            headers: Added::all(&options.headers, schema),
            shapes: VecDeque::new(),
            schema: Arc::clone(schema),
        }
    }

    pub(super) fn is_of(&self, schema: &Arc<Schema>) -> bool {
        Arc::ptr_eq(&self.schema, schema)
    }

    /// The headers that an event adds.
    pub(super) fn headers(&self, event: &[Value]) -> Result<Vec<Header>, String> {
        let added = self.headers.as_ref().map_err(Clone::clone)?;
        let header = |added: &Added| Header {
            key: added.name.clone(),
            schema: Some(Arc::clone(&added.schema)),
            value: added.value(event),
        };
        Ok(added.iter().map(header).collect())
    }

    /// Which row an event is about.
    pub(super) fn row(&self, event: &[Value]) -> Result<Row, String> {
        let there = |place: &Result<usize, String>| {
            let place = place.clone()?;
            Ok::<_, String>(!get(&event[place], &self.schema.fields[place].schema, true).is_null())
        };
        Ok(match there(&self.after)? {
            true => Row::After,
            false if there(&self.before)? => Row::Before,
            false => Row::Neither,
        })
    }

    /// The topic that the row names, if it names one.
    pub(super) fn topic(&self, event: &[Value], row: Row, options: &Options) -> Result<Option<Text>, String> {
        let Some(name) = &options.route else { return Ok(None) };
        let place = if row == Row::After { self.after.clone()? } else { self.before.clone()? };
        let schema = &self.schema.fields[place].schema;
        require_struct_schema(schema, "topic routing")?;
        if row == Row::After && options.rewrites() && name == "__deleted" {
            return Ok(Some(Text::from_static("false")));
        }
        let index = schema.field(name).ok_or_else(|| format!("{name} is not a valid field name"))?;
        let field = &schema.fields[index].schema;
        if field.kind != Type::String {
            return Err(format!("Field '{name}' is not of type STRING"));
        }
        let Value::Struct(values) = &event[place] else {
            return Err("expected a struct to route by".to_owned());
        };
        let replace = row == Row::After && options.rewrites() && options.replace_null;
        match get(&values[index], field, replace) {
            Value::Text(topic) => Ok(Some(topic.clone()).filter(|topic| !topic.trim().is_empty())),
            _ => Ok(None),
        }
    }

    /// The schema of the null that a deletion becomes.
    pub(super) fn deleted_schema(&self, dropped: &[Text], options: &Options) -> Result<Arc<Schema>, String> {
        let schema = &self.schema.fields[self.after.clone()?].schema;
        droppable(schema, dropped, options.drop_compatible)?;
        Ok(Arc::clone(schema))
    }

    /// How a row becomes a value, with some fields dropped.
    pub(super) fn shape(&mut self, row: Row, dropped: &[Text], options: &Options) -> Result<&Shape, String> {
        debug_assert!(row == Row::After || options.deletes == Deletes::Rewrite);
        let is_it = |kept: &Kept| kept.row == row && kept.dropped == dropped;
        let place = match self.shapes.iter().position(is_it) {
            Some(place) => place,
            None => {
                let index = if row == Row::After { &self.after } else { &self.before };
                let index = index.clone()?;
                let shape = Shape::new(&self.schema, index, row, dropped, options);
                self.shapes.truncate(SHAPES_MAX - 1);
                self.shapes.push_front(Kept { row, dropped: dropped.to_vec(), shape });
                0
            }
        };
        self.shapes[place].shape.as_ref().map_err(Clone::clone)
    }
}

//! Bytes of JSON to values without a tree between them.
//!
//! Only what is as the schema expects it is read here. Anything else, right or wrong, is [`Detour`]: the value at
//! hand, and in the end the whole message, is then read as Java does it, by way of a tree (module `convert`).

use std::collections::HashMap;
use std::sync::Arc;

use api::{Schema, Type, Value, logical};
use bytes::Bytes;

use super::node::Node;
use super::scan::{Malformed, Number, Scanner, Start};
use super::{base64, convert, text};
use crate::hash_order;

/// From how many fields on names are looked up by hashing.
const INDEX_FROM: usize = 16;

/// A message that has to be read with a tree.
pub(super) struct Detour;

impl From<Malformed> for Detour {
    fn from(_: Malformed) -> Self {
        Self
    }
}

type Result<T, E = Detour> = std::result::Result<T, E>;

/// How values of a schema are read.
pub(super) struct Plan {
    kind: Kind,
    schema: Arc<Schema>,
    replace_null: bool,
}

enum Kind {
    Boolean,
    /// A whole number between limits.
    Int {
        min: i64,
        max: i64,
    },
    Float32,
    Float64,
    String,
    Bytes,
    Array(Box<Plan>),
    /// A map whose keys are text.
    Object(Box<Plan>),
    Struct(StructPlan),
    /// What only a tree is used for.
    Tree,
}

struct StructPlan {
    fields: Box<[FieldPlan]>,
    /// The places of the fields, if they are many.
    places: HashMap<Box<str>, usize>,
}

struct FieldPlan {
    name: Box<str>,
    /// The name as it most likely stands in the message, with its quotes and the colon.
    written: Box<[u8]>,
    plan: Plan,
}

impl Plan {
    pub(super) fn new(schema: &Arc<Schema>, replace_null: bool) -> Self {
        Self { kind: kind(schema, replace_null), schema: Arc::clone(schema), replace_null }
    }

    /// Whether the schema is a plain STRING.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.kind, Kind::String)
    }

    /// Reads a value; after a detour the scanner stands anywhere.
    pub(super) fn read(&self, scanner: &mut Scanner<'_>, message: &Bytes) -> Result<Value> {
        match self.read_expected(scanner, message)? {
            Some(value) => Ok(value),
            None => self.read_other(scanner, message),
        }
    }

    /// Reads a value that is of another kind than the schema expects.
    fn read_other(&self, scanner: &mut Scanner<'_>, message: &Bytes) -> Result<Value> {
        let node = Node::read(scanner, message)?;
        match convert::read(&self.schema, &node, self.replace_null) {
            // A null that Java makes of something else may be wrong in a struct around it.
            Ok(Value::Null) if !matches!(node, Node::Null) => Err(Detour),
            Ok(value) => Ok(value),
            Err(_) => Err(Detour),
        }
    }

    /// Reads a value of the kind that the schema expects; `None`: it is another one, and the scanner is before it.
    #[inline(always)]
    fn read_expected(&self, scanner: &mut Scanner<'_>, message: &Bytes) -> Result<Option<Value>> {
        let start = scanner.start()?;
        let before = *scanner;
        let value = match (&self.kind, start) {
            (Kind::String, Start::Text) => {
                Some(Value::Text(text::read(scanner.string()?, message).or(Err(Detour))?))
            }
            (Kind::Int { min, max }, Start::Number) => match scanner.number()? {
                Number::Int(value) if (min..=max).contains(&&value) => Some(Value::Int(value)),
                _ => None,
            },
            (Kind::Struct(plan), Start::Object) => Some(plan.read(scanner, message)?),
            (Kind::Float64, Start::Number) => Some(Value::Float(scanner.number()?.double())),
            (Kind::Float32, Start::Number) => Some(Value::Float(scanner.number()?.float().into())),
            (Kind::Boolean, Start::Literal) => scanner.literal()?.map(Value::Bool),
            (Kind::Bytes, Start::Text) => {
                let text = text::read(scanner.string()?, message).or(Err(Detour))?;
                base64::decode(&text).map(|bytes| Value::Bytes(bytes.into()))
            }
            (Kind::Array(plan), Start::Array) => Some(Value::Array(plan.read_array(scanner, message)?)),
            (Kind::Object(plan), Start::Object) => {
                let mut entries = read_object(scanner, message, |scanner| plan.read(scanner, message))?;
                Some(Value::Map(hash_order::arrange(&mut entries, self.schema.key.as_deref())))
            }
            _ => None,
        };
        if value.is_none() {
            *scanner = before;
        }
        Ok(value)
    }

    fn read_array(&self, scanner: &mut Scanner<'_>, message: &Bytes) -> Result<Vec<Value>> {
        let mut elements = Vec::new();
        let mut more = scanner.enter(b']')?;
        while more {
            elements.push(self.read(scanner, message)?);
            more = scanner.more(b']')?;
        }
        Ok(elements)
    }
}

fn kind(schema: &Arc<Schema>, replace_null: bool) -> Kind {
    let int = |min: i64, max: i64| Kind::Int { min, max };
    let nested = |schema: &Option<Arc<Schema>>| {
        schema.as_ref().map(|schema| Box::new(Plan::new(schema, replace_null)))
    };
    match (schema.name.as_deref(), schema.kind) {
        (Some(logical::DECIMAL), _) => Kind::Tree,
        (Some(logical::DATE), _) => int(i32::MIN.into(), i32::MAX.into()),
        (Some(logical::TIME), _) => int(0, logical::MILLIS_PER_DAY),
        (Some(logical::TIMESTAMP), _) | (_, Type::Int64) => int(i64::MIN, i64::MAX),
        (_, Type::Int8) => int(i8::MIN.into(), i8::MAX.into()),
        (_, Type::Int16) => int(i16::MIN.into(), i16::MAX.into()),
        (_, Type::Int32) => int(i32::MIN.into(), i32::MAX.into()),
        (_, Type::Float32) => Kind::Float32,
        (_, Type::Float64) => Kind::Float64,
        (_, Type::Boolean) => Kind::Boolean,
        (_, Type::String) => Kind::String,
        (_, Type::Bytes) => Kind::Bytes,
        (_, Type::Array) => nested(&schema.value).map_or(Kind::Tree, Kind::Array),
        (_, Type::Map) if schema.key.as_ref().is_some_and(|key| key.kind == Type::String) => {
            nested(&schema.value).map_or(Kind::Tree, Kind::Object)
        }
        (_, Type::Map) => Kind::Tree,
        (_, Type::Struct) => Kind::Struct(StructPlan::new(schema, replace_null)),
    }
}

impl StructPlan {
    fn new(schema: &Schema, replace_null: bool) -> Self {
        let plan = |field: &api::Field| {
            let mut written = Vec::new();
            text::write(&field.name, &mut written);
            written.push(b':');
            let plan = Plan::new(&field.schema, replace_null);
            FieldPlan { name: field.name.clone(), written: written.into(), plan }
        };
        let fields: Box<[FieldPlan]> = schema.fields.iter().map(plan).collect();
        let many = if fields.len() < INDEX_FROM { &[] } else { &fields[..] };
        let places = many.iter().enumerate().map(|(place, field)| (field.name.clone(), place)).collect();
        Self { fields, places }
    }

    fn read(&self, scanner: &mut Scanner<'_>, message: &Bytes) -> Result<Value> {
        let mut values = Vec::with_capacity(self.fields.len());
        let mut more = scanner.enter(b'}')?;
        // As long as fields come in the order of the schema, as they do from every converter.
        while more {
            scanner.peek();
            let Some(field) =
                self.fields.get(values.len()).filter(|field| scanner.take_exact(&field.written))
            else {
                self.read_unordered(scanner, message, &mut values)?;
                break;
            };
            match field.plan.read_expected(scanner, message)? {
                Some(value) => values.push(value),
                None => values.push(field.plan.read_other(scanner, message)?),
            }
            more = scanner.more(b'}')?;
        }
        for field in &self.fields[values.len()..] {
            values.push(field.plan.absent()?);
        }
        Ok(Value::Struct(values.into()))
    }

    /// Reads the rest of an object whose names come in any order, again, or not at all.
    fn read_unordered(
        &self,
        scanner: &mut Scanner<'_>,
        message: &Bytes,
        values: &mut Vec<Value>,
    ) -> Result<()> {
        let mut found: Vec<Option<Value>> = values.drain(..).map(Some).collect();
        found.resize_with(self.fields.len(), || None);
        let mut more = true;
        while more {
            let name = text::read(scanner.name()?, message).or(Err(Detour))?;
            match self.place(&name) {
                Some(place) => found[place] = Some(self.fields[place].plan.read(scanner, message)?),
                None => scanner.skip()?,
            }
            more = scanner.more(b'}')?;
        }
        for (field, value) in self.fields.iter().zip(found) {
            values.push(value.map_or_else(|| field.plan.absent(), Ok)?);
        }
        Ok(())
    }

    fn place(&self, name: &str) -> Option<usize> {
        match self.places.is_empty() {
            true => self.fields.iter().position(|field| &*field.name == name),
            false => self.places.get(name).copied(),
        }
    }
}

impl Plan {
    fn absent(&self) -> Result<Value> {
        convert::absent(&self.schema, self.replace_null).or(Err(Detour))
    }
}

/// Reads the members of an object in their order.
fn read_object(
    scanner: &mut Scanner<'_>,
    message: &Bytes,
    read: impl Fn(&mut Scanner<'_>) -> Result<Value>,
) -> Result<Vec<(Value, Value)>> {
    let mut entries = Vec::new();
    let mut more = scanner.enter(b'}')?;
    while more {
        let name = text::read(scanner.name()?, message).or(Err(Detour))?;
        entries.push((Value::Text(name), read(scanner)?));
        more = scanner.more(b'}')?;
    }
    Ok(entries)
}

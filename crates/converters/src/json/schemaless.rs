//! Bytes of JSON to values without a schema: whole numbers of 64 bits, other numbers as doubles, objects as maps.

use api::{Text, Value};
use bytes::Bytes;

use super::scan::{Number, Result, Scanner, Start};
use super::text;
use crate::hash_order;

/// How many entries and elements there is room kept for between values.
const KEPT: usize = 1024;

/// Objects of more names are not remembered.
const NAMES_MAX: usize = 64;

/// So many objects of other names pass before new ones are remembered.
const PATIENCE: u32 = 16;

/// Reads values, one after the other.
#[derive(Default)]
pub(super) struct Reader {
    /// The entries of the objects that are being read, the innermost at the end.
    entries: Vec<(Value, Value)>,
    /// The elements of the arrays that are being read, likewise.
    elements: Vec<Value>,
    shape: Shape,
}

/// The names of an object in their order, as the objects of a topic have them again and again, and the order of
/// the map that becomes of them.
#[derive(Default)]
struct Shape {
    names: Vec<Name>,
    order: Vec<usize>,
    /// How many objects had other names since these were remembered.
    misses: u32,
}

struct Name {
    /// The name as it most likely stands in the message, with its quotes and the colon.
    written: Vec<u8>,
    text: Text,
}

impl Reader {
    /// Reads a value.
    pub(super) fn read(&mut self, scanner: &mut Scanner<'_>, message: &Bytes) -> Result<Value> {
        let value = match scanner.start()? {
            Start::Object => self.read_record(scanner, message),
            _ => self.read_value(scanner, message),
        };
        self.entries.clear();
        self.entries.shrink_to(KEPT);
        self.elements.clear();
        self.elements.shrink_to(KEPT);
        value
    }

    #[inline(always)]
    fn read_value(&mut self, scanner: &mut Scanner<'_>, message: &Bytes) -> Result<Value> {
        Ok(match scanner.start()? {
            Start::Text => {
                let raw = scanner.string()?;
                Value::Text(text::read(raw, message).or_else(|what| scanner.malformed(what))?)
            }
            Start::Number => match scanner.number()? {
                number @ Number::Fraction(_) => Value::Float(number.double()),
                number => Value::Int(number.long()),
            },
            Start::Literal => scanner.literal()?.map_or(Value::Null, Value::Bool),
            Start::Object => self.read_map(scanner, message)?,
            Start::Array => self.read_array(scanner, message)?,
        })
    }

    /// Reads the object that is the whole message: its names are likely those of the last one.
    fn read_record(&mut self, scanner: &mut Scanner<'_>, message: &Bytes) -> Result<Value> {
        let mut expected = 0;
        let mut more = scanner.enter(b'}')?;
        while more {
            scanner.peek();
            let name = match self.shape.names.get(expected) {
                Some(name) if self.entries.len() == expected && scanner.take_exact(&name.written) => {
                    expected += 1;
                    name.text.clone()
                }
                _ => text::read(scanner.name()?, message).or_else(|what| scanner.malformed(what))?,
            };
            let value = self.read_value(scanner, message)?;
            self.entries.push((Value::Text(name), value));
            more = scanner.more(b'}')?;
        }
        if expected == self.entries.len() && expected == self.shape.names.len() {
            let entry = |place: &usize| std::mem::take(&mut self.entries[*place]);
            return Ok(Value::Map(self.shape.order.iter().map(entry).collect()));
        }
        self.shape.miss(&self.entries);
        Ok(Value::Map(hash_order::arrange(&mut self.entries, None)))
    }

    fn read_map(&mut self, scanner: &mut Scanner<'_>, message: &Bytes) -> Result<Value> {
        let start = self.entries.len();
        let mut more = scanner.enter(b'}')?;
        while more {
            let name = text::read(scanner.name()?, message).or_else(|what| scanner.malformed(what))?;
            let value = self.read_value(scanner, message)?;
            self.entries.push((Value::Text(name), value));
            more = scanner.more(b'}')?;
        }
        let map = hash_order::arrange(&mut self.entries[start..], None);
        self.entries.truncate(start);
        Ok(Value::Map(map))
    }

    fn read_array(&mut self, scanner: &mut Scanner<'_>, message: &Bytes) -> Result<Value> {
        let start = self.elements.len();
        let mut more = scanner.enter(b']')?;
        while more {
            let value = self.read_value(scanner, message)?;
            self.elements.push(value);
            more = scanner.more(b']')?;
        }
        Ok(Value::Array(self.elements.drain(start..).collect()))
    }
}

impl Shape {
    /// Takes note of an object of other names, and remembers these if that happens often.
    fn miss(&mut self, entries: &[(Value, Value)]) {
        self.misses += 1;
        if entries.len() > NAMES_MAX || self.misses < PATIENCE && !self.names.is_empty() {
            return;
        }
        *self = Self::of(entries).unwrap_or_default();
    }

    /// The shape of an object; `None`: a name comes twice.
    fn of(entries: &[(Value, Value)]) -> Option<Self> {
        let mut places: Vec<(Value, Value)> = Vec::with_capacity(entries.len());
        for (place, (name, _)) in entries.iter().enumerate() {
            // A text of its own: it must not hold the message.
            let Value::Text(name) = name else { return None };
            places.push((Value::Text(Text::from(name.to_string())), Value::Int(place as i64)));
        }
        let name = |(name, _): &(Value, Value)| {
            let Value::Text(text) = name else { return None };
            let mut written = Vec::new();
            text::write(text, &mut written);
            written.push(b':');
            Some(Name { written, text: text.clone() })
        };
        let names: Vec<Name> = places.iter().map(name).collect::<Option<_>>()?;
        let arranged = hash_order::arrange(&mut places, None);
        let place = |(_, place): &(Value, Value)| match place {
            Value::Int(place) => usize::try_from(*place).ok(),
            _ => None,
        };
        let order: Vec<usize> = arranged.iter().map(place).collect::<Option<_>>()?;
        (order.len() == names.len()).then_some(Self { names, order, misses: 0 })
    }
}

//! A tree of JSON, for schemas and for values that are not what their schema expects.

use std::collections::HashMap;

use api::Text;
use bytes::Bytes;

use super::scan::{Number, Result, Scanner, Start};
use super::text;

/// From how many names on duplicates are found by hashing.
const INDEX_FROM: usize = 16;

/// A value of JSON.
#[derive(Debug, Default)]
pub(super) enum Node {
    /// No value at all: an empty text.
    #[default]
    Missing,
    Null,
    Bool(bool),
    Int(i64),
    /// A whole number beyond 64 bits.
    Big(Box<str>),
    /// A number with a point or an exponent.
    Fraction(Box<str>),
    Text(Text),
    Array(Vec<Node>),
    /// Names are unique: the last value of a name stands where the first one stood.
    Object(Vec<(Text, Node)>),
}

impl Node {
    /// Reads a value; strings without escapes are slices of the message that is scanned.
    pub(super) fn read(scanner: &mut Scanner<'_>, message: &Bytes) -> Result<Self> {
        Ok(match scanner.start()? {
            Start::Object => Self::Object(read_object(scanner, message)?),
            Start::Array => {
                let mut elements = Vec::new();
                let mut more = scanner.enter(b']')?;
                while more {
                    elements.push(Self::read(scanner, message)?);
                    more = scanner.more(b']')?;
                }
                Self::Array(elements)
            }
            Start::Text => {
                let raw = scanner.string()?;
                Self::Text(text::read(raw, message).or_else(|what| scanner.malformed(what))?)
            }
            Start::Number => match scanner.number()? {
                Number::Int(value) => Self::Int(value),
                Number::Big(digits) => Self::Big(digits.into()),
                Number::Fraction(text) => Self::Fraction(text.into()),
            },
            Start::Literal => scanner.literal()?.map_or(Self::Null, Self::Bool),
        })
    }

    /// The value of a name, if this is an object that has it.
    pub(super) fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&Text> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<Number<'_>> {
        match self {
            Self::Int(value) => Some(Number::Int(*value)),
            Self::Big(digits) => Some(Number::Big(digits)),
            Self::Fraction(text) => Some(Number::Fraction(text)),
            _ => None,
        }
    }

    /// The number, if it has neither point nor exponent.
    pub(super) fn integral(&self) -> Option<Number<'_>> {
        self.number().filter(|number| !matches!(number, Number::Fraction(_)))
    }

    /// The name of the kind, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "nothing",
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Big(_) | Self::Fraction(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

fn read_object(scanner: &mut Scanner<'_>, message: &Bytes) -> Result<Vec<(Text, Node)>> {
    let mut fields: Vec<(Text, Node)> = Vec::new();
    let mut places: HashMap<Text, usize> = HashMap::new();
    let mut more = scanner.enter(b'}')?;
    while more {
        let name = text::read(scanner.name()?, message).or_else(|what| scanner.malformed(what))?;
        let value = Node::read(scanner, message)?;
        if fields.len() == INDEX_FROM {
            places = fields.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
        }
        let place = match places.is_empty() {
            true => fields.iter().position(|(known, _)| *known == name),
            false => places.get(&name).copied(),
        };
        match place {
            Some(place) => fields[place].1 = value,
            None => {
                if fields.len() >= INDEX_FROM {
                    places.insert(name.clone(), fields.len());
                }
                fields.push((name, value));
            }
        }
        more = scanner.more(b'}')?;
    }
    Ok(fields)
}

//! Text to the value that it describes.

use std::sync::Arc;

use super::schema::{Merger, Mismatch, align, align_entries};
use super::token::{Tokens, is_blank, trim};
use super::{Item, Parsed, number, temporal};
use crate::{DataError, Schema, Type, Value};

/// How deep arrays and maps may stand in each other. Java's limit is its stack.
const DEPTH_MAX: usize = 200;

/// Why a text is no array or map.
enum Fault {
    /// It is text instead.
    Mismatch,
    TooDeep,
}

impl From<Mismatch> for Fault {
    fn from(_: Mismatch) -> Self {
        Self::Mismatch
    }
}

type Result<T, E = Fault> = std::result::Result<T, E>;

/// Kafka's `Values.parseString`: the value of a text and the schema that fits it; null has none.
///
/// # Errors
/// Arrays and maps stand in each other deeper than any stack should go: 200 levels.
pub fn parse(text: &str) -> Result<(Option<Arc<Schema>>, Value), DataError> {
    if text.is_empty() {
        return Ok((Some(Schema::of(Type::String).build()), Value::from("")));
    }
    let mut parser = Parser { tokens: Tokens::new(text), depth: 0 };
    match parser.parse(false) {
        Ok(Parsed { schema, item }) => {
            let value = item.into_value(schema.as_deref());
            Ok((schema, value))
        }
        Err(Fault::Mismatch) => Ok((Some(Schema::of(Type::String).build()), Value::from(text))),
        Err(Fault::TooDeep) => {
            Err(DataError::new(format_args!("arrays and maps deeper than {DEPTH_MAX} levels")))
        }
    }
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    depth: usize,
}

impl Parser<'_> {
    /// Reads a value, embedded in an array or a map or not.
    fn parse(&mut self, embedded: bool) -> Result<Parsed> {
        if !self.tokens.has_next() {
            return Ok(Parsed::null());
        }
        if embedded && self.tokens.take("\"") {
            return Ok(self.quoted());
        }
        let boolean = |value: bool| Parsed::of(Schema::of(Type::Boolean).build(), Item::Bool(value));
        if self.literal(embedded, "null") {
            return Ok(Parsed::null());
        }
        if self.literal(embedded, "true") {
            return Ok(boolean(true));
        }
        if self.literal(embedded, "false") {
            return Ok(boolean(false));
        }
        let start = self.tokens.mark();
        match self.collection() {
            Ok(Some(parsed)) => return Ok(parsed),
            Ok(None) => {}
            Err(Fault::Mismatch) => self.tokens.rewind(start),
            Err(Fault::TooDeep) => return Err(Fault::TooDeep),
        }
        let token = self.tokens.next();
        match is_blank(token) {
            true => Ok(text(token)),
            false => self.token(embedded, trim(token)),
        }
    }

    /// Takes a word that is a value of its own: alone, or embedded.
    fn literal(&mut self, embedded: bool, word: &str) -> bool {
        let start = self.tokens.mark();
        if self.tokens.take(word) && (embedded || !self.tokens.has_next()) {
            return true;
        }
        self.tokens.rewind(start);
        false
    }

    fn collection(&mut self) -> Result<Option<Parsed>> {
        let array = self.tokens.take("[");
        if !array && !self.tokens.take("{") {
            return Ok(None);
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fault::TooDeep);
        }
        let parsed = if array { self.array() } else { self.map() };
        self.depth -= 1;
        parsed.map(Some)
    }

    fn token(&mut self, embedded: bool, token: &str) -> Result<Parsed> {
        let digit = token.starts_with(|char: char| char.is_ascii_digit());
        if digit && let Some(parsed) = self.temporal(token) {
            return Ok(parsed);
        }
        if (digit || token.starts_with(['+', '-']))
            && let Some(parsed) = number::parse(token)
        {
            return Ok(parsed);
        }
        match embedded {
            true => Err(Fault::Mismatch),
            false => Ok(text(self.tokens.original())),
        }
    }

    /// A time or a timestamp is five tokens because of its colons, unless they are escaped.
    fn temporal(&mut self, token: &str) -> Option<Parsed> {
        let start = self.tokens.mark();
        if let Some(rest) = self.tokens.next_many(4)
            && let Some(parsed) = temporal::parse(&format!("{token}{rest}"))
        {
            return Some(parsed);
        }
        self.tokens.rewind(start);
        temporal::parse(token)
    }

    fn quoted(&mut self) -> Parsed {
        let mut content = String::new();
        while self.tokens.has_next() && !self.tokens.take("\"") {
            content.push_str(self.tokens.next());
        }
        temporal::parse(&content).unwrap_or_else(|| text(&content))
    }

    fn array(&mut self) -> Result<Parsed> {
        let mut items = Vec::new();
        let mut elements = Merger::default();
        while self.tokens.has_next() {
            if self.tokens.take("]") {
                return Ok(match elements.common() {
                    Some(element) => {
                        let items =
                            items.into_iter().map(|item| align(&element, item)).collect::<Result<_, _>>()?;
                        Parsed::of(Schema::array(element).build(), Item::List(items))
                    }
                    None => Parsed::of(Schema::of(Type::Array).build(), Item::List(items)),
                });
            }
            if self.tokens.take(",") {
                return Err(Fault::Mismatch);
            }
            let element = self.parse(true)?;
            elements.merge(element.schema);
            items.push(element.item);
            let place = self.tokens.mark();
            if self.tokens.take("]") {
                self.tokens.rewind(place);
            } else if !self.tokens.take(",") {
                return Err(Fault::Mismatch);
            }
        }
        Err(Fault::Mismatch)
    }

    fn map(&mut self) -> Result<Parsed> {
        let mut entries: Vec<(Item, Item)> = Vec::new();
        let (mut keys, mut values) = (Merger::default(), Merger::default());
        while self.tokens.has_next() {
            if self.tokens.take("}") {
                return finish_map(entries, keys.common(), values.common());
            }
            if self.tokens.take(",") {
                return Err(Fault::Mismatch);
            }
            let key = self.parse(true)?;
            if key.item == Item::Null || !self.tokens.take(":") {
                return Err(Fault::Mismatch);
            }
            let value = self.parse(true)?;
            entries.push((key.item, value.item));
            self.tokens.take(",");
            keys.merge(key.schema);
            values.merge(value.schema);
        }
        Err(Fault::Mismatch)
    }
}

fn finish_map(
    entries: Vec<(Item, Item)>,
    keys: Option<Arc<Schema>>,
    values: Option<Arc<Schema>>,
) -> Result<Parsed> {
    let entries = align_entries(keys.as_ref(), values.as_ref().filter(|_| keys.is_some()), entries)?;
    let schema = match (keys, values) {
        (Some(keys), Some(values)) => Schema::map(keys, values).build(),
        // Kafka's schema of a map without values has none for them, which no builder of ours makes from nothing.
        (Some(keys), None) => super::schema::map_of_nulls(keys),
        (None, _) => Schema::of(Type::Map).build(),
    };
    Ok(Parsed::of(schema, Item::Map(entries)))
}

fn text(text: &str) -> Parsed {
    Parsed::of(Schema::of(Type::String).build(), Item::Text(text.to_owned()))
}

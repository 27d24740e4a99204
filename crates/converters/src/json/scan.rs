//! Tokens of JSON, as strict and as tolerant as Jackson is with Kafka's settings.
//!
//! Leading zeros are allowed, comments, single quotes, `NaN` and trailing commas are not. Names, numbers and
//! strings have Jackson's limits, nesting one of ours.
//!
//! Most functions are inlined by force: what they return is taken apart at once, and going through memory for
//! that costs half of the time.

use super::text;

/// How deep arrays and objects may stand in each other. Jackson allows 1000; whatever takes a value apart later
/// does it by recursion, too, on the stack of a task.
pub(super) const DEPTH_MAX: usize = 200;
const NAME_MAX: usize = 50_000;
const NUMBER_MAX: usize = 1000;
const STRING_MAX: usize = 20_000_000;

/// What is wrong with a text and where; never the text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub(super) struct Malformed {
    pub(super) what: &'static str,
    pub(super) at: usize,
}

pub(super) type Result<T, E = Malformed> = std::result::Result<T, E>;

/// A string between its quotes, as it is written.
#[derive(Clone, Copy)]
pub(super) struct RawText<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether there is a backslash in it.
    pub(super) escaped: bool,
}

/// A number; those that are not a value are as they are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number<'a> {
    /// A whole number of 64 bits.
    Int(i64),
    /// A whole number beyond 64 bits.
    Big(&'a str),
    /// A number with a point or an exponent.
    Fraction(&'a str),
}

/// The kind of the value that begins at a byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Start {
    Object,
    Array,
    Text,
    Number,
    Literal,
}

/// A place in a text. Cheap to copy: a copy made before a value goes back to it.
#[derive(Clone, Copy)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    /// At a place within `bytes`, in so many arrays and objects.
    pub(super) fn within(bytes: &'a [u8], at: usize, depth: usize) -> Self {
        Self { bytes, at, depth }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    pub(super) fn malformed<T>(&self, what: &'static str) -> Result<T> {
        Err(Malformed { what, at: self.at })
    }

    /// The next byte that is no white space, not taken.
    #[inline(always)]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Takes a byte behind white space if it is the next one.
    #[inline(always)]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8, what: &'static str) -> Result<()> {
        if self.take(byte) { Ok(()) } else { self.malformed(what) }
    }

    /// Takes some bytes if they come next, without white space.
    #[inline(always)]
    pub(super) fn take_exact(&mut self, bytes: &[u8]) -> bool {
        let taken = self.rest().starts_with(bytes);
        self.at += if taken { bytes.len() } else { 0 };
        taken
    }

    /// What begins here.
    #[inline(always)]
    pub(super) fn start(&mut self) -> Result<Start> {
        match self.peek() {
            Some(b'{') => Ok(Start::Object),
            Some(b'[') => Ok(Start::Array),
            Some(b'"') => Ok(Start::Text),
            Some(b'-' | b'0'..=b'9') => Ok(Start::Number),
            Some(b't' | b'f' | b'n') => Ok(Start::Literal),
            Some(_) => self.malformed("unexpected character"),
            None => self.malformed("unexpected end"),
        }
    }

    /// Enters the array or object that begins here; false: it is empty, and left again.
    #[inline(always)]
    pub(super) fn enter(&mut self, end: u8) -> Result<bool> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return self.malformed("nested too deep");
        }
        Ok(!self.leave(end))
    }

    #[inline(always)]
    fn leave(&mut self, end: u8) -> bool {
        let left = self.take(end);
        self.depth -= usize::from(left);
        left
    }

    /// After an element: true when another follows, false behind the end.
    #[inline(always)]
    pub(super) fn more(&mut self, end: u8) -> Result<bool> {
        if self.take(b',') {
            return Ok(true);
        }
        if self.leave(end) {
            return Ok(false);
        }
        self.malformed("expected a comma or the end of an array or object")
    }

    /// A name in an object, and the colon behind it.
    #[inline(always)]
    pub(super) fn name(&mut self) -> Result<RawText<'a>> {
        if self.peek() != Some(b'"') {
            return self.malformed("expected a name in quotes");
        }
        let name = self.string()?;
        if name.bytes.len() > NAME_MAX {
            return self.malformed("a name is too long");
        }
        if name.escaped && !text::has_whole_pairs(name.bytes) {
            return self.malformed("half a surrogate pair in a name");
        }
        self.colon()?;
        Ok(name)
    }

    #[inline(always)]
    pub(super) fn colon(&mut self) -> Result<()> {
        self.expect(b':', "expected a colon")
    }

    /// The string whose quote is here.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Result<RawText<'a>> {
        let start = self.at + 1;
        let mut escaped = false;
        self.at = start;
        loop {
            self.at += text::plain_to_read(self.rest());
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return self.malformed("a control character in a string"),
                None => return self.malformed("unexpected end"),
            }
        }
        let bytes = &self.bytes[start..self.at];
        self.at += 1;
        if bytes.len() > STRING_MAX && text::units(bytes) > STRING_MAX {
            return self.malformed("a string is too long");
        }
        Ok(RawText { bytes, escaped })
    }

    fn escape(&mut self) -> Result<()> {
        let length = match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return self.malformed("expected four hexadecimal digits");
                }
                6
            }
            Some(_) => return self.malformed("an unknown escape in a string"),
            None => return self.malformed("unexpected end"),
        };
        self.at += length;
        Ok(())
    }

    /// The number that begins here.
    #[inline(always)]
    pub(super) fn number(&mut self) -> Result<Number<'a>> {
        let start = self.at;
        let negative = self.bytes[start] == b'-';
        self.at += usize::from(negative);
        let mut first = self.at;
        self.digits()?;
        let whole = self.at;
        while whole - first > 1 && self.bytes[first] == b'0' {
            first += 1;
        }
        let fraction = self.point_and_exponent()?;
        self.number_end()?;
        if self.at - first > NUMBER_MAX {
            return self.malformed("a number is too long");
        }
        let written = std::str::from_utf8(&self.bytes[start..self.at]).expect("a number is ASCII");
        if fraction {
            // Java cannot hold the scale of a number with an exponent beyond 32 bits.
            return match super::number::scale(written) {
                Some(_) => Ok(Number::Fraction(written)),
                None => self.malformed("the exponent of a number is too large"),
            };
        }
        Ok(small(&self.bytes[first..whole], negative).map_or(Number::Big(written), Number::Int))
    }

    fn digits(&mut self) -> Result<()> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return self.malformed("expected a digit");
        }
        self.at += count;
        Ok(())
    }

    fn point_and_exponent(&mut self) -> Result<bool> {
        let whole = self.at;
        if self.take_exact(b".") {
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.at > whole)
    }

    /// A number that stands alone ends at white space or the end of the text.
    fn number_end(&self) -> Result<()> {
        match self.bytes.get(self.at) {
            Some(byte) if self.depth == 0 && !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') => {
                self.malformed("expected white space behind a number")
            }
            _ => Ok(()),
        }
    }

    /// `true`, `false` or `null`.
    #[inline(always)]
    pub(super) fn literal(&mut self) -> Result<Option<bool>> {
        let (word, value): (&[u8], _) = match self.bytes[self.at] {
            b't' => (b"true", Some(true)),
            b'f' => (b"false", Some(false)),
            _ => (b"null", None),
        };
        if !self.take_exact(word) || text::starts_with_identifier_part(self.rest()) {
            return self.malformed("an unknown word");
        }
        Ok(value)
    }

    /// Passes over a value and finds everything that is wrong with it.
    pub(super) fn skip(&mut self) -> Result<()> {
        match self.start()? {
            Start::Object => {
                let mut more = self.enter(b'}')?;
                while more {
                    text::check(self.name()?).or_else(|what| self.malformed(what))?;
                    self.skip()?;
                    more = self.more(b'}')?;
                }
            }
            Start::Array => {
                let mut more = self.enter(b']')?;
                while more {
                    self.skip()?;
                    more = self.more(b']')?;
                }
            }
            Start::Text => {
                let text = self.string()?;
                text::check(text).or_else(|what| self.malformed(what))?;
            }
            Start::Number => drop(self.number()?),
            Start::Literal => drop(self.literal()?),
        }
        Ok(())
    }
}

/// The value of digits, if 64 bits hold it.
fn small(digits: &[u8], negative: bool) -> Option<i64> {
    if digits.len() > 19 {
        return None;
    }
    let value = digits.iter().fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
    if negative { 0i64.checked_sub_unsigned(value) } else { i64::try_from(value).ok() }
}

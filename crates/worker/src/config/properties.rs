//! Java properties, as `java.util.Properties.load` reads them: of a stream every byte is a character of ISO 8859-1, and
//! others are written `\uXXXX`; a reader has characters already.

use std::iter::Peekable;
use std::slice::Iter;

use api::config::Properties;

/// Parses a whole stream; of a key that is there twice the last one counts.
pub(super) fn parse(bytes: &[u8]) -> Result<Properties, String> {
    let units: Vec<u16> = bytes.iter().map(|&byte| byte.into()).collect();
    parse_units(&units)
}

/// Parses a whole text in the same way.
///
/// # Errors
/// What is wrong, with its line and perhaps its key, and without values.
pub(crate) fn parse_text(text: &str) -> Result<Properties, String> {
    let units: Vec<u16> = text.encode_utf16().collect();
    parse_units(&units)
}

fn parse_units(units: &[u16]) -> Result<Properties, String> {
    let mut properties = Properties::new();
    let mut natural = NaturalLines { rest: units, number: 0 };
    while let Some((line, number)) = logical_line(&mut natural) {
        let (key, value) = split(&line);
        let at = |reason: &str| format!("line {number}: {reason}");
        let key = unescape(key).map_err(at)?;
        let value = unescape(value).map_err(|reason| format!("{} in the value of `{key}`", at(reason)))?;
        properties.insert(key, value);
    }
    Ok(properties)
}

const BACKSLASH: u16 = b'\\' as u16;

/// Lines as they end in the file: at `\n`, `\r` or both.
struct NaturalLines<'a> {
    rest: &'a [u16],
    number: usize,
}

impl<'a> Iterator for NaturalLines<'a> {
    type Item = &'a [u16];

    fn next(&mut self) -> Option<&'a [u16]> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let ends = |&unit: &u16| is(unit, b"\n\r");
        let end = self.rest.iter().position(ends).unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        let ending = match rest {
            [first, second, ..] if is(*first, b"\r") && is(*second, b"\n") => 2,
            rest => rest.len().min(1),
        };
        self.rest = &rest[ending..];
        Some(line)
    }
}

/// Whether a character is one of some.
fn is(unit: u16, characters: &[u8]) -> bool {
    characters.iter().any(|&character| unit == u16::from(character))
}

/// The next line that is neither blank nor a comment, with the lines that continue it, and its number.
fn logical_line(lines: &mut NaturalLines<'_>) -> Option<(Vec<u16>, usize)> {
    loop {
        let first = lines.find_map(|line| {
            let line = skip_blanks(line);
            (!line.is_empty() && !is(line[0], b"#!")).then_some(line)
        })?;
        // A lone backslash continues nothing: Java begins anew behind it.
        if first != [BACKSLASH] {
            let number = lines.number;
            return Some((continued_line(first, lines), number));
        }
    }
}

fn continued_line(first: &[u16], lines: &mut NaturalLines<'_>) -> Vec<u16> {
    let mut whole = first.to_vec();
    while continued(&whole) {
        whole.pop();
        let Some(next) = lines.next() else { break };
        whole.extend_from_slice(skip_blanks(next));
    }
    whole
}

/// Whether a line ends in an odd number of backslashes.
fn continued(line: &[u16]) -> bool {
    line.iter().rev().take_while(|&&unit| unit == BACKSLASH).count() % 2 == 1
}

/// Without leading space, tab and form feed.
fn skip_blanks(line: &[u16]) -> &[u16] {
    let start = line.iter().position(|&unit| !blank(unit)).unwrap_or(line.len());
    &line[start..]
}

fn blank(unit: u16) -> bool {
    is(unit, b" \t\x0c")
}

/// Key and value: between them stand blanks, or one `=` or `:` with blanks around it.
fn split(line: &[u16]) -> (&[u16], &[u16]) {
    let mut escaped = false;
    let end = line.iter().position(|&unit| {
        let ends = !escaped && (blank(unit) || is(unit, b"=:"));
        escaped = unit == BACKSLASH && !escaped;
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = skip_blanks(rest);
    let value = match rest.first() {
        Some(&unit) if is(unit, b"=:") => skip_blanks(&rest[1..]),
        _ => rest,
    };
    (key, value)
}

/// The text of a key or value. Surrogates without their pair become U+FFFD, for which UTF-8 has no other form.
fn unescape(text: &[u16]) -> Result<String, &'static str> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text.iter().peekable();
    while let Some(&unit) = rest.next() {
        units.push(match unit {
            BACKSLASH => escape(&mut rest)?,
            unit => unit,
        });
    }
    Ok(String::from_utf16_lossy(&units))
}

/// The character that an escape stands for.
fn escape(rest: &mut Peekable<Iter<'_, u16>>) -> Result<u16, &'static str> {
    let Some(&unit) = rest.next() else { return Ok(BACKSLASH) };
    Ok(match u8::try_from(unit) {
        Ok(b'u') => return unicode(rest),
        Ok(b't') => 0x09,
        Ok(b'n') => 0x0a,
        Ok(b'f') => 0x0c,
        Ok(b'r') => 0x0d,
        _ => unit,
    })
}

fn unicode(rest: &mut Peekable<Iter<'_, u16>>) -> Result<u16, &'static str> {
    let mut unit = 0;
    for _ in 0..4 {
        let digit =
            rest.next().and_then(|&unit| char::from_u32(unit.into())).and_then(|unit| unit.to_digit(16));
        let digit = digit.and_then(|digit| u16::try_from(digit).ok());
        unit = unit << 4 | digit.ok_or("malformed \\uXXXX")?;
    }
    Ok(unit)
}

#[cfg(test)]
mod tests;

//! Java properties, as `java.util.Properties.load` reads a stream: every byte is a character of ISO 8859-1, and
//! others are written `\uXXXX`.

use std::iter::Peekable;
use std::slice::Iter;

use api::config::Properties;

/// Parses a whole file; of a key that is there twice the last one counts.
pub(super) fn parse(bytes: &[u8]) -> Result<Properties, String> {
    let mut properties = Properties::new();
    let mut natural = NaturalLines { rest: bytes, number: 0 };
    while let Some((line, number)) = logical_line(&mut natural) {
        let (key, value) = split(&line);
        let at = |reason: &str| format!("line {number}: {reason}");
        let key = unescape(key).map_err(at)?;
        let value = unescape(value).map_err(|reason| format!("{} in the value of `{key}`", at(reason)))?;
        properties.insert(key, value);
    }
    Ok(properties)
}

/// Lines as they end in the file: at `\n`, `\r` or both.
struct NaturalLines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Iterator for NaturalLines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let end = self.rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        let ending = if rest.starts_with(b"\r\n") { 2 } else { rest.len().min(1) };
        self.rest = &rest[ending..];
        Some(line)
    }
}

/// The next line that is neither blank nor a comment, with the lines that continue it, and its number.
fn logical_line(lines: &mut NaturalLines<'_>) -> Option<(Vec<u8>, usize)> {
    loop {
        let first = lines.find_map(|line| {
            let line = skip_blanks(line);
            (!line.is_empty() && !matches!(line[0], b'#' | b'!')).then_some(line)
        })?;
        // A lone backslash continues nothing: Java begins anew behind it.
        if first != b"\\" {
            let number = lines.number;
            return Some((continued_line(first, lines), number));
        }
    }
}

fn continued_line(first: &[u8], lines: &mut NaturalLines<'_>) -> Vec<u8> {
    let mut whole = first.to_vec();
    while continued(&whole) {
        whole.pop();
        let Some(next) = lines.next() else { break };
        whole.extend_from_slice(skip_blanks(next));
    }
    whole
}

/// Whether a line ends in an odd number of backslashes.
fn continued(line: &[u8]) -> bool {
    line.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

/// Without leading space, tab and form feed.
fn skip_blanks(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|&byte| !blank(byte)).unwrap_or(line.len());
    &line[start..]
}

fn blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0c')
}

/// Key and value: between them stand blanks, or one `=` or `:` with blanks around it.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let mut escaped = false;
    let end = line.iter().position(|&byte| {
        let ends = !escaped && (blank(byte) || matches!(byte, b'=' | b':'));
        escaped = byte == b'\\' && !escaped;
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = skip_blanks(rest);
    let value = match rest.first() {
        Some(b'=' | b':') => skip_blanks(&rest[1..]),
        _ => rest,
    };
    (key, value)
}

/// The text of a key or value. Surrogates without their pair become U+FFFD, for which UTF-8 has no other form.
fn unescape(bytes: &[u8]) -> Result<String, &'static str> {
    let mut units: Vec<u16> = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().peekable();
    while let Some(&byte) = rest.next() {
        units.push(match byte {
            b'\\' => escape(&mut rest)?,
            byte => byte.into(),
        });
    }
    Ok(String::from_utf16_lossy(&units))
}

/// The character that an escape stands for.
fn escape(rest: &mut Peekable<Iter<'_, u8>>) -> Result<u16, &'static str> {
    Ok(match rest.next().copied() {
        Some(b'u') => return unicode(rest),
        Some(b't') => 0x09,
        Some(b'n') => 0x0a,
        Some(b'f') => 0x0c,
        Some(b'r') => 0x0d,
        Some(other) => other.into(),
        None => b'\\'.into(),
    })
}

fn unicode(rest: &mut Peekable<Iter<'_, u8>>) -> Result<u16, &'static str> {
    let mut unit = 0;
    for _ in 0..4 {
        let digit = rest.next().and_then(|&byte| char::from(byte).to_digit(16));
        let digit = digit.and_then(|digit| u16::try_from(digit).ok());
        unit = unit << 4 | digit.ok_or("malformed \\uXXXX")?;
    }
    Ok(unit)
}

#[cfg(test)]
mod tests;

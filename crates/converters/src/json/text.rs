//! Strings of JSON: what Jackson escapes when it writes, and what it makes of bytes when it reads.

use api::Text;
use bytes::Bytes;

use super::scan::RawText;

const MALFORMED: &str = "malformed UTF-8";

/// The length of the run in front that is written as it is.
///
/// Beyond quotes, backslashes and control characters, Jackson escapes what takes two UTF-16 units.
fn plain_to_write(bytes: &[u8]) -> usize {
    let wide = |word: u64| word & word << 1 & word << 2 & word << 3;
    run(bytes, |word| ends_string(word) | wide(word))
}

/// The length of the run in front that ends neither a string nor is an escape or an error.
pub(super) fn plain_to_read(bytes: &[u8]) -> usize {
    run(bytes, ends_string)
}

/// The length of the run in front without the bytes that `special` marks in words of eight.
///
/// A mark is the highest bit of a byte. Behind the first one there may be false ones, before it there are none.
#[inline(always)]
fn run(bytes: &[u8], special: impl Fn(u64) -> u64) -> usize {
    let marks = |word: [u8; 8]| special(u64::from_le_bytes(word)) & splat(0x80);
    // Whole blocks are vector instructions.
    let (blocks, _) = bytes.as_chunks::<32>();
    let clean = blocks
        .iter()
        .take_while(|block| block.as_chunks::<8>().0.iter().fold(0, |all, word| all | marks(*word)) == 0);
    let start = clean.count() * 32;
    let (words, tail) = bytes[start..].as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let place = marks(*word).trailing_zeros() as usize / 8;
        if place < 8 {
            return start + index * 8 + place;
        }
    }
    // Letters fill what is left of a word.
    let mut word = [b'a'; 8];
    word[..tail.len()].copy_from_slice(tail);
    start + words.len() * 8 + (marks(word).trailing_zeros() as usize / 8).min(tail.len())
}

/// Marks quotes, backslashes and control characters.
fn ends_string(word: u64) -> u64 {
    let zeros = |word: u64| word.wrapping_sub(splat(1)) & !word;
    let controls = word.wrapping_sub(splat(0x20)) & !word;
    controls | zeros(word ^ splat(b'"')) | zeros(word ^ splat(b'\\'))
}

/// A byte eight times.
const fn splat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Appends a text in quotes.
pub(super) fn write(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    loop {
        let (plain, special) = rest.split_at(plain_to_write(rest.as_bytes()));
        out.extend_from_slice(plain.as_bytes());
        let mut chars = special.chars();
        let Some(char) = chars.next() else { break };
        write_escape(char, out);
        rest = chars.as_str();
    }
    out.push(b'"');
}

fn write_escape(char: char, out: &mut Vec<u8>) {
    let short = match char {
        '"' | '\\' => char as u8,
        '\u{8}' => b'b',
        '\t' => b't',
        '\n' => b'n',
        '\u{c}' => b'f',
        '\r' => b'r',
        _ => {
            for unit in char.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(b"\\u");
                out.extend([12, 8, 4, 0].map(|shift| b"0123456789ABCDEF"[usize::from(*unit >> shift & 15)]));
            }
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// The text of a string, a slice of the message if it has no escapes.
#[inline(always)]
pub(super) fn read(raw: RawText<'_>, message: &Bytes) -> Result<Text, &'static str> {
    if !raw.escaped
        && let Ok(text) = Text::try_from(message.slice_ref(raw.bytes))
    {
        return Ok(text);
    }
    decode(raw).map(Text::from)
}

/// The text of a string.
pub(super) fn decode(raw: RawText<'_>) -> Result<String, &'static str> {
    match std::str::from_utf8(raw.bytes) {
        Ok(text) => Ok(unescape(text)),
        Err(_) => Ok(from_utf16(&decode_leniently(raw.bytes)?)),
    }
}

/// Finds what is wrong with a string, whose escapes are known to be right.
pub(super) fn check(raw: RawText<'_>) -> Result<(), &'static str> {
    if raw.bytes.is_ascii() || std::str::from_utf8(raw.bytes).is_ok() {
        return Ok(());
    }
    decode_leniently(raw.bytes).map(drop)
}

/// How many UTF-16 units bytes of UTF-8 are, escapes counted as they are written.
pub(super) fn units(bytes: &[u8]) -> usize {
    bytes.iter().map(|byte| usize::from(byte & 0xc0 != 0x80) + usize::from(*byte >= 0xf0)).sum()
}

/// Whether a word goes on, as Jackson decides it by Java's `Character.isJavaIdentifierPart`.
pub(super) fn starts_with_identifier_part(bytes: &[u8]) -> bool {
    match bytes.first() {
        None | Some(..b'0' | b']' | b'}') => false,
        Some(byte @ ..0x80) => byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'_' | 0x7f),
        Some(_) => {
            let front = &bytes[..bytes.len().min(4)];
            let chunk = front.utf8_chunks().next().map_or("", |chunk| chunk.valid());
            chunk.chars().next().is_none_or(char::is_alphanumeric)
        }
    }
}

/// Whether no escape is half a surrogate pair: Jackson lets that pass in strings, not in names.
pub(super) fn has_whole_pairs(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(place) = memchr::memchr(b'\\', rest) {
        let (unit, length) = escaped_unit(&rest[place + 1..]);
        rest = &rest[place + 1 + length..];
        match unit {
            0xd800..0xdc00 => match rest {
                [b'\\', escape @ ..] if (0xdc00..0xe000).contains(&escaped_unit(escape).0) => {
                    rest = &escape[5..]
                }
                _ => return false,
            },
            0xdc00..0xe000 => return false,
            _ => {}
        }
    }
    true
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let (head, tail) = escape.split_at(1);
        rest = tail;
        match head {
            "b" => out.push('\u{8}'),
            "f" => out.push('\u{c}'),
            "n" => out.push('\n'),
            "r" => out.push('\r'),
            "t" => out.push('\t'),
            "u" => {
                let (char, length) = unicode_escape(tail);
                out.push(char);
                rest = &tail[length..];
            }
            other => out.push_str(other),
        }
    }
    out.push_str(rest);
    out
}

/// The character of `XXXX` or `XXXX\uXXXX`, and its length. Half a pair is a question mark, what Java's UTF-8
/// encoder makes of it.
fn unicode_escape(text: &str) -> (char, usize) {
    let unit = hex(&text[..4]);
    if let Some(char) = char::from_u32(unit.into()) {
        return (char, 4);
    }
    let low = text[4..].strip_prefix("\\u").map(|text| hex(&text[..4]));
    match low.and_then(|low| char::decode_utf16([unit, low]).next()?.ok()) {
        Some(char) => (char, 10),
        None => ('?', 4),
    }
}

fn hex(digits: &str) -> u16 {
    u16::from_str_radix(digits, 16).expect("the scanner saw four hexadecimal digits")
}

fn from_utf16(units: &[u16]) -> String {
    char::decode_utf16(units.iter().copied()).map(|char| char.unwrap_or('?')).collect()
}

/// Decodes what is not quite UTF-8 as Jackson does, which takes overlong forms of up to three bytes.
fn decode_leniently(bytes: &[u8]) -> Result<Vec<u16>, &'static str> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        if *first == b'\\' {
            let (unit, length) = escaped_unit(tail);
            units.push(unit);
            rest = &tail[length..];
            continue;
        }
        let (more, tail) = tail.split_at_checked(trailing(*first).ok_or(MALFORMED)?).ok_or(MALFORMED)?;
        let char = lenient_char(*first, more).ok_or(MALFORMED)?;
        units.extend_from_slice(char.encode_utf16(&mut [0; 2]));
        rest = tail;
    }
    Ok(units)
}

/// How many bytes follow the first byte of a character.
fn trailing(first: u8) -> Option<usize> {
    match first {
        ..0x80 => Some(0),
        0xc0..0xe0 => Some(1),
        0xe0..0xf0 => Some(2),
        0xf0..0xf8 => Some(3),
        _ => None,
    }
}

fn lenient_char(first: u8, more: &[u8]) -> Option<char> {
    let kept = [0x7f, 0x1f, 0x0f, 0x07][more.len()];
    let code = more.iter().try_fold(u32::from(first & kept), |code, byte| {
        (byte & 0xc0 == 0x80).then_some(code << 6 | u32::from(byte & 0x3f))
    })?;
    char::from_u32(code).filter(|_| more.len() < 3 || code > 0xffff)
}

/// The UTF-16 unit of an escape behind its backslash, and its length.
fn escaped_unit(escape: &[u8]) -> (u16, usize) {
    let unit = match escape[0] {
        b'b' => 8,
        b'f' => 12,
        b'n' => 10,
        b'r' => 13,
        b't' => 9,
        b'u' => return (hex(std::str::from_utf8(&escape[1..5]).expect("digits are ASCII")), 5),
        other => other,
    };
    (unit.into(), 1)
}

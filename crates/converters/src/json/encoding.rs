//! The encoding of a message: JSON may come as UTF-16 and UTF-32, too, and Jackson finds out by the first bytes.

use api::{Error, Result};
use bytes::{Buf, Bytes};

/// The message as UTF-8 without a mark in front, the same bytes if it was that already.
pub(super) fn to_utf8(mut message: Bytes) -> Result<Bytes> {
    let quad = match message[..] {
        // What begins with two ASCII characters is UTF-8.
        [1..=0x7f, 1..=0x7f, ..] => return Ok(message),
        [a, b, c, d, ..] => u32::from_be_bytes([a, b, c, d]),
        [a, b] | [a, b, _] => u32::from_be_bytes([a, b, 1, 1]),
        _ => return Ok(message),
    };
    let four = message.len() >= 4;
    let malformed = || Error::reject("cannot read JSON: malformed UTF-16 or UTF-32");
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| from_utf16(bytes, unit).ok_or_else(malformed);
    let utf32 = |bytes: &[u8], unit: fn([u8; 4]) -> u32| from_utf32(bytes, unit).ok_or_else(malformed);
    match quad {
        0x0000_feff if four => utf32(&message[4..], u32::from_be_bytes),
        0xfffe_0000 if four => utf32(&message[4..], u32::from_le_bytes),
        0x0000_fffe | 0xfeff_0000 if four => {
            Err(Error::reject("cannot read JSON: an order of bytes of UTF-32"))
        }
        _ if four && quad >> 16 == 0xfeff => utf16(&message[2..], u16::from_be_bytes),
        _ if four && quad >> 16 == 0xfffe => utf16(&message[2..], u16::from_le_bytes),
        _ if four && quad >> 8 == 0x00ef_bbbf => {
            message.advance(3);
            Ok(message)
        }
        _ if four && quad >> 8 == 0 => utf32(&message, u32::from_be_bytes),
        _ if four && quad & 0x00ff_ffff == 0 => utf32(&message, u32::from_le_bytes),
        _ if quad >> 24 == 0 => utf16(&message, u16::from_be_bytes),
        _ if quad >> 16 & 0xff == 0 => utf16(&message, u16::from_le_bytes),
        _ => Ok(message),
    }
}

/// Half a pair is a question mark, as in the module `text`.
fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Bytes> {
    let (units, rest) = bytes.as_chunks::<2>();
    let text = char::decode_utf16(units.iter().map(|bytes| unit(*bytes)));
    let text: String = text.map(|char| char.unwrap_or('?')).collect();
    rest.is_empty().then(|| text.into())
}

fn from_utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Option<Bytes> {
    let (units, rest) = bytes.as_chunks::<4>();
    let text: Option<String> = units.iter().map(|bytes| char::from_u32(unit(*bytes))).collect();
    text.filter(|_| rest.is_empty()).map(Bytes::from)
}

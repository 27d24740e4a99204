//! The character sets that every Java has, and those of western Europe.

use api::{Text, java};
use bytes::Bytes;

/// A character set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Charset {
    Utf8,
    /// Big endian with a mark when written, either order when read.
    Utf16,
    Utf16Be,
    Utf16Le,
    Latin1,
    Ascii,
    /// ISO-8859-15: western Europe with the euro.
    Latin9,
    Windows1252,
}

/// Where ISO-8859-15 is not ISO-8859-1.
const LATIN9: [(u8, char); 8] =
    [(0xa4, '€'), (0xa6, 'Š'), (0xa8, 'š'), (0xb4, 'Ž'), (0xb8, 'ž'), (0xbc, 'Œ'), (0xbd, 'œ'), (0xbe, 'Ÿ')];

/// Where windows-1252 is not ISO-8859-1; five bytes are nothing in Java.
const WINDOWS_1252: [(u8, char); 32] = [
    (0x80, '€'),
    (0x81, char::REPLACEMENT_CHARACTER),
    (0x82, '‚'),
    (0x83, 'ƒ'),
    (0x84, '„'),
    (0x85, '…'),
    (0x86, '†'),
    (0x87, '‡'),
    (0x88, 'ˆ'),
    (0x89, '‰'),
    (0x8a, 'Š'),
    (0x8b, '‹'),
    (0x8c, 'Œ'),
    (0x8d, char::REPLACEMENT_CHARACTER),
    (0x8e, 'Ž'),
    (0x8f, char::REPLACEMENT_CHARACTER),
    (0x90, char::REPLACEMENT_CHARACTER),
    (0x91, '‘'),
    (0x92, '’'),
    (0x93, '“'),
    (0x94, '”'),
    (0x95, '•'),
    (0x96, '–'),
    (0x97, '—'),
    (0x98, '˜'),
    (0x99, '™'),
    (0x9a, 'š'),
    (0x9b, '›'),
    (0x9c, 'œ'),
    (0x9d, char::REPLACEMENT_CHARACTER),
    (0x9e, 'ž'),
    (0x9f, 'Ÿ'),
];

impl Charset {
    /// All of them, for messages.
    pub(crate) const NAMES: &str =
        "UTF-8, UTF-16, UTF-16BE, UTF-16LE, ISO-8859-1, ISO-8859-15, windows-1252 and US-ASCII";

    /// The character set of a name or an alias of Java, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "unicode-1-1-utf-8" => Self::Utf8,
            "utf-16" | "utf_16" | "utf16" | "unicode" | "unicodebig" => Self::Utf16,
            "utf-16be" | "utf_16be" | "iso-10646-ucs-2" | "x-utf-16be" | "unicodebigunmarked" => {
                Self::Utf16Be
            }
            "utf-16le" | "utf_16le" | "x-utf-16le" | "unicodelittleunmarked" => Self::Utf16Le,
            "iso-8859-1" | "iso8859-1" | "iso8859_1" | "iso_8859-1" | "iso_8859_1" | "iso_8859-1:1987"
            | "iso-ir-100" | "latin1" | "l1" | "8859_1" | "819" | "cp819" | "ibm819" | "ibm-819"
            | "csisolatin1" => Self::Latin1,
            "us-ascii" | "ascii" | "ascii7" | "iso646-us" | "iso_646.irv:1991" | "iso_646.irv:1983"
            | "ansi_x3.4-1968" | "ansi_x3.4-1986" | "iso-ir-6" | "646" | "us" | "cp367" | "ibm367"
            | "csascii" | "default" => Self::Ascii,
            "iso-8859-15" | "iso8859-15" | "iso8859_15" | "iso_8859-15" | "8859_15" | "latin9"
            | "latin-9" | "l9" | "csisolatin9" | "csiso885915" | "923" | "cp923" | "ibm923" | "ibm-923" => {
                Self::Latin9
            }
            "windows-1252" | "cp1252" | "cp5348" | "ibm1252" | "ibm-1252" => Self::Windows1252,
            _ => return None,
        })
    }

    /// Where the set is not ISO-8859-1.
    fn differences(self) -> &'static [(u8, char)] {
        match self {
            Self::Latin9 => &LATIN9,
            Self::Windows1252 => &WINDOWS_1252,
            _ => &[],
        }
    }

    /// A byte of a set that is like ISO-8859-1; `None`: the set does not have the character.
    fn byte(self, char: char) -> Option<u8> {
        let differences = self.differences();
        let differs = |(_, other): &&(u8, char)| *other == char && char != char::REPLACEMENT_CHARACTER;
        match differences.iter().find(differs) {
            Some((byte, _)) => Some(*byte),
            None => u8::try_from(char).ok().filter(|byte| differences.iter().all(|(other, _)| other != byte)),
        }
    }

    /// The character of a byte of a set that is like ISO-8859-1.
    fn char(self, byte: u8) -> char {
        let differs = self.differences().iter().find(|(other, _)| *other == byte);
        differs.map_or(char::from(byte), |(_, char)| *char)
    }

    /// Appends the bytes of a text; what the character set does not have becomes a question mark.
    pub(crate) fn encode(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::Utf8 => out.extend_from_slice(text.as_bytes()),
            Self::Utf16 => {
                // Java marks the order even of an empty text's absence: no text, no mark.
                if !text.is_empty() {
                    out.extend_from_slice(&[0xfe, 0xff]);
                }
                out.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
            }
            Self::Utf16Be => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
            Self::Utf16Le => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Self::Latin1 | Self::Latin9 | Self::Windows1252 => {
                out.extend(text.chars().map(|char| self.byte(char).unwrap_or(b'?')));
            }
            Self::Ascii => {
                out.extend(text.chars().map(|char| if char.is_ascii() { char as u8 } else { b'?' }))
            }
        }
    }

    /// The text of bytes, shared where it is UTF-8; what is malformed becomes U+FFFD.
    pub(crate) fn decode(self, bytes: Bytes) -> Text {
        match self {
            Self::Utf8 => {
                Text::try_from(bytes.clone()).unwrap_or_else(|_| Text::from(java::decode_utf8(&bytes)))
            }
            Self::Utf16 => match &bytes[..] {
                [0xff, 0xfe, rest @ ..] => decode_utf16(rest, u16::from_le_bytes),
                [0xfe, 0xff, rest @ ..] | rest => decode_utf16(rest, u16::from_be_bytes),
            },
            Self::Utf16Be => decode_utf16(&bytes, u16::from_be_bytes),
            Self::Utf16Le => decode_utf16(&bytes, u16::from_le_bytes),
            Self::Latin1 | Self::Latin9 | Self::Windows1252 => {
                Text::from(bytes.iter().map(|byte| self.char(*byte)).collect::<String>())
            }
            Self::Ascii => {
                let char =
                    |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
                Text::from(bytes.iter().map(char).collect::<String>())
            }
        }
    }
}

/// Decodes as Java does, for which what follows the first half of a pair and is not the second is malformed with it.
fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Text {
    let (units, rest) = bytes.as_chunks::<2>();
    let mut units = units.iter().map(|bytes| unit(*bytes));
    let mut text = String::with_capacity(bytes.len());
    let mut rest = !rest.is_empty();
    while let Some(first) = units.next() {
        let char = match first {
            0xd800..0xdc00 => match units.next() {
                Some(second) => char::decode_utf16([first, second]).next().and_then(Result::ok),
                // So is a single byte at the end.
                None => {
                    rest = false;
                    None
                }
            },
            unit => char::from_u32(unit.into()),
        };
        text.push(char.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if rest {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    Text::from(text)
}

//! The offset file as it is written here: `docs/offset-file.md`.
//!
//! A line for each offset, key and value as Kafka's JSON converter writes them, with a tab between: JSON has
//! neither a tab nor a line feed of its own. The last line tells how many there are, so that a file that was cut
//! off is known to be.

use thiserror::Error;

use super::entries::Entries;

/// The first line.
const HEADER: &[u8] = b"ferroduct-offsets 1";
/// The beginning of the last line, before the number of entries.
const END: &[u8] = b"end ";

/// What is wrong with an offset file.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(super) enum Damage {
    /// It is neither ours nor Java's.
    #[error("its first line is not `ferroduct-offsets 1`, and it is no file of a Java worker")]
    Unknown,
    /// It ends too early.
    #[error("it is cut off: the last line `end` is missing")]
    CutOff,
    /// The number of entries is wrong.
    #[error("it has {found} entries, and its last line tells of {told}")]
    Count {
        /// How many there are.
        found: usize,
        /// How many there should be.
        told: String,
    },
    /// A line is not an entry.
    #[error("line {0} is not a JSON key, a tab and a JSON value")]
    Line(usize),
    /// Something follows the end.
    #[error("there is something behind its last line `end`")]
    BehindEnd,
    /// A file of a Java worker that does not hold what it should.
    #[error("it is a file of a Java worker, and {0}")]
    Java(String),
}

/// Whether a file is one of ours.
pub(super) fn ours(bytes: &[u8]) -> bool {
    bytes.starts_with(HEADER)
}

/// Writes the whole file. An entry that cannot stand on a line is left out.
pub(super) fn write(entries: &Entries) -> Vec<u8> {
    let mut file = Vec::new();
    let mut count = 0_usize;
    push_line(&mut file, &[HEADER]);
    for (key, value) in entries.raw().filter(|(key, value)| fits(key) && fits(value)) {
        push_line(&mut file, &[key, b"\t", value]);
        count += 1;
    }
    push_line(&mut file, &[END, count.to_string().as_bytes()]);
    file
}

/// Reads the whole file.
pub(super) fn read(bytes: &[u8]) -> Result<Entries, Damage> {
    let mut lines = bytes.split_inclusive(|&byte| byte == b'\n').zip(1..);
    let (header, _) = lines.next().ok_or(Damage::Unknown)?;
    if header != [HEADER, b"\n"].concat() {
        return Err(if ours(bytes) { Damage::CutOff } else { Damage::Unknown });
    }
    let mut entries = Entries::default();
    while let Some((line, number)) = lines.next() {
        let line = line.strip_suffix(b"\n").ok_or(Damage::CutOff)?;
        if let Some(told) = line.strip_prefix(END) {
            // The header and this line are none.
            check_count(number - 2, told)?;
            return if lines.next().is_none() { Ok(entries) } else { Err(Damage::BehindEnd) };
        }
        let tab = line.iter().position(|&byte| byte == b'\t').ok_or(Damage::Line(number))?;
        let (key, value) = (&line[..tab], &line[tab + 1..]);
        if !json(key) || !json(value) {
            return Err(Damage::Line(number));
        }
        entries.add(key.into(), value.into());
    }
    Err(Damage::CutOff)
}

fn check_count(found: usize, told: &[u8]) -> Result<(), Damage> {
    let told = String::from_utf8_lossy(told);
    if told.parse() == Ok(found) {
        return Ok(());
    }
    Err(Damage::Count { found, told: told.chars().take(20).collect() })
}

fn push_line(file: &mut Vec<u8>, parts: &[&[u8]]) {
    parts.iter().for_each(|part| file.extend_from_slice(part));
    file.push(b'\n');
}

fn json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}

/// Whether bytes can stand on a line.
pub(super) fn fits(bytes: &[u8]) -> bool {
    !bytes.iter().any(|byte| matches!(byte, b'\t' | b'\n')) && json(bytes)
}

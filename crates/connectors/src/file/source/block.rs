//! A block of a file: complete lines as they were read, split when they are asked for.
//!
//! Lines end with `\n`, `\r\n` or a lone `\r`, as for Java. A `\r` that nothing follows yet may be half of a
//! `\r\n`: its line is not complete.

use std::ops::Range;

use api::{Record, Text, Value, java};
use bytes::Bytes;
use memchr::{memchr2, memrchr2};

/// Complete lines of a file and where they begin.
#[derive(Debug)]
pub(super) struct Block {
    lines: Lines,
    /// Where the next line begins, in `lines`.
    next: usize,
    /// The position in the file at which `lines` begin.
    start: u64,
    /// The position behind the block; not that of its last byte where the file has ended and another follows.
    end: u64,
}

#[derive(Debug)]
enum Lines {
    /// UTF-8 all through, as almost every file is.
    Text(Text),
    /// Some line is not UTF-8.
    Mixed(Bytes),
}

impl Block {
    /// A block of complete lines: `bytes` ends where [`complete_len`] says.
    pub(super) fn new(bytes: Bytes, start: u64) -> Self {
        let end = start + bytes.len() as u64;
        let lines = match Text::try_from(bytes.clone()) {
            Ok(text) => Lines::Text(text),
            Err(_) => Lines::Mixed(bytes),
        };
        Self { lines, next: 0, start, end }
    }

    /// The last, unfinished line of a file that another has replaced: behind it, the position is 0 of that.
    pub(super) fn last(bytes: Bytes, start: u64) -> Self {
        Self { end: 0, ..Self::new(bytes, start) }
    }

    /// The position behind the lines that were taken.
    pub(super) fn position(&self) -> u64 {
        if self.done() { self.end } else { self.start + self.next as u64 }
    }

    /// The position behind the whole block.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Whether every line was taken.
    pub(super) fn done(&self) -> bool {
        self.next == self.bytes().len()
    }

    /// Takes the next lines, at most `count_max` of them, each a slice of the block.
    pub(super) fn take(&mut self, count_max: usize) -> Vec<Record> {
        let mut records = Vec::with_capacity(self.estimate(count_max));
        while records.len() < count_max && !self.done() {
            let (line, next) = line_at(self.bytes(), self.next);
            let value = Some(Value::Text(self.text(line)));
            records.push(Record { value, ..Record::default() });
            self.next = next;
        }
        records
    }

    /// How many lines there may be, if they are as long as the next one: room without growing, mostly.
    fn estimate(&self, count_max: usize) -> usize {
        let bytes = self.bytes();
        if self.done() {
            return 0;
        }
        let (_, next) = line_at(bytes, self.next);
        let count = (bytes.len() - self.next) / (next - self.next) + 1;
        count.min(count_max)
    }

    fn bytes(&self) -> &[u8] {
        match &self.lines {
            Lines::Text(text) => text.as_bytes(),
            Lines::Mixed(bytes) => bytes,
        }
    }

    fn text(&self, line: Range<usize>) -> Text {
        match &self.lines {
            Lines::Text(text) => text.slice_ref(&text[line]),
            Lines::Mixed(bytes) => {
                let line = bytes.slice(line);
                Text::try_from(line.clone()).unwrap_or_else(|_| Text::from(java::decode_utf8(&line)))
            }
        }
    }
}

/// The line that begins at `start`, and where the next one begins. Without a line end it is all that is left.
fn line_at(bytes: &[u8], start: usize) -> (Range<usize>, usize) {
    let Some(len) = memchr2(b'\n', b'\r', &bytes[start..]) else {
        return (start..bytes.len(), bytes.len());
    };
    let end = start + len;
    let pair = bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n');
    (start..end, end + 1 + usize::from(pair))
}

/// The length of the complete lines at the start of `bytes`.
pub(super) fn complete_len(bytes: &[u8]) -> usize {
    match memrchr2(b'\n', b'\r', bytes) {
        // The next byte decides whether this is a `\r\n`.
        Some(at) if bytes[at] == b'\r' && at + 1 == bytes.len() => {
            memrchr2(b'\n', b'\r', &bytes[..at]).map_or(0, |at| at + 1)
        }
        Some(at) => at + 1,
        None => 0,
    }
}

#[cfg(test)]
mod tests;

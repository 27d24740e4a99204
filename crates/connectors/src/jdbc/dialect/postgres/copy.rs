//! Rows out of what `COPY … TO STDOUT` sends in its binary form.

use api::{Error, OrReaction, Result};
use bytes::{Buf, Bytes, BytesMut};

use super::decode::{Sent, field};
use super::plan::Plan;
use crate::jdbc::dialect::Block;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Flags and the length of an extension.
const HEADER_REST: usize = 8;
/// The count of columns before each row.
const COUNT: usize = 2;

/// Takes rows out of a stream of bytes, cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Unpacker {
    /// What was received behind the last complete row.
    rest: Bytes,
    header_read: bool,
    /// Whether the end of all rows has come.
    pub(super) ended: bool,
}

impl Unpacker {
    /// Takes what the server sent: usually one row, whatever it likes by the protocol. Returns the bytes of the rows
    /// that were added to the block.
    ///
    /// # Errors
    /// It is no such form, or a value cannot be read.
    pub(super) fn receive(&mut self, bytes: Bytes, plan: &Plan, block: &mut Block) -> Result<usize> {
        let mut bytes = match self.rest.is_empty() {
            true => bytes,
            false => {
                let mut joined = BytesMut::with_capacity(self.rest.len() + bytes.len());
                joined.extend_from_slice(&self.rest);
                joined.extend_from_slice(&bytes);
                joined.freeze()
            }
        };
        if !self.header_read {
            self.header_read = header(&mut bytes)?;
        }
        let mut taken = 0;
        while self.header_read && !self.ended {
            match next(&bytes[taken..], plan.width())? {
                Next::Row(length) => {
                    row(&bytes, &bytes[taken + COUNT..taken + length], plan, block)?;
                    taken += length;
                }
                Next::End => self.ended = true,
                Next::Later => break,
            }
        }
        bytes.advance(taken);
        self.rest = bytes;
        Ok(taken)
    }
}

/// Reads the fields of a row that is complete.
fn row(whole: &Bytes, mut rest: &[u8], plan: &Plan, block: &mut Block) -> Result<()> {
    let (record, mark) = plan.read(|_| {
        let bytes = field(&mut rest).or_fail("cannot read a row of the server")?;
        Ok(bytes.map(|bytes| Sent { bytes, within: Some(whole) }))
    })?;
    block.records.push(record);
    if plan.layout.marked() {
        block.marks.push(mark);
    }
    Ok(())
}

/// Takes the header off; false: it has not all arrived.
fn header(bytes: &mut Bytes) -> Result<bool> {
    let fixed = SIGNATURE.len() + HEADER_REST;
    if bytes.len() < fixed {
        return Ok(false);
    }
    if !bytes.starts_with(SIGNATURE) {
        return Err(Error::fail("expected the binary form of COPY"));
    }
    let extension = bytes.slice(fixed - 4..fixed).get_u32() as usize;
    if bytes.len() < fixed + extension {
        return Ok(false);
    }
    bytes.advance(fixed + extension);
    Ok(true)
}

/// What bytes begin with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Next {
    /// A whole row of this length.
    Row(usize),
    /// The end of all rows: a count of columns of -1.
    End,
    /// It has not all arrived.
    Later,
}

/// What bytes begin with, where rows have so many columns.
fn next(bytes: &[u8], columns: usize) -> Result<Next> {
    let Some((count, mut rest)) = bytes.split_first_chunk::<COUNT>() else { return Ok(Next::Later) };
    match i16::from_be_bytes(*count) {
        ..0 => return Ok(Next::End),
        count if usize::try_from(count) == Ok(columns) => {}
        _ => return Err(Error::fail("a row has another number of columns than its query")),
    }
    for _ in 0..columns {
        let Some((length, behind)) = rest.split_first_chunk::<4>() else { return Ok(Next::Later) };
        let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0);
        let Some(behind) = behind.get(length..) else { return Ok(Next::Later) };
        rest = behind;
    }
    Ok(Next::Row(bytes.len() - rest.len()))
}

#[cfg(test)]
mod tests;

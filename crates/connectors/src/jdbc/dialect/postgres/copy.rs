//! Rows out of what `COPY … TO STDOUT` sends in its binary form.

use std::ops::Range;

use api::{Error, Result};
use bytes::{Buf, Bytes, BytesMut};

use super::decode::Sent;
use super::plan::Plan;
use crate::jdbc::dialect::Block;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Flags and the length of an extension.
const HEADER_REST: usize = 8;
/// The count of columns before each row.
const COUNT: usize = 2;
/// The length before each field; below 0 for null.
const LENGTH: usize = 4;

/// Takes rows out of a stream of bytes, cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Unpacker {
    /// What was received behind the last complete row.
    rest: Bytes,
    /// Where the fields of a row are in what was received: room that is used again for each row.
    fields: Vec<Option<Range<usize>>>,
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
            match next(&bytes, taken, plan.width(), &mut self.fields)? {
                Next::Row(end) => {
                    row(&bytes, &self.fields, plan, block)?;
                    taken = end;
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
fn row(whole: &Bytes, fields: &[Option<Range<usize>>], plan: &Plan, block: &mut Block) -> Result<()> {
    let (record, mark) = plan.read(|place| {
        let field = fields[place].clone();
        Ok(field.map(|field| Sent { bytes: &whole[field], within: Some(whole) }))
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
    /// A whole row, up to there.
    Row(usize),
    /// The end of all rows: a count of columns of -1.
    End,
    /// It has not all arrived.
    Later,
}

/// What bytes have from a place on, where rows have so many columns, and where a row's fields are.
fn next(bytes: &[u8], start: usize, columns: usize, fields: &mut Vec<Option<Range<usize>>>) -> Result<Next> {
    fields.clear();
    let Some(count) = bytes[start..].first_chunk::<COUNT>() else { return Ok(Next::Later) };
    match i16::from_be_bytes(*count) {
        ..0 => return Ok(Next::End),
        count if usize::try_from(count) == Ok(columns) => {}
        _ => return Err(Error::fail("a row has another number of columns than its query")),
    }
    let mut place = start + COUNT;
    for _ in 0..columns {
        let Some(length) = bytes[place..].first_chunk::<LENGTH>() else { return Ok(Next::Later) };
        place += LENGTH;
        let length = i32::from_be_bytes(*length);
        let field = usize::try_from(length).ok().map(|length| place..place.saturating_add(length));
        place = field.as_ref().map_or(place, |field| field.end);
        if place > bytes.len() {
            return Ok(Next::Later);
        }
        fields.push(field);
    }
    Ok(Next::Row(place))
}

#[cfg(test)]
mod tests;

//! Rows in the forms that PostgreSQL takes many of at once: columns as arrays, and the streams of COPY.

use std::error::Error as StdError;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{Format, IsNull, ToSql, Type};

use crate::jdbc::sink::cell::{Cell, Row};
use crate::jdbc::sink::clock::Clock;
use crate::jdbc::sink::plan::Field;
use crate::jdbc::sink::writer::{Column, Reason, Refusal};

use super::encode::Encoding;
use super::literal;

const NULL: [u8; 4] = (-1_i32).to_be_bytes();
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// A field, its column and the form of its values.
pub(super) struct Slot<'t> {
    pub(super) field: &'t Field,
    pub(super) column: &'t Column,
    pub(super) encoding: Encoding,
}

impl<'t> Slot<'t> {
    pub(super) fn of((field, column): (&'t Field, &'t Column)) -> Self {
        Self { field, column, encoding: Encoding::of(field.kind, column.code) }
    }

    /// Appends the length of a value and the value.
    fn append(
        &self,
        clock: &Clock,
        row: Row<'_>,
        scratch: &mut String,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let cell = self.field.cell(row);
        if let Cell::Null = cell {
            out.extend_from_slice(&NULL);
            return Ok(());
        }
        let start = out.len();
        out.extend_from_slice(&NULL);
        if self.encoding == Encoding::Literal {
            scratch.clear();
            literal::append(clock, self.field, self.column, cell, scratch)?;
            out.extend_from_slice(scratch.as_bytes());
        } else {
            self.encoding.append(clock, self.field, self.column, cell, out)?;
        }
        let length = i32::try_from(out.len() - start - NULL.len())
            .map_err(|_| Refusal::misfit(self.column, "value of 2 GiB or more"))?;
        out[start..start + NULL.len()].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }
}

/// The values of a column as an array in binary form.
#[derive(Debug)]
pub(super) struct Array(Vec<u8>);

impl Array {
    /// The values of rows for one column.
    pub(super) fn of(slot: &Slot<'_>, clock: &Clock, rows: &[Row<'_>]) -> Result<Self, Refusal> {
        let count =
            i32::try_from(rows.len()).map_err(|_| Refusal::new(Reason::Lasting, "too many rows at once"))?;
        let (_, element) = slot.encoding.element();
        let mut out = Vec::with_capacity(20 + rows.len() * 12);
        let (dimensions, nulls, lower_bound) = (1_i32, 1_i32, 1_i32);
        out.extend_from_slice(&dimensions.to_be_bytes());
        out.extend_from_slice(&nulls.to_be_bytes());
        out.extend_from_slice(&element.to_be_bytes());
        out.extend_from_slice(&count.to_be_bytes());
        out.extend_from_slice(&lower_bound.to_be_bytes());
        let mut scratch = String::new();
        for row in rows {
            slot.append(clock, *row, &mut scratch, &mut out)?;
        }
        Ok(Self(out))
    }
}

impl ToSql for Array {
    fn to_sql(&self, _kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        out.put_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(_kind: &Type) -> bool {
        // The statement casts each parameter to the type that the array was made for.
        true
    }

    fn encode_format(&self, _kind: &Type) -> Format {
        Format::Binary
    }

    tokio_postgres::types::to_sql_checked!();
}

/// A stream of COPY that is being written.
pub(super) struct Stream<'t> {
    slots: Vec<Slot<'t>>,
    text: bool,
    scratch: String,
    pub(super) bytes: Vec<u8>,
}

impl<'t> Stream<'t> {
    /// A stream for some columns: binary, or text where a column has no binary form.
    pub(super) fn new(slots: Vec<Slot<'t>>) -> Self {
        let text = slots.iter().any(|slot| slot.encoding == Encoding::Literal);
        let mut bytes = Vec::new();
        if !text {
            bytes.extend_from_slice(SIGNATURE);
            // No flags, no extension of the header.
            bytes.extend_from_slice(&[0; 8]);
        }
        Self { slots, text, scratch: String::new(), bytes }
    }

    /// Whether it is one of text.
    pub(super) fn text(&self) -> bool {
        self.text
    }

    pub(super) fn row(&mut self, clock: &Clock, row: Row<'_>) -> Result<(), Refusal> {
        if self.text { self.text_row(clock, row) } else { self.binary_row(clock, row) }
    }

    /// The end of the stream.
    pub(super) fn finish(&mut self) {
        if !self.text {
            self.bytes.extend_from_slice(&(-1_i16).to_be_bytes());
        }
    }

    fn binary_row(&mut self, clock: &Clock, row: Row<'_>) -> Result<(), Refusal> {
        let count = u16::try_from(self.slots.len()).expect("a table has at most 1,600 columns");
        self.bytes.extend_from_slice(&count.to_be_bytes());
        for slot in &self.slots {
            slot.append(clock, row, &mut self.scratch, &mut self.bytes)?;
        }
        Ok(())
    }

    fn text_row(&mut self, clock: &Clock, row: Row<'_>) -> Result<(), Refusal> {
        for (index, slot) in self.slots.iter().enumerate() {
            if index > 0 {
                self.bytes.push(b'\t');
            }
            match slot.field.cell(row) {
                Cell::Null => self.bytes.extend_from_slice(b"\\N"),
                cell => {
                    self.scratch.clear();
                    literal::append(clock, slot.field, slot.column, cell, &mut self.scratch)?;
                    escape(&self.scratch, &mut self.bytes);
                }
            }
        }
        self.bytes.push(b'\n');
        Ok(())
    }
}

fn escape(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => out.push(other),
        }
    }
}

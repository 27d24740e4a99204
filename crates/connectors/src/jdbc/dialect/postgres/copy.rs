//! Rows from `COPY … TO STDOUT` in binary form.

use std::pin::Pin;
use std::sync::Arc;

use api::{Error, OrReaction, Record, Result, Value};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::StreamExt;
use tokio_postgres::CopyOutStream;

use super::connect::failure;
use super::decode::{Decoder, field};
use crate::jdbc::dialect::{Block, Column, Mark, Shape};
use crate::jdbc::value::{Mapping, Moment};

/// How many bytes of rows a block holds.
const BLOCK_BYTES: usize = 1 << 20;
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Flags and the length of an extension.
const HEADER_REST: usize = 8;

/// How the rows of a query are read.
pub(super) struct Plan {
    pub(super) shape: Arc<Shape>,
    pub(super) cells: Vec<Cell>,
    /// The places of the key's columns among the fields.
    pub(super) key: Vec<usize>,
    pub(super) mapping: Mapping,
    pub(super) marked: bool,
}

/// How a column of a row is read.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// `None`: the column is dropped.
    pub(super) decoder: Option<Decoder>,
    pub(super) role: Role,
}

/// What a column says about where the row stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    None,
    Incrementing,
    /// A timestamp column, by its place in the order in which they count.
    Timestamp(usize),
}

/// The rows of a query that runs.
pub(super) struct Rows {
    stream: Pin<Box<CopyOutStream>>,
    plan: Plan,
    /// What was received behind the last complete row.
    rest: Bytes,
    header_read: bool,
    ended: bool,
    block: Block,
    block_bytes: usize,
}

impl Rows {
    pub(super) fn new(stream: CopyOutStream, plan: Plan) -> Self {
        Self {
            stream: Box::pin(stream),
            plan,
            rest: Bytes::new(),
            header_read: false,
            ended: false,
            block: Block::default(),
            block_bytes: 0,
        }
    }

    /// The next rows; `None`: there are no more. A call that is dropped loses nothing.
    pub(super) async fn next(&mut self, rows_max: usize) -> Result<Option<Block>> {
        while !self.ended && self.block.records.len() < rows_max && self.block_bytes < BLOCK_BYTES {
            match self.stream.next().await {
                Some(Ok(bytes)) => self.receive(bytes)?,
                Some(Err(error)) => return Err(failure("cannot read the rows of a query", &error)),
                None => return Err(Error::retry("the rows of a query ended before their end")),
            }
        }
        let rows = self.block.records.len();
        self.block_bytes = 0;
        let next =
            Block { records: Vec::with_capacity(rows), marks: Vec::with_capacity(self.block.marks.len()) };
        let block = std::mem::replace(&mut self.block, next);
        Ok((rows > 0).then_some(block))
    }

    /// Takes what the server sent: usually one row, whatever it likes by the protocol.
    fn receive(&mut self, bytes: Bytes) -> Result<()> {
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
        while self.header_read && !self.ended && complete(&bytes, self.plan.cells.len())? {
            self.row(&mut bytes)?;
        }
        self.rest = bytes;
        Ok(())
    }

    fn row(&mut self, bytes: &mut Bytes) -> Result<()> {
        let length = bytes.len();
        let count = bytes.get_i16();
        if count < 0 {
            self.ended = true;
            return Ok(());
        }
        let (value, mark) = self.plan.read(bytes)?;
        let key = self.plan.key(&value);
        self.block.records.push(Record { key, value: Some(Value::Struct(value)), ..Record::default() });
        if self.plan.marked {
            self.block.marks.push(mark);
        }
        self.block_bytes += length - bytes.len();
        Ok(())
    }
}

impl Plan {
    /// Reads the fields of a row that is complete.
    fn read(&self, bytes: &mut Bytes) -> Result<(Box<[Value]>, Mark)> {
        let mut values = Vec::with_capacity(self.shape.value.fields.len());
        let mut mark = Mark::default();
        let mut first = usize::MAX;
        for (place, cell) in self.cells.iter().enumerate() {
            let name = || column_name(&self.shape.columns, place);
            let sent = field(bytes).or_fail("cannot read a row of the server")?;
            let Some(decoder) = &cell.decoder else { continue };
            match (cell.role, &sent) {
                (Role::None, _) | (Role::Timestamp(_), None) => {}
                (Role::Incrementing, Some(sent)) => {
                    mark.incrementing =
                        Some(decoder.integer(sent).or_fail(format_args!("column `{}`", name()))?);
                }
                (Role::Incrementing, None) => {
                    return Err(Error::fail(format_args!(
                        "the incrementing column `{}` holds a null",
                        name()
                    )));
                }
                (Role::Timestamp(order), Some(sent)) if order < first => {
                    first = order;
                    mark.timestamp = Some(self.moment(decoder, sent, place)?);
                }
                (Role::Timestamp(_), Some(_)) => {}
            }
            values.push(match sent {
                Some(sent) => decoder
                    .decode(sent, &self.mapping)
                    .or_fail(format_args!("cannot read column `{}`", name()))?,
                None => Value::Null,
            });
        }
        Ok((values.into_boxed_slice(), mark))
    }

    fn moment(&self, decoder: &Decoder, sent: &[u8], place: usize) -> Result<Moment> {
        let name = column_name(&self.shape.columns, place);
        decoder.moment(sent, &self.mapping).or_fail(format_args!("cannot read column `{name}`"))
    }

    fn key(&self, value: &[Value]) -> Option<Value> {
        self.shape.key.as_ref()?;
        Some(Value::Struct(self.key.iter().map(|place| value[*place].clone()).collect()))
    }
}

fn column_name(columns: &[Column], place: usize) -> &str {
    columns.get(place).map_or("?", |column| column.name.as_str())
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

/// Whether the bytes begin with a whole row of so many columns, or with the end of all rows.
fn complete(bytes: &[u8], columns: usize) -> Result<bool> {
    let Some((count, mut rest)) = bytes.split_first_chunk::<2>() else { return Ok(false) };
    match i16::from_be_bytes(*count) {
        ..0 => return Ok(true),
        count if usize::try_from(count) == Ok(columns) => {}
        _ => return Err(Error::fail("a row has another number of columns than its query")),
    }
    for _ in 0..columns {
        let Some((length, behind)) = rest.split_first_chunk::<4>() else { return Ok(false) };
        let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0);
        let Some(behind) = behind.get(length..) else { return Ok(false) };
        rest = behind;
    }
    Ok(true)
}

//! How the rows of a query are read, whichever way they came.

use api::{Error, OrReaction, Record, Result, Value};
use tokio_postgres::types::Type;

use super::decode::{Decoder, Sent};
use super::native::Form;
use crate::jdbc::dialect::layout::Layout;
use crate::jdbc::dialect::{Column, Mark, Select};
use crate::jdbc::value::{Mapping, Moment};

/// How the rows of a query are read.
pub(super) struct Plan {
    pub(super) layout: Layout,
    cells: Vec<Cell>,
    mapping: Mapping,
}

/// How a column of a row is read.
#[derive(Clone, Debug)]
struct Cell {
    /// `None`: the column is dropped.
    decoder: Option<Decoder>,
    role: Role,
}

/// What a column says about where the row stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Role {
    None,
    Incrementing,
    /// A timestamp column, by its place in the order in which they count.
    Timestamp(usize),
}

impl Plan {
    /// Finds out how columns of some types are read that are asked for in some forms.
    ///
    /// # Errors
    /// A column is not there that is wanted, or cannot be what it is wanted for.
    pub(super) fn new(
        select: &Select,
        columns: Vec<Column>,
        types: &[Type],
        forms: &[Form],
        mapping: &Mapping,
    ) -> Result<Self> {
        let (mut targets, mut cells) = (Vec::new(), Vec::new());
        for ((column, native), form) in columns.iter().zip(types).zip(forms) {
            let target = mapping.target(column);
            let decoder = target.as_ref().and_then(|target| Decoder::of(native, *form, target));
            targets.push(target.filter(|_| decoder.is_some()));
            cells.push(Cell { decoder, role: Role::None });
        }
        let layout = Layout::of(columns, targets, select, mapping)?;
        let mut plan = Self { layout, cells, mapping: mapping.clone() };
        plan.mark_roles()?;
        Ok(plan)
    }

    /// Marks the columns that say where a row stands.
    fn mark_roles(&mut self) -> Result<()> {
        if let Some(place) = self.layout.incrementing {
            self.ensure(place, Decoder::counts, "incrementing", "an integer")?;
            self.cells[place].role = Role::Incrementing;
        }
        for (order, place) in self.layout.timestamps.clone().into_iter().enumerate() {
            self.ensure(place, Decoder::timestamp, "timestamp", "a timestamp")?;
            self.cells[place].role = Role::Timestamp(order);
        }
        Ok(())
    }

    fn ensure(&self, place: usize, fits: fn(&Decoder) -> bool, role: &str, expected: &str) -> Result<()> {
        if self.cells[place].decoder.as_ref().is_some_and(fits) {
            return Ok(());
        }
        let Column { name, native, .. } = &self.layout.shape.columns[place];
        Err(Error::fail(format_args!(
            "the {role} column `{name}` is of type `{native}`, expected {expected}"
        )))
    }

    /// How many columns a row has.
    pub(super) fn width(&self) -> usize {
        self.cells.len()
    }

    /// Reads a row of fields in the order of the columns.
    ///
    /// # Errors
    /// A value cannot be what its column becomes.
    pub(super) fn read<'a>(
        &self,
        mut field: impl FnMut(usize) -> Result<Option<Sent<'a>>>,
    ) -> Result<(Record, Mark)> {
        let mut values = Vec::with_capacity(self.layout.shape.value.fields.len());
        let mut mark = Mark::default();
        let mut first = usize::MAX;
        for (place, cell) in self.cells.iter().enumerate() {
            let sent = field(place)?;
            let Some(decoder) = &cell.decoder else { continue };
            match (cell.role, sent) {
                (Role::None, _) | (Role::Timestamp(_), None) => {}
                (Role::Incrementing, sent) => mark.incrementing = Some(self.count(decoder, sent, place)?),
                (Role::Timestamp(order), Some(sent)) if order < first => {
                    first = order;
                    mark.timestamp = Some(self.moment(decoder, sent, place)?);
                }
                (Role::Timestamp(_), Some(_)) => {}
            }
            values.push(match sent {
                Some(sent) => decoder
                    .decode(sent, &self.mapping)
                    .or_fail(format_args!("cannot read column `{}`", self.name(place)))?,
                None => Value::Null,
            });
        }
        let key = self.key(&values);
        let value = Some(Value::Struct(values.into_boxed_slice()));
        Ok((Record { key, value, ..Record::default() }, mark))
    }

    fn count(&self, decoder: &Decoder, sent: Option<Sent<'_>>, place: usize) -> Result<i64> {
        let name = self.name(place);
        let sent =
            sent.ok_or_else(|| Error::fail(format_args!("the incrementing column `{name}` holds a null")))?;
        decoder.integer(sent.bytes).or_fail(format_args!("column `{name}`"))
    }

    fn moment(&self, decoder: &Decoder, sent: Sent<'_>, place: usize) -> Result<Moment> {
        let name = self.name(place);
        decoder.moment(sent.bytes, &self.mapping).or_fail(format_args!("cannot read column `{name}`"))
    }

    fn key(&self, values: &[Value]) -> Option<Value> {
        self.layout.shape.key.as_ref()?;
        Some(Value::Struct(self.layout.key.iter().map(|place| values[*place].clone()).collect()))
    }

    fn name(&self, place: usize) -> &str {
        &self.layout.shape.columns[place].name
    }
}

//! The SQL of a query: what is read of a table, from where on and how far.

use super::offset::Offset;
use crate::jdbc::dialect::{Dialect, Quoting, TableId};
use crate::jdbc::value::{Moment, Zone};

/// What is queried, and by which columns.
#[derive(Clone, Debug)]
pub(super) struct Criteria {
    pub(super) from: From,
    pub(super) incrementing: Option<String>,
    pub(super) timestamps: Vec<String>,
    pub(super) suffix: String,
    pub(super) quoting: Quoting,
    /// Whether the name of the table is qualified.
    pub(super) qualified: bool,
    /// The zone of timestamps without one.
    pub(super) zone: Zone,
}

/// Where rows come from.
#[derive(Clone, Debug)]
pub(super) enum From {
    /// A whole table.
    Table(TableId),
    /// The user's query.
    Query(String),
}

/// How far rows are read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Bound {
    /// The greatest value of the incrementing column; `None`: any.
    pub(super) incrementing: Option<i64>,
    /// The first moment that is not read; there is always one in the modes with timestamps.
    pub(super) timestamp: Option<Moment>,
}

impl Criteria {
    /// The query for rows behind an offset, up to a bound. The modes with timestamps always have a bound in time.
    pub(super) fn sql(&self, dialect: &dyn Dialect, offset: &Offset, bound: Bound) -> String {
        let mut sql = self.select(dialect);
        let column = |name: &str| dialect.words().column(name, self.quoting);
        let times: Vec<String> = self.timestamps.iter().map(|name| column(name)).collect();
        let compared = |operator, moment| dialect.compared(&times, operator, moment, &self.zone);
        let order = || dialect.first_timestamp(&times);
        let begin = offset.begin();
        let end = bound.timestamp.filter(|_| !times.is_empty());
        match (end, self.incrementing.as_deref().map(column)) {
            (Some(end), None) => {
                let (behind, before) = (compared(">", begin), compared("<", end));
                sql.push_str(&format!(" WHERE {behind} AND {before} ORDER BY {} ASC", order()));
            }
            (Some(end), Some(id)) => {
                let (before, last) = (compared("<", end), offset.last());
                let (at, behind) = (compared("=", begin), compared(">", begin));
                sql.push_str(&format!(
                    " WHERE {before} AND (({at} AND {id} > {last}) OR {behind}) ORDER BY {},{id} ASC",
                    order()
                ));
            }
            (None, Some(id)) => {
                sql.push_str(&format!(" WHERE {id} > {}", offset.last()));
                if let Some(greatest) = bound.incrementing {
                    sql.push_str(&format!(" AND {id} <= {greatest}"));
                }
                sql.push_str(&format!(" ORDER BY {id} ASC"));
            }
            _ => {}
        }
        if !self.suffix.is_empty() {
            sql.push(' ');
            sql.push_str(&self.suffix);
        }
        sql
    }

    /// The query without anything behind it.
    pub(super) fn select(&self, dialect: &dyn Dialect) -> String {
        match &self.from {
            From::Table(table) => format!("SELECT * FROM {}", self.table(dialect, table)),
            From::Query(query) => query.clone(),
        }
    }

    /// The query for the greatest value of the incrementing column; `None`: there is no such column.
    pub(super) fn greatest(&self, dialect: &dyn Dialect) -> Option<String> {
        let column = dialect.words().column(self.incrementing.as_deref()?, self.quoting);
        Some(match &self.from {
            From::Table(table) => format!("SELECT max({column}) FROM {}", self.table(dialect, table)),
            From::Query(query) => format!("SELECT max({column}) FROM ({query}) AS q"),
        })
    }

    /// The query for the least value of the incrementing column behind an offset; `None`: there is no such column, or
    /// no table.
    pub(super) fn least(&self, dialect: &dyn Dialect, offset: &Offset) -> Option<String> {
        let column = dialect.words().column(self.incrementing.as_deref()?, self.quoting);
        let From::Table(table) = &self.from else { return None };
        let (table, last) = (self.table(dialect, table), offset.last());
        Some(format!("SELECT min({column}) FROM {table} WHERE {column} > {last}"))
    }

    fn table(&self, dialect: &dyn Dialect, table: &TableId) -> String {
        let bare = TableId { name: table.name.clone(), ..TableId::default() };
        dialect.words().table(if self.qualified { table } else { &bare }, self.quoting)
    }
}

#[cfg(test)]
mod tests;

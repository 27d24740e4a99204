//! What a task reads by turns, and when whose turn is.

use std::time::Duration;

use api::config::Properties;
use api::{Batch, Error, OrReaction, Result};
use tokio::time::Instant;

use super::config::{LOAD_COUNT, LOAD_INDEX, LOAD_TABLES, TABLES, TABLES_FETCHED};
use super::cursor::Cursor;
use super::load::{Load, Reading, Share};
use super::settings::Settings;
use super::task::Begun;
use crate::jdbc::dialect::TableId;

/// A table or the query, and when its turn is.
pub(super) struct Turn {
    /// `None`: the query.
    pub(super) table: Option<TableId>,
    /// What is known once it was looked at.
    pub(super) cursor: Option<Cursor>,
    /// The first load of the table, while this task has a share in it.
    pub(super) load: Option<Load>,
    /// The range of the load that is read.
    pub(super) range: Option<Reading>,
    /// Whether the table is that of another task, which only its first load is shared with.
    helps: bool,
    /// Whether there is nothing more to do.
    pub(super) retired: bool,
    pub(super) due: Instant,
    pub(super) failures: u32,
}

impl Turn {
    fn new(table: Option<TableId>) -> Self {
        Self {
            table,
            cursor: None,
            load: None,
            range: None,
            helps: false,
            retired: false,
            due: Instant::now(),
            failures: 0,
        }
    }

    /// Where the rows that are read now belong.
    pub(super) fn reading(&mut self) -> Option<&mut Cursor> {
        self.range.as_mut().map(|range| &mut range.cursor).or(self.cursor.as_mut())
    }

    /// Says that a query has ended: what its end says about the position.
    pub(super) fn finish(&mut self, pause: Duration) -> Option<Batch> {
        self.failures = 0;
        match (self.range.take(), &mut self.load) {
            (Some(range), Some(load)) => load.finish(range),
            _ => {
                self.later(pause);
                self.cursor.as_mut()?.finish()
            }
        }
    }

    /// Forgets a query that was given up, and the rows that nobody has got.
    pub(super) fn abandon(&mut self) {
        if let (Some(range), Some(load)) = (self.range.take(), &mut self.load) {
            load.interrupt(&range);
        }
        if let Some(cursor) = &mut self.cursor {
            cursor.last = None;
        }
    }

    /// Has the next turn after a pause.
    pub(super) fn later(&mut self, pause: Duration) -> Begun {
        self.due = Instant::now() + pause;
        Begun::Later
    }

    /// Says that the first load is over: the owner of the table goes on with it.
    pub(super) fn load_over(&mut self) {
        (self.load, self.range) = (None, None);
        self.retired = self.helps;
    }
}

/// The turns of a task: the tables that the connector gave it, or the query, and those whose first load it shares.
///
/// # Errors
/// The connector gave it nothing.
pub(super) fn all(properties: &Properties, settings: &Settings) -> Result<Vec<Turn>> {
    if settings.query.is_some() {
        return Ok(vec![Turn::new(None)]);
    }
    let mut turns: Vec<Turn> =
        tables(properties, TABLES, settings).map(|table| Turn::new(Some(table))).collect();
    share_load(properties, settings, &mut turns)?;
    let fetched = properties.get(TABLES_FETCHED).is_none_or(|text| text != "false");
    if turns.is_empty() && fetched {
        return Err(Error::fail(
            "Task is being killed because it was not assigned a table nor a query to execute. If run in table mode \
             please make sure that the tables exist on the database. If the table does exist on the database, we \
             recommend using the fully qualified table name.",
        ));
    }
    Ok(turns)
}

/// Gives a task its shares in first loads: of its own tables, and of those of other tasks.
fn share_load(properties: &Properties, settings: &Settings, turns: &mut Vec<Turn>) -> Result<()> {
    if settings.load_range <= 0 || !properties.contains_key(LOAD_TABLES) {
        return Ok(());
    }
    let number = |key: &str| -> Result<i64> {
        let text = properties.get(key).map(String::as_str).unwrap_or_default();
        text.parse().or_fail(format_args!("cannot read `{key}` of a task's configuration"))
    };
    let (index, count) = (number(LOAD_INDEX)?, number(LOAD_COUNT)?.max(1));
    for table in tables(properties, LOAD_TABLES, settings) {
        let owned = turns.iter_mut().find(|turn| turn.table.as_ref() == Some(&table));
        let share = Share { size: settings.load_range, index, count, owner: owned.is_some() };
        let load = Some(Load::new(table.clone(), share));
        match owned {
            Some(turn) => turn.load = load,
            None => turns.push(Turn { load, helps: true, ..Turn::new(Some(table)) }),
        }
    }
    Ok(())
}

fn tables(properties: &Properties, key: &str, settings: &Settings) -> impl Iterator<Item = TableId> {
    let words = settings.dialect.words();
    let list = properties.get(key).map(String::as_str).unwrap_or_default();
    words.split_list(list).map(|name| words.parse(name)).collect::<Vec<_>>().into_iter()
}

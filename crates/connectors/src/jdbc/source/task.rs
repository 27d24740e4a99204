//! The task: reads its tables or its query, one at a time, the one whose turn came first.

use std::time::Duration;

use api::config::Properties;
use api::{Batch, Error, Reaction, Result, SourceContext, SourceTask};
use async_trait::async_trait;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::warn;

use super::config::{TABLES, TABLES_FETCHED};
use super::cursor::Cursor;
use super::horizon::{Asked, Next};
use super::settings::Settings;
use super::{connect, prepare};
use crate::jdbc::dialect::{Session, TableId};

/// How long a poll waits at most.
const WAIT: Duration = Duration::from_secs(10);

/// Reads tables or a query.
pub(super) struct Task {
    settings: Settings,
    context: SourceContext,
    session: Option<Box<dyn Session>>,
    /// A call on the session has not come back: it was dropped, and the session is in an unknown state.
    calling: bool,
    turns: Vec<Turn>,
    /// The turn whose rows are being read.
    reading: Option<usize>,
}

/// A table or the query, and when its turn is.
struct Turn {
    /// `None`: the query.
    table: Option<TableId>,
    /// What is known once it was looked at.
    cursor: Option<Cursor>,
    due: Instant,
    failures: u32,
}

impl Task {
    pub(super) async fn start(
        properties: &Properties,
        settings: Settings,
        context: SourceContext,
    ) -> Result<Self> {
        let turns = turns(properties, &settings)?;
        let session = match turns.is_empty() {
            true => None,
            false => Some(connect::open_patiently(&settings).await?),
        };
        let mut task = Self { settings, context, session, calling: false, turns, reading: None };
        for turn in 0..task.turns.len() {
            task.look_at(turn).await?;
        }
        Ok(task)
    }

    /// Finds out about a table that nothing is known of yet. One that is gone, or that cannot be asked about for now,
    /// has its turn later.
    async fn look_at(&mut self, turn: usize) -> Result<()> {
        match self.prepare(turn).await {
            Err(error) if error.reaction() == Reaction::Retry => {
                warn!(error = format!("{error:#}"), "cannot look at a table or query, tries again");
                self.abandon(turn);
                Ok(())
            }
            Err(error) if self.gone(turn, &error).await? => {
                self.skip(turn);
                Ok(())
            }
            looked => looked,
        }
    }

    async fn prepare(&mut self, turn: usize) -> Result<()> {
        self.connect().await?;
        if self.turns[turn].cursor.is_some() {
            return Ok(());
        }
        let session = self.session.as_deref_mut().expect("it was just opened");
        let cursor = match (&self.turns[turn].table, &self.settings.query) {
            (Some(table), _) => prepare::table(table, &self.settings, session, &self.context).await?,
            (None, Some(query)) => prepare::query(query, &self.settings, session, &self.context).await?,
            (None, None) => return Err(Error::fail("a task has neither tables nor a query")),
        };
        self.turns[turn].cursor = Some(cursor);
        Ok(())
    }

    /// A session in a known state.
    async fn connect(&mut self) -> Result<()> {
        if self.session.is_none() {
            self.session = Some(connect::open(&self.settings).await?);
        }
        Ok(())
    }

    /// The next batch, or nothing once everything was read or it was waited for long enough.
    async fn step(&mut self, turn: usize) -> Result<Option<Batch>> {
        if self.reading.is_none() && !self.begin(turn).await? {
            return Ok(None);
        }
        let session = self.session.as_deref_mut().expect("a query runs on it");
        let cursor = self.turns[turn].cursor.as_mut().expect("a query runs for it");
        // A call that is dropped here is made again.
        match session.next(self.settings.rows_max).await? {
            Some(block) => Ok(Some(cursor.batch(block))),
            None => {
                let last = cursor.finish();
                self.reading = None;
                self.turns[turn].failures = 0;
                self.turns[turn].due = Instant::now() + self.settings.poll_interval;
                Ok(last)
            }
        }
    }

    /// Starts a query; false: there is nothing to read for now.
    async fn begin(&mut self, turn: usize) -> Result<bool> {
        self.calling = true;
        self.prepare(turn).await?;
        let session = self.session.as_deref_mut().expect("it was just opened");
        let cursor = self.turns[turn].cursor.as_mut().expect("it was just made");
        let asked = Asked {
            dialect: self.settings.dialect,
            criteria: &cursor.criteria,
            offset: &cursor.offset,
            mode: cursor.mode,
            delay_ms: self.settings.timestamp_delay_ms,
            wait: self.settings.late_commits,
        };
        let next = cursor.horizon.next(session, &asked).await?;
        let started = match next {
            Next::Read(bound) => {
                let sql = cursor.criteria.sql(self.settings.dialect, &cursor.offset, bound);
                let shape = session.start(&cursor.select(sql)).await?;
                cursor.shaped(shape);
                self.reading = Some(turn);
                true
            }
            Next::Nothing => {
                self.turns[turn].due = Instant::now() + self.settings.poll_interval;
                false
            }
            Next::Look(pause) => {
                self.turns[turn].due = Instant::now() + pause;
                false
            }
        };
        self.calling = false;
        Ok(started)
    }

    /// Reacts to an error: whether and when it is tried again.
    async fn failed(&mut self, turn: usize, error: Error) -> Result<()> {
        self.abandon(turn);
        if error.reaction() != Reaction::Retry {
            if self.gone(turn, &error).await? {
                self.skip(turn);
                return Ok(());
            }
            return Err(self.without_query(error));
        }
        let turn = &mut self.turns[turn];
        turn.failures += 1;
        match self.settings.query_retries {
            Some(limit) if turn.failures > limit => {
                Err(Error::fail(format_args!("gave up after {limit} attempts (`query.retry.attempts`)"))
                    .caused_by(error))
            }
            _ => Err(error),
        }
    }

    /// An error without the words of the database, which quote a query that nobody is to see.
    fn without_query(&self, error: Error) -> Error {
        match self.settings.masked {
            true => Error::fail(
                "cannot run the query of `query.masked`; the words of the database stay hidden, too",
            ),
            false => error,
        }
    }

    /// Gives a session up that is in an unknown state, and the rows that it has not handed out.
    fn abandon(&mut self, turn: usize) {
        self.session = None;
        self.calling = false;
        self.reading = None;
        if let Some(cursor) = &mut self.turns[turn].cursor {
            cursor.last = None;
        }
    }

    /// Whether an error came of a table that is not there any more.
    async fn gone(&mut self, turn: usize, error: &Error) -> Result<bool> {
        let Some(table) = &self.turns[turn].table else { return Ok(false) };
        if error.reaction() == Reaction::Retry {
            return Ok(false);
        }
        self.session = None;
        let mut session = connect::open(&self.settings).await?;
        let tables = session.tables(&self.settings.scope).await?;
        let gone = !tables.iter().any(|found| found.id == *table);
        self.session = Some(session);
        if gone {
            warn!(table = table.plain(), error = format!("{error:#}"), "a table is gone; the others go on");
        }
        Ok(gone)
    }

    fn skip(&mut self, turn: usize) {
        self.turns[turn].cursor = None;
        self.turns[turn].due =
            Instant::now() + self.settings.table_poll_interval.max(self.settings.poll_interval);
    }

    /// The turn that is on, once it is due; `None`: not yet.
    async fn wait(&mut self) -> Option<usize> {
        if self.reading.is_some() {
            return self.reading;
        }
        let next = (0..self.turns.len()).min_by_key(|turn| self.turns[*turn].due);
        let Some(turn) = next else {
            sleep(WAIT).await;
            return None;
        };
        let due = self.turns[turn].due;
        let limit = Instant::now() + WAIT;
        sleep_until(due.min(limit)).await;
        (due <= limit).then_some(turn)
    }
}

#[async_trait]
impl SourceTask for Task {
    async fn poll(&mut self) -> Result<Vec<Batch>> {
        if self.calling {
            let turn = self.reading.unwrap_or(0);
            self.abandon(turn);
        }
        let Some(turn) = self.wait().await else { return Ok(Vec::new()) };
        match self.step(turn).await {
            Ok(batch) => Ok(batch.into_iter().collect()),
            Err(error) => {
                self.failed(turn, error).await?;
                Ok(Vec::new())
            }
        }
    }

    async fn stop(&mut self) -> Result<()> {
        self.session = None;
        self.turns.clear();
        self.reading = None;
        Ok(())
    }
}

#[cfg(test)]
impl Task {
    /// Whether there is something to do before the next round.
    pub(super) fn busy(&self) -> bool {
        let soon = Instant::now() + Duration::from_secs(60);
        self.reading.is_some() || self.turns.iter().any(|turn| turn.due < soon)
    }
}

/// What a task reads: the tables that the connector gave it, or the query.
fn turns(properties: &Properties, settings: &Settings) -> Result<Vec<Turn>> {
    let turn = |table| Turn { table, cursor: None, due: Instant::now(), failures: 0 };
    if settings.query.is_some() {
        return Ok(vec![turn(None)]);
    }
    let words = settings.dialect.words();
    let list = properties.get(TABLES).map(String::as_str).unwrap_or_default();
    let tables: Vec<Turn> = words.split_list(list).map(|name| turn(Some(words.parse(name)))).collect();
    let fetched = properties.get(TABLES_FETCHED).is_none_or(|text| text != "false");
    if tables.is_empty() && fetched {
        return Err(Error::fail(
            "Task is being killed because it was not assigned a table nor a query to execute. If run in table mode \
             please make sure that the tables exist on the database. If the table does exist on the database, we \
             recommend using the fully qualified table name.",
        ));
    }
    Ok(tables)
}

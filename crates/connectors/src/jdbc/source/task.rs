//! The task: reads its tables or its query, one at a time, the one whose turn came first.

use std::time::Duration;

use api::config::Properties;
use api::{Batch, Error, Reaction, Result, SourceContext, SourceTask};
use async_trait::async_trait;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::warn;

use super::settings::Settings;
use super::turn::{self, Turn};
use super::{connect, prepare};
use crate::jdbc::dialect::Session;

mod begin;

/// How long a poll waits at most.
const WAIT: Duration = Duration::from_secs(10);

/// How a turn began.
pub(super) enum Begun {
    /// A query runs.
    Reading,
    /// There is nothing to read for now.
    Later,
    /// Positions are to be given away first.
    Positions(Batch),
}

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

impl Task {
    pub(super) async fn start(
        properties: &Properties,
        settings: Settings,
        context: SourceContext,
    ) -> Result<Self> {
        let turns = turn::all(properties, &settings)?;
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
        if self.reading.is_none() {
            match self.begin(turn).await? {
                Begun::Reading => {}
                Begun::Later => return Ok(None),
                Begun::Positions(batch) => return Ok(Some(batch)),
            }
        }
        let session = self.session.as_deref_mut().expect("a query runs on it");
        let turn = &mut self.turns[turn];
        // A call that is dropped here is made again.
        if let Some(block) = session.next(self.settings.rows_max).await? {
            return Ok(Some(turn.reading().expect("a query runs for it").batch(block)));
        }
        self.reading = None;
        Ok(turn.finish(self.settings.poll_interval))
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
        self.turns[turn].abandon();
    }

    /// Whether an error came of a table that is not there any more, or that may not be read while others may.
    async fn gone(&mut self, turn: usize, error: &Error) -> Result<bool> {
        let Some(table) = &self.turns[turn].table else { return Ok(false) };
        if error.reaction() == Reaction::Retry {
            return Ok(false);
        }
        self.session = None;
        let mut session = connect::open(&self.settings).await?;
        let tables = session.tables(&self.settings.scope).await?;
        let gone = !tables.iter().any(|found| found.id == *table);
        let refused = !gone && self.turns.len() > 1 && !session.readable(table).await?;
        self.session = Some(session);
        let (table, words) = (table.plain(), format!("{error:#}"));
        if gone {
            // One that comes back is another one.
            self.turns[turn].cursor = None;
            warn!(table, error = words, "a table is gone; the others go on");
        } else if refused {
            warn!(table, error = words, "a table may not be read; the others go on, it is tried again later");
        }
        Ok(gone || refused)
    }

    fn skip(&mut self, turn: usize) {
        self.turns[turn].later(self.settings.table_poll_interval.max(self.settings.poll_interval));
    }

    /// The turn that is on, once it is due; `None`: not yet.
    async fn wait(&mut self) -> Option<usize> {
        if self.reading.is_some() {
            return self.reading;
        }
        let waiting = (0..self.turns.len()).filter(|turn| !self.turns[*turn].retired);
        let next = waiting.min_by_key(|turn| self.turns[*turn].due);
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
        self.reading.is_some() || self.turns.iter().any(|turn| !turn.retired && turn.due < soon)
    }
}

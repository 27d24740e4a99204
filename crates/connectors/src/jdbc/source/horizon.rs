//! How far rows may be read without passing a transaction that is open and may still commit rows before them.
//!
//! A bound is taken first: the greatest value of the incrementing column, or the time. Then the open transactions are
//! listed. A transaction that begins later has rows behind the bound only, so that once all those that were listed
//! have ended, everything up to the bound is there. Until then nothing is read.

use std::collections::BTreeSet;
use std::time::Duration;

use api::Result;
use tokio::time::Instant;
use tracing::warn;

use super::criteria::{Bound, Criteria, From};
use super::offset::Offset;
use super::settings::Mode;
use crate::jdbc::dialect::{Dialect, Open, Session};

/// How long a transaction is waited for that has not written anything: most of them never do, such as a report.
const READER_PATIENCE: Duration = Duration::from_secs(10);
/// How much earlier than now the bound of a timestamp is: a transaction takes its time before it shows as open.
const MARGIN_MS: i64 = 50;
/// How soon the transactions are looked at again: at first, and in the end.
const LOOK_MIN: Duration = Duration::from_millis(10);
const LOOK_MAX: Duration = Duration::from_millis(500);

/// What is known about how far rows may be read.
#[derive(Debug, Default)]
pub(super) struct Horizon {
    waiting: Option<Waiting>,
    warned: bool,
}

#[derive(Debug)]
struct Waiting {
    bound: Bound,
    writers: BTreeSet<String>,
    others: BTreeSet<String>,
    since: Instant,
    looks: u32,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// Read up to a bound.
    Read(Bound),
    /// There is nothing to read.
    Nothing,
    /// Look again after some time.
    Look(Duration),
}

/// What a query is about, for its bound.
pub(super) struct Asked<'a> {
    pub(super) dialect: &'static dyn Dialect,
    pub(super) criteria: &'a Criteria,
    pub(super) offset: &'a Offset,
    pub(super) mode: Mode,
    pub(super) delay_ms: i64,
    /// How much earlier than now rows may be that are still to be written.
    pub(super) rounding_ms: i64,
    /// Whether transactions are waited for.
    pub(super) wait: bool,
}

impl Horizon {
    /// The bound up to which rows may be read now.
    pub(super) async fn next(&mut self, session: &mut dyn Session, asked: &Asked<'_>) -> Result<Next> {
        if self.waiting.is_none() {
            let Some(bound) = bound(session, asked).await? else { return Ok(Next::Nothing) };
            if !asked.wait || asked.mode == Mode::Bulk {
                return Ok(Next::Read(bound));
            }
            let Some(open) = self.open(session, asked).await? else { return Ok(Next::Read(bound)) };
            let others = if asked.mode.timestamps() { open.others } else { BTreeSet::new() };
            let since = Instant::now();
            self.waiting = Some(Waiting { bound, writers: open.writers, others, since, looks: 0 });
        } else if let Some(open) = self.open(session, asked).await?
            && let Some(waiting) = &mut self.waiting
        {
            waiting.forget_ended(&open);
        }
        Ok(self.decide())
    }

    fn decide(&mut self) -> Next {
        let Some(waiting) = &mut self.waiting else { return Next::Nothing };
        if waiting.over() {
            let bound = waiting.bound;
            self.waiting = None;
            return Next::Read(bound);
        }
        waiting.looks += 1;
        Next::Look(LOOK_MIN.saturating_mul(1 << waiting.looks.min(6)).min(LOOK_MAX))
    }

    async fn open(&mut self, session: &mut dyn Session, asked: &Asked<'_>) -> Result<Option<Open>> {
        let table = match &asked.criteria.from {
            From::Table(table) if !asked.mode.timestamps() => Some(table),
            _ => None,
        };
        let open = session.open_transactions(table).await?;
        if open.is_none() && !self.warned {
            warn!(
                "the database does not tell which transactions are open: rows that are committed late may be missed"
            );
            self.warned = true;
        }
        Ok(open)
    }
}

impl Waiting {
    /// Forgets the transactions that have ended. One that has begun to write since is waited for like any writer.
    fn forget_ended(&mut self, open: &Open) {
        let begun: Vec<String> = self.others.intersection(&open.writers).cloned().collect();
        self.writers.retain(|name| open.writers.contains(name) || open.others.contains(name));
        self.others.retain(|name| open.others.contains(name));
        self.writers.extend(begun);
    }

    fn over(&self) -> bool {
        self.writers.is_empty() && (self.others.is_empty() || self.since.elapsed() >= READER_PATIENCE)
    }
}

/// The bound of now; `None`: there is nothing behind the offset.
async fn bound(session: &mut dyn Session, asked: &Asked<'_>) -> Result<Option<Bound>> {
    match asked.mode {
        Mode::Bulk => Ok(Some(Bound::default())),
        Mode::Incrementing if !asked.wait => Ok(Some(Bound::default())),
        Mode::Incrementing => {
            let Some(sql) = asked.criteria.greatest(asked.dialect) else { return Ok(None) };
            let greatest = session.integer(&sql).await?.filter(|greatest| *greatest > asked.offset.last());
            Ok(greatest.map(|greatest| Bound { incrementing: Some(greatest), timestamp: None }))
        }
        Mode::Timestamp | Mode::TimestampIncrementing => {
            let margin = if asked.wait { MARGIN_MS + asked.rounding_ms } else { 0 };
            let end = session.now().await?.minus_millis(asked.delay_ms.saturating_add(margin));
            Ok(Some(Bound { incrementing: None, timestamp: Some(end) }))
        }
    }
}

#[cfg(test)]
mod tests;

//! How the turn of a table or a query begins: what is asked of the database, and how far.

use api::Result;

use super::{Begun, Task};
use crate::jdbc::source::criteria::Bound;
use crate::jdbc::source::horizon::{Asked, Next};
use crate::jdbc::source::load::{Means, Step};

impl Task {
    /// Starts a query, unless there is something else to do first.
    pub(super) async fn begin(&mut self, turn: usize) -> Result<Begun> {
        self.calling = true;
        self.prepare(turn).await?;
        let begun = match self.turns[turn].load {
            Some(_) => self.begin_load(turn).await?,
            None => self.begin_query(turn).await?,
        };
        self.calling = false;
        Ok(begun)
    }

    async fn begin_query(&mut self, turn: usize) -> Result<Begun> {
        let session = self.session.as_deref_mut().expect("it was just opened");
        let turn_of = &mut self.turns[turn];
        let cursor = turn_of.cursor.as_mut().expect("it was just made");
        let asked = Asked {
            dialect: self.settings.dialect,
            criteria: &cursor.criteria,
            offset: &cursor.offset,
            mode: cursor.mode,
            delay_ms: self.settings.timestamp_delay_ms,
            rounding_ms: cursor.rounding_ms,
            wait: self.settings.late_commits,
        };
        match cursor.horizon.next(session, &asked).await? {
            Next::Read(bound) => {
                self.read(turn, bound).await?;
                Ok(Begun::Reading)
            }
            Next::Nothing => Ok(turn_of.later(self.settings.poll_interval)),
            Next::Look(pause) => Ok(turn_of.later(pause)),
        }
    }

    /// Does what is next in a first load that several tasks share.
    async fn begin_load(&mut self, turn: usize) -> Result<Begun> {
        let session = self.session.as_deref_mut().expect("it was just opened");
        let turn_of = &mut self.turns[turn];
        // A call that was dropped may have left one, of which nothing was read.
        turn_of.range = None;
        let (Some(load), Some(cursor)) = (&mut turn_of.load, &mut turn_of.cursor) else {
            return Ok(Begun::Later);
        };
        let mut means = Means {
            session,
            context: &self.context,
            database: self.settings.access.url.database.as_deref(),
            cursor,
            dialect: self.settings.dialect,
            wait: self.settings.late_commits,
        };
        match load.next(&mut means).await? {
            Step::Read(range) => {
                let bound = Bound { incrementing: Some(range.last), timestamp: None };
                turn_of.range = Some(*range);
                self.read(turn, bound).await?;
                Ok(Begun::Reading)
            }
            Step::Give(batch) => Ok(Begun::Positions(batch)),
            Step::Look(pause) => Ok(turn_of.later(pause)),
            Step::Over => {
                turn_of.load_over();
                Ok(Begun::Later)
            }
        }
    }

    /// Starts the query for the rows up to a bound.
    async fn read(&mut self, turn: usize, bound: Bound) -> Result<()> {
        let session = self.session.as_deref_mut().expect("it was just opened");
        let cursor = self.turns[turn].reading().expect("it was just made");
        let sql = cursor.criteria.sql(self.settings.dialect, &cursor.offset, bound);
        let shape = session.start(&cursor.select(sql)).await?;
        cursor.shaped(shape);
        self.reading = Some(turn);
        Ok(())
    }
}

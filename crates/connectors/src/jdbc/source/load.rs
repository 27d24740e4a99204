//! The first load of a table by several tasks, each of which reads ranges of its own.
//!
//! A range has a source partition of its own, whose offset says how far it was read. The partition of the table, the
//! only one that Java's connector knows, moves behind a range only once that range and all before it are committed: to
//! Java everything behind it is still to be read. One task, the owner of the table, moves it. It also fixes where the
//! load ends, which is kept in a third partition, and goes on from there as ever.
//!
//! Invariant: a row is skipped only where the offset of its range, committed, says that it is in Kafka.

mod grid;
mod plan;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use api::{Batch, Result, SourceContext};
use tracing::{info, warn};

use self::grid::{Grid, Range};
use self::plan::Plan;
use super::cursor::Cursor;
use super::horizon::{Asked, Next};
use super::offset;
use crate::jdbc::dialect::{Dialect, Session, TableId};

/// How soon a task looks again at what other tasks have committed.
const LOOK: Duration = Duration::from_millis(200);
/// The most ranges of a table: their offsets are kept for good.
const RANGES_MAX: usize = 10_000;

/// Which ranges of a table a task reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Share {
    /// How many values of the incrementing column a range has.
    pub(super) size: i64,
    /// The task's place among those that share the load.
    pub(super) index: i64,
    /// How many tasks share it.
    pub(super) count: i64,
    /// Whether the task moves the offset of the table, and goes on with it.
    pub(super) owner: bool,
}

/// The load of a table, as one task sees it.
#[derive(Debug)]
pub(super) struct Load {
    table: TableId,
    share: Share,
    /// Up to where all rows can be seen that ever will be; `None`: not known yet.
    safe: Option<i64>,
    /// `None`: the owner has not fixed it yet, or has not committed it.
    plan: Option<Plan>,
    /// Up to where this task has read ranges since it started.
    read: BTreeMap<i64, i64>,
    /// Where the table's offset was moved to last.
    moved: Option<i64>,
}

/// What is to be done next.
pub(super) enum Step {
    /// Read the rows of a range.
    Read(Box<Reading>),
    /// Give positions away.
    Give(Batch),
    /// Look again after some time.
    Look(Duration),
    /// The load is over, or there is none.
    Over,
}

/// A range that is read.
pub(super) struct Reading {
    number: i64,
    /// The last value of the range.
    pub(super) last: i64,
    /// Where its rows go to, and how far they were read.
    pub(super) cursor: Cursor,
}

/// What a load works with.
pub(super) struct Means<'a> {
    pub(super) session: &'a mut dyn Session,
    pub(super) context: &'a SourceContext,
    /// The name of the database, which earlier versions put before that of the table.
    pub(super) database: Option<&'a str>,
    /// That of the whole table.
    pub(super) cursor: &'a mut Cursor,
    pub(super) dialect: &'static dyn Dialect,
    /// Whether transactions are waited for.
    pub(super) wait: bool,
}

impl Load {
    pub(super) fn new(table: TableId, share: Share) -> Self {
        Self { table, share, safe: None, plan: None, read: BTreeMap::new(), moved: None }
    }

    /// What is to be done next.
    ///
    /// # Errors
    /// Those of the database and of the offsets.
    pub(super) async fn next(&mut self, means: &mut Means<'_>) -> Result<Step> {
        let mut partitions = vec![(*means.cursor.partition).clone()];
        partitions.extend(offset::earlier_partitions(&self.table, means.database));
        let reached = offset::find(means.context, &partitions).await?.map(|stored| stored.last());
        self.learn(means.context).await?;
        match self.plan {
            // The table was read before, or somebody has set its offset since.
            None if reached.is_some() => return Ok(Step::Over),
            Some(plan) if plan.over || !plan.reaches(reached) => return Ok(Step::Over),
            _ => {}
        }
        if let Some(pause) = self.see(means).await? {
            return Ok(Step::Look(pause));
        }
        if self.plan.is_none() && self.share.owner {
            return self.fix(means).await;
        }
        if let Some(reading) = self.own(means, reached).await? {
            return Ok(Step::Read(Box::new(reading)));
        }
        match self.plan {
            Some(plan) if self.share.owner => self.advance(plan, reached, means).await,
            Some(_) => Ok(Step::Over),
            None => Ok(Step::Look(LOOK)),
        }
    }

    /// Says that all rows of a range were given away.
    pub(super) fn finish(&mut self, mut reading: Reading) -> Option<Batch> {
        self.read.insert(reading.number, reading.last);
        reading.cursor.reach(reading.last)
    }

    /// Says that a range is not read on for now: what was given away of it is not read again.
    pub(super) fn interrupt(&mut self, reading: &Reading) {
        self.read.insert(reading.number, reading.cursor.offset.last());
    }

    /// Learns what the owner has fixed.
    async fn learn(&mut self, context: &SourceContext) -> Result<()> {
        if self.plan.is_none() {
            let stored = context.offsets.offset(&plan::partition(&self.table)).await?;
            self.plan = stored.as_ref().and_then(Plan::of);
        }
        Ok(())
    }

    /// Finds out up to where all rows can be seen; a pause while that has to be waited for.
    async fn see(&mut self, means: &mut Means<'_>) -> Result<Option<Duration>> {
        if self.safe.is_some() && self.safe >= self.plan.and_then(Plan::last_value) {
            return Ok(None);
        }
        let asked = Asked {
            dialect: means.dialect,
            criteria: &means.cursor.criteria,
            offset: &means.cursor.offset,
            mode: means.cursor.mode,
            delay_ms: 0,
            rounding_ms: 0,
            wait: means.wait,
        };
        let bound = match means.cursor.horizon.next(means.session, &asked).await? {
            Next::Look(pause) => return Ok(Some(pause)),
            Next::Read(bound) => bound.incrementing,
            Next::Nothing => None,
        };
        self.safe = match (bound, means.cursor.criteria.greatest(means.dialect)) {
            (None, Some(sql)) => means.session.integer(&sql).await?,
            (bound, _) => bound,
        };
        Ok(None)
    }

    /// Fixes where the load begins and ends.
    async fn fix(&mut self, means: &mut Means<'_>) -> Result<Step> {
        let grid = Grid::new(self.share.size);
        let (table, numbers) = (self.table.plain(), self.closed(grid, means).await?);
        let plan = match &numbers {
            Some(numbers) => Plan { grid, first: *numbers.start(), last: *numbers.end(), over: false },
            None => Plan { grid, first: 0, last: -1, over: true },
        };
        if let Some(numbers) = numbers {
            info!(table, ranges = numbers.count(), "several tasks share the first load of a table");
        }
        self.plan = Some(plan);
        Ok(Step::Give(means.cursor.positions([(plan::partition(&self.table), plan.store())])))
    }

    /// The ranges that have all of their rows; `None`: there are none, or too many.
    async fn closed(&self, grid: Grid, means: &mut Means<'_>) -> Result<Option<RangeInclusive<i64>>> {
        let Some(sql) = means.cursor.criteria.least(means.dialect, &means.cursor.offset) else {
            return Ok(None);
        };
        let (Some(least), Some(safe)) = (means.session.integer(&sql).await?, self.safe) else {
            return Ok(None);
        };
        let closed = grid.closed(least, safe);
        if closed.clone().nth(RANGES_MAX).is_some() {
            warn!(
                table = self.table.plain(),
                "more than {RANGES_MAX} ranges: one task reads the table. hint: make `initial.load.range` greater"
            );
            return Ok(None);
        }
        Ok((!closed.is_empty()).then_some(closed))
    }

    /// The next range of this task. While the plan is not known, those that will surely be in it, or just behind it.
    async fn own(&mut self, means: &mut Means<'_>, reached: Option<i64>) -> Result<Option<Reading>> {
        let grid = self.plan.map_or(Grid::new(self.share.size), |plan| plan.grid);
        let numbers = match self.plan {
            Some(plan) => Some(plan.first..=plan.last),
            None => self.closed(grid, means).await?,
        };
        let Share { index, count, .. } = self.share;
        for number in numbers.into_iter().flatten().filter(|number| number.rem_euclid(count) == index) {
            let Some(range) = grid.range(number) else { break };
            let given = self.read.get(&number).copied().max(reached).unwrap_or(i64::MIN);
            if given < range.last
                && let Some(read) = self.read_up_to(range, means.context).await?
            {
                let partition = offset::range_partition(&self.table, range.first, range.last);
                let mut cursor = means.cursor.of_range(partition);
                cursor.offset.incrementing = Some(read.max(given).max(means.cursor.offset.last()));
                return Ok(Some(Reading { number, last: range.last, cursor }));
            }
        }
        Ok(None)
    }

    /// Up to where a range was read; `None`: to its end.
    async fn read_up_to(&self, range: Range, context: &SourceContext) -> Result<Option<i64>> {
        let partition = offset::range_partition(&self.table, range.first, range.last);
        let stored = context.offsets.offset(&partition).await?;
        let stored = stored.and_then(|stored| offset::Offset::of(&stored).incrementing);
        Ok(match stored {
            Some(read) if read >= range.last => None,
            Some(read) => Some(read),
            None => Some(range.first.saturating_sub(1)),
        })
    }

    /// Moves the offset of the table behind the ranges that are committed, as far as none is missing before them.
    async fn advance(&mut self, plan: Plan, reached: Option<i64>, means: &mut Means<'_>) -> Result<Step> {
        let mut end = None;
        for number in plan.after(reached)..=plan.last {
            let Some(range) = plan.grid.range(number) else { break };
            if self.read_up_to(range, means.context).await?.is_some() {
                break;
            }
            end = Some(range.last);
        }
        let end = end.or(reached);
        let over = end >= plan.last_value();
        if !over && (end.is_none() || end == self.moved) {
            return Ok(Step::Look(LOOK));
        }
        self.moved = end;
        means.cursor.offset.incrementing = end;
        let mut positions = vec![((*means.cursor.partition).clone(), means.cursor.offset.store())];
        if over {
            let plan = Plan { over: true, ..plan };
            self.plan = Some(plan);
            positions.push((plan::partition(&self.table), plan.store()));
            info!(table = self.table.plain(), "the first load of a table is over");
        }
        Ok(Step::Give(means.cursor.positions(positions)))
    }
}

//! The task that writes: every put is one transaction, durable when it returns.

use std::sync::Arc;
use std::time::Duration;

use api::{Batch, Error, Offsets, Result, SinkContext, SinkTask, TopicPartition};
use async_trait::async_trait;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{debug, warn};

use super::apply::{Job, Refused, Trouble, apply_all, isolate, reject};
use super::config::{Guarantee, Options};
use super::database::Database;
use super::ledger::Ledger;
use super::run::{Plans, Runs, runs};
use super::structure::Structures;
use super::writer::{Reason, Refusal, Step, Writer};

/// The longest that one put waits before it tries again: rebalances wait as long.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Writes records to the tables of a database.
pub(super) struct Task {
    options: Options,
    context: Arc<dyn SinkContext>,
    database: Database,
    /// `None`: there is no connection, or none of which anything is known.
    writer: Option<Box<dyn Writer>>,
    plans: Plans,
    structures: Structures,
    /// With `exactly_once`.
    ledger: Option<Ledger>,
    /// How often the put at hand was refused for a reason that may pass.
    attempts: u32,
    /// When it may be tried again.
    due: Option<Instant>,
}

impl Task {
    pub(super) fn new(options: Options, context: Arc<dyn SinkContext>, database: Database) -> Self {
        let ledger = match options.guarantee {
            Guarantee::AtLeastOnce => None,
            Guarantee::ExactlyOnce => Some(Ledger::new(&options, database.parse(&options.offsets_table))),
        };
        Self {
            ledger,
            options,
            context,
            database,
            writer: None,
            plans: Plans::default(),
            structures: Structures::default(),
            attempts: 0,
            due: None,
        }
    }

    /// Waits for as long as `retry.backoff.ms` asks; false: that is longer than one put should.
    async fn wait(&mut self) -> bool {
        let Some(due) = self.due else { return true };
        sleep_until(due.min(Instant::now() + WAIT_MAX)).await;
        if Instant::now() < due {
            return false;
        }
        self.due = None;
        true
    }

    async fn deliver(&mut self, batches: &[Batch]) -> Result<(), Trouble> {
        let mut writer = self.writer().await?;
        let delivered = self.deliver_through(writer.as_mut(), batches).await;
        // After trouble nothing is known of the connection and little of the tables.
        match delivered {
            Ok(()) => self.writer = Some(writer),
            Err(_) => self.forget(),
        }
        delivered
    }

    /// The connection. Whoever takes it gives it back when all is well.
    async fn writer(&mut self) -> Result<Box<dyn Writer>, Refused> {
        match self.writer.take() {
            Some(writer) => Ok(writer),
            None => Ok(self.database.open(&self.options).await?),
        }
    }

    fn forget(&mut self) {
        self.structures.forget();
        if let Some(ledger) = &mut self.ledger {
            ledger.forget();
        }
    }

    async fn deliver_through(&mut self, writer: &mut dyn Writer, batches: &[Batch]) -> Result<(), Trouble> {
        let mut behind = Offsets::new();
        if let Some(ledger) = &mut self.ledger {
            ledger.read(writer, &Ledger::partitions(batches)).await.map_err(Refused::from)?;
            behind = ledger.behind(batches);
            if behind.is_empty() {
                return Ok(());
            }
        }
        let runs = runs(&self.options, &mut self.plans, self.ledger.as_ref(), batches)?;
        let mut delivered = self.deliver_with(writer, &runs, &behind).await;
        if let Err(Trouble::Refused(refused)) = &delivered
            && refused.reason() == Reason::Structure
        {
            // Somebody has changed a table: once more with what it is now.
            debug!(error = %refused.refusal, "reads the structure of the tables again");
            self.structures.forget();
            roll_back(writer).await?;
            delivered = self.deliver_with(writer, &runs, &behind).await;
        }
        delivered?;
        if let Some(ledger) = &mut self.ledger {
            ledger.committed(behind);
        }
        Ok(())
    }

    async fn deliver_with(
        &mut self,
        writer: &mut dyn Writer,
        runs: &Runs<'_>,
        behind: &Offsets,
    ) -> Result<(), Trouble> {
        let jobs = self.jobs(writer, runs).await?;
        if runs.refused.is_empty() {
            match self.transact(writer, &jobs, behind).await {
                Err(refused) if refused.reason() == Reason::Row => roll_back(writer).await?,
                done => return Ok(done?),
            }
        }
        self.transact_one_by_one(writer, &jobs, runs, behind).await
    }

    async fn jobs<'r, 'a>(
        &mut self,
        writer: &mut dyn Writer,
        runs: &'r Runs<'a>,
    ) -> Result<Vec<Job<'r, 'a>>, Refused> {
        let mut jobs = Vec::with_capacity(runs.runs.len());
        for run in &runs.runs {
            let id = self.database.parse(&run.table);
            let target = self.structures.target(writer, &self.options, &run.table, &id, &run.plan).await;
            let target = target.map_err(Refused::at(&run.table))?;
            jobs.push(Job { target, changes: &run.changes });
        }
        Ok(jobs)
    }

    async fn transact(
        &mut self,
        writer: &mut dyn Writer,
        jobs: &[Job<'_, '_>],
        behind: &Offsets,
    ) -> Result<(), Refused> {
        self.begin(writer, behind).await?;
        apply_all(writer, self.options.insert_mode, jobs).await?;
        Ok(writer.step(Step::Commit).await?)
    }

    /// Begins a transaction, with the right to write these offsets if there is a ledger.
    async fn begin(&mut self, writer: &mut dyn Writer, behind: &Offsets) -> Result<(), Refusal> {
        writer.step(Step::Begin).await?;
        match &self.ledger {
            Some(ledger) => ledger.claim(writer, behind).await,
            None => Ok(()),
        }
    }

    /// The same without bad rows, which the error policy is given. Nothing is written if it does not tolerate them.
    async fn transact_one_by_one(
        &mut self,
        writer: &mut dyn Writer,
        jobs: &[Job<'_, '_>],
        runs: &Runs<'_>,
        behind: &Offsets,
    ) -> Result<(), Trouble> {
        let refused = runs.refused.iter().map(|(row, error)| (*row, Error::reject(error.message())));
        let mut bad: Vec<_> = refused.collect();
        self.begin(writer, behind).await.map_err(Refused::from)?;
        writer.step(Step::CheckAtOnce).await.map_err(Refused::from)?;
        for job in jobs {
            isolate(writer, self.options.insert_mode, job, &mut bad).await?;
        }
        // Before the commit: a record that was written to the dead letter queue twice is better than one that was
        // not.
        if let Err(error) = reject(self.context.as_ref(), bad) {
            roll_back(writer).await?;
            return Err(error.into());
        }
        writer.step(Step::Commit).await.map_err(Refused::from)?;
        Ok(())
    }

    /// The offsets that the database has for partitions.
    async fn stored(&mut self, partitions: &[TopicPartition]) -> Result<Offsets, Refusal> {
        let mut writer = self.writer().await.map_err(|refused| refused.refusal)?;
        let Some(ledger) = &mut self.ledger else { return Ok(Offsets::new()) };
        let offsets = ledger.read(writer.as_mut(), partitions).await?;
        self.writer = Some(writer);
        Ok(offsets)
    }

    /// What the worker is to do about a refusal.
    fn react(&mut self, refused: Refused) -> Error {
        let Refused { refusal, table } = refused;
        let doing = match &table {
            Some(table) => format!("cannot write to table {table}"),
            None => "cannot write to the database".to_owned(),
        };
        if refusal.reason != Reason::Passing {
            return Error::fail(doing).caused_by(refusal);
        }
        self.attempts += 1;
        if self.attempts > self.options.max_retries {
            let retries = self.options.max_retries;
            let cause = refusal.into_passing();
            return Error::fail(format_args!("{doing} after {retries} retries")).caused_by(cause);
        }
        self.due = Some(Instant::now() + self.options.retry_backoff);
        Error::retry(doing).caused_by(refusal)
    }
}

async fn roll_back(writer: &mut dyn Writer) -> Result<(), Refused> {
    Ok(writer.step(Step::RollBack).await?)
}

#[async_trait]
impl SinkTask for Task {
    async fn put(&mut self, batches: &[Batch]) -> Result<()> {
        if batches.iter().all(|batch| batch.records.is_empty()) {
            return Ok(());
        }
        if !self.wait().await {
            return Err(Error::retry("waits for `retry.backoff.ms` before it writes again"));
        }
        match self.deliver(batches).await {
            Ok(()) => {
                self.attempts = 0;
                Ok(())
            }
            Err(Trouble::Ended(error)) => Err(error),
            Err(Trouble::Refused(refused)) => Err(self.react(refused)),
        }
    }

    async fn pre_commit(&mut self, put: &Offsets) -> Result<Offsets> {
        // Invariant 2: every put has ended with a commit.
        Ok(put.clone())
    }

    async fn open(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        if self.ledger.is_none() {
            return Ok(());
        }
        let mut attempts = 0;
        loop {
            match self.stored(partitions).await {
                Ok(offsets) => {
                    self.context.seek(offsets);
                    return Ok(());
                }
                Err(refusal) if refusal.reason == Reason::Passing && attempts < self.options.max_retries => {
                    warn!(error = %refusal, "cannot read the offsets, trying again");
                }
                Err(refusal) => return Err(Error::fail("cannot read the offsets").caused_by(refusal)),
            }
            attempts += 1;
            sleep(self.options.retry_backoff).await;
        }
    }

    async fn close(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        if let Some(ledger) = &mut self.ledger {
            ledger.close(partitions);
        }
        Ok(())
    }

    async fn stop(&mut self) -> Result<()> {
        self.writer = None;
        Ok(())
    }
}

//! The task that writes: every put is one transaction, durable when it returns.

use std::sync::Arc;
use std::time::Duration;

use api::{Batch, Error, Offsets, Result, SinkContext, SinkTask};
use async_trait::async_trait;
use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::apply::{Job, Refused, apply_all, isolate, reject};
use super::config::Options;
use super::database::Database;
use super::run::{Plans, Runs, runs};
use super::structure::Structures;
use super::writer::{Reason, Step, Writer};

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
    /// How often the put at hand was refused for a reason that may pass.
    attempts: u32,
    /// When it may be tried again.
    due: Option<Instant>,
}

/// Why a put did not end well.
enum Trouble {
    /// The database refuses.
    Refused(Refused),
    /// The worker is to know as it is.
    Ended(Error),
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Ended(error)
    }
}

impl Task {
    pub(super) fn new(options: Options, context: Arc<dyn SinkContext>, database: Database) -> Self {
        Self {
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
        let runs = runs(&self.options, &mut self.plans, batches)?;
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.database.open(&self.options).await.map_err(Refused::from)?,
        };
        let mut delivered = self.deliver_with(writer.as_mut(), &runs).await;
        if let Err(Trouble::Refused(refused)) = &delivered
            && refused.reason() == Reason::Structure
        {
            // Somebody has changed a table: once more with what it is now.
            debug!(error = %refused.refusal, "reads the structure of the tables again");
            self.structures.forget();
            roll_back(writer.as_mut()).await?;
            delivered = self.deliver_with(writer.as_mut(), &runs).await;
        }
        // After trouble nothing is known of the connection and little of the tables.
        match delivered {
            Ok(()) => self.writer = Some(writer),
            Err(_) => self.structures.forget(),
        }
        delivered
    }

    async fn deliver_with(&mut self, writer: &mut dyn Writer, runs: &Runs<'_>) -> Result<(), Trouble> {
        let jobs = self.jobs(writer, runs).await?;
        if runs.refused.is_empty() {
            match self.transact(writer, &jobs).await {
                Err(refused) if refused.reason() == Reason::Row => roll_back(writer).await?,
                done => return Ok(done?),
            }
        }
        self.transact_one_by_one(writer, &jobs, runs).await
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

    async fn transact(&mut self, writer: &mut dyn Writer, jobs: &[Job<'_, '_>]) -> Result<(), Refused> {
        writer.step(Step::Begin).await?;
        apply_all(writer, self.options.insert_mode, jobs).await?;
        writer.step(Step::Commit).await?;
        Ok(())
    }

    /// The same without bad rows, which the error policy is given. Nothing is written if it does not tolerate them.
    async fn transact_one_by_one(
        &mut self,
        writer: &mut dyn Writer,
        jobs: &[Job<'_, '_>],
        runs: &Runs<'_>,
    ) -> Result<(), Trouble> {
        let refused = runs.refused.iter().map(|(row, error)| (*row, Error::reject(error.message())));
        let mut bad: Vec<_> = refused.collect();
        writer.step(Step::Begin).await.map_err(Refused::from)?;
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
            return Error::fail(format_args!("{doing} after {retries} retries")).caused_by(refusal);
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

    async fn stop(&mut self) -> Result<()> {
        self.writer = None;
        Ok(())
    }
}

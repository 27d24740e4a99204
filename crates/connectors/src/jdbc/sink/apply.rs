//! Changes on their way into a database: all at once, and one by one where a row is bad.

use api::{Error, SinkContext};

use super::cell::Row;
use super::changes::{Change, Work, work};
use super::config::InsertMode;
use super::writer::{Reason, Refusal, Step, Target, Writer};

/// Changes of one table and plan.
pub(super) struct Job<'r, 'a> {
    pub(super) target: Target,
    pub(super) changes: &'r [Change<'a>],
}

/// A refusal and the table it is about, for messages.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) refusal: Refusal,
    pub(super) table: Option<String>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, table: None }
    }
}

impl Refused {
    pub(super) fn at(table: &str) -> impl Fn(Refusal) -> Self {
        move |refusal| Self { refusal, table: Some(table.to_owned()) }
    }

    pub(super) fn reason(&self) -> Reason {
        self.refusal.reason
    }
}

/// Why a put did not end well.
pub(super) enum Trouble {
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

/// Applies all changes of all jobs.
pub(super) async fn apply_all(
    writer: &mut dyn Writer,
    mode: InsertMode,
    jobs: &[Job<'_, '_>],
) -> Result<(), Refused> {
    for job in jobs {
        apply(writer, mode, &job.target, job.changes).await.map_err(Refused::at(&job.target.table.shown))?;
    }
    Ok(())
}

async fn apply(
    writer: &mut dyn Writer,
    mode: InsertMode,
    target: &Target,
    changes: &[Change<'_>],
) -> Result<(), Refusal> {
    let sortable = writer.sortable(target);
    for work in work(mode, target, sortable, changes) {
        match work {
            Work::Write(rows) => writer.write(target, mode, &rows).await?,
            Work::Delete(rows) => writer.delete(target, &rows).await?,
        }
    }
    Ok(())
}

/// Applies the changes of a job without those of bad rows, which it answers with the reason. Halves are tried until
/// one row is left; the order of the rows stays.
pub(super) async fn isolate<'a>(
    writer: &mut dyn Writer,
    mode: InsertMode,
    job: &Job<'_, 'a>,
    bad: &mut Vec<(Row<'a>, Error)>,
) -> Result<(), Refused> {
    let table = &job.target.table.shown;
    let at = Refused::at(table);
    let mut parts = vec![job.changes];
    while let Some(part) = parts.pop() {
        writer.step(Step::Savepoint).await.map_err(&at)?;
        let applied = match apply(writer, mode, &job.target, part).await {
            // What SQLite checks at the commit is checked here.
            Ok(()) => writer.step(Step::Release).await,
            refused => refused,
        };
        match applied {
            Ok(()) => {}
            Err(refusal) if refusal.reason == Reason::Row => {
                writer.step(Step::RollBackToSavepoint).await.map_err(&at)?;
                match part {
                    [(row, _)] => {
                        let doing = format_args!("cannot write a record to table {table}");
                        bad.push((*row, Error::reject(doing).caused_by(refusal)));
                    }
                    part => {
                        let (first, second) = part.split_at(part.len() / 2);
                        parts.extend([second, first]);
                    }
                }
            }
            Err(refusal) => return Err(at(refusal)),
        }
    }
    Ok(())
}

/// Gives bad rows to the error policy, in the order of their offsets.
pub(super) fn reject(context: &dyn SinkContext, mut bad: Vec<(Row<'_>, Error)>) -> api::Result<()> {
    bad.sort_by_key(|(row, _)| (row.batch.offset_topic().clone(), row.record.partition, row.record.offset));
    bad.into_iter().try_for_each(|(row, error)| context.reject(row.batch, row.record, error))
}

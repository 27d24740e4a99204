//! The records of a put, by tables and by the columns that they are written to.

use std::collections::HashMap;
use std::sync::Arc;

use api::{Batch, Error, Result};

use super::cell::Row;
use super::changes::Change;
use super::check::{Action, action};
use super::config::Options;
use super::ledger::Ledger;
use super::name;
use super::plan::Plan;
use super::shape::{Shape, uniform};

/// Records that go one behind the other to the same columns of a table.
pub(super) struct Run<'a> {
    /// The name of the table as the configuration makes it.
    pub(super) table: Arc<str>,
    pub(super) plan: Arc<Plan>,
    shape: Shape,
    /// Whether the plan is made of a key alone, because all changes are deletes.
    only_deletes: bool,
    pub(super) changes: Vec<Change<'a>>,
}

/// The records of a put.
pub(super) struct Runs<'a> {
    /// In order for each table.
    pub(super) runs: Vec<Run<'a>>,
    /// Records that can be no rows, and why.
    pub(super) refused: Vec<(Row<'a>, Error)>,
}

/// Sorts records into runs.
///
/// # Errors
/// The configuration asks for fields that the records have not.
pub(super) fn runs<'a>(
    options: &Options,
    plans: &mut Plans,
    ledger: Option<&Ledger>,
    batches: &'a [Batch],
) -> Result<Runs<'a>> {
    let mut sorted = Runs { runs: Vec::new(), refused: Vec::new() };
    // The last run of each table.
    let mut open: HashMap<Arc<str>, usize> = HashMap::new();
    for batch in batches.iter().filter(|batch| !batch.records.is_empty()) {
        let table = plans.table(options, &batch.topic)?;
        let mut current = open.get(&table).copied();
        // Whether the run is known to be right for all rows of the batch.
        let mut settled = false;
        for record in &batch.records {
            let row = Row { batch, record };
            if ledger.is_some_and(|ledger| ledger.written(row)) {
                continue;
            }
            let action = match action(options, row) {
                Ok(action) => action,
                Err(error) => {
                    sorted.refused.push((row, error));
                    continue;
                }
            };
            if !(settled && action == Action::Write) {
                let index = match current {
                    Some(index) if sorted.runs[index].takes(options, plans, row, action)? => index,
                    _ => {
                        sorted.runs.push(Run::of(options, plans, table.clone(), row, action)?);
                        sorted.runs.len() - 1
                    }
                };
                current = Some(index);
                settled = action == Action::Write && uniform(options, batch);
            }
            let index = current.expect("a run was found or made");
            sorted.runs[index].changes.push((row, action));
        }
        if let Some(index) = current {
            open.insert(table, index);
        }
    }
    Ok(sorted)
}

impl<'a> Run<'a> {
    fn of(
        options: &Options,
        plans: &mut Plans,
        table: Arc<str>,
        row: Row<'a>,
        action: Action,
    ) -> Result<Self> {
        let shape = Shape::of(options, row);
        let plan = plans.plan(options, &table, &shape, row)?;
        Ok(Self { table, plan, shape, only_deletes: action == Action::Delete, changes: Vec::new() })
    }

    /// Whether a row goes to the same columns. A delete needs those of the key only, so that it fits wherever its
    /// key does; a row behind nothing but deletes brings its columns with it.
    fn takes(&mut self, options: &Options, plans: &mut Plans, row: Row<'_>, action: Action) -> Result<bool> {
        if !self.shape.key_fits(row) {
            return Ok(false);
        }
        if action == Action::Delete || self.shape.fits(row) {
            return Ok(true);
        }
        if !self.only_deletes {
            return Ok(false);
        }
        self.shape = Shape::of(options, row);
        self.plan = plans.plan(options, &self.table, &self.shape, row)?;
        self.only_deletes = false;
        Ok(true)
    }
}

/// The plans that were made, for puts to come.
#[derive(Default)]
pub(super) struct Plans {
    tables: HashMap<Arc<str>, Arc<str>>,
    plans: Vec<(Arc<str>, Shape, Arc<Plan>)>,
}

/// Records without schema may have a plan each: only so many are kept.
const PLANS_MAX: usize = 256;

impl Plans {
    fn table(&mut self, options: &Options, topic: &Arc<str>) -> Result<Arc<str>> {
        if let Some(table) = self.tables.get(topic) {
            return Ok(table.clone());
        }
        let table: Arc<str> = name::of_topic(options, topic)?.into();
        self.tables.insert(topic.clone(), table.clone());
        Ok(table)
    }

    fn plan(
        &mut self,
        options: &Options,
        table: &Arc<str>,
        shape: &Shape,
        row: Row<'_>,
    ) -> Result<Arc<Plan>> {
        let known = self.plans.iter().find(|(of, known, _)| of == table && known == shape);
        if let Some((_, _, plan)) = known {
            return Ok(plan.clone());
        }
        if self.plans.len() >= PLANS_MAX {
            self.plans.clear();
        }
        let plan = Arc::new(Plan::of(table, options, row)?);
        self.plans.push((table.clone(), shape.clone(), plan.clone()));
        Ok(plan)
    }
}

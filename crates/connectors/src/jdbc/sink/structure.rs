//! The tables that rows go to: found, created and extended as Java's `DbStructure` does, with its words.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use tracing::info;

use super::config::Options;
use super::ddl::{add_columns, create_table};
use super::plan::{Field, Plan};
use super::writer::{Found, Reason, Refusal, Table, Target, Writer};
use crate::jdbc::dialect::TableId;

/// How often a table is looked at again when another task changes it at the same time.
const ATTEMPTS_MAX: u32 = 5;

/// What is known of the tables.
#[derive(Default)]
pub(super) struct Structures {
    tables: HashMap<String, Arc<Table>>,
}

impl Structures {
    /// Forgets everything, so that it is read again.
    pub(super) fn forget(&mut self) {
        self.tables.clear();
    }

    /// The table of a name, with a column for every field of a plan.
    pub(super) async fn target(
        &mut self,
        writer: &mut dyn Writer,
        options: &Options,
        name: &str,
        id: &TableId,
        plan: &Arc<Plan>,
    ) -> Result<Target, Refusal> {
        if let Some(table) = self.tables.get(name)
            && let Ok(columns) = columns(table, plan)
        {
            return Ok(Target { table: table.clone(), plan: plan.clone(), columns });
        }
        let (table, columns) = fitting(writer, options, id, plan).await?;
        let table = Arc::new(table);
        self.tables.insert(name.to_owned(), table.clone());
        Ok(Target { table, plan: plan.clone(), columns })
    }
}

/// Finds the table, and makes it what it has to be.
async fn fitting(
    writer: &mut dyn Writer,
    options: &Options,
    id: &TableId,
    plan: &Plan,
) -> Result<(Table, Vec<usize>), Refusal> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let found = writer.find(id).await?;
        let Some(table) = found.table else {
            create(writer, options, &found, plan, attempt).await?;
            continue;
        };
        check_kind(options, &table)?;
        match columns(&table, plan) {
            Ok(columns) => return Ok((table, columns)),
            Err(missing) => extend(writer, options, &table, &missing, attempt).await?,
        }
    }
}

async fn create(
    writer: &mut dyn Writer,
    options: &Options,
    found: &Found,
    plan: &Plan,
    attempt: u32,
) -> Result<(), Refusal> {
    let table = &found.shown;
    if !options.auto_create {
        let message = format_args!(
            "Table {table} is missing and auto-creation is disabled, hint: create it, or set auto.create=true"
        );
        return Err(Refusal::new(Reason::Lasting, message));
    }
    let schemaless = plan.fields.iter().find(|field| field.schema.is_none());
    if let Some(field) = schemaless {
        let message = format_args!(
            "Table {table} is missing and cannot be created: the records have no schema that tells the type of \
             column `{}`",
            field.name
        );
        return Err(Refusal::new(Reason::Lasting, message));
    }
    info!(table, "creates a table");
    let sql = create_table(writer.ddl(), &found.sql, plan);
    let created = writer.define(&sql).await;
    again(created, attempt, format_args!("cannot create table {table}"))
}

async fn extend(
    writer: &mut dyn Writer,
    options: &Options,
    table: &Table,
    missing: &[&Field],
    attempt: u32,
) -> Result<(), Refusal> {
    let refusal = |message: String| Err(Refusal::new(Reason::Lasting, message));
    let shown = &table.shown;
    if table.kind == "VIEW" {
        return refusal(format!(
            "View {shown} is missing fields ({}) and ALTER VIEW is unsupported",
            list(missing)
        ));
    }
    if let Some(field) = missing.iter().find(|field| !field.optional() && field.default().is_none()) {
        return refusal(format!(
            "Cannot ALTER {} {shown} to add missing field {}, as the field is not optional and does not have a \
             default value",
            table.kind,
            describe(field)
        ));
    }
    if !options.auto_evolve {
        return refusal(format!(
            "Table {shown} is missing fields ({}) and auto-evolution is disabled, hint: add columns, set \
             auto.evolve=true, or choose fields by `fields.whitelist`",
            list(missing)
        ));
    }
    if let Some(field) = missing.iter().find(|field| field.schema.is_none()) {
        return refusal(format!(
            "Table {shown} lacks column `{}`, which cannot be added: the records have no schema that tells its type",
            field.name
        ));
    }
    info!(table = shown, columns = missing.len(), "adds columns to a table");
    let statements = add_columns(writer.ddl(), &table.sql, missing);
    for sql in statements {
        let added = writer.define(&sql).await;
        again(added, attempt, format_args!("cannot add columns to table {shown}"))?;
    }
    Ok(())
}

/// A statement that fails may have lost a race with another task: then the table is looked at again.
fn again(done: Result<(), Refusal>, attempt: u32, doing: impl std::fmt::Display) -> Result<(), Refusal> {
    match done {
        Err(refusal) if refusal.reason == Reason::Structure && attempt < ATTEMPTS_MAX => Ok(()),
        Err(refusal) if refusal.reason == Reason::Passing => Err(refusal),
        Err(refusal) => Err(Refusal::new(Reason::Lasting, doing).caused_by(refusal)),
        // It was done, and the table still lacks something.
        Ok(()) if attempt >= ATTEMPTS_MAX => Err(Refusal::new(Reason::Lasting, doing)),
        Ok(()) => Ok(()),
    }
}

fn check_kind(options: &Options, table: &Table) -> Result<(), Refusal> {
    if options.table_types.contains(table.kind) {
        return Ok(());
    }
    let allowed: Vec<&str> = options.table_types.iter().map(String::as_str).collect();
    let message = format_args!(
        "{} is a {}, and `table.types` allows {} only",
        table.shown,
        table.kind,
        allowed.join(", ")
    );
    Err(Refusal::new(Reason::Lasting, message))
}

/// For each field the index of its column: that of its name, or the only one of its name in any case. Otherwise the
/// fields without one.
fn columns<'p>(table: &Table, plan: &'p Plan) -> Result<Vec<usize>, Vec<&'p Field>> {
    let found: Vec<Option<usize>> = plan.fields.iter().map(|field| column(table, &field.name)).collect();
    let missing: Vec<&Field> =
        plan.fields.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(field, _)| field).collect();
    if missing.is_empty() { Ok(found.into_iter().flatten().collect()) } else { Err(missing) }
}

fn column(table: &Table, name: &str) -> Option<usize> {
    let exact = table.columns.iter().position(|column| column.name == name);
    exact.or_else(|| {
        let name = name.to_lowercase();
        let mut similar =
            table.columns.iter().enumerate().filter(|(_, column)| column.name.to_lowercase() == name);
        let (index, _) = similar.next()?;
        similar.next().is_none().then_some(index)
    })
}

/// Fields as Java prints them.
fn list(fields: &[&Field]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| describe(field)).collect();
    format!("[{}]", fields.join(", "))
}

fn describe(field: &Field) -> String {
    let schema = match &field.schema {
        None => "null".to_owned(),
        Some(schema) => match &schema.name {
            Some(name) => format!("Schema{{{name}:{}}}", schema.kind.name()),
            None => format!("Schema{{{}}}", schema.kind.name()),
        },
    };
    let mut text = String::new();
    write!(text, "SinkRecordField{{schema={schema}, name='{}', isPrimaryKey={}}}", field.name, field.key)
        .expect("a string takes all text");
    text
}

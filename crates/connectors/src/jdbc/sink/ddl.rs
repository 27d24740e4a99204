//! The statements that create and extend tables, in the form of the Java connector.

use std::fmt::Write;

use api::Value;

use super::plan::{Field, Plan};

/// What a dialect says in statements that define tables.
pub(in crate::jdbc) trait Ddl {
    /// A name of a column as it is written in SQL.
    fn quoted(&self, name: &str) -> String;

    /// The type of the column of a field; `key_columns`: how many columns its primary key has.
    fn column_type(&self, field: &Field, key_columns: usize) -> String;

    /// A default as it is written in SQL; `None`: the dialect cannot say it.
    fn literal(&self, field: &Field, value: &Value) -> Option<String>;

    /// Text as it is written in SQL.
    fn text(&self, text: &str) -> String;

    /// The type of a column of a key whose texts are the same only where their bytes are.
    fn exact_text(&self) -> &'static str {
        "TEXT"
    }

    /// Whether one statement adds several columns.
    fn adds_many(&self) -> bool {
        true
    }
}

/// The statement that creates a table, whose name is quoted already.
pub(in crate::jdbc) fn create_table(dialect: &dyn Ddl, table: &str, plan: &Plan) -> String {
    let mut sql = format!("CREATE TABLE {table} (");
    for (index, field) in plan.fields.iter().enumerate() {
        sql.push_str(if index > 0 { ",\n" } else { "\n" });
        column(dialect, field, plan.keys.len(), &mut sql);
    }
    if !plan.keys.is_empty() {
        // In the order of the columns, as Java has it, whatever the order of `pk.fields`.
        let keys = plan.fields.iter().filter(|field| field.key);
        let names: Vec<String> = keys.map(|field| dialect.quoted(&field.name)).collect();
        write!(sql, ",\nPRIMARY KEY({})", names.join(",")).expect("a string takes all text");
    }
    sql.push(')');
    sql
}

/// The statements that add columns to a table, whose name is quoted already.
pub(in crate::jdbc) fn add_columns(dialect: &dyn Ddl, table: &str, fields: &[&Field]) -> Vec<String> {
    let added = fields.iter().map(|field| {
        let mut sql = "ADD ".to_owned();
        column(dialect, field, 0, &mut sql);
        sql
    });
    let mut added: Vec<String> = added.collect();
    if dialect.adds_many() && added.len() > 1 {
        added = vec![format!("\n{}", added.join(",\n"))];
    }
    added.into_iter().map(|added| format!("ALTER TABLE {table} {added}")).collect()
}

fn column(dialect: &dyn Ddl, field: &Field, key_columns: usize, sql: &mut String) {
    let (name, kind) = (dialect.quoted(&field.name), dialect.column_type(field, key_columns));
    let default = field.default().and_then(|value| dialect.literal(field, value));
    match default {
        Some(default) => write!(sql, "{name} {kind} DEFAULT {default}"),
        None if field.optional() => write!(sql, "{name} {kind} NULL"),
        None => write!(sql, "{name} {kind} NOT NULL"),
    }
    .expect("a string takes all text");
}

#[cfg(test)]
mod tests;

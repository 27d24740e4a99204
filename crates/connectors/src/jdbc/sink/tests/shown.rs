//! How MariaDB shows its tables, and MySQL in its place.

use testkit::database::Database;

/// The lines of a definition without the name of the table.
pub(super) fn definition(create: &str) -> Vec<String> {
    let lines = create.lines().skip(1).take_while(|line| !line.starts_with(')'));
    lines.map(|line| line.trim().trim_end_matches(',').to_owned()).collect()
}

/// What MySQL and MariaDB show alike: MySQL leaves out the width of integers, and that text is null if absent; it has
/// defaults of TEXT columns as expressions, those of numbers as text, and JSON as a type of its own.
pub(super) fn alike(lines: &[String]) -> Vec<String> {
    let plain = |line: &String| {
        if let (Some((column, _)), true) = (line.split_once(' '), line.contains("json_valid(")) {
            return format!("{column} json");
        }
        let line = line.strip_suffix(" DEFAULT NULL").unwrap_or(line).replace("\\'", "'");
        let line = unquoted(&line.replace("(_utf8mb4'x')", "'x'"));
        ["int(11)", "bigint(20)", "smallint(6)", "tinyint(4)", "year(4)"]
            .iter()
            .fold(line, |line, kind| line.replace(kind, kind.split_once('(').map_or(*kind, |(kind, _)| kind)))
    };
    lines.iter().map(plain).collect()
}

/// Rows without the spaces that MySQL puts into JSON.
pub(super) fn rows_alike(rows: &[String]) -> Vec<String> {
    rows.iter().map(|row| row.replace(": ", ":").replace(", ", ",")).collect()
}

/// A default that is a number, without quotes.
fn unquoted(line: &str) -> String {
    let Some((column, default)) = line.split_once(" DEFAULT ") else { return line.to_owned() };
    let bare = default.trim_matches('\'');
    match bare.parse::<f64>() {
        Ok(_) => format!("{column} DEFAULT {bare}"),
        Err(_) => line.to_owned(),
    }
}

/// The rows of a table in an order of their own.
pub(super) fn rows_of_mariadb(database: &Database, table: &str) -> Vec<String> {
    let rows = database.query(&format!("SELECT * FROM `{table}`")).expect("rows");
    let line = |row: &Vec<Option<String>>| {
        row.iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join("\t")
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.sort();
    lines
}

/// Whether a TEXT column may have a default: MySQL takes one, as an expression, since 8.0.13.
pub(super) fn has_text_defaults(database: &Database) -> bool {
    !database.is_mysql() || database.version() >= (8, 0)
}

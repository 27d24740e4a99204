//! The statements that write rows.

use crate::jdbc::dialect::Quoting;
use crate::jdbc::dialect::mysql::WORDS;
use crate::jdbc::sink::config::InsertMode;
use crate::jdbc::sink::plan::Kind;
use crate::jdbc::sink::writer::{Column, Target};

use super::table::{BIT, BYTES};

/// A statement that takes several rows: what stands before, for, between and behind them.
pub(super) struct Rows {
    before: String,
    row: String,
    behind: String,
}

impl Rows {
    /// The statement for so many rows.
    pub(super) fn sql(&self, count: usize) -> String {
        let rows = vec![self.row.as_str(); count].join(",");
        format!("{}{rows}{}", self.before, self.behind)
    }
}

/// The statement that inserts rows, or writes them over those of their keys.
pub(super) fn insert(target: &Target, mode: InsertMode) -> Rows {
    let columns: Vec<String> = target.pairs().map(|(_, column)| quoted(column)).collect();
    Rows {
        before: format!("INSERT INTO {} ({}) VALUES ", target.table.sql, columns.join(",")),
        row: format!("({})", vec!["?"; columns.len()].join(",")),
        behind: if mode == InsertMode::Upsert { over(target) } else { String::new() },
    }
}

fn over(target: &Target) -> String {
    let others = target.pairs().filter(|(field, _)| !field.key).map(|(_, column)| quoted(column));
    let mut set: Vec<String> = others.collect();
    if set.is_empty() {
        // Nothing is to be changed, which has to be said.
        set = target.key_pairs().map(|(_, column)| quoted(column)).collect();
    }
    let set: Vec<String> = set.iter().map(|column| format!("{column}=VALUES({column})")).collect();
    format!(" ON DUPLICATE KEY UPDATE {}", set.join(","))
}

/// The statement that changes a row, with its parameters' fields in order; `None`: there is nothing to change.
pub(super) fn update(target: &Target) -> Option<(String, Vec<usize>)> {
    let others: Vec<usize> =
        (0..target.columns.len()).filter(|index| !target.plan.fields[*index].key).collect();
    if others.is_empty() {
        return None;
    }
    let equal = |index: &usize| format!("{}=?", quoted(target.pair(*index).1));
    let set: Vec<String> = others.iter().map(equal).collect();
    let keys: Vec<String> = target.plan.keys.iter().map(equal).collect();
    let sql = format!("UPDATE {} SET {} WHERE {}", target.table.sql, set.join(","), keys.join(" AND "));
    Some((sql, others.into_iter().chain(target.plan.keys.iter().copied()).collect()))
}

/// The statement that deletes the rows of keys.
pub(super) fn delete(target: &Target) -> Rows {
    let keys: Vec<String> = target.key_pairs().map(|(_, column)| quoted(column)).collect();
    let place = vec!["?"; keys.len()].join(",");
    let (names, row) = if keys.len() == 1 {
        (keys[0].clone(), place)
    } else {
        (format!("({})", keys.join(",")), format!("({place})"))
    };
    Rows {
        before: format!("DELETE FROM {} WHERE {names} IN (", target.table.sql),
        row,
        behind: ")".to_owned(),
    }
}

/// The statement that reads rows from the stream of this connection.
pub(super) fn load(target: &Target) -> String {
    let (mut places, mut set) = (Vec::new(), Vec::new());
    for (index, (field, column)) in target.pairs().enumerate() {
        let name = quoted(column);
        match column.code {
            BYTES => {
                places.push(format!("@c{index}"));
                set.push(format!("{name}=UNHEX(@c{index})"));
            }
            BIT if field.kind != Kind::Text => {
                places.push(format!("@c{index}"));
                set.push(format!("{name}=CAST(@c{index} AS UNSIGNED)"));
            }
            _ => places.push(name),
        }
    }
    let set = if set.is_empty() { String::new() } else { format!(" SET {}", set.join(",")) };
    format!(
        "LOAD DATA LOCAL INFILE 'ferroduct' INTO TABLE {} CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\\t' \
         ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({}){set}",
        target.table.sql,
        places.join(",")
    )
}

fn quoted(column: &Column) -> String {
    WORDS.column(&column.name, Quoting::Always)
}

//! The statements that write many rows: their values arrive as one array for each column.

use crate::jdbc::dialect::Quoting;
use crate::jdbc::dialect::postgres::WORDS;
use crate::jdbc::sink::config::InsertMode;
use crate::jdbc::sink::writer::{Column, Target};

use super::encode::Encoding;

/// The SQL that writes rows; `None`: there is nothing that an update could change.
pub(super) fn write(target: &Target, mode: InsertMode) -> Option<String> {
    match mode {
        InsertMode::Insert => Some(insert(target)),
        InsertMode::Upsert => Some(format!("{} {}", insert(target), conflict(target))),
        InsertMode::Update => update(target),
    }
}

/// The SQL that copies rows into the table; `text`: in text form.
pub(super) fn copy(target: &Target, text: bool) -> String {
    let format = if text { "text" } else { "binary" };
    format!("COPY {} ({}) FROM STDIN (FORMAT {format})", target.table.sql, columns(target))
}

/// The SQL that deletes the rows of keys.
pub(super) fn delete(target: &Target) -> String {
    let keys = target.plan.keys.iter().copied();
    let (arrays, names) = arrays(target, keys.clone());
    let matches = matches(target, keys.enumerate());
    format!("DELETE FROM {} AS t USING UNNEST({arrays}) AS u({names}) WHERE {matches}", target.table.sql)
}

fn insert(target: &Target) -> String {
    let all = 0..target.columns.len();
    let (arrays, names) = arrays(target, all.clone());
    let values = all.map(|index| value(target, index, index)).collect::<Vec<_>>().join(",");
    format!(
        "INSERT INTO {} ({}) SELECT {values} FROM UNNEST({arrays}) AS u({names})",
        target.table.sql,
        columns(target)
    )
}

fn conflict(target: &Target) -> String {
    let keys: Vec<String> = target.key_pairs().map(|(_, column)| quoted(column)).collect();
    let set: Vec<String> =
        others(target).map(|(_, column)| format!("{0}=EXCLUDED.{0}", quoted(column))).collect();
    let action = if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(",")) };
    format!("ON CONFLICT ({}) DO {action}", keys.join(","))
}

fn update(target: &Target) -> Option<String> {
    let set: Vec<String> = others(target)
        .map(|(index, column)| format!("{}={}", quoted(column), value(target, index, index)))
        .collect();
    if set.is_empty() {
        return None;
    }
    let (arrays, names) = arrays(target, 0..target.columns.len());
    let matches = matches(target, target.plan.keys.iter().map(|index| (*index, *index)));
    let table = &target.table.sql;
    Some(format!(
        "UPDATE {table} AS t SET {} FROM UNNEST({arrays}) AS u({names}) WHERE {matches}",
        set.join(",")
    ))
}

/// The columns that are not of the key.
fn others(target: &Target) -> impl Iterator<Item = (usize, &Column)> {
    target
        .pairs()
        .enumerate()
        .filter(|(_, (field, _))| !field.key)
        .map(|(index, (_, column))| (index, column))
}

fn columns(target: &Target) -> String {
    target.pairs().map(|(_, column)| quoted(column)).collect::<Vec<_>>().join(",")
}

/// `$1::int4[],$2::text[]` and `c0,c1` for some of the fields.
fn arrays(target: &Target, fields: impl Iterator<Item = usize>) -> (String, String) {
    let (mut arrays, mut names) = (Vec::new(), Vec::new());
    for (place, index) in fields.enumerate() {
        let (field, column) = target.pair(index);
        let (element, _) = Encoding::of(field.kind, column.code).element();
        arrays.push(format!("${}::{element}[]", place + 1));
        names.push(format!("c{place}"));
    }
    (arrays.join(","), names.join(","))
}

/// `u.c1`, cast to the type of its column where the array is not of it.
fn value(target: &Target, index: usize, place: usize) -> String {
    let (field, column) = target.pair(index);
    if Encoding::of(field.kind, column.code).cast(column.code) {
        format!("u.c{place}::{}", column.cast)
    } else {
        format!("u.c{place}")
    }
}

/// `t."id"=u.c0`, for places in the arrays and fields.
fn matches(target: &Target, keys: impl Iterator<Item = (usize, usize)>) -> String {
    let matches = keys
        .map(|(place, index)| format!("t.{}={}", quoted(target.pair(index).1), value(target, index, place)));
    matches.collect::<Vec<_>>().join(" AND ")
}

fn quoted(column: &Column) -> String {
    WORDS.column(&column.name, Quoting::Always)
}

//! The types that columns of SQLite declare.
//!
//! A column holds values of any kind, whatever it declares. Java's driver looks at the first row to tell a column's
//! type, so that the schema depends on the data; here it depends on the declaration. A column that declares nothing
//! known is text, and only what is no column of a table depends on the first row.

use rusqlite::types::Type;

use crate::jdbc::dialect::{Column, Kind};

/// A column of a declared type; `first` is the kind of the first value of what is no column of a table.
pub(super) fn column(name: &str, declared: &str, first: Option<Type>) -> Column {
    let (native, arguments) = split(declared);
    let mut column = Column::new(name, native.clone(), kind(&native).unwrap_or_else(|| by_value(first)));
    match column.kind {
        Kind::Decimal | Kind::Numeric => {
            column.precision = arguments.first().copied();
            column.scale = column.precision.map(|_| arguments.get(1).copied().unwrap_or(0));
        }
        Kind::Text | Kind::Bytes => column.length = arguments.first().copied(),
        _ => {}
    }
    column
}

/// The name in small letters and the numbers in brackets.
fn split(declared: &str) -> (String, Vec<i32>) {
    let (name, rest) = declared.split_once('(').unwrap_or((declared, ""));
    let numbers = rest.split([',', ')']).map_while(|number| number.trim().parse().ok()).collect();
    (name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase(), numbers)
}

/// What a type is; `None`: the name says nothing.
///
/// Integers that Java's driver reads with 32 bits, and floats too, are those of 64 bits that SQLite stores.
fn kind(native: &str) -> Option<Kind> {
    Some(match native {
        "boolean" | "bool" => Kind::Boolean,
        // Java's driver calls integers unsigned, so that these are a size larger than their names say.
        "tinyint" => Kind::Int16,
        "smallint" | "int2" => Kind::Int32,
        "date" => Kind::Date,
        "time" => Kind::Time,
        "datetime" => Kind::Timestamp,
        "decimal" => Kind::Decimal,
        "numeric" => Kind::Numeric,
        name if name.starts_with("timestamp") => Kind::Timestamp,
        name if name.contains("int") => Kind::Int64,
        name if ["char", "clob", "text"].iter().any(|part| name.contains(part)) => Kind::Text,
        name if ["blob", "binary"].iter().any(|part| name.contains(part)) => Kind::Bytes,
        name if ["real", "floa", "doub"].iter().any(|part| name.contains(part)) => Kind::Float64,
        _ => return None,
    })
}

fn by_value(first: Option<Type>) -> Kind {
    match first {
        Some(Type::Integer) => Kind::Int64,
        Some(Type::Real) => Kind::Float64,
        Some(Type::Blob) => Kind::Bytes,
        Some(Type::Text | Type::Null) | None => Kind::Text,
    }
}

//! The types of MySQL and MariaDB: what their Java drivers call them.

use mysql_async::consts::{ColumnFlags, ColumnType};

use super::settings::Reading;
use crate::jdbc::dialect::{Column, Kind};

/// The number of the character set of bytes.
const BINARY: u16 = 63;

/// A column of a result.
pub(super) fn of_result(sent: &mysql_async::Column, reading: &Reading) -> Column {
    let flags = sent.flags();
    let unsigned = flags.contains(ColumnFlags::UNSIGNED_FLAG);
    let native = name(sent);
    let mut column =
        Column::new(sent.name_str(), native, kind(native, unsigned, sent.column_length(), reading));
    column.nullable = !flags.contains(ColumnFlags::NOT_NULL_FLAG);
    column.auto_increment = flags.contains(ColumnFlags::AUTO_INCREMENT_FLAG);
    match column.kind {
        Kind::Decimal => {
            let decimals = i32::from(sent.decimals());
            let marks = i32::from(!unsigned) + i32::from(decimals > 0);
            column.precision = i32::try_from(sent.column_length()).ok().map(|length| length - marks);
            column.scale = Some(decimals);
        }
        Kind::Time | Kind::Timestamp => {
            column.scale = Some(i32::from(sent.decimals())).filter(|digits| *digits <= 6)
        }
        _ => {}
    }
    column
}

/// The name of a type, as the server's catalog has it.
fn name(sent: &mysql_async::Column) -> &'static str {
    use ColumnType as T;
    let flags = sent.flags();
    let binary = sent.character_set() == BINARY;
    match sent.column_type() {
        _ if flags.contains(ColumnFlags::ENUM_FLAG) => "enum",
        _ if flags.contains(ColumnFlags::SET_FLAG) => "set",
        T::MYSQL_TYPE_TINY => "tinyint",
        T::MYSQL_TYPE_SHORT => "smallint",
        T::MYSQL_TYPE_INT24 => "mediumint",
        T::MYSQL_TYPE_LONG => "int",
        T::MYSQL_TYPE_LONGLONG => "bigint",
        T::MYSQL_TYPE_FLOAT => "float",
        T::MYSQL_TYPE_DOUBLE => "double",
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => "decimal",
        T::MYSQL_TYPE_BIT => "bit",
        T::MYSQL_TYPE_YEAR => "year",
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => "date",
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => "time",
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => "datetime",
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => "timestamp",
        T::MYSQL_TYPE_ENUM => "enum",
        T::MYSQL_TYPE_SET => "set",
        T::MYSQL_TYPE_JSON => "json",
        T::MYSQL_TYPE_GEOMETRY => "geometry",
        T::MYSQL_TYPE_VECTOR => "vector",
        T::MYSQL_TYPE_STRING => {
            if binary {
                "binary"
            } else {
                "char"
            }
        }
        T::MYSQL_TYPE_VARCHAR | T::MYSQL_TYPE_VAR_STRING => {
            if binary {
                "varbinary"
            } else {
                "varchar"
            }
        }
        T::MYSQL_TYPE_TINY_BLOB
        | T::MYSQL_TYPE_MEDIUM_BLOB
        | T::MYSQL_TYPE_LONG_BLOB
        | T::MYSQL_TYPE_BLOB => {
            if binary {
                "blob"
            } else {
                "text"
            }
        }
        T::MYSQL_TYPE_NULL | T::MYSQL_TYPE_TYPED_ARRAY | T::MYSQL_TYPE_UNKNOWN => "null",
    }
}

/// What a type is to MariaDB's driver and to Java's dialect. `width` is that in brackets.
pub(super) fn kind(native: &str, unsigned: bool, width: u32, reading: &Reading) -> Kind {
    match native {
        "tinyint" if width == 1 && !unsigned && reading.tinyint_is_bit && reading.bit_is_boolean => {
            Kind::Boolean
        }
        "tinyint" => match unsigned {
            true if reading.of_mariadb => Kind::Int32,
            true => Kind::Int16,
            false => Kind::Int8,
        },
        "smallint" => match unsigned {
            true if reading.of_mariadb => Kind::Int64,
            true => Kind::Int32,
            false => Kind::Int16,
        },
        "mediumint" | "int" => match unsigned {
            true => Kind::Int64,
            false => Kind::Int32,
        },
        "bigint" => Kind::Int64,
        "float" => Kind::Float32,
        "double" => Kind::Float64,
        "decimal" => Kind::Decimal,
        "bit" => match width {
            0..=1 if reading.of_mariadb && reading.bit_is_boolean => Kind::Boolean,
            0..=1 => Kind::Int8,
            _ => Kind::Bytes,
        },
        "year" => {
            if reading.year_is_date {
                Kind::Date
            } else {
                Kind::Int16
            }
        }
        "date" => Kind::Date,
        "time" => Kind::Time,
        "datetime" | "timestamp" => Kind::Timestamp,
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set" | "json"
        | "uuid" | "inet4" | "inet6" | "xmltype" => Kind::Text,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "vector" | "geometry"
        | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
        | "geometrycollection" | "geomcollection" => Kind::Bytes,
        _ => Kind::Other,
    }
}

//! The keys of how records become rows.

use api::config::{Importance, Key, Parsed, Type, Validator, Width};

use super::{Grouped, MAPPING, choice};
use crate::jdbc::sink::Flavour;
use crate::jdbc::value::Zone;

pub(super) fn mapping(flavour: Flavour) -> Vec<Grouped> {
    let mut keys = vec![
        Key::new("table.name.format", Type::String)
            .default("${topic}")
            .validator(Validator::non_empty())
            .importance(Importance::Medium)
            .width(Width::Long)
            .display_name("Table Name Format")
            .documentation(
                "The name of the table, with `${topic}` for the topic. A dot separates the schema (with \
                 MySQL the database) from the table.",
            ),
        choice("pk.mode", "none", &["none", "kafka", "record_key", "record_value"])
            .importance(Importance::High)
            .width(Width::Medium)
            .display_name("Primary Key Mode")
            .documentation(
                "Where the primary key comes from: `none`, `kafka` (topic, partition and offset), \
                 `record_key` (the key of the record) or `record_value` (fields of the value).",
            ),
        Key::new("pk.fields", Type::List)
            .default("")
            .importance(Importance::Medium)
            .width(Width::Long)
            .display_name("Primary Key Fields")
            .documentation(
                "The columns of the primary key. With `kafka` none or the names of three; with `record_key` \
                 one for a primitive key, otherwise fields of the key, all if there is none; with \
                 `record_value` fields of the value, all if there is none.",
            ),
        Key::new("fields.whitelist", Type::List)
            .default("")
            .importance(Importance::Medium)
            .width(Width::Long)
            .display_name("Fields Whitelist")
            .documentation(
                "The fields of the value that are written besides those of the primary key; empty: all.",
            ),
        Key::new("db.timezone", Type::String)
            .default("UTC")
            .validator(zone())
            .importance(Importance::Medium)
            .width(Width::Medium)
            .display_name("DB Time Zone")
            .documentation("The time zone in which times and timestamps are written."),
    ];
    match flavour {
        Flavour::Confluent => keys.extend(mapping_of_confluent()),
        Flavour::Aiven => keys.extend(mapping_of_aiven()),
    }
    keys.into_iter().map(|key| (MAPPING, key)).collect()
}

fn mapping_of_confluent() -> [Key; 5] {
    [
        choice("date.timezone", "DB_TIMEZONE", &["DB_TIMEZONE", "UTC"])
            .importance(Importance::Medium)
            .width(Width::Medium)
            .display_name("Date Time Zone")
            .documentation("The time zone in which dates are written: that of `db.timezone`, or UTC."),
        choice("date.calendar.system", "LEGACY", &["LEGACY", "PROLEPTIC_GREGORIAN"])
            .width(Width::Medium)
            .display_name("Date calendar system")
            .documentation("Dates are always those of the proleptic Gregorian calendar here."),
        Key::new("timestamp.fields.list", Type::List)
            .default("")
            .importance(Importance::Medium)
            .width(Width::Long)
            .display_name("Timestamp fields")
            .documentation(
                "Fields of INT64 or STRING that hold the time since 1970 and are written as timestamps.",
            ),
        choice("timestamp.precision.mode", "microseconds", &["microseconds", "nanoseconds"])
            .width(Width::Medium)
            .display_name("Timestamp precision mode")
            .documentation("The unit of the fields of `timestamp.fields.list`."),
        Key::new("string.output.value.column.name", Type::String)
            .default("record_value")
            .validator(Validator::non_empty())
            .width(Width::Medium)
            .display_name("Column of text values")
            .documentation("The column that values of type STRING are written to."),
    ]
}

fn mapping_of_aiven() -> [Key; 2] {
    [
        Key::new("table.name.normalize", Type::Boolean)
            .default("false")
            .importance(Importance::Medium)
            .width(Width::Short)
            .display_name("Table Name Normalize")
            .documentation(
                "Whether characters of the table's name other than letters, digits and `_` become `_`.",
            ),
        Key::new("topics.to.tables.mapping", Type::List)
            .nullable()
            .importance(Importance::Medium)
            .width(Width::Long)
            .display_name("Topics To Tables Mapping")
            .documentation("`topic:table` of topics whose table `table.name.format` does not name."),
    ]
}

fn zone() -> Validator {
    Validator::new("a time zone", |key, value| match value {
        Parsed::String(name) if Zone::parse(name).is_none() => {
            Err(format!("Invalid value {name} for configuration {key}: Invalid time zone identifier"))
        }
        _ => Ok(()),
    })
}

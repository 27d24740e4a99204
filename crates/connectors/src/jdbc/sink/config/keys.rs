//! The definition of each flavour.

mod mapping;

use api::config::{Definition, Importance, Key, Parsed, Type, Validator, Width};

use super::super::Flavour;
use mapping::mapping;

pub(super) const QUOTE_CONFLUENT: &str = "quote.sql.identifiers";
pub(super) const QUOTE_AIVEN: &str = "sql.quote.identifiers";

const CONNECTION: &str = "Connection";
const WRITES: &str = "Writes";
const MAPPING: &str = "Data Mapping";
const DDL: &str = "DDL Support";
const RETRIES: &str = "Retries";

/// The keys of a flavour in their order.
pub(super) fn definition(flavour: Flavour) -> Definition {
    let keys = connection(flavour)
        .into_iter()
        .chain(writes(flavour))
        .chain(mapping(flavour))
        .chain(ddl(flavour))
        .chain(retries());
    let mut orders = std::collections::BTreeMap::new();
    keys.map(|(group, key)| {
        let order = orders.entry(group).or_insert(0);
        *order += 1;
        key.group(group, *order)
    })
    .collect()
}

type Grouped = (&'static str, Key);

fn connection(flavour: Flavour) -> Vec<Grouped> {
    let mut keys = vec![
        Key::new("connection.url", Type::String)
            .importance(Importance::High)
            .width(Width::Long)
            .display_name("JDBC URL")
            .documentation(
                "JDBC connection URL, such as `jdbc:postgresql://localhost/db`, `jdbc:mysql://localhost/db`, \
                 `jdbc:mariadb://localhost/db` or `jdbc:sqlite:/path/to/file`.",
            ),
        Key::new("connection.user", Type::String)
            .nullable()
            .importance(Importance::High)
            .width(Width::Medium)
            .display_name("JDBC User")
            .documentation("JDBC connection user."),
        Key::new("connection.password", Type::Password)
            .nullable()
            .importance(Importance::High)
            .width(Width::Medium)
            .display_name("JDBC Password")
            .documentation("JDBC connection password."),
        Key::new("dialect.name", Type::String)
            .default("")
            .width(Width::Long)
            .display_name("Database Dialect")
            .documentation(
                "The name of the database dialect, such as `PostgreSqlDatabaseDialect`. By default the URL \
                 decides.",
            ),
    ];
    if flavour == Flavour::Confluent {
        keys.push(
            Key::new("connection.attempts", Type::Int)
                .default("3")
                .validator(Validator::at_least(1))
                .width(Width::Short)
                .display_name("JDBC connection attempts")
                .documentation("Maximum number of attempts to retrieve a valid JDBC connection."),
        );
        keys.push(
            Key::new("connection.backoff.ms", Type::Long)
                .default("10000")
                .width(Width::Short)
                .display_name("JDBC connection backoff in milliseconds")
                .documentation("Backoff time in milliseconds between connection attempts."),
        );
    }
    keys.into_iter().map(|key| (CONNECTION, key)).collect()
}

fn writes(flavour: Flavour) -> Vec<Grouped> {
    let (modes, table_types): (&[&str], &str) = match flavour {
        Flavour::Confluent => (&["insert", "upsert", "update"], "TABLE"),
        Flavour::Aiven => (&["insert", "multi", "upsert", "update"], "TABLE,PARTITIONED TABLE"),
    };
    let mut keys = vec![
        choice("insert.mode", "insert", modes)
            .importance(Importance::High)
            .width(Width::Medium)
            .display_name("Insert Mode")
            .documentation(
                "How rows are written: `insert` makes each record a row (so does `multi`), `upsert` replaces \
                 the row of the same primary key, `update` changes it where it is there.",
            ),
        Key::new("batch.size", Type::Int)
            .default("3000")
            .validator(Validator::at_least(0))
            .importance(Importance::Medium)
            .width(Width::Short)
            .display_name("Batch Size")
            .documentation(
                "The most rows of one statement, where the database takes rows in statements. All records \
                 that a task is given at once are one transaction, whatever it says.",
            ),
        Key::new("delete.enabled", Type::Boolean)
            .default("false")
            .importance(Importance::Medium)
            .width(Width::Short)
            .display_name("Enable deletes")
            .documentation(
                "Whether a record without a value deletes the row of its key. Requires `pk.mode` to be \
                 `record_key`.",
            ),
        Key::new("table.types", Type::List)
            .default(table_types)
            .validator(table_types_known())
            .width(Width::Medium)
            .display_name("Table Types")
            .documentation("What may be written: `TABLE`, `PARTITIONED TABLE`, `VIEW`."),
        choice("delivery.guarantee", "at_least_once", &["at_least_once", "exactly_once"])
            .importance(Importance::Medium)
            .width(Width::Short)
            .display_name("Delivery guarantee")
            .documentation(
                "With `exactly_once` the offsets of Kafka are stored in a table of the database, in the \
                 transaction of the rows, and reading starts where they say. Of Ferroduct.",
            ),
        Key::new("delivery.offsets.table", Type::String)
            .default("ferroduct_offsets")
            .validator(Validator::non_empty())
            .width(Width::Medium)
            .display_name("Offsets table")
            .documentation("The table of the offsets of `delivery.guarantee=exactly_once`. Of Ferroduct."),
    ];
    if flavour == Flavour::Confluent {
        keys.push(
            Key::new("replace.null.with.default", Type::Boolean)
                .default("true")
                .width(Width::Short)
                .display_name("Replace null with default")
                .documentation(
                    "Whether null in a field that is not of the key is written as the default of its schema.",
                ),
        );
    }
    keys.into_iter().map(|key| (WRITES, key)).collect()
}

fn ddl(flavour: Flavour) -> Vec<Grouped> {
    let quote = match flavour {
        Flavour::Confluent => choice(QUOTE_CONFLUENT, "always", &["always", "never"]),
        Flavour::Aiven => Key::new(QUOTE_AIVEN, Type::Boolean).default("true"),
    };
    let mut keys = vec![
        Key::new("auto.create", Type::Boolean)
            .default("false")
            .importance(Importance::Medium)
            .width(Width::Short)
            .display_name("Auto-Create")
            .documentation("Whether a missing table is created for the schema of the records."),
        Key::new("auto.evolve", Type::Boolean)
            .default("false")
            .importance(Importance::Medium)
            .width(Width::Short)
            .display_name("Auto-Evolve")
            .documentation("Whether columns that a table lacks are added."),
        quote
            .importance(Importance::Medium)
            .width(Width::Medium)
            .display_name("Quote Identifiers")
            .documentation("Whether names of tables and columns are quoted in SQL."),
    ];
    if flavour == Flavour::Confluent {
        keys.push(
            Key::new("mssql.use.merge.holdlock", Type::Boolean)
                .default("true")
                .width(Width::Short)
                .display_name("SQL Server: use HOLDLOCK in MERGE")
                .documentation("Only for SQL Server, which is not supported yet."),
        );
    }
    keys.into_iter().map(|key| (DDL, key)).collect()
}

fn retries() -> Vec<Grouped> {
    let keys = [
        Key::new("max.retries", Type::Int)
            .default("10")
            .validator(Validator::at_least(0))
            .importance(Importance::Medium)
            .width(Width::Short)
            .display_name("Maximum Retries")
            .documentation(
                "How often an error that may pass, such as a deadlock or a lost connection, is tried again \
                 before the task fails.",
            ),
        Key::new("retry.backoff.ms", Type::Int)
            .default("3000")
            .validator(Validator::at_least(0))
            .importance(Importance::Medium)
            .width(Width::Short)
            .display_name("Retry Backoff (millis)")
            .documentation("The time in milliseconds before it is tried again."),
    ];
    keys.into_iter().map(|key| (RETRIES, key)).collect()
}

/// A text that is one of some, in lower or upper case throughout.
fn choice(name: &'static str, default: &'static str, allowed: &[&'static str]) -> Key {
    Key::new(name, Type::String)
        .default(default)
        .validator(Validator::one_of_ignoring_case(allowed.iter().copied()))
        .recommended(allowed.iter().copied())
}

fn table_types_known() -> Validator {
    const KNOWN: [&str; 3] = ["TABLE", "PARTITIONED TABLE", "VIEW"];
    Validator::new("[TABLE, PARTITIONED TABLE, VIEW]", |key, value| match value {
        Parsed::List(kinds) => match kinds.iter().find(|kind| !KNOWN.contains(&kind.to_uppercase().as_str()))
        {
            Some(kind) => Err(format!(
                "Invalid value {kind} for configuration {key}: expected one of {}",
                KNOWN.join(", ")
            )),
            None => Ok(()),
        },
        _ => Ok(()),
    })
}

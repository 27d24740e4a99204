//! The keys of the sinks: those of Confluent's and of Aiven's connector, each with its defaults.

mod keys;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use api::config::{ConfigValue, Definition, Properties, Values};
use api::{Error, OrReaction, Result};

use super::Flavour;
use super::clock::Clock;
use crate::jdbc::value::Zone;

/// How rows are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::jdbc) enum InsertMode {
    /// Each record is a new row.
    Insert,
    /// A record takes the place of the row with its key.
    Upsert,
    /// A record changes the row with its key, if there is one.
    Update,
}

/// Where the primary key comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::jdbc) enum PkMode {
    /// There is none.
    None,
    /// Topic, partition and offset.
    Kafka,
    /// The key of the record.
    RecordKey,
    /// Fields of the value.
    RecordValue,
}

impl PkMode {
    /// The word that users write.
    pub(in crate::jdbc) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Kafka => "kafka",
            Self::RecordKey => "record_key",
            Self::RecordValue => "record_value",
        }
    }
}

/// What may be lost or written twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::jdbc) enum Guarantee {
    /// After a failure rows may be written again.
    AtLeastOnce,
    /// Offsets are stored in the transaction of the rows.
    ExactlyOnce,
}

/// The unit of the numbers of `timestamp.fields.list`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::jdbc) enum EpochUnit {
    Microseconds,
    Nanoseconds,
}

/// The configuration of a sink.
#[derive(Clone, Debug)]
pub(in crate::jdbc) struct Options {
    pub(in crate::jdbc) flavour: Flavour,
    /// The name of the connector, for messages.
    pub(in crate::jdbc) connector: String,
    pub(in crate::jdbc) insert_mode: InsertMode,
    /// The rows of one statement where a dialect has rows in statements.
    pub(in crate::jdbc) batch_size: usize,
    pub(in crate::jdbc) delete_enabled: bool,
    /// What of `TABLE`, `PARTITIONED TABLE` and `VIEW` may be written.
    pub(in crate::jdbc) table_types: BTreeSet<String>,
    pub(in crate::jdbc) table_name_format: String,
    pub(in crate::jdbc) table_name_normalize: bool,
    pub(in crate::jdbc) topics_to_tables: BTreeMap<String, String>,
    pub(in crate::jdbc) pk_mode: PkMode,
    pub(in crate::jdbc) pk_fields: Vec<String>,
    pub(in crate::jdbc) fields_whitelist: BTreeSet<String>,
    pub(in crate::jdbc) auto_create: bool,
    pub(in crate::jdbc) auto_evolve: bool,
    pub(in crate::jdbc) quote: bool,
    pub(in crate::jdbc) clock: Clock,
    pub(in crate::jdbc) timestamp_fields: BTreeSet<String>,
    pub(in crate::jdbc) timestamp_unit: EpochUnit,
    /// Whether null in a field that is not of the key becomes the default of its schema.
    pub(in crate::jdbc) replace_null: bool,
    /// The column of values that are text; `None`: they are refused.
    pub(in crate::jdbc) string_column: Option<String>,
    pub(in crate::jdbc) max_retries: u32,
    pub(in crate::jdbc) retry_backoff: Duration,
    pub(in crate::jdbc) guarantee: Guarantee,
    /// The table of offsets of `exactly_once`.
    pub(in crate::jdbc) offsets_table: String,
}

/// The keys of a flavour.
pub(super) fn definition(flavour: Flavour) -> Definition {
    keys::definition(flavour)
}

/// The name of the key that says whether identifiers are quoted.
fn quote_key(flavour: Flavour) -> &'static str {
    match flavour {
        Flavour::Confluent => keys::QUOTE_CONFLUENT,
        Flavour::Aiven => keys::QUOTE_AIVEN,
    }
}

impl Options {
    /// Reads a configuration.
    pub(super) fn read(flavour: Flavour, properties: &Properties) -> Result<Self> {
        let values = definition(flavour).parse(properties).or_fail("cannot read the configuration")?;
        let options = Self::of(flavour, properties, &values)?;
        match options.conflict() {
            Some((_, message)) => Err(Error::fail(message)),
            None => Ok(options),
        }
    }

    fn of(flavour: Flavour, properties: &Properties, values: &Values) -> Result<Self> {
        let read = Reader { values };
        let times = Zone::parse(read.text("db.timezone")).unwrap_or(Zone::UTC);
        let dates = match values.string("date.timezone") {
            Some(zone) if zone.eq_ignore_ascii_case("UTC") => Zone::UTC,
            _ => times.clone(),
        };
        Ok(Self {
            flavour,
            connector: properties.get("name").cloned().unwrap_or_default(),
            insert_mode: read.insert_mode(),
            batch_size: read.size("batch.size").max(1),
            delete_enabled: read.flag("delete.enabled"),
            table_types: values.list("table.types").iter().map(|kind| kind.to_uppercase()).collect(),
            table_name_format: read.text("table.name.format").to_owned(),
            table_name_normalize: read.flag("table.name.normalize"),
            topics_to_tables: read.mapping("topics.to.tables.mapping")?,
            pk_mode: read.pk_mode(),
            pk_fields: values.list("pk.fields").to_vec(),
            fields_whitelist: read.set("fields.whitelist"),
            auto_create: read.flag("auto.create"),
            auto_evolve: read.flag("auto.evolve"),
            quote: read.quoted(flavour),
            clock: Clock { times, dates },
            timestamp_fields: read.set("timestamp.fields.list"),
            timestamp_unit: read.unit(),
            replace_null: flavour == Flavour::Aiven || read.flag("replace.null.with.default"),
            string_column: values.string("string.output.value.column.name").map(str::to_owned),
            max_retries: read.number("max.retries"),
            retry_backoff: Duration::from_millis(read.number("retry.backoff.ms").into()),
            guarantee: read.guarantee(),
            offsets_table: read.text("delivery.offsets.table").to_owned(),
        })
    }

    /// The keys that contradict each other and what to say about it.
    fn conflict(&self) -> Option<(&'static [&'static str], &'static str)> {
        if self.delete_enabled && self.pk_mode != PkMode::RecordKey {
            return Some((
                &["pk.mode", "delete.enabled"],
                "Deletes are only supported for pk.mode record_key",
            ));
        }
        if self.insert_mode != InsertMode::Insert && self.pk_mode == PkMode::None {
            return Some((
                &["insert.mode", "pk.mode"],
                "insert.mode upsert and update need a primary key: pk.mode must not be none",
            ));
        }
        if self.flavour == Flavour::Aiven && self.pk_mode == PkMode::None && !self.pk_fields.is_empty() {
            return Some((&["pk.fields"], "Primary key fields should not be set when pkMode is 'none'."));
        }
        if self.pk_mode == PkMode::Kafka && !matches!(self.pk_fields.len(), 0 | 3) {
            return Some((
                &["pk.fields"],
                "pk.mode kafka needs no pk.fields, or exactly three: for topic, partition and offset",
            ));
        }
        None
    }
}

/// Adds what is wrong across keys, once each key by itself is right.
pub(super) fn validate(flavour: Flavour, properties: &Properties, values: &mut [ConfigValue]) {
    let Ok(parsed) = definition(flavour).parse(properties) else { return };
    let (keys, message): (&[&str], String) = match Options::of(flavour, properties, &parsed) {
        Err(error) => (&["topics.to.tables.mapping"], format!("{error:#}")),
        Ok(options) => match options.conflict() {
            Some((keys, message)) => (keys, message.to_owned()),
            None => return,
        },
    };
    for value in values.iter_mut().filter(|value| keys.contains(&value.name.as_str())) {
        value.errors.push(message.clone());
    }
}

/// Reads values that their validators have checked.
struct Reader<'a> {
    values: &'a Values,
}

impl Reader<'_> {
    fn text(&self, key: &str) -> &str {
        self.values.string(key).unwrap_or_default()
    }

    fn flag(&self, key: &str) -> bool {
        self.values.boolean(key).unwrap_or(false)
    }

    fn number(&self, key: &str) -> u32 {
        self.values.int(key).and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
    }

    fn size(&self, key: &str) -> usize {
        usize::try_from(self.number(key)).unwrap_or(usize::MAX)
    }

    fn set(&self, key: &str) -> BTreeSet<String> {
        self.values.list(key).iter().cloned().collect()
    }

    fn quoted(&self, flavour: Flavour) -> bool {
        let key = quote_key(flavour);
        match flavour {
            Flavour::Confluent => !self.text(key).eq_ignore_ascii_case("never"),
            Flavour::Aiven => self.flag(key),
        }
    }

    fn insert_mode(&self) -> InsertMode {
        match self.text("insert.mode").to_lowercase().as_str() {
            "upsert" => InsertMode::Upsert,
            "update" => InsertMode::Update,
            // `multi` is Aiven's insert of several rows in a statement, which is how rows are inserted anyway.
            _ => InsertMode::Insert,
        }
    }

    fn pk_mode(&self) -> PkMode {
        match self.text("pk.mode").to_lowercase().as_str() {
            "kafka" => PkMode::Kafka,
            "record_key" => PkMode::RecordKey,
            "record_value" => PkMode::RecordValue,
            _ => PkMode::None,
        }
    }

    fn unit(&self) -> EpochUnit {
        match self.text("timestamp.precision.mode").to_lowercase().as_str() {
            "nanoseconds" => EpochUnit::Nanoseconds,
            _ => EpochUnit::Microseconds,
        }
    }

    fn guarantee(&self) -> Guarantee {
        match self.text("delivery.guarantee").to_lowercase().as_str() {
            "exactly_once" => Guarantee::ExactlyOnce,
            _ => Guarantee::AtLeastOnce,
        }
    }

    fn mapping(&self, key: &str) -> Result<BTreeMap<String, String>> {
        let pairs = self.values.list(key).iter().map(|pair| match pair.split_once(':') {
            Some((topic, table)) if !topic.is_empty() && !table.is_empty() && !table.contains(':') => {
                Ok((topic.trim().to_owned(), table.trim().to_owned()))
            }
            _ => Err(Error::fail(format_args!("option `{key}`: expected `topic:table`, got `{pair}`"))),
        });
        pairs.collect()
    }
}

#[cfg(test)]
mod tests;

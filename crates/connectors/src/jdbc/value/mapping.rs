//! Types of Kafka Connect for types of SQL, and the values that dates and times become.

use std::sync::Arc;

use api::{Schema, SchemaBuilder, Type, Value, logical};

use super::civil::{hybrid, proleptic};
use super::{Local, Moment, Zone};
use crate::jdbc::dialect::{Column, Kind};

/// The schema parameter that holds the precision of a Decimal.
const PRECISION: &str = "connect.decimal.precision";
/// The most digits that an INT64 always holds.
const DIGITS_MAX: i32 = 18;
/// The scales of which whole numbers are made.
const WHOLE_SCALES: std::ops::RangeInclusive<i32> = -84..=0;
/// The scale where a column has none of its own.
const SCALE_UNKNOWN: i32 = 127;

/// What NUMERIC columns become (`numeric.mapping`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Numeric {
    /// Decimals.
    None,
    /// Integers where there is no scale.
    PrecisionOnly,
    /// Integers and doubles where they hold all digits.
    BestFit,
    /// Integers where they hold all digits, else doubles.
    BestFitEagerDouble,
}

/// What timestamps become (`timestamp.granularity`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Granularity {
    /// Kafka's Timestamp of milliseconds.
    ConnectLogical,
    /// INT64 of microseconds.
    MicrosLong,
    /// Microseconds as text.
    MicrosString,
    /// ISO text with microseconds.
    MicrosIso,
    /// INT64 of nanoseconds.
    NanosLong,
    /// Nanoseconds as text.
    NanosString,
    /// ISO text with nanoseconds.
    NanosIso,
}

/// What days before 1582-10-15 are (`date.calendar.system`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Calendar {
    /// Those of the Julian calendar with the same year, month and day, as Java's old classes have it.
    Legacy,
    /// Those of the Gregorian calendar.
    ProlepticGregorian,
}

/// How columns become fields.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mapping {
    /// What NUMERIC columns become.
    pub(crate) numeric: Numeric,
    /// What timestamps become.
    pub(crate) granularity: Granularity,
    /// What days of old are.
    pub(crate) calendar: Calendar,
    /// The zone of the database's wall clock.
    pub(crate) zone: Zone,
    /// Whether columns arrive that Java drops: arrays as arrays, what else there is as text.
    pub(crate) all_columns: bool,
    /// Whether schemas of Decimals tell the precision, which Confluent's connector does and Aiven's does not.
    pub(crate) tells_precision: bool,
}

/// What a column becomes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    /// BOOLEAN.
    Boolean,
    /// INT8.
    Int8,
    /// INT16.
    Int16,
    /// INT32.
    Int32,
    /// INT64.
    Int64,
    /// FLOAT32.
    Float32,
    /// FLOAT64.
    Float64,
    /// A Decimal of a scale, to which values are brought.
    Decimal {
        /// Digits behind the point.
        scale: i32,
        /// All digits, which the schema tells; 0: unknown.
        precision: i32,
    },
    /// A Date.
    Date,
    /// A Time.
    Time,
    /// A Timestamp, or what `timestamp.granularity` says.
    Timestamp,
    /// STRING: text as it is, or whatever the database prints for the value.
    Text,
    /// BYTES.
    Bytes,
    /// ARRAY of elements that may be null.
    Array(Box<Target>),
}

impl Mapping {
    /// What a column becomes; `None`: it is dropped.
    pub(crate) fn target(&self, column: &Column) -> Option<Target> {
        self.target_of(&column.kind, column.precision, column.scale)
    }

    fn target_of(&self, kind: &Kind, precision: Option<i32>, scale: Option<i32>) -> Option<Target> {
        Some(match kind {
            Kind::Boolean => Target::Boolean,
            Kind::Int8 => Target::Int8,
            Kind::Int16 => Target::Int16,
            Kind::Int32 => Target::Int32,
            Kind::Int64 => Target::Int64,
            Kind::Float32 => Target::Float32,
            Kind::Float64 => Target::Float64,
            Kind::Numeric => self.numeric(precision.unwrap_or(0), scale),
            Kind::Decimal => decimal(precision.unwrap_or(0), scale),
            Kind::Text => Target::Text,
            Kind::Bytes => Target::Bytes,
            Kind::Date => Target::Date,
            Kind::Time => Target::Time,
            Kind::Timestamp => Target::Timestamp,
            Kind::Array(element) if self.all_columns => {
                Target::Array(Box::new(self.target_of(element, precision, scale)?))
            }
            Kind::Other if self.all_columns => Target::Text,
            Kind::Array(_) | Kind::Other => return None,
        })
    }

    /// What a NUMERIC column becomes. One without a precision has a scale of 0 for Java, which then makes an INT8 of
    /// it and cuts off digits; here it stays a Decimal.
    fn numeric(&self, precision: i32, scale: Option<i32>) -> Target {
        let decimal = decimal(precision, scale);
        let (Some(scale), 1..) = (scale, precision) else { return decimal };
        let fits = precision <= DIGITS_MAX;
        match self.numeric {
            Numeric::PrecisionOnly if scale == 0 && fits => integer(precision),
            Numeric::BestFit | Numeric::BestFitEagerDouble if WHOLE_SCALES.contains(&scale) && fits => {
                integer(precision)
            }
            Numeric::BestFit if scale > 0 && fits => Target::Float64,
            Numeric::BestFitEagerDouble if scale > 0 => Target::Float64,
            _ => decimal,
        }
    }

    /// The schema of a column's field.
    pub(crate) fn schema(&self, column: &Column, target: &Target) -> Arc<Schema> {
        self.schema_of(target, column.nullable)
    }

    fn schema_of(&self, target: &Target, nullable: bool) -> Arc<Schema> {
        let builder = match target {
            Target::Boolean => Schema::of(Type::Boolean),
            Target::Int8 => Schema::of(Type::Int8),
            Target::Int16 => Schema::of(Type::Int16),
            Target::Int32 => Schema::of(Type::Int32),
            Target::Int64 => Schema::of(Type::Int64),
            Target::Float32 => Schema::of(Type::Float32),
            Target::Float64 => Schema::of(Type::Float64),
            Target::Decimal { scale, precision } if self.tells_precision => {
                logical::decimal(*scale).parameter(PRECISION, &precision.to_string())
            }
            Target::Decimal { scale, .. } => logical::decimal(*scale),
            Target::Date => logical::date(),
            Target::Time => logical::time(),
            Target::Timestamp => self.granularity.schema(),
            Target::Text => Schema::of(Type::String),
            Target::Bytes => Schema::of(Type::Bytes),
            Target::Array(element) => Schema::array(self.schema_of(element, true)),
        };
        if nullable { builder.optional().build() } else { builder.build() }
    }

    /// The value of a Date of a day since 1970-01-01.
    pub(crate) fn date(&self, days: i64) -> Value {
        Value::Int(self.day(days))
    }

    /// The value of a Time: milliseconds since midnight UTC. Java fails where the zone makes another day of it.
    pub(crate) fn time(&self, nanos_of_day: i64) -> Value {
        let moment = self.zone.moment(Local { days: 0, nanos: nanos_of_day });
        Value::Int(moment.millis().rem_euclid(logical::MILLIS_PER_DAY))
    }

    /// The moment of a wall clock's time in the database's zone.
    pub(crate) fn moment(&self, local: Local) -> Moment {
        self.zone.moment(Local { days: self.day(local.days), ..local })
    }

    /// The value of a Timestamp.
    pub(crate) fn timestamp(&self, moment: Moment) -> Value {
        self.granularity.value(moment, &self.zone)
    }

    fn day(&self, days: i64) -> i64 {
        match self.calendar {
            Calendar::Legacy => hybrid(days),
            Calendar::ProlepticGregorian => proleptic(days),
        }
    }
}

fn decimal(precision: i32, scale: Option<i32>) -> Target {
    let scale = scale.filter(|_| precision > 0).unwrap_or(SCALE_UNKNOWN);
    Target::Decimal { scale, precision }
}

fn integer(precision: i32) -> Target {
    match precision {
        10.. => Target::Int64,
        5.. => Target::Int32,
        3.. => Target::Int16,
        _ => Target::Int8,
    }
}

impl Granularity {
    fn schema(self) -> SchemaBuilder {
        match self {
            Self::ConnectLogical => logical::timestamp(),
            Self::MicrosLong | Self::NanosLong => Schema::of(Type::Int64),
            Self::MicrosString | Self::MicrosIso | Self::NanosString | Self::NanosIso => {
                Schema::of(Type::String)
            }
        }
    }

    fn value(self, moment: Moment, zone: &Zone) -> Value {
        // Java rounds the seconds towards 1970 but has the fraction of the seconds rounded down: moments before
        // 1970 with a fraction are a second late. Kept, as they have to come back the same in its sink.
        let seconds = moment.millis() / 1000;
        let micros = || seconds.saturating_mul(1_000_000).wrapping_add(i64::from(moment.nanos / 1000));
        match self {
            Self::ConnectLogical => Value::Int(moment.millis()),
            Self::MicrosLong => Value::Int(micros()),
            Self::MicrosString => Value::Text(micros().to_string().into()),
            Self::NanosLong => {
                Value::Int(seconds.saturating_mul(1_000_000_000).wrapping_add(i64::from(moment.nanos)))
            }
            Self::NanosString => {
                let nanos = i128::from(seconds) * 1_000_000_000 + i128::from(moment.nanos);
                Value::Text(nanos.to_string().into())
            }
            Self::MicrosIso => iso(moment, zone, 6),
            Self::NanosIso => iso(moment, zone, 9),
        }
    }
}

/// What a wall clock of the zone shows, with digits behind the seconds; years are those of their era, as Java's
/// pattern `yyyy` has them.
fn iso(moment: Moment, zone: &Zone, digits: usize) -> Value {
    let local = zone.local(moment);
    let (year, _, _) = local.date();
    let shown = if year > 0 { year } else { 1 - year };
    let text = local.to_string();
    let (_, rest) = text.split_at(format!("{year:04}").len());
    let rest = rest.replacen(' ', "T", 1);
    let sign = if shown > 9999 { "+" } else { "" };
    Value::Text(format!("{sign}{shown:04}{}", &rest[..rest.len() - (9 - digits)]).into())
}

//! What a column is, for both directions.

/// A column of a table or of a result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    /// The name; in a result the label.
    pub(crate) name: String,
    /// The database's own name of the type, without its length, such as `int4` or `varchar`.
    pub(crate) native: String,
    /// What the type is for Java's driver.
    pub(crate) kind: Kind,
    /// Whether null is allowed, or nobody knows.
    pub(crate) nullable: bool,
    /// The place in the primary key, from 1; `None`: not a part of it.
    pub(crate) primary_key: Option<u16>,
    /// The most characters, bytes or bits; `None`: no limit is known.
    pub(crate) length: Option<i32>,
    /// All digits of a number; `None`: no limit is known.
    pub(crate) precision: Option<i32>,
    /// Digits behind the point of a number, or of the seconds; `None`: not known.
    pub(crate) scale: Option<i32>,
    /// Whether the database has a default for it (an expression or an identity).
    pub(crate) default: bool,
    /// Whether the database computes it, so that it cannot be written.
    pub(crate) generated: bool,
    /// Whether the database counts it up (`serial`, an identity, `AUTO_INCREMENT`).
    pub(crate) auto_increment: bool,
}

impl Column {
    /// A column that may be null and of which nothing else is known.
    pub(crate) fn new(name: impl Into<String>, native: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            native: native.into(),
            kind,
            nullable: true,
            primary_key: None,
            length: None,
            precision: None,
            scale: None,
            default: false,
            generated: false,
            auto_increment: false,
        }
    }
}

/// What a type of SQL is, by what Java's driver and connector make of it. The dialect resolves what depends on the
/// length or on unsignedness: `bit(1)` is `Boolean` in PostgreSQL, an unsigned INT is `Int64`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// BOOLEAN.
    Boolean,
    /// TINYINT, and BIT of a driver that calls one bit so.
    Int8,
    /// SMALLINT, unsigned TINYINT.
    Int16,
    /// INTEGER, unsigned SMALLINT.
    Int32,
    /// BIGINT, unsigned INTEGER.
    Int64,
    /// REAL.
    Float32,
    /// FLOAT and DOUBLE.
    Float64,
    /// NUMERIC, which `numeric.mapping` decides about.
    Numeric,
    /// DECIMAL, always a Decimal.
    Decimal,
    /// Text of any length, and what Java reads as text (enums, json, uuid, xml).
    Text,
    /// Bytes of any length.
    Bytes,
    /// DATE.
    Date,
    /// TIME, with or without zone.
    Time,
    /// TIMESTAMP, with or without zone.
    Timestamp,
    /// ARRAY, which Java drops.
    Array(Box<Kind>),
    /// Any other type, which Java drops; it can be had as text.
    Other,
}

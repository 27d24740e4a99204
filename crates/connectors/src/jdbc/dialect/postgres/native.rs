//! The types of PostgreSQL: what pgjdbc calls them, and how a query has to ask for them.

use tokio_postgres::types::{Kind as Shape, Type};

use crate::jdbc::dialect::{Column, Kind};

/// A type modifier holds four bytes of header.
const HEADER: i32 = 4;

/// How the select list of a query asks for a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// As it is: its binary form is read.
    Plain,
    /// As text.
    Text,
    /// As an array of texts.
    TextArray,
    /// Money as a double.
    Double,
}

impl Form {
    /// The cast behind the column's name.
    pub(super) fn cast(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Text => "::text",
            Self::TextArray => "::text[]",
            Self::Double => "::numeric::float8",
        }
    }
}

/// A column of a result: its name, its type, and the modifier of the type (length, precision and scale).
pub(super) fn column(name: &str, native: &Type, modifier: i32) -> Column {
    let mut column = Column::new(name, native.name(), kind(native, modifier));
    let element = element(native).unwrap_or(native);
    match *element {
        Type::NUMERIC if modifier >= HEADER => {
            // pgjdbc does not know negative scales: -2 is 2046 to it, and so to Java's connector.
            let packed = modifier - HEADER;
            column.precision = Some((packed >> 16) & 0xFFFF);
            column.scale = Some(packed & 0xFFFF);
        }
        Type::VARCHAR | Type::BPCHAR if modifier >= HEADER => column.length = Some(modifier - HEADER),
        Type::BIT | Type::VARBIT if modifier > 0 => column.length = Some(modifier),
        Type::TIMESTAMP | Type::TIMESTAMPTZ | Type::TIME | Type::TIMETZ if modifier >= 0 => {
            column.scale = Some(modifier);
        }
        _ => {}
    }
    column
}

fn element(native: &Type) -> Option<&Type> {
    match native.kind() {
        Shape::Array(element) => Some(element),
        _ => None,
    }
}

/// What a type is to pgjdbc and to Java's dialect.
fn kind(native: &Type, modifier: i32) -> Kind {
    match *native {
        Type::BOOL => Kind::Boolean,
        Type::BIT => bit(modifier),
        Type::INT2 => Kind::Int16,
        Type::INT4 => Kind::Int32,
        Type::INT8 | Type::OID => Kind::Int64,
        Type::FLOAT4 => Kind::Float32,
        Type::FLOAT8 | Type::MONEY => Kind::Float64,
        Type::NUMERIC => Kind::Numeric,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::CHAR | Type::UNKNOWN => Kind::Text,
        Type::JSON | Type::JSONB | Type::UUID | Type::XML => Kind::Text,
        Type::BYTEA => Kind::Bytes,
        Type::DATE => Kind::Date,
        Type::TIME | Type::TIMETZ => Kind::Time,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => Kind::Timestamp,
        _ => match native.kind() {
            Shape::Enum(_) => Kind::Text,
            Shape::Domain(base) => kind(base, modifier),
            Shape::Array(element) => Kind::Array(Box::new(of_element(element, modifier))),
            _ => Kind::Other,
        },
    }
}

/// Elements that have no binary form which is read here come as text.
fn of_element(element: &Type, modifier: i32) -> Kind {
    match kind(element, modifier) {
        Kind::Other | Kind::Array(_) => Kind::Text,
        _ if *element == Type::MONEY => Kind::Text,
        kind => kind,
    }
}

/// Bits: pgjdbc reads one as a boolean. It fails to read up to eight as the number that Java's dialect wants, which
/// they are here, and reads more as their digits.
fn bit(count: i32) -> Kind {
    match count {
        ..=1 => Kind::Boolean,
        2..=7 => Kind::Int8,
        8 => Kind::Int16,
        _ => Kind::Bytes,
    }
}

/// How a query asks for a column of a type.
pub(super) fn form(native: &Type, kind: &Kind) -> Form {
    if let Some(element) = element(native) {
        return match form(element, &self::kind(element, -1)) {
            Form::Plain => Form::Plain,
            _ => Form::TextArray,
        };
    }
    match *native {
        Type::MONEY => Form::Double,
        _ => match (native.kind(), kind) {
            (_, Kind::Other) => Form::Text,
            (Shape::Domain(base), kind) => form(base, kind),
            _ => Form::Plain,
        },
    }
}

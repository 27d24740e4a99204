//! The parameters of a URL that mean something to MySQL and MariaDB only.

use api::{Error, Result};

use crate::jdbc::url::{Settings, System, Url};

/// What becomes of a date that has no year, month or day (`zeroDateTimeBehavior`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum ZeroDate {
    /// Null, as MariaDB's driver has it.
    #[default]
    Null,
    /// An error.
    Error,
    /// The first day of the first year.
    Round,
}

/// How columns are read, where a parameter says so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Reading {
    /// What zero dates become.
    pub(crate) zero_date: ZeroDate,
    /// Whether TINYINT(1) is a boolean (`transformedBitIsBoolean`), with MariaDB's driver also BIT(1).
    pub(crate) bit_is_boolean: bool,
    /// Whether TINYINT(1) counts as a BIT (`tinyInt1isBit`).
    pub(crate) tinyint_is_bit: bool,
    /// Whether a YEAR is the first day of that year, not a number (`yearIsDateType`).
    pub(crate) year_is_date: bool,
    /// Whether types are those of MariaDB's driver 3, whose URLs begin with `jdbc:mariadb:`: its unsigned TINYINT and
    /// SMALLINT are one size larger than those of Connector/J and of MariaDB's driver 2.
    pub(crate) of_mariadb: bool,
    /// Whether tables are only looked for in the connection's database where no catalog is named.
    pub(crate) current_catalog: bool,
}

impl Reading {
    /// Reads the parameters.
    ///
    /// # Errors
    /// One has another value than those it can have.
    pub(crate) fn of(url: &Url) -> Result<Self> {
        let settings = &url.settings;
        let of_mariadb = url.system == System::MariaDb;
        Ok(Self {
            zero_date: zero_date(settings)?,
            bit_is_boolean: flag(settings, "transformedBitIsBoolean", of_mariadb)?,
            of_mariadb,
            tinyint_is_bit: flag(settings, "tinyInt1isBit", true)?,
            year_is_date: flag(settings, "yearIsDateType", true)?,
            current_catalog: flag(settings, "nullCatalogMeansCurrent", true)?
                && flag(settings, "nullDatabaseMeansCurrent", true)?,
        })
    }
}

fn zero_date(settings: &Settings) -> Result<ZeroDate> {
    let Some(value) = settings.dialect.get("zeroDateTimeBehavior") else { return Ok(ZeroDate::default()) };
    match value.to_ascii_lowercase().as_str() {
        "converttonull" | "convert_to_null" => Ok(ZeroDate::Null),
        "exception" => Ok(ZeroDate::Error),
        "round" => Ok(ZeroDate::Round),
        _ => Err(wrong("zeroDateTimeBehavior", "`CONVERT_TO_NULL`, `EXCEPTION` or `ROUND`")),
    }
}

/// A parameter that is `true` or `false`.
pub(crate) fn flag(settings: &Settings, name: &str, default: bool) -> Result<bool> {
    match settings.dialect.get(name).map(|value| value.to_ascii_lowercase()).as_deref() {
        None => Ok(default),
        Some("true" | "1" | "yes" | "") => Ok(true),
        Some("false" | "0" | "no") => Ok(false),
        Some(_) => Err(wrong(name, "`true` or `false`")),
    }
}

/// The statements that a connection begins with.
pub(super) fn statements(settings: &Settings) -> Result<Vec<String>> {
    let mut statements = Vec::new();
    if let Some(variables) = settings.dialect.get("sessionVariables").filter(|text| !text.trim().is_empty()) {
        statements.push(format!("SET {variables}"));
    }
    if flag(settings, "forceConnectionTimeZoneToSession", false)? {
        let zone = settings.dialect.get("connectionTimeZone").or(settings.dialect.get("serverTimezone"));
        if let Some(zone) = zone.filter(|zone| !matches!(zone.as_str(), "LOCAL" | "SERVER")) {
            statements.push(format!("SET time_zone = '{}'", offset_or_name(zone)?));
        }
    }
    Ok(statements)
}

/// The name of a zone or an offset, as the server writes it; nothing that could end the literal.
fn offset_or_name(zone: &str) -> Result<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+' | ':');
    if !zone.chars().all(plain) {
        return Err(wrong("connectionTimeZone", "the name of a time zone"));
    }
    Ok(match zone {
        "UTC" | "Z" | "GMT" => "+00:00",
        zone => zone,
    })
}

fn wrong(name: &str, expected: &str) -> Error {
    Error::fail(format_args!("parameter `{name}` of the database URL: expected {expected}"))
}

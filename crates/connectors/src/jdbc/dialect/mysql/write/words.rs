//! The words of MySQL and MariaDB for new tables and columns.

use api::Value;

use crate::jdbc::dialect::Quoting;
use crate::jdbc::dialect::mysql::WORDS;
use crate::jdbc::sink::Flavour;
use crate::jdbc::sink::cell::Cell;
use crate::jdbc::sink::clock::{Clock, moment};
use crate::jdbc::sink::ddl::Ddl;
use crate::jdbc::sink::plan::{Field, Kind};
use crate::jdbc::sink::text;

/// The bytes of an index of InnoDB, less those of the numbers in it.
const KEY_BYTES: usize = 3000;
/// The bytes of a character of utf8mb4.
const CHARACTER_BYTES: usize = 4;
/// The characters and bytes of a column of a key, where there is room; Aiven's text columns have one more.
const KEY_CHARACTERS_MAX: usize = 255;
const BYTES_MAX: usize = 1024;
/// The digits behind the point that DECIMAL has.
const SCALE_MAX: i32 = 30;

/// How tables are defined.
pub(super) struct Definitions {
    pub(super) flavour: Flavour,
    pub(super) clock: Clock,
    /// Whether the server is MariaDB, which has defaults of TEXT columns.
    pub(super) mariadb: bool,
}

impl Ddl for Definitions {
    fn quoted(&self, name: &str) -> String {
        WORDS.column(name, Quoting::Always)
    }

    fn column_type(&self, field: &Field, key_columns: usize) -> String {
        let key_bytes = KEY_BYTES / key_columns.max(1);
        match field.kind {
            Kind::Int8 | Kind::Boolean => "TINYINT".to_owned(),
            Kind::Int16 => "SMALLINT".to_owned(),
            Kind::Int32 => "INT".to_owned(),
            Kind::Int64 => "BIGINT".to_owned(),
            Kind::Float32 => "FLOAT".to_owned(),
            Kind::Float64 => "DOUBLE".to_owned(),
            // A TEXT column cannot be of a key.
            Kind::Text | Kind::Any if field.key => {
                let wanted = KEY_CHARACTERS_MAX + usize::from(self.flavour == Flavour::Aiven);
                format!("VARCHAR({})", (key_bytes / CHARACTER_BYTES).min(wanted))
            }
            Kind::Text | Kind::Any => match self.flavour {
                Flavour::Confluent => "TEXT".to_owned(),
                Flavour::Aiven => "VARCHAR(256)".to_owned(),
            },
            Kind::Bytes if field.key => format!("VARBINARY({})", key_bytes.min(BYTES_MAX)),
            Kind::Bytes => format!("VARBINARY({BYTES_MAX})"),
            Kind::Decimal(scale) => format!("DECIMAL(65,{})", scale.clamp(0, SCALE_MAX)),
            Kind::Date => "DATE".to_owned(),
            Kind::Time => "TIME(3)".to_owned(),
            Kind::Timestamp => "DATETIME(3)".to_owned(),
            Kind::Epoch(_) => "DATETIME(6)".to_owned(),
            Kind::Array | Kind::Map | Kind::Struct => "JSON".to_owned(),
        }
    }

    fn text(&self, text: &str) -> String {
        quoted(text)
    }

    fn exact_text(&self) -> &'static str {
        "VARCHAR(250) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    }

    fn literal(&self, field: &Field, value: &Value) -> Option<String> {
        let literal = self.plain(field.kind, Cell::from(value))?;
        // MySQL takes defaults of such columns as expressions only.
        let expression = !self.mariadb && field.kind == Kind::Text && !field.key;
        Some(if expression && self.flavour == Flavour::Confluent { format!("({literal})") } else { literal })
    }
}

impl Definitions {
    fn plain(&self, kind: Kind, cell: Cell<'_>) -> Option<String> {
        let mut out = String::new();
        match (kind, cell) {
            (Kind::Date, Cell::Int(days)) => drop(text::date(self.clock.date(days), &mut out)),
            (Kind::Time, Cell::Int(millis)) => text::time(self.clock.time(millis), &mut out),
            (Kind::Timestamp, cell) => {
                text::timestamp(self.clock.local(moment(kind, cell)?), "", &mut out);
            }
            (_, Cell::Bool(value)) => return Some(u8::from(value).to_string()),
            (_, Cell::Int(number)) => return Some(number.to_string()),
            (kind, Cell::Float(number)) => {
                text::float(number, kind == Kind::Float32, &mut out);
                return number.is_finite().then_some(out);
            }
            (_, Cell::Decimal(number)) => return text::decimal(number),
            (_, Cell::Text(text)) => out.push_str(text),
            (_, Cell::Bytes(bytes)) => {
                text::hex(bytes, &mut out);
                return Some(format!("X'{out}'"));
            }
            (_, Cell::Null | Cell::Nested(_)) => return None,
        }
        Some(quoted(&out))
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

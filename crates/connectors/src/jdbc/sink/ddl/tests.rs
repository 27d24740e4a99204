use std::sync::Arc;

use api::{Schema, Type, Value, logical};

use super::{add_columns, create_table};
use crate::jdbc::dialect::{Quoting, mysql, postgres};
use crate::jdbc::sink::Flavour;
use crate::jdbc::sink::cell::Origin;
use crate::jdbc::sink::clock::Clock;
use crate::jdbc::sink::plan::{Field, Kind, Plan};
use crate::jdbc::value::Zone;

const CLOCK: Clock = Clock { times: Zone::UTC, dates: Zone::UTC };

fn field(name: &str, schema: Arc<Schema>, key: bool) -> Field {
    let kind = Kind::of(&schema);
    Field { name: name.into(), kind, schema: Some(schema), origin: Origin::Value, key, stand_in: None }
}

fn optional(kind: Type, default: impl Into<Value>) -> Arc<Schema> {
    Schema::of(kind).optional().default(default.into()).build()
}

fn plan() -> Plan {
    let fields = vec![
        field("id", Schema::int32(), true),
        field("k", Schema::optional_string(), true),
        field("v", Schema::optional_string(), false),
        field("w", Schema::int64(), false),
        field("s", optional(Type::String, "it's \\"), false),
        field("b", optional(Type::Boolean, true), false),
        field("d", logical::date().default(Value::Int(19_782)).build(), false),
        field("ts", logical::timestamp().default(Value::Int(1_709_210_096_789)).build(), false),
        field("n", logical::decimal(2).optional().build(), false),
    ];
    Plan { fields, keys: vec![0, 1] }
}

#[test]
fn tables_of_postgresql_have_the_form_of_java() {
    let dialect = postgres::write::ddl(Quoting::Always, CLOCK);
    let expected = "CREATE TABLE \"cases\".\"public\".\"t\" (\n\"id\" INT NOT NULL,\n\"k\" TEXT NOT NULL,\n\
                    \"v\" TEXT NULL,\n\"w\" BIGINT NOT NULL,\n\"s\" TEXT DEFAULT E'it''s \\\\',\n\
                    \"b\" BOOLEAN DEFAULT TRUE,\n\"d\" DATE DEFAULT '2024-02-29',\n\
                    \"ts\" TIMESTAMP DEFAULT '2024-02-29 12:34:56.789',\n\"n\" DECIMAL NULL,\n\
                    PRIMARY KEY(\"id\",\"k\"))";
    assert_eq!(create_table(dialect.as_ref(), "\"cases\".\"public\".\"t\"", &plan()), expected);
    // As recorded.
    let w = field("w", Schema::optional_int32(), false);
    let table = "\"cases\".\"public\".\"m720574\"";
    assert_eq!(
        add_columns(dialect.as_ref(), table, &[&w]),
        ["ALTER TABLE \"cases\".\"public\".\"m720574\" ADD \"w\" INT NULL"]
    );
    let v = field("v", Schema::optional_string(), false);
    assert_eq!(
        add_columns(dialect.as_ref(), "\"t\"", &[&w, &v]),
        ["ALTER TABLE \"t\" \nADD \"w\" INT NULL,\nADD \"v\" TEXT NULL"]
    );
}

#[test]
fn names_that_are_not_quoted_are_folded() {
    let dialect = postgres::write::ddl(Quoting::Never, CLOCK);
    assert_eq!(dialect.quoted("UserId"), "\"userid\"");
}

#[test]
fn tables_of_mariadb_and_mysql_have_keys_of_text() {
    let mariadb = mysql::write::ddl(Flavour::Confluent, CLOCK, true);
    let expected = "CREATE TABLE `t` (\n`id` INT NOT NULL,\n`k` VARCHAR(255) NOT NULL,\n`v` TEXT NULL,\n\
                    `w` BIGINT NOT NULL,\n`s` TEXT DEFAULT 'it''s \\\\',\n`b` TINYINT DEFAULT 1,\n\
                    `d` DATE DEFAULT '2024-02-29',\n`ts` DATETIME(3) DEFAULT '2024-02-29 12:34:56.789',\n\
                    `n` DECIMAL(65,2) NULL,\nPRIMARY KEY(`id`,`k`))";
    assert_eq!(create_table(mariadb.as_ref(), "`t`", &plan()), expected);
    let mysql = mysql::write::ddl(Flavour::Confluent, CLOCK, false);
    let text = field("s", optional(Type::String, "x"), false);
    assert_eq!(add_columns(mysql.as_ref(), "`t`", &[&text]), ["ALTER TABLE `t` ADD `s` TEXT DEFAULT ('x')"]);
    let aiven = mysql::write::ddl(Flavour::Aiven, CLOCK, false);
    assert_eq!(
        add_columns(aiven.as_ref(), "`t`", &[&text]),
        ["ALTER TABLE `t` ADD `s` VARCHAR(256) DEFAULT 'x'"]
    );
}

use api::config::Properties;

use super::{Mode, Settings};
use crate::jdbc::dialect::Quoting;
use crate::jdbc::source::Flavour;
use crate::jdbc::value::Numeric;

fn read(flavour: Flavour, entries: &[(&str, &str)]) -> api::Result<Settings> {
    let base = [("connection.url", "jdbc:postgresql://h/d"), ("mode", "incrementing"), ("topic.prefix", "p")];
    let entries = base.iter().chain(entries);
    let properties: Properties =
        entries.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Settings::read(&properties, flavour)
}

#[test]
fn each_connector_has_its_own_defaults_and_keys() {
    let confluent = read(Flavour::Confluent, &[]).unwrap();
    assert_eq!((confluent.rows_max, confluent.timestamp_initial, confluent.qualified), (1000, None, true));
    assert_eq!((confluent.attempts, confluent.mode), (3, Mode::Incrementing));
    let aiven = read(Flavour::Aiven, &[]).unwrap();
    assert_eq!((aiven.rows_max, aiven.timestamp_initial, aiven.incrementing_initial), (100, Some(0), -1));
    let entries = [
        ("sql.quote.identifiers", "false"),
        ("incrementing.initial", "-5"),
        ("table.names.qualify", "false"),
        ("batch.max.rows", "7"),
    ];
    let aiven = read(Flavour::Aiven, &entries).unwrap();
    assert_eq!((aiven.quoting, aiven.incrementing_initial, aiven.qualified), (Quoting::Never, -5, false));
    assert_eq!(aiven.rows_max, 7);
}

#[test]
fn minus_one_is_now_for_confluent_and_a_moment_for_aiven() {
    let confluent = read(Flavour::Confluent, &[("timestamp.initial", "-1")]).unwrap();
    assert!(confluent.initial_now);
    let aiven = read(Flavour::Aiven, &[("timestamp.initial.ms", "-1")]).unwrap();
    assert_eq!((aiven.initial_now, aiven.timestamp_initial), (false, Some(-1)));
}

#[test]
fn words_in_upper_and_lower_case() {
    for (word, mapping) in [("best_fit", Numeric::BestFit), ("PRECISION_ONLY", Numeric::PrecisionOnly)] {
        let settings = read(Flavour::Confluent, &[("numeric.mapping", word)]).unwrap();
        assert_eq!(settings.mapping.numeric, mapping);
    }
    assert_eq!(
        read(Flavour::Confluent, &[("numeric.precision.mapping", "true")]).unwrap().mapping.numeric,
        Numeric::PrecisionOnly
    );
    let isolated = read(Flavour::Confluent, &[("transaction.isolation.mode", "REPEATABLE_READ")]).unwrap();
    assert_eq!(isolated.isolation.as_deref(), Some("REPEATABLE READ"));
    assert!(read(Flavour::Aiven, &[("numeric.mapping", "best_fit_eager_double")]).is_err());
}

#[test]
fn properties_of_the_driver_are_those_that_are_no_keys() {
    let entries =
        [("connection.ApplicationName", "app"), ("connection.what", "1"), ("connection.attempts", "2")];
    let settings = read(Flavour::Confluent, &entries).unwrap();
    assert_eq!(settings.access.url.settings.application.as_deref(), Some("app"));
    assert_eq!((settings.access.url.unknown, settings.attempts), (vec!["what".to_owned()], 2));
}

#[test]
fn what_is_wrong_names_its_key() {
    let check = |entries: &[(&str, &str)], words: &str| {
        let message = format!("{:#}", read(Flavour::Confluent, entries).err().expect("it is wrong"));
        assert!(message.contains(words), "{message}");
    };
    check(&[("db.timezone", "Nowhere/At_all")], "db.timezone");
    check(&[("table.include.list", "(")], "table.include.list");
    check(&[("timestamp.columns.mapping", "a:b")], "timestamp.columns.mapping");
    check(&[("topic.prefix", "a b")], "topic.prefix");
    check(&[("connection.url", "jdbc:oracle:thin:@h")], "there is no dialect for Oracle yet");
    check(&[("jdbc.credentials.provider.class", "a.B")], "jdbc.credentials.provider.class");
    check(&[("table.whitelist", "a"), ("table.blacklist", "b")], "exclusive");
    check(&[("mode", "bulk"), ("initial.load.range", "1000")], "initial.load.range");
    check(&[("query", "SELECT 1"), ("initial.load.range", "1000")], "initial.load.range");
}

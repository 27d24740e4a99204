use api::config::{Default, Properties};

use super::{Flavour, InsertMode, Options, PkMode, definition, validate};

fn properties(entries: &[(&str, &str)]) -> Properties {
    let url = ("connection.url".to_owned(), "jdbc:postgresql://localhost/db".to_owned());
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).chain([url]).collect()
}

fn default(flavour: Flavour, key: &str) -> Option<String> {
    definition(flavour).key(key).map(|key| match &key.default {
        Default::Required => "required".to_owned(),
        Default::Null => "null".to_owned(),
        Default::Value(value) => value.to_string(),
    })
}

#[test]
fn each_flavour_has_its_keys_and_defaults() {
    let cases = [
        ("connection.url", Some("required"), Some("required")),
        ("connection.user", Some("null"), Some("null")),
        ("connection.attempts", Some("3"), None),
        ("connection.backoff.ms", Some("10000"), None),
        ("dialect.name", Some(""), Some("")),
        ("insert.mode", Some("insert"), Some("insert")),
        ("batch.size", Some("3000"), Some("3000")),
        ("delete.enabled", Some("false"), Some("false")),
        ("table.types", Some("TABLE"), Some("TABLE,PARTITIONED TABLE")),
        ("replace.null.with.default", Some("true"), None),
        ("table.name.format", Some("${topic}"), Some("${topic}")),
        ("table.name.normalize", None, Some("false")),
        ("topics.to.tables.mapping", None, Some("null")),
        ("pk.mode", Some("none"), Some("none")),
        ("pk.fields", Some(""), Some("")),
        ("fields.whitelist", Some(""), Some("")),
        ("db.timezone", Some("UTC"), Some("UTC")),
        ("date.timezone", Some("DB_TIMEZONE"), None),
        ("timestamp.fields.list", Some(""), None),
        ("timestamp.precision.mode", Some("microseconds"), None),
        ("date.calendar.system", Some("LEGACY"), None),
        ("string.output.value.column.name", Some("record_value"), None),
        ("auto.create", Some("false"), Some("false")),
        ("auto.evolve", Some("false"), Some("false")),
        ("quote.sql.identifiers", Some("always"), None),
        ("sql.quote.identifiers", None, Some("true")),
        ("mssql.use.merge.holdlock", Some("true"), None),
        ("max.retries", Some("10"), Some("10")),
        ("retry.backoff.ms", Some("3000"), Some("3000")),
    ];
    for (key, confluent, aiven) in cases {
        assert_eq!(default(Flavour::Confluent, key).as_deref(), confluent, "{key}");
        assert_eq!(default(Flavour::Aiven, key).as_deref(), aiven, "{key}");
    }
}

#[test]
fn words_are_taken_in_both_cases() {
    let entries = [("insert.mode", "UPSERT"), ("pk.mode", "RECORD_KEY"), ("quote.sql.identifiers", "NEVER")];
    let options = Options::read(Flavour::Confluent, &properties(&entries)).unwrap();
    assert_eq!((options.insert_mode, options.pk_mode), (InsertMode::Upsert, PkMode::RecordKey));
    assert!(!options.quote);
    let aiven = [("insert.mode", "multi"), ("topics.to.tables.mapping", "a:b, c:d.e")];
    let options = Options::read(Flavour::Aiven, &properties(&aiven)).unwrap();
    assert_eq!(options.insert_mode, InsertMode::Insert);
    assert_eq!(options.topics_to_tables["c"], "d.e");
    assert!(options.quote && options.replace_null);
    assert!(Options::read(Flavour::Confluent, &properties(&[("insert.mode", "multi")])).is_err());
}

fn problems(flavour: Flavour, entries: &[(&str, &str)]) -> Vec<(String, String)> {
    let properties = properties(entries);
    let mut values = definition(flavour).validate(&properties);
    validate(flavour, &properties, &mut values);
    let found = values.into_iter().flat_map(|value| {
        value.errors.into_iter().map(move |error| (value.name.clone(), error)).collect::<Vec<_>>()
    });
    found.collect()
}

#[test]
fn keys_that_contradict_each_other_are_named() {
    let deletes = "Deletes are only supported for pk.mode record_key";
    let found = problems(Flavour::Confluent, &[("delete.enabled", "true")]);
    let expected = [("delete.enabled", deletes), ("pk.mode", deletes)];
    assert_eq!(found, expected.map(|(key, words)| (key.to_owned(), words.to_owned())));
    let keys = |entries: &[(&str, &str)]| -> Vec<String> {
        problems(Flavour::Aiven, entries).into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(keys(&[("insert.mode", "upsert")]), ["insert.mode", "pk.mode"]);
    assert_eq!(keys(&[("pk.mode", "kafka"), ("pk.fields", "a")]), ["pk.fields"]);
    // Aiven's connector refuses it, Confluent's passes it over.
    assert_eq!(keys(&[("pk.fields", "a")]), ["pk.fields"]);
    assert!(problems(Flavour::Confluent, &[("pk.fields", "a")]).is_empty());
    assert_eq!(keys(&[("topics.to.tables.mapping", "a")]), ["topics.to.tables.mapping"]);
    assert_eq!(keys(&[("db.timezone", "Mars/Base")]), ["db.timezone"]);
    assert_eq!(keys(&[("table.types", "TABLE,TREE")]), ["table.types"]);
    assert!(keys(&[("pk.mode", "record_key"), ("delete.enabled", "true")]).is_empty());
}

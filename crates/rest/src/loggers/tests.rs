use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Level, LogLevels, Loggers};

/// Remembers the levels that it was told last.
#[derive(Default)]
struct Told(Mutex<BTreeMap<String, Level>>);

impl LogLevels for Told {
    fn initial(&self) -> BTreeMap<String, Level> {
        BTreeMap::from([("root".to_owned(), Level::Info), ("worker".to_owned(), Level::Warn)])
    }

    fn apply(&self, levels: &BTreeMap<String, Level>) {
        *self.0.lock() = levels.clone();
    }
}

fn level(loggers: &Loggers, name: &str) -> (String, bool) {
    let level = loggers.one(name).unwrap();
    (level.level, level.last_modified.is_some())
}

#[test]
fn a_new_level_reaches_the_program_and_is_shown() {
    let told = Arc::new(Told::default());
    let loggers = Loggers::new(told.clone());
    assert_eq!(loggers.all().len(), 2);
    assert_eq!(loggers.set("org.apache.kafka", Level::Debug), ["org.apache.kafka"]);
    assert_eq!(level(&loggers, "org.apache.kafka"), ("DEBUG".to_owned(), true));
    assert_eq!(level(&loggers, "worker"), ("WARN".to_owned(), false));
    assert_eq!(told.0.lock().get("org.apache.kafka"), Some(&Level::Debug));
    assert!(loggers.one("org").is_none());
}

#[test]
fn a_level_goes_down_to_loggers_below_and_only_changes_are_told() {
    let loggers = Loggers::new(Arc::new(Told::default()));
    loggers.set("a.b", Level::Debug);
    loggers.set("ab", Level::Debug);
    assert_eq!(loggers.set("a", Level::Trace), ["a", "a.b"]);
    assert_eq!(loggers.set("a", Level::Trace), [""; 0]);
    assert_eq!(loggers.set("root", Level::Info), ["a", "a.b", "ab", "worker"]);
    assert_eq!(loggers.set("root", Level::Info), [""; 0]);
}

#[test]
fn levels_are_read_in_any_case() {
    for word in ["off", "Fatal", "ERROR", "warn", "info", "DEBUG", "trace", "all"] {
        assert_eq!(word.parse::<Level>().unwrap().to_string(), word.to_uppercase());
    }
    assert!("loud".parse::<Level>().is_err());
}

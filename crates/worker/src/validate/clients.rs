//! The keys of Kafka's clients, as Kafka 4.3.1 defines them but for internal ones: what is shown beside a value
//! that a connector overrides.
//!
//! They are rows of a file: the clients that have the key (`p`roducer, `c`onsumer, `a`dmin), name, type,
//! importance, whether it is required, default, documentation. A test compares them with a running worker of Java.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use api::config::{Default, Importance, Key, Type};

const ROWS: &str = include_str!("clients.jsonl");

/// A kind of client.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Client {
    Admin,
    Consumer,
    Producer,
}

type Keys = BTreeMap<(Client, Box<str>), Key>;
type Row<'a> = (&'a str, String, &'a str, &'a str, bool, Option<String>, String);

/// The key of a client, if Kafka knows it.
pub(super) fn key(client: Client, name: &str) -> Option<&'static Key> {
    static KEYS: LazyLock<Keys> = LazyLock::new(|| ROWS.lines().flat_map(keys).collect());
    KEYS.get(&(client, name.into()))
}

impl Client {
    /// What the keys of a connector begin with that override those of the client.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Admin => "admin.override.",
            Self::Consumer => "consumer.override.",
            Self::Producer => "producer.override.",
        }
    }
}

/// The keys of a row, one for each client.
fn keys(line: &str) -> Vec<((Client, Box<str>), Key)> {
    let row: Row<'_> = serde_json::from_str(line).expect("a row of the program's own table");
    let (clients, name, kind, importance, required, default, documentation) = row;
    let key = Key::new(name.clone(), kind_of(kind))
        .importance(importance_of(importance))
        .documentation(documentation);
    let default = match default {
        _ if required => Default::Required,
        None => Default::Null,
        Some(text) => Default::Value(text.into()),
    };
    let key = Key { default, ..key };
    let client = |letter: u8| match letter {
        b'p' => Client::Producer,
        b'c' => Client::Consumer,
        _ => Client::Admin,
    };
    clients.bytes().map(|letter| ((client(letter), name.as_str().into()), key.clone())).collect()
}

fn kind_of(name: &str) -> Type {
    let all = [
        Type::Boolean,
        Type::Int,
        Type::Short,
        Type::Long,
        Type::Double,
        Type::List,
        Type::Class,
        Type::Password,
    ];
    all.into_iter().find(|kind| kind.name() == name).unwrap_or(Type::String)
}

fn importance_of(name: &str) -> Importance {
    let all = [Importance::High, Importance::Medium];
    all.into_iter().find(|importance| importance.name() == name).unwrap_or(Importance::Low)
}

//! `#[derive(Config)]` as a connector uses it.

use api::Config;
use api::config::{Class, Importance, Password, Properties, Type, Validator, Width};

/// Options of a made-up connector.
#[derive(Config, Debug, PartialEq)]
struct Options {
    /// Source filename. If not specified,
    /// the standard input will be used
    #[config(importance = high)]
    file: Option<String>,
    /// The topic.
    ///
    /// One and only one.
    #[config(importance = high, validator = Validator::non_empty())]
    topic: String,
    /// The maximum number of records.
    #[config(default = 2000, validator = Validator::at_least(1), group = "Batching", order = 1)]
    batch_size: i32,
    /// A share.
    #[config(name = "share.of.it", default = -0.5, width = short, display = "Share")]
    share: f64,
    #[config(default = true, dependents = ["share.of.it", "topic"])]
    enabled: bool,
    #[config(default = "a, b", recommended = ["a", "b"])]
    names: Vec<String>,
    #[config(default = 10, importance = medium)]
    timeout_ms: i64,
    #[config(default = 1)]
    acks: i16,
    #[config(default = "org.example.Thing")]
    thing_class: Class,
    #[config(default = null)]
    secret: Option<Password>,
    r#type: Option<i32>,
}

fn properties(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_struct_is_parsed_with_its_defaults() {
    assert_eq!(
        Options::parse(&properties(&[("topic", " t "), ("secret", "hush"), ("type", "3")])).unwrap(),
        Options {
            file: None,
            topic: "t".to_owned(),
            batch_size: 2000,
            share: -0.5,
            enabled: true,
            names: vec!["a".to_owned(), "b".to_owned()],
            timeout_ms: 10,
            acks: 1,
            thing_class: Class("org.example.Thing".to_owned()),
            secret: Some(Password::new("hush")),
            r#type: Some(3),
        }
    );
}

#[test]
fn every_problem_is_told_at_once() {
    let problems = Options::parse(&properties(&[("batch.size", "0"), ("enabled", "maybe")])).unwrap_err();
    let messages: Vec<&str> = problems.0.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "Missing required configuration \"topic\" which has no default value.",
            "Invalid value 0 for configuration batch.size: Value must be at least 1",
            "Invalid value maybe for configuration enabled: Expected value to be either true or false",
        ]
    );
}

#[test]
fn attributes_and_doc_comments_reach_the_definition() {
    let definition = Options::definition();
    let key = |name: &str| definition.key(name).unwrap();
    assert_eq!(
        key("file").documentation,
        "Source filename. If not specified, the standard input will be used"
    );
    assert_eq!(key("topic").documentation, "The topic.\n\nOne and only one.");
    assert_eq!((key("file").kind, key("file").importance), (Type::String, Importance::High));
    assert_eq!((key("file").required(), key("topic").required()), (false, true));
    let batch = key("batch.size");
    assert_eq!((batch.kind, batch.default_text().as_deref()), (Type::Int, Some("2000")));
    assert_eq!((batch.group.as_deref(), batch.order_in_group), (Some("Batching"), 1));
    let share = key("share.of.it");
    assert_eq!((share.width, &*share.display_name, share.kind), (Width::Short, "Share", Type::Double));
    assert_eq!(key("enabled").dependents, ["share.of.it", "topic"]);
    assert_eq!(key("names").recommended, ["a", "b"]);
    assert_eq!(key("acks").kind, Type::Short);
    assert_eq!(key("thing.class").kind, Type::Class);
    assert_eq!(key("secret").kind, Type::Password);
    assert_eq!(definition.keys.len(), 11);
}

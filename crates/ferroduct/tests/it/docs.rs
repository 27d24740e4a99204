//! The pages under docs/ that are made of definitions: `UPDATE_EXPECT=1 cargo test -p ferroduct docs` writes them.

use std::fmt::Write;

use api::Registry;
use api::config::{Default, Definition, Key};
use expect_test::expect_file;

fn registry() -> Registry {
    let mut registry = Registry::default();
    connectors::register(&mut registry);
    converters::register(&mut registry);
    transforms::register(&mut registry);
    registry
}

/// A table of the keys of a definition, in its order.
fn table(definition: &Definition) -> String {
    if definition.keys.is_empty() {
        return "It has no keys of its own.\n".to_owned();
    }
    let mut table = String::from("| key | type | default | what it does |\n|---|---|---|---|\n");
    for key in &definition.keys {
        let (name, kind) = (&key.name, key.kind.name().to_lowercase());
        writeln!(table, "| `{name}` | {kind} | {} | {} |", default(key), cell(&key.documentation))
            .expect("text");
    }
    table
}

fn default(key: &Key) -> String {
    match &key.default {
        Default::Required => "**required**".to_owned(),
        Default::Null => String::new(),
        Default::Value(value) if value.is_empty() => "empty".to_owned(),
        Default::Value(value) => format!("`{value}`"),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

const GENERATED: &str = "<!-- Made of the definitions in the code; a test keeps it fresh. -->\n";

#[test]
fn the_page_of_connectors_is_fresh() {
    let registry = registry();
    let sources =
        registry.sources.iter().map(|plugin| (plugin.description().class, "source", plugin.definition()));
    let sinks = registry.sinks.iter().map(|plugin| (plugin.description().class, "sink", plugin.definition()));
    let mut page = format!("# Connectors\n\n{GENERATED}");
    page.push_str("\nThe keys of each connector, besides those that every connector has.\n");
    for (class, kind, definition) in sources.chain(sinks) {
        let simple = class.rsplit('.').next().expect("a name");
        write!(page, "\n## {simple}\n\n`{class}`, a {kind}.\n\n{}", table(&definition)).expect("text");
    }
    expect_file!["../../../../docs/connectors.md"].assert_eq(&page);
}

#[test]
fn the_page_of_converters_is_fresh() {
    let mut page = format!("# Converters\n\n{GENERATED}");
    page.push_str("\nFor `key.converter`, `value.converter` and `header.converter`; a converter's own keys follow behind that name.\n");
    let registry = registry();
    let records = registry.converters.iter().map(|plugin| (plugin.description().class, plugin.definition()));
    let headers =
        registry.header_converters.iter().map(|plugin| (plugin.description().class, plugin.definition()));
    let mut seen = std::collections::BTreeSet::new();
    for (class, definition) in records.chain(headers).filter(|(class, _)| seen.insert(*class)) {
        let simple = class.rsplit('.').next().expect("a name");
        write!(page, "\n## {simple}\n\n`{class}`\n\n{}", table(&definition)).expect("text");
    }
    expect_file!["../../../../docs/converters.md"].assert_eq(&page);
}

#[test]
fn the_page_of_transforms_is_fresh() {
    let mut page = format!("# Transforms and predicates\n\n{GENERATED}");
    page.push_str(TRANSFORMS);
    let registry = registry();
    let mut transforms: Vec<_> =
        registry.transforms.iter().map(|plugin| (plugin.description().class, plugin.definition())).collect();
    transforms.sort_by_key(|(class, _)| *class);
    sections(&mut page, &transforms);
    page.push_str(PREDICATES);
    let mut predicates: Vec<_> =
        registry.predicates.iter().map(|plugin| (plugin.description().class, plugin.definition())).collect();
    predicates.sort_by_key(|(class, _)| *class);
    sections(&mut page, &predicates);
    expect_file!["../../../../docs/transforms.md"].assert_eq(&page);
}

const TRANSFORMS: &str = "
The transforms of a connector are named in `transforms`, in the order in which records go through them. Each name is \
an alias, whose class and keys follow: `transforms.<alias>.type`, `transforms.<alias>.<key>`. Every transform has two \
more keys: `predicate`, the alias of a predicate that says to which records the transform is applied, and `negate` \
(`true`: to all others).
";

const PREDICATES: &str = "
# Predicates

The predicates of a connector are named in `predicates`: `predicates.<alias>.type`, `predicates.<alias>.<key>`.
";

/// A section for each class; one that is there for keys and for values has one section.
fn sections(page: &mut String, classes: &[(&str, Definition)]) {
    for (class, definition) in classes {
        let name = class.rsplit('.').next().expect("a name");
        let (outer, of_value) = (class.strip_suffix("$Key"), class.strip_suffix("$Value"));
        if of_value
            .is_some_and(|outer| classes.iter().any(|(other, _)| other.strip_suffix("$Key") == Some(outer)))
        {
            continue;
        }
        let (title, classes) = match outer {
            Some(outer) => {
                (name.trim_end_matches("$Key"), format!("`{outer}$Key` for keys, `{outer}$Value` for values"))
            }
            None => (name, format!("`{class}`")),
        };
        write!(page, "\n## {title}\n\n{classes}\n\n{}", table(definition)).expect("text");
    }
}

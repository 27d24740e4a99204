//! Keys of a configuration that are almost those of a connector: most likely slips of the pen.

use api::config::{Definition, Properties};
use strsim::damerau_levenshtein;
use tracing::warn;

/// How many letters a slip of the pen changes at most.
const LETTERS_MAX: usize = 2;

/// Names such keys in the log.
pub(super) fn warn(definition: &Definition, properties: &Properties) {
    let keys = keys(definition, properties);
    if !keys.is_empty() {
        warn!(keys = keys.join(", "), "passes over keys that are not known");
    }
}

/// Each such key, with the one that was probably meant. A configuration may have keys of anybody, so that it is not
/// wrong for having one that is not known; nor are parameters of the driver looked at, which have warnings of their own.
fn keys(definition: &Definition, properties: &Properties) -> Vec<String> {
    let unknown =
        properties.keys().filter(|key| definition.key(key).is_none() && !key.starts_with("connection."));
    let meant = |key: &String| {
        let known = definition.keys.iter().map(|known| (damerau_levenshtein(key, &known.name), &known.name));
        known.filter(|(letters, _)| *letters <= LETTERS_MAX).min()
    };
    unknown.filter_map(|key| Some(format!("`{key}` (did you mean `{}`?)", meant(key)?.1))).collect()
}

#[cfg(test)]
mod tests {
    use api::config::{Key, Type};

    use super::*;

    #[test]
    fn a_key_with_a_letter_too_few_is_named_beside_the_one_that_was_meant() {
        let definition: Definition = ["table.whitelist", "poll.interval.ms", "mode"]
            .map(|name| Key::new(name, Type::String))
            .into_iter()
            .collect();
        let properties = [
            "table.whitlist",
            "pol.intervall.ms",
            "mode",
            "name",
            "topics",
            "connection.mode",
            "errors.tolerance",
            "transforms",
        ];
        let properties = properties.map(|key| (key.to_owned(), String::new())).into_iter().collect();
        assert_eq!(
            keys(&definition, &properties),
            [
                "`pol.intervall.ms` (did you mean `poll.interval.ms`?)",
                "`table.whitlist` (did you mean `table.whitelist`?)"
            ]
        );
    }
}

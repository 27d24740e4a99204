//! The known name that a user probably meant.

use strsim::normalized_damerau_levenshtein;

/// Below this two stems have little in common.
const ALIKE: f64 = 0.55;
/// Above this two names differ by a slip of the pen.
const NEARLY_THE_SAME: f64 = 0.85;

/// The class whose name is most like a given one, if any is.
///
/// Compared are simple names without the suffix of their kind, in any case: packages and suffixes are alike
/// between classes that have nothing to do with each other.
pub(super) fn nearest<'a>(name: &str, classes: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    classes
        .into_iter()
        .filter_map(|class| Some((likeness(name, class)?, class)))
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, class)| class)
}

fn likeness(name: &str, class: &str) -> Option<f64> {
    let (name, class) = (simple(name), simple(class));
    let whole = normalized_damerau_levenshtein(&name, &class);
    let stems = normalized_damerau_levenshtein(stem(&name), stem(&class));
    (whole >= NEARLY_THE_SAME || stems >= ALIKE).then_some(whole.max(stems))
}

fn simple(class: &str) -> String {
    class.rsplit('.').next().unwrap_or(class).to_lowercase()
}

fn stem(simple: &str) -> &str {
    let suffix = ["connector", "converter", "$key", "$value"];
    suffix.iter().find_map(|suffix| simple.strip_suffix(suffix)).unwrap_or(simple)
}

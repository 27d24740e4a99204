//! The known name that a user probably meant.

use strsim::normalized_damerau_levenshtein;

/// Below this two names have little in common.
const ALIKE: f64 = 0.5;

/// The class whose name is most like a given one, if any is.
///
/// Compared are simple names without the suffix of their kind, in any case: packages and suffixes are alike
/// between classes that have nothing to do with each other.
pub(super) fn nearest<'a>(name: &str, classes: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = stem(name);
    classes
        .into_iter()
        .map(|class| (normalized_damerau_levenshtein(&name, &stem(class)), class))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, class)| class)
}

fn stem(class: &str) -> String {
    let simple = class.rsplit('.').next().unwrap_or(class);
    let stem =
        simple.strip_suffix("Connector").or_else(|| simple.strip_suffix("Converter")).unwrap_or(simple);
    stem.to_lowercase()
}

//! The values that came from providers, so that no message shows them (invariant 8).

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use parking_lot::RwLock;

/// Shorter values are no secrets, and text without them would be hard to read.
const BYTES_MIN: usize = 4;
/// Shorter values are hidden only where they are not a part of a longer word.
const PART_BYTES_MIN: usize = 8;
/// Numbers of fewer digits are settings rather than secrets.
const DIGITS_MIN: usize = 6;
/// How many forms of values are known; the oldest are forgotten.
const FORMS_MAX: usize = 10_000;
/// How much text the known forms have; the oldest are forgotten.
const FORM_BYTES_MAX: usize = 16 << 20;
/// Words that many settings have.
const WORDS: [&str; 9] = ["true", "false", "null", "none", "INFO", "WARN", "DEBUG", "ERROR", "TRACE"];

/// What came from the providers of a worker. Clones know the same.
#[derive(Clone, Default)]
pub struct Secrets(Arc<RwLock<Known>>);

#[derive(Default)]
struct Known {
    /// A form of a value and the text of its variable, the oldest first.
    forms: VecDeque<(String, String)>,
    bytes: usize,
    present: BTreeSet<String>,
    search: Option<AhoCorasick>,
}

impl Secrets {
    /// Takes note of values, each with the text of its variable.
    pub(crate) fn remember<'a>(&self, values: impl IntoIterator<Item = &'a (String, String)>) {
        let forms: Vec<(String, String)> = values
            .into_iter()
            .flat_map(|(value, variable)| forms(value).into_iter().map(|form| (form, variable.clone())))
            .collect();
        let new = |known: &Known| forms.iter().any(|(form, _)| !known.present.contains(form));
        if new(&self.0.read()) {
            self.0.write().add(forms);
        }
    }

    /// A text with variables in place of the values that came for them.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.0.read();
        let Some(search) = &known.search else { return Cow::Borrowed(text) };
        let mut hidden = String::new();
        let mut from = 0;
        for found in search.find_iter(text) {
            if found.len() < PART_BYTES_MIN && !stands_alone(text, found.start(), found.end()) {
                continue;
            }
            hidden.push_str(&text[from..found.start()]);
            hidden.push_str(&known.forms[found.pattern().as_usize()].1);
            from = found.end();
        }
        if from == 0 {
            return Cow::Borrowed(text);
        }
        hidden.push_str(&text[from..]);
        Cow::Owned(hidden)
    }
}

impl Known {
    fn add(&mut self, forms: Vec<(String, String)>) {
        for (form, variable) in forms {
            if self.present.insert(form.clone()) {
                self.bytes += form.len();
                self.forms.push_back((form, variable));
            }
        }
        while self.forms.len() > FORMS_MAX || self.bytes > FORM_BYTES_MAX {
            let Some((form, _)) = self.forms.pop_front() else { break };
            self.bytes -= form.len();
            self.present.remove(&form);
        }
        let patterns = self.forms.iter().map(|(form, _)| form);
        let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns);
        self.search = Some(search.expect("the patterns are bounded"));
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// The forms in which messages may show a value: itself, without the space around it, its lines, its items, and each
/// of these as JSON and Rust write texts.
fn forms(value: &str) -> Vec<String> {
    let parts = std::iter::once(value).chain(value.lines()).chain(value.split(','));
    let plain: BTreeSet<&str> =
        parts.flat_map(|part| [part, part.trim()]).filter(|part| secret(part)).collect();
    let quoted = |part: &&str| {
        let quoted = format!("{part:?}");
        quoted[1..quoted.len() - 1].to_owned()
    };
    let mut forms: BTreeSet<String> = plain.iter().map(quoted).collect();
    forms.extend(plain.iter().map(|part| (*part).to_owned()));
    forms.into_iter().collect()
}

/// Whether a value may be a secret, rather than a word or a number that many settings have.
pub(super) fn secret(value: &str) -> bool {
    let number = value.bytes().all(|byte| byte.is_ascii_digit()) && value.len() < DIGITS_MIN;
    value.trim().len() >= BYTES_MIN && !number && !WORDS.contains(&value)
}

/// Whether what was found is not a part of a longer word.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let joined = |left: Option<char>, right: Option<char>| {
        left.is_some_and(char::is_alphanumeric) && right.is_some_and(char::is_alphanumeric)
    };
    let found = &text[start..end];
    !joined(text[..start].chars().next_back(), found.chars().next())
        && !joined(found.chars().next_back(), text[end..].chars().next())
}

#[cfg(test)]
mod tests;

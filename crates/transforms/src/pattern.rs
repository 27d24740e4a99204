//! Java's regular expressions, matched in bounded time.
//!
//! What is special to Java is rewritten; what is not met is listed in docs/decisions/20261121-transforms-against-java.md.

mod translate;

use api::config::{Parsed, Validator};
use fancy_regex::{Captures, Regex, RegexBuilder};

/// The most steps back of a match: some milliseconds.
const BACKTRACK_MAX: usize = 200_000;
/// The most bytes of a compiled expression.
const COMPILED_BYTES_MAX: usize = 10 << 20;

/// A compiled expression.
pub(crate) struct Pattern {
    /// Matches anywhere.
    anywhere: Regex,
    /// Matches a whole text.
    whole: Regex,
}

impl Pattern {
    /// Compiles an expression.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        let translated = translate::translate(pattern);
        Ok(Self { anywhere: compile(&translated)?, whole: compile(&format!("\\A(?:{translated})\\z"))? })
    }

    /// A validator with the words of Kafka's `RegexValidator`.
    pub(crate) fn validator() -> Validator {
        Validator::new("valid regex", |key, value| match value {
            Parsed::String(text) => Self::new(text).map(drop).map_err(|reason| {
                format!("Invalid value {text} for configuration {key}: Invalid regex: {reason}")
            }),
            other => Err(format!("Invalid value {other} for configuration {key}: Invalid regex: null")),
        })
    }

    /// Whether the whole text matches.
    ///
    /// # Errors
    /// The match takes too long.
    pub(crate) fn matches(&self, text: &str) -> Result<bool, String> {
        self.whole.is_match(text).map_err(|_| too_long())
    }

    /// The text with its first match replaced, if it matches as a whole; `None`: it does not.
    ///
    /// # Errors
    /// The match takes too long, or the replacement refers to what is not there.
    pub(crate) fn replace_whole(&self, text: &str, replacement: &str) -> Result<Option<String>, String> {
        if !self.matches(text)? {
            return Ok(None);
        }
        let Some(found) = self.anywhere.captures(text).map_err(|_| too_long())? else {
            return Ok(Some(text.to_owned()));
        };
        let range = found.get(0).map_or(0..0, |whole| whole.range());
        let mut out = text[..range.start].to_owned();
        expand(replacement, &self.anywhere, &found, &mut out)?;
        out.push_str(&text[range.end..]);
        Ok(Some(out))
    }
}

fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .backtrack_limit(BACKTRACK_MAX)
        .delegate_size_limit(COMPILED_BYTES_MAX)
        .build()
        .map_err(|error| error.to_string())
}

fn too_long() -> String {
    "the match of a regular expression takes too long".to_owned()
}

/// Appends a replacement with Java's `$1`, `${name}` and `\`.
fn expand(replacement: &str, regex: &Regex, found: &Captures<'_>, out: &mut String) -> Result<(), String> {
    let mut rest = replacement;
    while let Some(place) = rest.find(['$', '\\']) {
        out.push_str(&rest[..place]);
        let special = rest.as_bytes()[place];
        rest = &rest[place + 1..];
        rest = match special {
            b'\\' => {
                let next = rest.chars().next().ok_or("character to be escaped is missing")?;
                out.push(next);
                &rest[next.len_utf8()..]
            }
            _ => expand_group(rest, regex, found, out)?,
        };
    }
    out.push_str(rest);
    Ok(())
}

/// Appends the group that a text begins with, and answers what follows.
fn expand_group<'a>(
    text: &'a str,
    regex: &Regex,
    found: &Captures<'_>,
    out: &mut String,
) -> Result<&'a str, String> {
    if let Some(named) = text.strip_prefix('{') {
        let (name, rest) = named.split_at(named.bytes().take_while(u8::is_ascii_alphanumeric).count());
        if name.is_empty() {
            return Err("named capturing group has 0 length name".to_owned());
        }
        let rest = rest.strip_prefix('}').ok_or("named capturing group is missing trailing '}'")?;
        if name.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(format!("capturing group name {{{name}}} starts with digit character"));
        }
        match found.name(name) {
            Some(group) => out.push_str(group.as_str()),
            None if regex.capture_names().flatten().any(|known| known == name) => {}
            None => return Err(format!("No group with name {{{name}}}")),
        }
        return Ok(rest);
    }
    let digit =
        |text: &str| text.bytes().next().filter(u8::is_ascii_digit).map(|byte| usize::from(byte - b'0'));
    if text.is_empty() {
        return Err("Illegal group reference: group index is missing".to_owned());
    }
    let mut group = digit(text).ok_or("Illegal group reference")?;
    let mut rest = &text[1..];
    if group >= found.len() {
        return Err(format!("No group {group}"));
    }
    // More digits count as long as there is a group of that number.
    while let Some(longer) =
        digit(rest).map(|digit| group * 10 + digit).filter(|longer| *longer < found.len())
    {
        group = longer;
        rest = &rest[1..];
    }
    if let Some(group) = found.get(group) {
        out.push_str(group.as_str());
    }
    Ok(rest)
}

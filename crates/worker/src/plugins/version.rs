//! Which version of a plugin a configuration wants (`*.plugin.version`): one version or Maven's ranges of them.

use std::cmp::Ordering;
use std::fmt;

/// The versions that are wanted.
pub(crate) enum Version<'a> {
    /// Any.
    Any,
    /// Those in one of the ranges.
    Within(Vec<Range<'a>>),
}

/// The versions between two, each perhaps included; `None`: without end on that side.
pub(crate) struct Range<'a> {
    lower: Option<&'a str>,
    lower_included: bool,
    upper: Option<&'a str>,
    upper_included: bool,
}

impl<'a> Version<'a> {
    /// Reads what a configuration wants; nothing and `latest` want any.
    pub(crate) fn wanted(text: Option<&'a str>) -> Self {
        match text.map(str::trim) {
            None | Some("latest") => Self::Any,
            Some(text) if text.starts_with(['[', '(']) => Self::Within(ranges(text)),
            Some(text) => Self::Within(vec![Range::only(text)]),
        }
    }

    /// Whether the version that there is of a class is wanted.
    ///
    /// # Errors
    /// It is not; the words are Kafka's.
    pub(crate) fn check(&self, class: &str, version: &str) -> Result<(), String> {
        let Self::Within(ranges) = self else { return Ok(()) };
        if ranges.iter().any(|range| range.contains(version)) {
            return Ok(());
        }
        let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
        Err(format!(
            "Plugin {class} not found that matches the version range {}, available versions: [{version}]",
            ranges.join(",")
        ))
    }
}

impl<'a> Range<'a> {
    fn only(version: &'a str) -> Self {
        Self { lower: Some(version), lower_included: true, upper: Some(version), upper_included: true }
    }

    fn contains(&self, version: &str) -> bool {
        let above = self.lower.is_none_or(|lower| match compare(version, lower) {
            Ordering::Equal => self.lower_included,
            order => order == Ordering::Greater,
        });
        above
            && self.upper.is_none_or(|upper| match compare(version, upper) {
                Ordering::Equal => self.upper_included,
                order => order == Ordering::Less,
            })
    }
}

impl fmt::Display for Range<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opening = if self.lower_included { '[' } else { '(' };
        let closing = if self.upper_included { ']' } else { ')' };
        write!(f, "{opening}{},{}{closing}", self.lower.unwrap_or(""), self.upper.unwrap_or(""))
    }
}

/// The ranges of a text such as `[1.0,2.0),[3.0]`; what is none is left out and so wants nothing.
fn ranges(text: &str) -> Vec<Range<'_>> {
    let mut ranges = Vec::new();
    let mut rest = text.trim();
    while let Some(end) = rest.find([']', ')']) {
        let (range, behind) = rest.split_at(end + 1);
        ranges.extend(range_of(range));
        rest = behind.trim_start().trim_start_matches(',').trim_start();
    }
    ranges
}

fn range_of(text: &str) -> Option<Range<'_>> {
    let inner = text.strip_prefix(['[', '('])?.strip_suffix([']', ')'])?;
    let Some((lower, upper)) = inner.split_once(',') else { return Some(Range::only(inner.trim())) };
    Some(Range {
        lower: Some(lower.trim()).filter(|text| !text.is_empty()),
        lower_included: text.starts_with('['),
        upper: Some(upper.trim()).filter(|text| !text.is_empty()),
        upper_included: text.ends_with(']'),
    })
}

/// Versions as Maven orders those of numbers: part by part, absent parts being 0, and a word before a number.
fn compare(one: &str, other: &str) -> Ordering {
    let parts = |version: &str| -> Vec<Result<u64, String>> {
        let part = |part: &str| part.parse().map_err(|_| part.to_lowercase());
        version.split(['.', '-']).map(part).collect()
    };
    let (one, other) = (parts(one), parts(other));
    let count = one.len().max(other.len());
    let part = |parts: &[Result<u64, String>], index: usize| parts.get(index).cloned().unwrap_or(Ok(0));
    (0..count)
        .map(|index| match (part(&one, index), part(&other, index)) {
            (Ok(one), Ok(other)) => one.cmp(&other),
            (Err(one), Err(other)) => one.cmp(&other),
            (Err(_), Ok(_)) => Ordering::Less,
            (Ok(_), Err(_)) => Ordering::Greater,
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

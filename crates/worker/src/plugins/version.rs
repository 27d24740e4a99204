//! Which version of a plugin a configuration wants (`*.plugin.version`): one version or Maven's ranges of them.

use std::cmp::Ordering;
use std::fmt;

/// The versions that are wanted.
#[derive(Debug)]
pub(crate) enum Version<'a> {
    /// Any.
    Any,
    /// Those in one of the ranges.
    Within(Vec<Range<'a>>),
}

/// The versions between two, each perhaps included; `None`: without end on that side.
#[derive(Debug)]
pub(crate) struct Range<'a> {
    lower: Option<&'a str>,
    lower_included: bool,
    upper: Option<&'a str>,
    upper_included: bool,
}

impl<'a> Version<'a> {
    /// Reads what a configuration wants; nothing and `latest` want any, and a version by itself only that one.
    ///
    /// # Errors
    /// It is neither a version nor ranges; the words are Maven's.
    pub(crate) fn wanted(text: Option<&'a str>) -> Result<Self, String> {
        let Some(text) = text.filter(|text| *text != "latest").map(str::trim) else { return Ok(Self::Any) };
        if text.starts_with(['[', '(']) {
            return ranges(text).map(Self::Within);
        }
        // Kafka puts brackets around what has none, so that this may be a range, too.
        if text.contains([']', ')']) {
            return Err(format!("Only fully-qualified sets allowed in multiple set scenario: [{text}]"));
        }
        let range = Range::between(text, true, true).map_err(|reason| format!("{reason}: [{text}]"))?;
        Ok(Self::Within(vec![range]))
    }

    /// Whether one of the versions that there are of a class is wanted.
    ///
    /// # Errors
    /// None is; the words are Kafka's.
    pub(crate) fn check(&self, class: &str, available: &[&str]) -> Result<(), String> {
        let Self::Within(ranges) = self else { return Ok(()) };
        if available.iter().any(|version| ranges.iter().any(|range| range.contains(version))) {
            return Ok(());
        }
        let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
        Err(format!(
            "Plugin {class} not found that matches the version range {}, available versions: [{}]",
            ranges.join(","),
            available.join(", ")
        ))
    }
}

impl<'a> Range<'a> {
    /// The range of the text between two brackets.
    fn between(text: &'a str, lower_included: bool, upper_included: bool) -> Result<Self, &'static str> {
        let text = text.trim();
        let Some((lower, upper)) = text.split_once(',') else {
            let only = Self { lower: Some(text), lower_included, upper: Some(text), upper_included };
            let closed = lower_included && upper_included;
            return if closed { Ok(only) } else { Err("Single version must be surrounded by []") };
        };
        let end = |text: &'a str| Some(text.trim()).filter(|text| !text.is_empty());
        let range = Self { lower: end(lower), lower_included, upper: end(upper), upper_included };
        if range.backwards() { Err("Range defies version ordering") } else { Ok(range) }
    }

    fn backwards(&self) -> bool {
        let (Some(lower), Some(upper)) = (self.lower, self.upper) else { return false };
        match compare(upper, lower) {
            Ordering::Less => true,
            Ordering::Equal => !self.lower_included || !self.upper_included,
            Ordering::Greater => false,
        }
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

/// The ranges of a text such as `[1.0,2.0),[3.0]`, in order and apart from each other.
fn ranges(text: &str) -> Result<Vec<Range<'_>>, String> {
    let mut ranges: Vec<Range<'_>> = Vec::new();
    let mut rest = text;
    while rest.starts_with(['[', '(']) {
        let end = rest.find([']', ')']).ok_or_else(|| format!("Unbounded range: {text}"))?;
        let (whole, behind) = rest.split_at(end + 1);
        let range = Range::between(&whole[1..end], whole.starts_with('['), whole.ends_with(']'));
        let range = range.map_err(|reason| format!("{reason}: {whole}"))?;
        let before = ranges.last().and_then(|range| range.upper);
        if before.is_some_and(|upper| range.lower.is_none_or(|lower| compare(lower, upper).is_lt())) {
            return Err(format!("Ranges overlap: {text}"));
        }
        ranges.push(range);
        let behind = behind.trim_start();
        rest = behind.strip_prefix(',').unwrap_or(behind).trim_start();
    }
    if rest.is_empty() {
        return Ok(ranges);
    }
    Err(format!("Only fully-qualified sets allowed in multiple set scenario: {text}"))
}

/// A part of a version: digits without zeros in front, or a word.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Number(String),
    Word(String),
}

/// What a part that is absent counts as: no number, and a release.
const RELEASE: usize = 5;
/// Maven's words in their order; the one in the middle is that of a release. Any other word is behind them.
const WORDS: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];

impl Part {
    fn of(text: &str, number_behind: bool) -> Self {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::Number(text.trim_start_matches('0').to_owned());
        }
        let word = text.to_lowercase();
        Self::Word(match word.as_str() {
            "a" if number_behind => "alpha".to_owned(),
            "b" if number_behind => "beta".to_owned(),
            "m" if number_behind => "milestone".to_owned(),
            "cr" => "rc".to_owned(),
            "ga" | "final" | "release" => String::new(),
            _ => word,
        })
    }

    fn nothing(&self) -> bool {
        let (Self::Number(text) | Self::Word(text)) = self;
        text.is_empty()
    }

    /// A word before a number, a shorter number before a longer one.
    fn compare(one: Option<&Self>, other: Option<&Self>) -> Ordering {
        match (one, other) {
            (None, None) => Ordering::Equal,
            (Some(Self::Number(one)), Some(Self::Number(other))) => {
                one.len().cmp(&other.len()).then_with(|| one.cmp(other))
            }
            (Some(Self::Word(one)), Some(Self::Word(other))) => {
                place(one).cmp(&place(other)).then_with(|| one.cmp(other))
            }
            (Some(Self::Number(_)), Some(Self::Word(_))) => Ordering::Greater,
            (Some(Self::Word(_)), Some(Self::Number(_))) => Ordering::Less,
            (Some(Self::Number(number)), None) => number.len().cmp(&0),
            (Some(Self::Word(word)), None) => place(word).cmp(&RELEASE),
            (None, Some(_)) => Self::compare(other, None).reverse(),
        }
    }
}

fn place(word: &str) -> usize {
    WORDS.iter().position(|known| *known == word).unwrap_or(WORDS.len())
}

/// The parts of a version: between dots and dashes, and where digits and letters meet.
fn parts(version: &str) -> Vec<Part> {
    let mut texts: Vec<&str> = Vec::new();
    for piece in version.split(['.', '-']) {
        let mut rest = piece;
        while let Some(first) = rest.bytes().next() {
            let digits = first.is_ascii_digit();
            let end = rest.bytes().position(|byte| byte.is_ascii_digit() != digits).unwrap_or(rest.len());
            let (text, behind) = rest.split_at(end);
            texts.push(text);
            rest = behind;
        }
        if piece.is_empty() {
            texts.push("0");
        }
    }
    let number_behind = |index: usize| {
        texts.get(index + 1).is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit()))
    };
    let mut parts: Vec<Part> =
        texts.iter().enumerate().map(|(index, text)| Part::of(text, number_behind(index))).collect();
    while parts.last().is_some_and(Part::nothing) {
        parts.pop();
    }
    parts
}

/// Versions as Maven orders them, but for the finest points of dashes: `1.0` is `1`, and a release is behind its
/// snapshots and before its service packs.
fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (parts(one), parts(other));
    (0..one.len().max(other.len()))
        .map(|index| Part::compare(one.get(index), other.get(index)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

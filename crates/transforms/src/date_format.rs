//! Java's `SimpleDateFormat` in UTC and English, lenient as Java is by default.
//!
//! Weeks begin on Sunday, and the first of a year is the one with 1 January in it, as in the United States. Names of
//! time zones that can be read are UTC, GMT and those of North America; a time zone is written as UTC.

mod calendar;
mod fields;
mod parse;

use calendar::Moment;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const LETTERS: &str = "GyMdkHmsSEDFwWahKzZYuXL";

/// The most letters of one field.
const COUNT_MAX: usize = 255;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct DateFormat {
    items: Vec<Item>,
}

#[derive(Debug, Eq, PartialEq)]
enum Item {
    /// Text as it is.
    Literal(String),
    /// A letter and how often it stands there.
    Field(char, usize),
}

impl DateFormat {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// A letter has no meaning, or a quote is not closed; in Java's words.
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        let mut items: Vec<Item> = Vec::new();
        let mut characters = pattern.chars().peekable();
        let mut quoted = false;
        while let Some(character) = characters.next() {
            if character == '\'' {
                if characters.next_if_eq(&'\'').is_some() {
                    push_literal(&mut items, '\'');
                } else {
                    quoted = !quoted;
                }
            } else if quoted || !character.is_ascii_alphabetic() {
                push_literal(&mut items, character);
            } else {
                push_letter(&mut items, character)?;
                while characters.next_if_eq(&character).is_some() {
                    if let Some(Item::Field(_, count)) = items.last_mut() {
                        *count = (*count + 1).min(COUNT_MAX);
                    }
                }
            }
        }
        if quoted {
            return Err("Unterminated quote".to_owned());
        }
        match items.iter().find(|item| matches!(item, Item::Field('X', 4..))) {
            Some(Item::Field(_, count)) => Err(format!("invalid ISO 8601 format: length={count}")),
            _ => Ok(Self { items }),
        }
    }

    /// The text of a moment: milliseconds since 1970-01-01 UTC.
    pub(crate) fn format(&self, millis: i64) -> String {
        let moment = Moment::new(millis);
        let mut out = String::new();
        for item in &self.items {
            match item {
                Item::Literal(text) => out.push_str(text),
                Item::Field(letter, count) => write(&moment, *letter, *count, &mut out),
            }
        }
        out
    }

    /// The milliseconds since 1970-01-01 UTC that a text begins with; `None`: it does not match.
    pub(crate) fn parse(&self, text: &str) -> Option<i64> {
        parse::parse(&self.items, text)
    }

    /// The finest unit of time that the text depends on, in milliseconds.
    pub(crate) fn finest_ms(&self) -> i64 {
        let unit = |item: &Item| match item {
            Item::Literal(_) | Item::Field('z' | 'Z' | 'X', _) => i64::MAX,
            Item::Field('S', _) => 1,
            Item::Field('s', _) => 1000,
            Item::Field('m', _) => 60_000,
            Item::Field('H' | 'k' | 'K' | 'h' | 'a', _) => 3_600_000,
            Item::Field(..) => 86_400_000,
        };
        self.items.iter().map(unit).min().unwrap_or(i64::MAX)
    }
}

fn push_literal(items: &mut Vec<Item>, character: char) {
    match items.last_mut() {
        Some(Item::Literal(text)) => text.push(character),
        _ => items.push(Item::Literal(character.to_string())),
    }
}

fn push_letter(items: &mut Vec<Item>, letter: char) -> Result<(), String> {
    if !LETTERS.contains(letter) {
        return Err(format!("Illegal pattern character '{letter}'"));
    }
    items.push(Item::Field(letter, 1));
    Ok(())
}

fn write(moment: &Moment, letter: char, count: usize, out: &mut String) {
    let number = |number: i64, out: &mut String| out.push_str(&format!("{number:0count$}"));
    match letter {
        'G' => out.push_str(if moment.year > 0 { "AD" } else { "BC" }),
        'y' => write_year(if moment.year > 0 { moment.year } else { 1 - moment.year }, count, out),
        'Y' => write_year(moment.week_year(), count, out),
        'M' | 'L' if count >= 4 => out.push_str(MONTHS[moment.month]),
        'M' | 'L' if count == 3 => out.push_str(&MONTHS[moment.month][..3]),
        'M' | 'L' => number(moment.month as i64 + 1, out),
        'd' => number(moment.day, out),
        'k' => number(if moment.hour() == 0 { 24 } else { moment.hour() }, out),
        'H' => number(moment.hour(), out),
        'm' => number(moment.millis / 60_000 % 60, out),
        's' => number(moment.millis / 1000 % 60, out),
        'S' => number(moment.millis % 1000, out),
        'E' if count >= 4 => out.push_str(WEEKDAYS[moment.weekday()]),
        'E' => out.push_str(&WEEKDAYS[moment.weekday()][..3]),
        'D' => number(moment.day_of_year, out),
        'F' => number((moment.day - 1) / 7 + 1, out),
        'w' => number(moment.week_of_year(), out),
        'W' => number(moment.week_of_month(), out),
        'a' => out.push_str(if moment.hour() < 12 { "AM" } else { "PM" }),
        'h' => number(if moment.hour() % 12 == 0 { 12 } else { moment.hour() % 12 }, out),
        'K' => number(moment.hour() % 12, out),
        'z' if count >= 4 => out.push_str("Coordinated Universal Time"),
        'z' => out.push_str("UTC"),
        'Z' => out.push_str("+0000"),
        'u' => number((moment.weekday() as i64 + 6) % 7 + 1, out),
        _ => out.push('Z'),
    }
}

/// Two letters of a year are its last two digits.
fn write_year(year: i64, count: usize, out: &mut String) {
    match count {
        2 => out.push_str(&format!("{:02}", year.rem_euclid(100))),
        count => out.push_str(&format!("{year:0count$}")),
    }
}

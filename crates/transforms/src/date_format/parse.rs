//! Reads text by a pattern, field by field.

use std::time::{SystemTime, UNIX_EPOCH};

use super::calendar::{DAY_MS, Moment, day_of};
use super::fields::{Fields, Part, resolve};
use super::{Item, MONTHS, WEEKDAYS};

/// The milliseconds since 1970-01-01 UTC that a text means.
pub(super) fn parse(items: &[Item], text: &str) -> Option<i64> {
    let mut reader = Reader { text, place: 0, fields: Fields::default(), ambiguous_year: false };
    for (index, item) in items.iter().enumerate() {
        match item {
            Item::Literal(literal) => {
                let rest = reader.rest().strip_prefix(literal.as_str())?;
                reader.place = text.len() - rest.len();
            }
            Item::Field(letter, count) => {
                let abutting = items.get(index + 1).is_some_and(has_digits);
                reader.field(*letter, *count, abutting)?;
            }
        }
    }
    let millis = resolve(&reader.fields);
    if reader.ambiguous_year && millis < century_start() {
        reader.fields.add(Part::Year, 100);
        return Some(resolve(&reader.fields));
    }
    Some(millis)
}

fn is_name(letter: char, count: usize) -> bool {
    matches!((letter, count), ('G' | 'E' | 'a', _) | ('M' | 'L', 3..))
}

/// Whether a field is read as digits, so that the one before it has to keep to its width.
fn has_digits(item: &Item) -> bool {
    match item {
        Item::Literal(_) | Item::Field('G' | 'E' | 'a' | 'z' | 'Z' | 'X', _) => false,
        Item::Field('M' | 'L', count) => *count <= 2,
        Item::Field(..) => true,
    }
}

/// The moment 80 years ago, from which on years of two digits are counted.
fn century_start() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = Moment::new(i64::try_from(now).unwrap_or(i64::MAX));
    day_of(now.year - 80, now.month as i64, now.day) * DAY_MS + now.millis
}

struct Reader<'a> {
    text: &'a str,
    place: usize,
    fields: Fields,
    ambiguous_year: bool,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.place..]
    }

    fn field(&mut self, letter: char, count: usize, abutting: bool) -> Option<()> {
        // Java skips blanks before the field, but counts its width from where it began.
        let start = self.place;
        let rest = self.rest().trim_start_matches([' ', '\t']);
        if rest.is_empty() {
            return None;
        }
        self.place = self.text.len() - rest.len();
        if self.place > start && is_name(letter, count) {
            // Names are looked for where the field began.
            return None;
        }
        let width_end = abutting.then_some(start + count);
        let part = match letter {
            'G' => return self.names(Part::Era, &[("BC", 0), ("AD", 1)]),
            'y' | 'Y' => return self.year(letter, count, width_end),
            'M' | 'L' if count > 2 => return self.month_name(),
            'E' => return self.weekday_name(),
            'a' => return self.names(Part::AmPm, &[("AM", 0), ("PM", 1)]),
            'z' | 'Z' => return self.zone(),
            'X' => return self.iso_zone(count),
            'M' | 'L' => Part::Month,
            'd' => Part::Day,
            'k' | 'H' => Part::HourOfDay,
            'm' => Part::Minute,
            's' => Part::Second,
            'S' => Part::Millisecond,
            'D' => Part::DayOfYear,
            'F' => Part::WeekdayInMonth,
            'w' => Part::WeekOfYear,
            'W' => Part::WeekOfMonth,
            'h' | 'K' => Part::Hour,
            _ => Part::Weekday,
        };
        let value = self.number(width_end)?;
        let value = match letter {
            'M' | 'L' => value - 1,
            'k' if value == 24 => 0,
            'h' if value == 12 => 0,
            // From Monday as 1 to Sunday as 1.
            'u' if (1..=7).contains(&value) => value % 7 + 1,
            _ => value,
        };
        self.fields.set(part, value);
        Some(())
    }

    /// A whole number, up to an end if one is given.
    fn number(&mut self, end: Option<usize>) -> Option<i64> {
        let text = match end {
            Some(end) => self.text.get(self.place..end)?,
            None => self.rest(),
        };
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return None;
        }
        self.place += length + text.len() - digits.len();
        Some(int_value(&digits[..length], sign))
    }

    fn year(&mut self, letter: char, count: usize, end: Option<usize>) -> Option<()> {
        let start = self.place;
        let mut value = self.number(end)?;
        let read = &self.text[start..self.place];
        if count <= 2 && read.len() == 2 && read.bytes().all(|byte| byte.is_ascii_digit()) {
            let first = Moment::new(century_start()).year;
            self.ambiguous_year = value == first % 100;
            value += first / 100 * 100 + if value < first % 100 { 100 } else { 0 };
        }
        self.fields.set(if letter == 'y' { Part::Year } else { Part::WeekYear }, value);
        Some(())
    }

    fn month_name(&mut self) -> Option<()> {
        let name = |(place, name): (usize, &&'static str)| (*name, place as i64);
        let long: Vec<(&str, i64)> = MONTHS.iter().enumerate().map(name).collect();
        let short: Vec<(&str, i64)> = long.iter().map(|(name, place)| (&name[..3], *place)).collect();
        self.names(Part::Month, &long).or_else(|| self.names(Part::Month, &short))
    }

    fn weekday_name(&mut self) -> Option<()> {
        let name = |(place, name): (usize, &&'static str)| (*name, place as i64 + 1);
        let long: Vec<(&str, i64)> = WEEKDAYS.iter().enumerate().map(name).collect();
        let short: Vec<(&str, i64)> = long.iter().map(|(name, place)| (&name[..3], *place)).collect();
        self.names(Part::Weekday, &long).or_else(|| self.names(Part::Weekday, &short))
    }

    /// The longest of some names, in any case.
    fn names(&mut self, part: Part, names: &[(&str, i64)]) -> Option<()> {
        let rest = self.rest();
        let matches = |name: &&(&str, i64)| {
            rest.get(..name.0.len()).is_some_and(|text| text.eq_ignore_ascii_case(name.0))
        };
        let (name, value) = names.iter().filter(matches).max_by_key(|(name, _)| name.len())?;
        self.place += name.len();
        self.fields.set(part, *value);
        Some(())
    }

    /// `+0100`, `GMT+01:00` or a name.
    fn zone(&mut self) -> Option<()> {
        let rest = self.rest();
        match rest.as_bytes()[0] {
            b'+' => return self.offset(1, 1, 0, false),
            b'-' => return self.offset(1, -1, 0, false),
            _ => {}
        }
        if rest.get(..3).is_some_and(|name| name.eq_ignore_ascii_case("GMT")) {
            return match rest.as_bytes().get(3) {
                Some(b'+') => self.offset(4, 1, 0, true),
                Some(b'-') => self.offset(4, -1, 0, true),
                _ => {
                    self.place += 3;
                    self.fields.set(Part::Zone, 0);
                    Some(())
                }
            };
        }
        const HOUR: i64 = 3_600_000;
        let zones = [
            ("Coordinated Universal Time", 0),
            ("UTC", 0),
            ("EST", -5 * HOUR),
            ("EDT", -4 * HOUR),
            ("CST", -6 * HOUR),
            ("CDT", -5 * HOUR),
            ("MST", -7 * HOUR),
            ("MDT", -6 * HOUR),
            ("PST", -8 * HOUR),
            ("PDT", -7 * HOUR),
        ];
        self.names(Part::Zone, &zones)
    }

    fn iso_zone(&mut self, count: usize) -> Option<()> {
        match self.rest().as_bytes()[0] {
            b'Z' => {
                self.place += 1;
                self.fields.set(Part::Zone, 0);
                Some(())
            }
            b'+' => self.offset(1, 1, count, count == 3),
            b'-' => self.offset(1, -1, count, count == 3),
            _ => None,
        }
    }

    /// Hours, and minutes unless `count` is 1, with a colon between them or not, behind some characters.
    fn offset(&mut self, skip: usize, sign: i64, count: usize, colon: bool) -> Option<()> {
        let bytes = &self.rest().as_bytes()[skip..];
        let digit = |place: usize| {
            bytes.get(place).filter(|byte| byte.is_ascii_digit()).map(|byte| i64::from(byte - b'0'))
        };
        let mut hours = digit(0)?;
        let mut place = 1;
        match digit(1) {
            Some(digit) => {
                hours = hours * 10 + digit;
                place = 2;
            }
            None if count > 0 || !colon => return None,
            // There has to be something behind.
            None => drop(bytes.get(1)?),
        }
        if hours > 23 {
            return None;
        }
        let mut minutes = 0;
        if count != 1 {
            if colon {
                (*bytes.get(place)? == b':').then_some(())?;
                place += 1;
            }
            minutes = digit(place)? * 10 + digit(place + 1)?;
            place += 2;
        }
        if minutes > 59 {
            return None;
        }
        self.place += skip + place;
        self.fields.set(Part::Zone, sign * (hours * 60 + minutes) * 60_000);
        Some(())
    }
}

/// Java's `Number.intValue` of digits: the lower 32 bits of a long, and the nearest int to what is longer.
fn int_value(digits: &str, sign: i64) -> i64 {
    match digits.parse::<i64>() {
        Ok(number) => i64::from((sign * number) as i32),
        Err(_) if sign < 0 => i32::MIN.into(),
        Err(_) => i32::MAX.into(),
    }
}

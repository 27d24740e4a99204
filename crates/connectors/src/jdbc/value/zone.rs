//! Time zones, with the rules of Java's calendar for wall clocks.

use jiff::civil::DateTime;
use jiff::tz::{Disambiguation, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::{Local, Moment};

/// 1900-01-01 UTC: before it Java's calendar knows no changes of a zone's offset.
const CHANGES_FROM: i64 = -2_208_988_800;

/// Java's `ZoneId.SHORT_IDS`.
const SHORT_IDS: &[(&str, &str)] = &[
    ("ACT", "Australia/Darwin"),
    ("AET", "Australia/Sydney"),
    ("AGT", "America/Argentina/Buenos_Aires"),
    ("ART", "Africa/Cairo"),
    ("AST", "America/Anchorage"),
    ("BET", "America/Sao_Paulo"),
    ("BST", "Asia/Dhaka"),
    ("CAT", "Africa/Harare"),
    ("CNT", "America/St_Johns"),
    ("CST", "America/Chicago"),
    ("CTT", "Asia/Shanghai"),
    ("EAT", "Africa/Addis_Ababa"),
    ("ECT", "Europe/Paris"),
    ("EST", "-05:00"),
    ("HST", "-10:00"),
    ("IET", "America/Indiana/Indianapolis"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("MIT", "Pacific/Apia"),
    ("MST", "-07:00"),
    ("NET", "Asia/Yerevan"),
    ("NST", "Pacific/Auckland"),
    ("PLT", "Asia/Karachi"),
    ("PNT", "America/Phoenix"),
    ("PRT", "America/Puerto_Rico"),
    ("PST", "America/Los_Angeles"),
    ("SST", "Pacific/Guadalcanal"),
    ("VST", "Asia/Ho_Chi_Minh"),
];

/// The zone of a database's wall clock (`db.timezone`).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Zone {
    /// The standard offset in seconds, which is all there is where `rules` is `None`.
    standard: i64,
    rules: Option<TimeZone>,
}

impl Zone {
    /// Coordinated universal time.
    pub(crate) const UTC: Self = Self { standard: 0, rules: None };

    /// The zone of a name, an offset such as `+02:00`, or one of Java's three letters; `None`: there is none.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if let Some(seconds) = fixed(name) {
            return Some(Self { standard: seconds, rules: None });
        }
        let rules = TimeZone::get(name).ok().filter(|_| name.contains('/') || !short(name));
        if let Some(rules) = rules {
            return Some(Self { standard: standard(&rules), rules: Some(rules) });
        }
        let (_, long) = SHORT_IDS.iter().find(|(short, _)| *short == name)?;
        Self::parse(long)
    }

    /// The moment at which a wall clock of the zone shows a time, as `java.util.GregorianCalendar` has it: the
    /// later one where it shows the time twice, that much later where it never shows it.
    pub(crate) fn moment(&self, local: Local) -> Moment {
        let seconds = local.seconds();
        let offset = match &self.rules {
            Some(rules) if seconds - self.standard >= CHANGES_FROM => {
                offset_of_local(rules, seconds).unwrap_or(self.standard)
            }
            _ => self.standard,
        };
        Moment { seconds: seconds.saturating_sub(offset), nanos: local.subsecond() }
    }

    /// What a wall clock of the zone shows at a moment, by the zone's rules of all times, as `java.time` has it.
    pub(crate) fn local(&self, moment: Moment) -> Local {
        Local::of_seconds(moment.seconds.saturating_add(self.offset(moment)), moment.nanos)
    }

    /// The seconds that a wall clock of the zone is ahead of UTC at a moment.
    pub(crate) fn offset(&self, moment: Moment) -> i64 {
        let Some(rules) = &self.rules else { return self.standard };
        match Timestamp::from_second(moment.seconds) {
            Ok(timestamp) => rules.to_offset(timestamp).seconds().into(),
            Err(_) => self.standard,
        }
    }
}

/// Whether Java reads a name of the database of zones as its three letters: it knows no others of that length.
fn short(name: &str) -> bool {
    matches!(name, "EST" | "HST" | "MST")
}

/// The seconds of `UTC`, `Z`, `+02`, `+02:30`, `UTC+2` and the like.
fn fixed(name: &str) -> Option<i64> {
    let rest = ["UTC", "GMT", "UT"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    if rest.is_empty() || name == "Z" {
        return (!name.is_empty()).then_some(0);
    }
    let (sign, rest) = match rest.as_bytes() {
        [b'+', ..] => (1, &rest[1..]),
        [b'-', ..] => (-1, &rest[1..]),
        _ => return None,
    };
    let digits: String = rest.chars().filter(|c| *c != ':').collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| digits.get(range).map_or(Ok(0), str::parse::<i64>).ok();
    let seconds = match digits.len() {
        1 => part(0..1)? * 3600,
        2 => part(0..2)? * 3600,
        4 => part(0..2)? * 3600 + part(2..4)? * 60,
        6 => part(0..2)? * 3600 + part(2..4)? * 60 + part(4..6)?,
        _ => return None,
    };
    (seconds <= 18 * 3600).then_some(sign * seconds)
}

/// The offset that a zone has today when it saves no daylight.
fn standard(rules: &TimeZone) -> i64 {
    const HALF_YEAR: SignedDuration = SignedDuration::from_hours(24 * 182);
    let now = Timestamp::now();
    let later = now.checked_add(HALF_YEAR).unwrap_or(now);
    let infos = [now, later].map(|at| rules.to_offset_info(at));
    let chosen = infos.iter().find(|info| !info.dst().is_dst()).unwrap_or(&infos[0]);
    chosen.offset().seconds().into()
}

fn offset_of_local(rules: &TimeZone, seconds: i64) -> Option<i64> {
    let naive = Timestamp::from_second(seconds).ok()?;
    let wall: DateTime = jiff::tz::Offset::UTC.to_datetime(naive);
    let zoned = rules.to_ambiguous_zoned(wall).disambiguate(Disambiguation::Later).ok()?;
    Some(seconds - zoned.timestamp().as_second())
}

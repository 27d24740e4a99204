use super::civil::{hybrid, proleptic};
use super::{Local, Moment, Zone};

#[test]
fn days_are_counted() {
    for (year, month, day, days) in [
        (1970, 1, 1, 0),
        (2024, 2, 29, 19_782),
        (1969, 12, 31, -1),
        (1, 1, 1, -719_162),
        (1582, 10, 15, -141_427),
        (0, 12, 31, -719_163),
        (-4, 2, 29, -720_930),
    ] {
        let local = Local::new(year, month, day, 0);
        assert_eq!(local.days, days);
        assert_eq!(local.date(), (year, month, day));
    }
}

#[test]
fn days_of_old_are_those_of_java() {
    let day = |year, month, day| Local::new(year, month, day, 0).days;
    assert_eq!(hybrid(day(1, 1, 1)), -719_164);
    assert_eq!(hybrid(day(1582, 10, 10)), -141_422);
    assert_eq!(hybrid(day(1582, 10, 15)), -141_427);
    assert_eq!((proleptic(day(1, 1, 1)), proleptic(day(1582, 10, 10))), (-719_162, -141_422));
}

#[test]
fn wall_clocks_of_a_zone() {
    let zone = Zone::parse("America/New_York").unwrap();
    let at = |day, hour: i64| zone.moment(Local::new(2024, 3, day, hour * 3600 * 1_000_000_000)).seconds;
    // There is no 2:30 on March 10.
    assert_eq!(at(10, 3) - at(10, 1), 3600);
    assert_eq!(at(10, 2), at(10, 3));
    // 1:30 on November 3 comes twice; Java takes the second.
    let twice = zone.moment(Local::new(2024, 11, 3, 5400 * 1_000_000_000));
    assert_eq!(twice.seconds, 1_730_615_400);
    assert_eq!(zone.offset(twice), -5 * 3600);
    // Before 1900 Java knows only the standard offset.
    let seoul = Zone::parse("Asia/Seoul").unwrap();
    assert_eq!(seoul.moment(Local::new(1, 1, 1, 0)).seconds, -62_135_596_800 - 9 * 3600);
    for name in ["JST", "PST", "+02:00", "UTC+2", "GMT", "Z", "EST"] {
        assert!(Zone::parse(name).is_some(), "{name}");
    }
    assert!(Zone::parse("Nowhere/At_all").is_none());
    assert!(Zone::parse("").is_none());
}

#[test]
fn moments_come_back_from_the_offsets_of_java() {
    let offset = |json: &str| Moment::of_offset(&serde_json::from_str(json).unwrap());
    assert_eq!(
        offset(r#"{"timestamp_nanos":123456789,"timestamp":1672835217123}"#),
        Some(Moment { seconds: 1_672_835_217, nanos: 123_456_789 })
    );
    assert_eq!(offset(r#"{"timestamp":-1}"#), Some(Moment { seconds: -1, nanos: 999_000_000 }));
    assert_eq!(offset(r#"{"incrementing":1}"#), None);
    let moment = Moment { seconds: -1, nanos: 999_999_999 };
    assert_eq!((moment.millis(), moment.minus_millis(-1).seconds), (-1, 0));
}

use crate::jdbc::value::{Moment, Zone};

use super::literal;

#[test]
fn moments_as_literals() {
    let at = |seconds, nanos| Moment { seconds, nanos };
    let utc = Zone::UTC;
    assert_eq!(literal(at(1_704_067_201, 1_000), &utc), "'2024-01-01 00:00:01.000001+00:00:00'");
    assert_eq!(literal(at(0, 0), &utc), "'1970-01-01 00:00:00.000000+00:00:00'");
    assert_eq!(literal(at(-62_167_219_201, 0), &utc), "'0002-12-31 23:59:59.000000+00:00:00 BC'");
    let zone = Zone::parse("America/New_York").unwrap();
    assert_eq!(literal(at(1_704_067_201, 0), &zone), "'2023-12-31 19:00:01.000000-05:00:00'");
}

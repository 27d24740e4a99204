use super::literal;
use crate::jdbc::value::Local;

#[test]
fn moments_are_literals_of_microseconds_within_the_years_there_are() {
    assert_eq!(literal(Local::new(2024, 2, 29, 45_296_789_123_456)), "TIMESTAMP'2024-02-29 12:34:56.789123'");
    assert_eq!(literal(Local::new(-44, 3, 15, 0)), "TIMESTAMP'0000-01-01 00:00:00.000000'");
    assert_eq!(literal(Local::new(10_000, 1, 1, 0)), "TIMESTAMP'9999-12-31 23:59:59.999999'");
}

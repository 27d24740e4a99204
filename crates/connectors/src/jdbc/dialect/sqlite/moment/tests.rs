use super::{parse, parse_time};
use crate::jdbc::value::Local;

#[test]
fn texts_of_all_forms_that_sqlite_knows_are_read() {
    let noon = 43_200_000_000_000;
    let day = |nanos| Local::new(2024, 2, 29, nanos);
    assert_eq!(parse("2024-02-29"), Some((day(0), None)));
    assert_eq!(parse("2024-02-29 12:00"), Some((day(noon), None)));
    assert_eq!(parse("2024-02-29T12:00:01.5"), Some((day(noon + 1_500_000_000), None)));
    assert_eq!(parse("2024-02-29 12:00:00.123456789Z"), Some((day(noon + 123_456_789), Some(0))));
    assert_eq!(parse("2024-02-29 12:00:00-02:30"), Some((day(noon), Some(-9000))));
    for text in [
        "",
        "now",
        "2024-2-29",
        "2024-13-01",
        "2024-01-01x",
        "2024-01-01 25:00",
        "2024-01-01 1:00",
        "日本日本",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
    assert_eq!(parse_time("23:59:59.999"), Some(86_399_999_000_000));
    assert_eq!(parse_time("24:00:00"), None);
    assert_eq!(parse_time("12:00:00:00"), None);
}

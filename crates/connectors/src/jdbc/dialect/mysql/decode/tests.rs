use api::{Decimal, Value};
use mysql_async::Value as Sent;

use super::{Decoder, decimal};
use crate::jdbc::dialect::mysql::settings::ZeroDate;
use crate::jdbc::value::{Calendar, Granularity, Mapping, Numeric, Zone};

fn mapping() -> Mapping {
    Mapping {
        numeric: Numeric::None,
        granularity: Granularity::ConnectLogical,
        calendar: Calendar::Legacy,
        zone: Zone::UTC,
        all_columns: true,
        tells_precision: true,
    }
}

fn decode(decoder: Decoder, sent: Sent) -> Result<Value, String> {
    decoder.decode(sent, ZeroDate::Null, &mapping()).map_err(|error| error.to_string())
}

#[test]
fn decimals_keep_the_scale_of_their_column() {
    for (text, scale, unscaled) in
        [("12.30", 2, 1230), ("-0.05", 2, -5), ("7", 0, 7), ("7", 3, 7000), ("0", 0, 0)]
    {
        assert_eq!(decimal(text.as_bytes(), scale).unwrap(), Decimal::new(unscaled, scale), "{text}");
    }
    let long = "12345678901234567890123456789012345.6789012345678901234567890";
    assert_eq!(decimal(long.as_bytes(), 25).unwrap().to_string(), long);
    for text in ["", "1e5", "1.2.3", "x"] {
        let scale = if text.is_empty() { -1 } else { 0 };
        assert!(decimal(text.as_bytes(), scale).is_err(), "{text}");
    }
    assert!(decimal(b"1.23", 1).is_err());
}

#[test]
fn times_beyond_a_day_stay_what_no_converter_takes() {
    let time =
        |negative, days, hours| decode(Decoder::Time, Sent::Time(negative, days, hours, 0, 0, 0)).unwrap();
    assert_eq!(time(false, 0, 23), Value::Int(82_800_000));
    assert_eq!(time(false, 4, 4), Value::Int(360_000_000));
    assert_eq!(time(true, 0, 10), Value::Int(-36_000_000));
}

#[test]
fn zero_dates_do_what_the_url_says() {
    let zero = || Sent::Date(0, 0, 0, 0, 0, 0, 0);
    let decode = |zero_date| Decoder::Date.decode(zero(), zero_date, &mapping());
    assert_eq!(decode(ZeroDate::Null).unwrap(), Value::Null);
    assert!(decode(ZeroDate::Error).unwrap_err().to_string().contains("zeroDateTimeBehavior"));
    // The first day of the Julian calendar's first year.
    assert_eq!(decode(ZeroDate::Round).unwrap(), Value::Int(-719_164));
    let no_month = Sent::Date(2024, 0, 15, 0, 0, 0, 0);
    assert_eq!(Decoder::Date.decode(no_month, ZeroDate::Null, &mapping()).unwrap(), Value::Null);
}

#[test]
fn unsigned_numbers_that_int64_has_not_are_errors_without_the_number() {
    assert_eq!(decode(Decoder::Integer, Sent::UInt(u64::MAX >> 1)), Ok(Value::Int(i64::MAX)));
    let error = decode(Decoder::Integer, Sent::UInt(u64::MAX)).unwrap_err();
    assert!(error.contains("too large for INT64") && !error.contains("18446744073709551615"), "{error}");
}

#[test]
fn what_a_column_cannot_be_is_an_error() {
    assert!(decode(Decoder::Text, Sent::Bytes(vec![0xff])).unwrap_err().contains("UTF-8"));
    assert!(decode(Decoder::Float, Sent::Bytes(Vec::new())).unwrap_err().contains("another type"));
    assert_eq!(decode(Decoder::Year, Sent::Int(0)), Ok(Value::Null));
    assert_eq!(decode(Decoder::Bit, Sent::Bytes(vec![1])), Ok(Value::Int(1)));
}

use jiff::Timestamp;

/// Now, in microseconds since 1970-01-01T00:00:00Z.
pub fn now_micros() -> i64 {
    Timestamp::now().as_microsecond()
}

/// RFC 3339 with microseconds, in UTC: `2026-11-22T13:00:00.000001Z`. A value outside jiff's range (years
/// -9999 to 9999) is shown as its nearest bound.
pub fn rfc3339(micros: i64) -> String {
    let bounded = micros.clamp(Timestamp::MIN.as_microsecond() + 1, Timestamp::MAX.as_microsecond());
    match Timestamp::from_microsecond(bounded) {
        Ok(time) => format!("{time:.6}"),
        // Cannot happen after the clamp; a wrong year in a listing is better than a panic.
        Err(_) => "0000-00-00T00:00:00.000000Z".to_owned(),
    }
}

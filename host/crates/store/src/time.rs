use jiff::Timestamp;

/// Now, in microseconds since 1970-01-01T00:00:00Z.
pub fn now_micros() -> i64 {
    Timestamp::now().as_microsecond()
}

/// The first and the last moment that are shown as they are: the years 1 to 9998, which RFC 3339 can write.
const SHOWN: (i64, i64) = (-62_135_596_800_000_000, 253_370_764_800_000_000);

/// RFC 3339 with microseconds, in UTC: `2026-11-22T13:00:00.000001Z`. A time before the year 1 or after 9998 is shown as
/// the nearest one in between.
pub fn rfc3339(micros: i64) -> String {
    match Timestamp::from_microsecond(micros.clamp(SHOWN.0, SHOWN.1)) {
        Ok(time) => format!("{time:.6}"),
        // Cannot happen after the clamp; a wrong year in a listing is better than a panic.
        Err(_) => "0000-00-00T00:00:00.000000Z".to_owned(),
    }
}

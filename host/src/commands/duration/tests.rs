use super::*;

#[test]
fn lengths_of_time() {
    let good = [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("7d", 604_800), ("1d1h1m1s", 90_061)];
    for (text, expected) in good {
        assert_eq!(seconds(text), Ok(expected), "{text}");
    }
    for text in ["", "0s", "30", "m", "1x", "-5m", "1.5h", "99999999999s", "50000d50000d", "1h30", "٣m"] {
        assert_eq!(seconds(text), Err(DurationError(text.to_owned())), "{text}");
    }
}

#[test]
fn points_of_time() {
    assert_eq!(time("2026-11-22T14:30:00Z").unwrap().to_string(), "2026-11-22T14:30:00Z");
    let before = Timestamp::now() - time("15m").unwrap();
    let seconds = before.total(jiff::Unit::Second).unwrap();
    assert!((899.0..960.0).contains(&seconds), "{seconds}");
    for text in ["yesterday", "2026-11-22", ""] {
        assert!(time(text).is_err(), "{text}");
    }
}

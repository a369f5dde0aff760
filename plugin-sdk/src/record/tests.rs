use super::*;

#[test]
fn times_there_and_back() {
    for (text, expected) in [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("2000-02-29T12:34:56.5Z", 951_827_696_500_000),
        ("2026-11-28T09:00:00.123456789Z", 1_795_856_400_123_456),
        ("2100-03-01T00:00:00Z", 4_107_542_400_000_000),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
    ] {
        assert_eq!(micros(text), Some(expected), "{text}");
        let [year, month, day, hour, minute, second] = date(expected / 1_000_000);
        assert_eq!(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"), text[..19], "{text}");
    }
    for text in ["", "2026-11-28", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "1969-12-31T23:59:59Z", "2026-11-28T09:00:00+01:00", "2026-11-28T24:00:00Z", "2026-11-28T09:00:00.x1Z"] {
        assert_eq!(micros(text), None, "{text}");
    }
}

#[test]
fn every_day_follows_the_one_before() {
    let mut last = [1970, 1, 1];
    for day in 1..60_000_u64 {
        let [year, month, day_, ..] = date(day * 86_400);
        let next = [[last[0], last[1], last[2] + 1], [last[0], last[1] + 1, 1], [last[0] + 1, 1, 1]];
        assert!(next.contains(&[year, month, day_]), "{last:?} and {year}-{month}-{day_}");
        assert_eq!(micros(&format!("{year:04}-{month:02}-{day_:02}T00:00:00Z")), Some(day * 86_400_000_000));
        last = [year, month, day_];
    }
}

#[test]
fn the_facts_of_a_record() {
    let json = r#"{"seq":7,"id":"r","phase":"complete","time":"2026-11-28T09:00:00.000000Z","kind":"request","connection":"demo","session":"s",
        "identity":{"issuer":"i","subject":"devin","kind":"agent","sponsor":"bob","groups":[]},
        "request":{"verb":"get","group":"","version":"v1","resource":"pods","subresource":null,"namespace":"shop","name":"web","path":"/x","dry_run":false,"hash":"h"},
        "decision":"allow","by":[],"something-new":{}}"#;
    let record = Record::read(json).expect("a record");
    assert_eq!(record.micros(), Some(1_795_856_400_000_000));
    assert_eq!(record.identity.map(|identity| identity.subject).as_deref(), Some("devin"));
    assert_eq!(record.request.and_then(|request| request.namespace).as_deref(), Some("shop"));
    assert_eq!(Record::read("{}"), Ok(Record::default()));
    assert!(Record::read("7").is_err());
}

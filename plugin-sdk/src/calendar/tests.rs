use super::*;

fn zone(offset: &str, summer: Summer) -> Zone {
    Zone { offset: Offset::parse(offset).expect("an offset"), summer }
}

fn shown(zone: &Zone, seconds: u64) -> String {
    let Moment { date, day, time } = zone.moment(seconds * 1000);
    format!("{date} {day:?} {time}")
}

/// Each line was checked with GNU date and the time zone database.
#[test]
fn clocks_and_calendars() {
    let (utc, berlin, york, kolkata) = (Zone::default(), zone("+01:00", Summer::Eu), zone("-05:00", Summer::Us), zone("+05:30", Summer::None));
    for (zone, seconds, expected) in [
        (utc, 0, "1970-01-01 Thu 00:00"),
        (utc, 951_782_399, "2000-02-28 Mon 23:59"),
        (utc, 951_868_799, "2000-02-29 Tue 23:59"),
        (utc, 4_107_542_400, "2100-03-01 Mon 00:00"),
        (berlin, 1_774_745_999, "2026-03-29 Sun 01:59"),
        (berlin, 1_774_746_000, "2026-03-29 Sun 03:00"),
        (berlin, 1_792_889_999, "2026-10-25 Sun 02:59"),
        (berlin, 1_792_890_000, "2026-10-25 Sun 02:00"),
        (berlin, 1_798_758_000, "2027-01-01 Fri 00:00"),
        (york, 1_772_953_199, "2026-03-08 Sun 01:59"),
        (york, 1_772_953_200, "2026-03-08 Sun 03:00"),
        (york, 1_793_512_799, "2026-11-01 Sun 01:59"),
        (york, 1_793_512_800, "2026-11-01 Sun 01:00"),
        (kolkata, 1_767_205_800, "2026-01-01 Thu 00:00"),
    ] {
        assert_eq!(shown(&zone, seconds), expected, "{zone:?} {seconds}");
    }
}

#[test]
fn every_day_is_the_day_after_the_one_before() {
    let mut before = Date::of_days(-1);
    for days in 0..80_000 {
        let date = Date::of_days(days);
        assert!(before < date);
        assert_eq!(date.days(), days);
        before = date;
    }
}

fn hours(json: &str) -> Hours {
    serde_json::from_str(json).expect(json)
}

fn at(day: Day, time: &str) -> Moment {
    Moment { date: Date::of_days(0), day, time: TimeOfDay::parse(time).expect(time) }
}

#[test]
fn hours_hold_from_their_first_minute_to_their_last() {
    let office = hours(r#"{"days": ["mon", "fri"], "from": "09:00", "to": "17:00"}"#);
    for (day, time, held) in [
        (Day::Mon, "09:00", true),
        (Day::Mon, "16:59", true),
        (Day::Mon, "17:00", false),
        (Day::Mon, "08:59", false),
        (Day::Tue, "12:00", false),
        (Day::Fri, "12:00", true),
    ] {
        assert_eq!(office.hold(&at(day, time)), held, "{day:?} {time}");
    }
    assert!(hours("{}").hold(&at(Day::Sun, "23:59")));
}

#[test]
fn hours_over_midnight_belong_to_the_day_on_which_they_begin() {
    let night = hours(r#"{"days": ["fri"], "from": "22:00", "to": "06:00"}"#);
    for (day, time, held) in [
        (Day::Fri, "22:00", true),
        (Day::Sat, "05:59", true),
        (Day::Sat, "06:00", false),
        (Day::Fri, "05:00", false),
        (Day::Sat, "22:00", false),
    ] {
        assert_eq!(night.hold(&at(day, time)), held, "{day:?} {time}");
    }
    let sunday = hours(r#"{"days": ["sun"], "from": "22:00", "to": "06:00"}"#);
    assert!(sunday.hold(&at(Day::Mon, "01:00")));
}

#[test]
fn what_is_no_time_is_refused_with_how_to_write_it() {
    for (json, told) in [
        (r#"{"from": "9:00"}"#, "write it as 09:30"),
        (r#"{"from": "09:60"}"#, "write it as 09:30"),
        (r#"{"to": "24:01"}"#, "write it as 09:30"),
        (r#"{"days": ["monday"]}"#, "unknown variant `monday`"),
    ] {
        let error = serde_json::from_str::<Hours>(json).expect_err(json).to_string();
        assert!(error.contains(told), "{error}");
    }
    for offset in ["1", "01:00", "+15:00", "+1:00", "CET", ""] {
        assert_eq!(Offset::parse(offset), None, "{offset}");
    }
    for date in ["2026-02-30", "2026-13-01", "2026-00-10", "26-01-01", "2026-1-1", "1969-01-01", "2026/01/01"] {
        assert_eq!(Date::parse(date), None, "{date}");
    }
    assert!(hours(r#"{"from": "10:00", "to": "10:00"}"#).validate().is_err());
    assert!(hours(r#"{"days": []}"#).validate().is_err());
}

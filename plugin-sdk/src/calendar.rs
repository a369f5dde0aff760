//! Days and hours as people mean them, for policies that look at the [`clock`](crate::clock): office hours, freezes, time zones.
//!
//! There is no database of time zones in a component: a zone is its offset from UTC, and the rule for its summer time.
//!
//! ```
//! use portcullis_sdk::calendar::{Hours, Zone};
//!
//! let berlin: Zone = serde_json::from_str(r#"{"offset": "+01:00", "summer": "eu"}"#)?;
//! let office: Hours = serde_json::from_str(r#"{"days": ["mon", "tue", "wed", "thu"], "from": "09:00", "to": "16:00"}"#)?;
//! // Monday, 6 July 2026, 07:30 UTC: half past nine in Berlin.
//! assert!(office.hold(&berlin.moment(1_783_323_000_000)));
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// Where clocks show what. Without a word: UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Zone {
    /// Ahead of UTC in winter: `+01:00`, `-05:00`, `+05:30`.
    pub offset: Offset,
    /// The rule for summer time.
    pub summer: Summer,
}

/// When clocks are an hour ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Summer {
    /// Never.
    #[default]
    None,
    /// Europe: from the last Sunday of March to that of October, at 01:00 UTC.
    Eu,
    /// The United States and Canada: from the second Sunday of March to the first of November, at 02:00 by the clock.
    Us,
}

/// Minutes ahead of UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offset(i32);

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "a day is a day")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

const DAYS: [Day; 7] = [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri, Day::Sat, Day::Sun];

/// A date of the Gregorian calendar. In a configuration: `2026-12-24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
}

/// A time of day in minutes. In a configuration: `09:30`; `24:00` is the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

/// What clocks and calendars of a zone show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The date.
    pub date: Date,
    /// The day of the week.
    pub day: Day,
    /// The time of day.
    pub time: TimeOfDay,
}

/// Hours of some days. Hours that end before they begin go on into the next day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The days on which they begin. Without it, every day.
    #[serde(default)]
    pub days: Option<Vec<Day>>,
    /// Their first minute: `09:00`.
    #[serde(default = "midnight")]
    pub from: TimeOfDay,
    /// The minute after their last: `17:00`, `24:00`.
    #[serde(default = "end_of_day")]
    pub to: TimeOfDay,
}

fn midnight() -> TimeOfDay {
    TimeOfDay(0)
}

fn end_of_day() -> TimeOfDay {
    TimeOfDay(24 * 60)
}

impl Zone {
    /// What is shown at a moment, given in milliseconds since 1970 as [`clock::now`](crate::clock::now) does.
    pub fn moment(&self, milliseconds: u64) -> Moment {
        let utc = i64::try_from(milliseconds / 60_000).unwrap_or(i64::MAX / 2);
        let winter = utc + i64::from(self.offset.0);
        let shown = if self.is_summer(utc, winter) { winter + 60 } else { winter };
        let days = shown.div_euclid(24 * 60);
        Moment { date: Date::of_days(days), day: day_of(days), time: TimeOfDay(shown.rem_euclid(24 * 60) as u16) }
    }

    /// Both in minutes since 1970: in UTC, and as clocks would show without summer time.
    fn is_summer(&self, utc: i64, winter: i64) -> bool {
        let year = Date::of_days(winter.div_euclid(24 * 60)).year;
        match self.summer {
            Summer::None => false,
            Summer::Eu => (last_sunday(year, 3) * 24 * 60 + 60..last_sunday(year, 10) * 24 * 60 + 60).contains(&utc),
            // In November the clock that shows 02:00 is one hour ahead.
            Summer::Us => (sunday(year, 3, 2) * 24 * 60 + 120..sunday(year, 11, 1) * 24 * 60 + 60).contains(&winter),
        }
    }
}

impl Hours {
    /// Whether a moment is within them.
    pub fn hold(&self, moment: &Moment) -> bool {
        let begins_on = |day: Day| self.days.as_ref().is_none_or(|days| days.contains(&day));
        if self.from < self.to {
            return begins_on(moment.day) && (self.from..self.to).contains(&moment.time);
        }
        let yesterday = DAYS[(moment.day as usize + 6) % 7];
        begins_on(moment.day) && moment.time >= self.from || begins_on(yesterday) && moment.time < self.to
    }

    /// What the types cannot say.
    ///
    /// # Errors
    ///
    /// A sentence that names the key.
    pub fn validate(&self) -> Result<(), String> {
        if self.days.as_ref().is_some_and(Vec::is_empty) {
            return Err("days: an empty list is no day: leave the key out for every day".to_owned());
        }
        if self.from == self.to || self.from.0 == 24 * 60 {
            return Err("from, to: these are no hours: leave both out for the whole day".to_owned());
        }
        Ok(())
    }
}

/// Days since 1970 of the last Sunday of a month of 31 days.
fn last_sunday(year: i32, month: u8) -> i64 {
    let last = Date { year, month, day: 31 }.days();
    last - (day_of(last) as i64 + 1) % 7
}

/// Days since 1970 of the nth Sunday of a month.
fn sunday(year: i32, month: u8, nth: i64) -> i64 {
    let first = Date { year, month, day: 1 }.days();
    first + (6 - day_of(first) as i64) + (nth - 1) * 7
}

/// 1 January 1970 was a Thursday.
fn day_of(days: i64) -> Day {
    DAYS[(days + 3).rem_euclid(7) as usize]
}

impl Date {
    /// By Hinnant's algorithm: years begin in March, so that the leap day is the last.
    pub(crate) fn of_days(days: i64) -> Date {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * of_year + 2) / 153;
        let day = (of_year - (153 * month + 2) / 5 + 1) as u8;
        let month = if month < 10 { month + 3 } else { month - 9 } as u8;
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Date { year: year as i32, month, day }
    }

    /// Days since 1970.
    pub(crate) fn days(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let month = i64::from(if self.month > 2 { self.month - 3 } else { self.month + 9 });
        let of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    /// Year, month and day; no year before 1970 is read, so none is below zero.
    pub(crate) fn numbers(self) -> [u64; 3] {
        [self.year as u64, u64::from(self.month), u64::from(self.day)]
    }

    pub(crate) fn parse(text: &str) -> Option<Date> {
        let [year, month, day] = text.split('-').collect::<Vec<_>>().try_into().ok()?;
        let date = Date { year: number(year, 4)? as i32, month: number(month, 2)? as u8, day: number(day, 2)? as u8 };
        // 30 February is read as 2 March, which is another date.
        (date.year >= 1970 && Date::of_days(date.days()) == date).then_some(date)
    }
}

impl TimeOfDay {
    fn parse(text: &str) -> Option<TimeOfDay> {
        let (hours, minutes) = text.split_once(':')?;
        let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
        let time = hours * 60 + minutes;
        (minutes < 60 && time <= 24 * 60).then_some(TimeOfDay(time as u16))
    }
}

impl Offset {
    fn parse(text: &str) -> Option<Offset> {
        let (sign, rest) = match text.as_bytes().first()? {
            b'+' => (1, &text[1..]),
            b'-' => (-1, &text[1..]),
            _ => return (text == "Z").then_some(Offset(0)),
        };
        let TimeOfDay(minutes) = TimeOfDay::parse(rest)?;
        (minutes <= 14 * 60).then_some(Offset(sign * i32::from(minutes)))
    }
}

fn number(text: &str, digits: usize) -> Option<u32> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// What is written as a text that has to be read.
macro_rules! text {
    ($type:ty, $what:literal, $pattern:literal) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                <$type>::parse(&text).ok_or_else(|| de::Error::custom(format!(concat!("`{}` is not ", $what), text)))
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern})
            }
        }
    };
}

text!(Offset, "an offset from UTC; write it as +01:00", "^(Z|[+-][0-9]{2}:[0-9]{2})$");
text!(Date, "a date; write it as 2026-12-24", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
text!(TimeOfDay, "a time of day; write it as 09:30", "^[0-9]{2}:[0-9]{2}$");

#[cfg(test)]
mod tests;

//! What a sink reads of a record, beside handing it on: the facts that log services filter by, and times.

use serde::Deserialize;

use crate::calendar::Date;

/// The facts of a record of the ledger that most are looked for by. What a record does not say is nothing, or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Record {
    /// Shared by all records of one request.
    pub id: String,
    /// `complete`, or `intent`, `frame`, `outcome`.
    pub phase: String,
    /// RFC 3339, in UTC: see [`Record::micros`].
    pub time: String,
    /// `request`, `command`, `session`, `stream`, `approval`, `administration`, `refusal`.
    pub kind: String,
    /// The registered cluster.
    pub connection: Option<String>,
    /// The session's id.
    pub session: Option<String>,
    /// Who asked.
    pub identity: Option<Identity>,
    /// The canonical request.
    pub request: Option<Request>,
    /// `allow`, `deny`, `hold`.
    pub decision: Option<String>,
}

/// Who asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Identity {
    /// The subject within its issuer.
    pub subject: String,
    /// `human`, `agent` or `workload`.
    pub kind: String,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Request {
    /// The Kubernetes verb.
    pub verb: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The plural resource; empty for a path that is no resource.
    pub resource: String,
    /// The subresource.
    pub subresource: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
    /// The object's name.
    pub name: Option<String>,
}

impl Record {
    /// Reads a record's JSON. A later version of the gateway may write what this one does not know: that is passed over.
    ///
    /// # Errors
    ///
    /// When it is no record at all.
    pub fn read(json: &str) -> Result<Record, String> {
        crate::json::from_str(json).map_err(|error| format!("a record cannot be read: {error}"))
    }

    /// Its time in microseconds since 1970, when it has one.
    pub fn micros(&self) -> Option<u64> {
        micros(&self.time)
    }
}

/// A time in RFC 3339 and UTC, as the gateway writes them, in microseconds since 1970; years 1970 to 9999.
pub fn micros(text: &str) -> Option<u64> {
    let text = text.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let bytes = whole.as_bytes();
    let shaped = bytes.len() == 19 && [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')].iter().all(|(at, sign)| bytes[*at] == *sign);
    if !shaped || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let days = u64::try_from(Date::parse(whole.get(..10)?)?.days()).ok()?;
    let number = |from: usize, to: usize| whole.get(from..to)?.parse::<u64>().ok();
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = format!("{fraction:0<6}").get(..6)?.parse::<u64>().ok()?;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + fraction)
}

/// Seconds since 1970 as the six numbers of a date and a time in UTC: year, month, day, hour, minute, second.
pub fn date(seconds: u64) -> [u64; 6] {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let [year, month, day] = Date::of_days(days as i64).numbers();
    [year, month, day, rest / 3600, rest / 60 % 60, rest % 60]
}

#[cfg(test)]
mod tests;

use std::time::Duration;

use store::{SessionRow, StoreError, rfc3339};

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Its time was over.
    Expired,
    /// Nobody used it for too long.
    Idle,
    /// Somebody ended it.
    Revoked,
    /// Its owner was done with it.
    Finished,
}

impl EndReason {
    /// As it is kept and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            EndReason::Expired => "expired",
            EndReason::Idle => "idle",
            EndReason::Revoked => "revoked",
            EndReason::Finished => "finished",
        }
    }
}

/// Why a request finds no usable session. Each message is for the agent or person that sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionEnded {
    /// No such token was ever given out, as far as is known.
    #[error("the session token is not known: open a session with `portcullis session open`")]
    Unknown,
    /// Its time was over.
    #[error("the session expired at {}: open another with `portcullis session open`", rfc3339(*at))]
    Expired {
        /// When, in microseconds.
        at: i64,
    },
    /// Unused for too long.
    #[error("the session was unused for {} and ended at {}: open another with `portcullis session open`", seconds(*idle), rfc3339(*at))]
    Idle {
        /// When, in microseconds.
        at: i64,
        /// How long it may go unused.
        idle: Duration,
    },
    /// Somebody ended it.
    #[error("the session was revoked at {}: ask its sponsor or an operator before you log in and open another", rfc3339(*at))]
    Revoked {
        /// When, in microseconds.
        at: i64,
    },
    /// Its owner was done with it.
    #[error("the session was ended by its owner at {}: open another with `portcullis session open`", rfc3339(*at))]
    Finished {
        /// When, in microseconds.
        at: i64,
    },
    /// It has made all the requests that it may make. It lives on until its time is over, so that its
    /// caller does not simply get another.
    #[error("the session has made all of its {limit} requests: wait until it expires at {}, or ask an operator for more", rfc3339(*until))]
    Budget {
        /// How many it may make.
        limit: u64,
        /// When it expires, in microseconds.
        until: i64,
    },
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs())
}

impl SessionEnded {
    pub(crate) fn of(reason: EndReason, at: i64, idle: Duration) -> Self {
        match reason {
            EndReason::Expired => SessionEnded::Expired { at },
            EndReason::Idle => SessionEnded::Idle { at, idle },
            EndReason::Revoked => SessionEnded::Revoked { at },
            EndReason::Finished => SessionEnded::Finished { at },
        }
    }
}

/// What a kept session says of its end.
pub(crate) fn of_row(row: &SessionRow) -> SessionEnded {
    let at = row.ended.unwrap_or(row.expires);
    let idle = Duration::from_micros(u64::try_from(row.idle).unwrap_or(0));
    match row.ended_why.as_deref() {
        Some("expired") => SessionEnded::Expired { at },
        Some("idle") => SessionEnded::Idle { at, idle },
        Some("revoked") => SessionEnded::Revoked { at },
        Some("finished") => SessionEnded::Finished { at },
        // Live in the store but not here: another replica's, which this release does not share.
        _ => SessionEnded::Unknown,
    }
}

/// Why a session cannot be opened or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The caller's session was ended, and its token is too old for another; or its requests are spent.
    #[error(transparent)]
    Ended(#[from] SessionEnded),
    /// No room.
    #[error("{limit} sessions are live, which is the limit: end some with `portcullis session revoke`, or raise the limit")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// Too much text.
    #[error("the purpose is longer than {limit} bytes: say it shorter")]
    Purpose {
        /// The limit in bytes.
        limit: usize,
    },
    /// To end a session, there must be one.
    #[error("there is no live session {id}: see `portcullis session list`")]
    NotLive {
        /// What was asked for.
        id: String,
    },
    /// Two sessions got the same random number, or two replicas changed one session at once.
    #[error("the session could not be opened because another was opened at the same moment: try again")]
    Clash,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

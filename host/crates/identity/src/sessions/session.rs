use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use store::{SessionRow, SessionUse, StoreError, now_micros};
use tokio_util::sync::CancellationToken;

use super::ended::{EndReason, SessionEnded};
use crate::fingerprint::Fingerprint;
use crate::identity::{Identity, Kind};

/// On what terms a session is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long until it ends, whatever happens.
    pub ttl: Duration,
    /// How long it may go unused.
    pub idle: Duration,
    /// How many requests it may make.
    pub requests: Option<u64>,
}

impl Default for Terms {
    /// An hour, a quarter of it idle, no limit of requests.
    fn default() -> Self {
        Terms { ttl: Duration::from_secs(3600), idle: Duration::from_secs(900), requests: None }
    }
}

/// A session. What it says of itself does not change; what is counted does.
#[derive(Debug)]
pub struct Session {
    /// What people call it.
    pub id: String,
    /// The registered cluster that it is for.
    pub connection: String,
    /// Whose it is.
    pub identity: Arc<Identity>,
    /// What it is for, in its owner's words.
    pub purpose: Option<String>,
    /// When it was opened, in microseconds.
    pub opened: i64,
    /// When it ends, whatever happens, in microseconds.
    pub expires: i64,
    /// How long it may go unused.
    pub idle: Duration,
    /// How many requests it may make.
    pub limit: Option<u64>,
    /// The hash of its token; nothing when its caller comes with an issuer's token.
    pub(crate) token: Option<Fingerprint>,
    requests: AtomicU64,
    last_used: AtomicI64,
    streams: AtomicUsize,
    saved_requests: AtomicU64,
    saved_last_used: AtomicI64,
    end: OnceLock<(EndReason, i64)>,
    cancelled: CancellationToken,
}

/// A stream in progress (a watch, a log, an exec): while it lives, the session is in use.
#[derive(Debug)]
pub struct StreamGuard(Arc<Session>);

impl Drop for StreamGuard {
    fn drop(&mut self) {
        self.0.last_used.fetch_max(now_micros(), Ordering::Relaxed);
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl Session {
    pub(crate) fn new(
        id: String,
        identity: Arc<Identity>,
        connection: &str,
        purpose: Option<String>,
        terms: Terms,
        token: Option<Fingerprint>,
        now: i64,
    ) -> Self {
        Session {
            id,
            connection: connection.to_owned(),
            identity,
            purpose,
            opened: now,
            expires: now.saturating_add(micros(terms.ttl)),
            idle: terms.idle,
            limit: terms.requests,
            token,
            requests: AtomicU64::new(0),
            last_used: AtomicI64::new(now),
            streams: AtomicUsize::new(0),
            saved_requests: AtomicU64::new(0),
            saved_last_used: AtomicI64::new(now),
            end: OnceLock::new(),
            cancelled: CancellationToken::new(),
        }
    }

    pub(crate) fn from_row(row: &SessionRow) -> Result<Self, StoreError> {
        let unreadable = |column| StoreError::Unreadable { table: "sessions", column };
        let kind = Kind::from_name(&row.kind).ok_or_else(|| unreadable("kind"))?;
        let token = match &row.token_hash {
            Some(hash) => Some(Fingerprint::from_hex(hash).ok_or_else(|| unreadable("token_hash"))?),
            None => None,
        };
        let requests = u64::try_from(row.requests).map_err(|_| unreadable("requests"))?;
        let limit =
            row.request_limit.map(u64::try_from).transpose().map_err(|_| unreadable("request_limit"))?;
        let identity = Identity::new(
            row.issuer.clone(),
            row.subject.clone(),
            kind,
            row.sponsor.clone(),
            row.groups.clone(),
            row.aliases.clone(),
            0,
            0,
        );
        Ok(Session {
            id: row.id.clone(),
            connection: row.connection.clone(),
            identity: Arc::new(identity),
            purpose: row.purpose.clone(),
            opened: row.opened,
            expires: row.expires,
            idle: Duration::from_micros(u64::try_from(row.idle).map_err(|_| unreadable("idle"))?),
            limit,
            token,
            requests: AtomicU64::new(requests),
            last_used: AtomicI64::new(row.last_used),
            streams: AtomicUsize::new(0),
            saved_requests: AtomicU64::new(requests),
            saved_last_used: AtomicI64::new(row.last_used),
            end: OnceLock::new(),
            cancelled: CancellationToken::new(),
        })
    }

    pub(crate) fn to_row(&self) -> SessionRow {
        let as_i64 = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        SessionRow {
            id: self.id.clone(),
            token_hash: self.token.map(Fingerprint::to_hex),
            implicit_key: self
                .token
                .is_none()
                .then(|| format!("{}/{}", self.identity.fingerprint.to_hex(), self.connection)),
            connection: self.connection.clone(),
            issuer: self.identity.issuer.clone(),
            subject: self.identity.subject.clone(),
            kind: self.identity.kind.as_str().to_owned(),
            sponsor: self.identity.sponsor.clone(),
            groups: self.identity.groups.clone(),
            aliases: self.identity.aliases.clone(),
            purpose: self.purpose.clone(),
            opened: self.opened,
            expires: self.expires,
            idle: micros(self.idle),
            request_limit: self.limit.map(as_i64),
            requests: as_i64(self.requests()),
            last_used: self.last_used(),
            ended: None,
            ended_why: None,
            ended_by: None,
        }
    }

    /// Count one request, now: it must be live and have requests left. Call it once for each request, before anything
    /// else is done for it. A few nanoseconds, memory only.
    ///
    /// # Errors
    /// Why it may make none.
    pub fn admit(&self) -> Result<(), SessionEnded> {
        let now = now_micros();
        self.check(now)?;
        match self.limit {
            None => {
                self.requests.fetch_add(1, Ordering::Relaxed);
            }
            Some(limit) => {
                // Never above the limit, however many ask at once.
                self.requests
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |made| (made < limit).then(|| made + 1))
                    .map_err(|_| SessionEnded::Budget { limit, until: self.expires })?;
            }
        }
        self.last_used.fetch_max(now, Ordering::Relaxed);
        Ok(())
    }

    /// Whether it is live now; counts nothing. For the moment before something is done, when time has passed since
    /// [`Session::admit`].
    ///
    /// # Errors
    /// Why it has ended.
    pub fn still_live(&self) -> Result<(), SessionEnded> {
        match self.check(now_micros()) {
            // The request that asks has been counted already.
            Ok(()) | Err(SessionEnded::Budget { .. }) => Ok(()),
            Err(ended) => Err(ended),
        }
    }

    /// Say that a stream begins: the session does not go idle while the guard lives.
    pub fn stream(self: &Arc<Self>) -> StreamGuard {
        self.streams.fetch_add(1, Ordering::Relaxed);
        StreamGuard(self.clone())
    }

    /// Completes within a second of the session's end; at once if it has ended.
    pub async fn ended(&self) -> SessionEnded {
        self.cancelled.cancelled().await;
        match self.end.get() {
            Some((reason, at)) => SessionEnded::of(*reason, *at, self.idle),
            // Not reachable: the reason is set before the token is cancelled.
            None => SessionEnded::Unknown,
        }
    }

    /// The same as a token, for `tokio::select!` in places that hold no `Arc` of the session.
    pub fn cancellation(&self) -> CancellationToken {
        self.cancelled.clone()
    }

    /// How many requests it has made.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// When it was last used, in microseconds.
    pub fn last_used(&self) -> i64 {
        if self.streams.load(Ordering::Relaxed) > 0 { now_micros() } else { self.last_used.load(Ordering::Relaxed) }
    }

    /// Why it is over, by what the clock says.
    pub(crate) fn over(&self, now: i64) -> Option<EndReason> {
        if now >= self.expires {
            Some(EndReason::Expired)
        } else if self.streams.load(Ordering::Relaxed) == 0
            && now.saturating_sub(self.last_used.load(Ordering::Relaxed)) >= micros(self.idle)
        {
            Some(EndReason::Idle)
        } else {
            None
        }
    }

    pub(crate) fn check(&self, now: i64) -> Result<(), SessionEnded> {
        if let Some((reason, at)) = self.end.get() {
            return Err(SessionEnded::of(*reason, *at, self.idle));
        }
        // Without waiting for the sweep: a token is worthless from the very moment.
        if let Some(reason) = self.over(now) {
            let at = if reason == EndReason::Expired { self.expires } else { now };
            return Err(SessionEnded::of(reason, at, self.idle));
        }
        match self.limit {
            Some(limit) if self.requests() >= limit => Err(SessionEnded::Budget { limit, until: self.expires }),
            _ => Ok(()),
        }
    }

    pub(crate) fn end(&self, reason: EndReason, at: i64) {
        let at = if reason == EndReason::Expired { self.expires.min(at) } else { at };
        let _ = self.end.set((reason, at));
        self.cancelled.cancel();
    }

    pub(crate) fn unsaved_use(&self) -> Option<SessionUse> {
        let requests = self.requests();
        let last_used = self.last_used();
        let saved = requests == self.saved_requests.load(Ordering::Relaxed)
            && last_used == self.saved_last_used.load(Ordering::Relaxed);
        (!saved).then(|| SessionUse {
            id: self.id.clone(),
            requests: i64::try_from(requests).unwrap_or(i64::MAX),
            last_used,
        })
    }

    pub(crate) fn saved(&self, used: &SessionUse) {
        self.saved_requests.store(u64::try_from(used.requests).unwrap_or(0), Ordering::Relaxed);
        self.saved_last_used.store(used.last_used, Ordering::Relaxed);
    }
}

mod ended;
mod session;
mod token;
mod upkeep;
mod view;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use quick_cache::sync::Cache;
use store::{SessionFilter, SessionRow, Store, StoreError, new_id, now_micros};
use tokio::sync::Semaphore;

use crate::fingerprint::Fingerprint;
use crate::identity::Identity;

pub use ended::{EndReason, SessionEnded, SessionError};
pub use session::{Session, StreamGuard, Terms};
pub use token::SessionToken;
pub use view::{IdentityView, SessionView};

/// Of how many ended sessions the reason is known without asking the store.
const REMEMBERED: usize = 10_000;

/// How many unknown tokens the store is asked about at once: whoever makes tokens up must not keep it busy.
const EXPLAINING: usize = 2;

/// The longest purpose that is kept, in bytes.
const LONGEST_PURPOSE: usize = 1024;

/// How many callers may be asked about at once before some wait for each other.
const TURNS: usize = 64;

/// How [`Sessions`] works.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// How often counts and times of use are written to the store. What was counted since is lost by a crash
    /// (not by a shutdown). 3 s by default.
    pub flush_every: Duration,
    /// How many sessions may live at once; more are refused. 50,000 by default (some 50 MB).
    pub max_live: usize,
}

impl Default for SessionOptions {
    fn default() -> Self {
        SessionOptions { flush_every: Duration::from_secs(3), max_live: 50_000 }
    }
}

/// All live sessions. Finding and counting touch memory only; opening and ending are on disk before they
/// return.
#[derive(Debug)]
pub struct Sessions {
    store: Arc<Store>,
    options: SessionOptions,
    live: RwLock<Live>,
    /// Why sessions ended, by the hash of their tokens.
    ended: Cache<Fingerprint, SessionEnded>,
    /// Callers with an issuer's token whose session was revoked, and when: older tokens open none any more.
    revoked: RwLock<HashMap<Fingerprint, i64>>,
    /// Ends that are not in the store yet.
    unsaved: Mutex<Vec<End>>,
    /// Held while opening a session for a caller without one, so that many requests at once open one.
    opening: tokio::sync::Mutex<()>,
    explaining: Semaphore,
    /// One for each caller and connection, shared by a few: see [`Sessions::turn`].
    turns: [tokio::sync::Mutex<()>; TURNS],
}

#[derive(Debug, Default)]
struct Live {
    by_id: HashMap<String, Arc<Session>>,
    by_token: HashMap<Fingerprint, Arc<Session>>,
    /// Few connections for one identity, so a list: looking up needs no allocation.
    implicit: HashMap<Fingerprint, Vec<Arc<Session>>>,
}

#[derive(Clone, Debug)]
struct End {
    id: String,
    at: i64,
    reason: EndReason,
    by: Option<String>,
}

impl Live {
    fn insert(&mut self, session: &Arc<Session>) {
        self.by_id.insert(session.id.clone(), session.clone());
        match session.token {
            Some(token) => {
                self.by_token.insert(token, session.clone());
            }
            None => self.implicit.entry(session.identity.fingerprint).or_default().push(session.clone()),
        }
    }

    fn remove(&mut self, session: &Session) {
        self.by_id.remove(&session.id);
        match session.token {
            Some(token) => {
                self.by_token.remove(&token);
            }
            None => {
                let name = session.identity.fingerprint;
                if let Some(several) = self.implicit.get_mut(&name) {
                    several.retain(|one| one.id != session.id);
                    if several.is_empty() {
                        self.implicit.remove(&name);
                    }
                }
            }
        }
    }
}

impl Sessions {
    /// Take up the sessions that live in the store, and begin to watch over them. The background task ends with
    /// the last `Arc`; [`Sessions::shutdown`] writes what is not written yet.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn start(store: Arc<Store>, options: SessionOptions) -> Result<Arc<Sessions>, StoreError> {
        let mut live = Live::default();
        for row in store.live_sessions().await? {
            live.insert(&Arc::new(Session::from_row(&row)?));
        }
        let mut revoked = HashMap::new();
        for (issuer, subject, connection, at) in store.implicit_revocations().await? {
            revoked.insert(Fingerprint::of_parts([issuer.as_str(), &subject, &connection]), at);
        }
        let sessions = Arc::new(Sessions {
            store,
            options,
            live: RwLock::new(live),
            ended: Cache::new(REMEMBERED),
            revoked: RwLock::new(revoked),
            unsaved: Mutex::new(Vec::new()),
            opening: tokio::sync::Mutex::new(()),
            explaining: Semaphore::new(EXPLAINING),
            turns: std::array::from_fn(|_| tokio::sync::Mutex::new(())),
        });
        // What ended while the gateway was down has ended before the first request.
        sessions.sweep(now_micros());
        sessions.save_ends().await;
        tokio::spawn(upkeep::watch_over(Arc::downgrade(&sessions)));
        Ok(sessions)
    }

    /// Open a session with a token of its own. The token is shown to its owner once and kept nowhere.
    ///
    /// # Errors
    /// When there are too many, or the store fails.
    pub async fn open(
        &self,
        identity: Arc<Identity>,
        connection: &str,
        purpose: Option<String>,
        terms: Terms,
    ) -> Result<(Arc<Session>, SessionToken), SessionError> {
        self.check_room()?;
        let token = SessionToken::fresh();
        let session = self.fresh(identity, connection, purpose, terms, Some(token.fingerprint()))?;
        if !self.store.insert_session(&session.to_row()).await? {
            return Err(SessionError::Clash);
        }
        self.live.write().insert(&session);
        Ok((session, token))
    }

    /// The live session of a caller who comes with an issuer's token and no session; nothing when there is none
    /// yet: then ask the session policies and call [`Sessions::open_implicit`]. Memory only.
    ///
    /// # Errors
    /// [`SessionEnded::Budget`] when the session lives but may make no more requests.
    pub fn implicit(&self, identity: &Identity, connection: &str) -> Result<Option<Arc<Session>>, SessionEnded> {
        let now = now_micros();
        let found = {
            let live = self.live.read();
            live.implicit
                .get(&identity.fingerprint)
                .and_then(|several| several.iter().find(|one| one.connection == connection))
                .cloned()
        };
        match found {
            Some(session) => match session.check(now) {
                Ok(()) => Ok(Some(session)),
                Err(spent @ SessionEnded::Budget { .. }) => Err(spent),
                // Over: the next one may be opened, and the policies are asked again.
                Err(_) => Ok(None),
            },
            None => Ok(None),
        }
    }

    /// Open the session of a caller without one, or take the one that another request has opened meanwhile.
    ///
    /// # Errors
    /// When such a session was revoked after this token was issued, when there are too many, or the store fails.
    pub async fn open_implicit(
        &self,
        identity: Arc<Identity>,
        connection: &str,
        terms: Terms,
    ) -> Result<Arc<Session>, SessionError> {
        let _opening = self.opening.lock().await;
        if let Some(session) = self.implicit(&identity, connection)? {
            return Ok(session);
        }
        let name = Fingerprint::of_parts([identity.issuer.as_str(), &identity.subject, connection]);
        if let Some(at) = self.revoked.read().get(&name).copied()
            && identity.issued <= at
        {
            return Err(SessionEnded::Revoked { at }.into());
        }
        self.check_room()?;
        // One that is over by time must be out of the store before the next can take its place.
        self.sweep(now_micros());
        self.save_ends().await;
        let session = self.fresh(identity, connection, None, terms, None)?;
        let row = session.to_row();
        if self.store.insert_session(&row).await? {
            self.live.write().insert(&session);
            return Ok(session);
        }
        // Another replica was first.
        let key = row.implicit_key.unwrap_or_default();
        let row = self.store.live_implicit_session(&key).await?.ok_or(SessionError::Clash)?;
        let session = Arc::new(Session::from_row(&row)?);
        self.live.write().insert(&session);
        Ok(session)
    }

    fn check_room(&self) -> Result<(), SessionError> {
        let limit = self.options.max_live;
        if self.live.read().by_id.len() >= limit { Err(SessionError::TooMany { limit }) } else { Ok(()) }
    }

    fn fresh(
        &self,
        identity: Arc<Identity>,
        connection: &str,
        purpose: Option<String>,
        terms: Terms,
        token: Option<Fingerprint>,
    ) -> Result<Arc<Session>, SessionError> {
        if purpose.as_ref().is_some_and(|purpose| purpose.len() > LONGEST_PURPOSE) {
            return Err(SessionError::Purpose { limit: LONGEST_PURPOSE });
        }
        Ok(Arc::new(Session::new(new_id("ses"), identity, connection, purpose, terms, token, now_micros())))
    }

    /// The live session of a session token. Memory only: a hash and a look-up. It counts nothing: call
    /// [`Session::admit`] for each request.
    ///
    /// # Errors
    /// Why there is none.
    pub fn resolve(&self, token: &str) -> Result<Arc<Session>, SessionEnded> {
        let name = SessionToken::fingerprint_of(token).ok_or(SessionEnded::Unknown)?;
        let found = self.live.read().by_token.get(&name).cloned();
        match found {
            Some(session) => session.check(now_micros()).map(|()| session),
            None => Err(self.ended.get(&name).unwrap_or(SessionEnded::Unknown)),
        }
    }

    /// As [`Sessions::resolve`], but asks the store about a token that is not known in memory: for the precise reason
    /// after a restart. When it is busy with other unknown tokens it does not ask, and the reason is less precise.
    ///
    /// # Errors
    /// Why there is no live session.
    pub async fn resolve_or_explain(&self, token: &str) -> Result<Arc<Session>, SessionEnded> {
        let name = SessionToken::fingerprint_of(token).ok_or(SessionEnded::Unknown)?;
        match self.resolve(token) {
            Err(SessionEnded::Unknown) => {
                let Ok(_asking) = self.explaining.try_acquire() else { return Err(SessionEnded::Unknown) };
                let Ok(Some(row)) = self.store.session_by_token_hash(&name.to_hex()).await else {
                    return Err(SessionEnded::Unknown);
                };
                let why = ended::of_row(&row);
                self.ended.insert(name, why.clone());
                Err(why)
            }
            other => other,
        }
    }

    /// Waits for the caller's turn to open a session on a connection. Whoever holds it counts, asks the policies and opens, and no other of
    /// the same caller in between: otherwise many requests at once would open more than the policies allow. One process's affair: replicas
    /// count what they have opened themselves.
    pub async fn turn(&self, identity: &Identity, connection: &str) -> tokio::sync::MutexGuard<'_, ()> {
        let caller = Fingerprint::of_parts([identity.issuer.as_str(), &identity.subject, connection]);
        self.turns[caller.among(TURNS)].lock().await
    }

    /// How many live sessions an identity has on a connection, with a token or without.
    pub fn count_open(&self, identity: &Identity, connection: &str) -> usize {
        self.live
            .read()
            .by_id
            .values()
            .filter(|one| {
                one.connection == connection
                    && one.identity.issuer == identity.issuer
                    && one.identity.subject == identity.subject
            })
            .count()
    }

    /// How many sessions live.
    pub fn count(&self) -> usize {
        self.live.read().by_id.len()
    }

    /// The live session of this id.
    pub fn live(&self, id: &str) -> Option<Arc<Session>> {
        self.live.read().by_id.get(id).cloned()
    }

    /// End a session because somebody says so. In this process it has ended when this is called; it is on disk when
    /// this returns `Ok`. For a caller with an issuer's token, tokens issued until now are worth nothing for this connection
    /// any more.
    ///
    /// # Errors
    /// [`SessionError::NotLive`] when there is no such live session; a store's failure (it is tried again in the
    /// background, but must be reported: a restart before that would revive the session).
    pub async fn revoke(&self, id: &str, by: &str) -> Result<(), SessionError> {
        self.end(id, EndReason::Revoked, Some(by)).await
    }

    /// End a session because its owner is done with it (`portcullis run` when its command ends).
    ///
    /// # Errors
    /// As [`Sessions::revoke`].
    pub async fn finish(&self, id: &str) -> Result<(), SessionError> {
        self.end(id, EndReason::Finished, None).await
    }

    async fn end(&self, id: &str, reason: EndReason, by: Option<&str>) -> Result<(), SessionError> {
        let session = self.live(id).ok_or_else(|| SessionError::NotLive { id: id.to_owned() })?;
        let at = now_micros();
        self.cut(&session, reason, at);
        // Nobody counts it any more after this, and a short session ends before the first flush.
        if let Some(used) = session.unsaved_use()
            && let Err(error) = self.store.record_session_use(&[used]).await
        {
            tracing::warn!(%error, session = id, "the last use of a session could not be kept");
        }
        let end = End { id: id.to_owned(), at, reason, by: by.map(str::to_owned) };
        if let Err(error) = self.save_end(&end).await {
            self.unsaved.lock().push(end);
            return Err(error.into());
        }
        Ok(())
    }

    /// End it in memory: nobody finds it, whoever waits is woken.
    fn cut(&self, session: &Session, reason: EndReason, at: i64) {
        if session.token.is_none() && reason == EndReason::Revoked {
            let who = &session.identity;
            let name = Fingerprint::of_parts([who.issuer.as_str(), &who.subject, &session.connection]);
            self.revoked.write().insert(name, at);
        }
        session.end(reason, at);
        if let Some(token) = session.token {
            self.ended.insert(token, SessionEnded::of(reason, at, session.idle));
        }
        self.live.write().remove(session);
    }

    /// Sessions as people see them, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, filter: &SessionFilter) -> Result<Vec<SessionView>, StoreError> {
        Ok(self.store.list_sessions(filter).await?.iter().map(|row| self.view(row)).collect())
    }

    /// One session as people see it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn show(&self, id: &str) -> Result<Option<SessionView>, StoreError> {
        Ok(self.store.session(id).await?.as_ref().map(|row| self.view(row)))
    }

    fn view(&self, row: &SessionRow) -> SessionView {
        let live = self.live.read().by_id.get(&row.id).cloned();
        SessionView::new(row, live.as_deref())
    }
}

#[cfg(test)]
mod tests;

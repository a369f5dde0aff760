use std::sync::{Arc, Weak};
use std::time::Duration;

use store::{
    ApprovalFilter, ApprovalRow, Change, Changed, DecisionRow, OpenOutcome, Store, new_id, now_micros,
};
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::approval::{Approval, new_row};
use crate::ask::Ask;
use crate::error::ApprovalError;
use crate::notify::{self, Notifier, Occasion};
use crate::person::Person;
use crate::state::{self, Next, Refused, State};

/// How often overdue approvals are looked for. A use or a decision checks the time itself.
const SWEEP: Duration = Duration::from_secs(1);

/// How often approvals and notices of long ago are forgotten.
const PRUNE: Duration = Duration::from_secs(3600);

/// How many approvals of one requester may wait at once: more than a person would look at.
const MOST_PENDING: u32 = 50;

/// The longest comment, in bytes.
const LONGEST_COMMENT: usize = 2048;

/// How [`Approvals`] works.
#[derive(Clone, Debug)]
pub struct Options {
    /// The gateway's public URL, without a slash at its end: an approval's page is `{base}/approvals/{id}`.
    pub base: String,
}

impl Options {
    /// With the gateway's public URL.
    pub fn new(base: impl Into<String>) -> Self {
        let base: String = base.into();
        Options { base: base.trim_end_matches('/').to_owned() }
    }
}

/// The approvals. Share it by `Arc`.
pub struct Approvals {
    store: Arc<Store>,
    notifier: Arc<dyn Notifier>,
    base: String,
}

impl Approvals {
    /// Begin to watch over the approvals in the store: what is overdue expires, what was asked for in a session that was
    /// revoked is withdrawn, queued notifications are delivered. The background tasks end with the last `Arc`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn start(
        store: Arc<Store>,
        options: Options,
        notifier: impl Notifier,
    ) -> Result<Arc<Approvals>, ApprovalError> {
        let notifier: Arc<dyn Notifier> = Arc::new(notifier);
        let changes = store.changes();
        let approvals = Arc::new(Approvals { store: store.clone(), notifier: notifier.clone(), base: options.base });
        approvals.expire().await?;
        approvals.withdraw_revoked().await?;
        tokio::spawn(watch_over(Arc::downgrade(&approvals), changes));
        tokio::spawn(notify::deliver(Arc::downgrade(&store), notifier, store.changes()));
        Ok(approvals)
    }

    fn read(&self, row: &ApprovalRow) -> Result<Approval, ApprovalError> {
        Ok(Approval::from_row(row, &self.base)?)
    }

    /// Ask for an approval. Asking again for the same thing gives the same one:
    ///
    /// - pending: wait for it;
    /// - approved: call [`Approvals::consume`];
    /// - denied: the no stands until the approval would have expired; tell the requester.
    ///
    /// Otherwise it is a new one, pending, on disk, and the approvers are being told.
    ///
    /// # Errors
    /// When the route cannot be used, too many are waiting, or the store fails.
    pub async fn request(&self, ask: &Ask) -> Result<Approval, ApprovalError> {
        let ask = ask.checked()?;
        let fingerprint = ask.fingerprint();
        let now = now_micros();
        if let Some(latest) = self.store.latest_approval(&fingerprint).await? {
            let latest = self.read(&latest)?;
            let stands = match latest.state {
                State::Pending | State::Approved | State::Denied => now < latest.expires,
                State::Used | State::Expired | State::Withdrawn => false,
            };
            if stands {
                return Ok(latest);
            }
            if !latest.state.is_final() {
                // Overdue, only not noted yet: it must make room for the new one.
                self.expire_one(&latest.id).await?;
            }
        }
        let waiting = self.store.count_pending_approvals(&ask.requester.issuer, &ask.requester.subject).await?;
        if waiting >= u64::from(MOST_PENDING) {
            return Err(ApprovalError::TooMany { limit: MOST_PENDING, subject: ask.requester.subject });
        }
        let row = new_row(&ask, new_id("apr"), now);
        let approval = self.read(&row)?;
        let notices = notify::notifications(self.notifier.as_ref(), &approval, Occasion::Requested, now);
        match self.store.open_approval(&row, &notices).await? {
            OpenOutcome::Opened => Ok(approval),
            OpenOutcome::Open(other) => self.read(&other),
        }
    }

    /// The granted, unused, unexpired approval that fits, when there is one. It says nothing about the next moment: only
    /// [`Approvals::consume`] does.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find_grant(&self, ask: &Ask) -> Result<Option<Approval>, ApprovalError> {
        let Some(row) = self.store.latest_approval(&ask.fingerprint()).await? else { return Ok(None) };
        let approval = self.read(&row)?;
        Ok((approval.state == State::Approved && now_micros() < approval.expires).then_some(approval))
    }

    /// Use a granted approval for the request that is about to be forwarded: `ask` as it is at this moment, its target
    /// read anew. When this returns `Ok` the approval is used, on disk, and nobody else can use it. Never forward
    /// without.
    ///
    /// # Errors
    /// Why it cannot be used, among them that somebody else just has; or the store's failure, after which it may be used or not:
    /// do not forward.
    pub async fn consume(&self, id: &str, ask: &Ask, record: &str) -> Result<Approval, ApprovalError> {
        let fingerprint = ask.fingerprint();
        let now = now_micros();
        self.change(id, now, |row, approval| {
            let next = state::consume(approval, row.fingerprint == fingerprint, now)?;
            Ok((next, Extra { used_by: Some(record.to_owned()), ..Extra::default() }))
        })
        .await
    }

    /// Somebody says yes or no.
    ///
    /// # Errors
    /// Why they may not, or not now; or the store's failure.
    pub async fn decide(
        &self,
        id: &str,
        by: &Person,
        approves: bool,
        comment: Option<String>,
    ) -> Result<Approval, ApprovalError> {
        if comment.as_ref().is_some_and(|comment| comment.len() > LONGEST_COMMENT) {
            return Err(ApprovalError::Comment { limit: LONGEST_COMMENT });
        }
        let comment = comment.filter(|comment| !comment.trim().is_empty());
        let now = now_micros();
        self.change(id, now, |_, approval| {
            let next = state::decide(approval, by, approves, now)?;
            let decision = DecisionRow {
                issuer: by.issuer.clone(),
                subject: by.subject.clone(),
                aliases: by.aliases.clone(),
                approves,
                comment,
                decided: now,
            };
            Ok((next, Extra { decision: Some(decision), ..Extra::default() }))
        })
        .await
    }

    /// Take an approval back: its requester, or the sponsor of the agent that asked.
    ///
    /// # Errors
    /// When it has ended or is somebody else's; or the store's failure.
    pub async fn withdraw(&self, id: &str, by: &Person, why: Option<String>) -> Result<Approval, ApprovalError> {
        if why.as_ref().is_some_and(|why| why.len() > LONGEST_COMMENT) {
            return Err(ApprovalError::Comment { limit: LONGEST_COMMENT });
        }
        let now = now_micros();
        self.change(id, now, |_, approval| {
            let next = state::withdraw(approval, Some(by), now)?;
            Ok((next, Extra { ended_why: why, ..Extra::default() }))
        })
        .await
    }

    /// Withdraw everything that a session asked for and that is not used yet.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn withdraw_session(&self, session: &str, why: &str) -> Result<(), ApprovalError> {
        for wanted in [State::Pending, State::Approved] {
            let filter = ApprovalFilter {
                state: Some(wanted.as_str().to_owned()),
                session: Some(session.to_owned()),
                ..ApprovalFilter::default()
            };
            for row in self.store.list_approvals(&filter).await? {
                let now = now_micros();
                let outcome = self
                    .change(&row.id, now, |_, approval| {
                        let next = state::withdraw(approval, None, now)?;
                        Ok((next, Extra { ended_why: Some(why.to_owned()), ..Extra::default() }))
                    })
                    .await;
                not_refused(outcome)?;
            }
        }
        Ok(())
    }

    /// Wait until an approval is not pending any more, but at most for so long: then it comes back pending.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn wait(&self, id: &str, limit: Duration) -> Result<Approval, ApprovalError> {
        let until = Instant::now() + limit;
        // Before the first look, so that nothing is missed between the two.
        let mut changes = self.store.changes();
        loop {
            let approval = self.show(id).await?;
            if approval.state != State::Pending {
                return Ok(approval);
            }
            let changed = async {
                loop {
                    match changes.recv().await {
                        Ok(Change::Approval(other)) if other != id => {}
                        Ok(Change::Session(_) | Change::Notifications) => {}
                        // This one; or some were missed, so look.
                        _ => return,
                    }
                }
            };
            if tokio::time::timeout_at(until, changed).await.is_err() {
                return Ok(approval);
            }
        }
    }

    /// One approval.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn show(&self, id: &str) -> Result<Approval, ApprovalError> {
        let row = self.store.approval(id).await?.ok_or_else(|| ApprovalError::Unknown { id: id.to_owned() })?;
        self.read(&row)
    }

    /// Approvals, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, filter: &ApprovalFilter) -> Result<Vec<Approval>, ApprovalError> {
        self.store.list_approvals(filter).await?.iter().map(|row| self.read(row)).collect()
    }

    /// Changes from now on; look at those that are [`Change::Approval`].
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.store.changes()
    }

    /// Let what is overdue expire. It happens every second by itself.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn expire(&self) -> Result<(), ApprovalError> {
        for id in self.store.overdue_approvals(now_micros()).await? {
            self.expire_one(&id).await?;
        }
        Ok(())
    }

    async fn forget(&self) -> Result<(), ApprovalError> {
        let now = now_micros();
        self.store.prune_notifications(now).await?;
        Ok(self.store.prune_approvals(now).await?)
    }

    async fn expire_one(&self, id: &str) -> Result<(), ApprovalError> {
        let now = now_micros();
        let outcome = self.change(id, now, |_, approval| Ok((state::expire(approval, now)?, Extra::default()))).await;
        not_refused(outcome)
    }

    async fn withdraw_revoked(&self) -> Result<(), ApprovalError> {
        for session in self.store.revoked_sessions_with_open_approvals().await? {
            self.withdraw_session(&session, REVOKED).await?;
        }
        Ok(())
    }

    async fn session_changed(&self, id: &str) -> Result<(), ApprovalError> {
        let revoked =
            self.store.session(id).await?.is_some_and(|session| session.ended_why.as_deref() == Some("revoked"));
        if revoked { self.withdraw_session(id, REVOKED).await } else { Ok(()) }
    }

    /// Let the state machine judge a change with the row locked, and write what it says with the notices that tell of
    /// it.
    async fn change(
        &self,
        id: &str,
        now: i64,
        judge: impl FnOnce(&ApprovalRow, &Approval) -> Result<(Next, Extra), Refused> + Send,
    ) -> Result<Approval, ApprovalError> {
        let outcome = self
            .store
            .change_approval(id, |row| -> Result<Changed, ApprovalError> {
                let mut approval = self.read(row)?;
                let (next, extra) = judge(row, &approval)?;
                let changed = Changed {
                    state: next.state.as_str().to_owned(),
                    expires: next.expires,
                    ended: next.ended,
                    ended_why: extra.ended_why,
                    used_by: extra.used_by,
                    decision: extra.decision,
                    notifications: Vec::new(),
                };
                let Some(occasion) = occasion(approval.state, next.state) else { return Ok(changed) };
                // The notice shows the approval as it is after the change.
                let mut after = row.clone();
                after.state.clone_from(&changed.state);
                after.expires = changed.expires;
                after.ended = changed.ended;
                after.ended_why.clone_from(&changed.ended_why);
                after.used_by.clone_from(&changed.used_by);
                after.decisions.extend(changed.decision.clone());
                approval = self.read(&after)?;
                let notifications = notify::notifications(self.notifier.as_ref(), &approval, occasion, now);
                Ok(Changed { notifications, ..changed })
            })
            .await??;
        self.read(&outcome)
    }
}

const REVOKED: &str = "the session that asked for it was revoked";

/// What a change writes besides the state.
#[derive(Default)]
struct Extra {
    decision: Option<DecisionRow>,
    ended_why: Option<String>,
    used_by: Option<String>,
}

/// Nobody is told of a yes that is not the last one needed.
fn occasion(before: State, after: State) -> Option<Occasion> {
    match after {
        _ if before == after => None,
        State::Pending => None,
        State::Approved => Some(Occasion::Approved),
        State::Used => Some(Occasion::Used),
        State::Denied => Some(Occasion::Denied),
        State::Expired => Some(Occasion::Expired),
        State::Withdrawn => Some(Occasion::Withdrawn),
    }
}

/// Somebody else changed it first: nothing is left to do.
fn not_refused(outcome: Result<Approval, ApprovalError>) -> Result<(), ApprovalError> {
    match outcome {
        Ok(_) | Err(ApprovalError::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn watch_over(approvals: Weak<Approvals>, mut changes: broadcast::Receiver<Change>) {
    let mut next = Instant::now() + SWEEP;
    let mut prune_at = Instant::now();
    loop {
        let change = tokio::time::timeout_at(next, changes.recv()).await;
        let Some(approvals) = approvals.upgrade() else { return };
        let done: Result<(), ApprovalError> = match change {
            Ok(Ok(Change::Session(id))) => approvals.session_changed(&id).await,
            Ok(Ok(_)) => Ok(()),
            Ok(Err(broadcast::error::RecvError::Lagged(_))) => approvals.withdraw_revoked().await,
            Ok(Err(broadcast::error::RecvError::Closed)) => return,
            Err(_) => {
                next = Instant::now() + SWEEP;
                if Instant::now() >= prune_at {
                    prune_at = Instant::now() + PRUNE;
                    approvals.forget().await
                } else {
                    approvals.expire().await
                }
            }
        };
        if let Err(error) = done {
            tracing::error!(%error, "cannot watch over approvals; will try again");
        }
    }
}

#[cfg(test)]
mod tests;

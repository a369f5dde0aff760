//! Telling approvers, from a durable queue.

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use store::{Change, NewNotification, NotificationRow, Store, new_id, now_micros};
use tokio::sync::broadcast;
use tokio::task::JoinSet;

use crate::approval::Approval;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(10);

/// How many are sent at once.
const AT_ONCE: u32 = 16;

/// The first pause after a failure; each one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// After a day nobody is helped by the news: it is in the log and on the page.
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What an approver is told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the notifier's interface")]
pub enum Occasion {
    Requested,
    Approved,
    Denied,
    Expired,
    Used,
    Withdrawn,
}

impl Occasion {
    /// As in the notifier's interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Occasion::Requested => "requested",
            Occasion::Approved => "approved",
            Occasion::Denied => "denied",
            Occasion::Expired => "expired",
            Occasion::Used => "used",
            Occasion::Withdrawn => "withdrawn",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        use Occasion::{Approved, Denied, Expired, Requested, Used, Withdrawn};
        [Requested, Approved, Denied, Expired, Used, Withdrawn].into_iter().find(|one| one.as_str() == name)
    }
}

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The same for every attempt to deliver this notice.
    pub id: String,
    /// What happened.
    pub occasion: Occasion,
    /// The approval as JSON, as it was then.
    pub approval: String,
    /// Where a person answers it.
    pub url: String,
}

/// Why a notice was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NotifyError {
    /// A sentence for the operator.
    pub message: String,
    /// False when trying again can never help.
    pub retry: bool,
}

/// Whoever delivers notices: the bundle's notifiers. A notice is delivered at least once to each.
#[async_trait]
pub trait Notifier: Send + Sync + 'static {
    /// The notifiers that a new notice goes to.
    fn names(&self) -> Vec<String>;
    /// Deliver one notice by one of them. It is given up after ten seconds.
    async fn notify(&self, name: &str, notice: &Notice) -> Result<(), NotifyError>;
}

/// Nobody is told; approvers look at the page or the command line.
#[derive(Clone, Copy, Debug)]
pub struct NoNotifier;

#[async_trait]
impl Notifier for NoNotifier {
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    async fn notify(&self, name: &str, _: &Notice) -> Result<(), NotifyError> {
        Err(NotifyError { message: format!("there is no notifier {name}"), retry: false })
    }
}

/// What to queue for a change, one row for each notifier.
pub(crate) fn notifications(
    notifier: &dyn Notifier,
    approval: &Approval,
    occasion: Occasion,
    now: i64,
) -> Vec<NewNotification> {
    let names = notifier.names();
    if names.is_empty() {
        return Vec::new();
    }
    let id = new_id("ntf");
    // Strings, numbers and lists always serialise.
    let body = serde_json::to_string(approval).unwrap_or_default();
    names
        .into_iter()
        .map(|name| NewNotification {
            id: id.clone(),
            notifier: name,
            approval: approval.id.clone(),
            occasion: occasion.as_str().to_owned(),
            body: body.clone(),
            url: approval.url.clone(),
            created: now,
        })
        .collect()
}

/// Deliver what is queued until the service is gone.
pub(crate) async fn deliver(store: Weak<Store>, notifier: Arc<dyn Notifier>, mut changes: broadcast::Receiver<Change>) {
    loop {
        let pause = {
            let Some(store) = store.upgrade() else { return };
            match deliver_due(&store, &notifier).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(%error, "cannot read the queue of notifications; will try again");
                    FIRST_PAUSE
                }
            }
        };
        wait(&mut changes, pause).await;
    }
}

/// Until something is queued, or the pause is over.
async fn wait(changes: &mut broadcast::Receiver<Change>, pause: Duration) {
    let queued = async {
        loop {
            match changes.recv().await {
                Ok(Change::Notifications) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Ok(_) => {}
                // The store is gone; the loop will see it after the pause.
                Err(broadcast::error::RecvError::Closed) => std::future::pending::<()>().await,
            }
        }
    };
    let _ = tokio::time::timeout(pause, queued).await;
}

async fn deliver_due(store: &Arc<Store>, notifier: &Arc<dyn Notifier>) -> Result<Duration, store::StoreError> {
    loop {
        let due = store.due_notifications(now_micros(), AT_ONCE).await?;
        if due.is_empty() {
            break;
        }
        let mut attempts = JoinSet::new();
        for row in due {
            let (store, notifier) = (store.clone(), notifier.clone());
            attempts.spawn(async move { attempt(&store, notifier.as_ref(), row).await });
        }
        while let Some(done) = attempts.join_next().await {
            match done {
                Ok(written) => written?,
                Err(error) => tracing::error!(%error, "a notifier panicked"),
            }
        }
    }
    let next = store.next_notification_due().await?;
    let until = next.map_or(i64::MAX, |at| at.saturating_sub(now_micros()).max(1_000));
    // Never longer than a few seconds: without a receiver for the last change, the store would not be seen to go.
    Ok(Duration::from_micros(u64::try_from(until).unwrap_or(0)).min(Duration::from_secs(5)))
}

async fn attempt(store: &Store, notifier: &dyn Notifier, row: NotificationRow) -> Result<(), store::StoreError> {
    let queued = &row.notification;
    let Some(occasion) = Occasion::from_name(&queued.occasion) else {
        return store.notification_failed(&queued.id, &queued.notifier, "its occasion is not known", None).await;
    };
    let notice =
        Notice { id: queued.id.clone(), occasion, approval: queued.body.clone(), url: queued.url.clone() };
    let outcome = tokio::time::timeout(ATTEMPT, notifier.notify(&queued.notifier, &notice)).await.unwrap_or_else(|_| {
        Err(NotifyError { message: format!("no answer within {} s", ATTEMPT.as_secs()), retry: true })
    });
    let failure = match outcome {
        Ok(()) => return store.notification_delivered(&queued.id, &queued.notifier).await,
        Err(failure) => failure,
    };
    let now = now_micros();
    let too_old = now.saturating_sub(queued.created) > micros(GIVE_UP_AFTER);
    let due = (failure.retry && !too_old).then(|| now.saturating_add(micros(pause_after(row.attempts))));
    tracing::warn!(
        notifier = %queued.notifier, approval = %queued.approval, again = due.is_some(), error = %failure,
        "cannot deliver a notification"
    );
    store.notification_failed(&queued.id, &queued.notifier, &failure.message, due).await
}

/// After the first failed attempt (`attempts` = 0) a second, then twice as long each time, up to five minutes.
fn pause_after(attempts: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << attempts.min(16)).min(LONGEST_PAUSE)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

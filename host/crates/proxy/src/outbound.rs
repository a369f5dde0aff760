//! What leaves the gateway by the policies' word: records to sinks, notices to notifiers. Never on a request's path.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use approvals::{Notice, Notifier, NotifyError, Occasion};
use async_trait::async_trait;
use ledger::{Ledger, Position};
use policy::Live;
use store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A batch for a sink, in records and in bytes.
const BATCH_RECORDS: usize = 256;
const BATCH_BYTES: usize = 1 << 20;
/// Between two attempts to deliver the same batch: doubled each time, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(60);

/// Delivers the ledger to every sink of the live policy set, each from its own kept position, until `stop`.
pub async fn deliver(policy: Arc<Live>, ledger: Ledger, store: Arc<Store>, stop: CancellationToken) {
    let mut changes = policy.changes();
    let mut running: HashMap<Arc<str>, JoinHandle<()>> = HashMap::new();
    loop {
        let wanted = policy.current().sinks();
        running.retain(|name, task| {
            let keep = wanted.contains(name) && !task.is_finished();
            if !keep {
                task.abort();
            }
            keep
        });
        for name in wanted {
            running.entry(name.clone()).or_insert_with(|| {
                tokio::spawn(sink(name, policy.clone(), ledger.clone(), store.clone()))
            });
        }
        tokio::select! {
            () = stop.cancelled() => break,
            changed = changes.changed() => if changed.is_err() { break },
        }
    }
    for task in running.into_values() {
        task.abort();
    }
}

/// One sink, for as long as it is in the set. A batch that it calls undeliverable stops it until the next reload.
async fn sink(name: Arc<str>, policy: Arc<Live>, ledger: Ledger, store: Arc<Store>) {
    let mut pause = FIRST_PAUSE;
    loop {
        match deliver_from(&name, &policy, &ledger, &store, &mut pause).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(sink = %name, %error, seconds = pause.as_secs_f64(), "records are not delivered; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LAST_PAUSE);
            }
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn deliver_from(
    name: &str,
    policy: &Live,
    ledger: &Ledger,
    store: &Store,
    pause: &mut Duration,
) -> Result<(), Failure> {
    let from = store.sink_position(name).await?.map_or(0, |kept| kept.position);
    let mut follow = ledger.tail(Position(from));
    loop {
        let batch = follow.batch(BATCH_RECORDS, BATCH_BYTES).await?;
        // A sink counts records; positions have gaps where bodies stand between them.
        let positions: Vec<u64> = batch.iter().map(|one| one.position.0).collect();
        let records: Vec<String> = batch.into_iter().map(|one| one.json).collect();
        let mut done = 0;
        while done < records.len() {
            // The record's own position, not a count on from the first one's: what is sent again after a restart has the same.
            let base = positions[done];
            match policy.current().deliver(name, base, &records[done..]).await {
                Ok(position) => {
                    let taken = usize::try_from(position.saturating_sub(base)).unwrap_or(0);
                    if taken == 0 {
                        return Err("the sink took nothing of the batch".into());
                    }
                    done = (done + taken).min(records.len());
                    store.advance_sink(name, positions[done - 1] + 1).await?;
                    *pause = FIRST_PAUSE;
                }
                Err(error) if error.retry() => return Err(error.into()),
                Err(error) => {
                    tracing::error!(sink = %name, %error, "records are no longer delivered; mend the sink and reload the policies");
                    store.stop_sink(name, base, &error.to_string()).await?;
                    return Ok(());
                }
            }
        }
    }
}

/// The live policy set's notifiers.
pub struct Notifiers(pub Arc<Live>);

#[async_trait]
impl Notifier for Notifiers {
    fn names(&self) -> Vec<String> {
        self.0.current().notifiers().iter().map(ToString::to_string).collect()
    }

    async fn notify(&self, name: &str, notice: &Notice) -> Result<(), NotifyError> {
        let told = policy::Notice {
            id: notice.id.clone(),
            occasion: match notice.occasion {
                Occasion::Requested => policy::Occasion::Requested,
                Occasion::Approved => policy::Occasion::Approved,
                Occasion::Denied => policy::Occasion::Denied,
                Occasion::Expired => policy::Occasion::Expired,
                Occasion::Used => policy::Occasion::Used,
                Occasion::Withdrawn => policy::Occasion::Withdrawn,
            },
            approval: notice.approval.clone(),
            url: notice.url.clone(),
        };
        self.0
            .current()
            .notify(name, &told)
            .await
            .map_err(|error| NotifyError { message: error.to_string(), retry: error.retry() })
    }
}

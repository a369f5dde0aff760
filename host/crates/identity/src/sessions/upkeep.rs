//! What happens to sessions without anybody asking: they end by time, and what was counted is written.

use std::sync::{Arc, Weak};
use std::time::Duration;

use store::{SessionUse, StoreError, now_micros};
use tokio::time::Instant;

use super::{End, EndReason, Session, Sessions};

/// How often sessions are looked at: whoever waits for one to end learns of it within this time, well within the
/// second that P10 promises.
const SWEEP: Duration = Duration::from_millis(250);

/// How often sessions that ended long ago are forgotten.
const PRUNE: Duration = Duration::from_secs(3600);

impl Sessions {
    /// End what is over by time.
    pub(super) fn sweep(&self, now: i64) {
        let over: Vec<(Arc<Session>, EndReason)> = {
            let live = self.live.read();
            live.by_id.values().filter_map(|one| one.over(now).map(|reason| (one.clone(), reason))).collect()
        };
        for (session, reason) in over {
            self.cut(&session, reason, now);
            self.unsaved.lock().push(End { id: session.id.clone(), at: now, reason, by: None });
        }
    }

    pub(super) async fn save_end(&self, end: &End) -> Result<(), StoreError> {
        self.store.end_session(&end.id, end.at, end.reason.as_str(), end.by.as_deref()).await.map(|_| ())
    }

    pub(super) async fn save_ends(&self) {
        let ends = std::mem::take(&mut *self.unsaved.lock());
        for end in ends {
            if let Err(error) = self.save_end(&end).await {
                tracing::error!(session = %end.id, %error, "cannot write that a session has ended; will try again");
                self.unsaved.lock().push(end);
            }
        }
    }

    /// Write what was counted since the last time.
    ///
    /// # Errors
    /// When the store fails; the counts are kept for the next time.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let used: Vec<(Arc<Session>, SessionUse)> = {
            let live = self.live.read();
            live.by_id.values().filter_map(|one| one.unsaved_use().map(|used| (one.clone(), used))).collect()
        };
        // Small transactions: another writer never waits long.
        for some in used.chunks(256) {
            let uses: Vec<SessionUse> = some.iter().map(|(_, used)| used.clone()).collect();
            self.store.record_session_use(&uses).await?;
            for (session, used) in some {
                session.saved(used);
            }
        }
        Ok(())
    }

    /// Write everything that is not written yet. Sessions go on after the restart.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn shutdown(&self) -> Result<(), StoreError> {
        self.save_ends().await;
        self.flush().await
    }
}

pub(super) async fn watch_over(sessions: Weak<Sessions>) {
    let mut flushed = Instant::now();
    let mut prune_at = Instant::now();
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(sessions) = sessions.upgrade() else { return };
        sessions.sweep(now_micros());
        sessions.save_ends().await;
        if flushed.elapsed() >= sessions.options.flush_every {
            if let Err(error) = sessions.flush().await {
                tracing::error!(%error, "cannot write the use of sessions; will try again");
            }
            flushed = Instant::now();
        }
        if Instant::now() >= prune_at {
            if let Err(error) = sessions.store.prune_sessions(now_micros()).await {
                tracing::error!(%error, "cannot forget old sessions; will try again");
            }
            prune_at = Instant::now() + PRUNE;
        }
    }
}

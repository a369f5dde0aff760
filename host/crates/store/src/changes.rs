use tokio::sync::broadcast;

/// What another part of the gateway should look at again. Names, not contents: the receiver reads the
/// row. Today it is sent within one process; with several replicas a listener on PostgreSQL's
/// `LISTEN` will feed the same channel, and nothing else changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The session of this id was opened or ended.
    Session(String),
    /// The approval of this id was asked for, decided, used, withdrawn or expired.
    Approval(String),
    /// Notifications were queued.
    Notifications,
}

/// How many changes a slow receiver may be behind before it is told that it missed some (and reads anew).
const BEHIND: usize = 1024;

#[derive(Debug)]
pub(crate) struct Changes(broadcast::Sender<Change>);

impl Changes {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(BEHIND).0)
    }

    pub(crate) fn announce(&self, change: Change) {
        // No receiver is no failure.
        let _ = self.0.send(change);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }
}

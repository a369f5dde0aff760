//! What the ledger's handles and threads share.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::log::Tail;
use crate::note::SigningKey;
use crate::segment::Disk;
use crate::sync::{Queue, Signer};

pub(crate) struct Shared {
    pub(crate) directory: PathBuf,
    pub(crate) key: SigningKey,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) tail: Mutex<Tail>,
    pub(crate) queue: Queue,
    pub(crate) signer: Signer,
    /// Told after every append.
    pub(crate) appended: Notify,
}

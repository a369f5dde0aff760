//! The first set of a process.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::background;
use crate::bundle::read::{Files, ReadError, Unread};
use crate::engine::Engine;
use crate::grants::Grants;
use crate::kept::{Kept, KeptError, Pinned};
use crate::live::{Again, Change, Live, Looked, Shared, Told, watching};
use crate::load::progress::Progress;
use crate::load::{LoadError, Stage, Staged};
use crate::metrics::Register;
use crate::status::Rejected;

/// Why a gateway has no policy set to begin with.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder's set cannot go live, and there is no last good one.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The folder for former sets cannot be used, or the set that was rolled back to is not there any more.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// The set that was rolled back to cannot go live any more.
    #[error("the gateway was rolled back to {digest}, which cannot go live any more: {source}; change the bundle's folder, and it is used instead")]
    Pinned {
        /// The set.
        digest: String,
        /// Why not.
        source: LoadError,
    },
}

/// What a process begins with.
struct First {
    files: Arc<Files>,
    staged: Staged,
    pinned: Option<Pinned>,
    /// The folder's set, which could not go live instead.
    rejected: Option<Rejected>,
}

impl Live {
    /// Loads the bundle in `dir` and watches it from then on. A bundle that cannot go live is an error: there is no last good one yet. Must
    /// be called within a tokio runtime; takes as long as compiling takes, and milliseconds with a warm cache. Nothing is kept to roll back to.
    pub async fn open(engine: Engine, dir: impl AsRef<Path>, grants: Grants) -> Result<Live, LoadError> {
        Self::start(engine, dir.as_ref(), grants, None).await.map_err(|error| match error {
            OpenError::Load(error) | OpenError::Pinned { source: error, .. } => error,
            OpenError::Kept(error) => LoadError::Panicked(error.to_string()),
        })
    }

    /// The same, and the last twenty sets are kept in the folder `kept`, which is made when missing and belongs to this gateway alone. Generations are
    /// counted on over restarts. A set that was rolled back to is live again, for as long as the bundle's folder says what it said then.
    pub async fn open_keeping(engine: Engine, dir: impl AsRef<Path>, grants: Grants, kept: impl AsRef<Path>) -> Result<Live, OpenError> {
        let kept = kept.as_ref().to_owned();
        let opened = background::run(move || Kept::open(&kept)).await.map_err(LoadError::Panicked)?;
        Self::start(engine, dir.as_ref(), grants, Some(Arc::new(opened?))).await
    }

    async fn start(engine: Engine, dir: &Path, grants: Grants, kept: Option<Arc<Kept>>) -> Result<Live, OpenError> {
        let (grants, register, progress) = (Arc::new(grants), Arc::new(Register::default()), Arc::new(Progress::default()));
        // Watched before it is read, so that no change falls in between.
        let events = watching::Events::of(dir, &grants.secrets);
        let secrets = grants.secrets.print();
        let start = Instant::now();
        let stage = Stage { engine: &engine, grants: &grants, register: &register, progress: &progress };
        let read = stage.read(dir).await;
        let (print, files, identity) = match &read {
            Ok(files) => (files.print.clone(), files.manifest.files(), Some(files.identity())),
            Err(Unread { print, files, .. }) => (print.clone(), files.clone(), None),
        };
        let again = matches!(read, Err(Unread { error: ReadError::Component { .. }, .. })).then(|| Again::after(None));
        let First { files: live, staged, pinned, rejected } = first(&stage, kept.as_ref(), read, identity.as_deref()).await?;
        let Staged { mut generation, parts } = staged;
        if let Some(kept) = kept.clone() {
            let (digest, secrets, pinned) = (generation.digest.clone(), generation.secrets.clone(), pinned.clone());
            let put = background::run(move || kept.put(&live, &digest, secrets.as_deref(), pinned)).await.map_err(LoadError::Panicked)?;
            generation.number = put?;
        } else {
            generation.number = 1;
        }
        let number = generation.number;
        register.last_reload_microseconds.store(start.elapsed().as_micros() as u64, Ordering::Relaxed);
        let rejections = u64::from(rejected.is_some());
        let shared = Arc::new(Shared {
            engine,
            dir: dir.to_owned(),
            grants,
            register,
            progress,
            kept,
            current: ArcSwap::from_pointee(generation),
            staging: tokio::sync::Mutex::new(Looked { print, files, identity, secrets, again, parts }),
            told: Mutex::new(Told { live_since: Timestamp::now(), rejected, pinned }),
            source: Mutex::default(),
            changes: watch::Sender::new(Change { generation: number, staged: 1, rejected: rejections }),
            next: AtomicU64::new(number + 1),
        });
        let watcher = tokio::spawn(watching::run(shared.clone(), events)).abort_handle();
        Ok(Live { shared, watcher })
    }
}

/// The folder's set; or the one that was rolled back to, while the folder says what it said then, or nothing that could go live.
async fn first(stage: &Stage<'_>, kept: Option<&Arc<Kept>>, read: Result<Arc<Files>, Unread>, identity: Option<&str>) -> Result<First, OpenError> {
    let pinned = kept.and_then(|kept| kept.pinned());
    let told = |error: &LoadError| Rejected { at: Timestamp::now(), message: error.to_string() };
    let (kept, pin) = match (kept, pinned) {
        (Some(kept), Some(pin)) => (kept.clone(), pin),
        _ => {
            let files = read.map_err(|unread| LoadError::from(unread.error))?;
            let staged = stage.build(&files, &[]).await?;
            return Ok(First { files, staged, pinned: None, rejected: None });
        }
    };
    let mut rejected = None;
    match read {
        Ok(_) if identity == pin.folder.as_deref() => {}
        Ok(files) => match stage.build(&files, &[]).await {
            Ok(staged) => return Ok(First { files, staged, pinned: None, rejected: None }),
            Err(error) => rejected = Some(told(&error)),
        },
        Err(unread) => rejected = Some(told(&unread.error.into())),
    }
    let digest = pin.digest.clone();
    let former = background::run(move || kept.files(&kept.find(&digest)?)).await.map_err(LoadError::Panicked)?;
    let files = Arc::new(former?);
    let staged = stage.build(&files, &[]).await.map_err(|source| OpenError::Pinned { digest: pin.digest.clone(), source })?;
    Ok(First { files, staged, pinned: Some(pin), rejected })
}

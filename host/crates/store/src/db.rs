use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyPool, Transaction};
use tokio::sync::broadcast;

use crate::changes::{Change, Changes};
use crate::error::StoreError;
use crate::schema;

/// How long a caller waits for a connection before its request is refused: longer than any transaction
/// here takes on a slow disk, shorter than kubectl's patience.
const ACQUIRE: Duration = Duration::from_secs(5);

/// How long SQLite waits for a lock of another process (a backup, the command line's offline tools).
const BUSY: &str = "PRAGMA busy_timeout = 5000";

/// Readers beside SQLite's one writer. Reads are short; more connections only cost memory.
const READERS: u32 = 4;

/// Connections of one replica to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 8;

/// Where the state is kept.
#[derive(Clone)]
pub enum Location {
    /// A file, created (mode 0600) when missing. Its folder must exist.
    Sqlite(PathBuf),
    /// A `postgres://` URL, which may hold a password: it is not shown by `Debug`.
    Postgres(String),
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Location::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Location::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// The open database. Share it by `Arc`; every function may be called from many tasks at once.
#[derive(Debug)]
pub struct Store {
    dialect: Dialect,
    write: AnyPool,
    read: AnyPool,
    changes: Changes,
}

impl Store {
    /// Open the database, and bring its schema up to this release.
    ///
    /// # Errors
    /// When the file cannot be created, the server not be reached, or a later release has been here.
    pub async fn open(location: &Location) -> Result<Store, StoreError> {
        sqlx::any::install_default_drivers();
        let store = match location {
            Location::Sqlite(path) => Self::sqlite(path).await?,
            Location::Postgres(url) => Self::postgres(url).await?,
        };
        schema::migrate(&store).await?;
        Ok(store)
    }

    async fn sqlite(path: &Path) -> Result<Store, StoreError> {
        create_private(path).map_err(|source| StoreError::File { path: path.to_owned(), source })?;
        let url = sqlite_url(path);
        let doing = StoreError::doing("opening it");
        // One writer: SQLite has one write lock anyway, and a queue in the pool is fair where SQLite's busy
        // handler is not.
        let write = AnyPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE)
            .idle_timeout(None)
            .max_lifetime(None)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    for pragma in
                        [BUSY, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON"]
                    {
                        sqlx::query(pragma).execute(&mut *connection).await?;
                    }
                    Ok(())
                })
            })
            .connect(&url)
            .await
            .map_err(&doing)?;
        let read = AnyPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE)
            .idle_timeout(None)
            .max_lifetime(None)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    for pragma in [BUSY, "PRAGMA query_only = ON"] {
                        sqlx::query(pragma).execute(&mut *connection).await?;
                    }
                    Ok(())
                })
            })
            .connect_lazy(&url)
            .map_err(&doing)?;
        Ok(Store { dialect: Dialect::Sqlite, write, read, changes: Changes::new() })
    }

    async fn postgres(url: &str) -> Result<Store, StoreError> {
        let pool = AnyPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(ACQUIRE)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // A bound for every statement and every lock, as the busy time-out is for SQLite.
                    for setting in ["SET statement_timeout = 10000", "SET lock_timeout = 5000"] {
                        sqlx::query(setting).execute(&mut *connection).await?;
                    }
                    Ok(())
                })
            })
            .connect(url)
            .await
            .map_err(StoreError::doing("connecting to it"))?;
        Ok(Store { dialect: Dialect::Postgres, write: pool.clone(), read: pool, changes: Changes::new() })
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// A transaction that may write. In SQLite it takes the write lock at once: a lock taken at the first write
    /// can fail with SQLITE_BUSY whatever the time-out, when another writer came between.
    pub(crate) async fn writing(&self) -> Result<Transaction<'static, Any>, sqlx::Error> {
        match self.dialect {
            Dialect::Sqlite => self.write.begin_with("BEGIN IMMEDIATE").await,
            Dialect::Postgres => self.write.begin().await,
        }
    }

    /// For single statements that write.
    pub(crate) fn writer(&self) -> &AnyPool {
        &self.write
    }

    /// For statements that only read.
    pub(crate) fn reader(&self) -> &AnyPool {
        &self.read
    }

    /// Tell the other parts of the gateway to look again. The functions of this crate that change a session or an
    /// approval do it themselves.
    pub fn announce(&self, change: Change) {
        self.changes.announce(change);
    }

    /// Changes from now on. A receiver that is too slow gets `Lagged` and must read everything anew.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// One cheap question to the database, for readiness.
    ///
    /// # Errors
    /// When the database does not answer in time.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1")
            .execute(&self.read)
            .await
            .map(|_| ())
            .map_err(StoreError::doing("asking whether it is there"))
    }

    /// Close every connection, after the transactions under way.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

/// SQLite would create the file with the umask's mode; its `-wal` and `-shm` files take the mode of the file.
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map(|_| ())
}

/// sqlx decodes percent signs and takes what follows `?` as parameters.
fn sqlite_url(path: &Path) -> String {
    let mut url = String::from("sqlite://");
    for c in path.to_string_lossy().chars() {
        match c {
            '%' => url.push_str("%25"),
            '?' => url.push_str("%3F"),
            '#' => url.push_str("%23"),
            other => url.push(other),
        }
    }
    url.push_str("?mode=rwc");
    url
}

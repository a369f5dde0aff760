use std::path::PathBuf;

/// Why the store could not do what was asked. Every variant means that nothing was changed, or
/// that the caller must act as if nothing was: a request is then refused (P1).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database's file or its folder cannot be created or opened.
    #[error("cannot open the database file {}: {source}; check that its folder exists and is writable", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The database does not answer as it should: unreachable, locked for too long, full disk.
    #[error("the state database failed while {doing}: {source}; check that it is reachable and that its disk is not full")]
    Database {
        /// What was being done, as "reading sessions".
        doing: &'static str,
        /// What the driver says.
        source: sqlx::Error,
    },
    /// The database was written by a later release.
    #[error("the state database has schema {found}, this release knows up to {known}; run the release that wrote it")]
    NewerSchema {
        /// What the database says.
        found: i64,
        /// The last version of this release.
        known: i64,
    },
    /// A value that this crate never writes.
    #[error("the state database holds a value in {table}.{column} that this release cannot read; restore it from a backup")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// The row to change does not exist.
    #[error("the state database has no {what} {id}; list what there is and try again")]
    Missing {
        /// "session", "approval".
        what: &'static str,
        /// Its id.
        id: String,
    },
}

impl StoreError {
    /// For `map_err`: says what was being done when the driver failed.
    pub(crate) fn doing(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
        move |source| StoreError::Database { doing, source }
    }
}

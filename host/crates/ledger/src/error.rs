//! What can go wrong, by what was tried.

use std::fmt::Display;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::checkpoint::CheckpointError;
use crate::line::LineError;
use crate::note::KeyError;
use crate::record::FieldError;

/// A record was not written. What it covers must not be released.
#[derive(Clone, Debug, Error)]
pub enum AppendError {
    /// The ledger cannot write; it tries again by itself and is well again as soon as that works.
    #[error("the audit log cannot be written: {cause}; free space on its disk or repair it, then try again")]
    Unavailable {
        /// What the operating system said.
        cause: String,
    },
    /// A body could not be stored.
    #[error("the audit log cannot store a body: {cause}; free space on its disk or repair it, then try again")]
    Body {
        /// What the operating system said.
        cause: String,
    },
    /// A field cannot be recorded as it is.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The ledger was closed.
    #[error("the audit log is closed; start the gateway again")]
    Closed,
}

impl AppendError {
    pub(crate) fn body(cause: impl Display) -> AppendError {
        AppendError::Body { cause: cause.to_string() }
    }

    pub(crate) fn unavailable(cause: impl Display) -> AppendError {
        AppendError::Unavailable { cause: cause.to_string() }
    }
}

/// The ledger cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A file or folder cannot be used.
    #[error("{path}: {source}; give the gateway a folder that it can write")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it.
    #[error("{path}: another process has this ledger open; stop it, or give each gateway a folder of its own")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// Its key cannot be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A line is not as it was written.
    #[error("{path}: line {line} was changed: {source}; run audit verify on a copy, and move this folder away to start anew")]
    Line {
        /// The segment.
        path: PathBuf,
        /// Its line, from 1.
        line: u64,
        /// What is wrong.
        source: LineError,
    },
    /// A line's record cannot be read.
    #[error("{path}: line {line} holds no record: {source}; run audit verify on a copy, and move this folder away to start anew")]
    Record {
        /// The segment.
        path: PathBuf,
        /// Its line, from 1.
        line: u64,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The checkpoints file is not as it was written.
    #[error("{path}: {source}; run audit verify on a copy, and move this folder away to start anew")]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: CheckpointError,
    },
    /// There are no checkpoints although there are records.
    #[error("{path} is missing although the ledger has records; restore it, or move this folder away to start anew")]
    NoCheckpoints {
        /// The file.
        path: PathBuf,
    },
    /// A signed checkpoint promises lines that are not there.
    #[error("the ledger ends at line {found}, but a checkpoint is signed for {signed}; lines were removed: run audit verify on a copy")]
    Truncated {
        /// Lines that are there.
        found: u64,
        /// Lines that were there.
        signed: u64,
    },
    /// The lines are not those that were signed.
    #[error("the ledger's first {size} lines are not those of the signed checkpoint; they were changed: run audit verify on a copy")]
    Root {
        /// The checkpoint's size.
        size: u64,
    },
    /// A segment is missing.
    #[error("{path} begins at line {found} where {expected} was due; a segment is missing: restore it")]
    Gap {
        /// The segment after the gap.
        path: PathBuf,
        /// What was due.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// The threads that keep it could not be started, or the outcome of an unfinished request not be written.
    #[error("the ledger could not be resumed: {cause}; check the system's limits and the disk's free space")]
    Resume {
        /// What the operating system said.
        cause: String,
    },
}

impl OpenError {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> OpenError {
        let path = path.into();
        move |source| OpenError::File { path, source }
    }
}

/// The ledger cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// A file cannot be read.
    #[error("{path}: {source}; check that the ledger's folder is whole")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not as it was written.
    #[error("{path}: line {line} was changed: {source}; run audit verify")]
    Line {
        /// The segment.
        path: PathBuf,
        /// Its line, from 1.
        line: u64,
        /// What is wrong.
        source: LineError,
    },
    /// A line's record cannot be read.
    #[error("{path}: line {line} holds no record that this version knows: {source}; use a newer version, or run audit verify")]
    Record {
        /// The segment.
        path: PathBuf,
        /// Its line, from 1.
        line: u64,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A body is not there or not what it was.
    #[error("body {hash} {what}; run audit verify")]
    Body {
        /// Its content hash.
        hash: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There is no such position.
    #[error("position {position} is beyond the ledger's end {end}; begin at {end}")]
    Position {
        /// What was asked.
        position: u64,
        /// What there is.
        end: u64,
    },
}

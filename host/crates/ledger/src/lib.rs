//! The audit log of Portcullis: append-only, hash-chained, signed, and readable by anybody who has a copy.
//!
//! It promises:
//!
//! - a record that [`Ledger::append`] has accepted survives `kill -9` at any instant, and with
//!   [`Durability::Durable`] a power cut;
//! - a disk that cannot be written is an error for every append until it can be again, never a gap;
//! - every line names the hash of the line before, and signed checkpoints cover all of them, so [`verify()`]
//!   finds an edit, a gap, a reordering or a truncation anywhere, offline;
//! - memory does not grow with the ledger nor with a body that passes.
//!
//! It records what it is given: masking comes before it.
//!
//! ```
//! use ledger::{Bodies, Body, Durability, Filter, Kind, Ledger, Options, Phase, Record, new_id};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let folder = tempfile::tempdir()?;
//! let ledger = Ledger::open(folder.path(), Options::default())?;
//! let record = Record::new(new_id(), Kind::Request, Phase::Complete);
//! let bodies = Bodies { response: Some(Body::Bytes(b"{}")), ..Bodies::NONE };
//! ledger.append(record, bodies, Durability::Durable).await?;
//! let entries = ledger.reader().query(Filter::default())?.collect::<Result<Vec<_>, _>>()?;
//! assert_eq!(entries[0].response.as_ref().unwrap().bytes, 2);
//!
//! let key = ledger.public_key();
//! ledger.close().await?;
//! assert!(ledger::verify(folder.path(), &key, &[]).is_whole());
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```
//!
//! On the disk: `segments/*.jsonl` (see `line.rs` for the form of a line), `bodies/` (large bodies, by the hash of their
//! file), `checkpoints` (C2SP tlog-checkpoint notes), `ledger.key` and `ledger.pub`, `resume.json` (a shortcut for the next
//! start), `spool/` (what is passing now), `lock`.

mod body;
mod checkpoint;
mod error;
pub mod export;
mod ledger;
mod line;
mod log;
mod merkle;
mod note;
mod open;
mod read;
mod record;
mod replay;
mod resume;
mod segment;
mod shared;
mod stream;
mod sync;
mod tail;
mod verify;

pub use body::{Bodies, Body, BodyWriter, INLINE_MAX, Side, StoredBody, content_hash};
pub use checkpoint::CheckpointError;
pub use error::{AppendError, OpenError, ReadError};
pub use ledger::{Durability, Health, Ledger, Options, Position};
pub use line::LineError;
pub use note::{KeyError, PublicKey};
pub use read::Reader;
pub use read::bodies::{Chunk, Frames, Output, Shown};
pub use read::entry::Entry;
pub use read::query::{Filter, Query};
pub use record::{
    By, Client, Command, Decision, FieldError, Frame, Identity, Kind, NotKept, Phase, Record, Refusal, Request, Response, Upstream,
    new_id, now,
};
pub use replay::{Replay, Step};
pub use stream::{FORWARD, OUT, RESIZE, STDERR, STDIN, STDOUT, StreamRecorder, is_given};
pub use tail::{Follow, Tailed};
pub use verify::{Summary, Tampering, Verdict, Why, verify};

//! Recording what passes in a stream: a watch, a followed log, a terminal.

use std::time::Instant;

use crate::body::{Bodies, INLINE_MAX, encode};
use crate::error::AppendError;
use crate::ledger::{Durability, Ledger};
use crate::record::{Frame, Kind, Phase, Record};

/// What the client was given over a watch or a log.
pub const OUT: &str = "out";
/// What the client typed into a terminal.
pub const STDIN: &str = "stdin";
/// What a terminal showed.
pub const STDOUT: &str = "stdout";
/// What a command complained.
pub const STDERR: &str = "stderr";
/// The size that the client's window was given: `80x24`.
pub const RESIZE: &str = "resize";
/// What became of a forwarded connection, a line each: its port, the bytes each way, how it ended.
pub const FORWARD: &str = "forward";

/// Whether the client was given what passes on a channel, and did not send it.
#[must_use]
pub fn is_given(channel: &str) -> bool {
    !matches!(channel, STDIN | RESIZE | FORWARD)
}

/// Appends frames to a stream whose intent was appended before. The outcome is for the caller to append.
#[derive(Debug)]
pub struct StreamRecorder {
    ledger: Ledger,
    id: String,
    kind: Kind,
    began: Instant,
    bytes: u64,
    frames: u64,
}

impl StreamRecorder {
    pub(crate) fn new(ledger: Ledger, intent: &Record) -> StreamRecorder {
        StreamRecorder { ledger, id: intent.id.clone(), kind: intent.kind, began: Instant::now(), bytes: 0, frames: 0 }
    }

    /// Records bytes before they are released; when it returns they are in the file. Give it what was read at
    /// once, however many events that is: one frame costs less than many. Never waits.
    pub fn push(&mut self, channel: &str, bytes: &[u8]) -> Result<(), AppendError> {
        let microseconds = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        for part in bytes.chunks(INLINE_MAX) {
            let (text, zstd) = encode(part).map_err(AppendError::body)?;
            let mut record = Record::new(self.id.as_str(), self.kind, Phase::Frame);
            let channel = channel.to_owned();
            record.frame = Some(Frame { microseconds, channel, bytes: part.len() as u64, text, zstd });
            self.ledger.append_written(record, Bodies::NONE)?;
            self.frames += 1;
        }
        if is_given(channel) {
            self.bytes += bytes.len() as u64;
        }
        Ok(())
    }

    /// [`push`](StreamRecorder::push), resolved when the frame is on the disk.
    pub async fn push_durable(&mut self, channel: &str, bytes: &[u8]) -> Result<(), AppendError> {
        self.push(channel, bytes)?;
        self.ledger.sync().await
    }

    /// Bytes that the client was given so far, for the outcome's `response.bytes`.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Frames so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Appends the stream's outcome.
    pub async fn finish(self, mut outcome: Record, durability: Durability) -> Result<(), AppendError> {
        outcome.response.get_or_insert_default().bytes = self.bytes;
        self.ledger.append(outcome, Bodies::NONE, durability).await.map(drop)
    }
}

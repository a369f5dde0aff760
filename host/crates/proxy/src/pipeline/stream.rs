//! Long answers: a task of its own masks, records and releases piece by piece, and ends with the session.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use ledger::{self as record, AppendError, Bodies, Body, BodyWriter, OUT, Side, StreamRecorder};
use tokio::sync::mpsc;

use super::gzip::{Gzip, PlainBody};
use super::screen::Screen;
use super::{Admitted, refuse};
use crate::body::{Piece, Reply};
use crate::trail::{Trail, unavailable};

/// How the bytes of a stream are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// With their times: a watch, a followed log.
    Frames,
    /// As one body: a list that is merely large.
    Body,
}

/// Pieces on their way to the client. With the connection's own buffers this bounds what a slow client costs.
const PIECES: usize = 2;
/// How long a client may leave a piece unread before the stream is cut.
const UNREAD_LIMIT: Duration = Duration::from_secs(60);
/// How long the API server may pause in the middle of a large list.
const PAUSE_LIMIT: Duration = Duration::from_secs(60);

/// Begins to release; the answer's head goes out at once. `first` is masked already. With `gzip` the client gets
/// everything compressed; what is recorded is the plain text either way.
#[expect(clippy::too_many_arguments, reason = "one stage's whole input")]
pub fn open(
    admitted: Admitted,
    trail: Trail,
    body: PlainBody,
    screen: Screen,
    kept: Kept,
    first: Vec<u8>,
    gzip: Option<Gzip>,
    (status, mut headers, recorded): (StatusCode, HeaderMap, record::Response),
) -> Response<Reply> {
    if gzip.is_some() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    let (to_client, pieces) = mpsc::channel(PIECES);
    let mut response = Response::new(Reply::Stream(pieces));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    refuse::count(&admitted.gateway, &trail, &response);
    let pump = Pump { admitted, trail, body, screen: Some(screen), to_client, masked: 0, keeper: None, gzip: gzip.map(Box::new) };
    // On the heap before the task begins: a task is as large as all that it ever holds at once, moves included.
    tokio::spawn(Box::new(pump).through(kept, first, status, recorded));
    response
}

/// Where the bytes of a stream are kept before they go out.
enum Keeper {
    Frames(StreamRecorder),
    Body(Box<BodyWriter>),
}

impl Keeper {
    fn keep(&mut self, bytes: &[u8]) -> Result<(), AppendError> {
        match self {
            Self::Frames(frames) => frames.push(OUT, bytes),
            Self::Body(writer) => writer.write(bytes),
        }
    }
}

struct Pump {
    admitted: Admitted,
    trail: Trail,
    body: PlainBody,
    screen: Option<Screen>,
    to_client: mpsc::Sender<Piece>,
    masked: u64,
    keeper: Option<Keeper>,
    gzip: Option<Box<Gzip>>,
}

impl Pump {
    /// From the first byte to the record of the end. Ten thousand of these wait at a time, so what is only needed at the
    /// end has its room on the heap then.
    async fn through(mut self: Box<Self>, kept: Kept, first: Vec<u8>, status: StatusCode, recorded: record::Response) {
        self.admitted.gateway.telemetry.streams.inc();
        let interrupted = self.run(kept, first).await.err();
        Box::pin(self.end(status, recorded, interrupted)).await;
    }

    async fn end(&mut self, status: StatusCode, recorded: record::Response, interrupted: Option<String>) {
        let telemetry = &self.admitted.gateway.telemetry;
        telemetry.masked.inc_by(self.masked);
        telemetry.streams.dec();
        let mut recorded = record::Response { masked: self.masked, interrupted, ..recorded };
        let stored = match self.keeper.take() {
            Some(Keeper::Body(writer)) => match writer.finish().await {
                Ok(stored) => Some(stored),
                Err(error) => {
                    tracing::error!(%error, "a large answer's body could not be kept");
                    None
                }
            },
            Some(Keeper::Frames(frames)) => {
                recorded.bytes = frames.bytes();
                None
            }
            None => None,
        };
        let bodies = Bodies { request: None, response: stored.as_ref().map(Body::Stored) };
        if let Err(refusal) = self.trail.end(Some(status.as_u16()), recorded, bodies).await {
            tracing::error!(%refusal, "a stream's end could not be recorded");
        }
    }

    /// Runs to the end of the answer; an error says why it ended before.
    async fn run(&mut self, kept: Kept, first: Vec<u8>) -> Result<(), String> {
        self.keeper = Some(match kept {
            Kept::Frames => Keeper::Frames(self.trail.stream()),
            Kept::Body => {
                let writer = self.admitted.gateway.ledger.body_writer(self.trail.id(), Side::Response);
                Keeper::Body(Box::new(writer.map_err(|e| e.to_string())?))
            }
        });
        self.release(first).await?;
        let session = self.admitted.caller.session.clone();
        let _used = session.stream();
        let mut ended = std::pin::pin!(session.ended());
        // A watch may be silent for hours; a list may not.
        let pause = if kept == Kept::Body { PAUSE_LIMIT } else { Duration::MAX };
        loop {
            let chunk = tokio::select! {
                why = ended.as_mut() => return Err(why.to_string()),
                () = self.to_client.closed() => return Err("the client went away".to_owned()),
                chunk = tokio::time::timeout(pause, self.body.next()) => chunk,
            };
            let mut out = Vec::new();
            match chunk {
                Err(_) => return Err("the cluster paused for 60 s".to_owned()),
                Ok(Some(Err(error))) => return Err(format!("the cluster's answer broke off: {error}")),
                Ok(Some(Ok(chunk))) => {
                    if let Some(screen) = &mut self.screen {
                        screen.push(&self.admitted.generation, &chunk, &mut out).await.map_err(|e| e.to_string())?;
                    }
                    self.release(out).await?;
                }
                Ok(None) => {
                    if let Some(screen) = self.screen.take() {
                        self.masked = screen.finish(&mut out).map_err(|e| e.to_string())?;
                    }
                    self.release(out).await?;
                    if let Some(gzip) = self.gzip.take() {
                        self.send(Piece::Bytes(gzip.finish().into())).await?;
                    }
                    return self.send(Piece::End).await;
                }
            }
        }
    }

    /// Recorded, then released.
    async fn release(&mut self, out: Vec<u8>) -> Result<(), String> {
        if out.is_empty() {
            return Ok(());
        }
        if let Some(keeper) = &mut self.keeper {
            keeper.keep(&out).map_err(|e| unavailable(&e).message)?;
        }
        let out = match &mut self.gzip {
            Some(gzip) => gzip.push(&out),
            None => out,
        };
        // The encoder gathers before it gives.
        if out.is_empty() { Ok(()) } else { self.send(Piece::Bytes(out.into())).await }
    }

    /// To a client that reads, within its session.
    async fn send(&mut self, piece: Piece) -> Result<(), String> {
        let session = &self.admitted.caller.session;
        tokio::select! {
            biased;
            sent = tokio::time::timeout(UNREAD_LIMIT, self.to_client.send(piece)) => match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err("the client went away".to_owned()),
                Err(_) => Err("the client left what it was sent unread for 60 s".to_owned()),
            },
            why = session.ended() => Err(why.to_string()),
        }
    }
}

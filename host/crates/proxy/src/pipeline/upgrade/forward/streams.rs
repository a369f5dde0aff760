//! Forwarded connections as SPDY streams, on the connection itself or within a WebSocket's messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use identity::SessionEnded;
use parking_lot::Mutex;
use streams::portforward::{Event, Forwarded, Relay};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::super::Side;
use super::Book;
use crate::wire::{Heard, WireReader, WireWriter};

/// Bytes that may gather for a side before the other side is read on.
const ROOM: usize = 64 * 1024;
/// Bytes that a side may make the gateway owe it without taking them.
const OWED_MAX: usize = 1 << 20;
/// How long the last words may take.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Carries until a side or the session ends. Ports other than `allowed` are refused, if there are any.
pub async fn carry(
    book: &mut Book,
    allowed: Option<Vec<u16>>,
    client: Side,
    cluster: Side,
    session_ended: impl Future<Output = SessionEnded>,
) -> Result<(), String> {
    let relay = Relay::new(allowed).map_err(|e| e.to_string())?;
    let between = Between { state: Mutex::new((relay, book)), to_client: Arc::default(), to_cluster: Arc::default() };
    let mut to_client = between.to_client.clone().sender(client.writer, "the client");
    let mut to_cluster = between.to_cluster.clone().sender(cluster.writer, "the cluster");
    let (mut from_client, mut from_cluster) = (client.reader, cluster.reader);
    let ended = tokio::select! {
        why = session_ended => Err(format!("the session ended: {why}")),
        ended = between.read(&mut from_client, From::Client) => ended,
        ended = between.read(&mut from_cluster, From::Cluster) => ended,
        ended = &mut to_client => ended.unwrap_or_else(|e| Err(e.to_string())),
        ended = &mut to_cluster => ended.unwrap_or_else(|e| Err(e.to_string())),
    };
    let closed = between.close();
    for sender in [to_client, to_cluster] {
        let abort = sender.abort_handle();
        // One that has ended is not to be asked again.
        if !sender.is_finished() && tokio::time::timeout(LAST_WORDS, sender).await.is_err() {
            abort.abort();
        }
    }
    ended.and(closed)
}

/// The relay between the two sides, and what it wants to say to each.
struct Between<'b> {
    state: Mutex<(Relay, &'b mut Book)>,
    to_client: Arc<Outbox>,
    to_cluster: Arc<Outbox>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Client,
    Cluster,
}

impl Between<'_> {
    /// Takes what one side says, until it ends.
    async fn read(&self, wire: &mut WireReader, from: From) -> Result<(), String> {
        let (whom, other) = if from == From::Client { ("the client", &self.to_cluster) } else { ("the cluster", &self.to_client) };
        loop {
            other.room().await;
            match wire.next().await.map_err(|e| format!("{whom}: {e}"))? {
                Heard::Piece(mut piece) => {
                    if self.take(&mut piece, from)? {
                        return Ok(());
                    }
                }
                Heard::Nothing => {
                    let (relay, _) = &mut *self.state.lock();
                    relay.ping().map_err(|e| e.to_string())?;
                    self.move_out(relay)?;
                }
                Heard::End => return Ok(()),
            }
        }
    }

    /// True when that side ended the whole.
    fn take(&self, piece: &mut Bytes, from: From) -> Result<bool, String> {
        let (relay, book) = &mut *self.state.lock();
        loop {
            let event = match from {
                From::Client => relay.from_client(piece),
                From::Cluster => relay.from_upstream(piece),
            };
            // Recorded before it goes out (P3).
            let noted = match &event {
                Ok(Some(Event::Opened { port, .. })) => book.opened(*port),
                Ok(Some(Event::Closed(forwarded))) => closed(book, forwarded),
                Ok(Some(Event::Refused { port, why })) => book.note(&refused(*port, *why)),
                _ => Ok(()),
            };
            noted?;
            self.move_out(relay)?;
            match event.map_err(|e| e.to_string())? {
                None => return Ok(false),
                Some(Event::GoAway(_)) => return Ok(true),
                Some(_) => {}
            }
        }
    }

    fn move_out(&self, relay: &mut Relay) -> Result<(), String> {
        let fits = self.to_client.push(relay.take_client_output()) & self.to_cluster.push(relay.take_upstream_output());
        if fits { Ok(()) } else { Err(format!("more than {OWED_MAX} bytes of answers were left unread")) }
    }

    fn close(&self) -> Result<(), String> {
        let (relay, book) = &mut *self.state.lock();
        let left = relay.close().map_err(|e| e.to_string())?;
        let noted = left.iter().try_for_each(|forwarded| closed(book, forwarded));
        let moved = self.move_out(relay);
        self.to_client.close();
        self.to_cluster.close();
        noted.and(moved)
    }
}

fn closed(book: &mut Book, forwarded: &Forwarded) -> Result<(), String> {
    let how = match (forwarded.reset_by, forwarded.message.is_empty()) {
        (Some(streams::Side::Client), _) => "broken off by the client",
        (Some(streams::Side::Server), _) => "broken off by the cluster",
        (None, true) => "closed",
        (None, false) => "failed",
    };
    book.closed(forwarded.port, forwarded.to_pod, forwarded.from_pod, how)
}

fn refused(port: Option<u16>, why: streams::portforward::Refusal) -> String {
    match port {
        Some(port) => format!("port {port}: refused, {why}\n"),
        None => format!("a stream was refused: {why}\n"),
    }
}

/// What is to be sent to a side.
#[derive(Default)]
struct Outbox {
    waiting: Mutex<BytesMut>,
    closing: AtomicBool,
    wake: Notify,
    taken: Notify,
}

impl Outbox {
    /// False when too much waits already.
    fn push(&self, bytes: Bytes) -> bool {
        if bytes.is_empty() {
            return true;
        }
        let mut waiting = self.waiting.lock();
        waiting.extend_from_slice(&bytes);
        self.wake.notify_one();
        waiting.len() <= OWED_MAX
    }

    /// Waits until there is room for more.
    async fn room(&self) {
        loop {
            let mut taken = std::pin::pin!(self.taken.notified());
            taken.as_mut().enable();
            if self.waiting.lock().len() < ROOM {
                return;
            }
            taken.await;
        }
    }

    /// No more will come: what waits is sent, then the side is closed.
    fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// A task that sends until it is told to close, or cannot. It is never dropped in the middle of a frame.
    fn sender(self: Arc<Self>, writer: WireWriter, whom: &'static str) -> JoinHandle<Result<(), String>> {
        tokio::spawn(async move {
            loop {
                let closing = self.closing.load(Ordering::Acquire);
                let bytes = self.waiting.lock().split().freeze();
                if !bytes.is_empty() {
                    writer.send(bytes).await.map_err(|e| format!("{whom}: {e}"))?;
                    self.taken.notify_waiters();
                } else if closing {
                    writer.close().await;
                    return Ok(());
                } else {
                    self.wake.notified().await;
                }
            }
        })
    }
}

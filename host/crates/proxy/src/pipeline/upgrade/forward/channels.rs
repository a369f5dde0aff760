//! Forwarded connections as the client libraries of Python and Rust have them: one connection a port, two channels of a
//! WebSocket for each (`cri-streaming/pkg/streaming/portforward/websocket.go`). The even one carries its bytes, the odd
//! one what the kubelet has to say; each begins with the port in two bytes.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use identity::SessionEnded;

use super::super::Side;
use super::Book;
use crate::wire::{Heard, WireReader, WireWriter};

/// Bytes of the port, which the kubelet says first on each channel.
const PORT: u64 = 2;

#[derive(Default)]
struct Counted {
    to_pod: AtomicU64,
    from_pod: AtomicU64,
}

/// Carries until a side or the session ends.
pub async fn carry(
    book: &mut Book,
    ports: &[u16],
    client: Side,
    cluster: Side,
    session_ended: impl Future<Output = SessionEnded>,
) -> Result<(), String> {
    ports.iter().try_for_each(|port| book.opened(*port))?;
    let counted: Vec<Counted> = ports.iter().map(|_| Counted::default()).collect();
    let (mut from_client, mut from_cluster) = (client.reader, cluster.reader);
    let to_pod = |channel: u8, bytes: u64| {
        // What a client says on an error channel reaches nobody.
        let port = counted.get(usize::from(channel / 2)).filter(|_| channel.is_multiple_of(2))?;
        port.to_pod.fetch_add(bytes, Ordering::Relaxed);
        Some(())
    };
    let from_pod = |channel: u8, bytes: u64| {
        let port = counted.get(usize::from(channel / 2))?;
        if channel.is_multiple_of(2) {
            port.from_pod.fetch_add(bytes, Ordering::Relaxed);
        }
        Some(())
    };
    let ended = tokio::select! {
        why = session_ended => Err(format!("the session ended: {why}")),
        ended = one_way(&mut from_client, &cluster.writer, "the client", to_pod) => ended,
        ended = one_way(&mut from_cluster, &client.writer, "the cluster", from_pod) => ended,
    };
    tokio::join!(client.writer.close(), cluster.writer.close());
    let how = if ended.is_ok() { "closed" } else { "broken off" };
    let noted = ports.iter().zip(&counted).try_for_each(|(port, counted)| {
        let (to, from) = (counted.to_pod.load(Ordering::Relaxed), counted.from_pod.load(Ordering::Relaxed));
        book.closed(*port, to, from.saturating_sub(PORT), how)
    });
    ended.and(noted)
}

/// Passes messages on, each counted under its channel; those of no channel are dropped.
async fn one_way(from: &mut WireReader, to: &WireWriter, whom: &str, count: impl Fn(u8, u64) -> Option<()>) -> Result<(), String> {
    loop {
        match from.next().await.map_err(|e| format!("{whom}: {e}"))? {
            Heard::End => return Ok(()),
            Heard::Nothing => {}
            Heard::Piece(message) => {
                if known(&message, &count) {
                    to.send(message).await.map_err(|e| e.to_string())?;
                }
            }
        }
    }
}

fn known(message: &Bytes, count: impl Fn(u8, u64) -> Option<()>) -> bool {
    let Some((channel, data)) = message.split_first() else { return false };
    count(*channel, data.len() as u64).is_some()
}

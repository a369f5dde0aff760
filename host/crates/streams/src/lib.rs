//! The streams of `exec`, `attach` and `port-forward`, read and written byte for byte, with no socket in sight.
//!
//! A gateway that copies an upgraded connection has let go of it: what is typed, what is answered and which
//! port is reached are then known to the client and the kubelet alone. So both sides are terminated here,
//! understood, and written anew.
//!
//! - [`spdy`]: SPDY/3.1, as kubectl, the API server and the kubelet speak it (`moby/spdystream`).
//! - [`channels`]: the remote command protocols `v5.channel.k8s.io` down to `channel.k8s.io`, in WebSocket
//!   messages and in SPDY streams, as one set of events.
//! - [`portforward`]: forwarded connections over SPDY, bare or inside a WebSocket.
//!
//! What this crate promises:
//!
//! - **Pure.** Bytes in, frames or events out; no I/O, no clock, no runtime.
//! - **Any split is the same stream.** How the bytes were cut into pieces never changes what they mean.
//! - **Bounded.** A length that lies, a header block that explodes, a stream too many: each is an error
//!   or a reset, never growth. Data passes in the pieces it came in and is never gathered.
//! - **A first error is the last.** After it nothing more is read from that connection.
//!
//! ```
//! use streams::Side;
//! use streams::spdy::{Connection, Event, Headers};
//!
//! let (mut client, mut server) = (Connection::new(Side::Client, 8)?, Connection::new(Side::Server, 8)?);
//! let stream = client.open(Headers::new().with("streamtype", "stdin")?)?;
//!
//! let mut wire = client.take_output();
//! let Some(Event::Open { headers, .. }) = server.next(&mut wire)? else { panic!("a stream is opened") };
//! assert_eq!(headers.get("streamtype"), Some("stdin"));
//! server.reply(stream)?;
//! assert!(client.data(stream, b"ls\n", true));
//! # Ok::<(), streams::spdy::Error>(())
//! ```

pub mod channels;
pub mod portforward;
mod side;
pub mod spdy;

pub use side::Side;

//! Exec, attach, cp, port-forward and followed logs as the gateway understands them: masked, recorded channel by channel,
//! cut, the same as without it, and proof against clients that send rubbish or stop in the middle.

#[path = "streams/as_without.rs"]
mod as_without;
#[path = "streams/cases.rs"]
mod cases;
#[path = "streams/followed.rs"]
mod followed;
#[path = "streams/forward.rs"]
mod forward;
#[path = "streams/minutes.rs"]
mod minutes;
#[path = "streams/on_a_real_cluster.rs"]
mod on_a_real_cluster;
#[path = "streams/raw.rs"]
mod raw;
#[path = "streams/spdy.rs"]
mod spdy;
#[path = "streams/stage.rs"]
mod stage;
#[path = "streams/unread.rs"]
mod unread;
#[path = "streams/websocket.rs"]
mod websocket;

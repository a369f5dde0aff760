//! The audit sinks, before what they are made for: every record arrives, in order, whatever is killed or away meanwhile.

#[path = "sinks/examples.rs"]
mod examples;
#[path = "sinks/own_authority.rs"]
mod own_authority;
#[path = "sinks/receiver.rs"]
mod receiver;
#[path = "sinks/secrets.rs"]
mod secrets;
#[path = "sinks/with_real_receivers.rs"]
mod with_real_receivers;

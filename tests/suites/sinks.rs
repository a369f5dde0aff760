//! The audit sinks, before what they are made for: every record arrives, in order, whatever is killed or away meanwhile.

#[path = "sinks/examples.rs"]
mod examples;
#[path = "sinks/receiver.rs"]
mod receiver;
#[path = "sinks/with_real_receivers.rs"]
mod with_real_receivers;

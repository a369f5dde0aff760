//! Lines in the gateway's log, with the plugin's name. The gateway bounds their number and length, and masks nothing in them: never log
//! a value of an object.

pub use crate::bindings::common::portcullis::policy::log::Level;

/// Write a line; in tests it is kept for [`testing::log`](crate::testing::log).
pub fn write(level: Level, message: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::common::portcullis::policy::log::write(level, message);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::keep_log(level, message);
}

/// For the developer of the policy.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Worth knowing.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// The operator may want to act.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// The operator has to act.
pub fn error(message: &str) {
    write(Level::Error, message);
}

//! Who is asking, and in which session.
//!
//! - [`Verifier`] turns an issuer's bearer token (an OIDC JWT) into an [`Identity`], or into a
//!   [`TokenError`] that says precisely what is wrong. Signatures and claims are checked by `openidconnect`; here are the
//!   keys' life (discovery, rotation, an issuer that is down), the mapping of claims, and the memory that
//!   makes the same token cheap the second time.
//! - [`Sessions`] opens, finds, counts and ends sessions. A session has an opaque token of its own, or belongs to a
//!   caller who comes with an issuer's token directly.
//! - [`exchange`] reads an RFC 8693 token exchange and writes its answers.
//!
//! What it promises:
//!
//! - No identity without a good signature of a configured issuer, an expected audience, and a time within the
//!   token's (P1). `none` and shared-secret algorithms cannot be configured.
//! - A remembered token is forgotten when it expires and when its issuer's keys change.
//! - An issuer that is down at start does not stop the gateway: its tokens are refused, saying so, until it answers.
//! - Session tokens are 256 random bits; only their SHA-256 is kept, and no `Debug` shows them (P5).
//! - A session ends by TTL, idleness, revocation or its owner's word; whoever waits on [`Session::ended`] learns of it
//!   within a second (P10). Live sessions survive a restart (P12).
//!
//! ```no_run
//! # async fn example(store: std::sync::Arc<store::Store>) -> Result<(), Box<dyn std::error::Error>> {
//! use identity::{IssuerConfig, Sessions, SessionOptions, Terms, Verifier, VerifierOptions};
//!
//! let issuers = vec![IssuerConfig::new("https://issuer.example", "portcullis")];
//! let verifier = Verifier::new(issuers, VerifierOptions::default())?;
//! let sessions = Sessions::start(store, SessionOptions::default()).await?;
//!
//! let alice = verifier.verify("eyJhbGciOiJFUzI1NiIs…").await?;
//! let (session, token) = sessions.open(alice, "staging", None, Terms::default()).await?;
//! assert_eq!(sessions.resolve(token.expose())?.id, session.id);
//! # Ok(())
//! # }
//! ```
// Addresses of issuers, never the path of a request.
#![allow(clippy::disallowed_types)]

mod claims;
mod config;
pub mod exchange;
mod fetch;
mod fingerprint;
mod identity;
mod keys;
mod sessions;
mod token_error;
mod verifier;

pub use config::{Algorithm, ConfigError, IssuerConfig, KindRule};
pub use identity::{Identity, Kind};
pub use keys::IssuerStatus;
pub use sessions::{
    EndReason, IdentityView, Session, SessionEnded, SessionError, SessionOptions, SessionToken, SessionView, Sessions, StreamGuard,
    Terms,
};
pub use token_error::TokenError;
pub use verifier::{Verifier, VerifierOptions};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

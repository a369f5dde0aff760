//! Why a command did not do what was asked. `main` alone turns these into exit codes.

use std::io;

use thiserror::Error;

use crate::client::ClientError;
use crate::login_store::StoreError;

/// What stands between a command and its end.
#[derive(Debug, Error)]
pub enum Failure {
    /// The answer is no: there is no such thing, or it was not granted.
    #[error("{0}")]
    No(String),
    /// What was typed cannot be done so.
    #[error("{0}")]
    Usage(String),
    /// Nobody answers.
    #[error("{0}")]
    Unreachable(String),
    /// The gateway wants to know who is there first.
    #[error("{0}")]
    NotLoggedIn(String),
    /// A policy, or the gateway's own rules on who may do what.
    #[error("{0}")]
    Refused(String),
    /// Whoever read the output has gone; there is nobody left to tell.
    #[error("nobody reads the output any more")]
    Closed,
    /// Anything else, with what was tried.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let text = error.to_string();
        match error {
            ClientError::Unreachable { .. } => Failure::Unreachable(text),
            ClientError::Address { .. } | ClientError::Authority { .. } => Failure::Usage(text),
            ClientError::Status { code: 401, .. } => {
                Failure::NotLoggedIn(format!("{text}\nrun `portcullis login` to log in"))
            }
            ClientError::Status { code: 403, .. } => Failure::Refused(text),
            ClientError::Status { code: 404 | 409 | 410, .. } => Failure::No(text),
            ClientError::Status { code: 400 | 422, .. } => Failure::Usage(text),
            ClientError::Status { .. } | ClientError::Unreadable { .. } | ClientError::SetUp(_) => {
                Failure::Other(anyhow::Error::new(error))
            }
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Other(error.into())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Failure::Closed } else { Failure::Other(error.into()) }
    }
}

//! How a command ended: what the error channel carries (`client-go/tools/remotecommand/v4.go`).

use serde::Deserialize;
use serde_json::json;

use super::{Error, Protocol};

/// The longest description of a command's end, in bytes. The kubelet's repeats the command, and a command in a
/// URL has a few KiB.
pub const MAX_STATUS: usize = 64 << 10;

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With the exit code 0.
    Success,
    /// With another exit code.
    Code {
        /// The code.
        code: u32,
        /// What the kubelet says of it.
        message: String,
    },
    /// It did not run, or nobody knows how it ended.
    Failure {
        /// Kubernetes' word for it, or nothing.
        reason: String,
        /// What the kubelet says of it.
        message: String,
    },
}

/// As much of a `Status` as matters.
#[derive(Deserialize)]
struct Status {
    status: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Details,
}

#[derive(Deserialize, Default)]
struct Details {
    #[serde(default)]
    causes: Vec<Cause>,
}

#[derive(Deserialize)]
struct Cause {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
}

const NON_ZERO: &str = "NonZeroExitCode";
const EXIT_CODE: &str = "ExitCode";

impl Exit {
    /// What `bytes`, all that the error channel carried, say in this version of the protocol. Nothing at all
    /// is success.
    pub fn decode(bytes: &[u8], protocol: Protocol) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Ok(Self::Success);
        }
        if !protocol.has_status() {
            return Ok(Self::Failure { reason: String::new(), message: String::from_utf8_lossy(bytes).into_owned() });
        }
        let Status { status, reason, message, details } = serde_json::from_slice(bytes).map_err(|_| Error::Status)?;
        match status.as_str() {
            "Success" => Ok(Self::Success),
            "Failure" if reason == NON_ZERO => {
                let cause = details.causes.iter().find(|cause| cause.reason == EXIT_CODE).ok_or(Error::Status)?;
                Ok(Self::Code { code: cause.message.parse().map_err(|_| Error::Status)?, message })
            }
            "Failure" => Ok(Self::Failure { reason, message }),
            _ => Err(Error::Status),
        }
    }

    /// What the error channel carries to say this in this version of the protocol.
    pub fn encode(&self, protocol: Protocol) -> Vec<u8> {
        match self {
            Self::Success if !protocol.has_status() => Vec::new(),
            Self::Code { message, .. } | Self::Failure { message, .. } if !protocol.has_status() => message.clone().into_bytes(),
            Self::Success => json!({"metadata": {}, "status": "Success"}).to_string().into_bytes(),
            Self::Code { code, message } => {
                let causes = json!([{"reason": EXIT_CODE, "message": code.to_string()}]);
                let details = json!({"causes": causes});
                json!({"metadata": {}, "status": "Failure", "reason": NON_ZERO, "message": message, "details": details})
                    .to_string()
                    .into_bytes()
            }
            Self::Failure { reason, message } => {
                json!({"metadata": {}, "status": "Failure", "reason": reason, "message": message, "code": 500})
                    .to_string()
                    .into_bytes()
            }
        }
    }
}

/// Gathers what the error channel carries, up to [`MAX_STATUS`] bytes.
#[derive(Debug, Default)]
pub struct ErrorChannel {
    bytes: Vec<u8>,
}

impl ErrorChannel {
    /// Before anything has come.
    pub fn new() -> Self {
        Self::default()
    }

    /// More has come.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.bytes.len() + bytes.len() > MAX_STATUS {
            return Err(Error::StatusTooLong);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// All that has come.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it says, once the channel or the connection is closed.
    pub fn exit(&self, protocol: Protocol) -> Result<Exit, Error> {
        Exit::decode(&self.bytes, protocol)
    }
}

#[cfg(test)]
mod tests;

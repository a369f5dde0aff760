use store::StoreError;

use crate::state::Refused;

/// Why an approval could not be asked for, decided or used. The caller refuses the request that it was
/// about (P1).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApprovalError {
    /// The life of an approval does not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// No such approval.
    #[error("there is no approval {id}: see `portcullis approvals list`")]
    Unknown {
        /// What was asked for.
        id: String,
    },
    /// The router's answer cannot be carried out.
    #[error("the approval route cannot be used, because {why}: fix the approval router's configuration")]
    Route {
        /// What is wrong with it.
        why: &'static str,
    },
    /// Nobody could look at so many.
    #[error("{limit} approvals of {subject} are waiting already: wait until some are decided, or withdraw them")]
    TooMany {
        /// The limit.
        limit: u32,
        /// Whose.
        subject: String,
    },
    /// Too much text.
    #[error("the comment is longer than {limit} bytes: say it shorter")]
    Comment {
        /// The limit in bytes.
        limit: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ApprovalError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing { what: "approval", id } => ApprovalError::Unknown { id },
            other => ApprovalError::Store(other),
        }
    }
}

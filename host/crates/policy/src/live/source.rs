//! Where the folder's set comes from, when somebody fills the folder from elsewhere.

use jiff::Timestamp;
use serde::Serialize;

use crate::live::Live;
use crate::load::LoadError;
use crate::status::microseconds;

/// What the folder is filled from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// `oci://…`, as configured.
    pub reference: String,
    /// The digest of what was staged last, whether or not it went live.
    pub digest: Option<String>,
    /// When it was last asked for.
    #[serde(serialize_with = "microseconds::serialize")]
    pub checked: Timestamp,
    /// Why it could not be had then; none when it could.
    pub error: Option<String>,
}

impl Live {
    /// For [`Live::status`] to tell.
    pub fn sourced(&self, source: Source) {
        *self.shared.source.lock() = Some(source);
    }

    /// What was to come into the folder is no bundle that could go live: told as any set that is rejected.
    pub fn refuse(&self, why: String) {
        self.shared.reject(LoadError::Refused(why), false);
    }
}

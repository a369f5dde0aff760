//! What the operator allows. A bundle may ask for less, never for more.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::host::{HttpClient, Origin};

/// The operator's word. The memory ceiling is part of [`crate::EngineOptions`], since the pool is built for it.
#[derive(Clone)]
pub struct Grants {
    /// Origins that sinks and notifiers may reach, when their bundle asks for them. None by default.
    pub http_origins: Vec<Origin>,
    /// How they are reached.
    pub http_client: Option<Arc<dyn HttpClient>>,
    /// The longest deadline of a plugin that a request waits for: 1 s by default.
    pub max_deadline: Duration,
    /// The longest deadline of a sink or notifier: 60 s by default.
    pub max_delivery_deadline: Duration,
}

impl Default for Grants {
    fn default() -> Self {
        Grants { http_origins: Vec::new(), http_client: None, max_deadline: Duration::from_secs(1), max_delivery_deadline: Duration::from_secs(60) }
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants")
            .field("http_origins", &self.http_origins)
            .field("max_deadline", &self.max_deadline)
            .field("max_delivery_deadline", &self.max_delivery_deadline)
            .finish_non_exhaustive()
    }
}

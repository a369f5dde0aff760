//! audit-webhook.

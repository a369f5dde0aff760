//! notify-webhook.

//! `get` and `logs`.

use super::draft::Draft;
use crate::request::{KubeRequest, Verb};

impl KubeRequest {
    /// A name from a field selector is shown as that selector.
    pub(super) fn read_line(&self, named: bool) -> String {
        let mut draft = Draft::new(self, "get");
        match self.name.as_deref().filter(|_| named) {
            Some(name) => draft.object(name),
            None => draft.collection(),
        }
        if self.verb != Verb::Get {
            draft.selectors();
        }
        // kubectl asks for 500 at a time, and goes on until it has all.
        if self.verb == Verb::List
            && let Some(limit) = draft.query("limit").filter(|limit| !matches!(*limit, "0" | "500"))
        {
            draft.line.word(&format!("--chunk-size={limit}"));
        }
        if self.verb == Verb::Watch {
            draft.line.word("-w");
        }
        draft.subresource();
        draft.finish()
    }

    pub(super) fn logs_line(&self, name: &str) -> String {
        let mut draft = Draft::new(self, "logs");
        draft.line.word(name);
        draft.namespace();
        if let Some(container) = draft.query("container") {
            draft.line.option("-c", container);
        }
        for (key, flag) in [
            ("follow", "-f"),
            ("previous", "--previous"),
            ("timestamps", "--timestamps"),
            ("insecureSkipTLSVerifyBackend", "--insecure-skip-tls-verify-backend"),
        ] {
            if draft.flag(key) {
                draft.line.word(flag);
            }
        }
        for (key, flag, unit) in [("tailLines", "--tail", ""), ("sinceSeconds", "--since", "s"), ("sinceTime", "--since-time", ""), ("limitBytes", "--limit-bytes", "")] {
            if let Some(value) = draft.query(key) {
                draft.line.word(&format!("{flag}={value}{unit}"));
            }
        }
        draft.finish()
    }
}

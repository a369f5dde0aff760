//! `exec`, `attach` and `port-forward`.

use super::draft::Draft;
use crate::request::KubeRequest;

impl KubeRequest {
    pub(super) fn exec_line(&self, name: &str) -> String {
        let mut draft = self.stream("exec", name);
        draft.line.word("--");
        for word in draft.list("command") {
            draft.line.word(word);
        }
        draft.finish()
    }

    pub(super) fn attach_line(&self, name: &str) -> String {
        self.stream("attach", name).finish()
    }

    pub(super) fn port_forward_line(&self, name: &str) -> String {
        let mut draft = Draft::new(self, "port-forward");
        draft.line.word(&format!("pod/{name}"));
        draft.namespace();
        for port in draft.list("ports").flat_map(|ports| ports.split(',')) {
            draft.line.word(port);
        }
        draft.finish()
    }

    /// kubectl always asks for what the command prints, and for its errors apart unless a terminal joins them. What asks
    /// otherwise runs the command unseen.
    fn stream(&self, command: &str, name: &str) -> Draft<'_> {
        let mut draft = Draft::new(self, command);
        draft.line.word(name);
        draft.namespace();
        if let Some(container) = draft.query("container") {
            draft.line.option("-c", container);
        }
        if draft.flag("stdin") {
            draft.line.word("-i");
        }
        let tty = draft.flag("tty");
        if tty {
            draft.line.word("-t");
        }
        if !draft.flag("stdout") {
            draft.line.note_pair("stdout", "false");
        }
        let stderr = draft.flag("stderr");
        if stderr == tty {
            draft.line.note_pair("stderr", if stderr { "true" } else { "false" });
        }
        draft
    }
}

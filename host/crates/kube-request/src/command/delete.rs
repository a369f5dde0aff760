//! `delete`, and what else takes `DeleteOptions`.

use super::draft::Draft;
use crate::query::is_true;
use crate::request::KubeRequest;
use crate::{Json, dry_run};

/// `DeleteOptions` says so of itself: what the object's finalizers and dependents need is not looked at.
const DANGEROUS: &str = "ignoreStoreReadErrorWithClusterBreakingPotential";

impl KubeRequest {
    pub(super) fn delete_line(&self) -> String {
        let mut draft = Draft::new(self, "delete");
        match &self.name {
            Some(name) => draft.object(name),
            None => {
                draft.collection();
                draft.selectors();
                let selects = |key| self.query_value(key).is_some_and(|value| !value.is_empty());
                if !selects("labelSelector") && !selects("fieldSelector") {
                    draft.line.word("--all");
                }
            }
        }
        // The body counts where there is one, the query elsewhere; `with_body` leaves only one of them.
        let options = self.body.as_ref().map(|body| &body.json);
        match option(&mut draft, options, "gracePeriodSeconds").as_deref() {
            Some("0") => {
                draft.line.word("--grace-period=0");
                draft.line.word("--force");
            }
            Some(seconds) => draft.line.word(&format!("--grace-period={seconds}")),
            None => {}
        }
        self.cascade(&mut draft, options);
        draft.dry_run(wants_dry_run(options));
        if option(&mut draft, options, DANGEROUS).is_some_and(|value| is_true(&value)) {
            draft.line.note_pair(DANGEROUS, "true");
        }
        note_preconditions(&mut draft, options);
        draft.finish()
    }

    /// Background is what kubectl asks for when it is told nothing, and what the server takes when it is told nothing, but
    /// for these two, whose pods it then leaves (`DefaultGarbageCollectionPolicy`).
    fn cascade(&self, draft: &mut Draft<'_>, options: Option<&Json>) {
        let policy = option(draft, options, "propagationPolicy");
        let orphan = option(draft, options, "orphanDependents").map(|value| is_true(&value));
        let orphaned = matches!((self.group.as_str(), self.version.as_str(), self.resource.as_str()), ("batch", "v1", "jobs") | ("", "v1", "replicationcontrollers"));
        match (policy.as_deref(), orphan) {
            (Some("Orphan"), _) | (None, Some(true)) => draft.line.word("--cascade=orphan"),
            (Some("Foreground"), _) => draft.line.word("--cascade=foreground"),
            (Some("Background"), _) | (None, Some(false)) => {}
            (Some(other), _) => draft.line.note_pair("propagationPolicy", other),
            (None, None) if orphaned => draft.line.word("--cascade=orphan"),
            (None, None) => {}
        }
        // The server refuses both at once.
        if let (Some(_), Some(orphan)) = (&policy, orphan) {
            draft.line.note_pair("orphanDependents", if orphan { "true" } else { "false" });
        }
    }

    /// An eviction deletes, with options of its own; it has no command, since `drain` evicts all of a node.
    pub(super) fn eviction_line(&self, name: &str) -> String {
        let mut draft = Draft::new(self, "create");
        self.raw_words(&mut draft, true);
        draft.line.note(&["evicts", "pod", name]);
        let options = self.body.as_ref().and_then(|body| body.json.get("deleteOptions"));
        for key in ["gracePeriodSeconds", "propagationPolicy", "orphanDependents", DANGEROUS] {
            if let Some(value) = options.and_then(|options| scalar(options.get(key)?)) {
                draft.line.note_pair(key, &value);
            }
        }
        if wants_dry_run(options) && self.query_value("dryRun").is_none() {
            draft.line.note_pair("dryRun", "All");
        }
        note_preconditions(&mut draft, options);
        draft.line.finish()
    }
}

/// Of the body where there is one, and of the query elsewhere.
fn option(draft: &mut Draft<'_>, options: Option<&Json>, key: &'static str) -> Option<String> {
    let in_query = draft.query(key);
    match options {
        Some(options) => scalar(options.get(key)?),
        None => in_query.map(str::to_owned),
    }
}

/// As asked, whether or not it is honoured.
fn wants_dry_run(options: Option<&Json>) -> bool {
    options.is_some_and(|options| dry_run::in_options(options, "body").unwrap_or_default())
}

/// Words and numbers only: there is nothing else that these options take.
fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::Number(text) | Json::String(text) => Some(text.clone()),
        Json::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// The very object, and the very state of it, that is meant; in a query they stand by the same names.
fn note_preconditions(draft: &mut Draft<'_>, options: Option<&Json>) {
    for key in ["uid", "resourceVersion"] {
        if let Some(value) = options.and_then(|options| options.get("preconditions")?.get(key)?.as_str()) {
            draft.line.note_pair(key, value);
        }
    }
}

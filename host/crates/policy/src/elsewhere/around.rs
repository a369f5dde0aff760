//! What is around a request that is judged elsewhere: its body as it was kept, counts, and nothing else. It notices what is looked at in vain.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};
use kube_request::Json;
use parking_lot::Mutex;

use super::{KeptBody, Unseen};
use crate::counts::MemoryCounts;
use crate::document::Document;
use crate::host::{Charge, Cluster, Counter, Excess, Question, Selection, Surroundings, Wanted};

/// For one request.
pub(super) struct Around {
    counts: MemoryCounts,
    noticed: Noticed,
}

type Noticed = Arc<Mutex<BTreeSet<Unseen>>>;

impl Around {
    pub(super) fn new(counts: MemoryCounts) -> Around {
        Around { counts, noticed: Noticed::default() }
    }

    pub(super) fn document(&self, body: Option<&KeptBody>) -> Option<Arc<dyn Document>> {
        body.map(|body| Arc::new(Kept { body: body.clone(), noticed: self.noticed.clone() }) as Arc<dyn Document>)
    }

    pub(super) fn surroundings(&self, now: u64) -> Surroundings {
        Surroundings {
            cluster: Some(Arc::new(Nowhere(self.noticed.clone()))),
            counter: Some(Arc::new(Counted { counts: self.counts.clone(), noticed: self.noticed.clone() })),
            now: Some(now),
        }
    }

    pub(super) fn counts(&self) -> &MemoryCounts {
        &self.counts
    }

    /// What was looked at so far and is not here as it was.
    pub(super) fn unseen(&self) -> Vec<Unseen> {
        self.noticed.lock().iter().copied().collect()
    }
}

fn notice(noticed: &Noticed, what: Unseen) {
    noticed.lock().insert(what);
}

/// A body that notices when a masked value is read.
struct Kept {
    body: KeptBody,
    noticed: Noticed,
}

impl Kept {
    fn read(&self, text: String) -> String {
        if self.body.masked && holds_masked(&text) {
            notice(&self.noticed, Unseen::Masked);
        }
        text
    }
}

impl Document for Kept {
    fn get(&self, pointer: &str) -> Option<String> {
        self.body.json.pointer(pointer).map(|value| self.read(value.to_string()))
    }

    fn text(&self) -> String {
        self.read(self.body.json.to_string())
    }

    fn preview(&self) -> BoxFuture<'_, Result<Arc<dyn Document>, String>> {
        notice(&self.noticed, Unseen::Preview);
        Box::pin(ready(Err("there is no preview of a recorded request".to_owned())))
    }
}

/// Whether a text of a body in which something is masked holds that. It leans to yes: a word of it may be meant.
fn holds_masked(text: &str) -> bool {
    // Tokens begin with the word that stands for what is redacted. In base64 it may begin at any of three places in a group.
    const IN_BASE64: [&str; 3] = ["bWFza2Vk", "1hc2tlZ", "tYXNrZW"];
    debug_assert!(masking::TOKEN_PREFIX.starts_with(masking::REDACTED));
    text.contains(masking::REDACTED) || IN_BASE64.iter().any(|word| text.contains(word)) || masking::contains_token(text.as_bytes())
}

/// No cluster.
struct Nowhere(Noticed);

impl Nowhere {
    fn none<T: Send + 'static>(&self) -> BoxFuture<'static, Result<T, String>> {
        notice(&self.0, Unseen::Cluster);
        Box::pin(ready(Err("the cluster of a recorded request is not here".to_owned())))
    }
}

impl Cluster for Nowhere {
    fn get(&self, _: Wanted, _: bool) -> BoxFuture<'static, Result<Option<Arc<Json>>, String>> {
        self.none()
    }

    fn list(&self, _: Selection, _: bool) -> BoxFuture<'static, Result<Arc<Json>, String>> {
        self.none()
    }

    fn can_i(&self, _: Question) -> BoxFuture<'static, Result<bool, String>> {
        self.none()
    }
}

/// Counts that notice that they are used.
struct Counted {
    counts: MemoryCounts,
    noticed: Noticed,
}

impl Counter for Counted {
    fn spend(&self, plugin: &Arc<str>, charges: Vec<Charge>) -> BoxFuture<'static, Result<Option<Excess>, String>> {
        notice(&self.noticed, Unseen::Counts);
        self.counts.spend(plugin, charges)
    }

    fn used(&self, plugin: &Arc<str>, key: String, window: u32) -> BoxFuture<'static, Result<u64, String>> {
        notice(&self.noticed, Unseen::Counts);
        self.counts.used(plugin, key, window)
    }
}

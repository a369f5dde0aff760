//! What reached the cluster, for tests that must know.

use crate::Seen;
use http::{HeaderMap, header, request::Parts};
use parking_lot::Mutex;
use std::collections::VecDeque;

/// Requests remembered; a few hundred bytes each, so about 2 MB when full.
const MAX_SEEN: usize = 4096;
/// Longer paths are cut, so that the memory bound holds.
const MAX_PATH: usize = 2048;

/// A bounded list of requests.
#[derive(Default)]
pub(crate) struct Witness {
    seen: Mutex<VecDeque<Seen>>,
}

impl Witness {
    pub(crate) fn note(&self, head: &Parts, authenticated: bool) {
        let target = head.uri.path_and_query().map_or("/", |it| it.as_str());
        let seen = Seen {
            method: head.method.to_string(),
            path: target.chars().take(MAX_PATH).collect(),
            impersonate_user: text(&head.headers, "impersonate-user"),
            impersonate_groups: all(&head.headers, "impersonate-group"),
            content_type: text(&head.headers, header::CONTENT_TYPE.as_str()),
            accept: text(&head.headers, header::ACCEPT.as_str()),
            authenticated,
        };
        let mut list = self.seen.lock();
        if list.len() == MAX_SEEN {
            list.pop_front();
        }
        list.push_back(seen);
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        self.seen.lock().iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.seen.lock().clear();
    }
}

/// The first value of a header, lossy.
pub(crate) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Every value of a header, lossy, in order.
pub(crate) fn all(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect()
}

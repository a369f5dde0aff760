//! Watches: one JSON document a line, for as long as the client stays.

use super::{
    Api,
    problem::Problem,
    read::{Ask, asked_revision, too_new},
    store::{Change, Happened, Object},
    table::Form,
};
use crate::{query::first, serve::Body};
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::{Value, json};
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::watch::Receiver,
    time::{Instant, sleep_until},
};

/// Between two bookmarks; a real API server sends one about every minute.
const BOOKMARK_EVERY: Duration = Duration::from_secs(30);
/// A real API server ends a watch that named no time limit after 30 to 60 minutes.
const LONGEST: Duration = Duration::from_secs(45 * 60);

/// One event, before it is written.
enum Event {
    Object(&'static str, Arc<Object>),
    /// A bookmark at this revision; true when it ends the initial events.
    Bookmark(u64, bool),
    /// The last event of a watch that cannot go on.
    Failure(Problem),
}

/// A watch.
struct Watch {
    api: Arc<Api>,
    ask: Ask,
    /// What is not written yet.
    queue: VecDeque<Event>,
    /// The revision up to which changes are in the queue or written.
    seen: u64,
    news: Receiver<u64>,
    bookmarks: bool,
    next_bookmark: Instant,
    end: Instant,
    /// Whether a table's columns were sent: they go with the first event only.
    columns_sent: bool,
    over: bool,
}

/// Starts a watch. Refuses what a real API server refuses before the first byte.
pub(crate) fn watch(api: Arc<Api>, ask: Ask, query: &[(String, String)]) -> Result<Body, Problem> {
    let flag = |name: &str| first(query, name).is_some_and(|it| !matches!(it, "0" | "false"));
    let (bookmarks, asked) = (flag("allowWatchBookmarks"), asked_revision(query)?);
    let initial = first(query, "sendInitialEvents");
    let matching = first(query, "resourceVersionMatch").unwrap_or_default();
    match initial {
        None if !matching.is_empty() => {
            return Err(list_options(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            ));
        }
        Some(_) if matching != "NotOlderThan" => {
            return Err(list_options(
                "resourceVersionMatch",
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ));
        }
        _ => {}
    }
    let limit = first(query, "timeoutSeconds")
        .and_then(|it| it.parse().ok())
        .map_or(LONGEST, Duration::from_secs)
        .min(LONGEST);
    let now = Instant::now();
    let mut watch = {
        let store = api.store.lock();
        Watch {
            queue: VecDeque::new(),
            seen: store.revision(),
            news: store.subscribe(),
            bookmarks,
            next_bookmark: now + BOOKMARK_EVERY,
            end: now + limit,
            columns_sent: false,
            over: false,
            ask,
            api: api.clone(),
        }
    };
    watch.begin(asked, initial);
    let frames = stream::unfold(watch, |mut watch| async move {
        let bytes = watch.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(bytes)), watch))
    });
    Ok(StreamBody::new(frames).boxed_unsync())
}

fn list_options(field: &str, why: &str) -> Problem {
    Problem::new(
        422,
        "Invalid",
        format!("ListOptions.meta.k8s.io \"\" is invalid: {field}: Forbidden: {why}"),
    )
}

impl Watch {
    /// Queues what comes before the first change.
    fn begin(&mut self, asked: Option<u64>, initial: Option<&str>) {
        let store = self.api.store.lock();
        let current = store.revision();
        if let Some(asked) = asked.filter(|it| *it > current) {
            self.queue
                .push_back(Event::Failure(too_new(asked, current)));
            return;
        }
        // Without a version, and from "any" version, a watch starts with what is there (KEP-3157 for `false`).
        let with_state = match initial {
            Some(text) => !matches!(text, "0" | "false"),
            None => asked.is_none_or(|it| it == 0),
        };
        if with_state {
            let present = store.list(self.ask.resource, self.ask.namespace.as_deref(), None);
            let selected = present.filter(|(_, object)| self.ask.selector.matches(&object.value));
            self.queue
                .extend(selected.map(|(_, object)| Event::Object("ADDED", object.clone())));
            if initial.is_some() && self.bookmarks {
                self.queue.push_back(Event::Bookmark(current, true));
            }
        }
        self.seen = match asked {
            Some(asked) if !with_state && asked > 0 => asked,
            _ => current,
        };
    }

    /// The next line, or `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(self.line(&event));
            }
            if self.over {
                return None;
            }
            // Marked before looking, so that a change between the two wakes the wait below.
            self.news.mark_unchanged();
            self.catch_up();
            if !self.queue.is_empty() {
                continue;
            }
            let wake = if self.bookmarks {
                self.next_bookmark.min(self.end)
            } else {
                self.end
            };
            tokio::select! {
                changed = self.news.changed() => if changed.is_err() { return None },
                () = sleep_until(wake) => {
                    if Instant::now() >= self.end {
                        return None;
                    }
                    self.next_bookmark = Instant::now() + BOOKMARK_EVERY;
                    self.queue.push_back(Event::Bookmark(self.seen, false));
                }
            }
        }
    }

    /// Queues the changes since the last look.
    fn catch_up(&mut self) {
        let store = self.api.store.lock();
        let Some(changes) = store.since(self.seen) else {
            let message = format!(
                "too old resource version: {} ({})",
                self.seen,
                store.revision()
            );
            self.queue
                .push_back(Event::Failure(Problem::expired(message)));
            return;
        };
        let events = changes.filter_map(|change| event(&self.ask, change));
        self.queue.extend(events);
        self.seen = store.revision();
    }

    fn line(&mut self, event: &Event) -> Bytes {
        let (kind, object) = match event {
            Event::Object(kind, object) => {
                let with_columns = !std::mem::replace(&mut self.columns_sent, true);
                (
                    *kind,
                    self.ask
                        .form
                        .one(self.ask.resource, &object.value, with_columns),
                )
            }
            Event::Bookmark(revision, initial) => ("BOOKMARK", self.bookmark(*revision, *initial)),
            Event::Failure(problem) => {
                self.over = true;
                ("ERROR", problem.status())
            }
        };
        let mut line = json!({"type": kind, "object": object}).to_string();
        line.push('\n');
        Bytes::from(line)
    }

    fn bookmark(&self, revision: u64, initial: bool) -> Value {
        let mut metadata =
            json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
        if initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let resource = self.ask.resource;
        let object = json!({"kind": resource.kind, "apiVersion": resource.api_version(), "metadata": metadata});
        match self.ask.form {
            Form::Plain => object,
            form => form.one(resource, &object, false),
        }
    }
}

/// The event that a change is to somebody who asked; objects enter and leave a selection as they change.
fn event(ask: &Ask, change: &Change) -> Option<Event> {
    let key = &change.key;
    let mine = key.group == ask.resource.group
        && key.plural == ask.resource.plural
        && ask.namespace.as_ref().is_none_or(|it| *it == key.namespace);
    if !mine {
        return None;
    }
    let is = change.happened != Happened::Deleted && ask.selector.matches(&change.object.value);
    let was = change
        .before
        .as_ref()
        .is_some_and(|it| ask.selector.matches(&it.value));
    let kind = match (was, is) {
        (false, false) => return None,
        (false, true) => "ADDED",
        (true, true) => "MODIFIED",
        (true, false) => "DELETED",
    };
    Some(Event::Object(kind, change.object.clone()))
}

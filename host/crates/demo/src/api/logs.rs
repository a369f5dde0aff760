//! `pods/log`: no container runs, so the lines are written for the stage, the same for every reader of the same pod.

use super::{
    Api,
    defaults::hash,
    problem::Problem,
    resources::known,
    store::{Key, meta},
};
use crate::{clock, query::first, serve::Body};
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use serde_json::Value;
use std::{convert::Infallible, sync::Arc, time::Duration};

/// A line every so many seconds of a container's life.
const SECONDS_PER_LINE: i64 = 2;
/// The oldest lines are gone, as if rotated away: about 60 KB.
const MAX_LINES: i64 = 500;
/// How often a follower looks for the next line.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A follower is sent away after this long, as by a load balancer.
const LONGEST: i64 = 3600;

/// Which lines are wanted.
struct Wanted {
    key: Key,
    uid: String,
    container: String,
    started: i64,
    timestamps: bool,
}

/// Answers a request for logs.
pub(crate) fn logs(api: &Arc<Api>, key: Key, query: &[(String, String)]) -> Result<Body, Problem> {
    let pods = known("", "pods");
    let pod = api
        .store
        .lock()
        .get(&key)
        .map(|it| it.value.clone())
        .ok_or_else(|| Problem::not_found(pods, &key.name))?;
    let container = choose_container(&pod, &key.name, first(query, "container"))?;
    let status = pod["status"]["containerStatuses"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|it| it["name"] == *container);
    let state = status.map_or(&Value::Null, |it| &it["state"]);
    let started = state["running"]["startedAt"]
        .as_str()
        .or(state["terminated"]["startedAt"].as_str());
    let Some(started) = started
        .and_then(clock::age_of)
        .map(|age| clock::unix_now() - age)
    else {
        let reason = state["waiting"]["reason"]
            .as_str()
            .unwrap_or("ContainerCreating");
        return Err(Problem::bad_request(format!(
            "container {container:?} in pod {:?} is waiting to start: {reason}",
            key.name
        )));
    };
    let flag = |name: &str| first(query, name).is_some_and(|it| !matches!(it, "0" | "false"));
    if flag("previous") {
        return Err(Problem::bad_request(format!(
            "previous terminated container {container:?} in pod {:?} not found",
            key.name
        )));
    }
    let finished = state["terminated"]["finishedAt"]
        .as_str()
        .and_then(clock::age_of)
        .map(|age| clock::unix_now() - age);
    let wanted = Wanted {
        uid: meta(&pod, "uid").to_owned(),
        key,
        container,
        started,
        timestamps: flag("timestamps"),
    };

    let number = |name: &str| {
        first(query, name)
            .and_then(|it| it.parse::<i64>().ok())
            .filter(|it| *it >= 0)
    };
    let end = wanted.lines_at(finished.unwrap_or_else(clock::unix_now));
    let mut begin = (end - MAX_LINES).max(0);
    if let Some(tail) = number("tailLines") {
        begin = begin.max(end - tail.min(MAX_LINES));
    }
    if let Some(seconds) = number("sinceSeconds") {
        begin = begin.max(wanted.lines_at(clock::unix_now() - seconds));
    }
    if let Some(age) = first(query, "sinceTime").and_then(clock::age_of) {
        begin = begin.max(wanted.lines_at(clock::unix_now() - age));
    }
    let mut text: String = (begin..end).map(|at| wanted.line(at)).collect();
    if let Some(limit) = number("limitBytes") {
        let mut cut = usize::try_from(limit).unwrap_or(usize::MAX).min(text.len());
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        text.truncate(cut);
    }
    if flag("follow") && finished.is_none() {
        Ok(follow(api.clone(), wanted, text, end))
    } else {
        Ok(Full::new(Bytes::from(text)).boxed_unsync())
    }
}

fn choose_container(pod: &Value, name: &str, wanted: Option<&str>) -> Result<String, Problem> {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let names: Vec<&str> = containers.filter_map(|it| it["name"].as_str()).collect();
    match (wanted.filter(|it| !it.is_empty()), names.as_slice()) {
        (Some(wanted), names) if names.contains(&wanted) => Ok(wanted.to_owned()),
        (Some(wanted), _) => Err(Problem::bad_request(format!(
            "container {wanted} is not valid for pod {name}"
        ))),
        (None, [only]) => Ok((*only).to_owned()),
        (None, names) => {
            let choice = names.join(" ");
            Err(Problem::bad_request(format!(
                "a container name must be specified for pod {name}, choose one of: [{choice}]"
            )))
        }
    }
}

/// The lines so far, then each next one as it comes due, until the pod is gone.
fn follow(api: Arc<Api>, wanted: Wanted, so_far: String, next: i64) -> Body {
    let give_up = clock::unix_now() + LONGEST;
    let frames = stream::unfold((Some(so_far), next), move |(pending, mut next)| {
        let (api, line) = (api.clone(), wanted.line(next));
        let (key, uid, started) = (wanted.key.clone(), wanted.uid.clone(), wanted.started);
        async move {
            let text = match pending {
                Some(text) => text,
                None => {
                    let due = started + (next - 1) * SECONDS_PER_LINE;
                    while clock::unix_now() < due {
                        tokio::time::sleep(LOOK_EVERY).await;
                        let there = api
                            .store
                            .lock()
                            .get(&key)
                            .is_some_and(|it| meta(&it.value, "uid") == uid);
                        if !there || clock::unix_now() > give_up {
                            return None;
                        }
                    }
                    next += 1;
                    line
                }
            };
            Some((
                Ok::<_, Infallible>(Frame::data(Bytes::from(text))),
                (None, next),
            ))
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

impl Wanted {
    /// How many lines there are at that time.
    fn lines_at(&self, time: i64) -> i64 {
        // Two at once: a container says that it starts, and that it is ready.
        if time < self.started {
            0
        } else {
            2 + (time - self.started) / SECONDS_PER_LINE
        }
    }

    fn line(&self, at: i64) -> String {
        let time = clock::format(self.started + (at - 1).max(0) * SECONDS_PER_LINE);
        let stamp = if self.timestamps {
            format!("{}.000000000Z ", time.trim_end_matches('Z'))
        } else {
            String::new()
        };
        let chance = hash(&format!("{}/{}/{at}", self.uid, self.container));
        let message = match at {
            0 => format!("{time} info  {} starting, version 1.4.2", self.container),
            1 => format!("{time} info  {} ready, listening on :8080", self.container),
            _ if self.container == "web" => access(&time, chance),
            _ => worker(&time, chance),
        };
        format!("{stamp}{message}\n")
    }
}

fn access(time: &str, chance: u32) -> String {
    const PATHS: [&str; 6] = [
        "/",
        "/cart",
        "/api/products",
        "/api/orders",
        "/static/app.css",
        "/healthz",
    ];
    let path = PATHS[chance as usize % PATHS.len()];
    let status = if chance.is_multiple_of(41) {
        502
    } else if chance.is_multiple_of(17) {
        404
    } else {
        200
    };
    format!(
        "{time} info  10.244.0.{} \"GET {path} HTTP/1.1\" {status} {}ms",
        2 + chance / 64 % 200,
        1 + chance / 512 % 90
    )
}

fn worker(time: &str, chance: u32) -> String {
    const JOBS: [&str; 4] = [
        "reconcile-stock",
        "send-receipts",
        "expire-carts",
        "refresh-prices",
    ];
    let job = JOBS[chance as usize % JOBS.len()];
    format!(
        "{time} info  job={job} items={} took={}ms",
        chance / 32 % 40,
        3 + chance / 1024 % 400
    )
}

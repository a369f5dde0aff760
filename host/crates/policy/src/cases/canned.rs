//! What stands in the place of the network in a case: answers that are written down, and a list of what was sent.

use std::collections::VecDeque;

use futures_util::future::{BoxFuture, ready};
use parking_lot::Mutex;

use super::file::AnswerEntry;
use super::request::text;
use crate::host::HttpClient;
use crate::wit::{HttpRequest, HttpResponse};

/// Requests that are kept of one case.
const SENT: usize = 1000;

/// Answers from a case.
pub(super) struct Canned {
    given: Vec<AnswerEntry>,
    answers: Mutex<VecDeque<AnswerEntry>>,
    sent: Mutex<Vec<HttpRequest>>,
}

impl Canned {
    pub(super) fn new(answers: &[AnswerEntry]) -> Canned {
        Canned { given: answers.to_vec(), answers: Mutex::new(answers.iter().cloned().collect()), sent: Mutex::default() }
    }

    /// Begins again.
    pub(super) fn rewind(&self) {
        *self.answers.lock() = self.given.iter().cloned().collect();
        self.sent.lock().clear();
    }

    /// What was sent, in order.
    pub(super) fn sent(&self) -> Vec<HttpRequest> {
        self.sent.lock().clone()
    }
}

impl HttpClient for Canned {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, String>> {
        let mut sent = self.sent.lock();
        if sent.len() < SENT {
            sent.push(request);
        }
        let answer = self.answers.lock().pop_front().ok_or_else(|| format!("the case has no answer to request {}; give it one under `answers`", sent.len()));
        Box::pin(ready(answer.and_then(|answer| match answer.error {
            Some(error) => Err(error),
            None => Ok(HttpResponse {
                status: answer.status.unwrap_or(200),
                headers: answer.headers.into_iter().collect(),
                body: answer.body.as_ref().map(text).unwrap_or_default().into_bytes(),
            }),
        })))
    }
}

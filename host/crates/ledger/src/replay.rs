//! A session, in the order in which the agent saw it.

use std::time::Duration;

use crate::error::ReadError;
use crate::read::Reader;
use crate::read::bodies::Output;
use crate::read::entry::Entry;
use crate::read::query::Filter;

/// The most steps of one session that are put in order; a session is bounded by its TTL.
const STEPS_MAX: usize = 1_000_000;

/// One request of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Since the session's first record.
    pub offset: Duration,
    /// What was asked and answered. `entry.command` is the command line, `entry.request` the facts,
    /// `entry.response` status and media type.
    pub entry: Entry,
}

/// The steps of a session by time. What the agent saw of each is read when it is asked for.
#[derive(Debug)]
pub struct Replay {
    reader: Reader,
    steps: std::vec::IntoIter<Step>,
}

impl Replay {
    pub(crate) fn new(reader: &Reader, session: &str) -> Result<Replay, ReadError> {
        let filter = Filter { session: Some(session.to_owned()), limit: Some(STEPS_MAX), ..Filter::default() };
        let mut entries = reader.query(filter)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(|a| (a.time, a.position));
        let began = entries.first().map(|entry| entry.time);
        let steps: Vec<Step> = entries
            .into_iter()
            .map(|entry| {
                let offset = began.map_or(Duration::ZERO, |began| {
                    Duration::try_from(entry.time.duration_since(began)).unwrap_or(Duration::ZERO)
                });
                Step { offset, entry }
            })
            .collect();
        Ok(Replay { reader: reader.clone(), steps: steps.into_iter() })
    }

    /// What the agent saw of a step.
    pub fn output(&self, step: &Step) -> Result<Output, ReadError> {
        self.reader.output(&step.entry)
    }
}

impl Iterator for Replay {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        self.steps.next()
    }
}

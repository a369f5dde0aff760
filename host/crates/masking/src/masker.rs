//! The masker as others see it: bytes in, masked bytes out, and what is held while an inspector answers.

use crate::CompiledPlan;
use crate::core::Core;
use crate::token::TokenKey;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why masking stopped. The rest of the answer must not be released; the same error comes back from then on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MaskError {
    /// The bytes are not JSON.
    #[error("the answer is no valid JSON at byte {at}: {what}; it cannot be masked and is refused")]
    Syntax {
        /// Offset of the offending byte from the first one pushed.
        at: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// Nested too deeply.
    #[error("the answer is nested more than {most} deep at byte {at}; it cannot be masked and is refused")]
    Depth {
        /// Offset of the offending byte.
        at: u64,
        /// The limit.
        most: usize,
    },
    /// A key that is longer than any that could be compared.
    #[error("the answer has a key longer than {most} bytes at byte {at}; it cannot be masked and is refused")]
    Key {
        /// Offset of the byte at which the limit was passed.
        at: u64,
        /// The limit.
        most: usize,
    },
    /// A second `name` in an object where the first one decided what is masked.
    #[error("the answer repeats the key `name` at byte {at} in an object where it decides what is masked; it is refused")]
    RepeatedName {
        /// Offset of the key's end.
        at: u64,
    },
    /// An inspector gave another number of answers than it was asked for.
    #[error("the masker component answered {given} of {asked} candidates; the answer is refused")]
    Answers {
        /// Candidates asked about.
        asked: usize,
        /// Answers given.
        given: usize,
    },
    /// An inspector failed.
    #[error("the masker component could not inspect the answer: {0}; the answer is refused")]
    Inspector(String),
    /// The input ended inside a document.
    #[error("the answer ends after {at} bytes, inside a JSON document; it is refused")]
    Truncated {
        /// Bytes pushed.
        at: u64,
    },
}

/// What was masked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Complete documents that passed.
    pub documents: u64,
    /// Values masked, or within which something was masked.
    pub masked: u64,
    /// The same by rule name; `embedded` counts embedded documents that were no JSON object and so redacted whole.
    pub rules: BTreeMap<String, u64>,
}

/// A value that a rule with the action `inspect` met.
#[derive(Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The rule's name.
    pub rule: String,
    /// RFC 6901 pointer to the value, from the root of its document.
    pub path: String,
    /// The value, decoded from JSON (and from base64 where the rule says so; bytes that are no UTF-8 are replaced).
    pub value: String,
}

impl std::fmt::Debug for Candidate {
    // The value is what a policy may want hidden: it never goes to a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate").field("rule", &self.rule).field("path", &self.path).finish_non_exhaustive()
    }
}

/// Who answers for `inspect` rules when the caller wants one synchronous call.
pub trait Inspector: Send {
    /// One answer for each candidate, in order: what to show instead, or nothing to let it pass. An error refuses the
    /// answer as a whole. Called at most once a `push`.
    fn inspect(&mut self, candidates: &[Candidate]) -> Result<Vec<Option<String>>, String>;
}

/// Output with holes: what [`Masker::scan`] made of one chunk. [`Masker::fill`] turns it into bytes.
#[must_use = "the output is lost unless it is given to `Masker::fill`"]
pub struct Scanned {
    pub(crate) bytes: Vec<u8>,
    pub(crate) holes: Vec<InspectHole>,
    candidates: Vec<Candidate>,
}

impl Scanned {
    /// What has to be answered before the bytes can be released; empty for most chunks.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }
}

/// A place in the output that awaits an inspector's answer. It holds the redacted form meanwhile.
#[derive(Clone)]
pub(crate) struct InspectHole {
    /// Where the value stands in the output, quotes included.
    pub at: std::ops::Range<usize>,
    /// The rule.
    pub rule: usize,
    /// The value as it passes when the inspector has nothing against it.
    pub passed: Vec<u8>,
    /// Whether the replacement is written in base64.
    pub base64: bool,
    /// Whether another rule has masked a part of the value already, so that it is counted.
    pub counted: bool,
    pub candidate: Candidate,
}

/// Masks a stream of JSON: one document, or several after another (the frames of a watch).
///
/// # What is masked, and how it is shown
/// - A string at a rule's path is replaced as the rule says. Where several whole-value rules apply, the strictest
///   action holds (redact, then token, then inspect), and base64 if any of them says so.
/// - Below a path that holds an object or an array **every** scalar is masked. A number, `true` or `false` becomes a
///   string (its token is computed over its JSON text); `null` stays. With patterns, a number is masked whole when
///   they match its text. Keys are never masked.
/// - Patterns of a base64 rule are tried on what the value decodes to, or on the value itself when it does not decode.
///   Where such patterns and those of a text rule both match, the value is masked whole.
/// - `names` is tested against the value's key, and against the string `name` beside the value. When `name` comes
///   after the value the output is held until it does, to the end of the object or 64 KiB; a value whose name never
///   comes (or is no string) is masked where the path ends in a literal key, as it does for environment variables,
///   and is not where the path ends in a wildcard, where the key decides. An object or array is masked without
///   waiting for a `name` behind it. A rule with `names` at the elements of an array applies to the fields of the
///   elements whose `name` matches (but not to `name` itself).
/// - In an embedded document the rules apply as in a document of its own; `inspect` is carried out as `redact` there.
///   Three documents inside each other are as far as it goes; below, the string is redacted whole.
///
/// # Bounds
/// A value longer than [`Masker::VALUE_LIMIT`] that a rule might mask is redacted whole, unseen. Keys are at most
/// [`Masker::KEY_LIMIT`] bytes where rules could apply, nesting at most [`Masker::DEPTH_LIMIT`]. Memory beyond the
/// caller's buffers is a few times the longest value under a rule, and a few kilobytes while nothing is under way.
pub struct Masker {
    core: Core,
    inspector: Option<Box<dyn Inspector>>,
    failed: Option<MaskError>,
}

impl Masker {
    /// Longest value, in bytes as written, that is buffered to be masked: 4 MiB. The largest object that etcd
    /// takes by default is 1.5 MiB.
    pub const VALUE_LIMIT: usize = 4 << 20;
    /// Longest key in a place that a rule can reach, in bytes as written: 64 KiB. Kubernetes' own keys have at most 317.
    pub const KEY_LIMIT: usize = 64 << 10;
    /// Deepest nesting: 512. Kubernetes' own objects stay below 40, schemas in CRDs below 100.
    pub const DEPTH_LIMIT: usize = 512;
    /// Most output that is held, in bytes, until a `name` behind a value is known: 64 KiB. Then the value is masked.
    pub const HOLD_LIMIT: usize = 64 << 10;

    /// A masker for one answer.
    pub fn new(plan: Arc<CompiledPlan>, key: Arc<TokenKey>) -> Masker {
        Masker { core: Core::new(plan, key, 0), inspector: None, failed: None }
    }

    /// Gives the masker somebody who answers for `inspect` rules. Without one, [`Masker::push`] redacts their values.
    #[must_use]
    pub fn with_inspector(mut self, inspector: Box<dyn Inspector>) -> Masker {
        self.inspector = Some(inspector);
        self
    }

    /// Masks the next bytes and appends what can be released to `out`: everything up to the value that is under way.
    ///
    /// # Errors
    /// The answer is not JSON or passes a bound. `out` gets nothing of this chunk.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), MaskError> {
        if !self.core.inspects() {
            return self.run(chunk, out);
        }
        let scanned = self.scan(chunk)?;
        let answers = match &mut self.inspector {
            _ if scanned.candidates.is_empty() => Ok(Vec::new()),
            Some(inspector) => inspector.inspect(&scanned.candidates),
            None => return self.release(scanned, out),
        };
        match answers {
            Ok(answers) => self.fill(scanned, answers, out),
            Err(why) => self.fail(MaskError::Inspector(why)),
        }
    }

    /// The first of two phases, for a caller that asks its inspector asynchronously: masks the next bytes, and leaves
    /// holes for the candidates. Candidates of one chunk come together; their values are bounded by the chunk
    /// and [`Masker::VALUE_LIMIT`]. Each `Scanned` is given to [`Masker::fill`], in order.
    ///
    /// # Errors
    /// As for [`Masker::push`].
    pub fn scan(&mut self, chunk: &[u8]) -> Result<Scanned, MaskError> {
        let mut bytes = Vec::with_capacity(chunk.len() + chunk.len() / 8);
        self.run(chunk, &mut bytes)?;
        let mut holes = self.core.take_inspected();
        let candidates = holes.iter_mut().map(|hole| hole.candidate.clone()).collect();
        Ok(Scanned { bytes, holes, candidates })
    }

    /// The second phase: puts the answers into the holes and appends the bytes to `out`.
    ///
    /// # Errors
    /// When there is not one answer for each candidate.
    pub fn fill(&mut self, scanned: Scanned, answers: Vec<Option<String>>, out: &mut Vec<u8>) -> Result<(), MaskError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if answers.len() != scanned.candidates.len() {
            return self.fail(MaskError::Answers { asked: scanned.candidates.len(), given: answers.len() });
        }
        let mut from = 0;
        for (hole, answer) in scanned.holes.iter().zip(answers) {
            out.extend_from_slice(&scanned.bytes[from..hole.at.start]);
            self.core.answer(hole, answer.as_deref(), out);
            from = hole.at.end;
        }
        out.extend_from_slice(&scanned.bytes[from..]);
        Ok(())
    }

    /// Ends the stream: the input must end between documents (after none, one or many).
    ///
    /// # Errors
    /// When it ends inside one, and whatever stopped the masker before.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<Summary, MaskError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.core.finish(out)
    }

    /// What has been masked so far: for the records of a stream that goes on.
    pub fn summary(&self) -> Summary {
        self.core.summary()
    }

    /// Bytes kept on the heap, for the test of it.
    #[cfg(test)]
    fn core_kept(&self) -> usize {
        self.core.kept()
    }

    fn run(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), MaskError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let before = out.len();
        match self.core.push(chunk, out) {
            Ok(()) => Ok(()),
            Err(error) => {
                // What this chunk gave may still await a name: nothing of it is released.
                out.truncate(before);
                self.fail(error)
            }
        }
    }

    /// Nobody answers: the redacted forms in the holes stay.
    fn release(&mut self, scanned: Scanned, out: &mut Vec<u8>) -> Result<(), MaskError> {
        for hole in &scanned.holes {
            self.core.count(hole);
        }
        out.extend_from_slice(&scanned.bytes);
        Ok(())
    }

    fn fail<T>(&mut self, error: MaskError) -> Result<T, MaskError> {
        self.failed = Some(error.clone());
        Err(error)
    }
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Masker").field("summary", &self.summary()).field("failed", &self.failed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

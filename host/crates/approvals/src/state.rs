//! The life of an approval, without a store and without a clock.
//!
//! ```text
//! pending ──▶ approved ──▶ used
//!    │            ├──────▶ expired
//!    ├──▶ denied  └──────▶ withdrawn
//!    ├──▶ expired
//!    └──▶ withdrawn
//! ```

use serde::{Deserialize, Serialize};
use store::rfc3339;

use crate::approval::Approval;
use crate::person::Person;

/// Where an approval is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for people.
    Pending,
    /// Enough people said yes: one request that fits may pass.
    Approved,
    /// That request has passed.
    Used,
    /// Somebody said no.
    Denied,
    /// Its time was over, unanswered or unused.
    Expired,
    /// It is not wanted any more.
    Withdrawn,
}

impl State {
    /// As it is kept and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Approved => "approved",
            State::Used => "used",
            State::Denied => "denied",
            State::Expired => "expired",
            State::Withdrawn => "withdrawn",
        }
    }

    /// The inverse of [`State::as_str`].
    pub fn from_name(name: &str) -> Option<State> {
        [State::Pending, State::Approved, State::Used, State::Denied, State::Expired, State::Withdrawn]
            .into_iter()
            .find(|state| state.as_str() == name)
    }

    /// Whether nothing can happen to it any more.
    pub fn is_final(self) -> bool {
        !matches!(self, State::Pending | State::Approved)
    }
}

/// Why something may not be done with an approval. The messages are for whoever tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is decided, or over.
    #[error("the approval is {} already: run the command again to ask for another", state.as_str())]
    NotPending {
        /// What it is.
        state: State,
    },
    /// It has not been granted, or not any more.
    #[error("the approval is {}, not approved: {}", state.as_str(), what_next(*state))]
    NotApproved {
        /// What it is.
        state: State,
    },
    /// Its time is over, though nothing has noted it yet.
    #[error("the approval expired at {}: run the command again to ask for another", rfc3339(*at))]
    Expired {
        /// When, in microseconds.
        at: i64,
    },
    /// The grant is for something else.
    #[error("the approval was given for another request or another version of its target: run the command again to ask for one that fits")]
    DoesNotFit,
    /// Only people decide.
    #[error("{subject} is an {kind}, and only people may decide: have a person approve it")]
    NotAPerson {
        /// Who tried.
        subject: String,
        /// What it is.
        kind: String,
    },
    /// It is their own.
    #[error("{subject} made this request, and nobody decides their own: have somebody else approve it")]
    OwnRequest {
        /// Who tried.
        subject: String,
    },
    /// It is their agent's.
    #[error("{subject} is the sponsor of this request's agent, and nobody decides their own agent's requests: have somebody else approve it")]
    OwnAgent {
        /// Who tried.
        subject: String,
    },
    /// The route does not name them.
    #[error("{subject} may not decide this: {} may", who_may(groups, subjects))]
    NotAsked {
        /// Who tried.
        subject: String,
        /// The groups that may.
        groups: Vec<String>,
        /// The subjects that may.
        subjects: Vec<String>,
    },
    /// One person, one voice.
    #[error("{subject} has decided this already (or shares a name with somebody who has): another person is needed")]
    Again {
        /// Who tried.
        subject: String,
    },
    /// Only whoever asked may take it back.
    #[error("{subject} did not ask for this approval: deny it instead")]
    NotTheirs {
        /// Who tried.
        subject: String,
    },
}

fn what_next(state: State) -> &'static str {
    match state {
        State::Pending => "wait for a person to approve it",
        _ => "run the command again to ask for another",
    }
}

fn who_may(groups: &[String], subjects: &[String]) -> String {
    let mut parts = Vec::new();
    if !groups.is_empty() {
        parts.push(format!("members of {}", groups.join(", ")));
    }
    if !subjects.is_empty() {
        parts.push(subjects.join(", "));
    }
    parts.join(", and ")
}

/// What becomes of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// Its state from now on.
    pub state: State,
    /// When it expires, in microseconds.
    pub expires: i64,
    /// When it ended, if it did.
    pub ended: Option<i64>,
}

fn ends(approval: &Approval, state: State, now: i64) -> Next {
    Next { state, expires: approval.expires, ended: Some(now) }
}

/// Somebody says yes or no.
///
/// One no denies. A yes counts once for each person; the last one needed grants it, and from then on it is
/// again good for as long as it could wait.
///
/// # Errors
/// Why this person may not, or not now.
pub fn decide(approval: &Approval, by: &Person, approves: bool, now: i64) -> Result<Next, Refused> {
    if approval.state != State::Pending {
        return Err(Refused::NotPending { state: approval.state });
    }
    if now >= approval.expires {
        return Err(Refused::Expired { at: approval.expires });
    }
    may_decide(approval, by)?;
    if !approves {
        return Ok(ends(approval, State::Denied, now));
    }
    let said_yes = approval.decisions.iter().filter(|decision| decision.approves).count() + 1;
    if said_yes < approval.needed as usize {
        return Ok(Next { state: State::Pending, expires: approval.expires, ended: None });
    }
    Ok(Next { state: State::Approved, expires: now.saturating_add(approval.lifetime), ended: None })
}

/// Whether this person may decide at all, whatever the approval's state: what a page asks before it shows buttons.
///
/// # Errors
/// Why not.
pub fn may_decide(approval: &Approval, by: &Person) -> Result<(), Refused> {
    let subject = by.subject.clone();
    if by.kind != "human" {
        return Err(Refused::NotAPerson { subject, kind: by.kind.clone() });
    }
    if approval.requester.may_be(by) {
        return Err(Refused::OwnRequest { subject });
    }
    if approval.requester.sponsor.as_ref().is_some_and(|sponsor| by.is_called(sponsor)) {
        return Err(Refused::OwnAgent { subject });
    }
    let asked = by.groups.iter().any(|group| approval.groups.contains(group)) || approval.subjects.contains(&by.subject);
    if !asked {
        return Err(Refused::NotAsked {
            subject,
            groups: approval.groups.clone(),
            subjects: approval.subjects.clone(),
        });
    }
    if approval.decisions.iter().any(|decision| decision.by.may_be(by)) {
        return Err(Refused::Again { subject });
    }
    Ok(())
}

/// A request wants to pass by it. `fits` is whether everything that it is bound to is the same.
///
/// # Errors
/// Why it may not.
pub fn consume(approval: &Approval, fits: bool, now: i64) -> Result<Next, Refused> {
    if approval.state != State::Approved {
        return Err(Refused::NotApproved { state: approval.state });
    }
    if now >= approval.expires {
        return Err(Refused::Expired { at: approval.expires });
    }
    if !fits {
        return Err(Refused::DoesNotFit);
    }
    Ok(ends(approval, State::Used, now))
}

/// Time has passed.
///
/// # Errors
/// When it has ended, or is not due: both mean that nothing is to be done.
pub fn expire(approval: &Approval, now: i64) -> Result<Next, Refused> {
    if approval.state.is_final() || now < approval.expires {
        return Err(Refused::NotPending { state: approval.state });
    }
    Ok(ends(approval, State::Expired, now))
}

/// It is not wanted any more: the requester says so (or a sponsor of theirs), or, without `by`, the gateway itself,
/// because the session that asked was revoked.
///
/// # Errors
/// When it has ended, or is somebody else's.
pub fn withdraw(approval: &Approval, by: Option<&Person>, now: i64) -> Result<Next, Refused> {
    if approval.state.is_final() {
        return Err(Refused::NotPending { state: approval.state });
    }
    if let Some(by) = by {
        let requester = &approval.requester;
        let theirs = (requester.issuer == by.issuer && requester.subject == by.subject)
            || (by.kind == "human" && requester.sponsor.as_ref().is_some_and(|sponsor| by.is_called(sponsor)));
        if !theirs {
            return Err(Refused::NotTheirs { subject: by.subject.clone() });
        }
    }
    Ok(ends(approval, State::Withdrawn, now))
}

#[cfg(test)]
mod tests;

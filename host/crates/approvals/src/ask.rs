use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::error::ApprovalError;
use crate::person::Person;

/// The longest command, message or purpose that is kept, in bytes; what is longer is cut, because it is
/// only shown. What is approved is the request's hash.
const LONGEST_TEXT: usize = 4096;

/// How long an approval may wait for an answer at most: 30 days, in seconds.
const LONGEST_WAIT: u32 = 30 * 24 * 3600;

/// How many people may be needed at most.
const MOST_NEEDED: u32 = 20;

/// What a granted approval lets through, once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// This canonical request, while its target keeps its UID and resourceVersion.
    #[default]
    ThisVersion,
    /// This canonical request, while its target keeps its UID.
    ThisObject,
}

impl Scope {
    /// `this-version` or `this-object`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::ThisVersion => "this-version",
            Scope::ThisObject => "this-object",
        }
    }
}

/// Who decides, as the router says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Members of any of these groups may decide.
    pub groups: Vec<String>,
    /// So may these subjects.
    pub subjects: Vec<String>,
    /// How many distinct people must say yes.
    pub needed: u32,
    /// Seconds until an unanswered approval expires, and again from the grant until an unused one does.
    pub expires_after: u32,
    /// What the grant covers.
    pub scope: Scope,
}

impl Default for Route {
    /// Nobody, one of whom is needed, within an hour.
    fn default() -> Self {
        Route { groups: Vec::new(), subjects: Vec::new(), needed: 1, expires_after: 3600, scope: Scope::ThisVersion }
    }
}

/// The object that a request is aimed at, as it is when this is asked. Both are absent when there is none (a
/// create): then what is approved is that request while there is no target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Target {
    /// `metadata.uid`.
    pub uid: Option<String>,
    /// `metadata.resourceVersion`.
    pub resource_version: Option<String>,
}

/// A request that needs approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Who makes it.
    pub requester: Person,
    /// In which session. Not part of what the approval is bound to: `portcullis run` opens a session for each command, and the
    /// command that is run again after the approval is the one that it was given for.
    pub session: String,
    /// The registered cluster.
    pub connection: String,
    /// The session's purpose.
    pub purpose: Option<String>,
    /// The request as a kubectl command, rendered by the gateway.
    pub command: String,
    /// The plugin that wants it approved.
    pub plugin: String,
    /// Its rule.
    pub rule: String,
    /// Its reason, in a sentence.
    pub message: String,
    /// Hash of the canonical request, body included: `sha256:…`.
    pub request_hash: String,
    /// What it is aimed at.
    pub target: Target,
    /// Who decides.
    pub route: Route,
}

impl Ask {
    /// Check it, and cut texts that are only shown.
    pub(crate) fn checked(&self) -> Result<Ask, ApprovalError> {
        let mut ask = self.clone();
        let route = &mut ask.route;
        if route.groups.is_empty() && route.subjects.is_empty() {
            return Err(ApprovalError::Route { why: "it names nobody who may decide" });
        }
        if route.needed == 0 || route.needed > MOST_NEEDED {
            return Err(ApprovalError::Route { why: "the number of people needed is not between 1 and 20" });
        }
        if route.expires_after == 0 || route.expires_after > LONGEST_WAIT {
            return Err(ApprovalError::Route { why: "it does not expire after between one second and 30 days" });
        }
        if ask.request_hash.is_empty() {
            return Err(ApprovalError::Route { why: "the request has no hash" });
        }
        for text in [&mut ask.command, &mut ask.message].into_iter().chain(&mut ask.purpose) {
            cut(text);
        }
        Ok(ask)
    }

    /// SHA-256, in hex, over everything that the approval is bound to.
    pub(crate) fn fingerprint(&self) -> String {
        let mut context = Context::new(&SHA256);
        // Each part with its length and each list with its number, so that no two asks run together.
        let mut part = |text: Option<&str>| {
            match text {
                Some(text) => {
                    context.update(&[1]);
                    context.update(&(text.len() as u64).to_be_bytes());
                    context.update(text.as_bytes());
                }
                None => context.update(&[0]),
            };
        };
        let version = match self.route.scope {
            Scope::ThisVersion => self.target.resource_version.as_deref(),
            Scope::ThisObject => None,
        };
        part(Some("portcullis approval v1"));
        part(Some(&self.requester.issuer));
        part(Some(&self.requester.subject));
        part(self.requester.sponsor.as_deref());
        part(Some(&self.connection));
        part(Some(&self.request_hash));
        part(Some(self.route.scope.as_str()));
        part(self.target.uid.as_deref());
        part(version);
        part(Some(&self.route.needed.to_string()));
        for list in [&self.route.groups, &self.route.subjects] {
            let mut sorted: Vec<&str> = list.iter().map(String::as_str).collect();
            sorted.sort_unstable();
            sorted.dedup();
            part(Some(&sorted.len().to_string()));
            for name in sorted {
                part(Some(name));
            }
        }
        hex::encode(context.finish())
    }
}

fn cut(text: &mut String) {
    if text.len() > LONGEST_TEXT {
        let mut end = LONGEST_TEXT;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
mod tests;

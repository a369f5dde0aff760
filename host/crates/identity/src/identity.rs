use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;

/// What kind of subject an identity is, by the configured rules on its issuer's claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A person.
    Human,
    /// A program that decides for itself what it does next.
    Agent,
    /// A program that does what it was written to do.
    Workload,
}

impl Kind {
    /// `human`, `agent` or `workload`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Human => "human",
            Kind::Agent => "agent",
            Kind::Workload => "workload",
        }
    }

    /// The inverse of [`Kind::as_str`].
    pub fn from_name(name: &str) -> Option<Kind> {
        match name {
            "human" => Some(Kind::Human),
            "agent" => Some(Kind::Agent),
            "workload" => Some(Kind::Workload),
            _ => None,
        }
    }
}

/// A verified identity. It serialises as `identity` does in the records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The `iss` claim.
    pub issuer: String,
    /// The subject, by the issuer's configured claim.
    pub subject: String,
    /// Human, agent or workload.
    pub kind: Kind,
    /// The human on whose behalf it acts.
    pub sponsor: Option<String>,
    /// Sorted, each once.
    pub groups: Vec<String>,
    /// Other names of the same subject (its `sub`, its verified e-mail address, its user name): who must not be counted as two
    /// people, or must not approve their own request, is recognised by them.
    #[serde(skip)]
    pub aliases: Vec<String>,
    /// The `iat` claim, in microseconds; 0 when it was read back from a kept session.
    #[serde(skip)]
    pub issued: i64,
    /// When the token expires, the clocks' difference not added, in microseconds; 0 as above.
    #[serde(skip)]
    pub expires: i64,
    #[serde(skip)]
    pub(crate) fingerprint: Fingerprint,
}

impl Identity {
    /// An identity from its parts; groups are sorted, and each kept once. Only [`crate::Verifier`] says that it is true.
    #[expect(clippy::too_many_arguments, reason = "one for each field")]
    pub fn new(
        issuer: String,
        subject: String,
        kind: Kind,
        sponsor: Option<String>,
        mut groups: Vec<String>,
        mut aliases: Vec<String>,
        issued: i64,
        expires: i64,
    ) -> Self {
        groups.sort();
        groups.dedup();
        aliases.sort();
        aliases.dedup();
        let fingerprint = Fingerprint::of_identity(&issuer, &subject, kind, sponsor.as_deref(), &groups);
        Identity { issuer, subject, kind, sponsor, groups, aliases, issued, expires, fingerprint }
    }
}

//! Who one may be.

use serde_json::{Map, Value, json};

/// Somebody the issuer vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The `sub` claim.
    pub subject: String,
    /// The `name` claim.
    pub name: String,
    /// The `kind` claim: `human` or `agent`.
    pub kind: String,
    /// The `sponsor` claim: the subject of the human that an agent works for.
    pub sponsor: Option<String>,
    /// The `groups` claim.
    pub groups: Vec<String>,
}

impl Person {
    /// The claims that describe this person.
    pub(super) fn claims(&self) -> Map<String, Value> {
        let mut claims = Map::new();
        claims.insert("name".into(), json!(self.name));
        claims.insert("preferred_username".into(), json!(self.subject));
        claims.insert("kind".into(), json!(self.kind));
        claims.insert("groups".into(), json!(self.groups));
        if let Some(sponsor) = &self.sponsor {
            claims.insert("sponsor".into(), json!(sponsor));
        }
        claims
    }
}

/// The people of the story: `devin` is an agent that works for `bob`; `alice` is the one who approves.
#[must_use]
pub fn people() -> Vec<Person> {
    let person =
        |subject: &str, name: &str, kind: &str, sponsor: Option<&str>, group: &str| Person {
            subject: subject.to_owned(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            sponsor: sponsor.map(str::to_owned),
            groups: vec![group.to_owned()],
        };
    vec![
        person("devin", "Devin", "agent", Some("bob"), "agents"),
        person("alice", "Alice", "human", None, "approvers"),
        person("bob", "Bob", "human", None, "developers"),
    ]
}

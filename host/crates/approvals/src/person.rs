/// Whoever asks or decides: what approvals need to know of a verified identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The `iss` claim.
    pub issuer: String,
    /// The subject.
    pub subject: String,
    /// `human`, `agent` or `workload`.
    pub kind: String,
    /// The human on whose behalf it acts.
    pub sponsor: Option<String>,
    /// The groups that it is in.
    pub groups: Vec<String>,
    /// Other names of the same subject (e-mail address, user name). They only ever forbid: to recognise one person behind two
    /// subjects, or the sponsor behind an e-mail address. What lets somebody decide is the subject and the groups.
    pub aliases: Vec<String>,
}

impl Person {
    /// Somebody without sponsor, groups or other names.
    pub fn new(issuer: impl Into<String>, subject: impl Into<String>, kind: impl Into<String>) -> Self {
        Person { issuer: issuer.into(), subject: subject.into(), kind: kind.into(), ..Person::default() }
    }

    /// The same, acting on behalf of `sponsor`.
    #[must_use]
    pub fn sponsored_by(mut self, sponsor: impl Into<String>) -> Self {
        self.sponsor = Some(sponsor.into());
        self
    }

    /// The same, in one more group.
    #[must_use]
    pub fn in_group(mut self, group: impl Into<String>) -> Self {
        self.groups.push(group.into());
        self
    }

    /// The same, with one more name.
    #[must_use]
    pub fn also_known_as(mut self, alias: impl Into<String>) -> Self {
        self.aliases.push(alias.into());
        self
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.aliases.iter().map(String::as_str).chain([self.subject.as_str()])
    }

    /// Whether `name` is one of this person's. Without regard to case, as e-mail addresses are written.
    pub fn is_called(&self, name: &str) -> bool {
        self.names().any(|own| own.to_lowercase() == name.to_lowercase())
    }

    /// Whether these may be the same human being. A name in common is enough, even at different issuers:
    /// to take two for one costs another click, to take one for two costs the quorum.
    pub fn may_be(&self, other: &Person) -> bool {
        other.names().any(|name| self.is_called(name))
    }
}

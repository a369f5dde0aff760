//! Making and reading a guard's verdict.

use crate::{Finding, Verdict};

impl Verdict {
    /// Allow, by the rule of this name.
    pub fn allow(rule: impl Into<String>) -> Verdict {
        Verdict::Allow(rule.into())
    }

    /// Refuse: the rule's stable name, and a sentence that says what is wrong.
    pub fn deny(rule: impl Into<String>, message: impl Into<String>) -> Verdict {
        Verdict::Deny(Finding::new(rule, message))
    }

    /// A person must approve first: the rule's stable name, and a sentence that says why. Who that is, the bundle's approval router says, often by the
    /// rule's name; a bundle without one refuses.
    pub fn require_approval(rule: impl Into<String>, message: impl Into<String>) -> Verdict {
        Verdict::RequireApproval(Finding::new(rule, message))
    }

    /// Add a sentence that says what to do instead. It changes nothing when there is no finding.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Verdict {
        if let Verdict::Deny(finding) | Verdict::RequireApproval(finding) = &mut self {
            finding.remedy = Some(remedy.into());
        }
        self
    }

    /// The stricter of two: deny over require-approval over allow over no opinion; of equals the first.
    pub fn stricter(self, other: Verdict) -> Verdict {
        if other.rank() > self.rank() { other } else { self }
    }

    /// Whether it allows.
    pub fn is_allow(&self) -> bool {
        matches!(self, Verdict::Allow(_))
    }

    /// Whether it refuses.
    pub fn is_deny(&self) -> bool {
        matches!(self, Verdict::Deny(_))
    }

    /// Whether it wants a person.
    pub fn is_require_approval(&self) -> bool {
        matches!(self, Verdict::RequireApproval(_))
    }

    /// The name of the rule that decided, when one did.
    pub fn rule(&self) -> Option<&str> {
        match self {
            Verdict::NoOpinion => None,
            Verdict::Allow(rule) => Some(rule),
            Verdict::RequireApproval(finding) | Verdict::Deny(finding) => Some(&finding.rule),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Verdict::NoOpinion => 0,
            Verdict::Allow(_) => 1,
            Verdict::RequireApproval(_) => 2,
            Verdict::Deny(_) => 3,
        }
    }
}

impl Finding {
    /// A finding without a remedy: the rule's stable name in kebab case, and a sentence that says what is wrong.
    pub fn new(rule: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding { rule: rule.into(), message: message.into(), remedy: None }
    }

    /// Add a sentence that says what to do instead.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Finding {
        self.remedy = Some(remedy.into());
        self
    }
}

#[cfg(test)]
mod tests;

//! Which identities a canary counts for.

use std::sync::OnceLock;

use aws_lc_rs::digest;

use super::Globs;
use crate::bundle::CanaryEntry;
use crate::facts::IdentityFacts;
use crate::plugin::Plugin;

/// Shares are told in hundredths of a percent.
const PLACES: u32 = 10_000;

/// The `canary` of one guard, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Canary {
    /// Identities whose place is below this are in it.
    share: u32,
    identities: Option<Globs>,
}

impl Canary {
    pub(crate) fn new(entry: &CanaryEntry) -> Canary {
        Canary {
            share: entry.share.as_ref().map_or(0, |share| share.value.0),
            identities: entry.identities.as_ref().map(|list| Globs::new(Some(list))),
        }
    }

    /// Whether the guard counts for this identity.
    pub(crate) fn holds(&self, who: &Who<'_>) -> bool {
        self.identities.as_ref().is_some_and(|globs| globs.allow(&who.identity.subject)) || self.share > 0 && who.place() < self.share
    }

    /// For whom it counts, for people: `10%`, `named ones`, `0.5% and named ones`.
    pub(crate) fn told(&self) -> String {
        let (whole, rest) = (self.share / 100, self.share % 100);
        let share = (self.share > 0).then(|| match rest {
            0 => format!("{whole}%"),
            _ => format!("{}%", format!("{whole}.{rest:02}").trim_end_matches('0')),
        });
        let named = self.identities.is_some().then(|| "named ones".to_owned());
        share.into_iter().chain(named).collect::<Vec<_>>().join(" and ")
    }
}

/// Whether a router or a session policy is asked about somebody. Where a canary holds it is asked, and what it replaces is not; about others it is not asked.
pub(crate) fn is_asked(plugin: &Plugin, all: &[Plugin], who: &Who<'_>) -> bool {
    let counts = |plugin: &Plugin| plugin.canary.as_ref().is_none_or(|canary| canary.holds(who));
    counts(plugin) && !all.iter().any(|new| new.replaces.as_deref() == Some(&*plugin.name) && counts(new))
}

/// An identity and its place among all, which is worked out when it is first asked for.
pub(crate) struct Who<'a> {
    identity: &'a IdentityFacts,
    place: OnceLock<u32>,
}

impl<'a> Who<'a> {
    pub(crate) fn new(identity: &'a IdentityFacts) -> Who<'a> {
        Who { identity, place: OnceLock::new() }
    }

    /// 0 to 9,999, from SHA-256 over issuer and subject and nothing else: the same in every bundle, generation and replica. So an identity is in
    /// all canaries of one share or in none, and stays in when the share grows.
    fn place(&self) -> u32 {
        *self.place.get_or_init(|| {
            let mut context = digest::Context::new(&digest::SHA256);
            // The issuer's length before it: two identities never write the same bytes.
            context.update(&(self.identity.issuer.len() as u64).to_le_bytes());
            context.update(self.identity.issuer.as_bytes());
            context.update(self.identity.subject.as_bytes());
            let hash = context.finish();
            let first = hash.as_ref().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            // Scaled, not by remainder: every place is as likely as the next to 1 in 2^50.
            ((u128::from(first) * u128::from(PLACES)) >> 64) as u32
        })
    }
}

#[cfg(test)]
mod tests;

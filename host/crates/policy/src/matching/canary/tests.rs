use proptest::prelude::*;

use super::*;
use crate::facts::IdentityKind;

fn canary(text: &str) -> Canary {
    Canary::new(&serde_saphyr::from_str(text).unwrap())
}

fn identity(issuer: &str, subject: &str) -> IdentityFacts {
    IdentityFacts { issuer: issuer.to_owned(), subject: subject.to_owned(), kind: IdentityKind::Agent, sponsor: None, groups: Vec::new() }
}

fn holds(canary: &Canary, issuer: &str, subject: &str) -> bool {
    canary.holds(&Who::new(&identity(issuer, subject)))
}

#[test]
fn named_identities_are_in_whatever_the_share() {
    let both = canary("{ share: 0%, identities: ['devin*', alice] }");
    assert!(holds(&both, "https://a", "devin-7") && holds(&both, "https://b", "alice"));
    assert!(!holds(&both, "https://a", "bob"));
    assert!(holds(&canary("{ share: 100% }"), "https://a", "bob"));
    assert!(!holds(&canary("{ share: 0% }"), "https://a", "bob"));
}

#[test]
fn whom_it_counts_for_is_told() {
    for (text, told) in [
        ("{ share: 10% }", "10%"),
        ("{ share: 0.5%, identities: [alice] }", "0.5% and named ones"),
        ("{ share: 12.25% }", "12.25%"),
        ("{ identities: [alice] }", "named ones"),
    ] {
        assert_eq!(canary(text).told(), told);
    }
}

/// Written down: a hash that changes with a release would move every identity at once.
#[test]
fn places_are_fixed_for_ever() {
    for (issuer, subject, expected) in [("https://issuer.example", "devin", 2110), ("https://issuer.example", "alice", 3069), ("", "", 6848)] {
        assert_eq!(Who::new(&identity(issuer, subject)).place(), expected, "{issuer} {subject}");
    }
}

#[test]
fn a_share_of_many_identities_is_the_share() {
    const MANY: u32 = 20_000;
    for (text, share) in [("{ share: 1% }", 0.01), ("{ share: 10% }", 0.1), ("{ share: 50% }", 0.5), ("{ share: 97.5% }", 0.975)] {
        let canary = canary(text);
        let within = (0..MANY).filter(|n| holds(&canary, "https://issuer.example", &format!("agent-{n}"))).count() as f64;
        // Six standard deviations of a fair draw; the identities are the same in every run.
        let slack = 6.0 * (f64::from(MANY) * share * (1.0 - share)).sqrt();
        assert!((within - f64::from(MANY) * share).abs() < slack, "{text}: {within} of {MANY}");
    }
}

proptest! {
    #[test]
    fn an_identity_stays_and_a_larger_share_holds_everybody_of_a_smaller(issuer in ".*", subject in ".*", small in 0u32..=10_000, more in 0u32..=10_000) {
        let of = |share: u32| Canary { share, identities: None };
        let (small, large) = (small.min(more), small.max(more));
        let within = holds(&of(small), &issuer, &subject);
        prop_assert_eq!(within, holds(&of(small), &issuer, &subject));
        prop_assert!(!within || holds(&of(large), &issuer, &subject));
        prop_assert!(holds(&of(PLACES), &issuer, &subject) && !holds(&of(0), &issuer, &subject));
    }
}

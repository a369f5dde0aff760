use crate::Verdict;

#[test]
fn the_strictest_wins_and_of_equals_the_first() {
    let order = [Verdict::NoOpinion, Verdict::allow("a"), Verdict::require_approval("r", "why"), Verdict::deny("d", "why")];
    for (weak, loose) in order.iter().enumerate() {
        for (strong, strict) in order.iter().enumerate() {
            let expected = if strong > weak { strict } else { loose };
            assert_eq!(&loose.clone().stricter(strict.clone()), expected, "{loose:?} with {strict:?}");
        }
    }
    assert_eq!(Verdict::deny("first", "").stricter(Verdict::deny("second", "")).rule(), Some("first"));
}

#[test]
fn a_remedy_needs_a_finding() {
    assert_eq!(Verdict::allow("a").remedy("no"), Verdict::allow("a"));
    let Verdict::Deny(finding) = Verdict::deny("d", "why").remedy("do this") else { panic!("deny stays deny") };
    assert_eq!(finding.remedy.as_deref(), Some("do this"));
}

use proptest::prelude::*;

use super::*;
use crate::testing::facts;

fn text() -> impl Strategy<Value = String> {
    // Few characters and short, so that moving one from a field to the next is likely to be tried.
    "[ab]{0,2}"
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let option = || proptest::option::of(text());
    let identity = (text(), text(), option(), proptest::collection::vec(text(), 0..3));
    let request = (text(), text(), any::<bool>(), option(), option(), option(), proptest::collection::vec((text(), text()), 0..3), text());
    (identity, option(), 0..3u64, request, option()).prop_map(|(identity, purpose, opened, request, claimed)| {
        let mut facts = facts();
        (facts.identity.issuer, facts.identity.subject, facts.identity.sponsor, facts.identity.groups) = identity;
        facts.session.purpose = purpose;
        facts.session.opened = opened;
        let r = &mut facts.request;
        (r.connection, r.verb, r.dry_run, r.subresource, r.namespace, r.name, r.query, r.hash) = request;
        r.claimed_command = claimed;
        facts
    })
}

proptest! {
    /// A verdict is remembered by this key, so two different requests must never share one.
    #[test]
    fn keys_are_equal_exactly_when_facts_are(a in any_facts(), b in any_facts()) {
        prop_assert_eq!(a.key() == b.key(), a == b);
    }
}

/// A field that a new version adds and that the key forgets would let one request's verdict judge another.
#[test]
fn every_field_is_part_of_the_key() {
    let changes: &[fn(&mut Facts)] = &[
        |f| f.identity.issuer.push('x'),
        |f| f.identity.subject.push('x'),
        |f| f.identity.kind = IdentityKind::Human,
        |f| f.identity.sponsor = None,
        |f| f.identity.groups.push("x".into()),
        |f| f.session.id.push('x'),
        |f| f.session.purpose = Some(String::new()),
        |f| f.session.opened += 1,
        |f| f.session.expires += 1,
        |f| f.request.connection.push('x'),
        |f| f.request.verb.push('x'),
        |f| f.request.is_resource = false,
        |f| f.request.group.push('x'),
        |f| f.request.version.push('x'),
        |f| f.request.resource.push('x'),
        |f| f.request.subresource = Some("x".into()),
        |f| f.request.namespace = None,
        |f| f.request.name = None,
        |f| f.request.path.push('x'),
        |f| f.request.query.clear(),
        |f| f.request.dry_run = true,
        |f| f.request.hash.push('x'),
        |f| f.request.command.push('x'),
        |f| f.request.claimed_command = Some("x".into()),
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut changed = facts();
        change(&mut changed);
        assert_ne!(changed.key(), facts().key(), "change {i}");
    }
}

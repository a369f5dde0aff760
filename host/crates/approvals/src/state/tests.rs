use super::*;
use crate::approval::Decision;
use crate::ask::{Scope, Target};

const ISSUER: &str = "https://issuer.example";

fn human(name: &str) -> Person {
    Person::new(ISSUER, name, "human").in_group("approvers")
}

fn said(by: Person, approves: bool) -> Decision {
    Decision { by, approves, comment: None, at: 5 }
}

/// Asked for at 0 by devin, bob's agent; waits until 100, then good for another 100.
fn approval(needed: u32, decisions: Vec<Decision>) -> Approval {
    Approval {
        id: "apr-1".into(),
        state: State::Pending,
        connection: "staging".into(),
        requester: Person::new(ISSUER, "devin", "agent").sponsored_by("bob").also_known_as("devin@example.com"),
        session: "ses-1".into(),
        purpose: None,
        command: "kubectl delete deployment web".into(),
        plugin: "deny-list".into(),
        rule: "deletes".into(),
        message: "deletes need approval".into(),
        request_hash: "sha256:1".into(),
        target: Target::default(),
        scope: Scope::ThisVersion,
        needed,
        groups: vec!["approvers".into(), "leads".into()],
        subjects: vec!["dora".into()],
        lifetime: 100,
        created: 0,
        expires: 100,
        ended: None,
        ended_why: None,
        used_by: None,
        decisions,
        url: String::new(),
    }
}

fn in_state(state: State) -> Approval {
    Approval { state, ..approval(1, vec![]) }
}

const ALL: [State; 6] =
    [State::Pending, State::Approved, State::Used, State::Denied, State::Expired, State::Withdrawn];

/// One word for an outcome.
fn word(outcome: Result<Next, Refused>) -> String {
    match outcome {
        Ok(next) => next.state.as_str().to_owned(),
        Err(refused) => {
            let text = format!("{refused:?}");
            text.split([' ', '{']).next().unwrap().to_owned()
        }
    }
}

/// Every state against everything that can happen, in time and too late.
#[test]
fn what_can_happen_when() {
    #[rustfmt::skip]
    let table = [
        // state            yes           no            use             use, other     time         withdraw
        (State::Pending,   ["approved",   "denied",     "NotApproved",  "NotApproved", "NotPending", "withdrawn"]),
        (State::Approved,  ["NotPending", "NotPending", "used",         "DoesNotFit",  "NotPending", "withdrawn"]),
        (State::Used,      ["NotPending", "NotPending", "NotApproved",  "NotApproved", "NotPending", "NotPending"]),
        (State::Denied,    ["NotPending", "NotPending", "NotApproved",  "NotApproved", "NotPending", "NotPending"]),
        (State::Expired,   ["NotPending", "NotPending", "NotApproved",  "NotApproved", "NotPending", "NotPending"]),
        (State::Withdrawn, ["NotPending", "NotPending", "NotApproved",  "NotApproved", "NotPending", "NotPending"]),
    ];
    let at = |state: State, now: i64| {
        let approval = in_state(state);
        [
            word(decide(&approval, &human("alice"), true, now)),
            word(decide(&approval, &human("alice"), false, now)),
            word(consume(&approval, true, now)),
            word(consume(&approval, false, now)),
            word(expire(&approval, now)),
            word(withdraw(&approval, Some(&approval.requester), now)),
        ]
    };
    for (state, expected) in table {
        assert_eq!(at(state, 99), expected, "{state:?} in time");
        // Too late, the same but for what needs time, and that it expires.
        let late: Vec<&str> = expected
            .iter()
            .enumerate()
            .map(|(column, word)| match (state, column) {
                (State::Pending, 0 | 1) | (State::Approved, 2 | 3) => "Expired",
                (State::Pending | State::Approved, 4) => "expired",
                _ => word,
            })
            .collect();
        assert_eq!(at(state, 100), late[..], "{state:?} too late");
        assert_eq!(State::from_name(state.as_str()), Some(state));
        assert_eq!(state.is_final(), !matches!(state, State::Pending | State::Approved));
    }
    assert_eq!(table.len(), ALL.len());
    assert_eq!(State::from_name("Pending"), None);
}

#[test]
fn a_grant_is_good_for_as_long_as_it_could_wait() {
    let next = decide(&approval(1, vec![]), &human("alice"), true, 99).unwrap();
    assert_eq!(next, Next { state: State::Approved, expires: 199, ended: None });
    let next = decide(&approval(1, vec![]), &human("alice"), false, 99).unwrap();
    assert_eq!(next, Next { state: State::Denied, expires: 100, ended: Some(99) });
}

/// P6: who may decide.
#[test]
fn who_may_decide() {
    let plain = |name: &str| Person::new(ISSUER, name, "human");
    let cases: Vec<(&str, Person, &str)> = vec![
        ("a member", human("alice"), "approved"),
        ("a member of another group", plain("lea").in_group("leads"), "approved"),
        ("named", plain("dora"), "approved"),
        ("a member of another issuer", Person::new("https://other.example", "olaf", "human").in_group("approvers"), "approved"),
        ("no member", plain("eve"), "NotAsked"),
        ("a member of a group of almost that name", plain("eve").in_group("Approvers"), "NotAsked"),
        ("called like the named one", plain("eve").also_known_as("dora"), "NotAsked"),
        ("called like a group", plain("approvers"), "NotAsked"),
        ("an agent", Person::new(ISSUER, "claude", "agent").in_group("approvers"), "NotAPerson"),
        ("a workload", Person::new(ISSUER, "ci", "workload").in_group("approvers"), "NotAPerson"),
        ("of no kind", Person::new(ISSUER, "x", "").in_group("approvers"), "NotAPerson"),
        ("the requester", human("devin"), "OwnRequest"),
        ("the requester by another issuer", Person::new("https://other.example", "devin", "human").in_group("approvers"), "OwnRequest"),
        ("the requester by e-mail", human("d").also_known_as("Devin@Example.com"), "OwnRequest"),
        ("the sponsor", human("bob"), "OwnAgent"),
        ("the sponsor by another issuer", Person::new("https://other.example", "bob", "human").in_group("approvers"), "OwnAgent"),
        ("the sponsor by user name", human("0af3").also_known_as("BOB"), "OwnAgent"),
    ];
    for (name, by, expected) in cases {
        assert_eq!(word(decide(&approval(1, vec![]), &by, true, 1)), expected, "{name} says yes");
        let no = if expected == "approved" { "denied" } else { expected };
        assert_eq!(word(decide(&approval(1, vec![]), &by, false, 1)), no, "{name} says no");
    }
}

/// P6: a quorum counts distinct people.
#[test]
fn a_quorum_counts_people() {
    let yes = |by| said(by, true);
    let zoe = || human("zoe").also_known_as("zoe@example.com");
    let cases: Vec<(&str, u32, Vec<Decision>, Person, &str)> = vec![
        ("the first of two", 2, vec![], human("alice"), "pending"),
        ("the second of two", 2, vec![yes(zoe())], human("alice"), "approved"),
        ("the second of three", 3, vec![yes(zoe())], human("alice"), "pending"),
        ("the third of three", 3, vec![yes(zoe()), yes(human("yan"))], human("alice"), "approved"),
        ("the same again", 2, vec![yes(zoe())], zoe(), "Again"),
        ("the same by another issuer", 2, vec![yes(zoe())], Person::new("https://other.example", "zoe", "human").in_group("leads"), "Again"),
        ("the same by e-mail", 2, vec![yes(zoe())], human("z2").also_known_as("ZOE@example.com"), "Again"),
        ("the same, whose e-mail is the subject", 2, vec![yes(zoe())], human("zoe@example.com"), "Again"),
        ("the sponsor beside another", 2, vec![yes(zoe())], human("bob"), "OwnAgent"),
    ];
    for (name, needed, decisions, by, expected) in cases {
        assert_eq!(word(decide(&approval(needed, decisions), &by, true, 1)), expected, "{name}");
    }
    let one_yes = approval(2, vec![yes(zoe())]);
    assert_eq!(word(decide(&one_yes, &human("alice"), false, 1)), "denied", "one no is enough");
}

#[test]
fn who_may_take_it_back() {
    let cases = [
        (Some(Person::new(ISSUER, "devin", "agent")), "withdrawn"),
        (Some(Person::new("https://other.example", "devin", "agent")), "NotTheirs"),
        (Some(human("bob")), "withdrawn"),
        (Some(Person::new(ISSUER, "bob", "agent")), "NotTheirs"),
        (Some(human("alice")), "NotTheirs"),
        (None, "withdrawn"),
    ];
    for (by, expected) in cases {
        assert_eq!(word(withdraw(&approval(1, vec![]), by.as_ref(), 1)), expected, "{by:?}");
    }
}

/// What people read.
#[test]
fn refusals_say_what_to_do() {
    let refused = |outcome: Result<Next, Refused>| outcome.unwrap_err().to_string();
    let eve = Person::new(ISSUER, "eve", "human");
    for (message, expected) in [
        (
            refused(decide(&approval(1, vec![]), &eve, true, 1)),
            "eve may not decide this: members of approvers, leads, and dora may",
        ),
        (
            refused(decide(&approval(1, vec![]), &human("bob"), true, 1)),
            "bob is the sponsor of this request's agent, and nobody decides their own agent's requests: have somebody else approve it",
        ),
        (
            refused(consume(&in_state(State::Used), true, 1)),
            "the approval is used, not approved: run the command again to ask for another",
        ),
        (
            refused(consume(&in_state(State::Pending), true, 1)),
            "the approval is pending, not approved: wait for a person to approve it",
        ),
        (
            refused(decide(&in_state(State::Denied), &human("alice"), true, 1)),
            "the approval is denied already: run the command again to ask for another",
        ),
    ] {
        assert_eq!(message, expected);
    }
}

use super::*;

fn ask() -> Ask {
    Ask {
        requester: Person::new("https://issuer.example", "devin", "agent").sponsored_by("bob"),
        session: "ses-1".into(),
        connection: "staging".into(),
        purpose: Some("fix".into()),
        command: "kubectl delete deployment web".into(),
        plugin: "deny-list".into(),
        rule: "deletes".into(),
        message: "deletes need approval".into(),
        request_hash: "sha256:1".into(),
        target: Target { uid: Some("u".into()), resource_version: Some("7".into()) },
        route: Route { groups: vec!["approvers".into(), "leads".into()], subjects: vec!["dora".into()], ..Route::default() },
    }
}

type Change = fn(&mut Ask);

/// P6: whatever differs is another approval.
#[test]
fn an_approval_fits_one_thing() {
    let differ: [(&str, Change); 15] = [
        ("the request", |ask| ask.request_hash = "sha256:2".into()),
        ("the connection", |ask| ask.connection = "prod".into()),
        ("the subject", |ask| ask.requester.subject = "devin2".into()),
        ("the issuer", |ask| ask.requester.issuer = "https://other.example".into()),
        ("the sponsor", |ask| ask.requester.sponsor = Some("eve".into())),
        ("no sponsor", |ask| ask.requester.sponsor = None),
        ("another object of that name", |ask| ask.target.uid = Some("u2".into())),
        ("no object", |ask| ask.target.uid = None),
        ("another version of the object", |ask| ask.target.resource_version = Some("8".into())),
        ("no version", |ask| ask.target.resource_version = None),
        ("fewer people", |ask| ask.route.needed = 2),
        ("other groups", |ask| ask.route.groups = vec!["everybody".into()]),
        ("a group as a subject", |ask| {
            ask.route.groups = vec!["approvers".into()];
            ask.route.subjects = vec!["leads".into(), "dora".into()];
        }),
        ("another scope", |ask| ask.route.scope = Scope::ThisObject),
        ("parts that run together", |ask| {
            ask.requester.issuer = "https://issuer.exampledevi".into();
            ask.requester.subject = "n".into();
        }),
    ];
    for (name, change) in differ {
        let mut other = ask();
        change(&mut other);
        assert_ne!(other.fingerprint(), ask().fingerprint(), "{name}");
    }
    let same: [(&str, Change); 5] = [
        ("another session", |ask| ask.session = "ses-2".into()),
        ("another purpose", |ask| ask.purpose = None),
        ("another wording", |ask| ask.message = "because".into()),
        ("another order", |ask| ask.route.groups.reverse()),
        ("another e-mail address", |ask| ask.requester.aliases = vec!["a@example.com".into()]),
    ];
    for (name, change) in same {
        let mut other = ask();
        change(&mut other);
        assert_eq!(other.fingerprint(), ask().fingerprint(), "{name}");
    }
}

#[test]
fn a_grant_for_an_object_outlives_its_versions() {
    let of = |version: &str, uid: &str| {
        let mut ask = ask();
        ask.route.scope = Scope::ThisObject;
        ask.target = Target { uid: Some(uid.into()), resource_version: Some(version.into()) };
        ask.fingerprint()
    };
    assert_eq!(of("7", "u"), of("8", "u"));
    assert_ne!(of("7", "u"), of("7", "u2"));
}

#[test]
fn routes_that_nobody_can_follow_are_refused() {
    let cases: [(&str, Change); 7] = [
        ("names nobody", |ask| {
            ask.route.groups.clear();
            ask.route.subjects.clear();
        }),
        ("number of people", |ask| ask.route.needed = 0),
        ("number of people", |ask| ask.route.needed = 21),
        ("expire", |ask| ask.route.expires_after = 0),
        ("expire", |ask| ask.route.expires_after = u32::MAX),
        ("no hash", |ask| ask.request_hash.clear()),
        ("names nobody", |ask| ask.route = Route::default()),
    ];
    for (expected, change) in cases {
        let mut ask = ask();
        change(&mut ask);
        let error = ask.checked().unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    ask().checked().unwrap();
}

#[test]
fn long_texts_are_cut_between_characters() {
    let mut long = ask();
    long.command = "ü".repeat(5000);
    long.purpose = Some("x".repeat(4096));
    let checked = long.checked().unwrap();
    assert_eq!(checked.command.chars().count(), 2049);
    assert!(checked.command.ends_with('…'));
    assert_eq!(checked.purpose, long.purpose);
    assert_eq!(checked.fingerprint(), long.fingerprint());
}

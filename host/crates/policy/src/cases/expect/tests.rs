use serde_json::json;

use super::*;
use crate::cases::came::Came;
use crate::wit::Finding;

fn told(expect: &str, answered: &Answered) -> Option<String> {
    differs(&serde_saphyr::from_str::<Expect>(expect).expect(expect), answered)
}

#[test]
fn a_sentence_is_expected_by_a_part_of_it() {
    let finding = |rule: &str, message: &str, remedy: Option<&str>| Finding { rule: rule.into(), message: message.into(), remedy: remedy.map(str::to_owned) };
    let came = Came { verdict: Some(Decision::Deny), message: Some("too many".into()), ..Came::default() };
    let findings = vec![("p".to_owned(), finding("a", "too many", None)), ("p".to_owned(), finding("b", "too old", Some("update it")))];
    let answered = Answered { came, by: Vec::new(), findings };
    assert_eq!(told("{ verdict: deny, message: many }", &answered), None);
    assert_eq!(told("{ verdict: deny, rule: b, message: too old, remedy: update }", &answered), None);
    assert_eq!(told("{ verdict: deny, message: few }", &answered).as_deref(), Some("expected a message with \"few\", got \"too many\" and \"\""));
}

#[test]
fn a_masked_object_is_the_same_all_over_but_for_its_tokens() {
    let of = |masked| Answered::of(Came { masked: Some(masked), ..Came::default() });
    let came = of(json!({ "spec": { "keys": ["masked:v1:s5uSFzc2oTxSS8PJg5nyYA", "***"], "size": 3 } }));
    assert_eq!(told("masked: { spec: { keys: ['masked:*', '***'], size: 3 } }", &came), None);
    for (expected, why) in [
        ("masked: { spec: { keys: ['masked:*', 'masked:*'], size: 3 } }", "at /spec/keys/1"),
        ("masked: { spec: { keys: ['masked:*', '***'] } }", "at /spec/size: it is in one of the two only"),
        ("masked: { spec: { keys: ['masked:*', '***'], size: 4 } }", "at /spec/size: expected 4, got 3"),
    ] {
        let told = told(expected, &came).expect(expected);
        assert!(told.starts_with("the masked object differs ") && told.contains(why), "{told}");
    }
    for text in ["see masked:v1:s5uSFzc2oTxSS8PJg5nyYA, twice", "c2VlIG1hc2tlZDp2MTpzNXVTRnpjMm9UeFNTOFBKZzVueVlBLCB0d2ljZQ=="] {
        assert_eq!(told("masked: 'see masked:*, twice'", &of(json!(text))), None, "{text}");
    }
    assert!(told("masked: 'see masked:*'", &of(json!("see masked:v1:short"))).is_some());
    // A secret that passed is no token.
    assert!(told("masked: 'masked:*'", &of(json!("hunter2"))).is_some());
}

#[test]
fn outgoing_requests_are_compared_as_far_as_they_are_given() {
    let sent = Sent {
        method: "POST".into(),
        url: "https://a.example/x".into(),
        headers: [("x-key".to_owned(), "1".to_owned())].into(),
        body: r#"{"text":"hello","more":[1]}"#.into(),
    };
    let answered = Answered::of(Came { delivered: Some(json!(3)), sent: Some(vec![sent]), ..Came::default() });
    for holds in ["{ delivered: 3 }", "{ delivered: true, sent: [{ method: POST }] }", "sent: [{ headers: { X-Key: '1' }, json: { text: hello } }]"] {
        assert_eq!(told(holds, &answered), None, "{holds}");
    }
    for (expected, why) in [
        ("delivered: 4", "expected delivered 4, got 3"),
        ("delivered: later", "expected delivered later, got 3"),
        ("sent: []", "expected 0 outgoing requests, got 1"),
        ("sent: [{ url: 'https://b.example' }]", "expected the url"),
        ("sent: [{ headers: { y: '1' } }]", "got none of that name"),
        ("sent: [{ json: { text: bye } }]", "at /text: expected \"bye\", got \"hello\""),
        ("sent: [{ body: x }]", "expected the body"),
    ] {
        let told = told(expected, &answered).expect(expected);
        assert!(told.contains(why), "{expected}: {told}");
    }
}

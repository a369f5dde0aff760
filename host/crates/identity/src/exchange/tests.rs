use super::*;

const TYPE: &str = "subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt";

fn form(rest: &str) -> String {
    format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&{TYPE}&{rest}")
}

#[test]
fn a_request_says_what_it_wants() {
    let body = form("subject_token=e30.e30.c2ln&audience=staging&purpose=fix+the+shop&ttl=1800&scope=openid");
    let request = ExchangeRequest::parse(body.as_bytes()).unwrap();
    assert_eq!(request.subject_token(), "e30.e30.c2ln");
    assert_eq!(request.connection, "staging");
    assert_eq!(request.purpose.as_deref(), Some("fix the shop"));
    assert_eq!(request.ttl, Some(Duration::from_secs(1800)));
    assert!(!format!("{request:?}").contains("c2ln"));
}

#[test]
fn the_connection_can_be_a_resource() {
    for (resource, expected) in [
        ("https%3A%2F%2Fgateway%3A8443%2Fclusters%2Fstaging", Some("staging")),
        ("https%3A%2F%2Fgateway%2Fclusters%2Fstaging%2F", Some("staging")),
        ("https%3A%2F%2Fgateway%2Fclusters%2Fstaging%3Fa%3Db", None),
        ("https%3A%2F%2Fgateway%2Fstaging", None),
        ("staging", None),
        ("", None),
    ] {
        let request = ExchangeRequest::parse(form(&format!("subject_token=x&resource={resource}")).as_bytes());
        assert_eq!(request.ok().map(|request| request.connection).as_deref(), expected, "{resource}");
    }
}

#[test]
fn what_is_wrong_is_said_in_oauths_words() {
    let cases: Vec<(String, &str, &str)> = vec![
        (String::new(), "unsupported_grant_type", "grant_type must be urn:ietf"),
        ("grant_type=password&subject_token=x".into(), "unsupported_grant_type", "grant_type must be"),
        (form("audience=staging"), "invalid_request", "subject_token is missing"),
        (form("subject_token=&audience=staging"), "invalid_request", "subject_token is missing"),
        (form("subject_token=x&subject_token=y&audience=s"), "invalid_request", "given twice"),
        (form("subject_token=x&audience=s&audience=t"), "invalid_request", "audience is given twice"),
        (form("subject_token=x"), "invalid_target", "name the connection"),
        (form("subject_token=x&audience="), "invalid_target", "no connection's name"),
        (form("subject_token=x&audience=s&resource=https://g/clusters/s"), "invalid_target", "both"),
        (form("subject_token=x&audience=s&ttl=0"), "invalid_request", "ttl"),
        (form("subject_token=x&audience=s&ttl=-5"), "invalid_request", "ttl"),
        (form("subject_token=x&audience=s&ttl=99999999999"), "invalid_request", "ttl"),
        (form("subject_token=x&audience=s&actor_token=y"), "invalid_request", "actor"),
        (form("subject_token=x&audience=s&requested_token_type=urn:x"), "invalid_request", "requested_token_type"),
        (
            format!("grant_type={GRANT_TYPE}&subject_token=x&audience=s&subject_token_type=urn:x"),
            "invalid_request",
            "subject_token_type must be",
        ),
        ("x".repeat(LONGEST_BODY + 1), "invalid_request", "too long"),
    ];
    for (body, code, text) in cases {
        let error = ExchangeRequest::parse(body.as_bytes()).unwrap_err();
        assert_eq!(error.code(), code, "{body}");
        assert!(error.to_string().contains(text), "{body}: {error}");
        assert_eq!(error.status(), 400);
        let answer: serde_json::Value = serde_json::from_str(&error.answer()).unwrap();
        assert_eq!(answer["error"], code);
    }
}

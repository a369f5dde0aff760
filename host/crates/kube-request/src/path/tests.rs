use super::*;
use proptest::prelude::*;

fn round_trip(raw: &str) -> String {
    let mut out = String::new();
    encode(&decode(raw).unwrap_or_else(|refusal| panic!("{raw}: {refusal}")), &mut out);
    out
}

#[test]
fn one_spelling() {
    for (raw, sent) in [
        ("/", "/"),
        ("/api/v1/pods", "/api/v1/pods"),
        ("/api/v1/%70ods", "/api/v1/pods"),
        ("/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node"),
        ("/api/v1/a%20b", "/api/v1/a%20b"),
        ("/api/v1/%e2%82%ac", "/api/v1/%E2%82%AC"),
        ("/api/v1/a;b", "/api/v1/a%3Bb"),
        ("/api/v1/a%3fb", "/api/v1/a%3Fb"),
        ("/a/...", "/a/..."),
        ("/openapi/v3/", "/openapi/v3/"),
    ] {
        assert_eq!(round_trip(raw), sent);
    }
}

/// A character that cannot be told from the path's own grammar is refused, not guessed at.
#[test]
fn two_readings_are_refused() {
    let long = format!("/{}", "a".repeat(MAX_SEGMENT + 1));
    let long_encoded = format!("/{}", "%61".repeat(MAX_SEGMENT + 1));
    for raw in [
        "", "api", "http://other/api", "*", "//", "//api/v1", "/api//v1", "/api/v1//", "/.", "/..", "/api/./v1", "/api/../v1", "/api/v1/..", "/api/%2e%2e/v1", "/api/%2E/v1",
        "/api/.%2e", "/api%2Fv1", "/api%2fv1", "/api/v1/%5c", "/api\\v1", "/api/%252F", "/api/%25", "/%00", "/a%0a", "/a%0D", "/a%1f", "/a%7f", "/a%", "/a%2", "/a%zz", "/a%+1",
        "/a%ff", "/a%c0%af", "/a%ed%a0%80", "/a b", "/a\u{20ac}", "/a\"", "/a<", "/a{", "/a|", "/a^", "/a`", "/a#b", "/a\u{0}", "/a\n",
        // A right-to-left override, and a zero-width space (CVE-2021-42574).
        "/a%E2%80%AEb", "/a%E2%80%8Bb", "/a%C2%85",
        &long, &long_encoded,
    ] {
        let refused = decode(raw).expect_err(raw);
        assert_eq!((refused.code, refused.field.as_str()), (400, "path"), "{raw}");
    }
    assert!(decode(&format!("/{}/{}", "a".repeat(MAX_SEGMENT), "b".repeat(MAX_SEGMENT))).is_ok());
}

proptest! {
    #[test]
    fn never_panics(raw in ".{0,80}") {
        let _ = decode(&raw);
    }

    #[test]
    fn what_is_sent_reads_the_same(raw in "/([a-z%.0-9]|%[0-9a-fA-F]{2}|[!$&'()*+,;=:@~_-]|/){0,40}") {
        if let Ok(path) = decode(&raw) {
            let mut sent = String::new();
            encode(&path, &mut sent);
            prop_assert_eq!(decode(&sent).unwrap(), path);
        }
    }
}

use super::*;
use proptest::prelude::*;

fn pairs(raw: &str) -> Vec<(String, String)> {
    decode(raw).unwrap_or_else(|refusal| panic!("{raw}: {refusal}"))
}

fn sent(raw: &str) -> String {
    let mut out = String::new();
    encode(&pairs(raw), &mut out);
    out
}

#[test]
fn as_go_reads_it() {
    for (raw, canonical) in [
        ("", ""),
        ("a", "?a="),
        ("a=", "?a="),
        ("a=b=c", "?a=b%3Dc"),
        ("a=b+c", "?a=b%20c"),
        ("a=b%2Bc", "?a=b%2Bc"),
        ("a=b%20c", "?a=b%20c"),
        ("&&a=1&", "?a=1"),
        ("a%3D=1", "?a%3D=1"),
        ("labelSelector=app%20in%20(a,b)", "?labelSelector=app%20in%20%28a,b%29"),
        ("a=1&b=2&a=3", "?a=1&b=2&a=3"),
        ("a=%3B", "?a=%3B"),
        ("a=/x?y", "?a=/x%3Fy"),
        ("command=sh&command=-c&command=a%0Ab", "?command=sh&command=-c&command=a%0Ab"),
    ] {
        assert_eq!(sent(raw), canonical, "{raw}");
    }
}

#[test]
fn what_go_would_drop_is_refused() {
    for raw in [
        "dryRun=All;x=1", ";", "a;b", "a=%", "a=%2", "a=%zz", "%zz=1", "a=%ff", "a=b c", "a=\u{20ac}", "a=#", "=1", "=", "a=%00", "a=%0a", "a=%1b", "command=%00", "%0a=1",
        "a=%E2%80%AE",
    ] {
        assert_eq!(decode(raw).expect_err(raw).code, 400, "{raw}");
    }
    assert!(decode(&"a&".repeat(MAX_PAIRS)).is_ok());
    assert!(decode(&"a&".repeat(MAX_PAIRS + 1)).is_err());
}

#[test]
fn the_first_of_repeated_scalars_counts() {
    let mut query = pairs("watch=0&command=a&watch=1&command=b&limit=5&limit=6");
    keep_first(&mut query, |key| key == "command");
    let mut out = String::new();
    encode(&query, &mut out);
    assert_eq!(out, "?watch=0&command=a&command=b&limit=5");
}

proptest! {
    #[test]
    fn never_panics(raw in ".{0,80}") {
        let _ = decode(&raw);
    }

    #[test]
    fn what_is_sent_reads_the_same(list in prop::collection::vec(("[a-zA-Z.%&=+ ]{1,8}", "[ -~\u{e9}\u{20ac}]{0,12}"), 0..6)) {
        let mut text = String::new();
        encode(&list, &mut text);
        prop_assert_eq!(decode(text.strip_prefix('?').unwrap_or("")).unwrap(), list);
    }
}

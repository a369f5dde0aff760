use insta::assert_snapshot;
use serde_json::json;

use super::*;

#[test]
fn nothing_is_sent_that_a_terminal_obeys() {
    // CVE-2021-25743: kubectl sent escape sequences of pods' names and events to the terminal.
    let cases = [
        ("plain text, ünïcode 日本", "plain text, ünïcode 日本"),
        ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
        ("\u{9b}2Jgone", "\\u{9b}2Jgone"),
        ("a\rb", "a\\rb"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\u{7}\u{8}\u{7f}", "\\u{7}\\u{8}\\u{7f}"),
        ("kubectl get \u{202e}sterces", "kubectl get \\u{202e}sterces"),
        ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
    ];
    for (given, shown) in cases {
        assert_eq!(clean(given), shown);
    }
    assert_eq!(clean_lines("a\n\tb\u{1b}[31m"), "a\n\tb\\u{1b}[31m");
}

#[test]
fn json_lines_stay_the_same_value_on_one_line() {
    let hostile = json!({ "text": "\u{9b}2J\u{202e}x\n", "n": 1.5 });
    let line = json_line(&serde_json::to_string_pretty(&hostile).unwrap());
    assert!(!line.contains(obeyed), "{line}");
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), hostile);
}

#[test]
fn tables_and_details() {
    let rows = [json!({ "name": "web", "at": "2026-11-22T14:30:00.123456Z" }), json!({ "name": "a\u{1b}[1mlonger name", "tags": ["x", "y"] })];
    let columns: [Column; 3] = [("NAME", |v| text(v, "/name")), ("AT", |v| time(v, "/at")), ("TAGS", |v| text(v, "/tags"))];
    assert_snapshot!(table(&rows, &columns), @r"
    NAME                    AT                     TAGS
    web                     2026-11-22T14:30:00Z
    a\u{1b}[1mlonger name                          x,y
    ");
    assert_snapshot!(details(&[("Name", "web".into()), ("Empty", String::new()), ("Longer", "one\ntwo".into())]), @"
    Name:    web
    Longer:  one
             two
    ");
}

#[test]
fn sizes_and_digests() {
    assert_eq!([size(0), size(9_999), size(123_456), size(20_000_000)], ["0 B", "9999 B", "123 kB", "20 MB"]);
    assert_eq!(short_digest("sha256:0123456789abcdef0123"), "sha256:0123456789ab");
}

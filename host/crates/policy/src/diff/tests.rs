use std::collections::HashMap;

use super::*;
use crate::bundle::FILE;
use crate::testing::manifest;

/// A set of these entries; each component's content is its path.
fn set(entries: &str) -> Described {
    let text = if entries.is_empty() { manifest("").replace("plugins:", "plugins: []") } else { manifest(entries) };
    let parsed = crate::bundle::Manifest::parse(text.as_bytes()).unwrap();
    let mut contents: HashMap<String, Vec<u8>> = parsed.files().into_iter().map(|name| (name.clone(), name.into_bytes())).collect();
    contents.insert(FILE.to_owned(), text.into_bytes());
    describe("sha256:00", &Files::kept(contents).unwrap(), b"salt")
}

/// One line for each difference.
fn told(from: &str, to: &str) -> Vec<String> {
    let or = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let line = |d: Difference| format!("{} {}{}: {} => {}", d.plugin, d.what, d.at.unwrap_or_default(), or(d.from), or(d.to));
    differences(&set(from), &set(to)).into_iter().map(line).collect()
}

#[test]
fn what_differs_is_told_key_by_key() {
    let one = "  - { name: a, world: guard, component: a.wasm, configuration: { deny: [{ rule: x, verbs: [get] }, { rule: z, verbs: [list] }] } }\n";
    let table: &[(&str, &str, &[&str])] = &[
        (one, one, &[]),
        ("", one, &["a added: - => sha256:0a6a3bdea0f1, 6 bytes"]),
        (one, "", &["a removed: sha256:0a6a3bdea0f1, 6 bytes => -"]),
        // A rule more at the front does not make another of each that follows.
        (
            one,
            "  - { name: a, world: guard, component: a.wasm, configuration: { deny: [{ rule: w, verbs: [watch] }, { rule: x, verbs: [get] }, { rule: z, verbs: [list, watch] }] } }\n",
            &[
                r#"a configuration/deny/w/rule: - => w"#,
                r#"a configuration/deny/w/verbs: - => ["watch"]"#,
                r#"a configuration/deny/z/verbs: ["list"] => ["list","watch"]"#,
            ],
        ),
        (
            "  - { name: a, world: guard, component: a.wasm }\n",
            "  - { name: a, world: guard, component: b.wasm, mode: monitor, match: { verbs: [get] }, limits: { deadline: 5ms } }\n",
            &[
                "a component: sha256:0a6a3bdea0f1, 6 bytes => sha256:d4ec5e2f5fd7, 6 bytes",
                "a limits/deadline: - => 5ms",
                r#"a match/verbs: - => ["get"]"#,
                "a mode: - => monitor",
            ],
        ),
    ];
    for (from, to, expected) in table {
        let digests = |line: &str| -> String {
            // What a component's digest is, is not the point.
            let mut line = line.to_owned();
            while let Some(at) = line.find("sha256:") {
                line.replace_range(at..at + "sha256:".len() + 12, "COMPONENT");
            }
            line
        };
        let told: Vec<String> = told(from, to).iter().map(|line| digests(line)).collect();
        let expected: Vec<String> = expected.iter().map(|line| digests(line)).collect();
        assert_eq!(told, expected);
    }
}

#[test]
fn only_what_was_moved_is_told_to_have_moved() {
    let entries = |names: &str| -> String { names.chars().map(|n| format!("  - {{ name: {n}, world: guard, component: {n}.wasm }}\n")).collect() };
    assert_eq!(told(&entries("abcd"), &entries("bcda")), ["a order: 1 => 4"]);
    assert_eq!(told(&entries("abc"), &entries("xabc")).len(), 1, "what comes before is no move");
}

#[test]
fn secrets_are_told_apart_and_not_told() {
    let with = |key: &str, value: &str| format!("  - {{ name: a, world: audit-sink, component: a.wasm, configuration: {{ {key}: {value} }} }}\n");
    for (key, before, after) in [
        ("token", "hunter2", "hunter3"),
        ("headers", "{ Authorization: \"Bearer hunter2\" }", "{ Authorization: \"Bearer hunter3\" }"),
        ("access-key", "AKIA7Q2X9Z8W1E5R6T0Y", "AKIA7Q2X9Z8W1E5R6T0Z"),
        ("url", "https://hooks.slack.example/services/T0/B0/hunter2", "https://hooks.slack.example/services/T0/B0/hunter3"),
        ("url", "https://hunter2@hooks.example", "https://hunter3@hooks.example"),
    ] {
        let lines = told(&with(key, before), &with(key, after));
        assert_eq!(lines.len(), 1, "{key}: that it changed is told");
        assert!(!lines[0].contains("hunter") && !lines[0].contains("AKIA"), "{}", lines[0]);
        assert!(told(&with(key, before), &with(key, before)).is_empty());
    }
    assert!(told(&with("url", "https://hooks.example"), &with("url", "https://other.example"))[0].contains("https://other.example"), "an origin is no secret");
}

#[test]
fn another_salt_gives_another_digest() {
    let entry = "  - { name: a, world: guard, component: a.wasm, configuration: { token: hunter2 } }\n";
    let text = manifest(entry);
    let contents = HashMap::from([(FILE.to_owned(), text.into_bytes()), ("a.wasm".to_owned(), b"a".to_vec())]);
    let files = Files::kept(contents).unwrap();
    assert_ne!(describe("", &files, b"one").plugins[0].says, describe("", &files, b"two").plugins[0].says);
}

#[test]
fn the_interface_is_read_from_the_component() {
    assert_eq!(interface(b"\0asm portcullis:policy/plugin@0.2.0-draft\x01\x02").as_deref(), Some("0.2.0-draft"));
    assert_eq!(interface(b"\0asm"), None);
}

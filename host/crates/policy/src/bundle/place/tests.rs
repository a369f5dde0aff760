use super::*;

const TEXT: &str = r#"# a comment
plugins:
  - name: one          # line 3
    configuration:
      allow: [{ rule: a }, { rule: b,
        match: [] }]
      "quoted key":
        deep: |
          text
          more
        last: &anchor { x: 1 }
      again: *anchor
  - { name: two, configuration: { deny: [] } }
cases: []
"#;

#[test]
fn values_are_found_by_their_path() {
    for (path, line) in [
        (&[][..], 2),
        (&["plugins"], 2),
        (&["plugins", "0"], 3),
        (&["plugins", "0", "name"], 3),
        (&["plugins", "0", "configuration"], 4),
        (&["plugins", "0", "configuration", "allow", "1", "rule"], 5),
        (&["plugins", "0", "configuration", "allow", "1", "match"], 6),
        (&["plugins", "0", "configuration", "quoted key", "last", "x"], 11),
        (&["plugins", "0", "configuration", "again"], 12),
        (&["plugins", "1", "configuration", "deny"], 13),
        (&["cases"], 14),
        // What is not there: the line of what it is missing from.
        (&["plugins", "0", "configuration", "shade"], 4),
        (&["plugins", "0", "configuration", "allow", "7"], 5),
        (&["plugins", "0", "configuration", "again", "x"], 12),
        (&["plugins", "0", "name", "deeper"], 3),
    ] {
        assert_eq!(line_of(TEXT.as_bytes(), path), Some(line), "{path:?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_has_no_lines() {
    for text in [&b"plugins: [ {"[..], b"\xff", b"", b"a: \"b", b"*nowhere"] {
        line_of(text, &["plugins", "0"]);
    }
    assert_eq!(line_of(b"\xff", &[]), None);
}

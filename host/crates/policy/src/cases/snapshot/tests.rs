use super::*;

fn at(line: u64, column: u64) -> Snapshot {
    Snapshot { line, column, yaml: "{ verdict: deny, message: \"a } b\" }".to_owned() }
}

#[test]
fn a_snapshot_is_written_where_the_word_stands_and_again_where_it_was_written() {
    let text = "cases:\n  - name: a   # why\n    expect: snapshot\n  - { name: b, expect: snapshot }\n";
    let once = written(text, &[at(3, 13), at(4, 24)]);
    let expected = "cases:\n  - name: a   # why\n    expect: { verdict: deny, message: \"a } b\" }   # snapshot\n  - { name: b, expect: { verdict: deny, message: \"a } b\" } }   # snapshot\n";
    assert_eq!(once, expected);
    assert_eq!(written(&once, &[at(3, 13), at(4, 24)]), once);
    let other = Snapshot { yaml: "{ verdict: allow }".to_owned(), ..at(3, 13) };
    assert!(written(&once, &[other]).contains("    expect: { verdict: allow }   # snapshot\n"));
}

#[test]
fn what_an_author_wrote_stays() {
    for (text, line, column) in [
        ("expect: { verdict: deny }\n", 1, 9),
        ("expect:\n  verdict: deny   # snapshot\n", 2, 3),
        ("expect: snapshots\n", 1, 9),
        ("expect: snapshot\n", 2, 9),
        ("expect: snapshot\n", 1, 90),
        ("expect: snapshot\n", 0, 0),
        ("expect: { verdict: \"deny }   # snapshot\n", 1, 9),
    ] {
        assert!(!is_snapshot(text, line, column), "{text}");
        assert_eq!(written(text, &[at(line, column)]), text);
    }
}

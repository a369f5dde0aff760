use super::*;

#[test]
fn paths_are_read_as_rfc_6901_says() {
    let literal = |text: &str| Segment::Literal(text.to_owned());
    let cases = [
        ("", vec![]),
        ("/", vec![literal("")]),
        ("/data/*", vec![literal("data"), Segment::Any]),
        ("/a~1b~0c", vec![literal("a/b~c")]),
        ("/~01", vec![literal("~1")]),
        ("/**/x/**", vec![Segment::Deep, literal("x"), Segment::Deep]),
        ("/**/**/x", vec![Segment::Deep, literal("x")]),
        ("/a*", vec![literal("a*")]),
        ("/0", vec![literal("0")]),
    ];
    for (path, segments) in cases {
        assert_eq!(parse("r", path).as_ref(), Ok(&segments), "{path}");
    }
}

#[test]
fn what_is_wrong_with_a_path_is_said() {
    let long = "/a".repeat(600);
    let deep = "/a".repeat(49);
    let cases = [
        ("data", "path `data` of rule `r` cannot be used: it does not begin with a slash; write `/data/*`, say"),
        ("/a~2", "path `/a~2` of rule `r` cannot be used: `~` is followed by neither 0 nor 1; write `~0` for `~` and `~1` for `/`"),
        ("/a~", "path `/a~` of rule `r` cannot be used: `~` is followed by neither 0 nor 1; write `~0` for `~` and `~1` for `/`"),
    ];
    for (path, message) in cases {
        assert_eq!(parse("r", path).map_err(|error| error.to_string()), Err(message.to_owned()));
    }
    for path in [long, deep] {
        let message = parse("r", &path).map_err(|error| error.to_string()).expect_err("too long");
        assert!(message.ends_with("; shorten it with `**`") && message.len() < 300, "{message}");
    }
}

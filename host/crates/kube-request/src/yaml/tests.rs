use super::*;

fn json(yaml: &str) -> Result<String, YamlError> {
    parse(yaml.as_bytes()).map(|json| json.to_string())
}

#[test]
fn documents_as_people_write_them() {
    for (yaml, expected) in [
        ("a: 1", r#"{"a":1}"#),
        ("---\na: b # why\n...\n", r#"{"a":"b"}"#),
        ("# only a comment before\na:\n- b\n- c: d\n  e: [1, 'x', \"y\"]\n", r#"{"a":["b",{"c":"d","e":[1,"x","y"]}]}"#),
        ("a: |\n  one\n  two\nb: >-\n  one\n  two\n", r#"{"a":"one\ntwo\n","b":"one two"}"#),
        // libyaml adds no line feed that is not there.
        ("a: |\n  one", r#"{"a":"one"}"#),
        ("a: |+\n  one\n\nb: x", r#"{"a":"one\n\n","b":"x"}"#),
        ("a:\n  b: {}\n  c: []\n  d:\n", r#"{"a":{"b":{},"c":[],"d":null}}"#),
        ("{a: 1, 'b': [true, ~]}", r#"{"a":1,"b":[true,null]}"#),
        ("a:\r\n  b: c\r\n", r#"{"a":{"b":"c"}}"#),
        ("\"a\\u00e9\\n\\x41\": ''", "{\"a\u{e9}\\nA\":\"\"}"),
        ("8080: x\ntrue: z\n", r#"{"8080":"x","true":"z"}"#),
        ("plain", "\"plain\""),
        ("- &x {a: [1]}\n- *x\n", r#"[{"a":[1]},{"a":[1]}]"#),
    ] {
        assert_eq!(json(yaml).as_deref(), Ok(expected), "{yaml}");
    }
}

#[test]
fn what_plain_words_mean() {
    for (word, expected) in [
        ("true", "true"),
        ("False", "false"),
        ("NULL", "null"),
        ("0", "0"),
        ("-0", "0"),
        ("-17", "-17"),
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1.0", "1"),
        ("1.10", "1.1"),
        ("1e3", "1000"),
        ("-2.5E-3", "-0.0025"),
        // What other versions of YAML have, and the API server reads as the text that it is.
        ("1:30", "\"1:30\""),
        ("2001-12-14", "\"2001-12-14\""),
        ("2001-12-14T21:59:43Z", "\"2001-12-14T21:59:43Z\""),
        ("1.2.3", "\"1.2.3\""),
        ("10.0.0.1", "\"10.0.0.1\""),
        ("500m", "\"500m\""),
        ("10Gi", "\"10Gi\""),
        ("-1x", "\"-1x\""),
        ("=", "\"=\""),
        ("nan", "\"nan\""),
        ("inf", "\"inf\""),
        ("tRue", "\"tRue\""),
        ("nULL", "\"nULL\""),
        ("deadbeef", "\"deadbeef\""),
        ("0xyz", "\"0xyz\""),
        ("..", "\"..\""),
        ("a_1", "\"a_1\""),
    ] {
        assert_eq!(json(&format!("a: {word}")), Ok(format!("{{\"a\":{expected}}}")), "{word}");
        assert_eq!(json(&format!("a: '{word}'")), Ok(format!("{{\"a\":\"{word}\"}}")), "{word}");
    }
}

#[test]
fn what_has_two_readings_is_refused_and_says_to_quote_it() {
    for word in [
        "yes", "Yes", "NO", "on", "Off", "y", "N", "yEs", "0777", "0o17", "0x1F", "0b11", "-0b1", "-0x1", "+1", "1_000", "0_7", "08", "-01", ".5", "-.5", "5.", "+.inf", ".inf", "-.INF", ".nan", ".NaN", "01.5", "1e400", "-1e400", "18446744073709551616",
        // Found by fuzzing: written as `-0`, they were read as another number again.
        "-0.0", "-0e3", "-1e-400",
        "-9223372036854775809", "123456789012345678901234567890", "1_0.5", "1e+_1", "0b+1",
    ] {
        for yaml in [format!("a: {word}"), format!("[{word}]"), format!("{word}: x"), word.to_owned()] {
            let refused = json(&yaml).expect_err(&yaml);
            assert!(matches!(refused, YamlError::Ambiguous { .. }), "{yaml}: {refused:?}");
            assert!(refused.to_string().contains("quotes"), "{refused}");
        }
    }
}

#[test]
fn what_the_api_server_reads_otherwise_than_it_looks_is_refused() {
    for (yaml, why) in [
        ("", "exactly one document"),
        ("# nothing\n", "exactly one document"),
        ("a: 1\n---\nb: 2\n", "exactly one document"),
        ("a: 1\n...\n---\n", "exactly one document"),
        ("a: 1\na: 2", "twice"),
        ("a: {b: 1, \"b\": 2}", "twice"),
        ("1: a\n'1': b", "twice"),
        ("<<: {a: 1}\nb: 2", "merge"),
        ("x: &x {a: 1}\nz: {<<: *x}", "merge"),
        ("a: !!str 1", "tag"),
        ("a: !!binary aGk=", "tag"),
        ("!x a: 1", "tag"),
        ("a: ! 1", "tag"),
        ("%YAML 1.1\n---\na: 1", "line 1"),
        ("%TAG ! tag:x,2000:\n---\na: 1", "line 1"),
        ("? [a]\n: b", "not a string"),
        ("? {a: b}\n: c", "not a string"),
        ("null: a", "not a string"),
        (": a", "not a string"),
        ("1.5: a", "not a string"),
        ("1e3: a", "not a string"),
        ("True: a", "not a string"),
        ("-0: a", "not a string"),
        ("&k a: 1", "not a string"),
        ("x: &x a\n*x : 1", "not a string"),
        ("a: &x [*x]", "alias"),
        ("a: *x", "line 1"),
        ("a: \u{85}b", "control character"),
        ("a: b\u{2028}c", "control character"),
        ("\u{feff}a: b", "control character"),
        ("a: 'b\u{7f}'", "control character"),
        ("a: b\rc: d", "control character"),
        ("a: \u{0}", "control character"),
        ("a:\n\tb: 1", "line 2"),
        ("a: 'b", "line"),
        ("a: [b", "line"),
        ("a: b: c", "line 1"),
        ("a: @b", "line 1"),
    ] {
        let refused = json(yaml).expect_err(yaml).to_string();
        assert!(refused.contains(why), "{yaml:?}: {refused}");
    }
    assert!(matches!(parse(b"a: b\nc: \xff"), Err(YamlError::Character { line: 2 })));
}

#[test]
fn bounded_in_depth_number_and_size() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(json(&nested(MAX_DEPTH)).is_ok());
    for levels in [MAX_DEPTH + 1, 1000, 1_000_000] {
        assert!(json(&nested(levels)).is_err());
        assert!(json(&"- ".repeat(levels)).is_err());
        assert!(json(&"[".repeat(levels)).is_err());
    }
    assert_eq!(json(&format!("[{}]", "a,".repeat(MAX_VALUES))), Err(YamlError::TooLarge));
    // A billion laughs, by number and by size.
    let laughs = |first: &str| {
        let mut yaml = format!("a0: &a0 [{first}]\n");
        for i in 1..12 {
            yaml += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(","));
        }
        yaml
    };
    assert_eq!(json(&laughs("x")), Err(YamlError::TooLarge));
    assert_eq!(json(&laughs(&"x".repeat(1_000_000))), Err(YamlError::TooLarge));
    // Many anchors on one large value are that value many times.
    let anchors = format!("- &x\n {}{}", "x".repeat(1_000_000), "\n- *x\n".repeat(5));
    assert_eq!(json(&anchors), Err(YamlError::TooLarge));
    // Each anchor around another keeps all that is within it.
    let around = format!("{}{}{}", (0..150).map(|i| format!("&a{i} [")).collect::<String>(), "x,".repeat(100_000), "]".repeat(150));
    assert_eq!(json(&around), Err(YamlError::TooLarge));
}

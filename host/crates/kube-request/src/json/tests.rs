use super::*;
use proptest::prelude::*;

fn text(json: &str) -> String {
    Json::parse(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}")).to_string()
}

#[test]
fn what_goes_in_comes_out_compact() {
    for (json, compact) in [
        ("null", "null"),
        (" [ 1 , true , false , null ] ", "[1,true,false,null]"),
        (r#"{"a" : {"b" : []}, "c":{}}"#, r#"{"a":{"b":[]},"c":{}}"#),
        // Numbers keep their text: 2^53+1, and the difference between 1 and 1.0.
        ("[9007199254740993,1.0,1,-0,1e400,1E+2,0.1]", "[9007199254740993,1.0,1,-0,1e400,1E+2,0.1]"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        (r#""a\"\\\/\b\f\n\r\t\u0041\ud83d\ude00""#, "\"a\\\"\\\\/\\u0008\\u000c\\n\\r\\tA\u{1f600}\""),
        ("\"\u{e9}\u{20ac}\u{2027}\"", "\"\u{e9}\u{20ac}\u{2027}\""),
        // What YAML takes for line breaks is escaped.
        ("\"\u{85}\u{2028}\u{2029}\u{feff}\u{7f}\"", r#""\u0085\u2028\u2029\ufeff\u007f""#),
        ("\"\u{fffd}\u{fffe}\u{ffff}\"", "\"\u{fffd}\\ufffe\\uffff\""),
        (r#""\u0000""#, r#""\u0000""#),
    ] {
        assert_eq!(text(json), compact, "{json}");
    }
}

#[test]
fn what_is_not_strict_is_refused() {
    for json in [
        "", " ", "{", "}", "[", "[1,]", "{\"a\":1,}", "{'a':1}", "{a:1}", "nul", "True", "NaN", "Infinity", "-Infinity", "[NaN]", "01", "1.", ".5", "+1", "-", "1e", "0x10", "1 2", "{} {}", "[1]x", "\"a", "\"\n\"",
        "\"\t\"", r#""\x""#, r#""\u12""#, r#""\ud800""#, r#""\ud800a""#, r#""\udc00""#, "// c\n1", "/* */1", "\u{feff}1", "[1 2]", "{\"a\" 1}", "{\"a\"}", "{1:2}", "{null:1}", "[-Infinity]", "[Infinity]",
    ] {
        assert!(Json::parse(json.as_bytes()).is_err(), "{json}");
    }
    for bytes in [&b"\"\xff\""[..], b"\"\xc0\xaf\"", b"\"\xed\xa0\x80\"", b"{\"\xff\":1}", b"\xef\xbb\xbf{}"] {
        assert!(Json::parse(bytes).is_err(), "{bytes:?}");
    }
}

/// serde_json and Go's maps keep the last, others the first: nobody here has to know.
#[test]
fn equal_keys_are_refused_at_any_size() {
    for json in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"b":2,"a":3}]}"#, r#"{"a":1,"\u0061":2}"#] {
        assert!(matches!(Json::parse(json.as_bytes()), Err(JsonError::DuplicateKey { key }) if key == "a"), "{json}");
    }
    for size in [2usize, 11, 12, 13, 14, 100, 5000] {
        for (twin, other) in [(0, size - 1), (size / 2, size - 1), (0, 1)] {
            let members = |clash: bool| {
                let keys: Vec<String> = (0..size).map(|i| if clash && i == other { format!("\"k{twin}\":1") } else { format!("\"k{i}\":1") }).collect();
                format!("{{{}}}", keys.join(","))
            };
            assert!(Json::parse(members(false).as_bytes()).is_ok(), "{size}");
            if twin != other {
                assert!(matches!(Json::parse(members(true).as_bytes()), Err(JsonError::DuplicateKey { .. })), "{size} {twin} {other}");
            }
        }
    }
    assert!(Json::parse(r#"{"a":{"a":1},"A":2}"#.as_bytes()).is_ok());
}

#[test]
fn bounded_in_depth_and_number() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Json::parse(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(Json::parse(nested(MAX_DEPTH + 1).as_bytes()), Err(JsonError::TooDeep));
    assert_eq!(Json::parse("[".repeat(1_000_000).as_bytes()), Err(JsonError::TooDeep));
    assert_eq!(Json::parse("{\"a\":".repeat(1_000_000).as_bytes()), Err(JsonError::TooDeep));
    assert_eq!(Json::parse(format!("[{}1]", "1,".repeat(MAX_VALUES)).as_bytes()), Err(JsonError::TooMany));
}

/// RFC 6901 section 5, and the traps around it.
#[test]
fn pointers() {
    let json = Json::parse(br#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8,"~1":9}"#).unwrap();
    for (pointer, expected) in [
        ("/foo", Some(r#"["bar","baz"]"#)),
        ("/foo/0", Some("\"bar\"")),
        ("/", Some("0")),
        ("/a~1b", Some("1")),
        ("/c%d", Some("2")),
        ("/e^f", Some("3")),
        ("/g|h", Some("4")),
        ("/i\\j", Some("5")),
        ("/k\"l", Some("6")),
        ("/ ", Some("7")),
        ("/m~0n", Some("8")),
        ("/~01", Some("9")),
        ("/foo/2", None),
        ("/foo/-", None),
        ("/foo/00", None),
        ("/foo/01", None),
        ("/foo/+1", None),
        ("/foo/0/x", None),
        ("/foo/", None),
        ("foo", None),
        ("/m~n", None),
        ("/m~2n", None),
        ("/nothing", None),
        ("//", None),
    ] {
        assert_eq!(json.pointer(pointer).map(Json::to_string).as_deref(), expected, "{pointer}");
    }
    assert_eq!(json.pointer(""), Some(&json));
}

#[test]
fn numbers_with_a_fraction_are_as_go_writes_them() {
    for (value, text) in [(0.0, "0"), (1.0, "1"), (0.1, "0.1"), (-2.5e-6, "-0.0000025"), (1e-7, "1e-7"), (1e20, "100000000000000000000"), (1e21, "1e+21"), (f64::MAX, "1.7976931348623157e+308")] {
        assert_eq!(double(value).as_deref(), Some(text));
    }
    assert_eq!((double(f64::NAN), double(f64::INFINITY)), (None, None));
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?".prop_map(Json::Number),
        any::<String>().prop_map(Json::String),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::btree_map(any::<String>(), inner, 0..18).prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn written_and_read_again_is_the_same(json in any_json()) {
        let text = json.to_string();
        prop_assert_eq!(Json::parse(text.as_bytes()).unwrap(), json);
        // And an independent parser agrees that it is JSON.
        let refused = serde_json::from_str::<serde_json::Value>(&text).err();
        prop_assert!(refused.as_ref().is_none_or(|error| error.to_string().contains("number out of range")), "{} {:?}", text, refused);
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Json::parse(&bytes);
    }

    #[test]
    fn nothing_is_accepted_that_serde_refuses(text in "[\\[\\]{}:,\"a1e.\\-+ \\\\u0ntrl]{0,24}") {
        if Json::parse(text.as_bytes()).is_ok() {
            // serde_json bounds a number's range; Kubernetes judges that itself.
            let refused = serde_json::from_str::<serde_json::Value>(&text).err();
            prop_assert!(refused.as_ref().is_none_or(|error| error.to_string().contains("number out of range")), "{} {:?}", text, refused);
        }
    }
}

use crate::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;

fn rule(name: &str, paths: &[&str]) -> MaskRule {
    MaskRule { name: name.into(), paths: paths.iter().map(|p| (*p).into()).collect(), ..MaskRule::default() }
}

/// The plan of the default bundle, as far as this crate is concerned.
fn default_plan() -> Plan {
    Plan {
        rules: vec![
            MaskRule { encoding: Encoding::Base64, ..rule("secret-data", &["/data/*"]) },
            rule("secret-string-data", &["/stringData/*"]),
            MaskRule { names: Some("(?i)(password|secret|token|key)".into()), ..rule("env", &["/spec/**/env/*/value"]) },
        ],
        embedded: vec!["/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration".into()],
    }
}

fn one(rule: MaskRule) -> Plan {
    Plan { rules: vec![rule], embedded: Vec::new() }
}

fn key() -> Arc<TokenKey> {
    Arc::new(TokenKey::new([7; 32]))
}

fn masker(plan: &Plan) -> Masker {
    Masker::new(Arc::new(CompiledPlan::compile(plan).expect("a plan")), key())
}

fn run(plan: &Plan, input: &str) -> Result<(String, Summary), MaskError> {
    let mut masker = masker(plan);
    let mut out = Vec::new();
    masker.push(input.as_bytes(), &mut out)?;
    let summary = masker.finish(&mut out)?;
    Ok((String::from_utf8(out).expect("UTF-8"), summary))
}

fn mask(plan: &Plan, input: &str) -> String {
    run(plan, input).expect("JSON").0
}

fn token(secret: &str) -> String {
    key().token(secret.as_bytes())
}

fn token64(secret: &str) -> String {
    STANDARD.encode(token(secret))
}

/// The secret, its base64, and its base64 inside other base64 must be nowhere.
fn assert_hidden(out: &str, secret: &str) {
    assert!(!out.contains(secret), "{secret} in {out}");
    assert!(!out.contains(&STANDARD.encode(secret)), "base64 of {secret} in {out}");
}

#[test]
fn equal_secrets_give_equal_tokens_in_every_place() {
    let input = r#"{"kind":"Secret","metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"data\":{\"password\":\"aHVudGVyMg==\"},\"stringData\":{\"p\":\"hunter2\"}}\n","other":"x"}},"data":{"password":"aHVudGVyMg==","empty":""}, "stringData":{"p":"hunter2"}, "x": [1, 2.50, 1E3]}"#;
    let (out, summary) = run(&default_plan(), input).expect("JSON");
    let expected = input.replace("aHVudGVyMg==", &token64("hunter2")).replace("hunter2", &token("hunter2")).replace(r#""empty":"""#, &format!(r#""empty":"{}""#, token64("")));
    assert_eq!(out, expected);
    assert_hidden(&out, "hunter2");
    assert_eq!(summary.masked, 4);
    assert_eq!(summary.rules, [("secret-data".to_owned(), 3), ("secret-string-data".to_owned(), 2)].into());
    let decoded = STANDARD.decode(token64("hunter2")).expect("base64");
    assert_eq!(decoded, token("hunter2").as_bytes());
}

#[test]
fn objects_are_found_wherever_answers_have_them() {
    let object = r#"{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"data\":{\"p\":\"aHVudGVyMg==\"}}"}},"data":{"p":"aHVudGVyMg=="}}"#;
    let table = |rows: &str| format!(r#"{{"kind":"Table","columnDefinitions":[{{"name":"Name"}}],"rows":[{{"cells":["db",1],"object":{rows}}}]}}"#);
    for answer in [
        object.to_owned(),
        format!(r#"{{"kind":"SecretList","items":[{object},{object}]}}"#),
        format!(r#"{{"type":"ADDED","object":{object}}}"#),
        table(object),
        format!(r#"{{"type":"ADDED","object":{}}}"#, table(object)),
        format!(r#"{{"type":"ADDED","object":{{"items":[{object}]}}}}"#),
        // Keys written with escapes are the same keys.
        object.replace("data", r"d\u0061ta"),
        object.replace("\"data\":{\"p", "\"\\u0064\\u0061\\u0074\\u0061\":{\"\\u0070"),
    ] {
        let out = mask(&default_plan(), &answer);
        assert_hidden(&out, "hunter2");
        let expected = answer.replace("aHVudGVyMg==", &token64("hunter2"));
        // An embedded document that something is masked in is written again, without needless escapes.
        assert_eq!(out.replace(r"d\u0061ta", "data"), expected.replace(r"d\u0061ta", "data"), "{answer}");
    }
}

#[test]
fn repeated_keys_are_masked_each_time() {
    let out = mask(&default_plan(), r#"{"data":{"a":"aHVudGVyMg==","a":"aHVudGVyMg=="},"data":{"b":"aHVudGVyMg=="}}"#);
    assert_hidden(&out, "hunter2");
    assert_eq!(out.matches(&token64("hunter2")).count(), 3);
}

#[test]
fn environment_variables_are_masked_by_name() {
    let pod = |env: &str| format!(r#"{{"spec":{{"template":{{"spec":{{"containers":[{{"env":[{env}]}}]}}}}}}}}"#);
    let shown = token("hunter2");
    let cases = [
        (r#"{"name":"DB_PASSWORD","value":"hunter2"}"#, true),
        (r#"{"name":"LEVEL","value":"hunter2"}"#, false),
        (r#"{"value":"hunter2","name":"DB_PASSWORD"}"#, true),
        (r#"{"value":"hunter2","x":{"y":["z"]},"name":"LEVEL"}"#, false),
        (r#"{"value":"hunter2"}"#, true),
        (r#"{"name":7,"value":"hunter2"}"#, true),
        (r#"{"value":"hunter2","name":null}"#, true),
        (r#"{"name":["LEVEL"],"value":"hunter2"}"#, true),
        (r#"{"n\u0061me":"DB_P\u0041SSWORD","v\u0061lue":"hunter2"}"#, true),
        (r#"{"value":"hunter2","name":"LEVEL"},{"value":"hunter3"}"#, false),
    ];
    for (env, masked) in cases {
        let out = mask(&default_plan(), &pod(env));
        assert_eq!(out.contains("\"hunter2\""), !masked, "{env}: {out}");
        assert_eq!(out.contains(&shown), masked, "{env}: {out}");
    }
    let repeated = run(&default_plan(), &pod(r#"{"name":"LEVEL","value":"hunter2","name":"DB_PASSWORD"}"#));
    assert!(matches!(repeated, Err(MaskError::RepeatedName { .. })), "{repeated:?}");
}

#[test]
fn keys_of_maps_are_names_too() {
    let plan = one(MaskRule { names: Some("(?i)password".into()), ..rule("named", &["/data/*"]) });
    let out = mask(&plan, r#"{"data":{"password.txt":"hunter2","level":"info","nested":{"password":"kept"}}}"#);
    assert_eq!(out, format!(r#"{{"data":{{"password.txt":"{}","level":"info","nested":{{"password":"kept"}}}}}}"#, token("hunter2")));
    let everywhere = one(MaskRule { names: Some("(?i)password".into()), ..rule("named", &[]) });
    let out = mask(&everywhere, r#"{"a":[{"password":"hunter2","b":"x"},{"name":"my-password","value":"hunter2"},{"value":"hunter2","name":"db_password"},{"args":["hunter3"],"name":"web"}]}"#);
    let shown = token("hunter2");
    assert_eq!(out, format!(r#"{{"a":[{{"password":"{shown}","b":"x"}},{{"name":"my-password","value":"{shown}"}},{{"value":"{shown}","name":"db_password"}},{{"args":["hunter3"],"name":"web"}}]}}"#));
}

#[test]
fn a_rule_at_the_elements_of_an_array_masks_their_fields_by_name() {
    let plan = one(MaskRule { names: Some("PASS".into()), ..rule("env", &["/env/*"]) });
    let out = mask(&plan, r#"{"env":[{"name":"PASS","value":"hunter2","from":{"x":1,"y":null}},{"value":"hunter2","name":"LEVEL"},{"value":"hunter2","name":"PASS"},"hunter2"]}"#);
    let (shown, one) = (token("hunter2"), token("1"));
    assert_eq!(
        out,
        format!(r#"{{"env":[{{"name":"PASS","value":"{shown}","from":{{"x":"{one}","y":null}}}},{{"value":"hunter2","name":"LEVEL"}},{{"value":"{shown}","name":"PASS"}},"{shown}"]}}"#)
    );
}

#[test]
fn whatever_is_at_a_masked_path_is_masked() {
    let plan = one(rule("all", &["/spec/secret"]));
    let out = mask(&plan, r#"{"spec":{"secret":{"a":"x","b":[1,true,null,{"c":-2.5e3}],"d":{}},"open":[1,true]}}"#);
    let [x, number, yes, last] = ["x", "1", "true", "-2.5e3"].map(token);
    assert_eq!(out, format!(r#"{{"spec":{{"secret":{{"a":"{x}","b":["{number}","{yes}",null,{{"c":"{last}"}}],"d":{{}}}},"open":[1,true]}}}}"#));
    assert_eq!(mask(&plan, r#"{"spec":{"secret":null}}"#), r#"{"spec":{"secret":null}}"#);
    let root = one(rule("root", &[""]));
    assert_eq!(mask(&root, "12"), format!("\"{}\"", token("12")));
    assert_eq!(mask(&root, "\"x\" "), format!("\"{}\" ", token("x")));
}

#[test]
fn the_strictest_action_holds() {
    let both = Plan { rules: vec![rule("token", &["/a"]), MaskRule { action: Action::Redact, ..rule("redact", &["/*"]) }], embedded: Vec::new() };
    assert_eq!(mask(&both, r#"{"a":"x","b":"y"}"#), r#"{"a":"masked","b":"masked"}"#);
    let encoded = Plan { rules: vec![rule("text", &["/a"]), MaskRule { encoding: Encoding::Base64, action: Action::Redact, ..rule("base64", &["/a"]) }], embedded: Vec::new() };
    assert_eq!(mask(&encoded, r#"{"a":"eA=="}"#), format!(r#"{{"a":"{}"}}"#, STANDARD.encode("masked")));
}

#[test]
fn patterns_mask_what_they_match_and_no_more() {
    let pattern = |patterns: &[&str]| MaskRule { patterns: patterns.iter().map(|p| (*p).into()).collect(), ..rule("pattern", &[]) };
    let plan = one(pattern(&["detector:basic-auth-in-url", "detector:jwt"]));
    let input = r#"{"rows":[{"cells":["postgres:\/\/app:hunter2@db/x","ok \u003c",7]}],"key:\/\/a:b@c":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"}"#;
    let (out, summary) = run(&plan, input).expect("JSON");
    assert_eq!(
        out,
        format!(
            r#"{{"rows":[{{"cells":["postgres://app:{}@db/x","ok \u003c",7]}}],"key:\/\/a:b@c":"{}"}}"#,
            token("hunter2"),
            token("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln")
        )
    );
    assert_eq!(summary.masked, 2);
    let base64 = one(MaskRule { encoding: Encoding::Base64, paths: vec!["/data/*".into()], ..pattern(&["hun\\w+"]) });
    let out = mask(&base64, &format!(r#"{{"data":{{"a":"{}","b":"{}"}}}}"#, STANDARD.encode("x hunter2 y"), STANDARD.encode("nothing")));
    assert_eq!(out, format!(r#"{{"data":{{"a":"{}","b":"{}"}}}}"#, STANDARD.encode(format!("x {} y", token("hunter2"))), STANDARD.encode("nothing")));
}

#[test]
fn embedded_documents_that_cannot_be_read_are_redacted_whole() {
    let plan = default_plan();
    let answer = |text: &str| format!(r#"{{"metadata":{{"annotations":{{"kubectl.kubernetes.io/last-applied-configuration":{}}}}}}}"#, serde_json::to_string(text).expect("JSON"));
    for bad in [r#"{"data":{"p":"hunter2"}"#, "data: {p: hunter2}", r#""hunter2""#, r#"["hunter2"]"#, r#"{} {"a":1}"#, r#"{"a":"hunter2",}"#, r#"{"data":'hunter2'}"#] {
        let (out, summary) = run(&plan, &answer(bad)).expect("JSON");
        assert_eq!(out, answer("masked"), "{bad}");
        assert_eq!(summary.rules, [("embedded".to_owned(), 1)].into());
    }
    for harmless in ["", " \n", "{}", "{\"kind\":\"Secret\"}\n", r#"{"metadata":{"annotations":{}}, "x":"\u003c"}"#] {
        let escaped = answer(harmless).replace("Secret", "S\\u0065cret");
        assert_eq!(mask(&plan, &escaped), escaped, "unchanged, byte for byte");
    }
}

#[test]
fn embedded_documents_are_followed_three_deep() {
    let plan = default_plan();
    let mut text = r#"{"data":{"p":"aHVudGVyMg=="}}"#.to_owned();
    for depth in 1..6 {
        text = format!(r#"{{"metadata":{{"annotations":{{"kubectl.kubernetes.io/last-applied-configuration":{}}}}}}}"#, serde_json::to_string(&text).expect("JSON"));
        let out = mask(&plan, &text);
        assert_hidden(&out, "hunter2");
        assert!(!out.contains("aHVudGVyMg"));
        assert_eq!(out.contains(&token64("hunter2")), depth <= 3, "{depth}: {out}");
        assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok());
    }
}

#[test]
fn a_value_past_the_limit_is_redacted_unseen() {
    let plan = default_plan();
    let patterns = one(MaskRule { patterns: vec!["detector:jwt".into()], ..rule("jwt", &[]) });
    for (length, seen) in [(Masker::VALUE_LIMIT, true), (Masker::VALUE_LIMIT + 1, false), (3 * Masker::VALUE_LIMIT, false)] {
        let secret = "QUJD".repeat(length / 4 + 1)[..length].to_owned();
        let input = format!(r#"{{"data":{{"p":"{secret}"}},"after":"kept"}}"#);
        for chunk in [1 << 16, 1 << 20, usize::MAX] {
            let mut masker = masker(&plan);
            let mut out = Vec::new();
            for part in input.as_bytes().chunks(chunk) {
                masker.push(part, &mut out).expect("JSON");
            }
            masker.finish(&mut out).expect("JSON");
            let shown = if seen { STANDARD.encode(key().token(&STANDARD.decode(&secret).expect("base64"))) } else { STANDARD.encode("masked") };
            if seen || length > Masker::VALUE_LIMIT {
                assert_eq!(String::from_utf8(out).expect("UTF-8"), format!(r#"{{"data":{{"p":"{shown}"}},"after":"kept"}}"#), "{length} in chunks of {chunk}");
            }
        }
        // Where a search over the chunk would do, the limit holds all the same: cuts must make no difference.
        let (out, summary) = run(&patterns, &input).expect("JSON");
        assert_eq!((out == input, summary.masked), (seen, u64::from(!seen)), "{length}");
    }
}

#[test]
fn limits_are_errors() {
    let plan = default_plan();
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(run(&plan, &deep(Masker::DEPTH_LIMIT)).is_ok());
    assert_eq!(run(&plan, &deep(Masker::DEPTH_LIMIT + 1)).err(), Some(MaskError::Depth { at: Masker::DEPTH_LIMIT as u64, most: Masker::DEPTH_LIMIT }));
    let long = "k".repeat(Masker::KEY_LIMIT + 1);
    for chunk in [1000, usize::MAX] {
        let mut masker = masker(&plan);
        let mut out = Vec::new();
        let input = format!(r#"{{"data":{{"{long}":"hunter2"}}}}"#);
        let result = input.as_bytes().chunks(chunk).try_for_each(|part| masker.push(part, &mut out));
        assert!(matches!(result, Err(MaskError::Key { .. })), "{result:?}");
        // And nothing more comes.
        let before = out.clone();
        assert_eq!(masker.push(b"{}", &mut out).err(), result.err());
        assert_eq!(out, before);
        assert!(masker.finish(&mut out).is_err());
    }
    // Where no rule reaches, a key's length does not matter.
    assert!(run(&plan, &format!(r#"{{"status":{{"x":{{"{long}":1}}}}}}"#)).is_ok());
}

#[test]
fn what_is_no_json_is_an_error() {
    for bad in [
        "{", "[", "\"a", "tru", "nul", "-", "1.", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "[1,", // cut
        "{]", "[}", "{\"a\":1]", "[1}", "}", "]", ",", ":", "{,}", "[,]", "{\"a\" 1}", "{\"a\"::1}", "{a:1}", "{1:1}", "[1 2]", "[1,]", "{\"a\":1,}", "{\"a\":}", "'a'",
        "01", "1.e1", "+1", ".5", "NaN", "Infinity", "True", "nulL", "truefalse", "{}{}", "[][]", "\"a\"\"b\"", "1true", "\u{feff}{}", "// x\n{}", "\"\t\"", "\"\\x\"", "\"\\u12g4\"", "\"\n\"", "\u{a0}1", "{\"a\":1}x",
    ] {
        let result = run(&default_plan(), bad);
        assert!(result.is_err(), "{bad}: {result:?}");
        let message = result.err().map(|error| error.to_string()).expect("an error");
        assert!(message.ends_with("it cannot be masked and is refused") || message.ends_with("it is refused"), "{message}");
    }
    for bad in [&b"\"\xff\""[..], b"\"\xe2\x82\"", b"{\"\xc0\xaf\":1}", b"\"\xed\xa0\x80\""] {
        assert!(masker(&default_plan()).push(bad, &mut Vec::new()).is_err());
    }
    let mut cut = masker(&default_plan());
    let mut out = Vec::new();
    cut.push(b"\"a\xe2\x82", &mut out).expect("so far");
    assert!(cut.finish(&mut out).is_err());
    for (good, documents) in [("", 0), (" \n", 0), ("{}", 1), ("1 2\n[3]\t\"x\"\r\nnull", 5), ("{}\n{}\n", 2)] {
        assert_eq!(run(&default_plan(), good).map(|(out, summary)| (out, summary.documents)), Ok((good.to_owned(), documents)));
    }
}

#[test]
fn output_waits_for_a_name_only_so_long() {
    let filler = "f".repeat(1000);
    let input = |fields: usize| {
        let more: String = (0..fields).map(|n| format!(r#","x{n}":"{filler}""#)).collect();
        format!(r#"{{"spec":{{"env":[{{"value":"hunter2"{more},"name":"LEVEL"}}]}}}}"#)
    };
    assert_eq!(mask(&default_plan(), &input(50)), input(50));
    let long = input(100);
    for chunk in [100, 1 << 14, usize::MAX] {
        let mut masker = masker(&default_plan());
        let (mut out, mut held) = (Vec::new(), 0);
        for (n, part) in long.as_bytes().chunks(chunk).enumerate() {
            masker.push(part, &mut out).expect("JSON");
            held = held.max(((n + 1) * part.len()).saturating_sub(out.len()));
        }
        masker.finish(&mut out).expect("JSON");
        let out = String::from_utf8(out).expect("UTF-8");
        if chunk < Masker::HOLD_LIMIT {
            assert_eq!(out, long.replace("hunter2", &token("hunter2")));
            assert!(held <= Masker::HOLD_LIMIT + chunk + 200, "held {held}");
        } else {
            assert!(out == long || out == long.replace("hunter2", &token("hunter2")));
        }
    }
}

struct Answers(Vec<Vec<Candidate>>, fn(&Candidate) -> Option<String>);

impl Inspector for std::sync::Arc<std::sync::Mutex<Answers>> {
    fn inspect(&mut self, candidates: &[Candidate]) -> Result<Vec<Option<String>>, String> {
        let mut answers = self.lock().map_err(|_| "poisoned".to_owned())?;
        answers.0.push(candidates.to_vec());
        let answer = answers.1;
        Ok(candidates.iter().map(answer).collect())
    }
}

fn inspecting() -> Plan {
    Plan {
        rules: vec![
            MaskRule { action: Action::Inspect, ..rule("ask", &["/spec/*", "/spec/list/*"]) },
            MaskRule { action: Action::Inspect, encoding: Encoding::Base64, ..rule("ask64", &["/data/*"]) },
            MaskRule { patterns: vec!["hunter2".into()], ..rule("pattern", &["/spec/*"]) },
        ],
        embedded: Vec::new(),
    }
}

#[test]
fn an_inspector_is_asked_in_batches() {
    let input = r#"{"spec":{"a/b":"let\u003cit","b":"hide","n":12,"mixed":"x hunter2"},"data":{"p":"aGlkZQ==","q":"bGV0"},"z":1}"#;
    for chunk in [1, 7, usize::MAX] {
        let asked = Arc::new(std::sync::Mutex::new(Answers(Vec::new(), |candidate| match candidate.value.as_str() {
            "hide" => Some("\"shown\"".to_owned()),
            "12" => Some("twelve".to_owned()),
            _ => None,
        })));
        let mut masker = masker(&inspecting()).with_inspector(Box::new(Arc::clone(&asked)));
        let mut out = Vec::new();
        for part in input.as_bytes().chunks(chunk) {
            masker.push(part, &mut out).expect("JSON");
        }
        let summary = masker.finish(&mut out).expect("JSON");
        let shown = STANDARD.encode("\"shown\"");
        let hunter2 = token("hunter2");
        assert_eq!(
            String::from_utf8(out).expect("UTF-8"),
            format!(r#"{{"spec":{{"a/b":"let\u003cit","b":"\"shown\"","n":"twelve","mixed":"x {hunter2}"}},"data":{{"p":"{shown}","q":"bGV0"}},"z":1}}"#)
        );
        assert_eq!(summary.rules, [("ask".to_owned(), 2), ("ask64".to_owned(), 1), ("pattern".to_owned(), 1)].into());
        assert_eq!(summary.masked, 4);
        let batches = &asked.lock().expect("a lock").0;
        let all: Vec<(String, String, String)> = batches.iter().flatten().map(|c| (c.rule.clone(), c.path.clone(), c.value.clone())).collect();
        let expected = [
            ("ask", "/spec/a~1b", "let<it"),
            ("ask", "/spec/b", "hide"),
            ("ask", "/spec/n", "12"),
            ("ask", "/spec/mixed", &format!("x {hunter2}")),
            ("ask64", "/data/p", "hide"),
            ("ask64", "/data/q", "let"),
        ];
        assert_eq!(all, expected.map(|(rule, path, value)| (rule.to_owned(), path.to_owned(), value.to_owned())));
        if chunk == usize::MAX {
            assert_eq!(batches.len(), 1);
        }
    }
}

#[test]
fn without_an_answer_a_candidate_is_redacted() {
    let input = r#"{"spec":{"b":"hide"},"data":{"p":"aGlkZQ=="}}"#;
    let (out, summary) = run(&inspecting(), input).expect("JSON");
    assert_eq!(out, format!(r#"{{"spec":{{"b":"masked"}},"data":{{"p":"{}"}}}}"#, STANDARD.encode("masked")));
    assert_eq!(summary.masked, 2);

    let mut unanswered = masker(&inspecting());
    let scanned = unanswered.scan(input.as_bytes()).expect("JSON");
    assert_eq!(scanned.candidates().len(), 2);
    let mut out = Vec::new();
    let error = unanswered.fill(scanned, vec![None], &mut out).expect_err("one answer for two");
    assert_eq!(error, MaskError::Answers { asked: 2, given: 1 });
    assert!(out.is_empty());
    assert_eq!(unanswered.push(b" ", &mut out), Err(error));

    struct Broken;
    impl Inspector for Broken {
        fn inspect(&mut self, _: &[Candidate]) -> Result<Vec<Option<String>>, String> {
            Err("it trapped".to_owned())
        }
    }
    let mut broken = masker(&inspecting()).with_inspector(Box::new(Broken));
    let error = broken.push(input.as_bytes(), &mut out).expect_err("no answer");
    assert_eq!(error.to_string(), "the masker component could not inspect the answer: it trapped; the answer is refused");
    assert!(out.is_empty());
}

#[test]
fn candidates_wait_behind_a_value_that_waits_for_its_name() {
    let plan = Plan {
        rules: vec![MaskRule { names: Some("PASS".into()), ..rule("env", &["/env/*/value"]) }, MaskRule { action: Action::Inspect, ..rule("ask", &["/env/*/other", "/first"]) }],
        embedded: Vec::new(),
    };
    for (name, value) in [("LEVEL", "a longer value than its token, which moves what is behind it by a few bytes".to_owned()), ("PASS", token("x"))] {
        let raw = if name == "PASS" { "x" } else { &value };
        let input = format!(r#"{{"first":"1","env":[{{"value":"{raw}","other":"ask","name":"{name}"}}]}}"#);
        for at in 0..input.len() {
            let mut masker = masker(&plan);
            let mut out = Vec::new();
            for part in [&input[..at], &input[at..]] {
                let scanned = masker.scan(part.as_bytes()).expect("JSON");
                let answers = scanned.candidates().iter().map(|candidate| Some(format!("<{}>", candidate.value))).collect();
                masker.fill(scanned, answers, &mut out).expect("answers");
            }
            masker.finish(&mut out).expect("JSON");
            assert_eq!(String::from_utf8(out).expect("UTF-8"), format!(r#"{{"first":"<1>","env":[{{"value":"{value}","other":"<ask>","name":"{name}"}}]}}"#), "cut at {at}");
        }
    }
}

#[test]
fn debug_shows_no_value() {
    let mut masker = masker(&default_plan());
    masker.push(br#"{"data":{"p":"hunter2"#, &mut Vec::new()).expect("JSON");
    let candidate = Candidate { rule: "r".into(), path: "/p".into(), value: "hunter2".into() };
    assert!(!format!("{masker:?} {candidate:?}").contains("hunter"));
}

#[test]
fn an_idle_masker_is_small() {
    // 10,000 watches: what each holds between two frames has to be a few kilobytes.
    let mut masker = masker(&default_plan());
    let mut out = Vec::new();
    let frame = format!(r#"{{"type":"ADDED","object":{{"data":{{"p":"{}"}}}}}}"#, "QUJD".repeat(100_000));
    for part in frame.as_bytes().chunks(1000) {
        masker.push(part, &mut out).expect("JSON");
    }
    masker.push(b"\n", &mut out).expect("JSON");
    let kept = masker.core_kept();
    assert!(kept <= 16 << 10, "{kept} bytes");
}

#[test]
fn maskers_may_move_between_threads() {
    fn sent<T: Send>(_: &T) {}
    fn shared<T: Send + Sync>(_: &T) {}
    let plan = CompiledPlan::compile(&default_plan()).expect("a plan");
    shared(&plan);
    shared(&key());
    let plan = Arc::new(plan);
    sent(&Masker::new(Arc::clone(&plan), key()));
    sent(&TextMasker::new(plan, key()));
}

#[test]
fn many_values_that_wait_are_settled_at_once() {
    // Were each moved by itself, this would take minutes.
    let everywhere = one(MaskRule { names: Some("PASS".into()), ..rule("named", &[]) });
    let fields: String = (0..1200).map(|n| format!(r#""k{n}":"v","#)).collect();
    let object = format!(r#"{{{fields}"name":"LEVEL"}}"#);
    let input = format!("[{}]", vec![object; 200].join(","));
    assert!(mask(&everywhere, &input) == input);
}

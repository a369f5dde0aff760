//! Bodies beside Kubernetes' own reading of them: the examples that its Go modules carry, and thousands of bodies made
//! from them, put to Kubernetes' own code over a pipe (`tests/cluster/oracle`).
//!
//! What is read must be the same object, or be refused here; never another one.
// All of it is a test.
#![allow(clippy::unwrap_used)]

#[path = "kubernetes/endpoints.rs"]
mod endpoints;
#[path = "kubernetes/lines.rs"]
mod lines;
#[path = "kubernetes/modules.rs"]
mod modules;
#[path = "kubernetes/oracle.rs"]
mod oracle;
#[path = "kubernetes/random.rs"]
mod random;
#[path = "kubernetes/wire.rs"]
mod wire;
#[path = "kubernetes/words.rs"]
mod words;

use kube_request::Json;

/// With all members by key: an order says nothing, and Go's maps have none.
fn by_key(json: &Json) -> Json {
    match json {
        Json::Array(items) => Json::Array(items.iter().map(by_key).collect()),
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().map(|(key, value)| (key.clone(), by_key(value))).collect();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            Json::Object(members)
        }
        other => other.clone(),
    }
}

mod with_go_modules {
    use std::collections::BTreeMap;

    use kube_request::{Json, ProtobufError};

    use super::modules::examples;
    use super::random::Random;
    use super::{by_key, endpoints, lines};

    /// Exactly: the order of the keys, what is null, what is left out.
    #[test]
    fn every_example_in_protobuf_is_the_same_in_json() {
        let (protobuf, json) = (examples("pb"), examples("json"));
        assert!(protobuf.len() >= 193 && protobuf.len() == json.len(), "{} and {}", protobuf.len(), json.len());
        for ((name, protobuf), (_, json)) in protobuf.iter().zip(&json) {
            let mut expected = Json::parse(json).unwrap();
            let mut body = protobuf.clone();
            if name == "core.v1.WatchEvent" {
                // Never a body, and so the one that does not say what it is: the envelope's first field is empty.
                assert!(matches!(Json::from_protobuf(protobuf), Err(ProtobufError::Kind { .. })));
                let meta = b"\x0a\x10\x0a\x02v1\x12\x0aWatchEvent";
                assert!(body.starts_with(b"k8s\0\x0a\x04\x0a\x00\x12\x00"));
                body.splice(4..10, meta.iter().copied());
                let Json::Object(members) = &mut expected else { panic!("{expected}") };
                members.splice(0..0, [("kind", "WatchEvent"), ("apiVersion", "v1")].map(|(key, value)| (key.to_owned(), Json::String(value.to_owned()))));
            }
            let decoded = Json::from_protobuf(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(decoded, expected, "{name}");
        }
    }

    /// But for the order of the keys, which YAML has sorted.
    #[test]
    fn every_example_in_yaml_is_the_same_in_json() {
        let (yaml, json) = (examples("yaml"), examples("json"));
        assert_eq!(yaml.len(), json.len());
        for ((name, yaml), (_, json)) in yaml.iter().zip(&json) {
            let read = Json::from_yaml(yaml).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(by_key(&read), by_key(&Json::parse(json).unwrap()), "{name}");
        }
    }

    /// Who approves a line approves what the request does: two that do different things have two lines.
    #[test]
    fn requests_that_do_different_things_never_have_the_same_line() {
        let endpoints = endpoints::endpoints();
        assert!(endpoints.len() > 600, "{} endpoints", endpoints.len());
        let mut random = Random::new();
        let mut lines: BTreeMap<String, (String, String)> = BTreeMap::new();
        for endpoint in &endpoints {
            for _ in 0..random.cases(200) {
                let (request, does) = lines::request(endpoint, &mut random);
                let target = request.target();
                let (known, first) = lines.entry(request.command()).or_insert_with(|| (does.clone(), target.clone()));
                assert_eq!(*known, does, "{} for {first} and for {target}", request.command());
            }
        }
        println!("{} endpoints, {} lines", endpoints.len(), lines.len());
    }
}

mod on_a_real_cluster {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use kube_request::Json;

    use super::oracle::{Answer, ask};
    use super::random::Random;
    use super::{by_key, modules::examples, wire, words};

    fn without_null(json: &Json) -> Json {
        match json {
            Json::Object(members) => {
                let kept = members.iter().filter(|(_, value)| *value != Json::Null);
                Json::Object(kept.map(|(key, value)| (key.clone(), without_null(value))).collect())
            }
            Json::Array(items) => Json::Array(items.iter().map(without_null).collect()),
            other => other.clone(),
        }
    }

    fn case(before: &str, body: &[u8]) -> String {
        format!("{before} {}", STANDARD.encode(body))
    }

    /// What Kubernetes decodes from our JSON is what it decodes from the protobuf.
    #[test]
    fn protobuf_of_any_kind_is_the_same_object_or_refused() {
        let mut random = Random::new();
        let (mut bodies, mut refused) = (Vec::new(), 0);
        for (_, example) in examples("pb") {
            for _ in 0..random.cases(50) {
                let body = wire::mutated(&example, &mut random);
                match Json::from_protobuf(&body) {
                    Ok(json) => bodies.push((body, json)),
                    Err(_) => refused += 1,
                }
            }
        }
        let theirs = ask("decode", bodies.iter().map(|(body, _)| case("application/vnd.kubernetes.protobuf -", body)).collect());
        let ours = ask("decode", bodies.iter().map(|(_, json)| case("application/json -", json.to_string().as_bytes())).collect());
        let mut same = 0;
        for ((body, json), (theirs, ours)) in bodies.iter().zip(theirs.iter().zip(&ours)) {
            match (theirs, ours) {
                (Answer::Json { json: theirs, .. }, Answer::Json { json: ours, strict }) => {
                    // A pointer to the zero time is written as null, and null is read as no pointer: members that are null
                    // are the same as members that are not there, to every decoder of Kubernetes.
                    assert!(by_key(&without_null(theirs)) == by_key(&without_null(ours)) && strict.is_empty(), "{}\n{json}\n{theirs}\n{ours}\n{strict}", STANDARD.encode(body));
                    same += 1;
                }
                (Answer::Refused(_), Answer::Refused(_)) => {}
                (theirs, ours) => panic!("{}\n{json}\n{theirs:?}\n{ours:?}", STANDARD.encode(body)),
            }
        }
        println!("{same} the same, {refused} refused here, {} refused by Kubernetes in either format", bodies.len() - same);
        assert!(same > bodies.len() / 2 && refused > 500, "{same} {refused}");
    }

    /// What Kubernetes makes of YAML is what is made of it here.
    #[test]
    fn yaml_of_any_kind_is_the_same_json_or_refused() {
        let mut random = Random::new();
        let mut documents: Vec<Vec<u8>> = Vec::new();
        for (_, example) in examples("yaml") {
            documents.extend((0..random.cases(20)).map(|_| words::mutated(&example, &mut random)));
        }
        documents.extend((0..random.cases(10_000)).map(|_| words::document(&mut random).into_bytes()));
        let read: Vec<(Vec<u8>, Json)> = documents.iter().filter_map(|yaml| Some((yaml.clone(), Json::from_yaml(yaml).ok()?))).collect();
        let theirs = ask("yaml", read.iter().map(|(yaml, _)| case("body", yaml)).collect());
        let (mut laxer, mut different) = (0, Vec::new());
        for ((yaml, json), theirs) in read.iter().zip(&theirs) {
            let Answer::Json { json: theirs, strict } = theirs else {
                // YAML 1.2 has an escape (`\/`) more than Kubernetes' parser knows. What is sent is JSON, so it still
                // means one thing; but these must stay few.
                laxer += 1;
                continue;
            };
            if by_key(json) != by_key(theirs) || !strict.is_empty() {
                different.push(format!("{:?}\n{json}\n{theirs}\n{strict}", String::from_utf8_lossy(yaml)));
            }
        }
        assert!(different.is_empty(), "{} differ, such as\n{}", different.len(), different[..different.len().min(8)].join("\n"));
        println!("{} the same, {} refused here, {laxer} by Kubernetes only", read.len() - laxer, documents.len() - read.len());
        assert!(read.len() > documents.len() / 4 && laxer < read.len() / 100, "{} {laxer}", read.len());
    }

    /// Server-side apply reads our JSON as YAML once more.
    #[test]
    fn what_is_sent_for_an_apply_reads_the_same_as_yaml() {
        let mut random = Random::new();
        let mut sent: Vec<Json> = examples("json").iter().map(|(_, json)| Json::parse(json).unwrap()).collect();
        sent.extend((0..random.cases(2000)).map(|_| random.json(4)));
        let theirs = ask("yaml", sent.iter().map(|json| case("body", json.to_string().as_bytes())).collect());
        for (json, theirs) in sent.iter().zip(&theirs) {
            let Answer::Json { json: theirs, .. } = theirs else { panic!("{json}\n{theirs:?}") };
            assert_eq!(by_key(json), by_key(theirs));
        }
    }
}

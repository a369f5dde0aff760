//! Watches and chunked lists: the same frames as without the gateway, masked where they hold secrets.

use std::collections::BTreeSet;

use portcullis_tests::kubectl::Kubectl;
use portcullis_tests::normal::normal;
use serde_json::Value;

use super::{STAGE, get, namespace};

const PASSWORD: &str = "correct-horse-battery-staple";
const ENCODED: &str = "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZQ==";
const LIST: &str = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=2";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

fn prepared(name: &str) -> Kubectl {
    let admin = namespace(name);
    for secret in ["db", "mail"] {
        admin.apply(&format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: {secret} }}\nstringData: {{ password: {PASSWORD} }}\n"));
    }
    admin.must(&["create", "configmap", "notes", "--from-literal=greeting=hello"]);
    admin
}

/// The frames of a watch that has ended, each as one line.
fn frames(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("a frame is no JSON ({error}): {line}"))).collect()
}

/// Up to the bookmark that ends the initial events; just before the time is up the API server may send another.
fn initial(text: &str) -> String {
    let end = text.lines().position(|line| line.contains("initial-events-end")).expect("the initial events end");
    text.lines().take(end + 1).map(|line| format!("{line}\n")).collect()
}

fn types(frames: &[Value]) -> Vec<&str> {
    frames.iter().filter_map(|frame| frame["type"].as_str()).collect()
}

/// Nothing of the password, in no encoding, nor in what `kubectl apply` noted of it.
#[track_caller]
fn tells_nothing(text: &str) {
    assert!(!text.contains(PASSWORD) && !text.contains(ENCODED), "the secret is shown: {text}");
}

#[test]
fn a_watch_list_gives_the_same_frames_with_its_bookmark() {
    let admin = prepared("frames");
    let path = format!("/api/v1/namespaces/frames/configmaps?{LIST}");
    let straight = admin.must(&["get", "--raw", &path]);
    let gated = get(&path, &[]);
    assert_eq!(gated.status, 200, "{}", gated.text());
    let lines = |text: &str| normal(&initial(text)).lines().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(lines(&gated.text()), lines(&straight), "gated, then straight");
    let frames = frames(&initial(&gated.text()));
    assert_eq!(types(&frames), ["ADDED", "ADDED", "BOOKMARK"]);
    let bookmark = &frames[2]["object"]["metadata"];
    assert_eq!(bookmark["annotations"]["k8s.io/initial-events-end"], "true", "{bookmark}");
    assert!(bookmark["resourceVersion"].as_str().is_some_and(|version| !version.is_empty()), "{bookmark}");
}

#[test]
fn the_frames_of_secrets_are_masked_as_objects_and_as_tables() {
    prepared("masked-frames");
    let path = format!("/api/v1/namespaces/masked-frames/secrets?{LIST}");
    for accept in ["application/json", TABLE, "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io"] {
        for more in ["", "&includeObject=Object"] {
            let watched = get(&format!("{path}{more}"), &[("accept", accept)]);
            assert_eq!(watched.status, 200, "{accept}: {}", watched.text());
            tells_nothing(&watched.text());
            let frames = frames(&initial(&watched.text()));
            assert_eq!(types(&frames), ["ADDED", "ADDED", "BOOKMARK"], "{accept}");
            let kind = if accept.contains("Table") { "Table" } else { "Secret" };
            assert!(frames.iter().all(|frame| frame["object"]["kind"] == kind), "{accept}: {}", watched.text());
            if kind == "Secret" || more.contains("Object") {
                assert!(watched.text().contains("bWFza2VkOnYxO"), "nothing is masked in {accept} {more}: {}", watched.text());
            }
        }
    }
}

#[test]
fn a_list_in_chunks_is_the_list() {
    let admin = prepared("chunks");
    for resource in ["secrets", "configmaps"] {
        let path = format!("/api/v1/namespaces/chunks/{resource}");
        let whole = get(&path, &[]).json();
        let mut items = Vec::new();
        let mut next = String::new();
        loop {
            let page = get(&format!("{path}?limit=1{next}"), &[]);
            assert_eq!(page.status, 200, "{}", page.text());
            tells_nothing(&page.text());
            let page = page.json();
            let page_items = page["items"].as_array().expect("a list").clone();
            assert_eq!(page_items.len(), 1);
            items.extend(page_items);
            match page["metadata"]["continue"].as_str().filter(|token| !token.is_empty()) {
                Some(token) => next = format!("&continue={token}"),
                None => break,
            }
        }
        assert_eq!(Some(&items), whole["items"].as_array(), "{resource}");
        let bare: Value = serde_json::from_str(&admin.must(&["get", "--raw", &path])).expect("a list");
        let names = |list: &[Value]| list.iter().map(|item| item["metadata"]["name"].clone()).collect::<Vec<_>>();
        assert_eq!(names(&items), names(bare["items"].as_array().expect("a list")));
        if resource == "configmaps" {
            assert_eq!(Some(&items), bare["items"].as_array(), "nothing of these is masked");
        }
    }
}

#[test]
fn kubectl_waits_and_watches_by_watch_list_as_without_the_gateway() {
    let admin = prepared("waits");
    for version in portcullis_tests::kubectl::VERSIONS {
        let devin = STAGE.gateway.kubectl(version, "devin").within("waits");
        let waited = devin.run(&["wait", "--for=jsonpath={.data.greeting}=hello", "configmap/notes", "--timeout=20s"]);
        assert!(waited.ok(), "kubectl {version}: {waited:?}");
        let watched = devin.run(&["get", "secrets", "--watch", "--request-timeout=2s"]);
        tells_nothing(&watched.all());
        assert!(watched.stdout.contains("db") && watched.stdout.contains("Opaque"), "kubectl {version}: {watched:?}");
    }
    drop(admin);
}

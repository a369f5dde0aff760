use super::*;
use crate::pointer;

fn compile(paths: &[&str]) -> Result<Paths, PlanError> {
    let parsed: Vec<_> = paths.iter().enumerate().map(|(n, path)| (pointer::parse("r", path).expect("a path"), Target::Rule(n))).collect();
    Paths::compile(&parsed)
}

fn walk(paths: &Paths, place: &str) -> Vec<usize> {
    let state = place.split('/').skip(1).fold(paths.root, |state, part| match part.parse() {
        Ok(index) => paths.element(state, index),
        Err(_) => paths.child(state, part.as_bytes()),
    });
    paths.states[state as usize].accept.iter().collect()
}

#[test]
fn paths_are_relative_to_each_object() {
    let paths = compile(&["/data/*", "/spec/**/env/*/value", "/a/0/b"]).expect("few states");
    let cases: [(&str, &[usize]); 14] = [
        ("/data/x", &[0]),
        ("/data/x/y", &[]),
        ("/items/7/data/x", &[0]),
        ("/object/data/x", &[0]),
        ("/object/items/0/data/x", &[0]),
        ("/rows/3/object/data/x", &[0]),
        ("/object/rows/3/object/data/x", &[0]),
        ("/rows/3/cells/data", &[]),
        ("/spec/env/0/value", &[1]),
        ("/spec/template/spec/containers/0/env/12/value", &[1]),
        ("/spec/template/spec/containers/0/env/12/name", &[]),
        ("/status/env/0/value", &[]),
        ("/a/0/b", &[2]),
        ("/a/1/b", &[]),
    ];
    for (place, rules) in cases {
        assert_eq!(walk(&paths, place), rules, "{place}");
    }
}

#[test]
fn what_no_path_can_reach_is_dead() {
    let paths = compile(&["/data/*"]).expect("few states");
    let status = paths.child(paths.root, b"status");
    assert_eq!(status, DEAD);
    assert_eq!(paths.child(DEAD, b"data"), DEAD);
    assert_eq!(paths.element(DEAD, 1), DEAD);
    let metadata = paths.child(paths.element(paths.child(paths.root, b"items"), 0), b"metadata");
    assert_eq!(metadata, DEAD);
}

#[test]
fn the_default_plan_is_small() {
    let paths = compile(&["/data/*", "/stringData/*", "/spec/**/env/*/value", "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"]).expect("few states");
    assert!(paths.states.len() < 120, "{} states", paths.states.len());
}

#[test]
fn paths_that_reach_everywhere_stay_small() {
    let paths = ["/data/*", "/**/env/*/value", "/**/args/*", "/**/command/*", "/**/annotations/*", "/**/annotations/a", "/**/message", "/note", "/**/a/b/c", "/**/a/*/c"];
    let paths = compile(&paths).expect("few states");
    assert!(paths.states.len() < 400, "{} states", paths.states.len());
}

#[test]
fn every_key_is_found_in_a_large_table() {
    let keys: Vec<String> = (0..60).map(|n| format!("/key{n}")).collect();
    let paths = compile(&keys.iter().map(String::as_str).collect::<Vec<_>>()).expect("few states");
    for n in 0..100 {
        let expected: Vec<usize> = if n < 60 { vec![n] } else { vec![] };
        assert_eq!(walk(&paths, &format!("/key{n}")), expected);
    }
}

#[test]
fn paths_that_multiply_are_refused() {
    // Each `**` followed by a run of wildcards remembers where its literal was: exponentially many sets.
    let run = "/*".repeat(20);
    let path = format!("/**/a{run}");
    assert_eq!(compile(&[&path]).err(), Some(PlanError::TooManyStates));
}

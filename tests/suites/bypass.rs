//! The bypass corpus: every known way round an inspecting proxy, tried on the gateway in front of a real API server.
//!
//! The cases are data, in `tests/bypass/`; its README says how to add one.

mod bypass {
    pub mod case;
    pub mod send;
    pub mod witness;
}

#[path = "bypass/on_a_real_cluster.rs"]
mod on_a_real_cluster;

use std::collections::HashSet;

use bypass::case::corpus;

/// What the corpus must cover, and how much of it there must be.
const AREAS: [&str; 13] = [
    "path", "query", "headers", "identity", "framing", "http2", "body", "patch", "upgrade", "subresource", "aggregated", "watch", "workload",
];
const LEAST: usize = 150;

#[test]
fn there_are_enough_cases_in_every_area() {
    let corpus = corpus();
    let all: usize = corpus.iter().map(|area| area.cases.len()).sum();
    assert!(all >= LEAST, "{all} cases");
    for wanted in AREAS {
        assert!(corpus.iter().any(|area| area.name == wanted && area.cases.len() >= 8), "{wanted}");
    }
}

#[test]
fn every_case_says_where_it_is_from_and_is_there_once() {
    let (mut names, mut sent) = (HashSet::new(), HashSet::new());
    for (area, case) in corpus().iter().flat_map(|area| area.cases.iter().map(|case| (&area.name, case))) {
        let name = &case.name;
        assert!(!case.cites.is_empty() && case.cites.iter().all(|cited| is_citation(cited)), "{area}: {name}: {:?}", case.cites);
        assert!(names.insert(name.clone()), "{area}: {name} is there twice");
        assert!(sent.insert(case.sent()), "{area}: {name} sends what another case sends");
    }
}

#[test]
fn every_case_sends_one_request_and_expects_one_outcome() {
    for (area, case) in corpus().iter().flat_map(|area| area.cases.iter().map(|case| (&area.name, case))) {
        if let Err(why) = case.is_whole() {
            panic!("{area}: {}: {why}", case.name);
        }
    }
}

/// A CVE, an advisory, a section of an RFC, an issue with its project, a document, or a file of a source tree.
fn is_citation(text: &str) -> bool {
    let starts = ["CVE-", "GHSA-", "RFC ", "CWE-", "https://"].iter().any(|start| text.starts_with(start));
    let issue = text.split_once('#').is_some_and(|(project, number)| project.contains('/') && number.chars().all(|c| c.is_ascii_digit()));
    let file = text.contains('/') && [".go", ".proto", ".rs", ".c", ".md"].iter().any(|end| text.split(' ').next().is_some_and(|path| path.ends_with(end)));
    starts || issue || file
}

use futures_util::FutureExt as _;

use super::*;
use crate::host::{Charge, Wanted};

fn body(masked: bool) -> KeptBody {
    let text = br#"{"metadata":{"name":"masked-ball"},"spec":{"user":"u","key":"masked:v1:AAAAAAAAAAAAAAAAAAAAAA","word":"masked","data":"bWFza2Vk","notes":"{\"key\":\"masked\"}"}}"#;
    KeptBody { json: Arc::new(Json::parse(text).unwrap()), masked }
}

/// What a guard that reads there could not see.
fn read(masked: bool, pointer: &str) -> Vec<Unseen> {
    let around = Around::new(MemoryCounts::default());
    assert!(around.document(Some(&body(masked))).unwrap().get(pointer).is_some(), "{pointer}");
    around.unseen()
}

#[test]
fn a_masked_value_is_noticed_when_it_is_read_and_only_then() {
    for pointer in ["", "/spec", "/spec/key", "/spec/word", "/spec/data", "/spec/notes"] {
        assert_eq!(read(true, pointer), [Unseen::Masked], "{pointer}");
        assert!(read(false, pointer).is_empty(), "{pointer}: nothing in this body is masked");
    }
    assert!(read(true, "/spec/user").is_empty());
    // Where something is masked, the word is taken for it: better one doubt too many.
    assert_eq!(read(true, "/metadata/name"), [Unseen::Masked]);
}

#[test]
fn what_is_not_here_is_noticed_when_it_is_asked_for() {
    let around = Around::new(MemoryCounts::default());
    let document = around.document(Some(&body(false))).unwrap();
    assert!(document.preview().now_or_never().unwrap().is_err());
    assert_eq!(around.unseen(), [Unseen::Preview]);
    let cluster = around.surroundings(0).cluster.unwrap();
    assert!(cluster.get(Wanted { resource_type: crate::ResourceType { group: String::new(), version: "v1".into(), resource: "pods".into() }, namespace: None, name: "a".into() }, false).now_or_never().unwrap().is_err());
    assert_eq!(around.unseen(), [Unseen::Preview, Unseen::Cluster]);
}

#[test]
fn what_was_not_forwarded_is_not_counted() {
    let counts = MemoryCounts::default();
    let plugin: Arc<str> = "budgets".into();
    let charge = || vec![Charge { key: "k".into(), amount: 1, limit: 1, window: 60 }];
    let spend = |around: &Around, now| around.surroundings(now).counter.unwrap().spend(&plugin, charge()).now_or_never().unwrap().unwrap();
    let refused = Around::new(counts.aside(100));
    assert!(spend(&refused, 100_000).is_none());
    let forwarded = Around::new(counts.aside(100));
    assert!(spend(&forwarded, 100_000).is_none(), "the refused one charged nothing");
    assert_eq!(forwarded.unseen(), [Unseen::Counts]);
    counts.take(forwarded.counts());
    assert!(spend(&Around::new(counts.aside(110)), 110_000).is_some());
    assert!(spend(&Around::new(counts.aside(200)), 200_000).is_none(), "the window has passed");
}

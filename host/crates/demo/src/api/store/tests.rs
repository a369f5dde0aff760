use super::*;
use crate::api::resources;

fn config(name: &str, size: usize) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop"}, "data": {"text": "x".repeat(size)}})
}

fn put(store: &mut Store, name: &str, size: usize) -> Result<Arc<Object>, Problem> {
    let resource = resources::known("", "configmaps");
    let value = config(name, size);
    store.put(Key::of(resource, &value), value)
}

#[test]
fn revisions_grow_and_changes_are_remembered_in_order() {
    let mut store = Store::default();
    put(&mut store, "a", 1).unwrap();
    let start = store.revision();
    put(&mut store, "b", 1).unwrap();
    put(&mut store, "b", 2).unwrap();
    let key = Key::new(resources::known("", "configmaps"), "shop", "a");
    store.remove(&key).unwrap();
    let changes: Vec<_> = store
        .since(start)
        .unwrap()
        .map(|it| {
            (
                meta(&it.object.value, "resourceVersion")
                    .parse::<u64>()
                    .unwrap()
                    - start,
                it.happened,
                it.key.name.clone(),
            )
        })
        .collect();
    let expected = [
        (1, Happened::Added, "b"),
        (2, Happened::Modified, "b"),
        (3, Happened::Deleted, "a"),
    ];
    assert_eq!(
        changes,
        expected.map(|(at, happened, name)| (at, happened, name.to_owned()))
    );
    assert_eq!(store.since(store.revision()).unwrap().count(), 0);
}

#[test]
fn old_changes_are_forgotten_by_number_and_by_size() {
    let mut store = Store::default();
    for _ in 0..MAX_CHANGES + 10 {
        put(&mut store, "a", 1).unwrap();
    }
    assert!(store.since(5).is_none());
    assert_eq!(store.since(store.revision() - 5).unwrap().count(), 5);
    for _ in 0..20 {
        put(&mut store, "a", 1024 * 1024).unwrap();
    }
    assert!(store.changes.len() <= 8);
}

#[test]
fn a_full_store_refuses_and_stays_readable() {
    let mut store = Store::default();
    for index in 0..47 {
        put(&mut store, &format!("c{index}"), 1024 * 1024).unwrap();
    }
    assert_eq!(put(&mut store, "last", 1024 * 1024).unwrap_err().code, 507);
    // Replacing one by a smaller one is still possible.
    put(&mut store, "c0", 10).unwrap();
    put(&mut store, "last", 1024 * 1024).unwrap();
}

#[test]
fn listing_stays_in_its_namespace_and_resource() {
    let mut store = Store::default();
    for (plural, namespace, name) in [
        ("configmaps", "a", "1"),
        ("configmaps", "b", "1"),
        ("configmaps", "b", "2"),
        ("events", "a", "1"),
    ] {
        let resource = resources::known("", plural);
        store
            .put(
                Key::new(resource, namespace, name),
                json!({"metadata": {"name": name, "namespace": namespace}}),
            )
            .unwrap();
    }
    let resource = resources::known("", "configmaps");
    assert_eq!(store.list(resource, None, None).count(), 3);
    assert_eq!(store.list(resource, Some("b"), None).count(), 2);
    assert_eq!(
        store
            .list(resource, Some("b"), Some(&Key::new(resource, "b", "1")))
            .count(),
        1
    );
    assert_eq!(store.list(resource, Some("c"), None).count(), 0);
}

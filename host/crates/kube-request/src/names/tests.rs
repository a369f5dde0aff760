use super::*;

#[test]
fn the_table_is_sorted() {
    assert!(TABLE.is_sorted_by_key(|row| (row.resource, row.group)));
}

#[test]
fn people_name_a_resource_in_four_ways() {
    for word in ["deployments", "deployment", "deploy", "Deployment"] {
        let found = by_word(word).expect(word);
        assert_eq!((found.group, found.version, found.resource), ("apps", "v1", "deployments"));
    }
    assert_eq!(by_word("widgets"), None);
    assert_eq!(by_kind("", "Namespace").map(|found| (found.resource, found.cluster)), Some(("namespaces", true)));
    assert_eq!(by_kind("apps", "Namespace"), None);
}

use super::*;

#[test]
fn references() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    for (text, registry, pinned, loopback) in [
        ("oci://registry.example/team/policies:v1".to_owned(), "registry.example", false, false),
        ("oci://registry.example:5000/p:v1".to_owned(), "registry.example:5000", false, false),
        ("oci://localhost/p:v1".to_owned(), "localhost", false, true),
        ("oci://127.0.0.1:5000/p:v1".to_owned(), "127.0.0.1:5000", false, true),
        (format!("oci://registry.example/p@{digest}"), "registry.example", true, false),
        (format!("oci://registry.example/p:v1@{digest}"), "registry.example", true, false),
    ] {
        let reference: Reference = text.parse().unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((reference.registry(), reference.digest().is_some(), reference.is_loopback()), (registry, pinned, loopback), "{text}");
        assert_eq!(reference.to_string(), text);
    }
}

#[test]
fn a_reference_says_where_and_which() {
    for (text, expected) in [
        ("registry.example/p:v1", "is no reference"),
        ("https://registry.example/p:v1", "is no reference"),
        ("oci://policies:v1", "does not name its registry"),
        ("oci://team/policies:v1", "does not name its registry"),
        ("oci://registry.example:5000", "does not name its registry"),
        ("oci://registry.example/policies", "neither a tag nor a digest"),
        ("oci://registry.example:5000/policies", "neither a tag nor a digest"),
        ("oci://registry.example/Policies:v1", "is no reference"),
        ("oci://registry.example/p@sha256:ab", "is no reference"),
        ("oci://registry.example/p@sha512:00", "is no reference"),
        ("oci://registry.example/p:v 1", "is no reference"),
        ("oci://registry.example/../p:v1", "is no reference"),
    ] {
        let told = text.parse::<Reference>().err().unwrap_or_else(|| panic!("{text} was taken")).to_string();
        assert!(told.contains(expected) && told.contains(';'), "{told}");
    }
}

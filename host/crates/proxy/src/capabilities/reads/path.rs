//! Paths of what a policy asks for: written from parts that can only be what they are called.

use std::fmt::Write;

use policy::{OBJECTS, ResourceType, Selection, Wanted};

/// The path of an object.
///
/// # Errors
/// When a part of it is no name.
pub fn object(wanted: &Wanted) -> Result<String, String> {
    let collection = collection(&wanted.resource_type, wanted.namespace.as_deref())?;
    Ok(format!("{collection}/{}", segment("name", &wanted.name)?))
}

/// The path and query of a list.
///
/// # Errors
/// When a part of it is no name.
pub fn list(selection: &Selection) -> Result<String, String> {
    let collection = collection(&selection.resource_type, selection.namespace.as_deref())?;
    let selector = if selection.label_selector.is_empty() { String::new() } else { format!("&labelSelector={}", encoded(&selection.label_selector)) };
    Ok(format!("{collection}?limit={OBJECTS}{selector}"))
}

fn collection(resource: &ResourceType, namespace: Option<&str>) -> Result<String, String> {
    let ResourceType { group, version, resource } = resource;
    let root = if group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", segment("API group", group)?) };
    let namespace = namespace.map(|name| segment("namespace", name)).transpose()?.map(|name| format!("/namespaces/{name}")).unwrap_or_default();
    Ok(format!("{root}/{}{namespace}/{}", segment("version", version)?, segment("resource", resource)?))
}

/// One segment of a path: what Kubernetes lets a name be (`apimachinery/pkg/api/validation/path`).
fn segment(what: &str, text: &str) -> Result<String, String> {
    if text.is_empty() || matches!(text, "." | "..") || text.contains(['/', '%']) {
        return Err(format!("`{text}` cannot be a {what}"));
    }
    Ok(encoded(text))
}

/// RFC 3986: everything but the unreserved characters as percent signs and digits.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(group: &str, version: &str, resource: &str) -> ResourceType {
        ResourceType { group: group.into(), version: version.into(), resource: resource.into() }
    }

    #[test]
    fn paths_are_the_api_servers() {
        let wanted = |resource_type, namespace: Option<&str>, name: &str| object(&Wanted { resource_type, namespace: namespace.map(str::to_owned), name: name.into() });
        assert_eq!(wanted(of("", "v1", "pods"), Some("shop"), "web-0").unwrap(), "/api/v1/namespaces/shop/pods/web-0");
        assert_eq!(wanted(of("", "v1", "nodes"), None, "n1").unwrap(), "/api/v1/nodes/n1");
        assert_eq!(wanted(of("rbac.authorization.k8s.io", "v1", "clusterroles"), None, "system:node").unwrap(), "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode");
        let list = list(&Selection { resource_type: of("apps", "v1", "deployments"), namespace: Some("shop".into()), label_selector: "app in (a,b),!c".into() });
        assert_eq!(list.unwrap(), "/apis/apps/v1/namespaces/shop/deployments?limit=500&labelSelector=app%20in%20%28a%2Cb%29%2C%21c");
    }

    #[test]
    fn no_part_reaches_beyond_itself() {
        for name in ["", ".", "..", "a/b", "a%2fb", "../secrets/db"] {
            let wanted = Wanted { resource_type: of("", "v1", "pods"), namespace: Some("shop".into()), name: name.into() };
            assert!(object(&wanted).is_err(), "{name}");
            let wanted = Wanted { resource_type: of("", "v1", "pods"), namespace: Some(name.into()), name: "a".into() };
            assert!(object(&wanted).is_err(), "{name}");
        }
        let wanted = Wanted { resource_type: of("", "v1", "pods"), namespace: None, name: "a?limit=1#x".into() };
        assert_eq!(object(&wanted).unwrap(), "/api/v1/pods/a%3Flimit%3D1%23x");
    }
}

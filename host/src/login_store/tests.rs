use std::os::unix::fs::PermissionsExt;

use super::*;

const GATEWAY: &str = "https://gateway.example:8443";

fn login(gateway: &str) -> Login {
    Login {
        gateway: gateway.to_owned(),
        ca_file: Some("/etc/ca.crt".into()),
        method: Method::Person {
            issuer: "https://issuer.example".to_owned(),
            client_id: "portcullis".to_owned(),
            refresh_token: Some("refresh-secret".to_owned()),
        },
        token: Some("token-secret".to_owned()),
        expires: Some(1_800_000_000),
    }
}

fn store() -> (tempfile::TempDir, LoginStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = LoginStore::at(folder.path().join("portcullis"));
    (folder, store)
}

#[test]
fn a_login_is_kept_and_forgotten() {
    let (_folder, store) = store();
    assert_eq!(store.current().unwrap(), None);
    assert_eq!(store.login(GATEWAY).unwrap(), None);
    store.keep(&login(GATEWAY)).unwrap();
    store.keep(&login("https://other.example")).unwrap();
    assert_eq!(store.current().unwrap().as_deref(), Some("https://other.example"));
    assert_eq!(store.login(GATEWAY).unwrap(), Some(login(GATEWAY)));
    // A renewal does not make a gateway the current one.
    store.renew(&login(GATEWAY)).unwrap();
    assert_eq!(store.current().unwrap().as_deref(), Some("https://other.example"));
    assert!(store.forget("https://other.example").unwrap());
    assert!(!store.forget("https://other.example").unwrap());
    assert_eq!(store.current().unwrap(), None);
    assert_eq!(store.login(GATEWAY).unwrap(), Some(login(GATEWAY)));
}

#[test]
fn only_the_owner_reads_it() {
    let (folder, store) = store();
    store.keep(&login(GATEWAY)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("portcullis")), 0o700);
    assert_eq!(mode(&store.file(GATEWAY)), 0o600);
    fs::set_permissions(store.file(GATEWAY), fs::Permissions::from_mode(0o640)).unwrap();
    let error = store.login(GATEWAY).unwrap_err();
    assert!(matches!(error, StoreError::Exposed { mode: 0o640, .. }), "{error}");
}

#[test]
fn what_is_no_login_is_said_so() {
    let (_folder, store) = store();
    store.keep(&login(GATEWAY)).unwrap();
    // Somebody copied a file: its tokens would go to another gateway.
    fs::copy(store.file(GATEWAY), store.file("https://evil.example")).unwrap();
    assert!(matches!(store.login("https://evil.example"), Err(StoreError::Content { .. })));
    write_private(&store.file(GATEWAY), b"{").unwrap();
    assert!(matches!(store.login(GATEWAY), Err(StoreError::Content { .. })));
}

#[test]
fn no_token_is_shown_by_debug() {
    let shown = format!("{:?}", login(GATEWAY));
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn names_of_files_cannot_be_forged_by_where_parts_end() {
    assert_ne!(short_name(&["ab", "c"]), short_name(&["a", "bc"]));
    assert_eq!(short_name(&["../../etc/passwd"]).len(), 32);
}

use insta::assert_snapshot;

use super::*;

fn cached(expires: &str) -> Cached {
    Cached {
        gateway: "https://gateway.example".to_owned(),
        session: "s-1".to_owned(),
        token: "pcs_token".to_owned(),
        expires: expires.parse().unwrap(),
    }
}

#[test]
fn as_kubectl_reads_it() {
    let text = serde_json::to_string_pretty(&exec_credential(&cached("2026-11-22T15:00:00Z"))).unwrap();
    assert_snapshot!(text, @r#"
    {
      "apiVersion": "client.authentication.k8s.io/v1",
      "kind": "ExecCredential",
      "status": {
        "expirationTimestamp": "2026-11-22T14:59:30Z",
        "token": "pcs_token"
      }
    }
    "#);
}

#[test]
fn a_session_is_kept_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache { file: folder.path().join("sessions/one.json") };
    assert!(cache.read().is_none());
    let lock = cache.lock().unwrap();
    cache.write(&cached("2026-11-22T15:00:00Z")).unwrap();
    assert_eq!(cache.read().unwrap().token, "pcs_token");
    let mode = std::fs::metadata(&cache.file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    // Held by one at a time.
    let other = OpenOptions::new().write(true).open(cache.file.with_extension("lock")).unwrap();
    assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
    drop(lock);
    assert!(other.try_lock().is_ok());
    // Whoever opened it to others made it worthless, and a new session is opened.
    std::fs::set_permissions(&cache.file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(cache.read().is_none());
}

#[tokio::test]
async fn a_session_that_ends_soon_is_not_given_out() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    // Nobody is asked: nothing listens at this address.
    let client = Client::new(crate::client::address("http://127.0.0.1:1").unwrap(), None, None).unwrap();
    let soon = (Timestamp::now() + jiff::SignedDuration::from_secs(LEFT_MIN - 5)).to_string();
    assert!(!lives(&client, &cached(&soon)).await.unwrap());
}

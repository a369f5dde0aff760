use super::*;

/// The example of C2SP signed-note and of golang.org/x/mod/sumdb/note: the same key, the same id, the same signature.
const GO_PRIVATE: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const GO_PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_SIGNATURE: &str =
    "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_note_of_another_implementation_verifies_and_is_reproduced() {
    let directory = scratch();
    let path = directory.path().join("key");
    write_new(&path, GO_PRIVATE.as_bytes(), 0o600).unwrap();
    let key = SigningKey::open(&path, "unused", false).unwrap();
    assert_eq!(key.public().encode(), GO_PUBLIC);
    assert!(key.public().verifies(GO_TEXT, GO_SIGNATURE));
    assert_eq!(key.sign(GO_TEXT), format!("{GO_SIGNATURE}\n"));
    assert!(!key.public().verifies("another text\n", GO_SIGNATURE));
}

#[test]
fn a_key_is_made_once() {
    let directory = scratch();
    let path = directory.path().join("key");
    assert!(matches!(SigningKey::open(&path, "gate/ledger", false), Err(KeyError::Missing { .. })));
    let made = SigningKey::open(&path, "gate/ledger", true).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let read = SigningKey::open(&path, "gate/ledger", true).unwrap();
    assert_eq!(made.public(), read.public());
    made.publish(&directory.path().join("pub")).unwrap();
    assert_eq!(PublicKey::read(&directory.path().join("pub")).unwrap(), *made.public());
    let signature = made.sign("text\n");
    assert!(read.public().verifies("text\n", signature.trim_end()));
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let directory = scratch();
    let path = directory.path().join("key");
    SigningKey::open(&path, "gate", true).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(SigningKey::open(&path, "gate", true), Err(KeyError::Exposed { mode: 0o640, .. })));
}

#[test]
fn what_is_no_key_is_refused() {
    for text in ["", "a", "a+b+c", "gate+00000000+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"] {
        assert_eq!(PublicKey::parse(text), None, "{text}");
    }
    let directory = scratch();
    for name in ["", "two words", "a+b"] {
        assert!(matches!(SigningKey::open(&directory.path().join("key"), name, true), Err(KeyError::Name { .. })));
    }
}

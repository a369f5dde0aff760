use std::io::Write as _;

use super::*;

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// Made by OpenSSL: `genpkey -algorithm ed25519`, and `pkey -pubout` of it.
const ED25519_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIGYdgf/2Z8tH/VHuRbsHb8NRkJKR0nUUQNIJ14k7rZSh\n-----END PRIVATE KEY-----\n";
const ED25519_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEABSDeHgHyIELVBX/yfXsqh2rxvznC1zwlCixypM4AINE=\n-----END PUBLIC KEY-----\n";
/// Made by cosign: `generate-key-pair`.
const COSIGN_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9bvY5dbQWb4pDWC74ZkrFJj3jMp/\nUy7grUXSKIaeAjDgnaPrOCNC562UfEWUfHvbA7i+P9oCp+NRS2tac9KgIQ==\n-----END PUBLIC KEY-----\n";

#[test]
fn a_new_key_is_read_back_from_its_file_and_signs() {
    let key = SigningKey::generate().unwrap();
    let (private, public) = (file(&key.pem().unwrap()), file(&key.public("a").pem()));
    let (read, known) = (SigningKey::read(private.path()).unwrap(), PublicKey::read("a", public.path()).unwrap());
    assert_eq!(read.public("a"), known);
    let signature = read.sign(b"what is signed").unwrap();
    assert!(known.verifies(b"what is signed", &signature));
    assert!(!known.verifies(b"what is not", &signature) && !known.verifies(b"what is signed", &signature[1..]));
    assert!(!SigningKey::generate().unwrap().public("b").verifies(b"what is signed", &signature));
}

#[test]
fn keys_of_other_tools_are_read() {
    let (private, public) = (file(ED25519_PRIVATE), file(ED25519_PUBLIC));
    let (key, known) = (SigningKey::read(private.path()).unwrap(), PublicKey::read("a", public.path()).unwrap());
    assert_eq!(key.public("a"), known);
    assert!(known.verifies(b"text", &key.sign(b"text").unwrap()));
    assert_eq!(known.pem(), ED25519_PUBLIC);
    assert_eq!(PublicKey::read("a", file(COSIGN_PUBLIC).path()).unwrap().hint(), "UeMCojTt2pA2Hn3rylpWf8MzQNVHTm/WQqBVZoJblkw=");
}

#[test]
fn what_is_no_key_is_refused_with_what_to_give_instead() {
    let told = |text: &str| match (PublicKey::read("a", file(text).path()), SigningKey::read(file(text).path())) {
        (Err(public), Err(private)) => format!("{public} {private}"),
        _ => panic!("it was taken: {text}"),
    };
    for text in ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
        let told = told(text);
        assert!(told.contains("`BEGIN PUBLIC KEY`") && told.contains("`BEGIN PRIVATE KEY`"), "{told}");
    }
    let encrypted = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";
    assert!(told(encrypted).contains("`cosign sign --key"));
    assert!(PublicKey::read("a", Path::new("/no/such/key")).unwrap_err().to_string().contains("give the path of a PEM file"));
}

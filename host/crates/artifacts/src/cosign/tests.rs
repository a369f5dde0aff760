use super::*;

const DIGEST: &str = "sha256:617eb0ebd139b2aa5531a0d7fdd4cb827804a1be9f20dea6be041fcfcc0b07b7";

/// What cosign 3.1.3 wrote for that digest, and the key that it made.
const BY_COSIGN: &str = r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial":{"publicKey":{"hint":"UeMCojTt2pA2Hn3rylpWf8MzQNVHTm/WQqBVZoJblkw="}}, "dsseEnvelope":{"payload":"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCAic3ViamVjdCI6W3siZGlnZXN0Ijp7InNoYTI1NiI6IjYxN2ViMGViZDEzOWIyYWE1NTMxYTBkN2ZkZDRjYjgyNzgwNGExYmU5ZjIwZGVhNmJlMDQxZmNmY2MwYjA3YjcifSwgImFubm90YXRpb25zIjp7fX1dLCAicHJlZGljYXRlVHlwZSI6Imh0dHBzOi8vc2lnc3RvcmUuZGV2L2Nvc2lnbi9zaWduL3YxIiwgInByZWRpY2F0ZSI6e319", "payloadType":"application/vnd.in-toto+json", "signatures":[{"sig":"MEYCIQDLIZu9hdHyKuMsNCA7Wjq1kZDIriZ9nxnXimrcieyEjgIhAMLKF3U2Oez3qjxTZWYDPcpbcRtEZNYoEo/R0NuusrGW"}]}}"#;
const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9bvY5dbQWb4pDWC74ZkrFJj3jMp/\nUy7grUXSKIaeAjDgnaPrOCNC562UfEWUfHvbA7i+P9oCp+NRS2tac9KgIQ==\n-----END PUBLIC KEY-----\n";

fn cosigns_key() -> PublicKey {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), KEY).unwrap();
    PublicKey::read("cosign", file.path()).unwrap()
}

fn signer(text: &str, digest: &str, keys: &[PublicKey]) -> Option<String> {
    Signature::Bundle(text.to_owned()).signer(digest, keys).map(|key| key.name.clone())
}

#[test]
fn what_cosign_writes_is_read() {
    let keys = [SigningKey::generate().unwrap().public("other"), cosigns_key()];
    assert_eq!(signer(BY_COSIGN, DIGEST, &keys).as_deref(), Some("cosign"));
    assert_eq!(signer(BY_COSIGN, DIGEST, &keys[..1]), None);
    assert_eq!(signer(BY_COSIGN, &DIGEST.replace('6', "7"), &keys), None);
}

#[test]
fn what_is_written_is_read() {
    let key = SigningKey::generate().unwrap();
    let text = sign(DIGEST, &key).unwrap();
    assert_eq!(signer(&text, DIGEST, &[key.public("ours")]).as_deref(), Some("ours"));
    // Of the same form as cosign's, key for key.
    let shape = |text: &str| {
        let value: Value = serde_json::from_str(text).unwrap();
        let payload: Value = serde_json::from_slice(&STANDARD.decode(value["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap()).unwrap();
        (value["mediaType"].clone(), value["dsseEnvelope"]["payloadType"].clone(), payload)
    };
    assert_eq!(shape(&text), shape(BY_COSIGN));
}

/// The same key signs attestations: none of them is a signature, whatever it says about the artifact.
#[test]
fn an_attestation_is_no_signature() {
    let key = SigningKey::generate().unwrap();
    let keys = [key.public("ours")];
    let statement = |predicate: &str, of: &str, hex: &str| {
        let payload = json!({ "_type": of, "subject": [{ "digest": { "sha256": hex } }], "predicateType": predicate, "predicate": {} }).to_string();
        let signature = key.sign(&pre_authentication(PAYLOAD_TYPE, payload.as_bytes())).unwrap();
        json!({ "dsseEnvelope": { "payload": STANDARD.encode(payload), "payloadType": PAYLOAD_TYPE, "signatures": [{ "sig": STANDARD.encode(signature) }] } }).to_string()
    };
    let hex = &DIGEST[7..];
    assert!(signer(&statement(PREDICATE, STATEMENT, hex), DIGEST, &keys).is_some());
    assert!(signer(&statement("https://slsa.dev/provenance/v1", STATEMENT, hex), DIGEST, &keys).is_none());
    assert!(signer(&statement(PREDICATE, "https://in-toto.io/Statement/v0.1", hex), DIGEST, &keys).is_none());
    assert!(signer(&statement(PREDICATE, STATEMENT, &hex[1..]), DIGEST, &keys).is_none());
    for text in ["", "{}", r#"{"dsseEnvelope":null}"#, r#"{"messageSignature":{}}"#] {
        assert!(signer(text, DIGEST, &keys).is_none(), "{text}");
    }
}

#[test]
fn simple_signing_is_read() {
    let key = SigningKey::generate().unwrap();
    let keys = [key.public("ours")];
    let payload = |digest: &str, of: &str| {
        json!({ "critical": { "identity": { "docker-reference": "r/a" }, "image": { "docker-manifest-digest": digest }, "type": of }, "optional": null }).to_string()
    };
    let signed = |payload: String| Signature::Simple { signature: STANDARD.encode(key.sign(payload.as_bytes()).unwrap()), payload };
    let good = signed(payload(DIGEST, "cosign container image signature"));
    assert!(good.signer(DIGEST, &keys).is_some());
    assert!(good.signer(DIGEST, &[]).is_none());
    assert!(signed(payload("sha256:00", "cosign container image signature")).signer(DIGEST, &keys).is_none());
    assert!(signed(payload(DIGEST, "atomic container signature")).signer(DIGEST, &keys).is_none());
    let Signature::Simple { payload, signature } = good else { unreachable!() };
    assert!(Signature::Simple { payload: payload + " ", signature }.signer(DIGEST, &keys).is_none());
}

//! Signatures of artifacts by a key, as cosign makes them and takes them.
//!
//! Two forms are read: the Sigstore bundle with a DSSE envelope around an in-toto statement, which cosign 3 writes and so does
//! [`sign`], and the older "simple signing" payload beside its signature. Both say: this key stands for the manifest with this digest. No
//! transparency log and no certificates: a key that the operator names is all there is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{KeyError, PublicKey, SigningKey};

/// The media type of a Sigstore bundle, and the artifact type of the manifest that carries one.
pub(crate) const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The media type of a simple-signing payload.
pub(crate) const SIMPLE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The annotation that has a simple-signing payload's signature.
pub(crate) const SIMPLE_ANNOTATION: &str = "dev.cosignproject.cosign/signature";
/// What cosign's statement says.
pub(crate) const PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// A signature as the registry has it: kept beside a pulled bundle, and checked whenever that is loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Signature {
    /// The JSON text of a Sigstore bundle.
    Bundle(String),
    /// A simple-signing payload and its signature, the latter as base64.
    Simple { payload: String, signature: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    dsse_envelope: Option<Envelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
struct EnvelopeSignature {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    of: String,
    subject: Vec<Subject>,
    predicate_type: String,
}

#[derive(Deserialize)]
struct Subject {
    digest: Digest,
}

#[derive(Deserialize)]
struct Digest {
    sha256: Option<String>,
}

/// The bytes that a DSSE signature covers (DSSE, "pre-authentication encoding").
fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// A Sigstore bundle that says that this key stands for the manifest `digest` (`sha256:…`).
pub(crate) fn sign(digest: &str, key: &SigningKey) -> Result<String, KeyError> {
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    let payload = json!({
        "_type": STATEMENT,
        "subject": [{ "digest": { "sha256": hex }, "annotations": {} }],
        "predicateType": PREDICATE,
        "predicate": {},
    });
    let payload = payload.to_string().into_bytes();
    let signature = key.sign(&pre_authentication(PAYLOAD_TYPE, &payload))?;
    let bundle = json!({
        "mediaType": BUNDLE,
        "verificationMaterial": { "publicKey": { "hint": key.public("").hint() } },
        "dsseEnvelope": {
            "payload": STANDARD.encode(payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{ "sig": STANDARD.encode(signature) }],
        },
    });
    Ok(bundle.to_string())
}

impl Signature {
    /// The first of `keys` that made this signature of the manifest `digest`. What cannot be read was made by none.
    pub(crate) fn signer<'a>(&self, digest: &str, keys: &'a [PublicKey]) -> Option<&'a PublicKey> {
        match self {
            Signature::Bundle(text) => bundle_signer(text, digest, keys),
            Signature::Simple { payload, signature } => simple_signer(payload, signature, digest, keys),
        }
    }
}

fn bundle_signer<'a>(text: &str, digest: &str, keys: &'a [PublicKey]) -> Option<&'a PublicKey> {
    let envelope = serde_json::from_str::<Bundle>(text).ok()?.dsse_envelope?;
    if envelope.payload_type != PAYLOAD_TYPE {
        return None;
    }
    let payload = STANDARD.decode(&envelope.payload).ok()?;
    let statement: Statement = serde_json::from_slice(&payload).ok()?;
    let about = statement.subject.iter().any(|subject| subject.digest.sha256.as_deref().is_some_and(|hex| digest.strip_prefix("sha256:") == Some(hex)));
    // An attestation about the same manifest is no signature of it: it may say that tests failed.
    if statement.of != STATEMENT || statement.predicate_type != PREDICATE || !about {
        return None;
    }
    let covered = pre_authentication(&envelope.payload_type, &payload);
    let signatures = envelope.signatures.iter().filter_map(|one| STANDARD.decode(&one.sig).ok());
    signatures.take(4).find_map(|signature| keys.iter().find(|key| key.verifies(&covered, &signature)))
}

fn simple_signer<'a>(payload: &str, signature: &str, digest: &str, keys: &'a [PublicKey]) -> Option<&'a PublicKey> {
    let value: Value = serde_json::from_str(payload).ok()?;
    let critical = &value["critical"];
    if critical["image"]["docker-manifest-digest"] != digest || critical["type"] != "cosign container image signature" {
        return None;
    }
    let signature = STANDARD.decode(signature).ok()?;
    keys.iter().find(|key| key.verifies(payload.as_bytes(), &signature))
}

#[cfg(test)]
mod tests;

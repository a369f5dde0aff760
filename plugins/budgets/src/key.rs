//! For whom a budget is counted.

use portcullis_sdk::{JsonSchema, Request};
use serde::Deserialize;

/// Bytes of a key that the gateway takes.
const KEY_BYTES: usize = 256;

/// What a budget is counted for each of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// The identity: its issuer and subject.
    Subject,
    /// The session.
    Session,
    /// The person on whose behalf an agent acts; an identity without one is its own.
    Sponsor,
    /// The registered cluster.
    Connection,
    /// The namespace; what has none is counted together.
    Namespace,
}

/// The key of a budget's count. Two of them are equal only when all that it is counted for is.
pub(crate) fn of(rule: &str, per: &[Per], request: &Request<'_>) -> String {
    let identity = request.identity();
    let mut key = rule.to_owned();
    for one in per {
        let (word, parts) = match one {
            Per::Subject => ("subject", vec![identity.issuer.as_str(), identity.subject.as_str()]),
            Per::Session => ("session", vec![request.session().id.as_str()]),
            Per::Sponsor => match &identity.sponsor {
                Some(sponsor) => ("sponsor", vec![identity.issuer.as_str(), sponsor.as_str()]),
                None => ("subject", vec![identity.issuer.as_str(), identity.subject.as_str()]),
            },
            Per::Connection => ("connection", vec![request.connection()]),
            Per::Namespace => ("namespace", request.namespace().into_iter().collect()),
        };
        key.push('\n');
        key.push_str(word);
        for part in parts {
            // With its length, so that no name can look like two.
            key.push_str(&format!(" {}:{part}", part.len()));
        }
    }
    // A database's text holds no NUL.
    if key.len() <= KEY_BYTES && !key.contains('\0') { key } else { format!("{rule}\n{}", digest(&key)) }
}

/// 128 bits of FNV-1a: names that long are the issuer's and the cluster's own, not an agent's to choose.
fn digest(text: &str) -> String {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in text.bytes() {
        hash ^= u128::from(byte);
        hash = hash.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    format!("{hash:032x}")
}

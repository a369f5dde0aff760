use std::collections::BTreeMap;

use super::*;
use crate::cosign::{self, Signature};
use crate::{SigningKey, layout};

fn files() -> Files {
    Files::from([("bundle.yaml".to_owned(), b"plugins: []".to_vec()), ("a.wasm".to_owned(), b"\0asm".to_vec())])
}

/// As pulled from a registry that has this signature.
fn pulled(key: Option<&SigningKey>) -> Files {
    let mut files = files();
    let packed = layout::pack(&files, &[], BTreeMap::new()).unwrap();
    let signatures = key.map(|key| Signature::Bundle(cosign::sign(&packed.digest, key).unwrap()));
    let origin = Origin::new("oci://registry.example/p:v1".to_owned(), &packed.manifest, signatures.into_iter().collect());
    files.insert(origin::FILE.to_owned(), origin.text());
    files
}

fn noted(mut files: Files, key: &SigningKey) -> Files {
    let note = note::sign(&files, "release", key).unwrap();
    files.insert(note::FILE.to_owned(), note.into_bytes());
    files
}

#[test]
fn who_is_trusted_lets_a_bundle_in_and_nobody_else() {
    let (ours, theirs) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let trust = |require| Trust { require, keys: vec![ours.public("ours")] };
    for (what, files, required, lenient) in [
        ("unsigned", files(), Err("is not signed"), Ok(0)),
        ("a folder by us", noted(files(), &ours), Ok(1), Ok(1)),
        ("a folder by others", noted(files(), &theirs), Err("none of the keys"), Ok(0)),
        ("pulled, by us", pulled(Some(&ours)), Ok(1), Ok(1)),
        ("pulled, by others", pulled(Some(&theirs)), Err("none of the keys"), Ok(0)),
        ("pulled, unsigned", pulled(None), Err("is not signed"), Ok(0)),
        ("pulled, by others, with a note by us", noted(pulled(Some(&theirs)), &ours), Ok(1), Ok(1)),
    ] {
        for (require, expected) in [(true, &required), (false, &lenient)] {
            let outcome = trust(require).check(&files).map(|trusted| trusted.signers.len()).map_err(|e| e.to_string());
            match expected {
                Ok(n) => assert_eq!(outcome.as_ref(), Ok(n), "{what}"),
                Err(part) => assert!(outcome.as_ref().is_err_and(|told| told.contains(part)), "{what}: {outcome:?}"),
            }
        }
    }
}

/// Not even a lenient operator loads what a signature or a digest speaks against.
#[test]
fn what_is_said_of_the_files_must_be_true() {
    let ours = SigningKey::generate().unwrap();
    let trust = Trust { require: false, keys: vec![ours.public("ours")] };
    for (from, expected) in [(noted(files(), &ours), "has changed since"), (pulled(Some(&ours)), "is not what its digest says")] {
        let mut files = from;
        files.insert("a.wasm".to_owned(), b"\0asm, but another".to_vec());
        assert!(trust.check(&files).unwrap_err().to_string().contains(expected));
    }
    let mut files = pulled(Some(&ours));
    let text = String::from_utf8(files[origin::FILE].clone()).unwrap();
    let digest = Origin::read(text.as_bytes()).unwrap().digest;
    files.insert(origin::FILE.to_owned(), text.replace(&digest, &digest.replace('0', "1")).into_bytes());
    assert!(trust.check(&files).unwrap_err().to_string().contains("under the digest"));
    files.insert(origin::FILE.to_owned(), b"{}".to_vec());
    assert!(trust.check(&files).unwrap_err().to_string().contains("bundle.oci.json"));
}

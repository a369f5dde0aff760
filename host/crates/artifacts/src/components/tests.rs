use std::collections::BTreeMap;
use std::fs;

use super::*;
use crate::component::{self, Told};
use crate::cosign::{self, Signature};
use crate::SigningKey;

const WASM: &[u8] = b"\0asm\x0d\0\x01\0 and so on";

/// A component that was pulled into `folder`, signed by these keys, and its reference. Its registry is not there.
fn kept_in(folder: &Path, keys: &[&SigningKey]) -> String {
    let packed = component::pack(WASM, Told { annotations: BTreeMap::new(), ..Told::default() }).unwrap();
    let signatures = keys.iter().map(|key| Signature::Bundle(cosign::sign(&packed.digest, key).unwrap())).collect();
    let reference = format!("oci://127.0.0.1:1/team/guard@{}", packed.digest);
    let origin = Origin::new(reference.clone(), &packed.manifest, signatures);
    let files = Files::from([(COMPONENT_FILE.to_owned(), WASM.to_vec()), (origin::FILE.to_owned(), origin.text())]);
    folder::write(&files, &folder.join(packed.digest.replace(':', "-")), true).unwrap();
    reference
}

async fn get(folder: &Path, reference: &str, trust: Option<Trust>) -> Result<Component, String> {
    // The program's own choice; a second time it is there already.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let options = RegistryOptions { plain_http: true, ..RegistryOptions::default() };
    Components::new(folder.to_owned(), options, trust).get(reference).await.map_err(|e| e.to_string())
}

/// What the operator's trust makes of a component in a bundle.
fn of_component(trust: &Trust, files: &Files, reference: &str) -> Result<(), crate::TrustError> {
    trust.check_component(reference, &files[reference], files.get(&origin::of_component(reference)))
}

#[tokio::test]
async fn what_is_kept_needs_no_registry_as_long_as_it_is_what_its_digest_says() {
    let place = tempfile::tempdir().unwrap();
    let key = SigningKey::generate().unwrap();
    let reference = kept_in(place.path(), &[]);
    assert_eq!(get(place.path(), &reference, None).await.unwrap().wasm, WASM);
    // Nobody signed it, and the registry that could say otherwise is away: what it is has to be judged.
    let trust = Trust { require: true, keys: vec![key.public("ours")] };
    let component = get(place.path(), &reference, Some(trust.clone())).await.unwrap();
    let files = Files::from([(reference.clone(), component.wasm), (origin::of_component(&reference), component.proof)]);
    assert!(of_component(&trust, &files, &reference).unwrap_err().to_string().contains("is not signed"));

    let [copy] = &fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>()[..] else { panic!("one copy") };
    fs::write(copy.join(COMPONENT_FILE), b"\0asm\x0d\0\x01\0 and more").unwrap();
    assert!(get(place.path(), &reference, None).await.unwrap_err().contains("cannot be used"));
}

#[tokio::test]
async fn a_tag_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let told = get(place.path(), "oci://127.0.0.1:1/team/guard:v1", None).await.unwrap_err();
    assert!(told.contains("a tag may move; write @sha256:…"), "{told}");
    let told = get(place.path(), "oci://guard", None).await.unwrap_err();
    assert!(told.contains("does not name its registry"), "{told}");
}

#[test]
fn a_component_needs_a_signature_of_its_own() {
    let (ours, theirs) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let trust = |require| Trust { require, keys: vec![ours.public("ours")] };
    for (keys, expected) in [(&[&ours][..], Ok(())), (&[&theirs], Err("none of the keys")), (&[], Err("is not signed")), (&[&theirs, &ours], Ok(()))] {
        let place = tempfile::tempdir().unwrap();
        let reference = kept_in(place.path(), keys);
        let digest = reference.rsplit_once('@').unwrap().1;
        let (component, _) = kept(&place.path().join(digest.replace(':', "-")), digest).unwrap();
        let mut files = Files::from([(reference.clone(), component.wasm), (origin::of_component(&reference), component.proof)]);
        let required = of_component(&trust(true), &files, &reference).map_err(|e| e.to_string());
        match expected {
            Ok(()) => required.unwrap(),
            Err(part) => assert!(required.as_ref().is_err_and(|told| told.contains(part)), "{part}: {required:?}"),
        }
        of_component(&trust(false), &files, &reference).unwrap();

        // What is said of it must be true, whether or not it has to be signed.
        files.insert(reference.clone(), b"\0asm\x0d\0\x01\0 and more".to_vec());
        assert!(of_component(&trust(false), &files, &reference).unwrap_err().to_string().contains("is not what its digest says"));
        files.remove(&origin::of_component(&reference));
        assert!(of_component(&trust(false), &files, &reference).unwrap_err().to_string().contains("nothing proves"));
    }
}

#[test]
fn what_was_used_last_is_kept() {
    let place = tempfile::tempdir().unwrap();
    for n in 0..KEPT + 3 {
        let folder = place.path().join(format!("sha256-{n:03}"));
        fs::create_dir(&folder).unwrap();
        File::open(&folder).unwrap().set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(n as u64)).unwrap();
    }
    folder::forget(place.path(), KEPT, None);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), KEPT);
    assert!(!place.path().join("sha256-002").exists() && place.path().join("sha256-003").exists());
}

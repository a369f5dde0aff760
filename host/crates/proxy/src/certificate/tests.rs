use std::time::Duration;

use super::*;

fn pair(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn write(dir: &Path, (chain, key): &(String, String)) {
    std::fs::write(dir.join("tls.crt"), chain).unwrap();
    std::fs::write(dir.join("tls.key"), key).unwrap();
}

fn served(certificate: &Certificate) -> Vec<u8> {
    certificate.current.load().cert[0].to_vec()
}

#[tokio::test]
async fn a_renewed_pair_is_served_and_a_broken_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &pair("one.test"));
    let certificate = Certificate::open(&dir.path().join("tls.crt"), &dir.path().join("tls.key")).unwrap();
    certificate.follow();
    let first = served(&certificate);

    std::fs::write(dir.path().join("tls.crt"), "half a renewal").unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(served(&certificate), first);

    write(dir.path(), &pair("two.test"));
    let renewed = async {
        while served(&certificate) == first {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), renewed).await.expect("the renewed certificate is served");
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (chain, _) = pair("one.test");
    let (_, key) = pair("two.test");
    write(dir.path(), &(chain, key));
    let error = Certificate::open(&dir.path().join("tls.crt"), &dir.path().join("tls.key")).unwrap_err();
    assert!(error.to_string().contains("the key must fit the certificate"), "{error}");
}

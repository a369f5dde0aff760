use super::*;

/// The example "PUT Object" of AWS's own documentation of the signature, with the keys that it gives.
#[test]
fn the_example_of_the_documentation() {
    let signing = Signing {
        key_id: "AKIAIOSFODNN7EXAMPLE",
        secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region: "us-east-1",
        host: "examplebucket.s3.amazonaws.com",
        now: 1_369_353_600,
    };
    let payload = hex::encode(digest(b"Welcome to Amazon S3."));
    let headers = vec![
        ("date", "Fri, 24 May 2013 00:00:00 GMT".to_owned()),
        ("x-amz-content-sha256", payload.clone()),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY".to_owned()),
    ];
    let sent = signing.sign("PUT", "/test%24file.text", headers, &payload);
    let authorization = &sent.iter().find(|(name, _)| name == "authorization").expect("it is signed").1;
    assert_eq!(
        authorization,
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
         SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,\
         Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    );
    assert!(sent.iter().all(|(name, _)| name != "host"), "the client sends it");
}

#[test]
fn the_host_as_a_client_sends_it() {
    for (address, expected) in [
        ("https://s3.example.com", "s3.example.com"),
        ("https://S3.example.com:443/", "s3.example.com"),
        ("https://s3.example.com:9000", "s3.example.com:9000"),
        ("http://127.0.0.1:80", "127.0.0.1"),
        ("http://127.0.0.1:443", "127.0.0.1:443"),
        ("http://[::1]:7070/", "[::1]:7070"),
    ] {
        assert_eq!(host(address), expected, "{address}");
    }
}

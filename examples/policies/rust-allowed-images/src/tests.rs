use super::*;

fn verdict(image: &str) -> Verdict {
    let config = Config { registries: vec!["docker.io/library".into(), "ghcr.io/acme".into()], digests: vec!["prod".into()] };
    let pod = format!(r#"{{"spec":{{"containers":[{{"image":"{image}"}}]}}}}"#);
    judge(&config, &Request::builder().verb("create").resource("pods").namespace("shop").body(&pod).build())
}

#[test]
fn images_are_read_as_the_kubelet_reads_them() {
    for (reference, name, tag, digest) in [
        ("nginx", "docker.io/library/nginx", "", ""),
        ("acme/web:1", "docker.io/acme/web", "1", ""),
        ("ghcr.io/acme/web@sha256:ab", "ghcr.io/acme/web", "", "sha256:ab"),
        ("localhost:5000/web:1@sha256:ab", "localhost:5000/web", "1", "sha256:ab"),
    ] {
        let image = Image::parse(reference);
        assert_eq!((image.name.as_str(), image.tag, image.digest), (name, tag, digest), "{reference}");
    }
}

/// The table that all languages share is `../cases.yaml`; this shows that a test needs no gateway.
#[test]
fn an_image_from_elsewhere_is_refused() {
    assert_eq!(verdict("nginx:1.29"), Verdict::NoOpinion);
    assert_eq!(verdict("evil.example/web:1").rule(), Some("allowed-registries"));
}

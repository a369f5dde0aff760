use super::*;

#[test]
fn names_as_container_runtimes_read_them() {
    for (name, source, tag, digest) in [
        ("nginx", "docker.io/library/nginx", "", ""),
        ("nginx:1.27", "docker.io/library/nginx", "1.27", ""),
        ("team/app", "docker.io/team/app", "", ""),
        ("docker.io/nginx", "docker.io/library/nginx", "", ""),
        ("index.docker.io/team/app", "docker.io/team/app", "", ""),
        ("index.docker.io/team/app:2", "docker.io/team/app", "2", ""),
        ("registry.example.com/app", "registry.example.com/app", "", ""),
        ("Registry.Example.com/team/app:1", "registry.example.com/team/app", "1", ""),
        ("localhost/app", "localhost/app", "", ""),
        ("localhost:5000/app", "localhost:5000/app", "", ""),
        ("Registry.Example.com/a/b:c", "registry.example.com/a/b", "c", ""),
        ("registry:5000/app", "registry:5000/app", "", ""),
        ("registry:5000/app:2@sha256:ab", "registry:5000/app", "2", "sha256:ab"),
        ("app@sha256:ab", "docker.io/library/app", "", "sha256:ab"),
        // A capital letter makes a host of it, without a dot too.
        ("EVIL/app", "evil/app", "", ""),
        // The port that is asked anyway hides no registry.
        ("evil.example.com:443/app:1", "evil.example.com/app", "1", ""),
        // No part of a path is mistaken for a registry that is allowed.
        ("evil.example.com/registry.example.com/app", "evil.example.com/registry.example.com/app", "", ""),
        ("a@sha256:b", "docker.io/library/a", "", "sha256:b"),
        ("a:1@sha256:b", "docker.io/library/a", "1", "sha256:b"),
    ] {
        let image = Image::parse(name);
        assert_eq!((image.source().as_str(), image.tag.as_deref().unwrap_or(""), image.digest.as_deref().unwrap_or("")), (source, tag, digest), "{name}");
    }
    assert!(Image::parse("a").is_latest() && Image::parse("a:latest").is_latest() && !Image::parse("a:1").is_latest());
    assert!(Image::parse("a:latest@sha256:b").is_pinned() && !Image::parse("a:latest@sha256:b").is_latest());
}

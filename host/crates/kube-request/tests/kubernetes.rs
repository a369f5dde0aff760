//! Bodies beside Kubernetes' own: its examples, which its Go modules carry.

mod with_go_modules {
    use std::fs;
    use std::path::PathBuf;
    use std::process::Command;

    use kube_request::{Json, ProtobufError};

    /// The folder of `k8s.io/api` in Go's cache, of the version that the test cluster is built from.
    fn api() -> PathBuf {
        let module = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/cluster");
        let output = Command::new("go").current_dir(module).args(["mod", "download", "-json", "k8s.io/api"]).output().expect("go runs");
        let printed = Json::parse(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        PathBuf::from(printed.get("Dir").and_then(Json::as_str).expect("go names the folder"))
    }

    /// Each example's name, and what it is in a format.
    fn examples(format: &str) -> Vec<(String, Vec<u8>)> {
        let mut found: Vec<_> = fs::read_dir(api().join("testdata/HEAD"))
            .expect("the module has examples")
            .map(|entry| entry.expect("it can be read").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == format))
            .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
            .collect();
        found.sort();
        found
    }

    #[test]
    fn every_example_in_protobuf_is_the_same_in_json() {
        let (protobuf, json) = (examples("pb"), examples("json"));
        assert!(protobuf.len() >= 193 && protobuf.len() == json.len(), "{} and {}", protobuf.len(), json.len());
        for ((name, protobuf), (_, json)) in protobuf.iter().zip(&json) {
            let mut expected = Json::parse(json).unwrap();
            let mut body = protobuf.clone();
            if name == "core.v1.WatchEvent" {
                // Never a body, and so the one that does not say what it is: the envelope's first field is empty.
                assert!(matches!(Json::from_protobuf(protobuf), Err(ProtobufError::Kind { .. })));
                let meta = b"\x0a\x10\x0a\x02v1\x12\x0aWatchEvent";
                assert!(body.starts_with(b"k8s\0\x0a\x04\x0a\x00\x12\x00"));
                body.splice(4..10, meta.iter().copied());
                let Json::Object(members) = &mut expected else { panic!("{expected}") };
                members.splice(0..0, [("kind", "WatchEvent"), ("apiVersion", "v1")].map(|(key, value)| (key.to_owned(), Json::String(value.to_owned()))));
            }
            let decoded = Json::from_protobuf(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(decoded, expected, "{name}");
        }
    }
}

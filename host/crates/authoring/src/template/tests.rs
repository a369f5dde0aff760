use super::*;

#[test]
fn names_are_those_of_plugins() {
    for good in ["a", "few-replicas", "v2-rules"] {
        assert!(is_name(good), "{good}");
    }
    for bad in ["", "-a", "a-", "2fast", "Few", "a_b", "a/b", "..", &"a".repeat(64)] {
        assert!(!is_name(bad), "{bad}");
    }
}

#[test]
fn every_language_has_every_world_with_the_same_bundle_and_cases() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../plugin-sdk");
    for language in Language::ALL {
        for world in World::ALL {
            let folder = tempfile::tempdir().expect("a folder");
            let made = new(&New { name: "few-things", world, language, dir: folder.path(), sdk: Some(&sdk) }).expect("there is a template");
            for file in ["README.md", "bundle.yaml", "cases/few-things.yaml"] {
                assert!(made.iter().any(|path| path == Path::new(file)), "{language} {world} has no {file}");
            }
            assert_eq!(Language::of(folder.path()), Some(language));
            let text = fs::read_to_string(folder.path().join("bundle.yaml")).expect("a bundle");
            assert!(text.contains("component: few-things.wasm") && text.contains(world.as_str()), "{text}");
            let interpreted = matches!(language, Language::JavaScript | Language::TypeScript | Language::Python);
            assert_eq!(text.contains("limits: { memory: 64MiB }"), interpreted, "{language}: {text}");
            for path in made {
                let text = fs::read_to_string(folder.path().join(&path)).expect("text");
                let left = ["{{name}}", "{{snake}}", "{{world}}", "{{sdk}}", "{{limits}}"].into_iter().find(|key| text.contains(key));
                assert_eq!(left, None, "{} is not filled in", path.display());
            }
        }
    }
}

/// The SDK is published nowhere: a name and a version would be somebody else's crate.
#[test]
fn a_policy_in_rust_is_not_made_without_the_sdk() {
    let folder = tempfile::tempdir().expect("a folder");
    let wrong = new(&New { name: "x", world: World::Guard, language: Language::Rust, dir: folder.path(), sdk: Some(folder.path()) });
    assert!(matches!(wrong, Err(NewError::NoSdk(_))), "{wrong:?}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

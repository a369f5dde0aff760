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
fn every_language_has_the_worlds_of_requests_with_the_same_bundle_and_cases() {
    for language in Language::ALL {
        for world in [World::Guard, World::ApprovalRouter, World::Masker] {
            let folder = tempfile::tempdir().expect("a folder");
            let made = new(&New { name: "few-things", world, language, dir: folder.path(), sdk: None }).expect("there is a template");
            for file in ["README.md", "bundle.yaml", "cases/few-things.yaml"] {
                assert!(made.iter().any(|path| path == Path::new(file)), "{language} {world} has no {file}");
            }
            assert_eq!(Language::of(folder.path()), Some(language));
            let text = fs::read_to_string(folder.path().join("bundle.yaml")).expect("a bundle");
            assert!(text.contains("component: few-things.wasm") && text.contains(world.as_str()), "{text}");
            for path in made {
                let text = fs::read_to_string(folder.path().join(&path)).expect("text");
                assert!(!text.contains("{{"), "{} is not filled in", path.display());
            }
        }
    }
}

use super::*;

fn files(n: u8) -> Files {
    Files::from([("bundle.yaml".to_owned(), vec![n]), ("cases/all.yaml".to_owned(), vec![n; 3])])
}

fn listed(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_folder_appears_whole_and_nothing_else_is_left() {
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("deep/bundle");
    write(&files(1), &to, false).unwrap();
    assert_eq!(fs::read(to.join("cases/all.yaml")).unwrap(), [1, 1, 1]);
    assert_eq!(listed(&place.path().join("deep")), ["bundle"]);

    let told = write(&files(2), &to, false).unwrap_err().to_string();
    assert!(told.contains("--force"), "{told}");
    assert_eq!(fs::read(to.join("bundle.yaml")).unwrap(), [1]);
    write(&files(2), &to, true).unwrap();
    assert_eq!(fs::read(to.join("bundle.yaml")).unwrap(), [2]);
    assert_eq!(listed(&place.path().join("deep")), ["bundle"]);
}

#[test]
fn no_path_leaves_the_folder() {
    let place = tempfile::tempdir().unwrap();
    for path in ["../out", "a/../../out", "/tmp/out", "a//b", "", ".", "a/./b", "a\\b", "a\0b"] {
        let to = place.path().join("bundle");
        let outcome = write(&Files::from([(path.to_owned(), vec![1])]), &to, true);
        assert!(matches!(outcome, Err(FolderError::Path(_))), "{path:?}: {outcome:?}");
        assert!(!to.exists() && listed(place.path()).is_empty(), "{path:?}");
    }
}

#[test]
fn a_link_is_pointed_elsewhere_in_one_step() {
    let place = tempfile::tempdir().unwrap();
    let link = place.path().join("live");
    for target in ["a", "b", "a"] {
        point(&link, Path::new(target)).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new(target));
    }
    assert_eq!(listed(place.path()), ["live"]);
}

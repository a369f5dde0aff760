use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::*;

mod live;

const VALUE: &str = "hunter2-of-the-operator";

/// Writes a file that its owner alone can read.
fn private(file: &Path, content: impl AsRef<[u8]>) {
    fs::write(file, content).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

fn granted(file: &Path) -> Secrets {
    Secrets::new([7; 32], vec![SecretGrant { name: "token".to_owned(), file: file.to_owned(), plugins: vec!["s".to_owned()] }]).unwrap()
}

fn filled(secrets: &Secrets, plugin: &str) -> Result<Filled, String> {
    let configuration = json!({ "url": "https://a.example", "token": { "secret": "token" } });
    let values = secrets.read(&BTreeSet::from(["token".to_owned()]));
    values.fill(plugin, &configuration).map(|filled| filled.unwrap()).map_err(|error| format!("{}: {error}", error.pointer))
}

#[test]
fn a_value_is_the_files_text_without_one_newline() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    for (content, value) in [("abc", "abc"), ("abc\n", "abc"), ("abc\r\n", "abc"), ("abc\n\n", "abc\n"), (" a b ", " a b "), ("ä\"\\", "ä\"\\")] {
        private(&file, content);
        let filled = filled(&granted(&file), "s").unwrap();
        assert_eq!(filled.configuration, json!({ "url": "https://a.example", "token": value }), "{content:?}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let why = |secrets: &Secrets| filled(secrets, "s").err().unwrap();
    assert!(why(&granted(&file)).contains("/token: the secret `token` cannot be read from") && why(&granted(&file)).contains("No such file"));
    assert!(why(&granted(folder.path())).contains("it is no file"));
    for (content, expected) in [
        (b"".to_vec(), "is empty; put its value there"),
        (b"\n".to_vec(), "is empty; put its value there"),
        (b"\xff\xfe".to_vec(), "it is not UTF-8"),
        (vec![b'x'; 65_537], "it has more than 65536 bytes"),
    ] {
        private(&file, content);
        assert!(why(&granted(&file)).contains(expected), "{}", why(&granted(&file)));
    }
    for mode in [0o644, 0o640, 0o604, 0o660, 0o602] {
        private(&file, VALUE);
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let why = why(&granted(&file));
        assert!(why.contains(&format!("is open to others (mode {mode:o}); run `chmod 600` on it")) && !why.contains(VALUE), "{why}");
    }
}

#[test]
fn who_may_have_what_is_the_operators_word() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    private(&file, VALUE);
    assert!(filled(&granted(&file), "s").is_ok());
    assert!(filled(&granted(&file), "another").err().unwrap().contains("which the operator has not granted to `another`"));
    assert!(filled(&Secrets::default(), "s").err().unwrap().contains("/token: it refers to the secret `token`, which the operator has not granted"));
    let grant = |name: &str, plugins: &[&str]| SecretGrant { name: name.to_owned(), file: file.clone(), plugins: plugins.iter().map(|&one| one.to_owned()).collect() };
    assert_eq!(Secrets::new([7; 32], vec![grant("a b", &["s"])]).err(), Some(SecretError::Name("a b".to_owned())));
    assert_eq!(Secrets::new([7; 32], vec![grant("a", &[])]).err(), Some(SecretError::Nobody("a".to_owned())));
    assert_eq!(Secrets::new([7; 32], vec![grant("a", &["s"]), grant("a", &["t"])]).err(), Some(SecretError::Twice("a".to_owned())));
}

#[test]
fn a_digest_tells_values_apart_and_needs_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let digest = |key: u8, value: &str| {
        private(&file, value);
        let grant = SecretGrant { name: "token".to_owned(), file: file.clone(), plugins: vec!["s".to_owned()] };
        filled(&Secrets::new([key; 32], vec![grant]).unwrap(), "s").unwrap().digest
    };
    assert_eq!(digest(7, "one"), digest(7, "one\n"));
    assert_ne!(digest(7, "one"), digest(7, "two"));
    assert_ne!(digest(7, "one"), digest(8, "one"));
}

#[test]
fn what_is_said_is_without_the_values() {
    let redactor = Redactor::new(vec![("a".to_owned(), "hunter2".into()), ("b".to_owned(), "hunter2-and-more".into()), ("c".to_owned(), "x\"\ny".into())]);
    for (text, expected) in [
        ("nothing", "nothing"),
        ("Bearer hunter2!", "Bearer (the secret a)!"),
        ("hunter2-and-more, hunter2", "(the secret b), (the secret a)"),
        ("{\"token\":\"x\\\"\\ny\"}", "{\"token\":\"(the secret c)\"}"),
        ("x\"\ny", "(the secret c)"),
    ] {
        assert_eq!(redactor.clean(text.to_owned()), expected);
    }
    assert_eq!(redactor.names(), ["a", "b", "c"]);
    assert!(!format!("{redactor:?}").contains("hunter2"));
    let folder = tempfile::tempdir().unwrap();
    private(&folder.path().join("token"), VALUE);
    let secrets = granted(&folder.path().join("token"));
    assert_eq!(format!("{secrets:?}"), r#"["token"]"#);
}

//! Folders: signed by a key, checked against it, and served by a gateway that requires it.

use std::fs;
use std::path::Path;

use portcullis_tests::{places, process};

use super::{bundle, cli};

fn must(home: &Path, arguments: &[&str]) -> process::Output {
    cli::run(home, arguments).expect_ok()
}

#[test]
fn a_signed_folder_is_verified_until_something_in_it_changes() {
    let place = places::folder();
    let (home, dir) = (place.path(), place.path().join("policies"));
    let dir_text = dir.to_str().expect("a path");
    bundle(&dir, "allow");
    let key = |name: &str, ending: &str| home.join(format!("{name}.{ending}")).display().to_string();
    for name in ["ours", "theirs"] {
        must(home, &["bundle", "keygen", &home.join(name).display().to_string()]);
    }
    let unsigned = cli::run(home, &["bundle", "verify", dir_text, "--key", &key("ours", "pub")]);
    assert!(unsigned.code == 1 && unsigned.stderr.contains("is not signed"), "{unsigned:?}");

    must(home, &["bundle", "sign", dir_text, "--key", &key("ours", "key")]);
    let verified = must(home, &["bundle", "verify", dir_text, "--key", &key("theirs", "pub"), "--key", &key("ours", "pub"), "-o", "json"]);
    let row: serde_json::Value = serde_json::from_str(&verified.stdout).expect("JSON");
    assert_eq!(row["signers"], serde_json::json!([key("ours", "pub")]));
    let stranger = cli::run(home, &["bundle", "verify", dir_text, "--key", &key("theirs", "pub")]);
    assert!(stranger.code == 1 && stranger.stderr.contains("none of the keys"), "{stranger:?}");
    must(home, &["bundle", "check", dir_text, "--key", &key("ours", "pub")]);

    // What the bundle does not name is not signed.
    fs::write(dir.join("README.md"), "another").expect("it can be written");
    must(home, &["bundle", "verify", dir_text, "--key", &key("ours", "pub")]);
    let mut cases = fs::read_to_string(dir.join("cases/one.yaml")).expect("it is there");
    cases.push('\n');
    fs::write(dir.join("cases/one.yaml"), cases).expect("it can be written");
    let changed = cli::run(home, &["bundle", "verify", dir_text, "--key", &key("ours", "pub")]);
    assert!(changed.code == 1 && changed.stderr.contains(r#""cases/one.yaml" has changed since"#), "{changed:?}");
    must(home, &["bundle", "sign", dir_text, "--key", &key("ours", "key"), "--name", "release-2"]);
    must(home, &["bundle", "verify", dir_text, "--key", &key("ours", "pub")]);
}

#[test]
fn keys_are_made_once_and_kept_from_others() {
    use std::os::unix::fs::PermissionsExt;
    let place = places::folder();
    let prefix = place.path().join("release").display().to_string();
    must(place.path(), &["bundle", "keygen", &prefix]);
    let mode = fs::metadata(place.path().join("release.key")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = cli::run(place.path(), &["bundle", "keygen", &prefix]);
    assert!(again.code == 2 && again.stderr.contains("nothing yet"), "{again:?}");
}

#[test]
fn the_schemas_are_printed_for_editors() {
    let place = places::folder();
    for (arguments, title) in [(&["bundle", "schema"][..], "Portcullis policy bundle"), (&["bundle", "schema", "--cases"], "Cases of a Portcullis policy bundle")] {
        let printed: serde_json::Value = serde_json::from_str(&must(place.path(), arguments).stdout).expect("JSON");
        assert_eq!(printed["title"], title);
    }
}

use super::*;

const OWN: &str = "apiVersion: portcullis.dev/v1
kind: Bundle
plugins:
  - name: few-replicas
    world: guard
    component: few-replicas.wasm   # made by plugin build
    cases: cases/few-replicas.yaml
    configuration:
      most: 10
";

struct Folders {
    _folder: tempfile::TempDir,
    dir: PathBuf,
    policies: PathBuf,
}

fn folders(there: Option<&str>) -> Folders {
    let folder = tempfile::tempdir().expect("a folder");
    let (dir, policies) = (folder.path().join("few-replicas"), folder.path().join("policies"));
    files::write(&dir.join(BUNDLE), OWN.as_bytes()).expect("written");
    files::write(&dir.join("few-replicas.wasm"), b"component").expect("written");
    files::write(&dir.join("cases/few-replicas.yaml"), b"cases").expect("written");
    if let Some(there) = there {
        files::write(&policies.join(BUNDLE), there.as_bytes()).expect("written");
    }
    Folders { _folder: folder, dir, policies }
}

#[test]
fn an_empty_folder_gets_the_whole_bundle_once() {
    let f = folders(None);
    let written = install(&f.dir, &f.policies).expect("installed");
    assert_eq!(written, ["few-replicas.wasm", "cases/few-replicas.yaml", "bundle.yaml"].map(PathBuf::from));
    assert_eq!(fs::read_to_string(f.policies.join(BUNDLE)).expect("read"), OWN);
    assert!(install(&f.dir, &f.policies).expect("again").is_empty());
}

#[test]
fn another_bundle_gets_the_entry_first_and_stays_as_it_is_otherwise() {
    let f = folders(Some("# The default.\nplugins:\n# The guards.\n- name: deny-list   # first\n  world: guard\n  component: deny-list.wasm\ncases: [cases/all.yaml]\n"));
    install(&f.dir, &f.policies).expect("installed");
    let text = fs::read_to_string(f.policies.join(BUNDLE)).expect("read");
    let expected = "# The default.
plugins:
- name: few-replicas
  world: guard
  component: few-replicas.wasm   # made by plugin build
  cases: cases/few-replicas.yaml
  configuration:
    most: 10
# The guards.
- name: deny-list   # first
  world: guard
  component: deny-list.wasm
cases: [cases/all.yaml]
";
    assert_eq!(text, expected);
    // The second time it is there, and what the gateway's operator changed in it stays.
    files::write(&f.policies.join(BUNDLE), text.replace("most: 10", "most: 3").as_bytes()).expect("written");
    files::write(&f.dir.join("few-replicas.wasm"), b"other").expect("written");
    assert_eq!(install(&f.dir, &f.policies).expect("again"), [PathBuf::from("few-replicas.wasm")]);
}

#[test]
fn what_cannot_be_added_to_is_refused_and_left() {
    let flow = "plugins: [{ name: a, component: a.wasm }]\n";
    let f = folders(Some(flow));
    let error = install(&f.dir, &f.policies).expect_err("no block").to_string();
    assert!(error.contains("cannot be added to"), "{error}");
    assert_eq!(fs::read_to_string(f.policies.join(BUNDLE)).expect("read"), flow);
}

#[test]
fn a_component_that_was_not_built_is_asked_for() {
    let f = folders(None);
    fs::remove_file(f.dir.join("few-replicas.wasm")).expect("removed");
    let error = install(&f.dir, &f.policies).expect_err("no component").to_string();
    assert!(error.contains("plugin build"), "{error}");
    assert!(!f.policies.join(BUNDLE).exists());
}

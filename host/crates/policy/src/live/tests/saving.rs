//! How people and programs write a bundle, on real files: one reload each, and never a set made of the one's `bundle.yaml` and the other's component.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio::sync::watch;

use crate::generation::Decision;
use crate::live::{Change, Live};
use crate::testing::{Bundle, engine, facts, guard, manifest};
use crate::Grants;

/// Long enough for a machine that is busy with other things.
const LONG: Duration = Duration::from_secs(60);

/// Between two steps of one save: longer than the watcher waits for quiet where it knows no better.
const STEP: Duration = Duration::from_millis(150);

/// Two sets in which `bundle.yaml` and component belong together: the new component's rule is the configuration that it is given.
fn component(set: &str) -> Vec<u8> {
    match set {
        "old" => guard("", "(call $allow (global.get $config) (global.get $config_len))"),
        _ => guard("", "(call $finding (i32.const 3) (i32.const 1072) (i32.const 13))"),
    }
}

fn text(set: &str) -> String {
    manifest(&format!("  - {{ name: {set}, world: guard, component: guard.wasm, configuration: {{ of: {set} }} }}"))
}

/// The set by its `bundle.yaml`, and the decision of its component.
async fn seen(live: &Live) -> (String, Decision) {
    let judgement = live.current().judge(&facts(), None).await;
    (judgement.by[0].plugin.to_string(), judgement.decision)
}

async fn until(changes: &mut watch::Receiver<Change>, done: impl FnMut(&Change) -> bool) -> Change {
    *tokio::time::timeout(LONG, changes.wait_for(done)).await.expect("nothing was noticed").unwrap()
}

/// Opens a bundle of the old set in `dir`, lets `save` write the new one, and waits for it: it must be the only reload.
async fn saved_by(dir: &Path, save: impl FnOnce(&Path) + Send + 'static) {
    let live = Live::open(engine(), dir, Grants::default()).await.unwrap();
    assert_eq!(seen(&live).await, ("old".to_owned(), Decision::Allow));
    let mut changes = live.changes();
    let of_writer = dir.to_owned();
    let writer = std::thread::spawn(move || save(&of_writer));
    let change = until(&mut changes, |c| c.staged > 1).await;
    writer.join().unwrap();
    assert_eq!(seen(&live).await, ("new".to_owned(), Decision::Deny), "{:?}", live.status().rejected);
    assert_eq!(change, Change { generation: 2, staged: 2, rejected: 0 });
    // And nothing comes after it.
    tokio::time::sleep(STEP * 2).await;
    assert_eq!(*live.changes().borrow(), change);
}

fn old() -> Bundle {
    let bundle = Bundle::new();
    bundle.write("guard.wasm", component("old")).write("bundle.yaml", text("old"));
    bundle
}

fn renamed_over(dir: &Path, name: &str, content: &[u8]) {
    let draft = dir.join(format!(".{name}.swp"));
    fs::write(&draft, content).unwrap();
    fs::rename(draft, dir.join(name)).unwrap();
}

#[tokio::test]
async fn an_editor_that_writes_by_rename() {
    let bundle = old();
    let new = component("new");
    saved_by(&bundle.path(), move |dir| {
        renamed_over(dir, "guard.wasm", &new);
        renamed_over(dir, "bundle.yaml", text("new").as_bytes());
    })
    .await;
}

#[tokio::test]
async fn several_files_one_soon_after_the_other() {
    let bundle = old();
    let new = component("new");
    saved_by(&bundle.path(), move |dir| {
        for n in 0..20 {
            fs::write(dir.join(format!("notes-{n}.txt")), "what changed").unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
        fs::write(dir.join("bundle.yaml"), text("new")).unwrap();
        fs::write(dir.join("guard.wasm"), new).unwrap();
    })
    .await;
}

/// As `cp` and a slow line write: emptied first, then filled, with pauses. The other file is saved meanwhile.
#[tokio::test]
async fn a_file_that_is_emptied_and_filled_in_steps() {
    let bundle = old();
    saved_by(&bundle.path(), |dir| {
        let content = component("new");
        let mut file = File::create(dir.join("guard.wasm")).unwrap();
        renamed_over(dir, "bundle.yaml", text("new").as_bytes());
        for piece in content.chunks(content.len().div_ceil(4)) {
            file.write_all(piece).unwrap();
            std::thread::sleep(STEP);
        }
    })
    .await;
}

/// rsync writes a component beside its place and renames it, which takes a while; the other file is there before it.
#[tokio::test]
async fn a_slow_copy_beside_its_place() {
    let bundle = old();
    saved_by(&bundle.path(), |dir| {
        let content = component("new");
        let mut draft = File::create(dir.join(".guard.wasm.kJ3x9a")).unwrap();
        for (i, piece) in content.chunks(content.len().div_ceil(4)).enumerate() {
            draft.write_all(piece).unwrap();
            if i == 0 {
                renamed_over(dir, "bundle.yaml", text("new").as_bytes());
            }
            std::thread::sleep(STEP);
        }
        drop(draft);
        fs::rename(dir.join(".guard.wasm.kJ3x9a"), dir.join("guard.wasm")).unwrap();
    })
    .await;
}

#[tokio::test]
async fn rsync_itself() {
    if Command::new("rsync").arg("--version").output().is_err() {
        eprintln!("rsync is not installed: its way of writing is tried by hand above");
        return;
    }
    let (bundle, source) = (old(), Bundle::new());
    source.write("guard.wasm", component("new")).write("bundle.yaml", text("new"));
    let from = format!("{}/", source.path().display());
    saved_by(&bundle.path(), move |dir| {
        assert!(Command::new("rsync").args(["--archive", "--checksum", "--delay-updates", "--delete-delay", &from]).arg(dir).status().unwrap().success());
    })
    .await;
}

#[tokio::test]
async fn a_branch_that_git_checks_out() {
    let bundle = old();
    let git = |dir: &Path, arguments: &[&str]| {
        let who = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"];
        let output = Command::new("git").args(who).args(arguments).current_dir(dir).output().expect("git is installed");
        assert!(output.status.success(), "{output:?}");
    };
    let dir = bundle.path();
    let commit = |name: &str| {
        git(&dir, &["add", "--all"]);
        git(&dir, &["commit", "--quiet", "--message", name]);
    };
    git(&dir, &["init", "--quiet"]);
    commit("old");
    git(&dir, &["checkout", "--quiet", "-b", "next"]);
    bundle.write("guard.wasm", component("new")).write("bundle.yaml", text("new"));
    commit("new");
    git(&dir, &["checkout", "--quiet", "main"]);
    saved_by(&dir, move |dir| git(dir, &["checkout", "--quiet", "next"])).await;
}

/// Git says by its lock that it is not done, however long it takes from one file to the next.
#[tokio::test]
async fn git_at_work_is_waited_for() {
    let bundle = old();
    fs::create_dir(bundle.path().join(".git")).unwrap();
    saved_by(&bundle.path(), |dir| {
        let lock = dir.join(".git/index.lock");
        fs::write(&lock, "").unwrap();
        renamed_over(dir, "bundle.yaml", text("new").as_bytes());
        std::thread::sleep(STEP * 2);
        renamed_over(dir, "guard.wasm", &component("new"));
        fs::rename(lock, dir.join(".git/index")).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_file_removed_and_put_back() {
    let bundle = old();
    saved_by(&bundle.path(), |dir| {
        fs::remove_file(dir.join("guard.wasm")).unwrap();
        renamed_over(dir, "bundle.yaml", text("new").as_bytes());
        std::thread::sleep(STEP);
        fs::write(dir.join("guard.wasm"), component("new")).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_folder_replaced_by_another() {
    let parent = Bundle::new();
    for set in ["old", "new"] {
        parent.write(&format!("{set}/guard.wasm"), component(set)).write(&format!("{set}/bundle.yaml"), text(set));
    }
    let dir = parent.path().join("policies");
    fs::rename(parent.path().join("old"), &dir).unwrap();
    saved_by(&dir, |dir| {
        fs::rename(dir, dir.with_file_name("before")).unwrap();
        std::thread::sleep(STEP);
        fs::rename(dir.with_file_name("new"), dir).unwrap();
    })
    .await;
}

/// The kubelet's way: a folder of its own for each version, and one link that is swapped.
#[tokio::test]
async fn a_configmap_updated() {
    let bundle = Bundle::new();
    let dir = bundle.path();
    bundle.write("..v1/guard.wasm", component("old")).write("..v1/bundle.yaml", text("old"));
    std::os::unix::fs::symlink("..v1", dir.join("..data")).unwrap();
    for file in ["guard.wasm", "bundle.yaml"] {
        std::os::unix::fs::symlink(format!("..data/{file}"), dir.join(file)).unwrap();
    }
    saved_by(&dir, |dir| {
        fs::create_dir(dir.join("..v2")).unwrap();
        fs::write(dir.join("..v2/bundle.yaml"), text("new")).unwrap();
        fs::write(dir.join("..v2/guard.wasm"), component("new")).unwrap();
        std::os::unix::fs::symlink("..v2", dir.join("..data_tmp")).unwrap();
        fs::rename(dir.join("..data_tmp"), dir.join("..data")).unwrap();
        fs::remove_dir_all(dir.join("..v1")).unwrap();
    })
    .await;
}

/// Halves of a component, each of which stays for good: the first is rejected, and what was live stays.
#[tokio::test]
async fn a_half_written_file_is_not_live() {
    let bundle = old();
    let live = bundle.open().await;
    let mut changes = live.changes();
    let whole = component("new");
    bundle.write("guard.wasm", &whole[..whole.len() / 2]);
    until(&mut changes, |c| c.rejected == 1).await;
    assert_eq!(seen(&live).await, ("old".to_owned(), Decision::Allow));
    bundle.write("guard.wasm", &whole).write("bundle.yaml", text("new"));
    until(&mut changes, |c| c.generation == 2).await;
    assert_eq!(seen(&live).await, ("new".to_owned(), Decision::Deny));
}

/// One configuration of several plugins changes: the others are the same instances' makers as before.
#[tokio::test]
async fn what_did_not_change_is_shared() {
    let bundle = Bundle::new();
    let entries = |n: u64| -> String {
        (0..4).map(|i| format!("  - {{ name: p{i}, world: guard, component: guard.wasm, configuration: {{ n: {} }} }}\n", if i == 2 { n } else { 0 })).collect()
    };
    bundle.write("guard.wasm", component("old")).plugins(&entries(0));
    let live = bundle.open().await;
    let before = live.current();
    bundle.plugins(&entries(1));
    live.reload().await.unwrap();
    let after = live.current();
    let shared: Vec<bool> = before.plugins().zip(after.plugins()).map(|(a, b)| std::ptr::eq(&raw const **a, &raw const **b)).collect();
    assert_eq!(shared, [true, true, false, true]);
    assert_eq!(live.current().judge(&facts(), None).await.by[2].rule.as_deref(), Some(r#"{"n":1}"#));
}

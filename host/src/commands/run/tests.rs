use std::ffi::OsStr;

use super::*;

/// Signals come to the process, so to all of its tests: one at a time.
static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn ran(script: &str, environment: &[(&str, &OsStr)]) -> u8 {
    let mut signals = Signals::take().unwrap();
    child::run(&["sh".to_owned(), "-c".to_owned(), script.to_owned()], environment, &mut signals).await
}

#[tokio::test]
async fn the_codes_are_those_of_a_shell() {
    let _one = ONE.lock().await;
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137), ("test \"$KUBECONFIG\" = here || exit 3", 0)] {
        assert_eq!(ran(script, &[("KUBECONFIG", OsStr::new("here"))]).await, code, "{script}");
    }
    let mut signals = Signals::take().unwrap();
    assert_eq!(child::run(&["/nowhere/at/all".to_owned()], &[], &mut signals).await, 127);
    assert_eq!(child::run(&["/etc/passwd".to_owned()], &[], &mut signals).await, 126);
}

#[tokio::test]
async fn signals_go_on_to_the_command() {
    let _one = ONE.lock().await;
    // The command asks this process to end, as its caller would; the signal comes back to it, and nobody else ends.
    for name in ["TERM", "HUP", "USR1"] {
        let script = format!("trap 'exit 9' {name}; kill -{name} $PPID; while :; do sleep 0.02; done");
        assert_eq!(ran(&script, &[]).await, 9, "{name}");
    }
}

#[test]
fn the_kubeconfigs_folder_is_private_and_goes() {
    let folder = private_folder().unwrap();
    let path = folder.path().to_owned();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
    drop(folder);
    assert!(!path.exists());
}

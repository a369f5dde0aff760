//! Bundles away from home: signed folders, and a real registry with cosign's own signatures.

#[path = "artifacts/folders.rs"]
mod folders;
#[path = "artifacts/with_a_registry.rs"]
mod with_a_registry;

/// The program's command line, with a home of its own, so that no login of this machine's user is found.
mod cli {
    use std::path::Path;
    use std::process::Command;
    use std::time::Duration;

    use portcullis_tests::{places, process};

    pub fn run(home: &Path, arguments: &[&str]) -> process::Output {
        run_with(home, arguments, &[])
    }

    pub fn run_with(home: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> process::Output {
        let mut command = Command::new(places::portcullis());
        command.args(arguments).env("HOME", home).env_remove("DOCKER_CONFIG").env_remove("XDG_CACHE_HOME").envs(environment.iter().copied());
        process::run(&mut command, b"", Duration::from_secs(120))
    }
}

/// A bundle of one guard, whose only rule allows or refuses everything.
fn bundle(dir: &std::path::Path, list: &str) {
    let why = if list == "deny" { ", message: not today" } else { "" };
    portcullis_tests::component::bundle(dir, "", &[]);
    portcullis_tests::component::save(
        dir,
        "bundle.yaml",
        &format!(
            "apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins:\n  - name: one\n    world: guard\n    component: deny-list.wasm\n    configuration: {{ {list}: [{{ rule: everything, match: [{{}}]{why} }}] }}\n    cases: cases/one.yaml\n"
        ),
    );
    std::fs::create_dir_all(dir.join("cases")).expect("it can be made");
    let cases = format!("apiVersion: portcullis.dev/v1\nkind: Cases\ncases:\n  - {{ name: as it says, request: GET /api/v1/namespaces/shop/pods, expect: {{ verdict: {list} }} }}\n");
    std::fs::write(dir.join("cases/one.yaml"), cases).expect("it can be written");
    std::fs::write(dir.join("README.md"), "not of the bundle").expect("it can be written");
}

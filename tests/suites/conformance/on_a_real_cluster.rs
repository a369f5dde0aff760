//! A test for each client; they run at the same time, in namespaces of their own, and each prints its table.

use portcullis_tests::places;

use super::conformance::run::Run;
use super::conformance::script::script;
use super::conformance::table::Table;
use super::conformance::{kube_rs, watching};

#[test]
fn kubectl_1_32() {
    run("kubectl", "1.32", "kubectl 1.32", "1.32");
}

#[test]
fn kubectl_1_37() {
    run("kubectl", "1.37", "kubectl 1.37", "1.37");
}

#[test]
fn helm_3() {
    run("helm", "3", "helm 3", "1.32");
}

#[test]
fn helm_4() {
    run("helm", "4", "helm 4", "1.37");
}

#[test]
fn kube_rs() {
    kube_rs::compare();
}

#[test]
fn many_watches_at_once() {
    watching::compare();
}

mod with_the_python_client {
    use super::super::conformance::python;

    #[test]
    fn the_python_client() {
        python::compare();
    }
}

/// Runs a client's script; its programs are in the folder of a kubectl.
fn run(client: &str, version: &str, told: &str, folder: &str) {
    let script = script(client);
    let mut table = Table::new(told);
    let programs = places::kubectl(folder).parent().expect("it is in a folder").to_owned();
    Run::new(&script, &told.replace([' ', '.'], ""), version, programs).all(&mut table);
    table.close();
}

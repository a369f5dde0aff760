//! `portcullis serve`: a gateway by its configuration file.

use portcullis_tests::{places, process};
use std::process::Command;
use std::time::Duration;

#[path = "serve/drafts.rs"]
mod drafts;
#[path = "serve/on_a_real_cluster.rs"]
mod on_a_real_cluster;

#[test]
fn a_mistake_in_the_file_is_found_with_its_line_its_column_and_what_may_be_written() {
    let folder = places::folder();
    let file = folder.path().join("portcullis.yaml");
    let example = std::fs::read_to_string(places::workspace().join("examples/portcullis.yaml")).expect("the example is there");
    let check = |content: &str| {
        std::fs::write(&file, content).expect("it can be written");
        process::run(Command::new(places::portcullis()).args(["config", "check", "--config"]).arg(&file), b"", Duration::from_secs(20))
    };
    check(&example).expect_ok();

    let wrong = check(&example.replace("publicUrl:", "publicURL:"));
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(wrong.stderr.contains("publicURL") && wrong.stderr.contains("line 6"), "{}", wrong.stderr);

    let empty = check(&example.replace("    kubeconfig: kubeconfigs/staging.yaml\n", ""));
    assert!(empty.stderr.contains("connection `staging`: give either `kubeconfig` or `inCluster: true`"), "{}", empty.stderr);
}

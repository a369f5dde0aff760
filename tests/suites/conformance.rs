//! Clients that people use, side by side with and without the gateway on a real API server: kubectl in two versions, helm in
//! two, the Python client, kube-rs, and many watches at once.
//!
//! What they do is data and scripts in `tests/conformance/`; its README says how to add a step and how to read the table.

mod conformance {
    pub mod compare;
    pub mod kube_rs;
    pub mod python;
    pub mod run;
    pub mod script;
    pub mod stage;
    pub mod table;
    pub mod transcript;
    pub mod watching;
}

#[path = "conformance/on_a_real_cluster.rs"]
mod on_a_real_cluster;

use conformance::script::{Script, script};

/// How many commands of kubectl there must be for each version.
const LEAST: usize = 150;

#[test]
fn there_are_enough_commands_for_each_kubectl() {
    let script = script("kubectl");
    for version in portcullis_tests::kubectl::VERSIONS {
        let count = script.steps_for(version).count();
        assert!(count >= LEAST, "{count} commands for kubectl {version}");
    }
}

#[test]
fn every_step_runs_one_command_and_every_exception_says_why() {
    for name in ["kubectl", "helm"] {
        let Script { smooth, steps, .. } = script(name);
        for rule in &smooth {
            assert!(!rule.because.is_empty(), "{name}: {} is smoothed without a reason", rule.pattern);
        }
        for step in &steps {
            let command = step.command();
            assert!(step.twins.is_some() != step.same.is_some(), "{name}: {command}: it is run on twins, or on the same objects");
            assert!(step.differs.as_ref().is_none_or(|differs| !differs.because.is_empty()), "{name}: {command} differs without a reason");
        }
    }
}

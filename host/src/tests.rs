use clap::CommandFactory;
use insta::assert_snapshot;

use super::*;

/// The help of a command, 100 columns wide.
fn help(path: &[&str]) -> String {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut at = &mut command;
    for name in path {
        at = at.find_subcommand_mut(name).unwrap();
    }
    at.render_help().to_string()
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_of_the_interface_is_there() {
    let lines = [
        "quickstart --listen 127.0.0.1:0",
        "serve --config x.yaml",
        "login --gateway https://g.example --ca-file ca.crt --token-file t",
        "login --device",
        "login --client-credentials --client-id devin --client-secret-file s",
        "logout",
        "whoami --output json",
        "session open --connection demo --ttl 30m --purpose why",
        "session list -o json --all",
        "session show ID",
        "session revoke ID --gateway https://g.example",
        "run --connection demo --purpose why -- kubectl get pods -n shop --output json",
        "run kubectl get pods -A",
        "kubeconfig --connection demo",
        "credential --connection demo --token-file t",
        "approvals list --state pending --output json",
        "approvals show ID",
        "approvals approve ID --comment fine",
        "approvals deny ID --comment no",
        "approvals watch",
        "audit query --session s --identity i --verb get --resource pods --namespace n --decision hold --since 1h --until 5m --text t --limit 5",
        "audit show ID",
        "audit tail --output json",
        "audit verify --copy DIR --public-key FILE",
        "audit export --format kubernetes",
        "replay SESSION --speed 2 --no-wait --raw",
        "policy status",
        "policy reload",
        "connection list",
        "bundle check DIR",
        "plugin inspect FILE",
        "plugin test DIR",
        "completions bash",
        "man",
    ];
    for line in lines {
        let parsed = Cli::try_parse_from(std::iter::once("portcullis").chain(line.split(' ')));
        assert!(parsed.is_ok(), "{line}: {}", parsed.err().unwrap());
    }
    for line in ["run", "session open --ttl soon", "audit query --decision maybe", "login --device --client-credentials", "replay S --speed 0"] {
        assert!(Cli::try_parse_from(std::iter::once("portcullis").chain(line.split(' '))).is_err(), "{line}");
    }
}

#[test]
fn the_help() {
    assert_snapshot!(help(&[]), @"");
    assert_snapshot!(help(&["run"]), @"");
    assert_snapshot!(help(&["session", "open"]), @"");
    assert_snapshot!(help(&["audit", "query"]), @"");
}

#[test]
fn exit_codes() {
    let text = String::new;
    let codes = [
        (Failure::Closed, 0),
        (Failure::No(text()), 1),
        (Failure::Other(anyhow::anyhow!("x")), 1),
        (Failure::Usage(text()), 2),
        (Failure::Unreachable(text()), 3),
        (Failure::NotLoggedIn(text()), 4),
        (Failure::Refused(text()), 5),
    ];
    for (failure, expected) in codes {
        assert_eq!(code(&failure), expected, "{failure:?}");
    }
    let status = |code| Failure::from(client::ClientError::Status { code, cause: None, message: String::new() });
    let codes = [(400, 2), (401, 4), (403, 5), (404, 1), (409, 1), (500, 1), (503, 1)];
    for (answered, expected) in codes {
        assert_eq!(code(&status(answered)), expected, "{answered}");
    }
}

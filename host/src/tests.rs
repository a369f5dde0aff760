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
        "bundle check DIR --http-origin https://hooks.example",
        "bundle check oci://registry.example/p:v1 --key a.pub --key b.pub",
        "bundle push DIR oci://registry.example/p:v1 --username devin --password-stdin --annotation a=b",
        "bundle pull oci://registry.example/p:v1 DIR --force --key a.pub --plain-http --registry-ca ca.pem",
        "bundle sign DIR --key a.key --name release",
        "bundle sign oci://registry.example/p:v1 --key a.key",
        "bundle verify DIR --key a.pub --output json",
        "bundle keygen PREFIX",
        "bundle schema --cases",
        "plugin new NAME --world masker --language go --dir DIR --sdk SDK",
        "plugin build DIR --watch --into policies",
        "plugin build --out FILE",
        "plugin test DIR --no-build --update --output json",
        "plugin bench DIR --case NAME --baseline FILE --save FILE --threshold 20%",
        "plugin run DIR --request R --body FILE --as devin --kind agent --group g --connection demo",
        "plugin inspect FILE --wit",
        "plugin push FILE oci://registry.example/p:v1 --annotation a=b --output json",
        "plugin pull oci://registry.example/p:v1 FILE --force --key a.pub",
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
    assert_snapshot!(help(&[]), @"
    An identity-aware gateway between AI agents and the Kubernetes API

    Usage: portcullis <COMMAND>

    Commands:
      quickstart   A whole gateway on embedded defaults: SQLite, a development OIDC issuer, a
                   self-signed certificate, the default policies, and a demo cluster unless a kubeconfig
                   is given
      serve        Serve a gateway by its configuration file
      config       Check a configuration file, or print its JSON Schema
      login        Log in to a gateway: in the browser, unless told otherwise
      logout       Forget the login at a gateway, and end the sessions that were opened for kubectl by
                   it
      whoami       Say who you are to the gateway
      session      Sessions: what an agent does between opening one and its end is recorded together
      run          Run a command with a session of its own: it finds a kubeconfig by KUBECONFIG, and the
                   session ends when it does
      kubeconfig   Print a kubeconfig for a cluster. It holds no credential: kubectl asks `portcullis
                   credential` for one
      credential   Print a credential as kubectl's exec plugins do (client.authentication.k8s.io/v1).
                   Opens a session, or takes the last one
      approvals    Requests that wait for a person, and what people said
      audit        The log: what was asked, by whom, what was decided and why, and what the agent saw
      replay       Play a session in the terminal: each command, then what the agent saw, in its own
                   time
      policy       The live policies
      connection   The clusters that the gateway knows
      bundle       Policy bundles: folders with components and the `bundle.yaml` that names them
      plugin       Policies, for their authors
      completions  Print a completion script for a shell
      man          Print the manual page, or write a page for each command
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version
    ");
    assert_snapshot!(help(&["run"]), @"
    Run a command with a session of its own: it finds a kubeconfig by KUBECONFIG, and the session ends
    when it does

    Usage: portcullis run [OPTIONS] <COMMAND>...

    Arguments:
      <COMMAND>...  The command and its arguments

    Options:
      -c, --connection <CONNECTION>  The cluster; may be left out when the gateway has only one
          --purpose <TEXT>           What it is for, in your own words; approvers and auditors read it
          --ttl <DURATION>           How long it may live: 30m, 1h30m. Policies may allow less
      -h, --help                     Print help
      -V, --version                  Print version

    Gateway:
          --gateway <URL>      The gateway's address; without it, the one that was logged in to last
                               [env: PORTCULLIS_GATEWAY]
          --ca-file <FILE>     PEM file of the certificate authority that the gateway's certificate is
                               from, when the system does not know it [env: PORTCULLIS_CA_FILE]
          --token-file <FILE>  A file with an OIDC token (or a session's), read anew each time: for
                               programs. No login is needed then [env: PORTCULLIS_TOKEN_FILE]

    Exits with the command's own code; 128 and the signal's number when a signal ended it, 126 when it
    cannot be run and 127 when there is none of that name.
    ");
    assert_snapshot!(help(&["session", "open"]), @"
    Open a session. Its token is shown once, here

    Usage: portcullis session open [OPTIONS]

    Options:
      -c, --connection <CONNECTION>  The cluster; may be left out when the gateway has only one
          --purpose <TEXT>           What it is for, in your own words; approvers and auditors read it
          --ttl <DURATION>           How long it may live: 30m, 1h30m. Policies may allow less
      -o, --output <FORMAT>          A table for people, or JSON for programs: one object a line
                                     [default: table] [possible values: table, json]
      -h, --help                     Print help (see more with '--help')
      -V, --version                  Print version

    Gateway:
          --gateway <URL>      The gateway's address; without it, the one that was logged in to last
                               [env: PORTCULLIS_GATEWAY]
          --ca-file <FILE>     PEM file of the certificate authority that the gateway's certificate is
                               from, when the system does not know it [env: PORTCULLIS_CA_FILE]
          --token-file <FILE>  A file with an OIDC token (or a session's), read anew each time: for
                               programs. No login is needed then [env: PORTCULLIS_TOKEN_FILE]
    ");
    assert_snapshot!(help(&["audit", "query"]), @"
    Find records; the newest ones, unless told otherwise, and the newest last

    Usage: portcullis audit query [OPTIONS]

    Options:
          --session <ID>             Of one session
          --identity <SUBJECT>       By one subject
      -c, --connection <CONNECTION>  To one cluster
          --verb <VERB>              Of one verb: get, list, watch, create, update, patch, delete,
                                     deletecollection
          --resource <RESOURCE>      Of one resource, in the plural
      -n, --namespace <NAMESPACE>    In one namespace
          --decision <DECISION>      Decided so [possible values: allow, deny, hold]
          --since <TIME>             From then on: 2026-11-22T14:30:00Z, or so long ago: 15m, 2h, 7d
      -o, --output <FORMAT>          A table for people, or JSON for programs: one object a line
                                     [default: table] [possible values: table, json]
          --until <TIME>             Before then; written as for --since
          --text <TEXT>              With this text in the command, path, name or message, whatever its
                                     case
          --limit <N>                How many at most, counted from the newest
          --all                      All of them, however many
      -h, --help                     Print help (see more with '--help')
      -V, --version                  Print version

    Gateway:
          --gateway <URL>      The gateway's address; without it, the one that was logged in to last
                               [env: PORTCULLIS_GATEWAY]
          --ca-file <FILE>     PEM file of the certificate authority that the gateway's certificate is
                               from, when the system does not know it [env: PORTCULLIS_CA_FILE]
          --token-file <FILE>  A file with an OIDC token (or a session's), read anew each time: for
                               programs. No login is needed then [env: PORTCULLIS_TOKEN_FILE]
    ");
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

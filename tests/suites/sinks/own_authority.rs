//! A receiver whose certificate is of a private authority: by TLS, with the collector of Splunk's protocol.

use std::path::Path;

use portcullis_tests::https::Client;
use portcullis_tests::{Gateway, Options, places, until};

use super::receiver::Receiver;
use super::with_real_receivers::{PATIENCE, Stage, sink};

fn splunk(port: u16) -> String {
    sink("audit-splunk", port, "url: \"ORIGIN\", token: a-token").replace("http://127", "https://127")
}

fn grants(port: u16, ca: Option<&Path>) -> String {
    let origin = format!("https://127.0.0.1:{port}");
    match ca {
        Some(ca) => format!("grants: {{ httpOrigins: [{{ origin: \"{origin}\", ca: \"{}\" }}] }}", ca.display()),
        None => format!("grants: {{ httpOrigins: [\"{origin}\"] }}"),
    }
}

/// The collector, with a certificate that the stage's own authority has signed.
fn collector(stage: &Gateway, folder: &Path, port: u16) -> Receiver {
    let tls = stage.dir().join("tls");
    let (certificate, key) = (format!("-tlsCertFile={}", tls.join("tls.crt").display()), format!("-tlsKeyFile={}", tls.join("tls.key").display()));
    let address = format!("-httpListenAddr=127.0.0.1:{port}");
    Receiver::start("victoria-logs", folder, port, &["-storageDataPath=data", &address, "-tls", &certificate, &key])
}

#[test]
fn records_arrive_where_the_certificate_is_of_the_origins_own_authority() {
    let port = places::free_port();
    let stage = Stage::with(&splunk(port), |stage| grants(port, Some(&stage.ready.ca_file)));
    let _collector = collector(&stage.stage, &stage.folder.path().join("victoria"), port);
    let ids = stage.ask(10);
    let client = Client::new(&format!("https://127.0.0.1:{port}"), &stage.stage.ready.ca_file);
    until(PATIENCE, "for the records", || {
        let answer = client.request("GET", "/select/logsql/query?query=*%20%7C%20limit%2010000", &[], b"");
        let text = answer.text();
        ids.iter().all(|id| text.contains(id.as_str())).then_some(())
    });
}

#[test]
fn another_authority_is_refused_and_the_operator_is_told() {
    let port = places::free_port();
    let another = Gateway::start(Options { bundle: Some(places::bundle("observe")), ..Options::default() });
    // The system's do not know it, and neither does another one's own.
    for ca in [None, Some(another.ready.ca_file.as_path())] {
        let stage = Stage::with(&splunk(port), |_| grants(port, ca));
        let collector = collector(&stage.stage, &stage.folder.path().join("victoria"), port);
        stage.ask(1);
        let told = "no authority that counts for this origin has signed its certificate; give the one that did as its `ca` under grants.httpOrigins";
        until(PATIENCE, "for the operator to be told", || stage.served.log().contains(told).then_some(()));
        collector.stop();
    }
    let log = Stage::refused(&splunk(port), &grants(port, Some(Path::new("/nonexistent.pem"))));
    assert!(log.contains("`grants.httpOrigins`") && log.contains("the `ca` /nonexistent.pem of https://127.0.0.1"), "{log}");
    let log = Stage::refused(&splunk(port), &grants(port, Some(&another.ready.ca_file)).replace("https://", "http://"));
    assert!(log.contains("has a `ca` and no TLS; write it with https://, or leave `ca` out"), "{log}");
}

//! Outgoing HTTP of sinks: only to what was granted, and nowhere that it leads.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use portcullis_tests::{Served, Serving, until};

use crate::{LIMIT, folder, stage};

/// A server that answers every request with the same bytes, and keeps the first lines.
struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answer: String) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = seen.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut bytes = vec![0; 1 << 16];
                let read = stream.read(&mut bytes).unwrap_or(0);
                let line = String::from_utf8_lossy(&bytes[..read]).lines().next().unwrap_or_default().to_owned();
                kept.lock().expect("nobody panics").push(line);
                stream.write_all(answer.as_bytes()).ok();
            }
        });
        Server { port, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("nobody panics").clone()
    }
}

fn sink(url: &str, origin: &str) -> String {
    format!(
        "  - name: audit-webhook\n    world: audit-sink\n    component: audit-webhook.wasm\n    configuration: {{ url: \"{url}\", format: jsonl }}\n    capabilities: {{ http: {{ origins: [\"{origin}\"] }} }}\n"
    )
}

#[test]
fn a_redirect_leads_a_sink_nowhere() {
    let stage = stage();
    let elsewhere = Server::start("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned());
    let hook = Server::start(format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:{}/stolen\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        elsewhere.port
    ));
    let origin = format!("http://127.0.0.1:{}", hook.port);
    // Both are granted: a redirect is not followed to what the plugin could have asked for itself.
    let (_folder, bundle) = folder(&sink(&format!("{origin}/hook"), &origin));
    let grants = format!("grants: {{ httpOrigins: [\"{origin}\", \"http://127.0.0.1:{}\"] }}", elsewhere.port);
    let served = Served::start(&stage, Serving { kubeconfig: &stage.dir().join("state/upstream.kubeconfig"), bundle: &bundle, impersonate: false, more: &grants });
    let token = format!("Bearer {}", stage.token("devin"));
    assert_eq!(served.client().request("GET", "/clusters/real/api/v1/namespaces", &[("authorization", &token)], b"").status, 200);
    // A redirect is an answer, and one that trying again does not mend.
    until(LIMIT, "for the sink to give up", || served.log().contains("answered 307").then_some(()));
    assert!(hook.seen().iter().all(|line| line == "POST /hook HTTP/1.1"), "{:?}", hook.seen());
    assert_eq!(elsewhere.seen(), Vec::<String>::new());
}

#[test]
fn an_origin_has_to_be_granted_and_asked_for() {
    let stage = stage();
    let kubeconfig = stage.dir().join("state/upstream.kubeconfig");
    let start = |bundle: &std::path::Path, more: &str| Served::try_start(&stage, Serving { kubeconfig: &kubeconfig, bundle, impersonate: false, more }).err().expect("it does not start");
    let (_folder, bundle) = folder(&sink("http://127.0.0.1:9/hook", "http://127.0.0.1:9"));
    let log = start(&bundle, "");
    assert!(log.contains("it asks to reach http://127.0.0.1:9, which the operator has not granted; have it granted under grants.httpOrigins"), "{log}");
    let asks_for_nothing = sink("http://127.0.0.1:9/hook", "http://127.0.0.1:9").replace("    capabilities", "    # capabilities");
    let (_folder, bundle) = folder(&asks_for_nothing);
    let log = start(&bundle, "grants: { httpOrigins: [\"http://127.0.0.1:9\"] }");
    assert!(log.contains("bundle.yaml does not ask for the network; name the origins under capabilities.http"), "{log}");
}

#[test]
fn counts_and_the_cluster_have_to_be_granted() {
    let stage = stage();
    let kubeconfig = stage.dir().join("state/upstream.kubeconfig");
    let start = |plugins: &str, more: &str| {
        let (_folder, bundle) = folder(plugins);
        Served::try_start(&stage, Serving { kubeconfig: &kubeconfig, bundle: &bundle, impersonate: false, more }).map(|_| ())
    };
    let log = start(crate::TWO_DELETIONS, "").expect_err("counts are not granted");
    assert!(log.contains("it asks to keep counts, which the operator has not granted; have it granted by grants.counter"), "{log}");
    let log = start(crate::BY_REACH, "").expect_err("the cluster is not granted");
    assert!(log.contains("it asks to read anything of the cluster, which the operator has not granted; have it granted under grants.cluster"), "{log}");
    let log = start(crate::BY_REACH, "grants: { cluster: [{ resources: [deployments.apps], fields: [/status] }] }").expect_err("another field is granted");
    assert!(log.contains("it asks to read `/spec/replicas` of `deployments.apps` of the cluster"), "{log}");
    start(crate::BY_REACH, "grants: { cluster: [{ resources: ['*'] }] }").expect("everything but Secrets is granted");
    start(crate::TWO_DELETIONS, "grants: { counter: true }").expect("counts are granted");
    let log = start("", "grants: { cluster: [{ resources: [Pods] }] }").expect_err("that is no resource");
    assert!(log.contains("`grants.cluster`") && log.contains("`Pods` is not a resource"), "{log}");
}

//! Components that loop, trap, or ask for the whole memory cost their one request a refusal, and nobody else anything (P7).

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::component::{HOARDS, LOOPS, RECURSES, TRAPS, bundle, guard, masker, save};
use portcullis_tests::wait::Raise;
use portcullis_tests::{Gateway, Options, places, until};

/// A guard for each kind of mischief, each asked about one namespace only, and a masker that traps for deployments.
const PLUGINS: &str = r#"
  - { name: looper, world: guard, component: looper.wasm, match: { namespaces: [shop] } }
  - { name: trapper, world: guard, component: trapper.wasm, match: { namespaces: [prod] } }
  - { name: hoarder, world: guard, component: hoarder.wasm, match: { namespaces: [kube-system] } }
  - { name: recurser, world: guard, component: recurser.wasm, match: { namespaces: [kube-public] } }
  - { name: masker, world: masker, component: masker.wasm, match: { resources: [deployments] } }
"#;

static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| {
    let folder = places::folder();
    let dir = folder.path().join("bundle");
    let components = [
        ("looper.wasm", guard(LOOPS)),
        ("trapper.wasm", guard(TRAPS)),
        ("hoarder.wasm", guard(HOARDS)),
        ("recurser.wasm", guard(RECURSES)),
        ("masker.wasm", masker(TRAPS)),
    ];
    bundle(&dir, PLUGINS, &components);
    Gateway::start(Options { bundle: Some(dir), ..Options::default() })
});

fn get(namespace: &str) -> (portcullis_tests::https::Response, Duration) {
    let gateway = &*GATEWAY;
    let token = format!("Bearer {}", gateway.token("devin"));
    let begun = Instant::now();
    let path = gateway.path(&format!("/api/v1/namespaces/{namespace}/configmaps"));
    (gateway.client().request("GET", &path, &[("authorization", &token)], b""), begun.elapsed())
}

#[test]
fn each_kind_of_mischief_is_a_refusal_that_names_the_plugin_and_what_it_did() {
    for (namespace, plugin, did) in [
        ("shop", "looper", "did not answer within"),
        ("prod", "trapper", "trap"),
        ("kube-system", "hoarder", "bytes of memory and may have"),
        ("kube-public", "recurser", "stack"),
    ] {
        let (response, took) = get(namespace);
        assert_eq!((response.status, response.cause().as_str()), (403, "PolicyFailed"), "{plugin}: {}", response.text());
        let message = response.json()["message"].as_str().expect("a message").to_owned();
        assert!(message.contains(&format!("`{plugin}`")) && message.contains(did), "{plugin}: {message}");
        assert!(took < Duration::from_secs(5), "{plugin} took {took:?}");
        let record = GATEWAY.api("alice").record(&response.record());
        assert_eq!(record["refusal"]["cause"], "PolicyFailed", "{record}");
        assert_eq!(record["decision"], "deny");
    }
    assert_eq!(get("default").0.status, 200);
}

#[test]
fn other_requests_go_on_while_components_misbehave() {
    get("default");
    let pid = GATEWAY.ready.pid;
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _end = Raise(&over);
        for namespace in ["shop", "prod", "kube-system", "kube-public"] {
            let over = &over;
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    assert_eq!(get(namespace).0.cause(), "PolicyFailed");
                }
            });
        }
        let begun = Instant::now();
        let mut slowest = Duration::ZERO;
        for _ in 0..50 {
            let (response, took) = get("default");
            slowest = slowest.max(took);
            assert_eq!(response.status, 200, "another request was hurt: {}", response.text());
        }
        println!("50 good requests among the others took {:?}, the slowest {slowest:?}", begun.elapsed());
        assert!(slowest < Duration::from_secs(5), "one took {slowest:?}");
    });
    assert!(std::fs::metadata(format!("/proc/{pid}")).is_ok(), "it is still the same process");
    let memory = GATEWAY.memory() >> 20;
    assert!(memory < 600, "{memory} MiB");
}

#[test]
fn a_masker_that_fails_is_found_out_before_a_write_is_forwarded() {
    let gateway = &*GATEWAY;
    let token = format!("Bearer {}", gateway.token("devin"));
    let headers = [("authorization", token.as_str()), ("content-type", "application/merge-patch+json")];
    let path = gateway.path("/apis/apps/v1/namespaces/default/deployments/web");
    let response = gateway.client().request("PATCH", &path, &headers, br#"{"spec":{"replicas":7}}"#);
    assert_eq!((response.status, response.cause().as_str()), (403, "PolicyFailed"), "{}", response.text());
    // The scale is of another resource, which the masker is not asked about.
    let scale = gateway.client().request("GET", &format!("{path}/scale"), &[("authorization", &token)], b"");
    if scale.status == 200 {
        assert_eq!(scale.json()["spec"]["replicas"], 2, "{}", scale.text());
    }
}

#[test]
fn a_bundle_with_a_component_that_is_none_never_goes_live() {
    let folder = places::folder();
    let dir = folder.path().join("bundle");
    bundle(&dir, "", &[]);
    let gateway = Gateway::start(Options { bundle: Some(dir), ..Options::default() });
    let live = gateway.ready.policies_dir.clone();
    let alice = gateway.api("alice");
    let before = alice.policy()["generation"].clone();
    std::fs::write(live.join("evil.wasm"), b"\0asm\x0d\0\x01\0 and then nothing").expect("the bundle can be written");
    let text = std::fs::read_to_string(live.join("bundle.yaml")).expect("it is there");
    save(&live, "bundle.yaml", &(text + "  - { name: evil, world: guard, component: evil.wasm }\n"));
    let status = until(Duration::from_secs(10), "for the bundle to be rejected", || {
        let status = alice.policy();
        (!status["rejected"].is_null()).then_some(status)
    });
    assert_eq!(status["generation"], before);
    assert!(status["rejected"]["message"].as_str().is_some_and(|message| message.contains("evil")), "{status}");
    gateway.kubectl("1.37", "devin").must(&["get", "namespaces"]);
}

//! Versions of the interface that are not released: served beside the released ones where the operator says so, and refused elsewhere.

use portcullis_tests::component::{Parts, bundle};
use portcullis_tests::{Gateway, Options, Served, Serving, places};

const DRAFT: &str = "0.2.0-draft";

/// Denies for one reason, as 0.1.0 has it: a finding at 68, its rule and its message the text at 1104.
const DENIES: &str = "
    (i32.store8 (i32.const 64) (i32.const 3))
    (i32.store (i32.const 68) (i32.const 1104)) (i32.store (i32.const 72) (i32.const 7))
    (i32.store (i32.const 76) (i32.const 1104)) (i32.store (i32.const 80) (i32.const 7))
    (i32.store8 (i32.const 84) (i32.const 0))
    (i32.const 64)";

/// Denies for two reasons, as the draft lets it: a list of two findings at 2048.
const DENIES_TWICE: &str = "
    (i32.store (i32.const 2048) (i32.const 1104)) (i32.store (i32.const 2052) (i32.const 7))
    (i32.store (i32.const 2056) (i32.const 1104)) (i32.store (i32.const 2060) (i32.const 7))
    (i32.store (i32.const 2076) (i32.const 1104)) (i32.store (i32.const 2080) (i32.const 2))
    (i32.store (i32.const 2084) (i32.const 1104)) (i32.store (i32.const 2088) (i32.const 7))
    (i32.store8 (i32.const 64) (i32.const 3))
    (i32.store (i32.const 68) (i32.const 2048)) (i32.store (i32.const 72) (i32.const 2))
    (i32.const 64)";

const PLUGINS: &str = "  - { name: draft, world: guard, component: draft.wasm, match: { namespaces: [shop] } }
  - { name: released, world: guard, component: released.wasm, match: { namespaces: [shop] } }
";

#[test]
fn a_draft_judges_beside_a_released_version_where_the_operator_names_it_and_nowhere_else() {
    let stage = Gateway::start(Options { bundle: Some(places::bundle("observe")), ..Options::default() });
    let kubeconfig = stage.dir().join("state/upstream.kubeconfig");
    let folder = places::folder();
    let dir = folder.path().join("bundle");
    let components = [("released.wasm", Parts::guard(DENIES).build()), ("draft.wasm", Parts::guard(DENIES_TWICE).version(DRAFT).build())];
    bundle(&dir, PLUGINS, &components);
    let serving = |more| Serving { kubeconfig: &kubeconfig, bundle: &dir, impersonate: false, more };

    let log = Served::try_start(&stage, serving("")).err().expect("drafts are off");
    let told = format!("plugin `draft` (draft.wasm): it was built for version {DRAFT} of the interface, which is a draft; build it for 0.1.0, or have the operator name it under `policies.drafts`");
    assert!(log.contains(&told), "{log}");
    let log = Served::try_start(&stage, serving("policies: { drafts: [0.9.0-draft] }")).err().expect("there is no such draft");
    assert!(log.contains(&format!("`policies.drafts` names 0.9.0-draft, and the drafts that this gateway has are: {DRAFT}")), "{log}");

    let served = Served::start(&stage, serving("policies: { drafts: [0.2.0-draft] }"));
    let token = format!("Bearer {}", stage.token("devin"));
    let ask = |namespace: &str| served.client().request("GET", &format!("/clusters/real/api/v1/namespaces/{namespace}/configmaps"), &[("authorization", &token)], b"");
    assert_eq!(ask("default").status, 200);
    let refused = ask("shop");
    assert_eq!((refused.status, refused.cause().as_str()), (403, "PolicyDenied"), "{}", refused.text());
    let record = served.api(&stage, "alice").record(&refused.record());
    let by: Vec<_> = record["by"].as_array().expect("who judged").iter().map(|by| (by["plugin"].as_str(), by["verdict"].as_str(), by["rule"].as_str())).collect();
    for plugin in ["released", "draft"] {
        assert!(by.contains(&(Some(plugin), Some("deny"), Some("my-rule"))), "{record}");
    }
    // The first finding is the one that is told: that of the draft's list.
    assert_eq!(refused.json()["details"]["causes"][0]["field"], "draft/my-rule", "{}", refused.text());
}

//! Back to a former set, by the command line, and what the log and a restart make of it.

use serde_json::Value;

use super::*;

fn json(gateway: &Gateway, who: &str, arguments: &[&str]) -> Vec<Value> {
    let output = gateway.cli(who, &[arguments, &["--output", "json"]].concat()).expect_ok();
    output.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {line}"))).collect()
}

fn status(gateway: &Gateway) -> u16 {
    let token = format!("Bearer {}", gateway.token("devin"));
    gateway.client().request("GET", &gateway.path("/api/v1/namespaces/shop/configmaps/web"), &[("authorization", &token)], b"").status
}

/// Saves a round, and waits until requests are judged by it.
fn saved(gateway: &Gateway, n: usize) {
    save(&gateway.ready.policies_dir, "bundle.yaml", &round(n));
    let wanted = if n.is_multiple_of(2) { 200 } else { 403 };
    until(Duration::from_secs(20), &format!("for round {n}"), || (status(gateway) == wanted).then_some(()));
}

#[test]
fn an_operator_rolls_back_and_it_stays_over_a_restart_until_the_folder_changes() {
    let _turn = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut gateway = gateway();
    let first = gateway.api("alice").policy();
    saved(&gateway, 1);

    let history = json(&gateway, "alice", &["policy", "history"]);
    assert_eq!(history.len(), 2);
    assert_eq!((&history[1]["digest"], &history[0]["live"]), (&first["digest"], &true.into()), "{history:?}");
    let digest = first["digest"].as_str().expect("a digest");

    assert_eq!(gateway.cli("bob", &["policy", "rollback", digest]).code, 5, "bob is no operator");
    assert_eq!(gateway.cli("alice", &["policy", "rollback", "sha256:000000"]).code, 1, "there is no such set");
    let rolled = gateway.cli("alice", &["policy", "rollback", &digest[..19]]).expect_ok();
    assert!(rolled.stdout.contains("Rolled back:") && rolled.stdout.contains("alice"), "{rolled:?}");
    assert_eq!(status(&gateway), 200);
    let records = gateway.api("alice").audit("kind=administration");
    let told = |record: &Value| record["message"].as_str().unwrap_or_default().contains(&format!("rolled the policies back to {digest}"));
    assert!(records.iter().any(|record| told(record) && record["identity"]["subject"] == "alice"), "{records:?}");

    let before = gateway.api("alice").policy();
    gateway.kill_and_restart();
    let after = gateway.api("alice").policy();
    assert_eq!((&after["digest"], &after["generation"], &after["pinned"]), (&before["digest"], &before["generation"], &before["pinned"]));
    assert_eq!(status(&gateway), 200);

    saved(&gateway, 3);
    assert!(gateway.api("alice").policy()["pinned"].is_null());
    gateway.cli("alice", &["policy", "rollback", digest]).expect_ok();
    assert_eq!(status(&gateway), 200);
    gateway.cli("alice", &["policy", "rollback", "--release"]).expect_ok();
    assert_eq!(status(&gateway), 403);
}

#[test]
fn the_status_tells_how_each_plugin_was_loaded() {
    let gateway = gateway();
    let status = gateway.api("alice").policy();
    for plugin in status["plugins"].as_array().expect("plugins") {
        assert_eq!((&plugin["interface"], &plugin["loaded"]["born_configured"]), (&"0.1.0".into(), &true.into()), "{plugin}");
        assert!(plugin["bytes"].as_u64().is_some_and(|bytes| bytes > 10_000) && plugin["loaded"]["milliseconds"].is_u64(), "{plugin}");
    }
    assert!(status["staging"].is_null() && status["pinned"].is_null(), "{status}");
}

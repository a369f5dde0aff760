//! Masks fields of one kind of custom resource.

use portcullis_sdk::{Action, Candidate, Encoding, JsonSchema, MaskRule, Plan, ResponseKind, masker};

/// What is masked.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The API group of the resource.
    group: String,
    /// The plural resource.
    resource: String,
    /// Where its secrets are: JSON pointers in which `*` stands for any one key or index.
    paths: Vec<String>,
}

fn plan(config: &Config, kind: &ResponseKind) -> Plan {
    let mut plan = Plan { rules: vec![], embedded: vec![] };
    if kind.group == config.group && kind.resource == config.resource {
        plan.rules.push(MaskRule {
            name: "{{name}}".into(),
            paths: config.paths.clone(),
            names: None,
            patterns: vec![],
            encoding: Encoding::Text,
            // Equal secrets give equal tokens, so that an agent can compare them without seeing them.
            action: Action::Token,
        });
        // kubectl keeps a copy of the whole object here.
        plan.embedded.push("/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration".into());
    }
    plan
}

/// Only rules with the action `Inspect` ask; there is none, and what nobody asked for stays hidden.
fn inspect(_config: &Config, candidates: &[Candidate]) -> Vec<Option<String>> {
    candidates.iter().map(|_| Some("***".into())).collect()
}

masker! { config: Config, plan: plan, inspect: inspect }

#[test]
fn only_its_own_resource_is_masked() {
    let config = Config { group: "example.com".into(), resource: "vaults".into(), paths: vec!["/spec/keys/*".into()] };
    let rules = |group: &str, resource: &str| {
        let kind = ResponseKind {
            connection: "demo".into(),
            verb: "get".into(),
            is_resource: true,
            group: group.into(),
            version: "v1".into(),
            resource: resource.into(),
            subresource: None,
        };
        plan(&config, &kind).rules.len()
    };
    assert_eq!((rules("example.com", "vaults"), rules("", "pods")), (1, 0));
}

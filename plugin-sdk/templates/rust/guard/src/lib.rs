//! Keeps workloads small: nobody scales one beyond a limit.

use portcullis_sdk::{JsonSchema, Request, Verdict, guard};

/// How large a workload may be.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The most replicas that a workload may have.
    most: u32,
}

/// The first place at which a write sets the replicas, of a workload and of its scale alike.
const REPLICAS: &str = "/spec/replicas";

fn judge(config: &Config, request: &Request) -> Verdict {
    if !request.is_write() || request.group() != "apps" {
        return Verdict::NoOpinion;
    }
    // A patch is not an object: what counts is what will be there after it.
    let wanted = match request.after_write(|object| object.get::<u32>(REPLICAS)) {
        Ok(wanted) => wanted.unwrap_or(0),
        Err(why) => return Verdict::deny("{{name}}", format!("nobody can say how large it would be: {why}")),
    };
    if wanted <= config.most {
        return Verdict::NoOpinion;
    }
    Verdict::deny("{{name}}", format!("{wanted} replicas are more than {}", config.most)).remedy("ask for fewer, or for a higher limit")
}

guard! { config: Config, evaluate: judge }

#[test]
fn a_large_workload_is_refused() {
    let config = Config { most: 10 };
    let scale = "/apis/apps/v1/namespaces/shop/deployments/web/scale";
    assert!(judge(&config, &Request::put(scale, r#"{"spec":{"replicas":50}}"#)).is_deny());
    assert_eq!(judge(&config, &Request::put(scale, r#"{"spec":{"replicas":5}}"#)), Verdict::NoOpinion);
}

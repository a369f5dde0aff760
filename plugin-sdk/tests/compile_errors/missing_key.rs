use portcullis_sdk::{JsonSchema, Request, Verdict, guard};

#[derive(serde::Deserialize, JsonSchema)]
struct Config {}

fn judge(_config: &Config, _request: &Request) -> Verdict {
    Verdict::NoOpinion
}

guard! { evaluate: judge }

fn main() {}

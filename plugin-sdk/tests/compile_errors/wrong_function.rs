use portcullis_sdk::{JsonSchema, Request, Verdict, guard};

#[derive(serde::Deserialize, JsonSchema)]
struct Config {}

fn judge(_request: &Request, _config: &Config) -> Verdict {
    Verdict::NoOpinion
}

guard! { config: Config, evaluate: judge }

fn main() {}

use portcullis_sdk::{JsonSchema, Request, Verdict, guard};

#[derive(JsonSchema)]
struct Config {
    most: u32,
}

fn judge(_config: &Config, _request: &Request) -> Verdict {
    Verdict::NoOpinion
}

guard! { config: Config, evaluate: judge }

fn main() {}

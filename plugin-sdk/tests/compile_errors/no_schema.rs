use portcullis_sdk::{Request, Verdict, guard};

#[derive(serde::Deserialize)]
struct Config {
    most: u32,
}

fn judge(_config: &Config, _request: &Request) -> Verdict {
    Verdict::NoOpinion
}

guard! { config: Config, evaluate: judge }

fn main() {}

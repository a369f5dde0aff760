//! `replay`: a session in the terminal, as the agent saw it.

mod screen;

use std::io::Write;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::failure::Failure;
use super::gateway::GatewayArgs;
use super::output::{clean, json_line, parsed, say, text};
use screen::Screen;

/// A pause is never longer, however long the agent thought.
const PAUSE_MAX: f64 = 2.0;

/// Play a session in the terminal: each command, then what the agent saw, in its own time.
#[derive(Debug, clap::Args)]
#[command(after_help = "Pauses are never longer than two seconds. What programs in the cluster printed is shown with its \
                        control characters escaped; --raw sends them to your terminal as they are.")]
pub struct Args {
    /// The session.
    #[arg(value_name = "SESSION")]
    session: String,
    /// So many times as fast.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// All at once.
    #[arg(long)]
    no_wait: bool,
    /// Discovery and other requests that ask for no object too.
    #[arg(long)]
    all: bool,
    /// Send what was printed in the cluster to the terminal as it is; only for sessions that you trust.
    #[arg(long)]
    raw: bool,
    /// One JSON object a line instead: offset, record, output.
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    output: super::output::Output,
    #[command(flatten)]
    gateway: GatewayArgs,
}

fn speed(text: &str) -> Result<f64, String> {
    let factor: f64 = text.parse().map_err(|_| "write a number such as 2 or 0.5".to_owned())?;
    if factor.is_finite() && (0.01..=1000.0).contains(&factor) { Ok(factor) } else { Err("it is between 0.01 and 1000".to_owned()) }
}

/// One request of the session.
#[derive(Debug, Deserialize)]
struct Step {
    /// Seconds since the session's first record.
    offset: f64,
    record: Value,
    output: Vec<Chunk>,
}

/// Some of what the agent saw.
#[derive(Debug, Deserialize)]
struct Chunk {
    /// Seconds since the request began.
    offset: f64,
    channel: String,
    text: String,
}

/// Plays it.
///
/// # Errors
/// As the gateway says.
pub async fn run(args: Args) -> Result<(), Failure> {
    let client = args.gateway.connect().await?.client;
    let mut lines = client.lines(&["audit", "sessions", &args.session], &[]).await?;
    let mut clock = Clock { at: 0.0, speed: args.speed, waits: !args.no_wait };
    let (mut steps, mut hidden) = (0usize, 0usize);
    while let Some(line) = lines.next().await? {
        if args.output == super::output::Output::Json {
            say(&json_line(&line))?;
            continue;
        }
        let step: Step = serde_json::from_value(parsed(&line)?)
            .map_err(|e| anyhow::anyhow!("a step cannot be read: {e}; use a portcullis of the gateway's version"))?;
        steps += 1;
        if !args.all && is_preparation(&step.record) {
            hidden += 1;
            continue;
        }
        play(&step, &mut clock, args.raw).await?;
    }
    if args.output == super::output::Output::Json {
        return Ok(());
    }
    if steps == 0 {
        return Err(Failure::No(format!("nothing is recorded of the session {}", clean(&args.session))));
    }
    if hidden > 0 {
        eprintln!("{hidden} requests of discovery are not shown; --all shows them");
    }
    Ok(())
}

/// What clients ask before they do anything: that was allowed and says nothing about the session.
fn is_preparation(record: &Value) -> bool {
    record["decision"] == "allow"
        && record["kind"] == "request"
        && text(record, "/request/resource").is_empty()
        && text(record, "/request/verb") == "get"
}

async fn play(step: &Step, clock: &mut Clock, raw: bool) -> Result<(), Failure> {
    clock.until(step.offset).await;
    say(&prompt(&step.record))?;
    let mut screen = Screen::new(&step.record, raw);
    for chunk in &step.output {
        clock.until(step.offset + chunk.offset).await;
        let shown = screen.push(&chunk.channel, &chunk.text);
        write(&shown)?;
    }
    write(&screen.finish())
}

fn write(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// `devin@demo$ kubectl get pods -n shop`
fn prompt(record: &Value) -> String {
    let who = text(record, "/identity/subject");
    let place = text(record, "/connection");
    let command = text(record, "/command/rendered");
    if command.is_empty() {
        let what = [text(record, "/message"), text(record, "/kind")].into_iter().find(|text| !text.is_empty()).unwrap_or_default();
        return clean(&format!("# {what}"));
    }
    clean(&format!("{who}@{place}$ {command}"))
}

/// The session's own time, with short pauses.
struct Clock {
    /// Seconds since its first record that have been played.
    at: f64,
    speed: f64,
    waits: bool,
}

impl Clock {
    async fn until(&mut self, offset: f64) {
        let pause = self.pause(offset);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }

    /// How long to wait for what happened at `offset`.
    fn pause(&mut self, offset: f64) -> Duration {
        let gap = (offset - self.at).max(0.0);
        self.at = self.at.max(offset);
        if self.waits && gap.is_finite() { Duration::from_secs_f64((gap / self.speed).min(PAUSE_MAX)) } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests;

//! `plugin build`: one command whatever the language, and the edit loop.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use authoring::build::BuildError;
use authoring::tool::Messages;
use authoring::watch::Sources;
use authoring::{Built, Options};
use serde_json::json;

use crate::commands::failure::Failure;
use crate::commands::output::{Output, clean, clean_lines, say, size};

/// What to build.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The policy's folder.
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Where the component goes. Without it: beside `bundle.yaml`, by the name that stands there.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["watch", "into"])]
    out: Option<PathBuf>,
    /// Build again after every save, until it is interrupted. Messages are short.
    #[arg(long)]
    watch: bool,
    /// The `policies` folder of a running gateway: the finished component goes there, with its cases and its entry of `bundle.yaml`.
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
}

/// Builds, once or for ever.
///
/// # Errors
/// When a tool is missing or fails. While watching that is told, and the last component stays.
pub async fn run(args: Args, output: Output) -> Result<(), Failure> {
    // Everything in it blocks: tools, files, and waiting for a save.
    tokio::task::spawn_blocking(move || match args.watch {
        true => watch(&args, output),
        false => once(&args, output),
    })
    .await
    .map_err(anyhow::Error::from)?
}

fn once(args: &Args, output: Output) -> Result<(), Failure> {
    let built = authoring::build(&args.dir, &Options { out: args.out.clone(), ..Options::default() }).map_err(failure)?;
    tell(&built, output)?;
    install(args, output)
}

fn watch(args: &Args, output: Output) -> Result<(), Failure> {
    // Watched before the first build, so that no save falls in between.
    let sources = Sources::watch(&args.dir).map_err(|error| Failure::Usage(error.to_string()))?;
    let options = Options { short: true, messages: Messages::Shown, ..Options::default() };
    loop {
        let start = Instant::now();
        let outcome = authoring::build(&args.dir, &options).map_err(failure).and_then(|built| {
            tell(&built, output)?;
            install(args, output)
        });
        match outcome {
            Ok(()) => tracing::debug!(ms = start.elapsed().as_millis() as u64, "from the save to the file"),
            Err(Failure::Closed) => return Err(Failure::Closed),
            // The next save mends it.
            Err(error) => eprintln!("{}\nthe last component stays", clean_lines(&error.to_string())),
        }
        while !sources.saved(Duration::from_secs(3600)) {}
    }
}

fn install(args: &Args, output: Output) -> Result<(), Failure> {
    let Some(into) = &args.into else { return Ok(()) };
    let written = authoring::install(&args.dir, into).map_err(failure)?;
    let names: Vec<String> = written.iter().map(|file| file.display().to_string()).collect();
    match output {
        Output::Json => say(&json!({ "into": into.display().to_string(), "written": names }).to_string()),
        Output::Table if names.is_empty() => say(&clean(&format!("{} has it already", into.display()))),
        Output::Table => say(&clean(&format!("{} has the new {}; `portcullis policy status` says whether it is live", into.display(), names.join(", ")))),
    }
}

fn tell(built: &Built, output: Output) -> Result<(), Failure> {
    let world = built.world.map(authoring::World::as_str);
    match output {
        Output::Json => say(&json!({
            "component": built.path.display().to_string(),
            "bytes": built.bytes,
            "world": world,
            "language": built.language.as_str(),
            "seconds": built.seconds,
            "changed": built.changed,
        })
        .to_string()),
        Output::Table => {
            let what = world.map_or_else(|| "of none of the gateway's worlds".to_owned(), |world| format!("a {world} in {}", built.language));
            let state = if built.changed { "" } else { ", unchanged" };
            say(&clean(&format!("{}: {what}, {}{state}, {:.1} s", shown(&built.path), size(built.bytes as u64), built.seconds)))
        }
    }
}

/// As seen from here.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

/// What cannot be built is the policy's fault, or its author's tools'.
pub(super) fn failure(error: BuildError) -> Failure {
    match &error {
        BuildError::NoPolicy(_) => Failure::Usage(error.to_string()),
        _ => Failure::No(clean_lines(&error.to_string())),
    }
}

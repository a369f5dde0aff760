//! Running the tools of a language, within a limit of time, and saying how to get the one that is missing.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The longest that one tool may take. A first build fetches and compiles what the policy depends on.
pub const LIMIT: Duration = Duration::from_secs(15 * 60);

/// After this long a tool is said to be at work: whoever waits is to know for what.
const PATIENCE: Duration = Duration::from_secs(8);

/// What is kept of a tool's standard output.
const OUTPUT: u64 = 16 << 20;

/// What is told of its messages: their end.
const TOLD: usize = 6 << 10;

/// Why a tool did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It is not there.
    #[error("`{program}` is not installed; {install}")]
    Missing {
        /// What was to be run.
        program: String,
        /// How to get it.
        install: String,
    },
    /// It could not be run.
    #[error("cannot run `{program}`: {source}")]
    Run {
        /// What was to be run.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// It said no, in its own words.
    #[error("`{program}` failed{}{message}", if message.is_empty() { "; correct what it says above" } else { ":\n" })]
    Failed {
        /// What was run.
        program: String,
        /// The end of its messages; empty when they were shown as they came.
        message: String,
    },
    /// It took too long.
    #[error("`{program}` was stopped after {} s; look at what it waits for", limit.as_secs())]
    TooSlow {
        /// What was run.
        program: String,
        /// How long it had.
        limit: Duration,
    },
}

/// Where a tool's messages (its standard error) go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Messages {
    /// To the terminal, as they come.
    Shown,
    /// Nowhere, unless it fails: then their end is part of the error.
    Kept,
}

/// Runs a tool to its end and gives what it printed to standard output, up to 16 MiB. `install` ends the sentence
/// "`npm` is not installed; …". Blocks, [`LIMIT`] at most.
///
/// # Errors
/// When it is missing, fails or takes too long.
pub fn run(command: &mut Command, install: &str, messages: Messages) -> Result<Vec<u8>, ToolError> {
    let program = name(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(match messages {
        Messages::Shown => Stdio::inherit(),
        Messages::Kept => Stdio::piped(),
    });
    let mut child = command.spawn().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ToolError::Missing { program: program.clone(), install: install.to_owned() },
        _ => ToolError::Run { program: program.clone(), source },
    })?;
    let output = child.stdout.take().map(|pipe| reader(pipe, OUTPUT));
    let errors = child.stderr.take().map(|pipe| reader(pipe, OUTPUT));
    let waiting = || eprintln!("`{program}` is at work; a first time it also fetches and compiles what the policy depends on, which may take minutes");
    let status = wait(&mut child, LIMIT, &waiting).map_err(|source| ToolError::Run { program: program.clone(), source })?;
    let Some(status) = status else {
        return Err(ToolError::TooSlow { program, limit: LIMIT });
    };
    let (output, errors) = (read(output), read(errors));
    if status.success() {
        return Ok(output);
    }
    // Some tools complain on standard output.
    let said = if errors.is_empty() && messages == Messages::Kept { &output } else { &errors };
    Err(ToolError::Failed { program, message: end_of(&String::from_utf8_lossy(said)).to_owned() })
}

/// Whether a program can be run at all: `program --version` or the like succeeds.
#[must_use]
pub fn is_there(program: impl AsRef<OsStr>, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments);
    run(&mut command, "", Messages::Kept).is_ok()
}

/// What was run: a program, or a module of Python's.
fn name(command: &Command) -> String {
    let program = command.get_program();
    let name = std::path::Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
    let mut arguments = command.get_args();
    match (arguments.next().and_then(OsStr::to_str), arguments.next().and_then(OsStr::to_str)) {
        (Some("-m"), Some(module)) => format!("{name} -m {module}"),
        _ => name,
    }
}

fn reader(pipe: impl Read + Send + 'static, limit: u64) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut kept = Vec::new();
        let mut pipe = pipe.take(limit);
        // What was read until an error is as good as there is.
        let _ = pipe.read_to_end(&mut kept);
        // The rest is read too: a tool that cannot write would wait for ever.
        let _ = io::copy(&mut pipe.into_inner(), &mut io::sink());
        kept
    })
}

fn read(reader: Option<JoinHandle<Vec<u8>>>) -> Vec<u8> {
    reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
}

/// Its status, or nothing when it had to be stopped. `slow` is called once, when it takes a while.
fn wait(child: &mut Child, limit: Duration, slow: &dyn Fn()) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        if !told && start.elapsed() > PATIENCE {
            slow();
            told = true;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// The end of a text, from the beginning of a line.
fn end_of(text: &str) -> &str {
    let text = text.trim();
    let Some(from) = text.len().checked_sub(TOLD) else { return text };
    let end = &text[text.ceil_char_boundary(from)..];
    end.split_once('\n').map_or(end, |(_, whole)| whole)
}

#[cfg(test)]
mod tests;

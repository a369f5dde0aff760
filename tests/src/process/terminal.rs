//! A command on a terminal of its own, whose window can change its size while it runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Running;
use crate::until;

/// How long the terminal may take to be there.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(20);

/// A command on a terminal, by the programs `script` and `stty`.
pub struct Terminal {
    /// What is written to it is typed, and its standard output is the screen.
    pub running: Running,
    device: PathBuf,
}

impl Terminal {
    /// Starts a command in a window of 80 times 24. The terminal's name is kept in `folder` for a moment.
    ///
    /// # Panics
    /// When there is no terminal to be had.
    #[track_caller]
    #[must_use]
    pub fn start(command: &Command, folder: &Path) -> Self {
        let name = tempfile::NamedTempFile::new_in(folder).expect("the folder can be written");
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<String> = words.map(|word| quoted(&word.to_string_lossy())).collect();
        let file = quoted(&name.path().to_string_lossy());
        let line = format!("stty rows 24 cols 80; tty > {file}; exec {}", words.join(" "));
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => script.env(key, value),
                None => script.env_remove(key),
            };
        }
        let running = Running::start(&mut script);
        let device = until(LIMIT, "for the terminal's name", || {
            let text = std::fs::read_to_string(name.path()).ok()?;
            text.strip_suffix('\n').map(PathBuf::from)
        });
        Self { running, device }
    }

    /// Gives the window another size, of which the command is told by a signal.
    ///
    /// # Panics
    /// When the terminal is gone.
    #[track_caller]
    pub fn resize(&self, columns: u16, rows: u16) {
        let mut stty = Command::new("stty");
        stty.arg("-F").arg(&self.device).args(["rows", &rows.to_string(), "cols", &columns.to_string()]).stdin(Stdio::null());
        assert!(stty.status().expect("there is stty").success(), "the window cannot be resized");
    }
}

/// A word for the shell.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

//! Processes that end in time, and do not outlive the tests.

pub mod terminal;

use std::ffi::OsStr;
use std::fmt;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long a command may take unless a test says otherwise.
pub const LIMIT: Duration = Duration::from_secs(60);

/// What a finished command left.
#[derive(Clone, PartialEq, Eq)]
pub struct Output {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Output {
    /// Whether it succeeded.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.code == 0
    }

    /// Itself when it succeeded.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn expect_ok(self) -> Self {
        assert!(self.ok(), "the command failed: {self:?}");
        self
    }

    /// Everything it printed.
    #[must_use]
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}\n--- stdout\n{}\n--- stderr\n{}\n---", self.code, self.stdout, self.stderr)
    }
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be started, or does not end within `limit`; it is ended then.
#[track_caller]
pub fn run(command: &mut Command, stdin: &[u8], limit: Duration) -> Output {
    let mut running = Running::start(command);
    running.write(stdin);
    running.close();
    running.finish(limit)
}

/// A command under way, whose output can be looked at while it runs.
pub struct Running {
    child: Child,
    said: String,
    stdout: Arc<Mutex<Vec<u8>>>,
    stderr: Arc<Mutex<Vec<u8>>>,
    readers: Vec<thread::JoinHandle<()>>,
}

impl Running {
    /// Starts it with pipes at all its ends.
    ///
    /// # Panics
    /// When it cannot be started.
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let said = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {said}: {error}"));
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let mut readers = Vec::new();
        if let Some(pipe) = child.stdout.take() {
            readers.push(collect(pipe, Arc::clone(&stdout)));
        }
        if let Some(pipe) = child.stderr.take() {
            readers.push(collect(pipe, Arc::clone(&stderr)));
        }
        Self { child, said, stdout, stderr, readers }
    }

    /// Writes to its standard input. A command that reads no more is its own matter.
    pub fn write(&mut self, bytes: &[u8]) {
        if let Some(stdin) = &mut self.child.stdin {
            stdin.write_all(bytes).and_then(|()| stdin.flush()).ok();
        }
    }

    /// Closes its standard input.
    pub fn close(&mut self) {
        self.child.stdin = None;
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it printed so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        text(&self.stdout)
    }

    /// What it complained about so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        text(&self.stderr)
    }

    /// Whether it has ended.
    ///
    /// # Panics
    /// When the system does not say.
    pub fn ended(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_some()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end within `limit`; it is ended then.
    #[track_caller]
    pub fn finish(mut self, limit: Duration) -> Output {
        match wait(&mut self.child, limit) {
            Some(status) => self.output(status),
            None => {
                let status = end(&mut self.child);
                let said = self.said.clone();
                panic!("{said} did not end within {} s: {:?}", limit.as_secs(), self.output(status));
            }
        }
    }

    /// Ends it, and takes what it printed.
    #[must_use]
    pub fn kill(mut self) -> Output {
        let status = end(&mut self.child);
        self.output(status)
    }

    fn output(&mut self, status: ExitStatus) -> Output {
        // A grandchild may hold the pipes open; what is there by then is what there is.
        let patience = Instant::now() + Duration::from_secs(2);
        while self.readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < patience {
            thread::sleep(Duration::from_millis(5));
        }
        Output { code: status.code().unwrap_or(-1), stdout: self.stdout(), stderr: self.stderr() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            end(&mut self.child);
        }
    }
}

/// Waits for a child, for a while.
///
/// # Panics
/// When the system does not say.
pub fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return Some(status);
        }
        if begun.elapsed() > limit {
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal: `TERM`, `KILL`.
pub fn signal(pid: u32, name: &str) {
    Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).stderr(Stdio::null()).status().ok();
}

/// Ends a child at once and reaps it.
///
/// # Panics
/// When the system refuses.
pub fn end(child: &mut Child) -> ExitStatus {
    child.kill().ok();
    child.wait().expect("a child can be waited for")
}

fn collect(mut pipe: impl Read + Send + 'static, into: Arc<Mutex<Vec<u8>>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut chunk = [0; 8192];
        while let Ok(read) = pipe.read(&mut chunk) {
            if read == 0 {
                break;
            }
            into.lock().expect("no reader panics").extend_from_slice(&chunk[..read]);
        }
    })
}

fn text(bytes: &Mutex<Vec<u8>>) -> String {
    String::from_utf8_lossy(&bytes.lock().expect("no reader panics")).into_owned()
}

/// Ends a process and removes a folder when this process is gone, however it went: what is kept in a `static` is never
/// dropped, and a killed test drops nothing.
pub struct Watchdog(Child);

impl Watchdog {
    /// Watches over `pid`, and over what it writes into `folder`.
    ///
    /// # Panics
    /// When there is no shell.
    #[must_use]
    pub fn over(pid: u32, folder: &Path) -> Self {
        Self::patient(pid, folder, Duration::ZERO)
    }

    /// The same for a process that ends by itself when this one does, and has so long for it.
    ///
    /// # Panics
    /// When there is no shell.
    #[must_use]
    pub fn patient(pid: u32, folder: &Path, patience: Duration) -> Self {
        // Its standard input ends with this process; a signal to the whole group is not meant for it. The process must be
        // gone before its folder can be.
        let script = r#"trap '' INT TERM HUP; cat >/dev/null; gone() { ! grep -q '^State:.[^Z]' "/proc/$0/status" 2>/dev/null; }
            i=0; until gone || [ $i -ge $2 ]; do sleep 0.1; i=$((i+1)); done; gone || kill -9 "$0" 2>/dev/null
            i=0; until gone || [ $i -ge 100 ]; do sleep 0.1; i=$((i+1)); done; rm -rf "$1""#;
        let patience = (patience.as_millis() / 100).to_string();
        let child = Command::new("sh")
            .args([OsStr::new("-c"), script.as_ref(), pid.to_string().as_ref(), folder.as_os_str(), patience.as_ref()])
            .stdin(Stdio::piped())
            .spawn()
            .expect("there is a shell");
        Self(child)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // Whoever drops it ends the process itself: by then its id may be another's.
        end(&mut self.0);
    }
}

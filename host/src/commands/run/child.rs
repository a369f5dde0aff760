//! A command as a child: signals go on to it, and its end is told as a shell tells it.

use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{self, SignalKind};

/// The signals that would end this process, or that its caller may mean for the command.
pub struct Signals {
    interrupt: unix::Signal,
    quit: unix::Signal,
    terminate: unix::Signal,
    hangup: unix::Signal,
    user1: unix::Signal,
    user2: unix::Signal,
}

impl Signals {
    /// Receives them from now on, instead of being ended by them.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn take() -> io::Result<Self> {
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            quit: unix::signal(SignalKind::quit())?,
            terminate: unix::signal(SignalKind::terminate())?,
            hangup: unix::signal(SignalKind::hangup())?,
            user1: unix::signal(SignalKind::user_defined1())?,
            user2: unix::signal(SignalKind::user_defined2())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.quit.recv() => Signal::QUIT,
            _ = self.terminate.recv() => Signal::TERM,
            _ = self.hangup.recv() => Signal::HUP,
            _ = self.user1.recv() => Signal::USR1,
            _ = self.user2.recv() => Signal::USR2,
        }
    }
}

/// Runs a command to its end and gives the code that a shell would.
pub async fn run(command: &[String], environment: &[(&str, &OsStr)], signals: &mut Signals) -> u8 {
    let Some((program, arguments)) = command.split_first() else { return 127 };
    let spawned = Command::new(program).args(arguments).envs(environment.iter().copied()).kill_on_drop(true).spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            eprintln!("portcullis: cannot run {program}: {error}");
            return if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
        }
    };
    // A terminal sends Ctrl-C and Ctrl-\ to the command by itself, and twice would be "at once" to many commands.
    let terminal = io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal();
    loop {
        tokio::select! {
            ended = child.wait() => return match ended {
                Ok(status) => code(status),
                Err(error) => {
                    eprintln!("portcullis: cannot wait for {program}: {error}");
                    126
                }
            },
            signal = signals.next() => {
                if !(terminal && matches!(signal, Signal::INT | Signal::QUIT)) {
                    pass(&child, signal);
                }
            }
        }
    }
}

fn pass(child: &Child, signal: Signal) {
    // No id any more: it has ended, and the wait is about to tell.
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid
        && let Err(error) = kill_process(pid, signal)
    {
        tracing::debug!(%error, "a signal could not be passed on");
    }
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(u8::MAX)
}

//! A program that takes records, started and stopped as a test wants it.

use std::fs::{self, File};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use portcullis_tests::process::{Watchdog, end};
use portcullis_tests::{places, until};

/// A running receiver. Ends when dropped, or with the test process.
pub struct Receiver {
    child: Child,
    _watchdog: Watchdog,
}

impl Receiver {
    /// Starts a program with arguments in a folder of its own, and waits until its port answers.
    pub fn start(name: &str, folder: &Path, port: u16, arguments: &[&str]) -> Receiver {
        fs::create_dir_all(folder).expect("a folder can be made");
        let log = folder.join("log");
        let output = File::options().create(true).append(true).open(&log).expect("it can be written");
        let mut child = Command::new(places::receiver(name))
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a file can be shared"))
            .stderr(output)
            .spawn()
            .expect("it runs");
        // What it wrote is read when it has ended, so its folder is the test's to remove.
        let watchdog = Watchdog::over(child.id(), &folder.join("nothing"));
        until(Duration::from_secs(30), &format!("for {name}"), || {
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                panic!("{name} ended ({status}): {}", fs::read_to_string(&log).unwrap_or_default());
            }
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        Receiver { child, _watchdog: watchdog }
    }

    /// Kills it.
    pub fn stop(mut self) {
        end(&mut self.child);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

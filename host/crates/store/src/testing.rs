//! A PostgreSQL server for tests: the one installed on this machine, started in a temporary folder on a socket in it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::db::Location;

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    folder: tempfile::TempDir,
    pg_ctl: PathBuf,
}

/// Where Debian, and those who build it themselves, keep the programs.
fn program(name: &str) -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// PostgreSQL refuses to run as root, so root runs it as the user `postgres`.
fn as_postgres(program: &Path) -> Command {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    // The server inherits what it is given, and must not hold the test's pipes open.
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("{shown}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{shown}: {status}")) }
}

impl Postgres {
    /// Start one. Nothing, after a line on stderr that says why, when there is none on this machine.
    ///
    /// # Panics
    /// When there is one but it does not start: that is a failure, no reason to skip.
    pub fn start() -> Option<Postgres> {
        let (Some(initdb), Some(pg_ctl)) = (program("initdb"), program("pg_ctl")) else {
            // Past the test harness, which would swallow what a passing test prints.
            let _ = writeln!(
                std::io::stderr(),
                "skipped: the tests on PostgreSQL, because neither PATH nor /usr/lib/postgresql has initdb and pg_ctl; \
                 install postgresql"
            );
            return None;
        };
        match Self::start_with(&initdb, pg_ctl) {
            Ok(server) => Some(server),
            Err(why) => panic!("PostgreSQL is installed but does not start: {why}"),
        }
    }

    fn start_with(initdb: &Path, pg_ctl: PathBuf) -> Result<Postgres, String> {
        let folder = tempfile::Builder::new().prefix("portcullis-pg-").tempdir().map_err(|error| error.to_string())?;
        // Works for root; anybody else owns the folder already.
        let _ = run(Command::new("chown").arg("postgres:").arg(folder.path()));
        let data = folder.path().join("data");
        run(as_postgres(initdb)
            .current_dir(folder.path())
            .args(["-U", "portcullis", "-A", "trust", "-E", "UTF8", "--no-sync", "-D"])
            .arg(&data))?;
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off -c max_connections=200",
            folder.path().display()
        );
        let server = Postgres { folder, pg_ctl };
        run(as_postgres(&server.pg_ctl)
            .current_dir(server.folder.path())
            .args(["-w", "-t", "60", "-o", &options, "-l"])
            .arg(server.folder.path().join("log"))
            .arg("-D")
            .arg(&data)
            .arg("start"))?;
        Ok(server)
    }

    /// Where it is.
    pub fn location(&self) -> Location {
        Location::Postgres(format!("postgres://portcullis@localhost/postgres?host={}", self.folder.path().display()))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = run(as_postgres(&self.pg_ctl)
            .current_dir("/")
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .args(["-m", "immediate", "-w", "stop"]));
    }
}

//! Where a benchmark keeps its files, and small things that they all need.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A certificate for 127.0.0.1 that is its own authority, with its key.
pub struct Certificate {
    /// PEM.
    pub certificate: PathBuf,
    /// PEM.
    pub key: PathBuf,
}

impl Certificate {
    /// Makes one, as fast a kind as the gateway's own: ECDSA on P-256.
    pub fn make(folder: &Path) -> Result<Self> {
        let this = Self { certificate: folder.join("server.crt"), key: folder.join("server.key") };
        let mut command = Command::new("openssl");
        command
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1"])
            // rustls takes no authority as a server's own certificate.
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-keyout")
            .arg(&this.key)
            .arg("-out")
            .arg(&this.certificate);
        output(&mut command).context("openssl makes the upstream's certificate")?;
        Ok(this)
    }
}

/// A folder that goes when this does.
pub fn scratch(name: &str) -> Result<tempfile::TempDir> {
    Ok(tempfile::Builder::new().prefix(&format!("portcullis-bench-{name}-")).tempdir()?)
}

/// A port that is free now. Whoever binds it says so when it is taken meanwhile.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(listener.local_addr()?.port())
}

/// A kubeconfig with a token.
pub fn kubeconfig(file: &Path, server: &str, authority: &Path, token: &str) -> Result<()> {
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: bench\n\
         clusters: [{{ name: bench, cluster: {{ server: \"{server}\", certificate-authority: \"{}\" }} }}]\n\
         users: [{{ name: bench, user: {{ token: \"{token}\" }} }}]\n\
         contexts: [{{ name: bench, context: {{ cluster: bench, user: bench }} }}]\n",
        authority.display()
    );
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// Runs a command to its end and gives what it printed.
pub fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot run {name}: install it (Debian has it)"))?;
    if !output.status.success() {
        bail!("{name} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Waits until something holds.
pub fn wait(what: &str, limit: Duration, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !holds()? {
        if begun.elapsed() > limit {
            bail!("{what}: not within {} s", limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// The cargo that runs this, or the one in the path.
pub fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

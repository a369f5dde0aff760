//! nginx, as what the gateway is compared with and as an upstream that answers at once.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use super::place::{self, Certificate};
use super::process::Process;

const START_LIMIT: Duration = Duration::from_secs(10);

/// A running nginx.
pub struct Nginx {
    /// Its processes.
    pub process: Process,
    /// `https://127.0.0.1:PORT`.
    pub url: String,
}

/// A plain TLS reverse proxy: what a gateway that does nothing would be. It takes the client's token away and adds the
/// upstream's, keeps connections alive on both sides, and writes no log. It does not verify the upstream's certificate, since
/// this one is for an address, which nginx matches only from 1.27 on; on kept-alive connections that costs nothing anyway.
pub fn proxy(folder: &Path, certificate: &Certificate, upstream: &str, token: &str) -> Result<Nginx> {
    let address = upstream.strip_prefix("https://").context("the upstream is no https URL")?;
    let http = format!("upstream api {{ server {address}; keepalive 64; keepalive_requests 100000000; }}\n");
    let location = format!(
        "location / {{\n\
           proxy_pass https://api;\n\
           proxy_http_version 1.1;\n\
           proxy_set_header Connection \"\";\n\
           proxy_set_header Host {address};\n\
           proxy_set_header Authorization \"Bearer {token}\";\n\
         }}\n"
    );
    start(folder, certificate, &http, &location)
}

/// An upstream that answers a small object to everything, and files at some paths.
pub fn upstream(folder: &Path, certificate: &Certificate, body: &str, files: &[(&str, &Path)]) -> Result<Nginx> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("small.json"), body)?;
    let at = |(path, file): &(&str, &Path)| format!("location = {path} {{ alias {}; default_type application/json; types {{ }} }}\n", file.display());
    let files: String = files.iter().map(at).collect();
    // `return` costs nothing, but its text is a pattern: `$` would be a variable, and quotes have to be escaped.
    let text = body.replace('\\', "\\\\").replace('\'', "\\'");
    let location = format!("location / {{ default_type application/json; return 200 '{text}'; }}\n{files}");
    start(folder, certificate, "", &location)
}

fn start(folder: &Path, certificate: &Certificate, http: &str, locations: &str) -> Result<Nginx> {
    fs::create_dir_all(folder)?;
    let port = place::free_port()?;
    let folder_text = folder.display();
    let config = format!(
        "daemon off; worker_processes auto; pid {folder_text}/nginx.pid; error_log {folder_text}/error.log warn;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n\
         access_log off; sendfile on; keepalive_requests 100000000; keepalive_timeout 600s;\n\
         client_body_temp_path {folder_text}/client; proxy_temp_path {folder_text}/proxy; fastcgi_temp_path {folder_text}/fastcgi;\n\
         uwsgi_temp_path {folder_text}/uwsgi; scgi_temp_path {folder_text}/scgi;\n\
         {http}\
         server {{\n\
         listen 127.0.0.1:{port} ssl;\n\
         ssl_certificate {}; ssl_certificate_key {}; ssl_protocols TLSv1.2 TLSv1.3;\n\
         {locations}\
         }}\n}}\n",
        certificate.certificate.display(),
        certificate.key.display(),
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, config)?;
    let log = fs::File::create(folder.join("nginx.log"))?;
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&file).arg("-e").arg(folder.join("error.log")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut process = Process(command.spawn().context("cannot run nginx: install Debian's `nginx`")?);
    place::wait("nginx answers", START_LIMIT, || {
        if let Some(status) = process.0.try_wait()? {
            anyhow::bail!("nginx did not start ({status}): {}", fs::read_to_string(folder.join("nginx.log"))?.trim());
        }
        Ok(TcpStream::connect(("127.0.0.1", port)).is_ok())
    })?;
    Ok(Nginx { process, url: format!("https://127.0.0.1:{port}") })
}

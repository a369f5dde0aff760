//! Who pushes and pulls: a name and a password, or what `docker login` left behind.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

/// Bytes of the file, and of a helper's answer.
const BYTES: u64 = 1 << 20;

/// How long a helper may take: some ask a keychain.
const HELPER_LIMIT: Duration = Duration::from_secs(15);

/// Where credentials come from.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Nobody in particular.
    #[default]
    Anonymous,
    /// A name and a password, for whatever registry is asked.
    Password(String, Zeroizing<String>),
    /// A file of docker's form: `config.json`, with its helpers. A registry that is not in it is asked as nobody in particular.
    Docker(PathBuf),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Credentials::Anonymous => f.write_str("Anonymous"),
            Credentials::Password(name, _) => f.debug_tuple("Password").field(name).finish(),
            Credentials::Docker(path) => f.debug_tuple("Docker").field(path).finish(),
        }
    }
}

/// Why credentials cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("cannot read the registry credentials in {path}: {why}; run `docker login` again, or give another file", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A helper gives none.
    #[error("docker-credential-{helper} gives no credentials for {registry}: {why}; run `docker login {registry}` again")]
    Helper {
        /// Which.
        helper: String,
        /// For whom.
        registry: String,
        /// Why.
        why: String,
    },
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: HashMap<String, Entry>,
    creds_store: Option<String>,
    cred_helpers: HashMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

impl Credentials {
    /// `$DOCKER_CONFIG/config.json`, or `~/.docker/config.json`, when there is one.
    pub fn of_user() -> Credentials {
        let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
        let folder = folder.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".docker")));
        match folder.map(|folder| folder.join("config.json")).filter(|file| file.is_file()) {
            Some(file) => Credentials::Docker(file),
            None => Credentials::Anonymous,
        }
    }

    pub(crate) async fn of(&self, registry: &str) -> Result<RegistryAuth, CredentialsError> {
        match self {
            Credentials::Anonymous => Ok(RegistryAuth::Anonymous),
            Credentials::Password(name, password) => Ok(RegistryAuth::Basic(name.clone(), password.to_string())),
            Credentials::Docker(path) => {
                let config = read(path)?;
                let found = config.auths.iter().find(|(key, _)| host(key) == registry).map(|(_, entry)| entry);
                if let Some(helper) = config.cred_helpers.get(registry).or(config.creds_store.as_ref().filter(|_| found.is_some())) {
                    return ask(helper, registry).await;
                }
                Ok(found.and_then(plain).unwrap_or(RegistryAuth::Anonymous))
            }
        }
    }
}

/// Keys are hosts, or addresses as docker wrote them once: `https://registry.example/v1/`.
fn host(key: &str) -> &str {
    let key = key.split_once("://").map_or(key, |(_, rest)| rest);
    key.split('/').next().unwrap_or_default()
}

fn plain(entry: &Entry) -> Option<RegistryAuth> {
    if let Some(auth) = &entry.auth {
        let text = String::from_utf8(STANDARD.decode(auth).ok()?).ok()?;
        let (name, password) = text.split_once(':')?;
        return Some(RegistryAuth::Basic(name.to_owned(), password.to_owned()));
    }
    Some(RegistryAuth::Basic(entry.username.clone()?, entry.password.clone()?))
}

fn read(path: &Path) -> Result<Config, CredentialsError> {
    use std::io::Read as _;
    let wrong = |why: String| CredentialsError::File { path: path.to_owned(), why };
    let mut text = Zeroizing::new(Vec::new());
    std::fs::File::open(path).and_then(|file| file.take(BYTES).read_to_end(&mut text)).map_err(|e| wrong(e.to_string()))?;
    serde_json::from_slice(&text).map_err(|e| wrong(e.to_string()))
}

/// Docker's protocol of helpers: the registry on standard input, JSON on standard output.
async fn ask(helper: &str, registry: &str) -> Result<RegistryAuth, CredentialsError> {
    let wrong = |why: String| CredentialsError::Helper { helper: helper.to_owned(), registry: registry.to_owned(), why };
    if !helper.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err(wrong("its name has strange characters".to_owned()));
    }
    let exchange = async {
        let mut child = tokio::process::Command::new(format!("docker-credential-{helper}"))
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(registry.as_bytes()).await?;
        }
        let mut text = Zeroizing::new(Vec::new());
        if let Some(stdout) = child.stdout.take() {
            stdout.take(BYTES).read_to_end(&mut text).await?;
        }
        Ok::<_, std::io::Error>((child.wait().await?, text))
    };
    let (status, text) = match tokio::time::timeout(HELPER_LIMIT, exchange).await {
        Err(_) => return Err(wrong(format!("it has not answered within {} s", HELPER_LIMIT.as_secs()))),
        Ok(outcome) => outcome.map_err(|e| wrong(e.to_string()))?,
    };
    if !status.success() {
        return Err(wrong(format!("it ended with {status}")));
    }
    let answer: Answer = serde_json::from_slice(&text).map_err(|_| wrong("its answer is not what docker expects of it".to_owned()))?;
    Ok(match answer.username.as_str() {
        // By docker's convention the secret is then a token of the registry.
        "<token>" => RegistryAuth::Bearer(answer.secret),
        _ => RegistryAuth::Basic(answer.username, answer.secret),
    })
}

#[cfg(test)]
mod tests;

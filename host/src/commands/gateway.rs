//! Which gateway a command talks to, and as whom.

use std::io::Read;
use std::path::{Path, PathBuf};

use reqwest::Url;

use super::failure::Failure;
use super::login::renewal;
use crate::client::{self, Client};
use crate::login_store::{Login, LoginStore};

/// Far above what an issuer gives out.
const TOKEN_MAX: u64 = 64 * 1024;

/// The gateway, for every command that talks to one.
#[derive(Clone, Debug, clap::Args)]
pub struct GatewayArgs {
    /// The gateway's address; without it, the one that was logged in to last.
    #[arg(long, global = true, help_heading = "Gateway", value_name = "URL", env = "PORTCULLIS_GATEWAY", hide_env_values = true)]
    pub gateway: Option<String>,
    /// PEM file of the certificate authority that the gateway's certificate is from, when the system does not know it.
    #[arg(long, global = true, help_heading = "Gateway", value_name = "FILE", env = "PORTCULLIS_CA_FILE", hide_env_values = true)]
    pub ca_file: Option<PathBuf>,
    /// A file with an OIDC token (or a session's), read anew each time: for programs. No login is needed then.
    #[arg(long, global = true, help_heading = "Gateway", value_name = "FILE", env = "PORTCULLIS_TOKEN_FILE", hide_env_values = true)]
    pub token_file: Option<PathBuf>,
}

/// A gateway that was found, with whose word to speak to it.
#[derive(Debug)]
pub struct Connected {
    /// The client.
    pub client: Client,
    /// Its certificate authority's file.
    pub ca_file: Option<PathBuf>,
    /// Tells logins apart: of whom what is cached is.
    pub login: String,
}

impl GatewayArgs {
    /// The gateway's address, by what was typed or by the last login.
    ///
    /// # Errors
    /// When neither says one.
    pub fn address(&self) -> Result<Url, Failure> {
        let address = match &self.gateway {
            Some(address) => address.clone(),
            None => LoginStore::of_user()?.current()?.ok_or_else(|| {
                Failure::NotLoggedIn("no gateway is known here; run `portcullis login --gateway URL` first".to_owned())
            })?,
        };
        Ok(client::address(&address)?)
    }

    /// The kept login at a gateway. Without a home folder there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    fn kept(&self, gateway: &str) -> Result<Option<Login>, Failure> {
        match LoginStore::of_user() {
            Ok(store) => Ok(store.login(gateway)?),
            Err(_) => Ok(None),
        }
    }

    /// A client with a good token.
    ///
    /// # Errors
    /// When nobody is logged in, or the login has ended and cannot be renewed.
    pub async fn connect(&self) -> Result<Connected, Failure> {
        let url = self.address()?;
        let gateway = name(&url);
        let (token, ca_file, login) = match &self.token_file {
            Some(file) => {
                let kept_ca = || self.kept(&gateway).ok().flatten().and_then(|login| login.ca_file);
                (read_token(file)?, self.ca_file.clone().or_else(kept_ca), format!("file {}", file.display()))
            }
            None => {
                let login = self.kept(&gateway)?.ok_or_else(|| {
                    Failure::NotLoggedIn(format!("you are not logged in to {gateway}; run `portcullis login --gateway {gateway}`"))
                })?;
                let ca_file = self.ca_file.clone().or_else(|| login.ca_file.clone());
                (renewal::token(&LoginStore::of_user()?, login).await?, ca_file, "login".to_owned())
            }
        };
        let login = format!("{login} {}", subject(&token));
        Ok(Connected { client: Client::new(url, ca_file.as_deref(), Some(token))?, ca_file, login })
    }
}

/// A gateway's address as it is kept: without a slash at the end.
#[must_use]
pub fn name(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// Reads a token from a file.
///
/// # Errors
/// When there is none in it.
pub fn read_token(file: &Path) -> Result<String, Failure> {
    let wrong = |why: String| Failure::NotLoggedIn(format!("cannot read a token from {}: {why}; give another --token-file", file.display()));
    let mut text = String::new();
    std::fs::File::open(file)
        .and_then(|opened| opened.take(TOKEN_MAX).read_to_string(&mut text))
        .map_err(|e| wrong(e.to_string()))?;
    let token = text.trim();
    if token.is_empty() || token.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(wrong("it holds no token".to_owned()));
    }
    Ok(token.to_owned())
}

/// Issuer and subject of a token as it says itself: enough to tell what is cached for whom; the gateway verifies.
fn subject(token: &str) -> String {
    let claims = super::login::issuer::claims(token);
    let claim = |name: &str| claims.as_ref().and_then(|claims| claims.get(name)?.as_str().map(str::to_owned)).unwrap_or_default();
    format!("{} {}", claim("iss"), claim("sub"))
}

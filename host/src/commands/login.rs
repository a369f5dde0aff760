//! `login`, `logout`, `whoami`.

pub mod browser;
pub mod device;
pub mod issuer;
pub mod renewal;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::credential;
use super::failure::Failure;
use super::gateway::{self, GatewayArgs};
use super::output::{self, OutputArgs, Row, clean, details, say, text};
use crate::client::{Client, ClientError};
use crate::login_store::{Login, LoginStore, Method};
use issuer::Issuer;

/// Log in to a gateway: in the browser, unless told otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "With --token-file the file itself is kept as the login and read anew each time, \
                        as workload identity wants it.")]
pub struct Args {
    /// Log in on another device: shows a code to type there.
    #[arg(long, conflicts_with_all = ["client_credentials", "no_browser"])]
    device: bool,
    /// Log in as a program with a secret of its own.
    #[arg(long, requires = "client_id", requires = "client_secret_file")]
    client_credentials: bool,
    /// What this program is called at the issuer, when the gateway does not say.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The file of the program's secret, read each time a token is needed.
    #[arg(long, value_name = "FILE", requires = "client_credentials")]
    client_secret_file: Option<PathBuf>,
    /// What the token is to be for, when the issuer has to be told.
    #[arg(long, value_name = "AUDIENCE", requires = "client_credentials")]
    audience: Option<String>,
    /// Which issuer, when the gateway trusts several.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Only print the address to open.
    #[arg(long)]
    no_browser: bool,
    #[command(flatten)]
    gateway: GatewayArgs,
}

/// What the gateway tells everybody: whose tokens it trusts.
#[derive(Debug, Deserialize)]
struct Offers {
    issuers: Vec<Offer>,
}

#[derive(Debug, Clone, Deserialize)]
struct Offer {
    issuer: String,
    client_id: String,
}

/// `login`.
///
/// # Errors
/// When the person or the issuer says no, or the gateway does not take the token.
pub async fn login(args: Args) -> Result<(), Failure> {
    let url = args.gateway.address()?;
    let ca_file = args.gateway.ca_file.as_deref().map(absolute).transpose()?;
    let anonymous = Client::new(url.clone(), ca_file.as_deref(), None)?;
    let mut login = Login {
        gateway: gateway::name(&url),
        ca_file,
        method: Method::TokenFile { file: PathBuf::new() },
        token: None,
        expires: None,
    };
    let token = match &args.gateway.token_file {
        Some(file) if !args.device && !args.client_credentials => {
            login.method = Method::TokenFile { file: absolute(file)? };
            gateway::read_token(file)?
        }
        _ => {
            let tokens = obtained(&args, &anonymous, &mut login).await?;
            renewal::take(&mut login, tokens)?;
            login.token.clone().unwrap_or_default()
        }
    };
    let me: Value = anonymous.with_token(token).get(&["whoami"], &[]).await?;
    LoginStore::of_user()?.keep(&login)?;
    say(&format!("logged in to {} as {}", login.gateway, described(&me)))
}

async fn obtained(args: &Args, anonymous: &Client, login: &mut Login) -> Result<issuer::Tokens, Failure> {
    let offer = offered(args, anonymous).await?;
    let (issuer, client_id) = (offer.issuer, offer.client_id);
    if let (true, Some(secret_file)) = (args.client_credentials, &args.client_secret_file) {
        let secret_file = absolute(secret_file)?;
        let authority = login.ca_file.as_deref();
        let tokens = renewal::client_credentials(&issuer, authority, &client_id, &secret_file, args.audience.as_deref()).await?;
        login.method = Method::ClientCredentials { issuer, client_id, secret_file, audience: args.audience.clone() };
        return Ok(tokens);
    }
    let found = Issuer::discover(&issuer, login.ca_file.as_deref()).await?;
    let tokens = if args.device {
        device::login(&found, &client_id, |todo| {
            eprintln!("Open {}\nand type the code {}", clean(&todo.page), clean(&todo.code));
            if let Some(complete) = &todo.complete {
                eprintln!("or open {}", clean(complete));
            }
        })
        .await?
    } else {
        browser::login(&found, &client_id, |url| {
            eprintln!("Log in at this address; it opens by itself where there is a browser:\n{}", clean(url));
            if !args.no_browser {
                browser::open(url);
            }
        })
        .await?
    };
    login.method = Method::Person { issuer, client_id, refresh_token: None };
    Ok(tokens)
}

/// The issuer to go to, and what this program is called there.
async fn offered(args: &Args, anonymous: &Client) -> Result<Offer, Failure> {
    let offers: Offers = anonymous.get(&["login"], &[]).await?;
    let mut fitting: Vec<Offer> = offers.issuers;
    if let Some(wanted) = &args.issuer {
        fitting.retain(|offer| offer.issuer == *wanted);
    }
    let mut offer = match (fitting.len(), fitting.pop()) {
        (1, Some(offer)) => offer,
        (0, _) => {
            return Err(Failure::No("the gateway trusts no such issuer; leave --issuer out to see which it trusts".to_owned()));
        }
        (_, last) => {
            let names: Vec<String> = fitting.iter().chain(&last).map(|offer| clean(&offer.issuer)).collect();
            return Err(Failure::Usage(format!("the gateway trusts several issuers; choose one with --issuer: {}", names.join(", "))));
        }
    };
    if let Some(client_id) = &args.client_id {
        offer.client_id.clone_from(client_id);
    }
    Ok(offer)
}

fn absolute(file: &Path) -> Result<PathBuf, Failure> {
    file.canonicalize().map_err(|e| Failure::Usage(format!("cannot read {}: {e}; give a file that is there", file.display())))
}

/// Forget the login at a gateway, and end the sessions that were opened for kubectl by it.
#[derive(Debug, clap::Args)]
pub struct LogoutArgs {
    #[command(flatten)]
    gateway: GatewayArgs,
}

/// `logout`.
///
/// # Errors
/// When nobody was logged in.
pub async fn logout(args: LogoutArgs) -> Result<(), Failure> {
    let url = args.gateway.address()?;
    let name = gateway::name(&url);
    let store = LoginStore::of_user()?;
    let ca_file = args.gateway.ca_file.or(store.login(&name).ok().flatten().and_then(|login| login.ca_file));
    credential::end_all(&url, ca_file.as_deref()).await;
    if store.forget(&name)? {
        say(&format!("logged out of {name}"))
    } else {
        Err(Failure::NotLoggedIn(format!("you were not logged in to {name}")))
    }
}

/// Say who you are to the gateway.
#[derive(Debug, clap::Args)]
pub struct WhoamiArgs {
    #[command(flatten)]
    gateway: GatewayArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// `whoami`.
///
/// # Errors
/// When nobody is logged in.
pub async fn whoami(args: WhoamiArgs) -> Result<(), Failure> {
    let client = args.gateway.connect().await?.client;
    let row: Row = client.get(&["whoami"], &[]).await?;
    output::object(&row, args.output.output, who)
}

fn who(me: &Value) -> String {
    let rights = ["operator", "auditor"].into_iter().filter(|right| me[*right] == true).collect::<Vec<_>>().join(", ");
    details(&[
        ("Subject", clean(&text(me, "/subject"))),
        ("Kind", clean(&text(me, "/kind"))),
        ("Groups", clean(&text(me, "/groups"))),
        ("Sponsor", clean(&text(me, "/sponsor"))),
        ("Issuer", clean(&text(me, "/issuer"))),
        ("Rights", rights),
    ])
}

/// `alice (human; approvers)`
fn described(me: &Value) -> String {
    let groups = text(me, "/groups");
    let groups = if groups.is_empty() { String::new() } else { format!("; {groups}") };
    clean(&format!("{} ({}{groups})", text(me, "/subject"), text(me, "/kind")))
}

/// Whether an error says that a token is no longer taken.
#[must_use]
pub fn is_over(error: &ClientError) -> bool {
    matches!(error, ClientError::Status { code: 401, .. })
}

#[cfg(test)]
mod tests;

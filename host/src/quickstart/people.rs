//! The development identities: their issuer, tokens and kubeconfigs.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use identity::{IssuerConfig, Kind, KindRule};

use super::folder::{Folder, write_private};
use crate::kubeconfig;

/// What the tokens are for.
const AUDIENCE: &str = "portcullis";

/// Starts the issuer at the port that it had before, so that tokens of an earlier start stay good.
///
/// # Errors
/// When it cannot start.
pub async fn issuer(folder: &Folder) -> Result<demo::Issuer> {
    let kept = folder.issuer().join("port");
    let before = std::fs::read_to_string(&kept).ok().and_then(|text| text.trim().parse::<u16>().ok());
    let options = |port| demo::IssuerOptions {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        keys_dir: Some(folder.issuer()),
        audience: AUDIENCE.to_owned(),
        ..Default::default()
    };
    if let Some(port) = before
        && let Ok(issuer) = demo::Issuer::start(options(port)).await
    {
        return Ok(issuer);
    }
    let issuer = demo::Issuer::start(options(0)).await.context("the development issuer")?;
    write_private(&kept, issuer.address().port().to_string().as_bytes())?;
    Ok(issuer)
}

/// How the gateway reads that issuer's tokens.
pub fn trusted(issuer: &demo::Issuer) -> IssuerConfig {
    let rule = |kind, value: &str| KindRule {
        kind,
        claim: Some("kind".to_owned()),
        value: Some(value.to_owned()),
        group: None,
    };
    let mut config = IssuerConfig::new(issuer.url(), AUDIENCE);
    config.sponsor_claim = Some("sponsor".to_owned());
    config.kinds = vec![rule(Kind::Agent, "agent"), rule(Kind::Human, "human")];
    config
}

/// Writes everybody's token and kubeconfig. The kubeconfig names the token's file, so a renewed token is used at once.
///
/// # Errors
/// When a file cannot be written.
pub fn write_all(issuer: &demo::Issuer, folder: &Folder, server: &str, ttl: Duration) -> Result<()> {
    write_tokens(issuer, folder, ttl)?;
    let authority = std::fs::read(folder.tls().join("ca.crt"))?;
    for person in issuer.people() {
        let token = folder.identities().join(format!("{}.token", person.subject));
        let text = kubeconfig::with_token_file(server, &authority, &person.subject, &token);
        write_private(&folder.identities().join(format!("{}.kubeconfig", person.subject)), text.as_bytes())?;
    }
    Ok(())
}

fn write_tokens(issuer: &demo::Issuer, folder: &Folder, ttl: Duration) -> Result<()> {
    for person in issuer.people() {
        let token = issuer.mint(&person.subject, serde_json::Map::new(), ttl)?;
        write_private(&folder.identities().join(format!("{}.token", person.subject)), token.as_bytes())?;
    }
    Ok(())
}

/// Renews the tokens while the gateway runs.
pub async fn renew(issuer: Arc<demo::Issuer>, folder: Folder, every: Duration, ttl: Duration) {
    loop {
        tokio::time::sleep(every).await;
        if let Err(error) = write_tokens(&issuer, &folder, ttl) {
            tracing::error!(%error, "the development identities' tokens could not be renewed");
        }
    }
}

//! The policy set of a gateway: from a folder, or from a tag in a registry that is followed.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use artifacts::{FollowError, Follower, Reference, RegistryError, RegistryOptions, Seen, Trust};
use jiff::Timestamp;
use policy::{Live, Source};
use tokio_util::sync::CancellationToken;

/// The longest pause between two looks at a registry that does not answer, when the interval itself is shorter.
const PATIENCE: Duration = Duration::from_secs(600);

/// Where the bundle is.
#[derive(Debug, Clone)]
pub enum Bundle {
    /// A folder that is watched.
    Folder(PathBuf),
    /// An artifact; asked for again after each interval, when it is a tag.
    Registry {
        /// Which.
        reference: Reference,
        /// How its registry is reached.
        options: RegistryOptions,
        /// Between two looks.
        interval: Duration,
    },
}

impl std::fmt::Display for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Bundle::Folder(path) => path.display().fmt(f),
            Bundle::Registry { reference, .. } => reference.fmt(f),
        }
    }
}

/// The operator's trust, asked by the engine about each bundle before anything of it is compiled.
pub struct Trusting(pub Trust);

impl policy::Admission for Trusting {
    fn admit(&self, files: &artifacts::Files) -> Result<(), String> {
        let trusted = self.0.check(files).map_err(|error| error.to_string())?;
        tracing::info!(signers = %trusted.signers.join(", "), "a bundle is admitted");
        Ok(())
    }
}

/// A live set, and what keeps it up with its registry.
pub struct Policies {
    /// The set.
    pub live: Arc<Live>,
    following: Option<Following>,
}

struct Following {
    follower: Follower,
    interval: Duration,
    /// The set is an older copy: the registry is to be asked at once.
    at_once: bool,
}

/// Opens the set. Former sets are kept below `state`, and so are copies of what is pulled.
///
/// # Errors
/// When nothing can go live: neither what the folder or the registry has, nor a copy that was good before.
pub async fn open(engine: policy::Engine, bundle: &Bundle, grants: policy::Grants, state: &Path) -> Result<Policies> {
    let kept = state.join("policy");
    let (reference, options, interval) = match bundle {
        Bundle::Folder(folder) => {
            let live = Live::open_keeping(engine, folder, grants, kept).await?;
            return Ok(Policies { live: Arc::new(live), following: None });
        }
        Bundle::Registry { reference, options, interval } => (reference.clone(), options.clone(), *interval),
    };
    let follower = Follower::new(reference, options, &state.join("bundles"));
    let restored = match follower.restore()? {
        // The registry may be away: what was good is good until somebody says otherwise.
        true => match Live::open_keeping(engine.clone(), follower.live(), grants.clone(), &kept).await {
            Ok(live) => Some(live),
            Err(error) => {
                tracing::warn!(%error, "the last good copy of the policies cannot go live any more; asking the registry");
                follower.discard()?;
                None
            }
        },
        false => None,
    };
    let (live, at_once) = match restored {
        Some(live) => (live, true),
        None => {
            follower.look().await?;
            let live = Live::open_keeping(engine, follower.live(), grants, kept).await?;
            follower.keep()?;
            (live, false)
        }
    };
    let live = Arc::new(live);
    tell(&live, &follower, None);
    Ok(Policies { live, following: Some(Following { follower, interval, at_once }) })
}

impl Policies {
    /// Follows the registry until `stop`; ends at once for a folder, which is watched anyway, and for a pinned artifact that is there.
    pub fn follow(self, stop: CancellationToken) -> impl Future<Output = ()> + Send {
        let live = self.live;
        async move {
            let Some(following) = self.following.filter(|following| !following.follower.is_pinned()) else { return };
            let mut wait = if following.at_once { Duration::ZERO } else { following.interval };
            let mut failures = 0;
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(wait) => {}
                }
                match following.look(&live).await {
                    Ok(()) => failures = 0,
                    Err(error) => {
                        failures += 1;
                        told(&live, &following.follower, &error);
                    }
                }
                wait = pause(following.interval, failures);
            }
        }
    }
}

impl Following {
    async fn look(&self, live: &Live) -> Result<(), FollowError> {
        let seen = self.follower.look().await?;
        tell(live, &self.follower, None);
        let Seen::Staged(digest) = seen else { return Ok(()) };
        tracing::info!(reference = %self.follower.reference(), %digest, "the policies' tag has moved");
        // What cannot go live is in the status; the copy that was good before stays the one to start with.
        if live.catch_up().await.is_ok() {
            self.follower.keep()?;
        }
        Ok(())
    }
}

fn tell(live: &Live, follower: &Follower, error: Option<String>) {
    live.sourced(Source { reference: follower.reference().to_string(), digest: follower.staged(), checked: Timestamp::now(), error });
}

fn told(live: &Live, follower: &Follower, error: &FollowError) {
    let message = error.to_string();
    // An artifact that is no bundle, or not what its digests say, is a set that is refused; a registry that is away is not.
    let news = live.status().rejected.is_none_or(|rejected| rejected.message != message);
    if matches!(error, FollowError::Registry(RegistryError::Layout { .. })) && news {
        live.refuse(message.clone());
    }
    tracing::warn!(error = %message, "the policies' registry was asked in vain: the last good set stays live");
    tell(live, follower, Some(message));
}

/// Twice as long after each failure, up to ten minutes or the interval itself; a tenth more or less, so that replicas do not ask together.
fn pause(interval: Duration, failures: u32) -> Duration {
    let longest = PATIENCE.max(interval);
    let wait = interval.saturating_mul(1 << failures.min(16)).min(longest);
    wait.mul_f64(rand::random_range(0.9..1.1))
}

/// Reads `bundle`, with what goes with it.
///
/// # Errors
/// With the key and what to write instead.
pub fn bundle(text: &str, registry: &crate::config::Registry) -> Result<Bundle> {
    if !Reference::is_meant(text) {
        return Ok(Bundle::Folder(text.into()));
    }
    let reference = text.parse().context("`bundle`")?;
    let seconds = crate::commands::seconds(&registry.interval).context("`registry.interval`")?;
    Ok(Bundle::Registry { reference, options: self::registry(registry), interval: Duration::from_secs(u64::from(seconds)) })
}

/// How the registries are reached that `registry` is about.
pub fn registry(registry: &crate::config::Registry) -> RegistryOptions {
    let credentials = match &registry.credentials {
        Some(file) => artifacts::Credentials::Docker(file.clone()),
        None => artifacts::Credentials::Anonymous,
    };
    RegistryOptions { credentials, plain_http: registry.plain_http, ca: registry.ca.clone() }
}

/// Reads `trust`: its keys are read now, so that a wrong path is told at the start.
///
/// # Errors
/// With the key of the configuration and what to write instead.
pub fn trust(trust: &crate::config::Trust) -> Result<Trust> {
    anyhow::ensure!(!trust.keys.is_empty(), "`trust.keys` is empty, so no bundle could be trusted; name at least one key, or leave `trust` out");
    let keys = trust.keys.iter().map(|key| artifacts::PublicKey::read(&key.name, &key.file).context("`trust.keys`"));
    Ok(Trust { require: trust.require, keys: keys.collect::<Result<_>>()? })
}

#[cfg(test)]
mod tests;

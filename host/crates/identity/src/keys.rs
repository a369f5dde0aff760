//! An issuer's keys: where they are, when they are asked for again, and what happens when they cannot be had.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use openidconnect::core::CoreJsonWebKeySet;
use openidconnect::url::Url;
use openidconnect::{AsyncHttpClient, DiscoveryError, JsonWebKey, JsonWebKeySetUrl};
use serde::{Deserialize, Serialize};
use store::now_micros;
use tokio::sync::Mutex;

use crate::config::{ConfigError, IssuerConfig};
use crate::fetch::{FetchError, Fetcher, trusted_scheme};
use crate::verifier::VerifierOptions;

/// One configured issuer, with the keys that it publishes.
#[derive(Debug)]
pub(crate) struct Issuer {
    pub(crate) config: IssuerConfig,
    fetcher: Fetcher,
    options: VerifierOptions,
    keys: ArcSwapOption<CoreJsonWebKeySet>,
    /// Goes up whenever the keys change: what was verified under an earlier epoch is verified again.
    epoch: AtomicU64,
    /// Held while asking, so that many callers make one request.
    asking: Mutex<Asked>,
}

#[derive(Debug, Default)]
struct Asked {
    last: Option<Instant>,
    failure: Option<String>,
    fetched: Option<i64>,
}

/// How the gateway stands with an issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IssuerStatus {
    /// The issuer's URL.
    pub issuer: String,
    /// How many keys are known.
    pub keys: usize,
    /// When they were last fetched, in microseconds.
    pub fetched: Option<i64>,
    /// Why the last attempt failed, if it did.
    pub failure: Option<String>,
}

/// What is needed of OpenID Connect Discovery 1.0, section 3. Its other required fields are not: issuers of
/// workload identities (Kubernetes' service accounts, GitHub's and GitLab's jobs) have no authorization
/// endpoint, and `openidconnect`'s own provider metadata insists on one.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: JsonWebKeySetUrl,
}

impl Issuer {
    pub(crate) fn new(config: IssuerConfig, options: VerifierOptions) -> Result<Self, ConfigError> {
        config.check()?;
        let fetcher = Fetcher::new(&config, options.timeout)?;
        Ok(Issuer {
            config,
            fetcher,
            options,
            keys: ArcSwapOption::empty(),
            epoch: AtomicU64::new(0),
            asking: Mutex::new(Asked::default()),
        })
    }

    /// The keys as known now.
    pub(crate) fn keys(&self) -> Option<Arc<CoreJsonWebKeySet>> {
        self.keys.load_full()
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Whether the key of this id is known; without an id, any key is.
    pub(crate) fn knows(&self, key: Option<&str>) -> bool {
        match (self.keys.load().as_ref(), key) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(keys), Some(wanted)) => {
                keys.keys().iter().any(|key| key.key_id().is_some_and(|id| id.as_str() == wanted))
            }
        }
    }

    /// Ask the issuer for its keys, unless somebody did a moment ago.
    ///
    /// # Errors
    /// Why the last attempt failed.
    pub(crate) async fn refresh(&self) -> Result<(), String> {
        let came = Instant::now();
        let mut asked = self.asking.lock().await;
        if let Some(last) = asked.last {
            // Somebody asked while this caller waited, or so recently that asking again would let anybody with a
            // made-up key id make the gateway flood the issuer.
            if last >= came || last.elapsed() < self.options.ask_again_after {
                return asked.failure.clone().map_or(Ok(()), Err);
            }
        }
        let answer = self.fetch().await;
        asked.last = Some(Instant::now());
        match answer {
            Ok(keys) => {
                asked.failure = None;
                asked.fetched = Some(now_micros());
                self.take(keys);
                Ok(())
            }
            Err(why) => {
                tracing::warn!(issuer = %self.config.issuer, %why, "cannot fetch the issuer's keys");
                asked.failure = Some(why.clone());
                self.give_up_if_stale(asked.fetched);
                Err(why)
            }
        }
    }

    fn take(&self, keys: CoreJsonWebKeySet) {
        let changed = self.keys.load().as_ref().is_none_or(|known| known.keys() != keys.keys());
        if changed {
            tracing::info!(issuer = %self.config.issuer, keys = keys.keys().len(), "took the issuer's keys");
            self.keys.store(Some(Arc::new(keys)));
            self.epoch.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Keys that could not be confirmed for long may have been withdrawn.
    fn give_up_if_stale(&self, fetched: Option<i64>) {
        let Some(fetched) = fetched else { return };
        let age = Duration::from_micros(u64::try_from(now_micros() - fetched).unwrap_or(0));
        if age > self.options.keys_stale_after && self.keys.swap(None).is_some() {
            tracing::error!(issuer = %self.config.issuer, "the issuer's keys are too old to be trusted");
            self.epoch.fetch_add(1, Ordering::AcqRel);
        }
    }

    async fn fetch(&self) -> Result<CoreJsonWebKeySet, String> {
        let limit = self.options.timeout * 2;
        match tokio::time::timeout(limit, self.fetch_both()).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {} s", limit.as_secs())),
        }
    }

    async fn fetch_both(&self) -> Result<CoreJsonWebKeySet, String> {
        let base = self.config.issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let request =
            http::Request::get(&url).header("accept", "application/json").body(Vec::new()).map_err(|e| e.to_string())?;
        let answer = self.fetcher.call(request).await.map_err(|e| e.to_string())?;
        if !answer.status().is_success() {
            return Err(format!("{url} answers {}", answer.status()));
        }
        let document: Discovery =
            serde_json::from_slice(answer.body()).map_err(|e| format!("{url} is no discovery document: {e}"))?;
        // Exactly: section 4.3. Otherwise one issuer could speak for another.
        if document.issuer != self.config.issuer {
            return Err(format!("{url} is the document of another issuer, {:?}", crate::token_error::shown(&document.issuer)));
        }
        let keys: &Url = document.jwks_uri.url();
        if !trusted_scheme(keys) {
            return Err(format!("its key set {keys} is not served over https"));
        }
        CoreJsonWebKeySet::fetch_async(&document.jwks_uri, &self.fetcher).await.map_err(|e| describe(keys, &e))
    }

    pub(crate) async fn status(&self) -> IssuerStatus {
        let asked = self.asking.lock().await;
        IssuerStatus {
            issuer: self.config.issuer.clone(),
            keys: self.keys.load().as_ref().map_or(0, |keys| keys.keys().len()),
            fetched: asked.fetched,
            failure: asked.failure.clone(),
        }
    }
}

fn describe(url: &Url, error: &DiscoveryError<FetchError>) -> String {
    match error {
        DiscoveryError::Request(error) => error.to_string(),
        DiscoveryError::Response(status, _, why) => format!("{url} answers {status}: {why}"),
        DiscoveryError::Parse(error) => format!("{url} is no key set: {error}"),
        other => format!("{url}: {other}"),
    }
}

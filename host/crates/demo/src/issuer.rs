//! The development OIDC issuer: anybody may be anybody here, so that a newcomer can log in before an
//! identity provider is set up.

mod endpoints;
mod flows;
mod keys;
mod pages;
mod people;

use crate::{StageError, clock, serve::Server, tls::Authority};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use keys::KeyRing;
use parking_lot::{Mutex, RwLock};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

pub use people::{Person, people};

/// How to start an [`Issuer`].
#[derive(Clone, Debug)]
pub struct IssuerOptions {
    /// Where to listen; port 0 takes a free one. Loopback unless the caller wants otherwise.
    pub listen: SocketAddr,
    /// Whether to serve TLS with an authority of its own (see [`Issuer::ca_pem`]). Plain HTTP unless given: then the
    /// verifier has to allow an `http` issuer on loopback explicitly.
    pub tls: bool,
    /// The folder that keeps the signing keys from one start to the next; kept in memory only unless given.
    pub keys_dir: Option<PathBuf>,
    /// The `aud` of the tokens.
    pub audience: String,
    /// Who one may be.
    pub people: Vec<Person>,
}

impl Default for IssuerOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: false,
            keys_dir: None,
            audience: "portcullis".to_owned(),
            people: people(),
        }
    }
}

/// A running development issuer. Dropping it ends it. **Never for production**: it asks for no password.
pub struct Issuer {
    server: Server,
    provider: Arc<Provider>,
    ca_pem: Option<String>,
}

/// What the endpoints share.
struct Provider {
    url: String,
    audience: String,
    people: Vec<Person>,
    /// The client secret of each agent.
    secrets: BTreeMap<String, String>,
    keys: RwLock<KeyRing>,
    flows: Mutex<flows::Flows>,
}

impl Issuer {
    /// Starts it; when this returns it answers.
    ///
    /// # Errors
    /// When the address cannot be had, or the key file is not one of its own.
    pub async fn start(options: IssuerOptions) -> Result<Self, StageError> {
        let keys = KeyRing::open(options.keys_dir)?;
        let bound = Server::bind(options.listen).await?;
        let authority = options
            .tls
            .then(|| Authority::new("portcullis development issuer", bound.address.ip()))
            .transpose()?;
        let scheme = if options.tls { "https" } else { "http" };
        let mut secrets = BTreeMap::new();
        for person in options
            .people
            .iter()
            .filter(|person| person.kind == "agent")
        {
            secrets.insert(person.subject.clone(), flows::random_word()?);
        }
        let provider = Arc::new(Provider {
            url: format!("{scheme}://{}", bound.address),
            audience: options.audience,
            people: options.people,
            secrets,
            keys: RwLock::new(keys),
            flows: Mutex::default(),
        });
        let (tls, ca_pem) = authority.map_or((None, None), |it| (Some(it.server), Some(it.ca_pem)));
        let server = bound.serve(tls, provider.clone());
        Ok(Self {
            server,
            provider,
            ca_pem,
        })
    }

    /// The issuer's identifier and address, without a slash at the end: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.provider.url
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The authority's certificate, PEM, when it serves TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// The `aud` of its tokens.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.provider.audience
    }

    /// Who one may be.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.provider.people
    }

    /// The secret with which the agent `subject` asks for a token by client credentials; new with every start.
    #[must_use]
    pub fn client_secret(&self, subject: &str) -> Option<&str> {
        self.provider.secrets.get(subject).map(String::as_str)
    }

    /// Signs a token for `subject`, valid from now for `ttl`.
    ///
    /// It carries `iss`, `sub`, `aud`, `iat`, `nbf`, `exp`, `jti` and what is known of the person (`name`, `groups`,
    /// `kind`, `sponsor`); `claims` come last and replace any of those, so that a test can make a token that is wrong.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn mint(
        &self,
        subject: &str,
        claims: Map<String, Value>,
        ttl: Duration,
    ) -> Result<String, StageError> {
        self.provider.mint(subject, claims, ttl)
    }

    /// Makes a new signing key. The one before stays in the JWKS, so that tokens that are out stay valid.
    ///
    /// # Errors
    /// When no key can be made or its file cannot be written.
    pub fn rotate(&self) -> Result<(), StageError> {
        self.provider.keys.write().rotate()
    }

    /// Takes every key but the current one out of the JWKS: what they signed is worthless from now on.
    ///
    /// # Errors
    /// When a key file cannot be removed.
    pub fn retire_old_keys(&self) -> Result<(), StageError> {
        self.provider.keys.write().retire()
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

impl Provider {
    fn person(&self, subject: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.subject == subject)
    }

    fn mint(
        &self,
        subject: &str,
        claims: Map<String, Value>,
        ttl: Duration,
    ) -> Result<String, StageError> {
        let now = clock::unix_now();
        let lifetime = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX / 2);
        let mut payload = Map::new();
        payload.insert("iss".into(), json!(self.url));
        payload.insert("sub".into(), json!(subject));
        payload.insert("aud".into(), json!(self.audience));
        payload.insert("iat".into(), json!(now));
        payload.insert("nbf".into(), json!(now));
        payload.insert("exp".into(), json!(now.saturating_add(lifetime)));
        payload.insert("jti".into(), json!(uuid::Uuid::new_v4().to_string()));
        if let Some(person) = self.person(subject) {
            payload.extend(person.claims());
        }
        payload.extend(claims);
        self.keys.read().sign(&Value::Object(payload))
    }
}

/// Base64url without padding, as everything in JOSE.
fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

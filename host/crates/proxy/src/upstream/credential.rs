//! The gateway's own credential for an API server, from a kubeconfig's user entry. It never leaves this module but
//! in a header marked sensitive (P5).

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{AUTHORIZATION, HeaderValue};
use http_body_util::Empty;
use kube::client::{ConfigExt, middleware::AuthLayer};
use secrecy::ExposeSecret;
use tower::{BoxError, Layer, ServiceExt};

/// How long a refreshable token is used before kube is asked again; kube itself renews it before it expires.
const ASK_AGAIN: Duration = Duration::from_secs(20);
/// How long an exec plugin or a token refresh may take.
const REFRESH_LIMIT: Duration = Duration::from_secs(30);

/// Why there is no credential.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The user entry cannot be used at all.
    #[error("cannot use the kubeconfig's user: {0}")]
    Setup(String),
    /// Its exec plugin or token refresh failed.
    #[error("the gateway's own credential for the cluster could not be renewed: {0}; check the connection's kubeconfig user")]
    Renewal(String),
}

/// How requests are authenticated to the API server.
pub enum Credential {
    /// By a client certificate, or not at all: no header.
    None,
    /// A token or password that does not change.
    Fixed(HeaderValue),
    /// A token file, exec plugin or auth provider.
    Renewed {
        /// kube's own refresh logic.
        layer: AuthLayer,
        /// The last answer and when it was asked for.
        kept: tokio::sync::Mutex<Option<(Instant, HeaderValue)>>,
    },
}

impl Credential {
    pub(super) fn from_config(config: &kube::Config) -> Result<Self, CredentialError> {
        let user = &config.auth_info;
        if user.impersonate.is_some() || user.impersonate_groups.is_some() {
            return Err(CredentialError::Setup(
                "it has `as`; remove it and use the connection's own `impersonate` setting".to_owned(),
            ));
        }
        let layer = config.auth_layer().map_err(|e| CredentialError::Setup(e.to_string()))?;
        let Some(layer) = layer else { return Ok(Self::None) };
        // A token in the file itself never changes; everything else may.
        let changes = user.exec.is_some() || user.auth_provider.is_some() || user.token_file.is_some();
        if let Some(token) = user.token.as_ref().filter(|_| !changes) {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
                .map_err(|_| CredentialError::Setup("its token has characters that no header may have".to_owned()))?;
            value.set_sensitive(true);
            return Ok(Self::Fixed(value));
        }
        Ok(Self::Renewed { layer, kept: tokio::sync::Mutex::new(None) })
    }

    /// The value of `Authorization` for the next request.
    ///
    /// # Errors
    /// When a refresh fails or takes longer than 30 s: the request is then refused.
    pub async fn header(&self) -> Result<Option<HeaderValue>, CredentialError> {
        match self {
            Self::None => Ok(None),
            Self::Fixed(value) => Ok(Some(value.clone())),
            Self::Renewed { layer, kept } => {
                let mut kept = kept.lock().await;
                if let Some((asked, value)) = kept.as_ref()
                    && asked.elapsed() < ASK_AGAIN
                {
                    return Ok(Some(value.clone()));
                }
                let mut value = tokio::time::timeout(REFRESH_LIMIT, ask(layer))
                    .await
                    .map_err(|_| CredentialError::Renewal("it took longer than 30 s".to_owned()))??;
                value.set_sensitive(true);
                *kept = Some((Instant::now(), value.clone()));
                Ok(Some(value))
            }
        }
    }
}

/// Sends an empty request through kube's layer to see which header it adds.
fn ask(layer: &AuthLayer) -> BoxFuture<'static, Result<HeaderValue, CredentialError>> {
    // The layer wants an HTTP service, so the header comes back as the answer's.
    let catch = tower::service_fn(|request: http::Request<Empty<Bytes>>| async move {
        let mut answer = http::Response::new(());
        *answer.headers_mut() = request.into_parts().0.headers;
        Ok::<_, BoxError>(answer)
    });
    let service = layer.layer(catch);
    // A combinator, not an async block: the compiler cannot see that the latter could change threads.
    let asked = service.oneshot(http::Request::new(Empty::new()));
    Box::pin(asked.map(|answer| {
        let mut answer = answer.map_err(|e| CredentialError::Renewal(e.to_string()))?;
        answer.headers_mut().remove(AUTHORIZATION).ok_or_else(|| CredentialError::Renewal("it gave no token".to_owned()))
    }))
}

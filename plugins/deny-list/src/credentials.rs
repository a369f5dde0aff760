//! Which writes make a credential that works outside the gateway.

use portcullis_sdk::Request;

/// A Secret's type cannot be changed, so it is in the body of whatever makes one: a creation, or a patch by server-side apply.
pub fn token_secret(request: &Request<'_>) -> Option<String> {
    if !request.is("", "secrets") || !matches!(request.verb(), "create" | "update" | "patch") {
        return None;
    }
    let kind: String = request.body().get("/type")?;
    matches!(kind.as_str(), "kubernetes.io/service-account-token" | "bootstrap.kubernetes.io/token")
        .then(|| format!("a Secret of type {kind} is a credential for the cluster"))
}

/// The token of a service account, by the API that makes one.
pub fn token_request(request: &Request<'_>) -> Option<String> {
    let asks = request.is_write() && request.group().is_empty() && request.resource() == "serviceaccounts" && request.subresource() == Some("token");
    asks.then(|| format!("the token of the service account `{}` would work outside the gateway", request.name().unwrap_or("?")))
}

/// A certificate that the API server takes for an identity: asked for, approved or signed; and what a cluster trusts.
pub fn certificate(request: &Request<'_>) -> Option<String> {
    if request.group() != "certificates.k8s.io" || !request.is_write() {
        return None;
    }
    match (request.resource(), request.subresource()) {
        ("certificatesigningrequests", Some("approval")) => Some("an approved certificate is an identity that the gateway does not know".to_owned()),
        ("certificatesigningrequests", Some("status")) => Some("a certificate that is signed by hand is an identity that nobody approved".to_owned()),
        ("certificatesigningrequests", None) if request.verb() == "create" => {
            let signer: String = request.body().get("/spec/signerName")?;
            signer.starts_with("kubernetes.io/").then(|| format!("the signer {signer} gives certificates for the cluster itself"))
        }
        ("clustertrustbundles", None) => Some("a trust bundle says whose certificates the cluster's programs believe".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

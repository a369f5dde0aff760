//! Pushing to and pulling from a registry. Every byte that comes is checked before anybody sees it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use oci_client::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use oci_client::errors::{DigestError, OciDistributionError, OciErrorCode};
use oci_client::manifest::{
    ImageIndexEntry, OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageIndex, OciImageManifest,
};
use oci_client::Client;
use oci_client::secrets::RegistryAuth;
use serde_json::json;

use crate::cosign::{self, Signature};
use crate::component::{self, COMPONENT_FILE, Told};
use crate::layout::{self, Layout, Packed};
use crate::origin::{self, SIGNATURES};
use crate::{Credentials, CredentialsError, Files, KeyError, LayoutError, Origin, Reference, SigningKey, sha256};

/// Until a registry is connected to.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// A pause in what a registry sends.
const PAUSE_LIMIT: Duration = Duration::from_secs(30);

/// One question with a small answer: a manifest, a tag.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// A whole bundle, pushed or pulled: half a gigabyte over a slow line.
const BUNDLE_LIMIT: Duration = Duration::from_secs(600);

/// One component, pushed or pulled: the next set of policies waits for it.
const COMPONENT_LIMIT: Duration = Duration::from_secs(120);

/// Bytes of one signature.
const SIGNATURE_BYTES: i64 = 256 << 10;

/// Bytes of a manifest.
const MANIFEST_BYTES: usize = 4 << 20;

/// The empty JSON object that stands where an artifact has no config (OCI image spec, "guidance for an empty descriptor").
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// How registries are reached.
#[derive(Clone, Debug, Default)]
pub struct RegistryOptions {
    /// Who asks.
    pub credentials: Credentials,
    /// HTTP without TLS, to any registry. One on this machine is asked so anyway, unless a `ca` is given.
    pub plain_http: bool,
    /// A PEM file of an authority to trust besides the system's.
    pub ca: Option<PathBuf>,
}

/// Why a registry did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It cannot be reached, or answers strangely.
    #[error("the registry {registry} cannot be used: {why}; check its address, and give --plain-http when it has no TLS")]
    Unavailable {
        /// Which.
        registry: String,
        /// Why.
        why: String,
    },
    /// It takes too long.
    #[error("the registry {registry} has not done it within {seconds} s; try again, or look at the registry")]
    Slow {
        /// Which.
        registry: String,
        /// How long it had.
        seconds: u64,
    },
    /// It does not let this caller.
    #[error("the registry {registry} refuses these credentials; run `docker login {registry}`, or give --username and PORTCULLIS_REGISTRY_PASSWORD")]
    Unauthorized {
        /// Which.
        registry: String,
    },
    /// It has no such artifact.
    #[error("{0} is not there; check the repository, the tag or the digest")]
    Missing(String),
    /// What came is not a bundle, or not what it should be.
    #[error("{reference}: {source}")]
    Layout {
        /// Of which artifact.
        reference: String,
        /// Why.
        source: LayoutError,
    },
    /// No credentials.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The authority's file.
    #[error("cannot read the registry's authority {path}: {source}; give the path of a PEM file", path = path.display())]
    Authority {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The key cannot sign.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A registry, as one caller.
pub struct Registry {
    client: Client,
    auth: RegistryAuth,
    reference: Reference,
}

impl Registry {
    /// For the registry of `reference`; asks it nothing yet.
    ///
    /// # Errors
    /// When the credentials or the authority cannot be read.
    pub async fn open(reference: &Reference, options: &RegistryOptions) -> Result<Registry, RegistryError> {
        let mut extra_root_certificates = Vec::new();
        if let Some(path) = &options.ca {
            let data = std::fs::read(path).map_err(|source| RegistryError::Authority { path: path.clone(), source })?;
            extra_root_certificates.push(Certificate { encoding: CertificateEncoding::Pem, data });
        }
        let plain = options.plain_http || reference.is_loopback() && options.ca.is_none();
        let client = Client::try_from(ClientConfig {
            protocol: if plain { ClientProtocol::Http } else { ClientProtocol::Https },
            extra_root_certificates,
            // An index is never chosen from: what was named is what is taken.
            platform_resolver: None,
            connect_timeout: Some(CONNECT_LIMIT),
            read_timeout: Some(PAUSE_LIMIT),
            user_agent: concat!("portcullis/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        })
        .map_err(|e| failed(reference, &e))?;
        let auth = options.credentials.of(reference.registry()).await?;
        client.store_auth_if_needed(reference.registry(), &auth).await;
        Ok(Registry { client, auth, reference: reference.clone() })
    }

    /// Pushes a bundle; gives its digest. `order` has the paths in the order of `bundle.yaml`.
    ///
    /// # Errors
    /// As [`RegistryError`] says. Blobs that were pushed stay; without a manifest they mean nothing.
    pub async fn push(&self, files: &Files, order: &[String], annotations: BTreeMap<String, String>) -> Result<String, RegistryError> {
        let packed = layout::pack(files, order, annotations).map_err(|source| self.layout(&self.reference, source))?;
        self.push_packed(packed, BUNDLE_LIMIT).await
    }

    /// Pushes one component as an artifact that `wkg` and others pull; gives its digest.
    ///
    /// # Errors
    /// When it is no component, and as [`RegistryError`] says.
    pub async fn push_component(&self, wasm: &[u8], told: Told) -> Result<String, RegistryError> {
        let packed = component::pack(wasm, told).map_err(|source| self.layout(&self.reference, source))?;
        self.push_packed(packed, COMPONENT_LIMIT).await
    }

    async fn push_packed(&self, packed: Packed, limit: Duration) -> Result<String, RegistryError> {
        limited(&self.reference, limit, async {
            for blob in packed.blobs {
                self.push_blob(blob).await?;
            }
            self.push_manifest(&self.reference, packed.manifest, OCI_IMAGE_MEDIA_TYPE).await
        })
        .await?;
        Ok(packed.digest)
    }

    /// The digest that the reference stands for now.
    ///
    /// # Errors
    /// As [`RegistryError`] says.
    pub async fn digest(&self) -> Result<String, RegistryError> {
        if let Some(digest) = self.reference.digest() {
            return Ok(digest.to_owned());
        }
        let ask = async {
            let digest = self.client.fetch_manifest_digest(&self.reference.0, &self.auth).await;
            digest.map_err(|e| failed(&self.reference, &e))
        };
        limited(&self.reference, ANSWER_LIMIT, ask).await
    }

    /// Pulls a bundle whole: every file what its digest says, and where it came from among them.
    ///
    /// # Errors
    /// As [`RegistryError`] says.
    pub async fn pull(&self) -> Result<(Files, Origin), RegistryError> {
        self.pull_files(false).await
    }

    /// Pulls a bundle, or one component under the name [`COMPONENT_FILE`](crate::COMPONENT_FILE), in either case with its origin.
    ///
    /// # Errors
    /// As [`RegistryError`] says.
    pub async fn pull_either(&self) -> Result<(Files, Origin), RegistryError> {
        self.pull_files(true).await
    }

    /// Pulls an artifact of one component, and where it came from.
    ///
    /// # Errors
    /// As [`RegistryError`] says; when it is none, or something else than a component is in it.
    pub async fn pull_component(&self) -> Result<(Vec<u8>, Origin), RegistryError> {
        limited(&self.reference, COMPONENT_LIMIT, async {
            let (layout, origin) = self.described().await?;
            let wrong = |source| self.layout(&self.reference, source);
            let bytes = self.blob(layout.component().map_err(wrong)?, COMPONENT_FILE).await?;
            component::is_component(&bytes).map_err(wrong)?;
            Ok((bytes, origin))
        })
        .await
    }

    async fn pull_files(&self, either: bool) -> Result<(Files, Origin), RegistryError> {
        limited(&self.reference, BUNDLE_LIMIT, async {
            let (layout, origin) = self.described().await?;
            if layout.one && !either {
                return Err(self.layout(&self.reference.pinned(&origin.digest), LayoutError::OneComponent));
            }
            let mut files = Files::new();
            for (path, layer) in &layout.layers {
                let bytes = self.blob(layer, path).await?;
                files.insert(path.clone(), bytes);
            }
            files.insert(origin::FILE.to_owned(), origin.text());
            Ok((files, origin))
        })
        .await
    }

    /// What there is to know of a bundle without its files: they may be signed by somebody more since they were pulled.
    ///
    /// # Errors
    /// As [`RegistryError`] says.
    pub async fn origin(&self) -> Result<Origin, RegistryError> {
        limited(&self.reference, ANSWER_LIMIT, async { Ok(self.described().await?.1) }).await
    }

    async fn described(&self) -> Result<(Layout, Origin), RegistryError> {
        let manifest = self.manifest(&self.reference).await?;
        let digest = sha256(&manifest);
        if let Some(expected) = self.reference.digest().filter(|expected| *expected != digest) {
            let source = LayoutError::Digest { path: "manifest".to_owned(), expected: expected.to_owned(), actual: digest };
            return Err(self.layout(&self.reference, source));
        }
        let layout = Layout::read(&manifest).map_err(|source| self.layout(&self.reference.pinned(&digest), source))?;
        let signatures = self.signatures(&digest).await?;
        Ok((layout, Origin::new(self.reference.to_string(), &manifest, signatures)))
    }

    /// Signs the artifact as cosign does, and puts the signature beside it. Gives the artifact's digest.
    ///
    /// # Errors
    /// As [`RegistryError`] says.
    pub async fn sign(&self, key: &SigningKey) -> Result<String, RegistryError> {
        limited(&self.reference, ANSWER_LIMIT, async {
            let subject = self.manifest(&self.reference).await?;
            let digest = sha256(&subject);
            let bundle = cosign::sign(&digest, key)?.into_bytes();
            let layer = OciDescriptor { media_type: cosign::BUNDLE.to_owned(), digest: sha256(&bundle), size: bundle.len() as i64, ..OciDescriptor::default() };
            let empty = b"{}".to_vec();
            let config = OciDescriptor { media_type: EMPTY.to_owned(), digest: sha256(&empty), size: 2, ..OciDescriptor::default() };
            self.push_blob(bundle).await?;
            self.push_blob(empty).await?;
            let manifest = OciImageManifest {
                schema_version: 2,
                media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
                artifact_type: Some(cosign::BUNDLE.to_owned()),
                config,
                layers: vec![layer],
                subject: Some(OciDescriptor {
                    media_type: OCI_IMAGE_MEDIA_TYPE.to_owned(),
                    digest: digest.clone(),
                    size: subject.len() as i64,
                    ..OciDescriptor::default()
                }),
                annotations: Some(BTreeMap::from([
                    ("dev.sigstore.bundle.content".to_owned(), "dsse-envelope".to_owned()),
                    ("dev.sigstore.bundle.predicateType".to_owned(), cosign::PREDICATE.to_owned()),
                    ("org.opencontainers.image.created".to_owned(), jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
                ])),
            };
            let manifest = json!(manifest).to_string().into_bytes();
            let entry = ImageIndexEntry {
                media_type: OCI_IMAGE_MEDIA_TYPE.to_owned(),
                digest: sha256(&manifest),
                size: manifest.len() as i64,
                platform: None,
                annotations: None,
                artifact_type: Some(cosign::BUNDLE.to_owned()),
            };
            self.push_manifest(&self.reference.pinned(&entry.digest), manifest, OCI_IMAGE_MEDIA_TYPE).await?;
            self.refer(&digest, entry).await?;
            Ok(digest)
        })
        .await
    }

    /// Where the registry does not list what refers to a manifest, the one who pushes keeps the list (OCI distribution spec, "referrers tag
    /// schema").
    async fn refer(&self, digest: &str, entry: ImageIndexEntry) -> Result<(), RegistryError> {
        let mut index = self.referrers(digest).await?;
        if index.manifests.iter().any(|one| one.digest == entry.digest) {
            return Ok(());
        }
        index.manifests.push(entry);
        index.media_type = Some(OCI_IMAGE_INDEX_MEDIA_TYPE.to_owned());
        let tag = self.reference.tagged(&digest.replace(':', "-"));
        self.push_manifest(&tag, json!(index).to_string().into_bytes(), OCI_IMAGE_INDEX_MEDIA_TYPE).await
    }

    async fn referrers(&self, digest: &str) -> Result<OciImageIndex, RegistryError> {
        let pinned = self.reference.pinned(digest);
        // Unfiltered: a list that is kept by its tag is written back whole.
        match self.client.pull_referrers(&pinned.0, None).await {
            // Some registries write `null` for an empty list. A list that cannot be read has no signature that could be believed.
            Err(OciDistributionError::ManifestParsingError(_)) => Ok(OciImageIndex {
                schema_version: 2,
                media_type: Some(OCI_IMAGE_INDEX_MEDIA_TYPE.to_owned()),
                artifact_type: None,
                manifests: Vec::new(),
                annotations: None,
            }),
            index => index.map_err(|e| failed(&pinned, &e)),
        }
    }

    /// Every signature that is beside an artifact, as it is.
    async fn signatures(&self, digest: &str) -> Result<Vec<Signature>, RegistryError> {
        let mut found = Vec::new();
        let mut referring = self.referrers(digest).await?.manifests;
        // Where the registry filters nothing, other artifacts (an SBOM) are among them. Some registries list the type of the empty config instead of the
        // artifact's own, or none: what such an entry is, its manifest tells.
        referring.retain(|entry| matches!(entry.artifact_type.as_deref(), Some(cosign::BUNDLE | EMPTY) | None));
        referring.sort_by_key(|entry| entry.artifact_type.as_deref() != Some(cosign::BUNDLE));
        for entry in referring.iter().take(SIGNATURES) {
            let manifest = self.manifest(&self.reference.pinned(&entry.digest)).await?;
            let Ok(manifest) = serde_json::from_slice::<OciImageManifest>(&manifest) else { continue };
            for layer in manifest.layers.iter().filter(|layer| layer.media_type == cosign::BUNDLE && layer.size <= SIGNATURE_BYTES).take(1) {
                if let Ok(text) = String::from_utf8(self.blob(layer, "signature").await?) {
                    found.push(Signature::Bundle(text));
                }
            }
        }
        let tag = self.reference.tagged(&format!("{}.sig", digest.replace(':', "-")));
        let manifest = match self.manifest(&tag).await {
            Ok(manifest) => manifest,
            Err(RegistryError::Missing(_)) => return Ok(found),
            Err(error) => return Err(error),
        };
        let Ok(manifest) = serde_json::from_slice::<OciImageManifest>(&manifest) else { return Ok(found) };
        let simple = manifest.layers.iter().filter(|layer| layer.media_type == cosign::SIMPLE && layer.size <= SIGNATURE_BYTES);
        for layer in simple.take(SIGNATURES.saturating_sub(found.len())) {
            let Some(signature) = layer.annotations.as_ref().and_then(|all| all.get(cosign::SIMPLE_ANNOTATION)) else { continue };
            if let Ok(payload) = String::from_utf8(self.blob(layer, "signature").await?) {
                found.push(Signature::Simple { payload, signature: signature.clone() });
            }
        }
        Ok(found)
    }

    async fn manifest(&self, reference: &Reference) -> Result<Vec<u8>, RegistryError> {
        let types = [OCI_IMAGE_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE];
        let answer = self.client.pull_manifest_raw(&reference.0, &self.auth, &types).await;
        let (bytes, _) = answer.map_err(|e| failed(reference, &e))?;
        if bytes.len() > MANIFEST_BYTES {
            let what = format!("a manifest of {} bytes", bytes.len());
            return Err(self.layout(reference, LayoutError::Large { what, allowed: MANIFEST_BYTES.to_string() }));
        }
        Ok(bytes.to_vec())
    }

    async fn blob(&self, layer: &OciDescriptor, path: &str) -> Result<Vec<u8>, RegistryError> {
        // What is promised is the most that is read, whatever the registry sends.
        let size = usize::try_from(layer.size).unwrap_or(0);
        let mut bytes = Vec::new();
        let failed = |e: &OciDistributionError| failed(&self.reference, e);
        let mut stream = self.client.pull_blob_stream(&self.reference.0, layer).await.map_err(|e| failed(&e))?;
        while let Some(chunk) = stream.stream.try_next().await.map_err(|e| match digest_error(&e) {
            Some((expected, actual)) => self.layout(&self.reference, LayoutError::Digest { path: path.to_owned(), expected, actual }),
            None => failed(&OciDistributionError::IoError(e)),
        })? {
            if bytes.len() + chunk.len() > size {
                let what = format!("more than the {size} bytes that were promised of {path:?}");
                return Err(self.layout(&self.reference, LayoutError::Large { what, allowed: size.to_string() }));
            }
            bytes.extend_from_slice(&chunk);
        }
        layout::matches(path, layer, &bytes).map_err(|source| self.layout(&self.reference, source))?;
        Ok(bytes)
    }

    async fn push_blob(&self, bytes: Vec<u8>) -> Result<(), RegistryError> {
        let digest = sha256(&bytes);
        let failed = |e: &OciDistributionError| failed(&self.reference, e);
        if self.client.blob_exists(&self.reference.0, &digest).await.map_err(|e| failed(&e))? {
            return Ok(());
        }
        self.client.push_blob(&self.reference.0, bytes, &digest).await.map_err(|e| failed(&e)).map(|_| ())
    }

    async fn push_manifest(&self, to: &Reference, bytes: Vec<u8>, media_type: &'static str) -> Result<(), RegistryError> {
        let media_type = media_type.parse().map_err(|_| RegistryError::Unavailable { registry: to.registry().to_owned(), why: "a media type".to_owned() })?;
        self.client.push_manifest_raw(&to.0, bytes, media_type).await.map_err(|e| failed(to, &e)).map(|_| ())
    }

    fn layout(&self, reference: &Reference, source: LayoutError) -> RegistryError {
        RegistryError::Layout { reference: reference.to_string(), source }
    }
}

/// What the registry client found out about the bytes itself.
fn digest_error(error: &std::io::Error) -> Option<(String, String)> {
    match error.get_ref()?.downcast_ref::<DigestError>()? {
        DigestError::VerificationError { expected, actual } => Some((expected.clone(), actual.clone())),
        _ => None,
    }
}

async fn limited<T>(reference: &Reference, limit: Duration, what: impl Future<Output = Result<T, RegistryError>>) -> Result<T, RegistryError> {
    let slow = |_| RegistryError::Slow { registry: reference.registry().to_owned(), seconds: limit.as_secs() };
    tokio::time::timeout(limit, what).await.map_err(slow)?
}

fn failed(reference: &Reference, error: &OciDistributionError) -> RegistryError {
    let registry = reference.registry().to_owned();
    let missing = || RegistryError::Missing(reference.to_string());
    match error {
        OciDistributionError::UnauthorizedError { .. } | OciDistributionError::AuthenticationFailure(_) => RegistryError::Unauthorized { registry },
        OciDistributionError::ImageManifestNotFoundError(_) | OciDistributionError::ServerError { code: 404, .. } => missing(),
        OciDistributionError::RegistryError { envelope, .. } => match envelope.errors.first().map(|error| &error.code) {
            Some(OciErrorCode::Unauthorized | OciErrorCode::Denied) => RegistryError::Unauthorized { registry },
            Some(OciErrorCode::ManifestUnknown | OciErrorCode::NameUnknown | OciErrorCode::NotFound | OciErrorCode::BlobUnknown) => missing(),
            _ => RegistryError::Unavailable { registry, why: envelope.to_string() },
        },
        OciDistributionError::ServerError { code: 401 | 403, .. } => RegistryError::Unauthorized { registry },
        OciDistributionError::RequestError(error) => match error.status().map(|status| status.as_u16()) {
            Some(401 | 403) => RegistryError::Unauthorized { registry },
            Some(404) => missing(),
            Some(code) => RegistryError::Unavailable { registry, why: format!("it answers with the status {code}") },
            // Its address can hold a token: told is what went wrong, down to the cause.
            None => RegistryError::Unavailable { registry, why: innermost(error) },
        },
        error => RegistryError::Unavailable { registry, why: error.to_string() },
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

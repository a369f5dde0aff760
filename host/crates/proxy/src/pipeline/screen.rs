//! What becomes of an answer's bytes before they are recorded and released: masked, or refused as unreadable.

use std::sync::Arc;

use http::{HeaderMap, header};
use kube_request::{Cause, KubeRequest, Refusal};
use masking::{CompiledPlan, Masker, TextMasker, TokenKey};
use policy::Generation;

/// Carries a mask plan out on the bytes of one answer.
pub enum Screen {
    /// JSON, one document or a sequence of them.
    Json(Box<Masker>),
    /// Lines of text.
    Text(Box<TextMasker>),
    /// A document about the API itself (OpenAPI), which holds no object.
    Opaque,
}

/// Bytes that cannot be masked may not be released.
#[derive(Debug, thiserror::Error)]
#[error("the cluster's answer cannot be read, so it cannot be masked: {0}")]
pub struct Unreadable(pub String);

impl Screen {
    /// Chooses by the answer's content type.
    ///
    /// # Errors
    /// When nothing here can read it.
    pub fn choose(request: &KubeRequest, headers: &HeaderMap, plan: &Arc<CompiledPlan>, key: &Arc<TokenKey>) -> Result<Self, Unreadable> {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
        let media = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        match media.as_str() {
            "application/json" => Ok(Self::Json(Box::new(Masker::new(plan.clone(), key.clone())))),
            "text/plain" => Ok(Self::Text(Box::new(TextMasker::new(plan.clone(), key.clone())))),
            // An empty answer may have no type at all; bytes without one are masked as text.
            "" => Ok(Self::Text(Box::new(TextMasker::new(plan.clone(), key.clone())))),
            _ if request.is_opaque_document() => Ok(Self::Opaque),
            other => Err(Unreadable(format!("its type is `{}`", super::printable(other)))),
        }
    }

    /// Masks the next bytes; what may be released is appended to `out`.
    ///
    /// # Errors
    /// When they are not what the type says.
    pub async fn push(&mut self, generation: &Generation, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        match self {
            Self::Json(masker) => {
                let scanned = masker.scan(chunk).map_err(|e| Unreadable(e.to_string()))?;
                let answers = inspected(generation, scanned.candidates()).await?;
                masker.fill(scanned, answers, out).map_err(|e| Unreadable(e.to_string()))
            }
            Self::Text(masker) => {
                masker.push(chunk, out);
                Ok(())
            }
            Self::Opaque => {
                out.extend_from_slice(chunk);
                Ok(())
            }
        }
    }

    /// The end of the answer: how many values were masked.
    ///
    /// # Errors
    /// When it ends in the middle of a value.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<u64, Unreadable> {
        match self {
            Self::Json(masker) => masker.finish(out).map(|summary| summary.masked).map_err(|e| Unreadable(e.to_string())),
            Self::Text(masker) => Ok(masker.finish(out).masked),
            Self::Opaque => Ok(0),
        }
    }
}

/// Asks the masker's component about values that its plan wants inspected.
async fn inspected(generation: &Generation, candidates: &[masking::Candidate]) -> Result<Vec<Option<String>>, Unreadable> {
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let candidates: Vec<_> = candidates
        .iter()
        .map(|c| policy::Candidate { rule: c.rule.clone(), path: c.path.clone(), value: c.value.clone() })
        .collect();
    generation.inspect(&candidates).await.map_err(|failure| Unreadable(failure.to_string()))
}

/// The refusal of an answer that cannot be read.
impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        Refusal::new(
            502,
            Cause::UpstreamUnavailable,
            "response",
            format!("{unreadable}; the request may have been carried out"),
        )
    }
}

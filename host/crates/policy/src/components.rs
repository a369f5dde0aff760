//! Components that are not in the bundle's folder: `bundle.yaml` names them by a reference, and somebody else gets them.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};

use crate::bundle::at;
use crate::bundle::read::{Files, ReadError};
use crate::bundle::{FILE, is_reference, proof_of};

/// Components that are got at one time.
const AT_ONCE: usize = 4;

/// A component that was got.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The component, which is what its reference's digest says.
    pub wasm: Vec<u8>,
    /// What says where it came from, for an [`Admission`](crate::Admission) to judge.
    pub proof: Vec<u8>,
}

/// Whoever gets them.
pub trait Components: Send + Sync + fmt::Debug {
    /// The component of a reference, `oci://…@sha256:…`. The wait and the size must be bounded.
    ///
    /// # Errors
    /// With one sentence: why it cannot be had, and what to write or do instead.
    fn get(&self, reference: &str) -> BoxFuture<'static, Result<Fetched, String>>;
}

/// Gets what the bundle names by a reference, and puts it among its files. Nothing waits in the path of a request.
pub(crate) async fn complete(files: &mut Files, from: Option<&Arc<dyn Components>>) -> Result<(), ReadError> {
    let mut wanted = Vec::new();
    let mut seen = BTreeSet::new();
    for plugin in &files.manifest.plugins {
        let reference = &plugin.component;
        if is_reference(&reference.value) && seen.insert(reference.value.clone()) {
            let line = at(FILE, reference, "").line;
            wanted.push((reference.value.clone(), plugin.name.value.clone(), line));
        }
    }
    let got = stream::iter(wanted).map(|(reference, plugin, line)| async move {
        let fetched = match from {
            Some(from) => from.get(&reference).await,
            None => Err("components are not got from registries here; write the path of a file".to_owned()),
        };
        match fetched {
            Ok(fetched) => Ok((reference, fetched)),
            Err(why) => Err(ReadError::Component { line, plugin, why }),
        }
    });
    let got: Vec<_> = got.buffered(AT_ONCE).collect().await;
    for fetched in got {
        let (reference, Fetched { wasm, proof }) = fetched?;
        files.put(proof_of(&reference), proof);
        files.put(reference, wasm);
    }
    Ok(())
}

#[cfg(test)]
mod tests;

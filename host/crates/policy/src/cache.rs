//! Compiled components on disk, so that a restart compiles nothing.
//!
//! What lies here is native code that the gateway runs, so the folder is as trusted as the gateway's own binary: it belongs to the
//! user that runs the gateway and nobody else may write to it; that is checked, and otherwise refused. A digest in front of each file finds what a full disk
//! or a lost power supply left behind; it is no defence against somebody who may write here, and nothing on disk could be. A
//! file that does not fit is compiled again.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest;
use wasmtime::component::Component;

mod functions;
mod native;

pub(crate) use functions::Functions;

/// Files kept: a bundle of twenty plugins has forty. Those that were used longest ago go first.
const KEPT: usize = 256;

/// Bytes kept: an interpreter's component has two files of 37 MB. The one that was used last stays whatever its size.
const BYTES: u64 = 1 << 30;

/// A file that is being written is whole within this time, or never: whoever wrote it is gone.
const WRITING: Duration = Duration::from_secs(3600);

const DIGEST_BYTES: usize = 32;

/// Why the folder for compiled components is not usable.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It could not be created or read.
    #[error("cannot use {path} for compiled components: {source}; name a folder that the gateway may write to", path = path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Another user could plant code in it.
    #[error("cannot trust {path} for compiled components: it is owned or writable by somebody else; run chmod 700 and chown on it", path = path.display())]
    Untrusted {
        /// The folder.
        path: PathBuf,
    },
}

/// What is kept of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// As its author built it.
    Plain,
    /// With the accessors that a snapshot needs.
    Instrumented,
    /// With its configuration in memory already. The second digest is the configuration's.
    Configured,
}

/// Names one compiled file: the same component, for the same purpose, by the same engine.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    stage: Stage,
    component: String,
    configuration: String,
}

impl Key {
    /// `component` and `configuration` are digests as `sha256:…`.
    pub(crate) fn new(stage: Stage, component: &str, configuration: &str) -> Key {
        Key { stage, component: component.to_owned(), configuration: configuration.to_owned() }
    }

    fn file_name(&self, engine: u64) -> String {
        let mut text = format!("{:?}\n{}\n", self.stage, self.component);
        if self.stage == Stage::Configured {
            text.push_str(&self.configuration);
        }
        let digest = digest::digest(&digest::SHA256, text.as_bytes());
        format!("{}-{engine:016x}.cwasm", hex::encode(&digest.as_ref()[..16]))
    }
}

/// The folder, or nothing.
pub(crate) struct CompileCache {
    dir: Option<PathBuf>,
    /// The user that this process writes files as.
    owner: u32,
    /// Changes with wasmtime's version, the processor's features and the engine's settings.
    engine: u64,
}

impl CompileCache {
    pub(crate) fn open(dir: Option<&Path>, engine: &wasmtime::Engine) -> Result<CompileCache, CacheError> {
        let mut owner = 0;
        let mut hasher = std::hash::DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        if let Some(dir) = dir {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|source| CacheError::Io { path: dir.to_owned(), source })?;
            let io = |source| CacheError::Io { path: dir.to_owned(), source };
            let metadata = fs::metadata(dir).map_err(io)?;
            owner = probe(dir).map_err(io)?;
            if !trusted(&metadata, owner) {
                return Err(CacheError::Untrusted { path: dir.to_owned() });
            }
        }
        Ok(CompileCache { dir: dir.map(Path::to_owned), owner, engine: hasher.finish() })
    }

    /// The compiled component, when there is a whole file of it.
    pub(crate) fn get(&self, engine: &wasmtime::Engine, key: &Key) -> Option<Component> {
        let path = self.dir.as_ref()?.join(key.file_name(self.engine));
        let file = fs::File::open(&path).ok()?;
        if !trusted(&file.metadata().ok()?, self.owner) {
            tracing::warn!(path = %path.display(), "a compiled component is owned or writable by somebody else: it is compiled again");
            return None;
        }
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut &file, &mut bytes).ok()?;
        let (kept, code) = bytes.split_at_checked(DIGEST_BYTES)?;
        if digest::digest(&digest::SHA256, code).as_ref() != kept {
            tracing::warn!(path = %path.display(), "a compiled component is damaged: it is compiled again");
            return None;
        }
        let component = native::load(engine, code).ok()?;
        // It was used now. Where that cannot be noted it goes sooner.
        let _ = file.set_modified(SystemTime::now());
        Some(component)
    }

    /// Keeps a compiled component. A failure costs the next start a compilation and nothing else, so it is logged and passed over.
    pub(crate) fn put(&self, key: &Key, component: &Component) {
        let Some(dir) = &self.dir else { return };
        if let Err(error) = self.write(dir, key, component) {
            tracing::warn!(dir = %dir.display(), error = %error, "a compiled component cannot be kept: the next start compiles it again");
        }
    }

    fn write(&self, dir: &Path, key: &Key, component: &Component) -> std::io::Result<()> {
        let code = component.serialize().map_err(|e| std::io::Error::other(format!("{e:#}")))?;
        let path = dir.join(key.file_name(self.engine));
        // Two plugins of one component are compiled at the same time: each writes a file of its own, and the later one stays.
        static WRITES: AtomicU64 = AtomicU64::new(0);
        let temporary = path.with_extension(format!("{}.{}.tmp", std::process::id(), WRITES.fetch_add(1, Ordering::Relaxed)));
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(digest::digest(&digest::SHA256, &code).as_ref())?;
        file.write_all(&code)?;
        drop(file);
        fs::rename(&temporary, &path)?;
        prune(dir)
    }
}

/// Owned by whom the gateway runs as, and writable by nobody else.
fn trusted(metadata: &fs::Metadata, owner: u32) -> bool {
    metadata.uid() == owner && metadata.mode() & 0o022 == 0
}

/// Writes a file to see that it can be done, and as which user: asking the C library would need `unsafe`.
fn probe(dir: &Path) -> std::io::Result<u32> {
    let path = dir.join(format!("probe.{}", std::process::id()));
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    let owner = file.metadata()?.uid();
    fs::remove_file(&path)?;
    Ok(owner)
}

fn prune(dir: &Path) -> std::io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        // Another process may prune too.
        let Ok(metadata) = fs::metadata(&path) else { continue };
        let used = metadata.modified()?;
        match path.extension() {
            Some(extension) if extension == "cwasm" => files.push((used, metadata.len(), path)),
            Some(extension) if extension == "tmp" && used.elapsed().is_ok_and(|since| since > WRITING) => gone(fs::remove_file(path))?,
            _ => {}
        }
    }
    files.sort();
    let mut bytes = 0;
    for (i, (_, length, path)) in files.iter().rev().enumerate() {
        bytes += length;
        if i >= KEPT || (i > 0 && bytes > BYTES) {
            gone(fs::remove_file(path))?;
        }
    }
    Ok(())
}

/// That it is gone already is as good.
fn gone(removed: std::io::Result<()>) -> std::io::Result<()> {
    removed.or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests;

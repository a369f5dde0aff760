//! Two ways to the same cluster for any client: a kubeconfig, a namespace and a working folder each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use portcullis_tests::kubectl::Kubectl;
use portcullis_tests::{Cluster, Gateway, places};

/// One cluster and one gateway for the suite.
pub struct Stage {
    /// The cluster behind the gateway, and beside it.
    pub cluster: Cluster,
    /// It allows everything and masks nothing.
    pub gateway: Gateway,
}

/// Started by the first test that needs it.
pub static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let cluster = Cluster::start();
    Stage { gateway: Gateway::observing(&cluster), cluster }
});

/// A client's place on one side.
pub struct Side {
    /// Whose current namespace is this side's.
    pub kubeconfig: PathBuf,
    /// The namespace.
    pub namespace: String,
    /// Where its commands run.
    pub folder: PathBuf,
    /// What stands before a path that an old kubectl takes from the server's root.
    prefix: String,
}

/// Both sides of one client.
pub struct Sides {
    /// Without the gateway, as the user that the gateway itself is.
    pub straight: Side,
    /// Through the gateway.
    pub gated: Side,
    /// Through the gateway, in the other side's namespace.
    pub gated_near: Side,
    /// The folder of the client's programs.
    programs: PathBuf,
}

impl Sides {
    /// Two namespaces whose names are equally long, and what a client needs in each.
    ///
    /// # Panics
    /// When the cluster refuses.
    pub fn new(client: &str, programs: PathBuf) -> Self {
        // The old kubectl takes a raw path from the server's root, whatever stands in the kubeconfig.
        let rooted = programs == places::kubectl("1.32").with_file_name("");
        let (near, far) = (format!("{client}-a"), format!("{client}-b"));
        let root = STAGE.gateway.scratch().join(client);
        let (direct, gateway) = (STAGE.cluster.ready.gateway_kubeconfig.clone(), STAGE.gateway.kubeconfig("devin"));
        let prefix = if rooted { STAGE.gateway.path("") } else { String::new() };
        let admin = STAGE.cluster.admin();
        for namespace in [&near, &far] {
            admin.must(&["create", "namespace", namespace]);
        }
        let side = |name: &str, kubeconfig: &Path, namespace: &str, prefix: &str| {
            let folder = root.join(name);
            fs::create_dir_all(folder.join("work")).expect("a folder can be made");
            let copy = folder.join("kubeconfig");
            fs::copy(kubeconfig, &copy).expect("a kubeconfig can be copied");
            let current = ["config", "set-context", "--current", &format!("--namespace={namespace}")];
            Kubectl::new("1.37", &copy).must(&current);
            Side { kubeconfig: copy, namespace: namespace.to_owned(), folder: folder.join("work"), prefix: prefix.to_owned() }
        };
        Self {
            straight: side("straight", &direct, &near, ""),
            gated: side("gated", &gateway, &far, &prefix),
            gated_near: side("gated-near", &gateway, &near, &prefix),
            programs,
        }
    }

    /// A command line for the shell, on one of these sides.
    pub fn shell(&self, side: &Side, line: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(&side.folder);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.programs.display()));
        command.env("KUBECONFIG", &side.kubeconfig).env("KUBECACHEDIR", side.kubeconfig.with_file_name("cache"));
        command.env("CHART", places::workspace().join("tests/conformance/chart")).env("HOME", side.kubeconfig.with_file_name("home")).env("NS", &side.namespace).env("PREFIX", &side.prefix);
        for variable in ["KUBECTL_KUBERC", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "PAGER"] {
            command.env_remove(variable);
        }
        command
    }

    /// Writes a file into every working folder.
    ///
    /// # Panics
    /// When it cannot.
    pub fn write(&self, name: &str, text: &str) {
        for side in [&self.straight, &self.gated, &self.gated_near] {
            let file = side.folder.join(name);
            fs::create_dir_all(file.parent().expect("a file has a folder")).expect("a folder can be made");
            fs::write(file, text.replace("$NS", &side.namespace)).expect("a file can be written");
        }
    }
}

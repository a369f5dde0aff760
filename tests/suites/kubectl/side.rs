//! Two ways to the same cluster: straight, and through the gateway.

use std::sync::LazyLock;
use std::time::Duration;

use portcullis_tests::kubectl::Kubectl;
use portcullis_tests::normal::normal;
use portcullis_tests::{Cluster, Gateway, Output};

/// One cluster and one gateway for the suite.
pub struct Stage {
    pub cluster: Cluster,
    pub gateway: Gateway,
}

pub static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let cluster = Cluster::start();
    Stage { gateway: Gateway::observing(&cluster), cluster }
});

/// Both ways, in namespaces of one test's own.
pub struct Sides {
    pub version: &'static str,
    /// Without the gateway, as the user that the gateway itself is.
    pub straight: Kubectl,
    /// Through the gateway.
    pub gated: Kubectl,
    /// The namespace of the first; reads of both.
    pub near: String,
    /// The namespace of the second.
    pub far: String,
}

impl Sides {
    pub fn new(test: &str, version: &'static str) -> Self {
        let name = |side: &str| format!("{test}-{}-{side}", version.replace('.', ""));
        let (near, far) = (name("a"), name("b"));
        let admin = STAGE.cluster.admin();
        for namespace in [&near, &far] {
            admin.must(&["create", "namespace", namespace]);
        }
        let straight = Kubectl::new(version, &STAGE.cluster.ready.gateway_kubeconfig).within(&near);
        let gated = STAGE.gateway.kubectl(version, "devin").within(&far);
        Self { version, straight, gated, near, far }
    }

    /// The administrator's kubectl in the first namespace.
    pub fn admin(&self) -> Kubectl {
        STAGE.cluster.admin().within(&self.near)
    }

    /// The gateway's side on the first namespace: for reads of the same objects.
    pub fn gated_near(&self) -> Kubectl {
        self.gated.within(&self.near)
    }

    /// Applies objects to both namespaces, by the administrator.
    pub fn prepare(&self, yaml: &str) {
        for namespace in [&self.near, &self.far] {
            STAGE.cluster.admin().within(namespace).apply(yaml);
        }
    }

    /// Waits for a pod in both namespaces.
    pub fn ready(&self, pod: &str) {
        for namespace in [&self.near, &self.far] {
            STAGE.cluster.admin().within(namespace).must(&["wait", "--for=condition=Ready", pod, "--timeout=50s"]);
        }
    }

    /// The same command on the same objects gives the same output and exit code.
    #[track_caller]
    pub fn same_read(&self, arguments: &[&str]) -> Output {
        let straight = self.straight.run(arguments);
        let gated = self.gated_near().run(arguments);
        self.equal(&straight, &gated, &arguments.join(" "));
        gated
    }

    /// The same command on twins gives the same output and exit code.
    #[track_caller]
    pub fn same_write(&self, arguments: &[&str], stdin: &str) -> Output {
        let straight = self.straight.run_with(arguments, stdin);
        let gated = self.gated.run_with(arguments, stdin);
        self.equal(&straight, &gated, &arguments.join(" "));
        gated
    }

    /// Compares what is left when ages, times, uids and resource versions are taken out, and the namespaces' names.
    #[track_caller]
    pub fn equal(&self, straight: &Output, gated: &Output, what: &str) {
        let comparable = |text: &str| normal(text).replace(&self.far, &self.near);
        assert_eq!(comparable(&gated.stdout), comparable(&straight.stdout), "kubectl {} {what}: gated, then straight; stderr {}", self.version, gated.stderr);
        assert_eq!(comparable(&gated.stderr), comparable(&straight.stderr), "kubectl {} {what}: what it complains about", self.version);
        assert_eq!(gated.code, straight.code, "kubectl {} {what}", self.version);
    }
}

/// Makes a test of each scenario for both versions.
macro_rules! both_versions {
    ($($scenario:ident)*) => {
        mod with_kubectl_1_32 { $( #[test] fn $scenario() { super::$scenario("1.32"); } )* }
        mod with_kubectl_1_37 { $( #[test] fn $scenario() { super::$scenario("1.37"); } )* }
    };
}
pub(crate) use both_versions;

/// How long something in the cluster may take to show up.
pub const SOON: Duration = Duration::from_secs(30);

/// A config map.
pub const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: notes, labels: { app: notes } }\ndata: { greeting: hello, b: \"2\" }\n";

/// A pod that answers to exec, and serves a page.
pub const POD: &str = r#"
apiVersion: v1
kind: Pod
metadata: { name: box, labels: { app: box } }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - { name: box, image: nginx, ports: [{ containerPort: 80 }] }
"#;

/// A deployment whose pods are up at once.
pub const DEPLOYMENT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{ name: web, image: busybox }]
"#;

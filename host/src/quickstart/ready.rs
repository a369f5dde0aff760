//! What programs and people are told once everything answers.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Started;
use super::folder::{Folder, write_private};

/// The ready file.
#[derive(Debug, Serialize)]
pub struct Ready {
    gateway: String,
    ca_file: PathBuf,
    connection: String,
    console: String,
    issuer: String,
    public_key_file: PathBuf,
    policies_dir: PathBuf,
    metrics: String,
    pid: u32,
    identities: Map<String, Value>,
}

impl Ready {
    /// Of a gateway that answers.
    ///
    /// # Errors
    /// Never now; paths that are no UTF-8 would be one.
    pub fn of(started: &Started, folder: &Folder) -> Result<Self> {
        let gateway = started.running.gateway.public_url.clone();
        let mut identities = Map::new();
        for person in started.issuer.people() {
            let file = |extension: &str| folder.identities().join(format!("{}.{extension}", person.subject));
            let mut entry = json!({
                "kubeconfig": file("kubeconfig"),
                "token_file": file("token"),
                "kind": person.kind,
                "groups": person.groups,
            });
            if let Some(sponsor) = &person.sponsor {
                entry["sponsor"] = json!(sponsor);
            }
            identities.insert(person.subject.clone(), entry);
        }
        Ok(Self {
            console: format!("{gateway}/"),
            gateway,
            ca_file: folder.tls().join("ca.crt"),
            connection: started.connection.to_owned(),
            issuer: started.issuer.url().to_owned(),
            public_key_file: started.running.public_key_file.clone(),
            policies_dir: folder.policies(),
            metrics: format!("http://{}/metrics", started.running.metrics),
            pid: std::process::id(),
            identities,
        })
    }

    /// Writes the file, whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, file: &Path) -> Result<()> {
        write_private(file, serde_json::to_string_pretty(self)?.as_bytes())
    }

    /// What to type next.
    pub fn welcome(&self, folder: &Folder) -> String {
        let mut text = String::new();
        let kubeconfig = |who: &str| folder.identities().join(format!("{who}.kubeconfig")).display().to_string();
        let token = |who: &str| folder.identities().join(format!("{who}.token")).display().to_string();
        let program = std::env::current_exe().map_or_else(|_| "portcullis".to_owned(), |p| p.display().to_string());
        let mut line = |s: String| {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{s}");
        };
        line(format!("Portcullis is ready at {} (stop it with Ctrl-C).", self.gateway));
        line(String::new());
        line("In another terminal, be the agent:".to_owned());
        line(format!("  export KUBECONFIG={}", kubeconfig("devin")));
        line("  kubectl get deployments -n shop                 # allowed".to_owned());
        line("  kubectl get secret db -n shop -o yaml           # masked".to_owned());
        line("  kubectl delete namespace prod                   # refused".to_owned());
        line("  kubectl delete deployment web -n shop           # held for a person".to_owned());
        line(String::new());
        line("In a third one, be the approver:".to_owned());
        line(format!("  alias portcullis={program}"));
        line(format!(
            "  portcullis login --gateway {} --ca-file {} --token-file {}",
            self.gateway,
            self.ca_file.display(),
            token("alice")
        ));
        line("  portcullis approvals list".to_owned());
        line("  portcullis approvals approve ID --comment \"go ahead\"".to_owned());
        line("  portcullis audit query".to_owned());
        line(String::new());
        line(format!("The approver's page: {}   The policies, live: {}", self.console, self.policies_dir.display()));
        text
    }
}

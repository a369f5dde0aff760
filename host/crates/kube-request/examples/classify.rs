//! Classify requests: reads lines of `METHOD TARGET`, prints what the API server would understand, one line
//! each, tab-separated: verb, resource or not, group, version, namespace, resource, subresource, name, target.
//!
//! ```text
//! $ echo 'DELETE /apis/apps/v1/namespaces/shop/deployments/web' | cargo run --release -p kube-request --example classify
//! delete  true  apps  v1  shop  deployments    web  /apis/apps/v1/namespaces/shop/deployments/web
//! ```

use kube_request::{Head, KubeRequest, Upgrade};
use std::io::{BufRead, Write};

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (method, target) = line.split_once(' ').unwrap_or((&line, ""));
        let upgrade: &[(&str, &[u8])] = &[("connection", b"upgrade"), ("upgrade", b"SPDY/3.1")];
        let parsed = KubeRequest::parse(&Head { method, target, headers: &[] })
            // Streams have to upgrade, so they are tried a second time.
            .or_else(|refusal| KubeRequest::parse(&Head { method, target, headers: upgrade }).map_err(|_| refusal));
        match parsed {
            Ok(r) => writeln!(
                out,
                "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}{}",
                r.verb,
                r.is_resource,
                r.group,
                r.version,
                r.namespace.as_deref().unwrap_or_default(),
                r.resource,
                r.subresource.as_deref().unwrap_or_default(),
                r.name.as_deref().unwrap_or_default(),
                r.target(),
                if r.upgrade == Some(Upgrade::Spdy) { "\tstream" } else { "" }
            )?,
            Err(refusal) => writeln!(out, "refused\t{refusal}")?,
        }
    }
    Ok(())
}

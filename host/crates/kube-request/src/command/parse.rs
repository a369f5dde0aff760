//! kubectl command lines as people write them, read into the request that kubectl sends.
//!
//! Tests of policies say `kubectl delete ns prod` and mean `DELETE /api/v1/namespaces/prod`. This is the way back from
//! [`KubeRequest::command`]: what it renders is read as the request that it was rendered from.
//!
//! kubectl asks the server much before it acts: for discovery, for the object as it is, for a pod's containers. A line stands for
//! the one request that does what it says. Where there is none, or more than one, the line is refused with a sentence that says what to
//! write instead. Four things are only as good as the line:
//!
//! - What kubectl would first look up is not there: `exec` without `-c` names no container, `scale --current-replicas` no version.
//! - A selector or `--all` in `delete` is the deletion of the collection, as the gateway renders it; kubectl itself lists the objects and deletes each.
//! - `apply` of an object is its creation, as at the first time; with `--server-side` it is the same every time.
//! - A custom resource is in a namespace when `-n` names one, and of version `v1` unless it is written `widgets.v1beta1.example.com`.
//!
//! ```
//! use kube_request::kubectl;
//!
//! let line = kubectl::parse("kubectl delete ns prod")?;
//! assert_eq!(line.target, "/api/v1/namespaces/prod");
//! let request = line.request()?;
//! assert_eq!((request.verb.as_str(), request.command()), ("delete", "kubectl delete namespace prod".to_owned()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod args;
mod create;
mod flags;
mod input;
mod node;
mod object;

mod read;
mod resource;
mod review;
mod sending;
mod set;
mod stream;
mod words;
mod workload;
mod write;

use crate::request::KubeRequest;
use crate::{Head, Method, Refusal};
use args::Args;
use flags::Flag;
use input::Input;

/// The longest line, in bytes: as long as a request's target may be.
pub const MAX_LINE: usize = crate::MAX_TARGET;

/// What kubectl sends for a command line: method, target, header and body of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The HTTP method.
    pub method: Method,
    /// Path and query, encoded.
    pub target: String,
    /// The content type of the body, where there is one.
    pub content_type: Option<&'static str>,
    /// The body, as JSON text.
    pub body: Option<String>,
    /// Whether the request opens a stream: then it asks for a WebSocket, as kubectl does since 1.31.
    pub stream: bool,
    /// What kubectl says of itself in the header `Kubectl-Command`: `kubectl delete`.
    pub claims: String,
}

impl Line {
    /// The canonical request, exactly as a gateway that receives it would have it.
    ///
    /// # Errors
    /// When a gateway would refuse it, for what that says.
    pub fn request(&self) -> Result<KubeRequest, Refusal> {
        let mut headers: Vec<(&str, &[u8])> = vec![("accept", b"application/json"), ("kubectl-command", self.claims.as_bytes())];
        if let Some(content_type) = self.content_type {
            headers.push(("content-type", content_type.as_bytes()));
        }
        if self.stream {
            headers.extend([("connection", &b"Upgrade"[..]), ("upgrade", b"websocket")]);
        }
        let request = KubeRequest::parse(&Head { method: self.method.as_str(), target: &self.target, headers: &headers })?;
        request.with_body(self.body.as_deref().unwrap_or_default().as_bytes())
    }
}

/// Why a line is not read. Each says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A shell would make something else of it than one command.
    #[error("the line is not one plain command: {0}")]
    Words(&'static str),
    /// kubectl has no such command, or none that asks the cluster for something.
    #[error("`kubectl {0}` is no command that is read here: write the request itself, such as `GET /api/v1/namespaces/shop/pods`")]
    Command(String),
    /// The command stands for no request, or for more than one.
    #[error("`kubectl {command}` {why}")]
    Requests {
        /// `drain`.
        command: String,
        /// What it does, and what to write.
        why: &'static str,
    },
    /// A flag that the command does not have, or that is not read.
    #[error("`kubectl {command}` has no flag {flag} that is read here: leave it out, or write the request itself")]
    Flag {
        /// The command.
        command: String,
        /// As written.
        flag: String,
    },
    /// A flag has a value that it cannot have.
    #[error("the flag --{flag} {why}")]
    FlagValue {
        /// Its long name.
        flag: &'static str,
        /// What is wrong, and what to write.
        why: String,
    },
    /// A resource that nobody knows without its group.
    #[error("`{0}` is none of Kubernetes' own resources: write it with its group, such as widgets.example.com")]
    Resource(String),
    /// Something is left out, or too much.
    #[error("`kubectl {command}` {what}")]
    Usage {
        /// The command.
        command: String,
        /// What it needs.
        what: String,
    },
    /// The body that was given with the line, or was not.
    #[error("{0}")]
    Input(String),
}

/// The request of a command line. `kubectl` in front may be left out.
///
/// # Errors
/// When it is no command of kubectl's that stands for one request.
pub fn parse(line: &str) -> Result<Line, ParseError> {
    parse_with(line, None)
}

/// The same with what the command reads, by `-f -`, `-f FILE` (whatever the file is called), `--patch-file` or an editor: one object, in JSON or YAML.
///
/// # Errors
/// As [`parse`], and when the command reads nothing and something is given.
pub fn parse_with(line: &str, input: Option<&str>) -> Result<Line, ParseError> {
    if line.len() > MAX_LINE {
        return Err(ParseError::Words("it is longer than 32 KiB: write the request itself"));
    }
    let mut words = words::split(line)?;
    if words.first().is_some_and(|first| first == "kubectl") {
        words.remove(0);
    }
    let input = Input::read(input)?;
    let (command, rest) = Args::command(words)?;
    let (flags, run) = handler(&command)?;
    let line = run(&Args::parse(command, rest, flags)?, &input)?;
    if input.is_left() {
        return Err(ParseError::Input(format!("`{}` reads nothing: leave the body out, or write `-f -`", line.claims)));
    }
    Ok(line)
}

type Run = fn(&Args, &Input) -> Result<Line, ParseError>;

/// Of each command the flags that it has, and what it does.
fn handler(command: &str) -> Result<(&'static [Flag], Run), ParseError> {
    let several = |why| Err(ParseError::Requests { command: command.to_owned(), why });
    Ok(match command {
        "get" => (flags::GET, read::get),
        "describe" => (flags::GET, read::describe),
        "logs" => (flags::LOGS, read::logs),
        "events" => (flags::EVENTS, read::events),
        "wait" => (flags::WAIT, read::wait),
        "top pods" | "top pod" | "top po" => (flags::TOP, read::top_pods),
        "top nodes" | "top node" | "top no" => (flags::TOP, read::top_nodes),
        "version" => (flags::PLAIN, |args, _| read::path(args, "/version")),
        "api-resources" | "api-versions" => (flags::PLAIN, |args, _| read::path(args, "/apis")),
        "explain" => (flags::PLAIN, |args, _| read::path(args, "/openapi/v3")),
        "cluster-info" => (flags::PLAIN, read::cluster_info),
        "create" => (flags::FILE, write::create),
        "create namespace" | "create ns" => (flags::NAMED, create::namespace),
        "create serviceaccount" | "create sa" => (flags::NAMED, create::service_account),
        "create configmap" | "create cm" => (flags::LITERALS, create::config_map),
        "create secret generic" => (flags::LITERALS, create::secret),
        "create deployment" | "create deploy" => (flags::DEPLOYMENT, create::deployment),
        "create job" => (flags::JOB, create::job),
        "create cronjob" | "create cj" => (flags::JOB, create::cron_job),
        "create role" => (flags::ROLE, create::role),
        "create clusterrole" => (flags::ROLE, create::cluster_role),
        "create rolebinding" => (flags::BINDING, create::role_binding),
        "create clusterrolebinding" => (flags::BINDING, create::cluster_role_binding),
        "create token" => (flags::TOKEN, create::token),
        "apply" => (flags::APPLY, write::apply),
        "diff" => (flags::APPLY, write::diff),
        "replace" => (flags::REPLACE, write::replace),
        "patch" => (flags::PATCH, write::patch),
        "edit" => (flags::PATCH, write::edit),
        "delete" => (flags::DELETE, write::delete),
        "scale" => (flags::SCALE, workload::scale),
        "rollout restart" => (flags::ROLLOUT, workload::restart),
        "rollout pause" => (flags::ROLLOUT, workload::pause),
        "rollout resume" => (flags::ROLLOUT, workload::resume),
        "rollout undo" => (flags::ROLLOUT, workload::undo),
        "rollout status" => (flags::ROLLOUT, workload::status),
        "rollout history" => (flags::ROLLOUT, workload::history),
        "run" => (flags::RUN, workload::run),
        "debug" => (flags::DEBUG, workload::debug),
        "expose" => (flags::EXPOSE, workload::expose),
        "autoscale" => (flags::AUTOSCALE, workload::autoscale),
        "set image" => (flags::SET, set::image),
        "set env" => (flags::SET_ENV, set::env),
        "set resources" => (flags::SET_RESOURCES, set::resources),
        "set serviceaccount" | "set sa" => (flags::SET, set::service_account),
        "label" => (flags::LABEL, set::label),
        "annotate" => (flags::LABEL, set::annotate),
        "taint" => (flags::LABEL, node::taint),
        "cordon" => (flags::NODE, node::cordon),
        "uncordon" => (flags::NODE, node::uncordon),
        "exec" => (flags::STREAM, stream::exec),
        "attach" => (flags::STREAM, stream::attach),
        "port-forward" => (flags::PORTS, stream::port_forward),
        "cp" => (flags::COPY, stream::cp),
        "auth can-i" => (flags::CAN_I, review::can_i),
        "auth whoami" => (flags::PLAIN, review::who_am_i),
        "certificate approve" => (flags::PLAIN, review::approve),
        "certificate deny" => (flags::PLAIN, review::deny),
        "drain" => {
            return several("cordons the node and evicts each of its pods: write `cordon NODE`, or for one pod `create --raw /api/v1/namespaces/NAMESPACE/pods/POD/eviction -f -`");
        }
        "" => return Err(ParseError::Command("COMMAND".to_owned())),
        "config" | "completion" | "options" | "plugin" | "kustomize" | "help" | "convert" | "kuberc" | "alpha" => {
            return several("asks nothing of the cluster: there is no request to judge");
        }
        "auth reconcile" | "cluster-info dump" | "proxy" => return several("sends many requests: write the one that you mean"),
        _ => return Err(ParseError::Command(command.to_owned())),
    })
}

#[cfg(test)]
mod tests;

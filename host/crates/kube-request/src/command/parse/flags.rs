//! The flags of each command. What only changes what is printed is known too, and means nothing.

/// A flag: its long name, and its letter where it has one.
pub(super) enum Flag {
    /// With a value.
    Value(&'static str, &'static str),
    /// True or false.
    Switch(&'static str, &'static str),
    /// With a value only behind `=`; without one it is this.
    Optional(&'static str, &'static str),
}

use Flag::{Optional as O, Switch as S, Value as V};

impl Flag {
    pub(super) fn long(&self) -> &'static str {
        match self {
            V(long, _) | S(long, _) | O(long, _) => long,
        }
    }

    pub(super) fn short(&self) -> Option<char> {
        match self {
            V(_, short) | S(_, short) => short.chars().next(),
            O(..) => None,
        }
    }
}

/// Of every command.
pub(super) const GLOBAL: &[Flag] = &[
    V("namespace", "n"), V("context", ""), V("cluster", ""), V("user", ""), V("kubeconfig", ""), V("server", "s"), V("request-timeout", ""), V("cache-dir", ""),
    V("certificate-authority", ""), V("tls-server-name", ""), V("v", "v"), S("insecure-skip-tls-verify", ""), S("match-server-version", ""), S("warnings-as-errors", ""),
    S("disable-compression", ""),
];

pub(super) const PLAIN: &[Flag] = &[
    V("output", "o"), S("client", ""), S("short", ""), S("cached", ""), S("no-headers", ""), S("namespaced", ""), V("api-group", ""), V("api-version", ""), V("verbs", ""),
    V("sort-by", ""), S("recursive", ""), V("categories", ""),
];
pub(super) const GET: &[Flag] = &[
    S("all-namespaces", "A"), V("selector", "l"), V("field-selector", ""), V("output", "o"), S("watch", "w"), S("watch-only", ""), S("output-watch-events", ""),
    S("show-labels", ""), S("show-kind", ""), S("show-managed-fields", ""), S("show-events", ""), V("label-columns", "L"), V("sort-by", ""), S("no-headers", ""),
    S("ignore-not-found", ""), V("chunk-size", ""), V("subresource", ""), V("raw", ""), V("filename", "f"), S("server-print", ""), V("template", ""), S("recursive", "R"),
    S("allow-missing-template-keys", ""),
];
pub(super) const LOGS: &[Flag] = &[
    V("container", "c"), S("follow", "f"), S("previous", "p"), S("timestamps", ""), V("tail", ""), V("since", ""), V("since-time", ""), V("limit-bytes", ""), S("prefix", ""),
    S("insecure-skip-tls-verify-backend", ""), S("ignore-errors", ""), V("pod-running-timeout", ""), V("max-log-requests", ""), V("selector", "l"), S("all-containers", ""),
    S("all-pods", ""),
];
pub(super) const EVENTS: &[Flag] = &[S("all-namespaces", "A"), V("for", ""), V("types", ""), S("watch", "w"), V("output", "o"), S("no-headers", ""), V("chunk-size", "")];
pub(super) const WAIT: &[Flag] = &[V("for", ""), V("timeout", ""), V("output", "o"), V("selector", "l"), V("field-selector", ""), S("all", ""), S("all-namespaces", "A")];
pub(super) const TOP: &[Flag] = &[
    S("all-namespaces", "A"), V("selector", "l"), V("field-selector", ""), S("containers", ""), S("no-headers", ""), V("sort-by", ""), S("sum", ""), S("show-capacity", ""),
    S("use-protocol-buffers", ""), S("show-swap", ""),
];

pub(super) const FILE: &[Flag] = &[
    V("filename", "f"), V("raw", ""), O("dry-run", "unchanged"), O("validate", "strict"), V("field-manager", ""), V("output", "o"), S("save-config", ""), S("recursive", "R"),
    V("subresource", ""), S("show-managed-fields", ""), V("selector", "l"),
];
pub(super) const NAMED: &[Flag] = &[O("dry-run", "unchanged"), O("validate", "strict"), V("field-manager", ""), V("output", "o"), S("save-config", "")];
pub(super) const LITERALS: &[Flag] =
    &[V("from-literal", ""), V("type", ""), O("dry-run", "unchanged"), O("validate", "strict"), V("field-manager", ""), V("output", "o"), S("save-config", "")];
pub(super) const DEPLOYMENT: &[Flag] =
    &[V("image", ""), V("replicas", "r"), V("port", ""), O("dry-run", "unchanged"), O("validate", "strict"), V("field-manager", ""), V("output", "o"), S("save-config", "")];
pub(super) const JOB: &[Flag] =
    &[V("image", ""), V("schedule", ""), V("restart", ""), O("dry-run", "unchanged"), O("validate", "strict"), V("field-manager", ""), V("output", "o"), S("save-config", "")];
pub(super) const ROLE: &[Flag] = &[
    V("verb", ""), V("resource", ""), V("resource-name", ""), V("non-resource-url", ""), O("dry-run", "unchanged"), O("validate", "strict"), V("field-manager", ""),
    V("output", "o"), S("save-config", ""),
];
pub(super) const BINDING: &[Flag] = &[
    V("role", ""), V("clusterrole", ""), V("user", ""), V("group", ""), V("serviceaccount", ""), O("dry-run", "unchanged"), O("validate", "strict"), V("field-manager", ""),
    V("output", "o"), S("save-config", ""),
];
pub(super) const TOKEN: &[Flag] = &[V("audience", ""), V("duration", ""), V("bound-object-kind", ""), V("bound-object-name", ""), V("bound-object-uid", ""), V("output", "o")];

pub(super) const APPLY: &[Flag] = &[
    V("filename", "f"), S("server-side", ""), S("force-conflicts", ""), V("field-manager", ""), O("dry-run", "unchanged"), O("validate", "strict"), V("output", "o"),
    S("overwrite", ""), S("wait", ""), V("timeout", ""), V("subresource", ""), S("recursive", "R"), S("show-managed-fields", ""), S("openapi-patch", ""), S("concurrency", ""),
];
pub(super) const REPLACE: &[Flag] = &[
    V("filename", "f"), V("raw", ""), S("force", ""), O("dry-run", "unchanged"), O("validate", "strict"), V("field-manager", ""), V("subresource", ""), V("output", "o"),
    S("save-config", ""), S("recursive", "R"),
];
pub(super) const PATCH: &[Flag] = &[
    V("patch", "p"), V("patch-file", ""), V("type", ""), V("subresource", ""), O("dry-run", "unchanged"), O("validate", "strict"), V("field-manager", ""), V("output", "o"),
    V("filename", "f"), S("local", ""), S("record", ""), S("save-config", ""),
];
pub(super) const DELETE: &[Flag] = &[
    V("filename", "f"), V("raw", ""), S("all", ""), S("all-namespaces", "A"), V("selector", "l"), V("field-selector", ""), V("grace-period", ""), S("force", ""), S("now", ""),
    O("cascade", "background"), O("dry-run", "unchanged"), S("wait", ""), V("timeout", ""), S("ignore-not-found", ""), V("output", "o"), S("interactive", "i"), S("recursive", "R"),
];

pub(super) const SCALE: &[Flag] = &[
    V("replicas", ""), V("current-replicas", ""), V("resource-version", ""), V("timeout", ""), O("dry-run", "unchanged"), V("output", "o"), S("record", ""), S("all", ""),
    V("selector", "l"), V("filename", "f"),
];
pub(super) const ROLLOUT: &[Flag] = &[
    V("timeout", ""), S("watch", "w"), V("revision", ""), V("to-revision", ""), O("dry-run", "unchanged"), V("output", "o"), V("field-manager", ""), V("selector", "l"),
    V("filename", "f"),
];
pub(super) const RUN: &[Flag] = &[
    V("image", ""), V("restart", ""), V("env", ""), V("labels", "l"), V("annotations", ""), V("port", ""), V("image-pull-policy", ""), S("command", ""), S("stdin", "i"),
    S("tty", "t"), S("attach", ""), S("rm", ""), S("quiet", "q"), S("privileged", ""), S("leave-stdin-open", ""), V("pod-running-timeout", ""), O("dry-run", "unchanged"),
    V("output", "o"), V("field-manager", ""), V("overrides", ""),
];
pub(super) const DEBUG: &[Flag] =
    &[V("image", ""), V("target", ""), V("container", "c"), V("env", ""), V("profile", ""), S("stdin", "i"), S("tty", "t"), S("attach", ""), S("quiet", "q"), V("copy-to", "")];
pub(super) const EXPOSE: &[Flag] = &[
    V("port", ""), V("target-port", ""), V("protocol", ""), V("name", ""), V("type", ""), V("selector", ""), V("external-ip", ""), O("dry-run", "unchanged"), V("output", "o"),
    V("field-manager", ""),
];
pub(super) const AUTOSCALE: &[Flag] =
    &[V("min", ""), V("max", ""), V("cpu-percent", ""), V("cpu", ""), V("name", ""), O("dry-run", "unchanged"), V("output", "o"), V("field-manager", "")];
pub(super) const SET: &[Flag] = &[O("dry-run", "unchanged"), V("field-manager", ""), V("output", "o"), S("record", ""), S("local", ""), S("all", ""), V("selector", "l")];
pub(super) const SET_ENV: &[Flag] = &[V("containers", "c"), V("env", "e"), O("dry-run", "unchanged"), V("field-manager", ""), V("output", "o"), S("overwrite", "")];
pub(super) const SET_RESOURCES: &[Flag] =
    &[V("containers", "c"), V("limits", ""), V("requests", ""), O("dry-run", "unchanged"), V("field-manager", ""), V("output", "o")];
pub(super) const LABEL: &[Flag] = &[
    S("overwrite", ""), O("dry-run", "unchanged"), O("validate", "strict"), V("field-manager", ""), V("resource-version", ""), V("output", "o"), S("all", ""), V("selector", "l"),
    S("all-namespaces", "A"), S("record", ""), S("list", ""),
];
pub(super) const NODE: &[Flag] = &[O("dry-run", "unchanged"), V("selector", "l")];

pub(super) const STREAM: &[Flag] = &[V("container", "c"), S("stdin", "i"), S("tty", "t"), S("quiet", "q"), V("pod-running-timeout", ""), V("filename", "f")];
pub(super) const PORTS: &[Flag] = &[V("address", ""), V("pod-running-timeout", "")];
pub(super) const COPY: &[Flag] = &[V("container", "c"), S("no-preserve", ""), V("retries", "")];
pub(super) const CAN_I: &[Flag] = &[S("all-namespaces", "A"), S("list", ""), S("quiet", "q"), V("subresource", ""), S("no-headers", "")];

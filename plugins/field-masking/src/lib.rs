//! The masker `field-masking`: plans the masking of Secrets, secret-like settings and recognisable credentials.
//!
//! It decides from the kind of request only; the gateway carries the plan out in a stream, in every representation of
//! an object: itself, the items of a list, a watch event, the rows of a table, and the copies that kubectl keeps in annotations.
//!
//! | what | where | option |
//! | --- | --- | --- |
//! | Secrets | every value of `data` and `stringData` | `secrets` |
//! | environment variables with secret-like names | containers of every kind, in any depth | `environment` |
//! | ConfigMaps | values under secret-like keys; `password=…` within other values; Helm releases | `config_maps` |
//! | arguments | `--password=…` and its like in `args` and `command` | `arguments` |
//! | annotations | those with secret-like names, and `last-applied-configuration` as a copy of the object | `annotations` |
//! | messages, cells of tables, logs and output of exec | `password=…` and its like | `messages` |
//! | recognisable credentials | every string of every answer | `detectors` |
//! | whatever else | where a team keeps its own | `rules` |
//!
//! Every option is on unless it is switched off, so an empty configuration is the strictest.

use portcullis_sdk::{Action, Encoding, JsonSchema, MaskRule, Plan, ResponseKind, masker, matching};
use serde::Deserialize;

mod patterns;

/// The configuration of `field-masking`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Mask the values of Secrets.
    pub secrets: bool,
    /// Mask environment variables with secret-like names.
    pub environment: bool,
    /// Mask secret-like values of ConfigMaps.
    pub config_maps: bool,
    /// Mask what follows `--password=` and its like in the commands of containers.
    pub arguments: bool,
    /// Mask annotations with secret-like names, and mask inside the copies that kubectl keeps in annotations.
    pub annotations: bool,
    /// Mask what follows `password=` and its like in messages of events and conditions, in logs, and in the output of exec.
    pub messages: bool,
    /// Credentials with a recognisable shape that are masked in every string.
    pub detectors: Vec<Detector>,
    /// Which names are secret-like: a regular expression, found anywhere in the name.
    pub names: String,
    /// How masked values are shown.
    pub show: Show,
    /// More rules, for the resources of other groups.
    pub rules: Vec<Rule>,
}

/// How a masked value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Show {
    /// A keyed token: equal secrets give equal tokens, and a token that comes back in a write is put right again.
    Token,
    /// A fixed word.
    Redact,
}

impl Show {
    fn action(self) -> Action {
        match self {
            Show::Token => Action::Token,
            Show::Redact => Action::Redact,
        }
    }
}

/// A credential with a recognisable shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Detector {
    /// JSON Web Tokens.
    Jwt,
    /// Private keys in PEM.
    PrivateKey,
    /// Identifiers of access keys of AWS.
    AwsAccessKeyId,
    /// Tokens of GitHub.
    GithubToken,
    /// Tokens and incoming webhooks of Slack.
    SlackToken,
    /// The password in a URL.
    BasicAuthInUrl,
    /// What follows `Bearer`.
    BearerToken,
    /// API keys, client secrets and access tokens of Google.
    GoogleKey,
    /// The key in a connection string of Azure.
    AzureKey,
    /// Tokens of GitLab.
    GitlabToken,
    /// Tokens of npm, PyPI, RubyGems and Docker Hub.
    PackageToken,
    /// Keys of OpenAI, Anthropic and OpenRouter.
    ModelKey,
    /// Keys and webhook secrets of Stripe.
    PaymentKey,
    /// Tokens of HashiCorp Vault.
    VaultToken,
    /// API keys of SendGrid.
    MailKey,
}

impl Detector {
    /// All of them.
    pub const ALL: [Detector; 15] = [
        Detector::Jwt,
        Detector::PrivateKey,
        Detector::AwsAccessKeyId,
        Detector::GithubToken,
        Detector::SlackToken,
        Detector::BasicAuthInUrl,
        Detector::BearerToken,
        Detector::GoogleKey,
        Detector::AzureKey,
        Detector::GitlabToken,
        Detector::PackageToken,
        Detector::ModelKey,
        Detector::PaymentKey,
        Detector::VaultToken,
        Detector::MailKey,
    ];

    /// Its name among the gateway's patterns.
    fn pattern(self) -> String {
        let name = match self {
            Detector::Jwt => "jwt",
            Detector::PrivateKey => "private-key",
            Detector::AwsAccessKeyId => "aws-access-key-id",
            Detector::GithubToken => "github-token",
            Detector::SlackToken => "slack-token",
            Detector::BasicAuthInUrl => "basic-auth-in-url",
            Detector::BearerToken => "bearer-token",
            Detector::GoogleKey => "google-key",
            Detector::AzureKey => "azure-key",
            Detector::GitlabToken => "gitlab-token",
            Detector::PackageToken => "package-token",
            Detector::ModelKey => "model-key",
            Detector::PaymentKey => "payment-key",
            Detector::VaultToken => "vault-token",
            Detector::MailKey => "mail-key",
        };
        format!("detector:{name}")
    }
}

/// A rule of one's own: where a resource of another group keeps a secret.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A stable name, for records.
    pub name: String,
    /// Registered clusters, as globs; without it, all.
    pub connections: Option<matching::Patterns>,
    /// API groups; without it, all.
    pub groups: Option<matching::Patterns>,
    /// Resources as in RBAC; without it, all, but not what programs say (logs, `exec`, proxies). A subresource that shows the whole object, as
    /// `status` does, goes with its resource.
    pub resources: Option<matching::Resources>,
    /// JSON pointers from the object on: `*` stands for any one key or index, `**` for any number of them.
    pub paths: Vec<String>,
    /// Only under keys, or beside names, that this regular expression finds something in.
    pub names: Option<String>,
    /// Regular expressions: only what they match is masked, or only the group called `secret` where there is one.
    #[serde(default)]
    pub patterns: Vec<String>,
    /// Whether the strings are base64, as in a Secret's `data`.
    #[serde(default)]
    pub base64: bool,
    /// How what it masks is shown; without it, as `show` says.
    pub show: Option<Show>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            secrets: true,
            environment: true,
            config_maps: true,
            arguments: true,
            annotations: true,
            messages: true,
            detectors: Detector::ALL.to_vec(),
            names: patterns::NAMES.to_owned(),
            show: Show::Token,
            rules: Vec::new(),
        }
    }
}

/// The masker. What is no resource (discovery, the API's own documentation, versions) holds no objects and is not masked.
pub fn plan(config: &Config, kind: &ResponseKind) -> Plan {
    let mut plan = Plan { rules: Vec::new(), embedded: Vec::new() };
    if !kind.is_resource {
        return plan;
    }
    let rule = |name: &str, paths: &[&str]| MaskRule {
        name: name.to_owned(),
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        names: None,
        patterns: Vec::new(),
        encoding: Encoding::Text,
        action: config.show.action(),
    };
    let named = || Some(config.names.clone());
    if config.secrets && kind.group.is_empty() && kind.resource == "secrets" {
        plan.rules.push(MaskRule { encoding: Encoding::Base64, ..rule("secret-data", &["/data/*"]) });
        plan.rules.push(rule("secret-string-data", &["/stringData/*"]));
    }
    if config.config_maps && kind.group.is_empty() && kind.resource == "configmaps" {
        plan.rules.push(MaskRule { names: named(), ..rule("config-map-data", &["/data/*"]) });
        plan.rules.push(MaskRule { names: named(), encoding: Encoding::Base64, ..rule("config-map-binary-data", &["/binaryData/*"]) });
        // Helm keeps a release, with the values that it was given, under this key when it is told to use ConfigMaps.
        plan.rules.push(rule("helm-release", &["/data/release"]));
        plan.rules.push(MaskRule { patterns: settings(), ..rule("config-map-settings", &["/data/*"]) });
    }
    if config.environment {
        plan.rules.push(MaskRule { names: named(), ..rule("environment", &["/**/env/*/value"]) });
    }
    if config.arguments {
        let arguments = rule("arguments", &["/**/args/*", "/**/command/*"]);
        plan.rules.push(MaskRule { patterns: settings(), ..arguments });
    }
    if config.annotations {
        plan.rules.push(MaskRule { names: Some(patterns::ANNOTATIONS.to_owned()), ..rule("annotations", &["/**/annotations/*"]) });
        plan.embedded.push("/**/annotations/kubectl.kubernetes.io~1last-applied-configuration".to_owned());
    }
    if config.messages {
        // The output of a container has no paths: rules without any apply to it, and to every string of anything else.
        let output = matches!(kind.subresource.as_deref(), Some("log" | "exec" | "attach"));
        let events = kind.resource == "events";
        // Events are read as a table, whose cells repeat the message; so do the columns of many a custom resource.
        let paths: &[&str] = match () {
            () if output => &[],
            () if events => &["/**/message", "/note", "/rows/*/cells/*"],
            () => &["/**/message", "/rows/*/cells/*"],
        };
        plan.rules.push(MaskRule { patterns: settings(), ..rule("messages", paths) });
    }
    for more in config.rules.iter().filter(|rule| rule.is_about(kind)) {
        let encoding = if more.base64 { Encoding::Base64 } else { Encoding::Text };
        let mut rule = MaskRule { names: more.names.clone(), patterns: more.patterns.clone(), encoding, ..rule(&more.name, &[]) };
        rule.paths.clone_from(&more.paths);
        rule.action = more.show.unwrap_or(config.show).action();
        plan.rules.push(rule);
    }
    if !config.detectors.is_empty() {
        let patterns = config.detectors.iter().map(|detector| detector.pattern()).collect();
        plan.rules.push(MaskRule { patterns, ..rule("credentials", &[]) });
    }
    plan
}

fn settings() -> Vec<String> {
    patterns::SETTINGS.iter().map(|pattern| (*pattern).to_owned()).collect()
}

impl Rule {
    fn is_about(&self, kind: &ResponseKind) -> bool {
        // What a subresource such as `status` answers is the whole object; what these answer is what a program says.
        let output = kind.subresource.as_deref().filter(|subresource| matches!(*subresource, "log" | "exec" | "attach" | "portforward" | "proxy"));
        self.connections.as_ref().is_none_or(|connections| connections.fit(&kind.connection))
            && self.groups.as_ref().is_none_or(|groups| groups.fit(&kind.group))
            && match &self.resources {
                Some(resources) => resources.fit(&kind.resource, kind.subresource.as_deref()) || resources.fit(&kind.resource, output),
                None => output.is_none(),
            }
    }
}

/// What the types cannot say. Regular expressions are compiled by the gateway, which refuses a plan with a bad one.
fn validate(config: &Config) -> Result<(), String> {
    if config.names.is_empty() {
        return Err("names: an empty expression finds every name: leave the key out for the usual names".to_owned());
    }
    for rule in &config.rules {
        if rule.name.is_empty() {
            return Err("rules: a rule has no name: give it one, records refer to it".to_owned());
        }
        if let Some(path) = rule.paths.iter().find(|path| !path.starts_with('/')) {
            return Err(format!("rules: the path `{path}` of `{}` does not begin with a slash: write `/spec/…`", rule.name));
        }
        if rule.paths.is_empty() && rule.patterns.is_empty() {
            return Err(format!("rules: `{}` would mask every string: give it `paths`, or `patterns`", rule.name));
        }
    }
    Ok(())
}

masker! { config: Config, schema: "../schema.json", validate: validate, plan: plan }

#[cfg(test)]
mod tests;

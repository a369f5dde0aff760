//! Built-in patterns for credentials with a recognisable shape. A plan names one as `detector:NAME`.
//!
//! | name | finds |
//! | --- | --- |
//! | `jwt` | a JSON Web Token: three base64url parts, the first two of which are JSON objects |
//! | `private-key` | a PEM (or PGP) private key, to its end line or the end of the string; also PEM in base64 |
//! | `aws-access-key-id` | `AKIA…` and `ASIA…` |
//! | `github-token` | `ghp_…`, `gho_…`, `ghu_…`, `ghs_…`, `ghr_…`, `github_pat_…` |
//! | `slack-token` | `xoxb-…` and its like, `xapp-…`, and the path of an incoming webhook |
//! | `basic-auth-in-url` | the password of `scheme://user:password@host` |
//! | `bearer-token` | what follows `Bearer` (any case) |
//! | `google-key` | API keys `AIza…`, OAuth client secrets `GOCSPX-…` and access tokens `ya29.…` |
//! | `azure-key` | the key in a connection string of Azure: `AccountKey=…`, `SharedAccessKey=…` |
//! | `gitlab-token` | `glpat-…` and its like |
//! | `package-token` | tokens of npm, PyPI, RubyGems and Docker Hub |
//! | `model-key` | keys of OpenAI, Anthropic and OpenRouter: `sk-proj-…`, `sk-ant-…` |
//! | `payment-key` | keys and webhook secrets of Stripe |
//! | `vault-token` | tokens of HashiCorp Vault: `hvs.…`, `hvb.…`, `hvr.…` |
//! | `mail-key` | API keys of SendGrid: `SG.…` |

/// A built-in pattern.
#[derive(Debug)]
pub(crate) struct Detector {
    pub name: &'static str,
    pub pattern: &'static str,
    /// Text without any of these cannot match: one search for all of them spares the expressions. At least three
    /// bytes long, as the vector search wants them, and without quotes, so that none spans two strings.
    pub literals: &'static [&'static str],
}

/// The beginning of the name of a detector among a rule's patterns.
pub(crate) const PREFIX: &str = "detector:";

/// How a line that opens a private key is known in text that comes line by line.
pub(crate) const KEY_BEGIN: &str = r"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----";
/// The line that closes it.
pub(crate) const KEY_END: &str = r"-----END (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----";
/// The detector that the two belong to.
pub(crate) const PRIVATE_KEY: &str = "private-key";

pub(crate) const ALL: [Detector; 15] = [
    Detector { name: "jwt", pattern: r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*", literals: &["eyJ"] },
    Detector {
        name: PRIVATE_KEY,
        // The base64 alternatives are `-----BEGIN ` followed by `PRIVATE KEY`, `RSA PRIV`, `EC PRIV`, `OPENSSH`, `ENCRYPTED` and `DSA PRIV`.
        pattern: concat!(
            r"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----|\z)",
            r"|LS0tLS1CRUdJTi(?:BQUklWQVRFIEtFWS|BSU0EgUFJJVk|BFQyBQUklW|BPUEVOU1NI|BFTkNSWVBURU|BEU0EgUFJJVk)[A-Za-z0-9+/_=\r\n-]*"
        ),
        literals: &["-----BEGIN ", "LS0tLS1CRUdJTi"],
    },
    Detector { name: "aws-access-key-id", pattern: r"(?-u:\b)(?:AKIA|ASIA)[A-Z0-9]{16}(?-u:\b)", literals: &["AKIA", "ASIA"] },
    Detector {
        name: "github-token",
        pattern: r"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}",
        literals: &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
    },
    Detector {
        name: "slack-token",
        pattern: r"xox[a-z]{1,2}-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9+/]{20,})",
        literals: &["xox", "xapp-", "hooks.slack.com/"],
    },
    Detector { name: "basic-auth-in-url", pattern: r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#:@]*:(?P<secret>[^\s/?#]+)@", literals: &["://"] },
    Detector { name: "bearer-token", pattern: r"(?i:bearer)[\s:=]+(?P<secret>[A-Za-z0-9._~+/=-]{16,})", literals: &["bea", "Bea", "bEa", "beA", "BEa", "BeA", "bEA", "BEA"] },
    Detector {
        name: "google-key",
        pattern: r"AIza[0-9A-Za-z_-]{35}|GOCSPX-[0-9A-Za-z_-]{28}|ya29\.[0-9A-Za-z_-]{20,}",
        literals: &["AIza", "GOCSPX-", "ya29."],
    },
    Detector {
        name: "azure-key",
        pattern: r"(?:AccountKey|SharedAccessKey)=(?P<secret>[0-9A-Za-z+/]{40,}={0,2})",
        literals: &["AccountKey=", "SharedAccessKey="],
    },
    Detector {
        name: "gitlab-token",
        pattern: r"gl(?:pat|dt|rt|ptt|cbt|agent|oas|soat|ft)-[0-9A-Za-z_-]{20,}",
        literals: &["glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glagent-", "gloas-", "glsoat-", "glft-"],
    },
    Detector {
        name: "package-token",
        pattern: r"npm_[0-9A-Za-z]{36}|pypi-AgE[0-9A-Za-z_-]{50,}|rubygems_[0-9a-f]{48}|dckr_pat_[0-9A-Za-z_-]{20,}",
        literals: &["npm_", "pypi-AgE", "rubygems_", "dckr_pat_"],
    },
    Detector {
        name: "model-key",
        pattern: r"sk-(?:proj|svcacct|admin|ant|or)-[0-9A-Za-z_-]{20,}|sk-[0-9A-Za-z]{20}T3BlbkFJ[0-9A-Za-z]{20}",
        literals: &["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-ant-", "sk-or-", "T3BlbkFJ"],
    },
    Detector {
        name: "payment-key",
        pattern: r"[sr]k_(?:live|test)_[0-9A-Za-z]{16,}|whsec_[0-9A-Za-z+/]{24,}=*",
        literals: &["k_live_", "k_test_", "whsec_"],
    },
    Detector { name: "vault-token", pattern: r"hv[sbr]\.[0-9A-Za-z_-]{24,}", literals: &["hvs.", "hvb.", "hvr."] },
    Detector { name: "mail-key", pattern: r"SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}", literals: &["SG."] },
];

/// The names of the detectors, in the order of the table above.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|detector| detector.name)
}

pub(crate) fn find(name: &str) -> Option<&'static Detector> {
    ALL.iter().find(|detector| detector.name == name)
}

#[cfg(test)]
mod tests;

//! The regular expressions of the default plan, in the syntax of Rust's `regex`.

/// Secret-like names of environment variables and keys. `DB_PASSWORD`, `apiKey`, `tls.key`, `.dockerconfigjson`, `DATABASE_DSN`.
pub const NAMES: &str = concat!(
    r"(?i)passw(or)?d|passphrase|(^|[-_.])pwd$|[a-z]pwd$|secret|token|credential|(^|[-_.])creds?([-_.]|$)|htpasswd|kubeconfig|docker-?config",
    r"|(api|private|access|signing|encryption|master|session|ssh|auth)[-_.]?key|(^|[-_.])key$|connection[-_.]?string|(^|[-_.])(dsn|pem|salt)$",
);

/// Secret-like names of annotations: fewer, since many annotations speak of secrets without holding one.
pub const ANNOTATIONS: &str = r"(?i)passw(or)?d|passphrase|(api|private|access)[-_.]?key($|[^-_./a-z])|credentials?$|(^|[-_./])token$";

/// The beginning of a setting in a line of text, to where its value begins.
macro_rules! setting {
    ($value:literal) => {
        concat!(
            r"(?i)(passw(or)?d|passphrase|secret|token|credentials?|(api|private|access|secret)[-_.]?key)([-_.]?(value|hash|data|string))?[0-9]{0,2}",
            r#"["']?\s{0,4}[=:]\s{0,4}"#,
            $value
        )
    };
}

/// A setting in a line of text: `db.password=hunter2`, `"apiKey": "…"`, `token: …`, `--password …`. What is masked is the
/// value: to the closing quote, or to the next white space.
pub const SETTINGS: [&str; 4] = [
    setting!(r#""(?P<secret>[^"\r\n]+)"#),
    setting!(r"'(?P<secret>[^'\r\n]+)"),
    setting!(r#"(?P<secret>[^\s"',;][^\s"',;]*)"#),
    r"(?i)--[a-z0-9-]{0,32}(password|passphrase|secret|token|credentials?|api-?key)\s{1,4}(?P<secret>[^\s-]\S*)",
];

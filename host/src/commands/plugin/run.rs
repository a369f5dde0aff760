//! `plugin run`: one request, explained.

use std::fs;
use std::path::{Path, PathBuf};

use policy::{Decision, Explained, Explanation, World};
use serde_json::{Value, json};

use super::trial;
use crate::commands::failure::Failure;
use crate::commands::output::{Output, clean, details, json_line, say, size, text};

/// The longest body, in bytes.
const BODY_MAX: u64 = 3 << 20;

/// Which request.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder of a policy or of a bundle.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The request as a kubectl command line: "kubectl delete ns prod".
    #[arg(value_name = "COMMAND", required_unless_present = "request")]
    command: Option<String>,
    /// The request itself: 'DELETE /api/v1/namespaces/prod'.
    #[arg(long, value_name = "METHOD PATH", conflicts_with = "command")]
    request: Option<String>,
    /// A file with its body, in JSON, or what the command reads by -f. `-` is standard input.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The body's content type.
    #[arg(long, value_name = "TYPE", requires = "request")]
    content_type: Option<String>,
    /// Who asks: their subject.
    #[arg(long = "as", value_name = "SUBJECT", default_value = "devin")]
    subject: String,
    /// What kind of identity that is: human, agent or workload.
    #[arg(long, value_name = "KIND", default_value = "agent", value_parser = ["human", "agent", "workload"])]
    kind: String,
    /// A group of theirs. May be repeated.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// The registered cluster.
    #[arg(long, value_name = "NAME", default_value = "demo")]
    connection: String,
    /// What the session is for.
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    /// What the clock says: 2026-03-01T09:00:00Z.
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// Take the component that is there, however old it is.
    #[arg(long)]
    no_build: bool,
}

/// Asks all plugins, and says what each says.
///
/// # Errors
/// When the bundle could not go live, or the request is none.
pub async fn run(args: Args, output: Output) -> Result<(), Failure> {
    if !args.no_build {
        let dir = args.dir.clone();
        tokio::task::spawn_blocking(move || super::test::fresh(&dir)).await.map_err(anyhow::Error::from)??;
    }
    let mut case = json!({
        "identity": { "subject": args.subject, "kind": args.kind, "groups": args.groups },
        "connection": args.connection,
    });
    let given = [("kubectl", &args.command), ("request", &args.request), ("content-type", &args.content_type), ("purpose", &args.purpose), ("now", &args.now)];
    for (key, value) in given {
        if let Some(value) = value {
            case[key] = Value::from(value.as_str());
        }
    }
    if let Some(file) = &args.body {
        case["body"] = Value::from(read(file)?);
    }
    let explained = trial(&args.dir).await?.explain(&case).await.map_err(|why| Failure::Usage(clean(&why)))?;
    match output {
        Output::Json => say(&json_line(&serde_json::to_string(&explained).map_err(anyhow::Error::from)?)),
        Output::Table => shown(&explained),
    }
}

fn read(file: &PathBuf) -> Result<String, Failure> {
    use std::io::Read;
    let mut body = String::new();
    let source: Box<dyn Read> = if file.as_os_str() == "-" { Box::new(std::io::stdin()) } else { Box::new(fs::File::open(file).map_err(|e| unreadable(file, &e))?) };
    source.take(BODY_MAX + 1).read_to_string(&mut body).map_err(|e| unreadable(file, &e))?;
    if body.len() as u64 > BODY_MAX {
        return Err(Failure::Usage(format!("{} is longer than 3 MiB; the gateway takes no such body", clean(&file.display().to_string()))));
    }
    Ok(body)
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::Usage(format!("cannot read {}: {error}; give --body a file in UTF-8", clean(&file.display().to_string())))
}

fn shown(explained: &Explained) -> Result<(), Failure> {
    let request = &explained.request;
    let field = |pointer: &str| clean(&text(request, pointer));
    let identity = [field("/identity/kind"), field("/identity/subject"), field("/identity/groups")];
    say(details(&[
        ("Request", format!("{} {}", field("/verb"), field("/path"))),
        ("Command", field("/command")),
        ("Resource", resource(request)),
        ("Namespace", field("/namespace")),
        ("Name", field("/name")),
        ("Query", query(request)),
        ("Dry run", if request["dry_run"] == true { "yes".to_owned() } else { String::new() }),
        ("Identity", identity.iter().filter(|text| !text.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")),
        ("Connection", field("/connection")),
    ])
    .trim_end())?;
    for plugin in &explained.plugins {
        say("")?;
        say(&plugin_lines(plugin))?;
    }
    say("")?;
    say(&outcome(explained))
}

fn resource(request: &Value) -> String {
    if request["is_resource"] != true {
        return String::new();
    }
    let parts = ["/group", "/version", "/resource", "/subresource"].map(|pointer| text(request, pointer));
    clean(&parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join("/"))
}

fn query(request: &Value) -> String {
    let pairs = request["query"].as_array().into_iter().flatten();
    clean(&pairs.filter_map(|pair| Some(format!("{}={}", pair.get(0)?.as_str()?, pair.get(1)?.as_str()?))).collect::<Vec<_>>().join("&"))
}

fn plugin_lines(plugin: &Explanation) -> String {
    let mut rows = vec![("Plugin", format!("{} ({})", clean(&plugin.plugin), plugin.world))];
    let answer = match (&plugin.came, &plugin.failure) {
        (Some(came), _) => match (came.verdict, &came.route, &came.plan) {
            (Some(verdict), ..) => verdict.as_str().to_owned(),
            (_, Some(route), _) => {
                let who = route.groups.iter().map(|group| format!("a member of {group}")).chain(route.subjects.iter().cloned()).collect::<Vec<_>>().join(" or ");
                format!("{} of {who}; {}, for {} s, for {:?}", route.needed, route.waiting, route.expires_after, route.scope)
            }
            (_, _, Some(plan)) if plan.is_empty() => "masks nothing".to_owned(),
            (_, _, Some(plan)) => format!("masks by {}", plan.join(", ")),
            _ => "no answer".to_owned(),
        },
        (None, Some(failure)) => format!("failed: {failure}"),
        (None, None) => String::new(),
    };
    rows.push(("Answer", clean(&answer)));
    if let Some(came) = &plugin.came {
        rows.push(("Rule", clean(came.rule.as_deref().unwrap_or_default())));
        rows.push(("Message", clean(came.message.as_deref().unwrap_or_default())));
        rows.push(("Remedy", clean(came.remedy.as_deref().unwrap_or_default())));
    }
    rows.push(("Cost", format!("{:.0} µs, {} of memory", plugin.microseconds, size(plugin.memory as u64))));
    rows.push(("Log", plugin.log.iter().map(|line| clean(line)).collect::<Vec<_>>().join("\n")));
    details(&rows).trim_end().to_owned()
}

/// What the gateway would do.
fn outcome(explained: &Explained) -> String {
    let routed = explained.plugins.iter().any(|plugin| plugin.world == World::ApprovalRouter && plugin.came.as_ref().is_some_and(|came| came.route.is_some()));
    match explained.decision {
        Decision::Allow => "It would be forwarded.".to_owned(),
        Decision::Deny => "It would be refused.".to_owned(),
        Decision::RequireApproval if routed => "It would wait for an approval.".to_owned(),
        Decision::RequireApproval => "It needs an approval. Whose, the gateway's approval router says; there is none in this bundle, so by itself it would be refused.".to_owned(),
        Decision::NoOpinion => "No guard has an opinion: the connection's default decides, which refuses unless the operator says otherwise.".to_owned(),
    }
}

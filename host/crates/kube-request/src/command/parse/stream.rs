//! `exec`, `attach`, `port-forward` and `cp`.

use super::args::Args;
use super::input::Input;
use super::resource::Target;
use super::sending::Sending;
use super::{Line, ParseError};
use crate::Method;

/// What is asked of a container: its output always, and its errors apart unless a terminal joins them.
fn stream<'a>(args: &'a Args, pod: &Target, what: &str, container: Option<&str>, stdin: bool, tty: bool) -> Sending<'a> {
    let mut sending = Sending::new(args, Method::Get, pod.path_to(what)).stream().query("stdout", "true");
    if let Some(container) = container {
        sending = sending.query("container", container);
    }
    if stdin {
        sending = sending.query("stdin", "true");
    }
    sending.query(if tty { "tty" } else { "stderr" }, "true")
}

fn commanded<'a>(sending: Sending<'a>, words: impl IntoIterator<Item = &'a str>) -> Sending<'a> {
    words.into_iter().fold(sending, |sending, word| sending.query("command", word))
}

pub(super) fn exec(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let pod = Target::pod(args, 0)?;
    args.no_more(1)?;
    if args.after.is_empty() {
        return Err(args.usage("needs a command: write it behind `--`"));
    }
    let sending = stream(args, &pod, "exec", args.value("container"), args.is("stdin"), args.is("tty"));
    Ok(commanded(sending, args.after.iter().map(String::as_str)).finish())
}

pub(super) fn attach(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let pod = Target::pod(args, 0)?;
    args.no_more(1)?;
    Ok(stream(args, &pod, "attach", args.value("container"), args.is("stdin"), args.is("tty")).finish())
}

/// Which ports is said within the stream, by the clients of today.
pub(super) fn port_forward(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let pod = Target::pod(args, 0)?;
    Ok(Sending::new(args, Method::Get, pod.path_to("portforward")).stream().finish())
}

/// kubectl runs `tar` in the container: to read from it, or to write into it.
pub(super) fn cp(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (from, to) = (args.word(0, "what to copy")?, args.word(1, "where to copy it")?);
    args.no_more(2)?;
    let container = args.value("container");
    Ok(match (place(args, from), place(args, to)) {
        (Some((pod, path)), None) => {
            let sending = stream(args, &pod, "exec", container, false, false);
            commanded(sending, ["tar", "cf", "-", path]).finish()
        }
        (None, Some((pod, path))) => {
            let folder = match path.trim_end_matches('/').rsplit_once('/') {
                Some(("", _)) => "/",
                Some((folder, _)) => folder,
                None => ".",
            };
            let sending = stream(args, &pod, "exec", container, true, false);
            let as_it_is: &[&str] = if args.is("no-preserve") { &["--no-same-permissions", "--no-same-owner"] } else { &[] };
            commanded(sending, ["tar"].iter().chain(as_it_is).chain(&["-xmf", "-", "-C", folder]).copied()).finish()
        }
        _ => return Err(args.usage("copies between a pod and this machine: write one side as POD:PATH or NAMESPACE/POD:PATH")),
    })
}

/// `NAMESPACE/POD:PATH` or `POD:PATH`.
fn place<'a>(args: &Args, word: &'a str) -> Option<(Target, &'a str)> {
    let (pod, path) = word.split_once(':')?;
    let (namespace, name) = match pod.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (args.value("namespace"), pod),
    };
    Some((Target::of_pod(namespace, name), path))
}

//! Exec and attach: what is typed and what is printed, channel by channel. Recorded before it goes on, what is printed
//! masked, and the command's end told to whoever waits for it.

mod end;

use std::sync::Arc;
use std::time::Duration;

use kube_request::KubeRequest;
use ledger::{RESIZE, STDERR, STDIN, STDOUT, StreamRecorder};
use masking::{CompiledPlan, OutputMasker, TokenKey};
use parking_lot::Mutex;
use streams::Side as Sender;
use streams::channels::{Channel, ErrorChannel, Event, Exit, Protocol, Wanted};

use self::end::{Reader, Writer};
use super::{Carried, Side};
use crate::pipeline::Admitted;
use crate::trail::unavailable;

/// How long a line on a terminal may wait for its end before what there is of it is shown.
const TERMINAL_PAUSE: Duration = Duration::from_millis(25);
/// The same where nobody types: a program that prints a line in two steps has time to finish it.
const PAUSE: Duration = Duration::from_secs(1);

/// What the two loops share.
struct Command<'a> {
    recorder: Mutex<StreamRecorder>,
    plan: &'a Arc<CompiledPlan>,
    key: &'a Arc<TokenKey>,
    is_terminal: bool,
}

/// Carries a command to its end, or to the session's.
pub async fn carry(admitted: &Admitted, recorder: StreamRecorder, plan: &Arc<CompiledPlan>, client: Side, cluster: Side) -> Carried {
    let wanted = wanted(&admitted.request);
    let command =
        Command { recorder: Mutex::new(recorder), plan, key: &admitted.gateway.token_key, is_terminal: wanted.tty };
    let mut printed = Printed::new(&command);
    let ended = command.run(admitted, wanted, client, cluster, &mut printed).await;
    let exit = printed.exit();
    let mut summary = exit.as_ref().map_or_else(|| "its end was not told".to_owned(), told);
    summary.push_str(&format!("; {} bytes typed, {} bytes printed", printed.typed, printed.shown));
    Carried { summary, interrupted: ended.err(), masked: printed.masked(), to_client: printed.shown }
}

/// What the query asks for, as the API server reads it.
fn wanted(request: &KubeRequest) -> Wanted {
    let flag = |key| request.query_flag(key);
    Wanted { stdin: flag("stdin"), stdout: flag("stdout"), stderr: flag("stderr"), tty: flag("tty") }
}

/// The end of a command in a sentence, without what the cluster says of it: that may hold anything.
fn told(exit: &Exit) -> String {
    match exit {
        Exit::Success => "ended with exit code 0".to_owned(),
        Exit::Code { code, .. } => format!("ended with exit code {code}"),
        Exit::Failure { .. } => "failed".to_owned(),
    }
}

impl Command<'_> {
    async fn run(&self, admitted: &Admitted, wanted: Wanted, client: Side, cluster: Side, printed: &mut Printed) -> Result<(), String> {
        let session = admitted.caller.session.clone();
        let of = |whom: &str, error: &dyn std::fmt::Display| format!("{whom}: {error}");
        let (mut from_client, to_client) = end::open(client, wanted, Sender::Client).map_err(|e| of("the client", &e))?;
        let (mut from_cluster, to_cluster) = end::open(cluster, wanted, Sender::Server).map_err(|e| of("the cluster", &e))?;
        let mut typed = 0;
        let carried = async {
            from_cluster.opened().await.map_err(|e| of("the cluster", &e))?;
            from_client.opened().await.map_err(|e| of("the client", &e))?;
            tokio::select! {
                // What was printed before the end is shown before it.
                biased;
                ended = self.print(&mut from_cluster, &to_client, printed) => ended,
                ended = self.type_in(&mut from_client, &to_cluster, &mut typed) => ended,
            }
        };
        let ended = tokio::select! {
            biased;
            why = session.ended() => Err(format!("the session ended: {why}")),
            ended = carried => ended,
        };
        printed.typed = typed;
        if let Err(why) = &ended
            && printed.exit().is_none()
        {
            // The client waits for the command's end; it is told what became of it.
            let failure = Exit::Failure { reason: "InternalError".to_owned(), message: format!("the gateway ended the stream: {why}") };
            let told = Event::Data(Channel::Error, failure.encode(Protocol::V4).into());
            let limit = Duration::from_secs(1);
            if tokio::time::timeout(limit, to_client.send(&told)).await.is_err() {
                tracing::debug!("a client did not take the end of its stream");
            }
        }
        tokio::join!(to_client.close(), to_cluster.close());
        ended
    }

    /// From the client, until it goes.
    async fn type_in(&self, client: &mut Reader, cluster: &Writer, typed: &mut u64) -> Result<(), String> {
        // What is typed reaches the command as it is; the recording of it is masked like everything that is kept.
        let mut kept = self.masker();
        loop {
            let event = client.next().await.map_err(|e| format!("the client: {e}"))?;
            let Some(event) = event else { return Err("the client went away".to_owned()) };
            match &event {
                Event::Data(Channel::Stdin, bytes) => {
                    *typed += bytes.len() as u64;
                    let mut out = Vec::with_capacity(bytes.len());
                    // Binary input with a secret in it is not kept; that it came is.
                    match kept.push(bytes, &mut out) {
                        Ok(()) => kept.flush(&mut out),
                        Err(_) => out.extend_from_slice(b"masked"),
                    }
                    self.record(STDIN, &out)?;
                }
                Event::Resize(size) => self.record(RESIZE, format!("{}x{}", size.width, size.height).as_bytes())?,
                Event::Close(Channel::Stdin) | Event::Reset(_) => {}
                Event::Data(..) | Event::Close(_) | Event::Ready | Event::GoAway => continue,
            }
            cluster.send(&event).await.map_err(|e| format!("the cluster: {e}"))?;
        }
    }

    /// From the cluster, until the command ends.
    async fn print(&self, cluster: &mut Reader, client: &Writer, printed: &mut Printed) -> Result<(), String> {
        let pause = if self.is_terminal { TERMINAL_PAUSE } else { PAUSE };
        loop {
            let event = if printed.is_waiting() {
                match tokio::time::timeout(pause, cluster.next()).await {
                    Ok(event) => event,
                    Err(_) => {
                        for (channel, out) in printed.flush() {
                            self.show(channel, out, client, printed).await?;
                        }
                        continue;
                    }
                }
            } else {
                cluster.next().await
            };
            match event.map_err(|e| format!("the cluster: {e}"))? {
                None => {
                    self.finish(client, printed).await?;
                    return match printed.exit() {
                        Some(_) => Ok(()),
                        None => Err("the cluster ended the stream without telling how the command ended".to_owned()),
                    };
                }
                Some(Event::Data(channel @ (Channel::Stdout | Channel::Stderr), bytes)) => {
                    let mut out = Vec::with_capacity(bytes.len());
                    printed.push(channel, &bytes, &mut out)?;
                    // A terminal shows at once what is there; a prompt has no end of line.
                    self.show(channel, out, client, printed).await?;
                }
                Some(Event::Data(Channel::Error, bytes)) => {
                    printed.error.push(&bytes).map_err(|e| format!("the cluster: {e}"))?;
                    if printed.exit().is_some() {
                        self.finish(client, printed).await?;
                    }
                }
                // The ends of the channels follow from the command's own end, which alone the client is told.
                Some(_) => {}
            }
        }
    }

    /// Everything has been printed: the rest is shown, then how it ended.
    async fn finish(&self, client: &Writer, printed: &mut Printed) -> Result<(), String> {
        for channel in [Channel::Stdout, Channel::Stderr] {
            let out = printed.finish(channel)?;
            self.show(channel, out, client, printed).await?;
        }
        if std::mem::replace(&mut printed.told, true) {
            return Ok(());
        }
        let Some(exit) = printed.exit() else {
            printed.told = false;
            return Ok(());
        };
        // Written anew, its message masked: the kubelet repeats the command in it.
        let exit = self.masked(exit);
        let event = Event::Data(Channel::Error, exit.encode(Protocol::V4).into());
        client.send(&event).await.map_err(|e| format!("the client: {e}"))
    }

    fn masked(&self, exit: Exit) -> Exit {
        let hidden = |message: String| {
            let mut out = Vec::with_capacity(message.len());
            let mut masker = masking::TextMasker::new(self.plan.clone(), self.key.clone());
            masker.push(message.as_bytes(), &mut out);
            masker.finish(&mut out);
            String::from_utf8_lossy(&out).into_owned()
        };
        match exit {
            Exit::Success => Exit::Success,
            Exit::Code { code, message } => Exit::Code { code, message: hidden(message) },
            Exit::Failure { reason, message } => Exit::Failure { reason, message: hidden(message) },
        }
    }

    /// Recorded, then shown (P3).
    async fn show(&self, channel: Channel, out: Vec<u8>, client: &Writer, printed: &mut Printed) -> Result<(), String> {
        if out.is_empty() {
            return Ok(());
        }
        self.record(if channel == Channel::Stdout { STDOUT } else { STDERR }, &out)?;
        printed.shown += out.len() as u64;
        client.send(&Event::Data(channel, out.into())).await.map_err(|e| format!("the client: {e}"))
    }

    fn record(&self, channel: &str, bytes: &[u8]) -> Result<(), String> {
        self.recorder.lock().push(channel, bytes).map_err(|e| unavailable(&e).message)
    }

    fn masker(&self) -> OutputMasker {
        OutputMasker::new(self.plan.clone(), self.key.clone(), self.is_terminal)
    }
}

/// What has been printed so far.
struct Printed {
    stdout: Option<OutputMasker>,
    stderr: Option<OutputMasker>,
    error: ErrorChannel,
    /// The client knows how the command ended.
    told: bool,
    typed: u64,
    shown: u64,
    masked: u64,
}

impl Printed {
    fn new(command: &Command<'_>) -> Printed {
        let (stdout, stderr) = (Some(command.masker()), Some(command.masker()));
        Printed { stdout, stderr, error: ErrorChannel::new(), told: false, typed: 0, shown: 0, masked: 0 }
    }

    /// How the command ended, once that is known.
    fn exit(&self) -> Option<Exit> {
        if self.error.bytes().is_empty() { None } else { self.error.exit(Protocol::V4).ok() }
    }

    fn of(&mut self, channel: Channel) -> &mut Option<OutputMasker> {
        if channel == Channel::Stdout { &mut self.stdout } else { &mut self.stderr }
    }

    fn push(&mut self, channel: Channel, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        match self.of(channel) {
            Some(masker) => masker.push(bytes, out).map_err(|e| format!("the output was cut: {e}")),
            // Closed already: what comes after the end means nothing.
            None => Ok(()),
        }
    }

    fn is_waiting(&self) -> bool {
        [&self.stdout, &self.stderr].into_iter().flatten().any(OutputMasker::is_waiting)
    }

    /// What the lines under way show.
    fn flush(&mut self) -> Vec<(Channel, Vec<u8>)> {
        let mut shown = Vec::new();
        for channel in [Channel::Stdout, Channel::Stderr] {
            let mut out = Vec::new();
            if let Some(masker) = self.of(channel) {
                masker.flush(&mut out);
            }
            shown.push((channel, out));
        }
        shown
    }

    fn masked(&self) -> u64 {
        self.masked + [&self.stdout, &self.stderr].into_iter().flatten().map(OutputMasker::masked).sum::<u64>()
    }

    fn finish(&mut self, channel: Channel) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        if let Some(masker) = self.of(channel).take() {
            self.masked += masker.finish(&mut out).map_err(|e| format!("the output was cut: {e}"))?.masked;
        }
        Ok(out)
    }
}

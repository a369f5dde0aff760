//! Two threads that keep a ledger: one brings lines to the disk for all who wait at once, one signs checkpoints.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::checkpoint::{self, Checkpoint};
use crate::error::AppendError;
use crate::log::Boundary;
use crate::resume;
use crate::shared::Shared;

/// Those who wait for the disk.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<oneshot::Sender<Result<(), AppendError>>>,
    stop: bool,
}

impl Queue {
    /// Resolves when everything appended before this call is on the disk.
    pub(crate) fn wait(&self) -> oneshot::Receiver<Result<(), AppendError>> {
        let (sender, receiver) = oneshot::channel();
        self.state.lock().waiting.push(sender);
        self.wake.notify_one();
        receiver
    }

    /// The thread ends after those who wait already.
    pub(crate) fn stop(&self) {
        self.state.lock().stop = true;
        self.wake.notify_one();
    }
}

/// Runs until stopped. All who wait when a sync begins are served by it.
pub(crate) fn run_sync(shared: &Shared) {
    loop {
        let waiting = {
            let mut state = shared.queue.state.lock();
            while state.waiting.is_empty() && !state.stop {
                shared.queue.wake.wait(&mut state);
            }
            if state.waiting.is_empty() {
                return;
            }
            std::mem::take(&mut state.waiting)
        };
        let result = sync(shared);
        for waiter in waiting {
            // Who has gone meanwhile needs no answer.
            let _ = waiter.send(result.clone());
        }
    }
}

fn sync(shared: &Shared) -> Result<(), AppendError> {
    let (parts, new_names) = {
        let mut tail = shared.tail.lock();
        tail.heal()?;
        (tail.dirty(), std::mem::take(&mut tail.new_names))
    };
    let synced = parts.iter().try_for_each(|part| part.file.sync()).and_then(|()| {
        if new_names { shared.disk.sync_directory(&shared.directory.join(crate::segment::FOLDER)) } else { Ok(()) }
    });
    let mut tail = shared.tail.lock();
    match synced {
        Ok(()) => {
            tail.clean(&parts);
            Ok(())
        }
        Err(error) => {
            tail.new_names |= new_names;
            tail.fail(&error, true);
            Err(AppendError::unavailable(error))
        }
    }
}

/// Wakes the thread that signs.
#[derive(Default)]
pub(crate) struct Signer {
    state: Mutex<SignerState>,
    wake: Condvar,
}

#[derive(Default)]
struct SignerState {
    asked: Vec<oneshot::Sender<Result<String, AppendError>>>,
    stop: bool,
}

impl Signer {
    pub(crate) fn ask(&self) -> oneshot::Receiver<Result<String, AppendError>> {
        let (sender, receiver) = oneshot::channel();
        self.state.lock().asked.push(sender);
        self.wake.notify_one();
        receiver
    }

    pub(crate) fn stop(&self) {
        self.state.lock().stop = true;
        self.wake.notify_one();
    }
}

/// Signs once in each interval in which something was appended, when asked, and at the end.
pub(crate) fn run_signer(shared: &Shared, interval: Duration, mut file: std::fs::File, mut signed: Checkpoint) {
    let mut note = String::new();
    loop {
        let due = Instant::now() + interval;
        let (asked, stop) = {
            let mut state = shared.signer.state.lock();
            while state.asked.is_empty() && !state.stop && !shared.signer.wake.wait_until(&mut state, due).timed_out() {}
            (std::mem::take(&mut state.asked), state.stop)
        };
        let result = sign(shared, &mut file, &mut signed, &mut note);
        if let Err(error) = &result {
            tracing::error!(%error, "no checkpoint of the audit log could be signed; trying again");
        }
        for waiter in asked {
            let _ = waiter.send(result.clone().map(|()| note.clone()));
        }
        if stop {
            return;
        }
    }
}

fn sign(shared: &Shared, file: &mut std::fs::File, signed: &mut Checkpoint, note: &mut String) -> Result<(), AppendError> {
    let (boundaries, now) = {
        let mut tail = shared.tail.lock();
        if tail.tree.size() == signed.size && !note.is_empty() {
            return Ok(());
        }
        let now = Checkpoint { size: tail.tree.size(), root: tail.tree.root() };
        (std::mem::take(&mut tail.boundaries), now)
    };
    let done = publish(shared, file, signed, note, &boundaries, now);
    if done.is_err() {
        let mut tail = shared.tail.lock();
        let later = std::mem::replace(&mut tail.boundaries, boundaries);
        tail.boundaries.extend(later);
    }
    done
}

fn publish(
    shared: &Shared,
    file: &mut std::fs::File,
    signed: &mut Checkpoint,
    note: &mut String,
    boundaries: &[Boundary],
    now: Checkpoint,
) -> Result<(), AppendError> {
    // A signature for lines that a power cut could still take away would prove a truncation that nobody did.
    if now.size > signed.size {
        shared.queue.wait().blocking_recv().map_err(|_| AppendError::Closed)??;
    }
    for boundary in boundaries {
        let checkpoint = Checkpoint { size: boundary.tree.size(), root: boundary.tree.root() };
        let signature = checkpoint::sign(&shared.key, &checkpoint);
        resume::keep(&shared.directory, boundary, &signature).map_err(AppendError::unavailable)?;
    }
    let text = checkpoint::sign(&shared.key, &now);
    if now.size > signed.size {
        append(file, text.as_bytes()).map_err(AppendError::unavailable)?;
    }
    *signed = now;
    *note = text;
    Ok(())
}

/// Appends a note whole or not at all.
pub(crate) fn append(file: &mut std::fs::File, note: &[u8]) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.write_all(note).and_then(|()| file.sync_data()).inspect_err(|_| {
        // Should this fail too, the next start finds a torn note and cuts it.
        let _ = file.set_len(length);
    })
}

/// Starts a named thread that holds the shared state.
pub(crate) fn spawn(
    name: &str,
    shared: &Arc<Shared>,
    run: impl FnOnce(&Shared) + Send + 'static,
) -> io::Result<std::thread::JoinHandle<()>> {
    let shared = shared.clone();
    std::thread::Builder::new().name(name.to_owned()).spawn(move || run(&shared))
}

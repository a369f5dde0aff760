//! What is under way: authorization requests, codes and device grants, all short-lived and bounded.

use crate::StageError;
use aws_lc_rs::rand;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Of each kind; the oldest one goes when another comes, so a flood cannot grow the process.
const MAX_UNDER_WAY: usize = 256;
/// How long somebody may look at the page before choosing.
const CHOOSE_WITHIN: Duration = Duration::from_secs(600);
/// RFC 6749 section 4.1.2 recommends at most ten minutes; a program redeems at once.
const CODE_LIFETIME: Duration = Duration::from_secs(60);
/// How long a device waits for its person.
pub(super) const DEVICE_LIFETIME: Duration = Duration::from_secs(600);
/// The least time between two polls of a device (RFC 8628 section 3.2).
pub(super) const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// An authorization request that waits for somebody to choose who to be.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) client: String,
    pub(super) redirect: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    /// The PKCE challenge, method S256.
    pub(super) challenge: String,
}

/// A code that was given out.
pub(super) struct Granted {
    pub(super) asked: Asked,
    pub(super) subject: String,
}

/// A device's request.
pub(super) struct Device {
    pub(super) user_code: String,
    pub(super) client: String,
    pub(super) answer: DeviceAnswer,
    polled: Option<Instant>,
}

/// What the person said.
#[derive(Clone, PartialEq)]
pub(super) enum DeviceAnswer {
    Pending,
    Granted(String),
    Denied,
}

/// What a polling device is told.
pub(super) enum Poll {
    Pending,
    SlowDown,
    Denied,
    Granted {
        subject: String,
        client: String,
    },
    /// No such code, or too late.
    Gone,
}

/// Everything under way.
pub(super) struct Flows {
    requests: Shelf<Asked>,
    codes: Shelf<Granted>,
    devices: Shelf<Device>,
}

impl Default for Flows {
    fn default() -> Self {
        Self {
            requests: Shelf::new(CHOOSE_WITHIN),
            codes: Shelf::new(CODE_LIFETIME),
            devices: Shelf::new(DEVICE_LIFETIME),
        }
    }
}

impl Flows {
    pub(super) fn ask(&mut self, asked: Asked) -> Result<String, StageError> {
        self.requests.put(random_word()?, asked)
    }

    /// Trades a request for a code.
    pub(super) fn choose(
        &mut self,
        request: &str,
        subject: &str,
    ) -> Result<Option<(Asked, String)>, StageError> {
        let Some(asked) = self.requests.take(request) else {
            return Ok(None);
        };
        let granted = Granted {
            asked: asked.clone(),
            subject: subject.to_owned(),
        };
        Ok(Some((asked, self.codes.put(random_word()?, granted)?)))
    }

    /// Takes a code: it is good once, whatever comes of it.
    pub(super) fn redeem(&mut self, code: &str) -> Option<Granted> {
        self.codes.take(code)
    }

    /// A new device request: its device code and its user code.
    pub(super) fn device(&mut self, client: String) -> Result<(String, String), StageError> {
        let user_code = user_code()?;
        let device = Device {
            user_code: user_code.clone(),
            client,
            answer: DeviceAnswer::Pending,
            polled: None,
        };
        Ok((self.devices.put(random_word()?, device)?, user_code))
    }

    /// Records what the person said; false when no device waits with this code.
    pub(super) fn answer_device(&mut self, user_code: &str, answer: DeviceAnswer) -> bool {
        let wanted = user_code.trim().to_ascii_uppercase();
        let waiting = self
            .devices
            .iter_mut()
            .find(|it| it.user_code == wanted && it.answer == DeviceAnswer::Pending);
        waiting.is_some_and(|device| {
            device.answer = answer;
            true
        })
    }

    pub(super) fn poll_device(&mut self, code: &str, now: Instant) -> Poll {
        let Some(device) = self.devices.get_mut(code) else {
            return Poll::Gone;
        };
        let hasty = device
            .polled
            .is_some_and(|before| now.duration_since(before) < POLL_INTERVAL);
        device.polled = Some(now);
        match &device.answer {
            DeviceAnswer::Pending if hasty => Poll::SlowDown,
            DeviceAnswer::Pending => Poll::Pending,
            DeviceAnswer::Denied => Poll::Denied,
            DeviceAnswer::Granted(subject) => {
                let (subject, client) = (subject.clone(), device.client.clone());
                self.devices.take(code);
                Poll::Granted { subject, client }
            }
        }
    }
}

/// A bounded shelf of things that go bad.
struct Shelf<T> {
    lifetime: Duration,
    items: VecDeque<(String, Instant, T)>,
}

impl<T> Shelf<T> {
    fn new(lifetime: Duration) -> Self {
        Self {
            lifetime,
            items: VecDeque::new(),
        }
    }

    fn put(&mut self, name: String, item: T) -> Result<String, StageError> {
        self.clean();
        if self.items.len() == MAX_UNDER_WAY {
            self.items.pop_front();
        }
        self.items.push_back((name.clone(), Instant::now(), item));
        Ok(name)
    }

    fn take(&mut self, name: &str) -> Option<T> {
        self.clean();
        let at = self.items.iter().position(|(it, _, _)| it == name)?;
        self.items.remove(at).map(|(_, _, item)| item)
    }

    fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.clean();
        self.items
            .iter_mut()
            .find(|(it, _, _)| it == name)
            .map(|(_, _, item)| item)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.clean();
        self.items.iter_mut().map(|(_, _, item)| item)
    }

    fn clean(&mut self) {
        // In order of age, since all live equally long.
        while self
            .items
            .front()
            .is_some_and(|(_, since, _)| since.elapsed() > self.lifetime)
        {
            self.items.pop_front();
        }
    }
}

/// 192 random bits, base64url.
pub(super) fn random_word() -> Result<String, StageError> {
    let mut bytes = [0; 24];
    rand::fill(&mut bytes).map_err(|_| StageError::Crypto("draw random bytes"))?;
    Ok(super::b64(bytes))
}

/// Eight consonants, `BCDF-GHJK`: RFC 8628 section 6.1 advises an alphabet that spells no words.
fn user_code() -> Result<String, StageError> {
    const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
    let mut bytes = [0; 8];
    rand::fill(&mut bytes).map_err(|_| StageError::Crypto("draw random bytes"))?;
    let mut code: String = bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
        .collect();
    code.insert(4, '-');
    Ok(code)
}

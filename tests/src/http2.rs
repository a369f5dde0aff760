//! One HTTP/2 request with any header fields, by [`frames`]: client libraries refuse to send the wrong ones.

use crate::frames::{self, Answer};
use crate::https::Client;

/// What became of a request.
#[derive(Debug)]
pub enum Outcome {
    /// It was answered: the body. Its status code is in it, when it is a Kubernetes `Status`.
    Answered(String),
    /// The stream was reset or the connection ended: the server would not have such a request.
    Refused,
}

/// Sends these fields, pseudo-header fields included, in this order, and reads the answer. With `trailers` they follow a
/// body; without, the fields are all.
#[must_use]
pub fn request(client: &Client, fields: &[(&str, &str)], body: &[u8], trailers: &[(&str, &str)]) -> Outcome {
    let bytes = |fields: &[(&str, &str)]| fields.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect();
    let body = (!body.is_empty() || !trailers.is_empty()).then(|| body.to_vec());
    match frames::exchange(client, &frames::Request { fields: bytes(fields), body, trailers: bytes(trailers) }) {
        Ok(Answer::Response { body, .. }) => Outcome::Answered(String::from_utf8_lossy(&body).into_owned()),
        Ok(Answer::Ended { .. }) | Err(_) => Outcome::Refused,
    }
}

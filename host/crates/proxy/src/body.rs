//! What the gateway answers with: whole, streamed, or from the console.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

/// Why an answer that had begun was cut: the connection is closed, so that the client sees that it is not whole.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Cut(pub String);

/// A part of a streamed answer.
pub enum Piece {
    /// Some bytes.
    Bytes(Bytes),
    /// All was said.
    End,
}

/// The body of an answer.
pub enum Reply {
    /// Known from the start.
    Whole(Full<Bytes>),
    /// Pieces as they are released. Without an [`Piece::End`] the connection is cut, so that the client sees that what
    /// it has is not the whole.
    Stream(mpsc::Receiver<Piece>),
    /// Of another service (the console).
    Other(UnsyncBoxBody<Bytes, Cut>),
}

impl Reply {
    /// A whole body.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Full::new(bytes.into()))
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Self::Stream(pieces) => pieces.poll_recv(cx).map(|piece| match piece {
                Some(Piece::Bytes(bytes)) => Some(Ok(Frame::data(bytes))),
                Some(Piece::End) => None,
                None => Some(Err(Cut("the stream was cut".to_owned()))),
            }),
            Self::Other(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Stream(_) => false,
            Self::Other(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Stream(_) => SizeHint::default(),
            Self::Other(body) => body.size_hint(),
        }
    }
}

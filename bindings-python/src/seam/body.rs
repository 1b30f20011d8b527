//! Bodies of requests on their way out, and how far they are: what a request waits for decides which limit counts.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use threadline::transport::{ByteStream, TransportError};
use tokio::sync::{mpsc, watch};

use super::Times;

/// Size of the pieces in which a body in memory goes out.
const PIECE: usize = 64 << 10;

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing is known: it has no body, or no connection yet.
    Bare,
    /// So many bytes of the body are gone.
    Sending(u64),
    /// The whole body is gone.
    Sent,
}

impl Stage {
    /// How long it may stay so, and what has happened when it has stayed longer.
    pub(super) fn limit(self, times: Times) -> (Option<Duration>, &'static str, &'static str) {
        match self {
            Self::Bare => {
                let both = times.connect.zip(times.read).map(|(connect, read)| connect.saturating_add(read));
                (both, "ReadTimeout", "the server has not answered in time")
            }
            Self::Sending(_) => (times.write, "WriteTimeout", "the server has not taken the request's body in time"),
            Self::Sent => (times.read, "ReadTimeout", "the server has not answered in time"),
        }
    }
}

/// A body in memory: its length, and its bytes.
pub(super) fn of_bytes(body: Bytes, report: watch::Sender<Stage>) -> (u64, ByteStream) {
    (body.len() as u64, Box::pin(Counted { source: Source::Bytes(body), sent: 0, length: None, report }))
}

/// A body that is handed over piece by piece.
pub(super) fn channel(
    length: Option<u64>,
    report: watch::Sender<Stage>,
) -> (mpsc::Sender<Result<Bytes, TransportError>>, ByteStream) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, Box::pin(Counted { source: Source::Channel(receiver), sent: 0, length, report }))
}

struct Counted {
    source: Source,
    sent: u64,
    length: Option<u64>,
    report: watch::Sender<Stage>,
}

enum Source {
    Bytes(Bytes),
    Channel(mpsc::Receiver<Result<Bytes, TransportError>>),
}

impl Stream for Counted {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let piece = match &mut this.source {
            Source::Bytes(rest) if rest.is_empty() => None,
            Source::Bytes(rest) => Some(Ok(rest.split_to(rest.len().min(PIECE)))),
            Source::Channel(receiver) => match receiver.poll_recv(context) {
                Poll::Ready(piece) => piece,
                Poll::Pending => {
                    // The connection waits for us, so it is there.
                    this.report
                        .send_if_modified(|stage| std::mem::replace(stage, Stage::Sending(this.sent)) == Stage::Bare);
                    return Poll::Pending;
                }
            },
        };
        if let Some(Ok(piece)) = &piece {
            this.sent += piece.len() as u64;
        }
        let whole = match &this.source {
            Source::Bytes(rest) => rest.is_empty(),
            // Whoever knows the length need not ask for the end.
            Source::Channel(_) => piece.is_none() || this.length == Some(this.sent),
        };
        this.report.send_replace(if whole { Stage::Sent } else { Stage::Sending(this.sent) });
        Poll::Ready(piece)
    }
}

//! One call: from the arguments that JavaScript hands over to what the queue is told.

use threadline::operation::{Operation, ReplyKind};
use threadline::{Args, Client, RequestOptions};

use crate::error;
use crate::hub::Queue;
use crate::item::{Head, Item};
use crate::source::{Inner, Source};
use crate::{split, vectors};

/// How the reply is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// To its end.
    Whole,
    /// As events.
    Events,
    /// Piece by piece, as bytes.
    Bytes,
}

impl Way {
    pub(crate) fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Events,
            2 => Self::Bytes,
            _ => Self::Whole,
        }
    }
}

/// Makes the call.
pub(crate) async fn send(
    queue: &Queue,
    id: u32,
    client: Client,
    (operation, args, options): (&'static Operation, Args, RequestOptions),
    way: Way,
) -> Item {
    let outcome = match way {
        Way::Whole => client.execute(operation, args, options).await.map(|reply| {
            let json = match operation.reply {
                ReplyKind::Text | ReplyKind::Empty => false,
                ReplyKind::JsonOrText => reply.is_json(),
                _ => true,
            };
            let head = Head { status: reply.status.as_u16(), headers: reply.headers, attempts: reply.attempts };
            if json
                && vectors::has(operation)
                && let Some(vectors) = vectors::take(&reply.body)
            {
                return Item::Vectors { id, head, vectors };
            }
            match json.then(|| split::split(&reply.body)).flatten() {
                Some(parts) => Item::Parts { id, head, source: queue.keep(Source::new(Inner::Parts(parts.into()))) },
                None => Item::Text { id, head, body: reply.body, json },
            }
        }),
        Way::Events => client.stream(operation, args, options).await.map(|stream| {
            let head = Head { status: stream.status(), headers: stream.headers().clone(), attempts: stream.attempts() };
            Item::Open { id, head, source: queue.keep(Source::events(stream)), events: true }
        }),
        Way::Bytes => client.download(operation, args, options).await.map(|body| {
            let head = Head { status: body.status(), headers: body.headers().clone(), attempts: body.attempts() };
            Item::Open { id, head, source: queue.keep(Source::new(Inner::Download(Box::new(body)))), events: false }
        }),
    };
    outcome.unwrap_or_else(|error| Item::Failed { id, record: error::record(&error) })
}

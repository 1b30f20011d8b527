//! Streams: frames written at the pace that the question asks for.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;

use crate::Stats;
use crate::rules::Manner;

/// One event of a stream, as text.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) text: String,
    /// Whether it carries a word of the answer: the pace is the pace of those.
    pub(crate) is_word: bool,
}

/// Counts a stream as open, and as dropped if it is let go before its end.
struct Open {
    stats: Arc<Stats>,
    done: bool,
    /// How many streams have to have begun before it goes on.
    waits: Option<u64>,
}

impl Open {
    fn finish(&mut self) {
        self.done = true;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.stats.open.fetch_sub(1, Ordering::Relaxed);
        if !self.done {
            self.stats.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

pub(crate) fn response(stats: &Arc<Stats>, frames: Vec<Frame>, manner: &Manner) -> Response {
    let body = if manner.hang || manner.meet.is_some() || !manner.pause.is_zero() {
        paced(stats, frames.into(), manner)
    } else {
        Body::from(frames.into_iter().map(|frame| frame.text).collect::<String>())
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}

/// Longest wait for the others; what did not come by then never will.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until so many streams that wait for each other have said their first word.
async fn meet(stats: &Stats, count: u64) {
    let mut met = stats.met.subscribe();
    let mut own = 0;
    stats.met.send_modify(|met| {
        *met += 1;
        own = *met;
    });
    // Those that come later are the next group.
    let all = own.div_ceil(count) * count;
    // Whoever is missing is missed in the figures.
    let _ = tokio::time::timeout(PATIENCE, met.wait_for(|met| *met >= all)).await;
}

fn paced(stats: &Arc<Stats>, frames: VecDeque<Frame>, manner: &Manner) -> Body {
    stats.open.fetch_add(1, Ordering::Relaxed);
    let open = Open { stats: Arc::clone(stats), done: false, waits: manner.meet };
    let manner = *manner;
    let pieces = futures_util::stream::unfold((frames, open, false), move |(mut frames, mut open, spoke)| async move {
        let Some(next) = frames.pop_front() else {
            open.finish();
            return None;
        };
        let is_word = next.is_word;
        if is_word && spoke && manner.hang {
            std::future::pending::<()>().await;
        }
        // The first word is on its way when the second is asked for.
        if is_word
            && spoke
            && let Some(count) = open.waits.take()
        {
            meet(&open.stats, count).await;
        }
        if is_word {
            tokio::time::sleep(manner.pause).await;
        }
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(next.text)), (frames, open, spoke || is_word)))
    });
    Body::from_stream(pieces)
}

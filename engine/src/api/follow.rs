//! Streams of runs: from the process's memory while it works on the run, else from the store.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::db::params;
use crate::error::Failure;
use crate::objects::run::is_active;
use crate::objects::step;
use crate::run::service::Inner;
use crate::store::events::{self, Event};

/// How often the store is asked for events of a run that another process works on.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// Fills silence. No empty line follows: behind an event with an `id`, the official Python package takes an empty line for
/// the end of another event, and fails to read it.
const KEEP_ALIVE: &[u8] = b": keep-alive\n";

/// Whether a run's stream ends with this event.
fn is_end(name: &str) -> bool {
    matches!(
        name.strip_prefix("thread.run."),
        Some("requires_action" | "completed" | "incomplete" | "failed" | "cancelled" | "expired")
    )
}

/// The stream of a run behind an event, until the run ends or waits.
pub(crate) fn response(engine: &Arc<Inner>, run: &str, after: i64, with_content: bool) -> Response {
    let follower = Follower {
        engine: Arc::clone(engine),
        run: run.to_owned(),
        after,
        with_content,
        queue: VecDeque::new(),
        ended: false,
        quiet_since: Instant::now(),
    };
    let frames = stream::unfold(follower, |mut follower| async move {
        let frame = follower.next().await?;
        Some((Ok::<_, std::convert::Infallible>(frame), follower))
    });
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies that gather replies would hold events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// One reader of a run's events.
struct Follower {
    engine: Arc<Inner>,
    run: String,
    after: i64,
    with_content: bool,
    queue: VecDeque<Event>,
    ended: bool,
    quiet_since: Instant,
}

impl Follower {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if !self.queue.is_empty() {
                return Some(self.frames());
            }
            if self.ended {
                return None;
            }
            match self.fill().await {
                Ok(true) => {}
                Ok(false) => {
                    self.quiet_since = Instant::now();
                    return Some(Bytes::from_static(KEEP_ALIVE));
                }
                Err(message) => {
                    self.ended = true;
                    return Some(broken(&message));
                }
            }
        }
    }

    /// All events that are there, as one piece.
    fn frames(&mut self) -> Bytes {
        let mut text = String::new();
        while let Some(event) = self.queue.pop_front() {
            self.after = event.seq;
            text.push_str(&format!("event: {}\nid: {}\ndata: {}\n\n", event.name, event.seq, self.data(&event)));
            if is_end(&event.name) {
                text.push_str("event: done\ndata: [DONE]\n\n");
                self.ended = true;
                self.queue.clear();
            }
        }
        self.quiet_since = Instant::now();
        text.into()
    }

    fn data<'a>(&self, event: &'a Event) -> std::borrow::Cow<'a, str> {
        let hides =
            !self.with_content && event.name.starts_with("thread.run.step.") && event.data.contains("\"content\"");
        match hides.then(|| serde_json::from_str::<Value>(&event.data)) {
            Some(Ok(found)) => step::shown(&found, false).to_string().into(),
            _ => (&*event.data).into(),
        }
    }

    /// Waits for events. False: it has been quiet for long.
    async fn fill(&mut self) -> Result<bool, String> {
        let keep_alive = self.quiet_since + self.engine.settings.keep_alive;
        if let Some(live) = self.engine.hub.get(&self.run).filter(|live| live.covers(self.after)) {
            let mut watch = live.watch();
            loop {
                let open = watch.is_open();
                let found = live.after(self.after);
                if !found.is_empty() {
                    self.queue.extend(found);
                    return Ok(true);
                }
                if !open {
                    break;
                }
                tokio::select! {
                    () = watch.changed() => {}
                    () = tokio::time::sleep_until(keep_alive) => return Ok(false),
                }
            }
        }
        loop {
            let found =
                events::after(&self.engine.db, &self.run, self.after).await.map_err(|error| internal(&error))?;
            if !found.is_empty() {
                self.queue.extend(found);
                return Ok(true);
            }
            if self.engine.hub.get(&self.run).is_some_and(|live| live.covers(self.after)) {
                return Ok(true);
            }
            if self.engine.is_closing() {
                let message = "The server is shutting down. The run goes on; ask for it again in a moment.";
                return Err(message.to_owned());
            }
            self.check_run().await?;
            if Instant::now() >= keep_alive {
                return Ok(false);
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Nothing comes any more from a run that has ended or is gone.
    async fn check_run(&self) -> Result<(), String> {
        let rows = self
            .engine
            .db
            .query("select status, next_event from runs where id = $1", params![&self.run])
            .await
            .map_err(|error| internal(&error))?;
        let Some(row) = rows.first() else { return Err("The run has been deleted.".to_owned()) };
        let (status, next) = (row.text(0).unwrap_or_default(), row.int(1).unwrap_or_default());
        let ended = !is_active(status) || status == "requires_action";
        if ended && next <= self.after + 1 {
            return Err(format!("The run is {status}; there are no events behind {}.", self.after));
        }
        if ended {
            // What ended it may have been written since the events were read.
            let found =
                events::after(&self.engine.db, &self.run, self.after).await.map_err(|error| internal(&error))?;
            if found.is_empty() {
                return Err("The events of the run are not kept any more.".to_owned());
            }
        }
        Ok(())
    }
}

fn internal(error: &Failure) -> String {
    tracing::error!(%error, "a stream broke");
    "The server had an error while streaming the run.".to_owned()
}

/// A stream that breaks says so in both forms that clients know.
fn broken(message: &str) -> Bytes {
    let error = json!({"message": message, "type": "server_error", "param": null, "code": null});
    let mut both = error.clone();
    both["error"] = error;
    format!("event: error\ndata: {both}\n\nevent: done\ndata: [DONE]\n\n").into()
}

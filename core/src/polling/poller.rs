//! The state machine of polling: replies in, waits out. It needs no runtime and no clock of its own.

use std::time::Duration;

use super::Target;
use crate::error::{Error, ErrorKind};
use crate::json::{Doc, Node};
use crate::unfinished::Unfinished;

/// Header in which a server says when to ask again, in milliseconds.
pub const POLL_AFTER: &str = "openai-poll-after-ms";
/// Longest wait that a server may ask for.
const LONGEST: Duration = Duration::from_secs(3600);
/// Shortest one: a server that says 0 must not be asked in a busy loop.
const SHORTEST: Duration = Duration::from_millis(1);
/// Time kept for a last look before the limit, where there is that much.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// What to do after a look at the thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Wait so long, then look again.
    Wait(Duration),
    /// It has reached a final status: the reply is the result.
    Done,
    /// The limit has passed.
    Expired,
}

/// Decides after each look at a thing whether to look again, and when.
///
/// ```
/// use std::time::Duration;
/// use threadline::polling::{Poller, Step, Target};
///
/// let mut poller = Poller::new(Target::find("beta.threads.runs").expect("known"));
/// let busy = poller.observe(br#"{"status":"queued"}"#, Some("250"), Duration::ZERO)?;
/// assert_eq!(busy, Step::Wait(Duration::from_millis(250)));
/// let done = poller.observe(br#"{"status":"completed"}"#, None, Duration::from_secs(1))?;
/// assert_eq!(done, Step::Done);
/// # Ok::<(), threadline::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Poller {
    target: &'static Target,
    interval: Option<Duration>,
    max_wait: Option<Duration>,
    looks: u32,
    last: bool,
    status: Option<String>,
}

impl Poller {
    /// A poller with the target's own pace and limit.
    pub fn new(target: &'static Target) -> Self {
        Self { target, interval: None, max_wait: target.max_wait, looks: 0, last: false, status: None }
    }

    /// Waits always so long, whatever the server says.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Gives up after so long; with zero, before the first look.
    #[must_use]
    pub fn max_wait(mut self, limit: Duration) -> Self {
        self.max_wait = Some(limit);
        self
    }

    /// Longest time of polling, if there is a limit.
    pub fn limit(&self) -> Option<Duration> {
        self.max_wait
    }

    /// The status that was seen last.
    pub fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    /// Headers that tell the server that a helper polls, as the official packages send them.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![("X-Stainless-Poll-Helper", "true".to_owned())];
        if let Some(interval) = self.interval {
            headers.push(("X-Stainless-Custom-Poll-Interval", interval.as_millis().to_string()));
        }
        headers
    }

    /// Whether the limit has passed, `elapsed` after polling began: no look is begun then.
    pub fn is_expired(&self, elapsed: Duration) -> bool {
        self.max_wait.is_some_and(|limit| elapsed >= limit)
    }

    /// Judges the reply of the thing's creation: whether it is done already.
    pub fn created(&mut self, body: &[u8]) -> bool {
        // One that cannot be judged is looked at again, as most are in any case.
        self.note(body).unwrap_or(false) && self.target.done_at_once
    }

    /// Judges a look at the thing: the reply's body, its header [`POLL_AFTER`], and the time since polling began.
    ///
    /// # Errors
    /// Kind `decode` if the body is not JSON or says no status.
    pub fn observe(&mut self, body: &[u8], poll_after: Option<&str>, elapsed: Duration) -> Result<Step, Error> {
        if self.note(body)? {
            return Ok(Step::Done);
        }
        let asked = || poll_after.and_then(|ms| ms.trim().parse().ok()).map(Duration::from_millis);
        let wait = match self.interval {
            Some(interval) => interval,
            None => asked().map_or(self.target.pace.wait(self.looks), |wait| wait.clamp(SHORTEST, LONGEST)),
        };
        self.looks = self.looks.saturating_add(1);
        let Some(limit) = self.max_wait else { return Ok(Step::Wait(wait)) };
        let left = limit.saturating_sub(elapsed);
        if left.is_zero() || self.last {
            return Ok(Step::Expired);
        }
        // The last look is made shortly before the limit, so that what is done by then is not reported as late.
        let latest = left - LAST_LOOK.min(left / 2);
        self.last = wait > latest;
        Ok(Step::Wait(wait.min(latest)))
    }

    /// The error when the limit has passed, for the thing of this id.
    pub fn expired(&self, id: &str) -> Error {
        let (resource, limit) = (self.target.resource, self.max_wait.unwrap_or_default());
        let message = match &self.status {
            Some(status) => {
                format!("{resource} {id} was still {status} when the limit of {limit:?} for polling passed")
            }
            None => format!("the limit of {limit:?} for polling {resource} {id} passed before it was seen"),
        };
        let message = message + "; it goes on at the provider: poll it again, or cancel it";
        Error::new(ErrorKind::Timeout, message).with_unfinished(self.unfinished(id))
    }

    /// What an error tells of the thing of this id.
    pub fn unfinished(&self, id: &str) -> Unfinished {
        let status = self.status.clone();
        Unfinished { status, ..Unfinished::new(self.target.resource).id(id) }
    }

    /// Takes down the status; whether it is a final one.
    fn note(&mut self, body: &[u8]) -> Result<bool, Error> {
        let doc = Doc::parse(body)
            .map_err(|error| Error::new(ErrorKind::Decode, format!("the reply to a poll cannot be read: {error}")))?;
        let root = doc.root();
        let status = root.get("status").and_then(Node::as_str).filter(|status| !status.is_empty());
        self.status = status.map(|status| status.into_owned());
        let counts = root.get("file_counts").filter(|_| self.target.counts_files);
        let count = |name| counts.and_then(|counts| counts.get(name)).and_then(Node::as_i64);
        let files = count("in_progress").zip(count("total"));
        match (self.status.as_deref(), files) {
            (Some(status), _) if self.target.terminal.contains(&status) => Ok(true),
            // A batch that has not counted its files yet has none in progress either.
            (status, Some((busy, total))) => Ok(busy <= 0 && (total > 0 || status == Some("completed"))),
            (Some(status), None) => Ok(self.target.counts_files && status == "completed"),
            (None, None) if self.target.silent_is_done => Ok(true),
            (None, None) => {
                let message = format!(
                    "the reply says no status of {}, so polling could not tell when it is done",
                    self.target.resource
                );
                Err(Error::new(ErrorKind::Decode, message))
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Whether and when to connect again, and what a new connection is told first. A plain struct without a clock.

use std::time::Duration;

use bytes::Bytes;
use memchr::memmem;

use super::Close;
use crate::json::Doc;

/// A wait longer than this that the server asks for ends the attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How a lost connection is made again.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ReconnectPolicy {
    /// Attempts in a row before the connection is given up; an event from the server starts the count anew. Default 5.
    pub max_retries: u32,
    /// Longest wait before the first attempt; it doubles with each further one. Default 0.5 s.
    pub initial_delay: Duration,
    /// Wait that no attempt exceeds, unless the server asks for more. Default 8 s.
    pub max_delay: Duration,
}

impl Default for ReconnectPolicy {
    fn default() -> Self {
        Self { max_retries: 5, initial_delay: Duration::from_millis(500), max_delay: Duration::from_secs(8) }
    }
}

impl ReconnectPolicy {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`max_retries`](Self::max_retries).
    #[must_use]
    pub fn max_retries(mut self, count: u32) -> Self {
        self.max_retries = count;
        self
    }

    /// Sets [`initial_delay`](Self::initial_delay).
    #[must_use]
    pub fn initial_delay(mut self, delay: Duration) -> Self {
        self.initial_delay = delay;
        self
    }

    /// Sets [`max_delay`](Self::max_delay).
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }
}

/// The connection was lost and will be made again.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Reconnecting {
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// Attempts that will be made at most.
    pub max_attempts: u32,
    /// Wait before this attempt.
    pub delay: Duration,
    /// How the connection ended.
    pub close: Close,
}

/// The connection stands again. On the server this is a new session, which knows nothing of the one before but what was
/// sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconnected {
    /// Attempts that it took.
    pub attempts: u32,
    /// Types of the events that were sent again, such as `session.update`.
    pub resent: Vec<String>,
}

/// What comes after a lost connection or a failed attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Wait, then connect.
    Retry(Reconnecting),
    /// Report the failure.
    GiveUp,
}

/// Counts attempts and remembers what has to be said again.
#[derive(Debug, Clone)]
pub struct Reconnector {
    policy: ReconnectPolicy,
    attempt: u32,
    close: Close,
    /// Types of client events of which the latest is sent again.
    kinds: &'static [&'static str],
    memory: Vec<(&'static str, Bytes)>,
}

impl Reconnector {
    /// A reconnector that sends the latest event of each of these types again.
    pub fn new(policy: ReconnectPolicy, kinds: &'static [&'static str]) -> Self {
        Self { policy, attempt: 0, close: Close::new(super::ABNORMAL, ""), kinds, memory: Vec::new() }
    }

    /// The connection has ended. `random` is even between 0 and 1.
    pub fn lost(&mut self, close: &Close, random: f64) -> Next {
        self.close = close.clone();
        if close.is_recoverable() { self.next(None, random) } else { Next::GiveUp }
    }

    /// An attempt has failed. `retryable` and `retry_after` are those of its error.
    pub fn refused(&mut self, retryable: bool, retry_after: Option<Duration>, random: f64) -> Next {
        if retryable { self.next(retry_after, random) } else { Next::GiveUp }
    }

    fn next(&mut self, asked: Option<Duration>, random: f64) -> Next {
        if self.attempt >= self.policy.max_retries || asked.is_some_and(|wait| wait > LONGEST_WAIT) {
            return Next::GiveUp;
        }
        let factor = 2u32.checked_pow(self.attempt).unwrap_or(u32::MAX);
        let bound = self.policy.initial_delay.checked_mul(factor).unwrap_or(self.policy.max_delay);
        // A quarter of jitter: enough to part a crowd, and the first attempt still waits.
        let delay = bound.min(self.policy.max_delay).mul_f64(0.75 + 0.25 * random.clamp(0.0, 1.0));
        self.attempt += 1;
        Next::Retry(Reconnecting {
            attempt: self.attempt,
            max_attempts: self.policy.max_retries,
            delay: delay.max(asked.unwrap_or_default()),
            close: self.close.clone(),
        })
    }

    /// An attempt has succeeded: what happened, and the events to send before any other.
    pub fn connected(&self) -> (Reconnected, Vec<Bytes>) {
        let resent = self.memory.iter().map(|(kind, _)| (*kind).to_owned()).collect();
        (Reconnected { attempts: self.attempt, resent }, self.memory.iter().map(|(_, event)| event.clone()).collect())
    }

    /// An event is being sent.
    pub fn sending(&mut self, event: &Bytes) {
        // Audio makes nearly all of the traffic; looking for a word in it is cheap, parsing it is not.
        if !self.kinds.iter().any(|kind| memmem::find(event, kind.as_bytes()).is_some()) {
            return;
        }
        let Some(kind) = type_of(event) else { return };
        let Some(kind) = self.kinds.iter().find(|known| **known == kind) else { return };
        // The later word comes later: settings may build on each other.
        self.memory.retain(|(known, _)| known != kind);
        self.memory.push((kind, event.clone()));
    }

    /// An event has come. One that is no error means that the connection is of use.
    pub fn received(&mut self, event: &[u8]) {
        if self.attempt > 0 && type_of(event).is_some_and(|kind| kind != "error") {
            self.attempt = 0;
        }
    }
}

/// The event's `type`.
fn type_of(event: &[u8]) -> Option<String> {
    let doc = Doc::parse(event).ok()?;
    Some(doc.root().get("type")?.as_str()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(reconnector: &mut Reconnector, random: f64) -> Vec<u128> {
        let mut found = Vec::new();
        let mut next = reconnector.lost(&Close::new(1006, ""), random);
        while let Next::Retry(retry) = next {
            found.push(retry.delay.as_millis());
            next = reconnector.refused(true, None, random);
        }
        found
    }

    #[test]
    fn waits_double_up_to_the_cap_and_the_attempts_end() {
        let mut reconnector = Reconnector::new(ReconnectPolicy::new().max_retries(7), &[]);
        assert_eq!(delays(&mut reconnector, 1.0), [500, 1000, 2000, 4000, 8000, 8000, 8000]);
        let mut reconnector = Reconnector::new(ReconnectPolicy::new(), &[]);
        assert_eq!(delays(&mut reconnector, 0.0), [375, 750, 1500, 3000, 6000]);
    }

    #[test]
    fn final_codes_and_final_refusals_are_not_tried_again() {
        let mut reconnector = Reconnector::new(ReconnectPolicy::new(), &[]);
        for code in [1000, 1002, 1008, 4001] {
            assert_eq!(reconnector.lost(&Close::new(code, ""), 0.5), Next::GiveUp);
        }
        assert!(
            matches!(reconnector.lost(&Close::new(1011, "boom"), 0.5), Next::Retry(retry) if retry.close.reason == "boom")
        );
        assert_eq!(reconnector.refused(false, None, 0.5), Next::GiveUp);
    }

    #[test]
    fn the_servers_wait_is_kept_unless_it_is_too_long() {
        let mut reconnector = Reconnector::new(ReconnectPolicy::new(), &[]);
        let wait = Duration::from_secs(20);
        assert!(matches!(reconnector.refused(true, Some(wait), 0.5), Next::Retry(retry) if retry.delay == wait));
        assert_eq!(reconnector.refused(true, Some(Duration::from_secs(3600)), 0.5), Next::GiveUp);
    }

    #[test]
    fn an_event_starts_the_count_anew_but_an_error_does_not() {
        let mut reconnector = Reconnector::new(ReconnectPolicy::new().max_retries(1), &[]);
        let lost = Close::new(1006, "");
        assert!(matches!(reconnector.lost(&lost, 0.5), Next::Retry(_)));
        reconnector.received(br#"{"type":"error","error":{}}"#);
        assert_eq!(reconnector.lost(&lost, 0.5), Next::GiveUp);
        reconnector.received(br#"{"type":"session.created"}"#);
        assert!(matches!(reconnector.lost(&lost, 0.5), Next::Retry(_)));
    }

    #[test]
    fn the_latest_of_each_kind_is_sent_again_in_order() {
        let mut reconnector = Reconnector::new(ReconnectPolicy::new(), &["session.update", "session.start"]);
        let events = [
            r#"{"type":"session.update","session":{"n":1}}"#,
            r#"{"type":"session.start"}"#,
            r#"{"type":"response.create","note":"session.update"}"#,
            r#"{"type":"session.update","session":{"n":2}}"#,
            "not JSON: session.update",
        ];
        for event in events {
            reconnector.sending(&Bytes::from_static(event.as_bytes()));
        }
        let (news, again) = reconnector.connected();
        assert_eq!(news.resent, ["session.start", "session.update"]);
        assert_eq!(again, [events[1].as_bytes(), events[3].as_bytes()]);
    }
}

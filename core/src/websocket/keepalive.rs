//! When to ping, and when a peer counts as dead. A plain struct: times come in as the time since any fixed moment.

use std::time::Duration;

/// What [`Keepalive::beat`] asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// Nothing before this time.
    Wait(Duration),
    /// Send a ping now.
    Ping,
    /// Nothing came for too long after a ping: the connection is dead.
    Dead,
}

/// Watches a connection for signs of life. Any frame is one.
#[derive(Debug, Clone)]
pub struct Keepalive {
    interval: Duration,
    patience: Duration,
    heard: Duration,
    pinged: Option<Duration>,
    deaf: bool,
}

impl Keepalive {
    /// Pings after `interval` without a frame, and waits `patience` for an answer.
    pub fn new(interval: Duration, patience: Duration, now: Duration) -> Self {
        Self { interval, patience, heard: now, pinged: None, deaf: false }
    }

    /// A frame of any kind has come.
    pub fn heard(&mut self, now: Duration) {
        self.heard = now;
        self.pinged = None;
    }

    /// Reading stops, because nobody takes the events: silence proves nothing meanwhile.
    pub fn pause(&mut self) {
        self.deaf = true;
    }

    /// Reading goes on.
    pub fn resume(&mut self, now: Duration) {
        if self.deaf {
            self.deaf = false;
            self.heard(now);
        }
    }

    /// What to do at this time.
    pub fn beat(&mut self, now: Duration) -> Beat {
        if self.deaf {
            return Beat::Wait(now.saturating_add(self.interval));
        }
        match self.pinged {
            Some(at) if now >= at.saturating_add(self.patience) => Beat::Dead,
            Some(at) => Beat::Wait(at.saturating_add(self.patience)),
            None if now >= self.heard.saturating_add(self.interval) => {
                self.pinged = Some(now);
                Beat::Ping
            }
            None => Beat::Wait(self.heard.saturating_add(self.interval)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_silent_peer_is_pinged_and_then_dead() {
        let mut life = Keepalive::new(s(20), s(10), s(0));
        assert_eq!(life.beat(s(0)), Beat::Wait(s(20)));
        assert_eq!(life.beat(s(20)), Beat::Ping);
        assert_eq!(life.beat(s(20)), Beat::Wait(s(30)));
        assert_eq!(life.beat(s(29)), Beat::Wait(s(30)));
        assert_eq!(life.beat(s(30)), Beat::Dead);
    }

    #[test]
    fn any_frame_is_a_sign_of_life() {
        let mut life = Keepalive::new(s(20), s(10), s(0));
        assert_eq!(life.beat(s(20)), Beat::Ping);
        life.heard(s(29));
        assert_eq!(life.beat(s(30)), Beat::Wait(s(49)));
        assert_eq!(life.beat(s(49)), Beat::Ping);
    }

    #[test]
    fn a_peer_that_nobody_listens_to_is_not_called_dead() {
        let mut life = Keepalive::new(s(20), s(10), s(0));
        assert_eq!(life.beat(s(20)), Beat::Ping);
        life.pause();
        assert_eq!(life.beat(s(500)), Beat::Wait(s(520)));
        life.resume(s(600));
        assert_eq!(life.beat(s(600)), Beat::Wait(s(620)));
    }
}

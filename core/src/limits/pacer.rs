//! Who may send when: the queues of all models, without a clock or a runtime of their own.

use std::collections::HashMap;
use std::time::Duration;

use super::Limits;
use super::lane::{Lane, Waiting};
use crate::response::RateLimit;

/// Requests and tokens a minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) requests: Option<u64>,
    pub(super) tokens: Option<u64>,
}

/// Whether a request may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Now.
    Go,
    /// Not before this time, as far as is known; `first` says whether nobody stands before it.
    Wait { until: Duration, hold: Hold, first: bool },
}

/// What a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// Those before it.
    Queue,
    /// The client's own limit.
    Own,
    /// What the provider has left.
    Provider,
    /// A pause that the provider asked for.
    Pause,
}

/// The place of a request in the queue of its model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) lane: String,
    pub(super) ticket: u64,
}

/// The queues of all models.
#[derive(Debug)]
pub(super) struct Pacer {
    rate: Rate,
    models: HashMap<String, Rate>,
    learn: bool,
    lanes: HashMap<String, Lane>,
    tickets: u64,
}

/// Lanes kept before the idle ones are looked for.
const MANY: usize = 256;

impl Pacer {
    pub(super) fn new(limits: &Limits) -> Self {
        let (rate, models, learn) = (limits.rate, limits.models.clone(), limits.learn);
        Self { rate, models, learn, lanes: HashMap::new(), tickets: 0 }
    }

    /// Whether anything looks at tokens.
    pub(super) fn counts_tokens(&self, lane: &str) -> bool {
        self.learn || self.rate_of(lane).tokens.is_some()
    }

    pub(super) fn rate_of(&self, lane: &str) -> Rate {
        self.models.get(lane).copied().unwrap_or(self.rate)
    }

    /// Joins the queue of a model.
    pub(super) fn join(&mut self, lane: &str, tokens: u64, now: Duration) -> Place {
        if self.lanes.len() > MANY {
            self.lanes.retain(|_, lane| {
                lane.roll(now);
                !lane.is_idle(now)
            });
        }
        self.tickets += 1;
        let (ticket, rate) = (self.tickets, self.rate_of(lane));
        let queue = &mut self.lanes.entry(lane.to_owned()).or_insert_with(|| Lane::new(rate)).queue;
        queue.push_back(Waiting { ticket, tokens });
        Place { lane: lane.to_owned(), ticket }
    }

    /// Whether it is this one's turn. A request that may go has left the queue, and counts.
    pub(super) fn poll(&mut self, place: &Place, now: Duration) -> Turn {
        let Some(lane) = self.lanes.get_mut(&place.lane) else { return Turn::Go };
        lane.roll(now);
        let Some(at) = lane.queue.iter().position(|waiting| waiting.ticket == place.ticket) else { return Turn::Go };
        let (until, hold) = lane.start_of(at, now);
        if at == 0 && until <= now {
            lane.admit();
            return Turn::Go;
        }
        Turn::Wait { until, hold, first: at == 0 }
    }

    /// Leaves the queue, or ends a request that was admitted.
    pub(super) fn leave(&mut self, place: &Place) {
        self.with(place, |lane| match lane.queue.iter().position(|waiting| waiting.ticket == place.ticket) {
            Some(at) => {
                lane.queue.remove(at);
            }
            None => lane.ended(place.ticket),
        });
    }

    pub(super) fn sent(&mut self, place: &Place, now: Duration) {
        self.with(place, |lane| lane.sent(place.ticket, now));
    }

    /// The reply's head has come.
    pub(super) fn answered(&mut self, place: &Place, said: &RateLimit, pause: Option<Duration>, now: Duration) {
        let learn = self.learn;
        self.with(place, |lane| {
            lane.ended(place.ticket);
            if learn {
                lane.learn(said, now);
                if let Some(pause) = pause {
                    lane.close(now.saturating_add(pause));
                }
            }
        });
    }

    pub(super) fn used(&mut self, place: &Place, tokens: u64) {
        self.with(place, |lane| lane.used(place.ticket, tokens));
    }

    /// Who stands first.
    pub(super) fn first(&self, lane: &str) -> Option<u64> {
        self.lanes.get(lane)?.queue.front().map(|waiting| waiting.ticket)
    }

    /// Everybody who waits for this model.
    pub(super) fn all(&self, lane: &str) -> impl Iterator<Item = u64> {
        self.lanes.get(lane).into_iter().flat_map(|lane| lane.queue.iter().map(|waiting| waiting.ticket))
    }

    fn with(&mut self, place: &Place, act: impl FnOnce(&mut Lane)) {
        if let Some(lane) = self.lanes.get_mut(&place.lane) {
            act(lane);
        }
    }
}

#[cfg(test)]
mod tests;

//! One model's share: what was sent, what waits, and what the provider says is left. Plain data over a clock that is
//! handed in; times count from any fixed point.

use std::collections::VecDeque;
use std::time::Duration;

use super::pacer::{Hold, Rate};
use crate::response::{Quota, RateLimit};

/// The period of all limits.
const MINUTE: Duration = Duration::from_secs(60);

/// One model's share.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) rate: Rate,
    sent: VecDeque<Sent>,
    pub(super) queue: VecDeque<Waiting>,
    requests: Option<Level>,
    tokens: Option<Level>,
    /// Nothing is sent before this time.
    closed_until: Duration,
}

#[derive(Debug)]
struct Sent {
    ticket: u64,
    tokens: u64,
    /// `None`: admitted, not sent yet.
    at: Option<Duration>,
    /// The reply has not come yet.
    open: bool,
}

/// A request that waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) ticket: u64,
    pub(super) tokens: u64,
}

/// What the provider has left, as its latest reply said, flowing back evenly until it is full again.
#[derive(Debug)]
struct Level {
    limit: f64,
    remaining: f64,
    since: Duration,
    full_at: Duration,
    /// Admitted since, or under way then: the reply may not have counted it.
    taken: f64,
}

impl Lane {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, ..Self::default() }
    }

    /// Forgets what no limit looks at any more.
    pub(super) fn roll(&mut self, now: Duration) {
        while self.sent.front().is_some_and(|sent| !sent.open && sent.at.is_some_and(|at| at + MINUTE <= now)) {
            self.sent.pop_front();
        }
        let open = self.open();
        for (level, taken) in [(&mut self.requests, open.0), (&mut self.tokens, open.1)] {
            if let Some(level) = level.as_mut().filter(|level| level.full_at <= now) {
                *level = Level { remaining: level.limit, since: now, full_at: now + MINUTE, taken, ..*level };
            }
        }
    }

    pub(super) fn is_idle(&self, now: Duration) -> bool {
        self.sent.is_empty() && self.queue.is_empty() && self.closed_until <= now
    }

    fn open(&self) -> (f64, f64) {
        let open = self.sent.iter().filter(|sent| sent.open);
        open.fold((0.0, 0.0), |(requests, tokens), sent| (requests + 1.0, tokens + sent.tokens as f64))
    }

    /// When the request at this place of the queue can be sent, and what holds it until then.
    pub(super) fn start_of(&self, place: usize, now: Duration) -> (Duration, Hold) {
        let mut window = Window::new(self, now);
        let (mut time, mut hold) = (now, Hold::Queue);
        let (mut ahead, mut tokens_ahead) = (0.0, 0.0);
        for waiting in self.queue.iter().take(place + 1) {
            let holds = [
                (self.closed_until, Hold::Pause),
                (window.room_for(waiting.tokens, time), Hold::Own),
                (level_time(&self.requests, ahead + 1.0), Hold::Provider),
                (level_time(&self.tokens, tokens_ahead + waiting.tokens as f64), Hold::Provider),
            ];
            for (until, reason) in holds {
                if until > time {
                    (time, hold) = (until, reason);
                }
            }
            window.send(waiting.tokens, time);
            ahead += 1.0;
            tokens_ahead += waiting.tokens as f64;
        }
        (time, hold)
    }

    /// Admits the first of the queue.
    pub(super) fn admit(&mut self) {
        let Some(first) = self.queue.pop_front() else { return };
        if let Some(level) = &mut self.requests {
            level.taken += 1.0;
        }
        if let Some(level) = &mut self.tokens {
            level.taken += first.tokens as f64;
        }
        self.sent.push_back(Sent { ticket: first.ticket, tokens: first.tokens, at: None, open: true });
    }

    fn find(&mut self, ticket: u64) -> Option<&mut Sent> {
        self.sent.iter_mut().rev().find(|sent| sent.ticket == ticket)
    }

    /// An admitted request goes out.
    pub(super) fn sent(&mut self, ticket: u64, now: Duration) {
        if let Some(sent) = self.find(ticket) {
            sent.at = Some(now);
        }
    }

    /// A request is over, or was never sent, in which case it does not count.
    pub(super) fn ended(&mut self, ticket: u64) {
        match self.find(ticket) {
            Some(Sent { at: Some(_), open, .. }) => *open = false,
            Some(Sent { tokens, .. }) => {
                let tokens = *tokens as f64;
                self.sent.retain(|sent| sent.ticket != ticket);
                if let Some(level) = &mut self.requests {
                    level.taken -= 1.0;
                }
                if let Some(level) = &mut self.tokens {
                    level.taken -= tokens;
                }
            }
            None => {}
        }
    }

    /// What a request really took.
    pub(super) fn used(&mut self, ticket: u64, tokens: u64) {
        if let Some(sent) = self.find(ticket) {
            sent.tokens = tokens;
        }
    }

    /// What the provider says is left.
    pub(super) fn learn(&mut self, said: &RateLimit, now: Duration) {
        let open = self.open();
        for (level, quota, taken) in
            [(&mut self.requests, &said.requests, open.0), (&mut self.tokens, &said.tokens, open.1)]
        {
            if let Some(new) = Level::new(quota, taken, now) {
                *level = Some(new);
            }
        }
    }

    /// The provider asks for a pause.
    pub(super) fn close(&mut self, until: Duration) {
        self.closed_until = self.closed_until.max(until);
    }
}

impl Level {
    fn new(quota: &Quota, taken: f64, now: Duration) -> Option<Self> {
        let (limit, remaining) = (quota.limit?, quota.remaining?);
        if limit == 0 {
            return None;
        }
        let (limit, remaining) = (limit as f64, remaining.min(limit) as f64);
        // A full one flows as one that is empty would: its whole in a minute.
        let reset = quota.reset.filter(|reset| !reset.is_zero() && remaining < limit).unwrap_or(MINUTE);
        Some(Self { limit, remaining, since: now, full_at: now.saturating_add(reset), taken })
    }
}

/// When this much more is there.
fn level_time(level: &Option<Level>, wanted: f64) -> Duration {
    let Some(level) = level else { return Duration::ZERO };
    // What exceeds the whole can only wait for the whole.
    let missing = wanted.min(level.limit) + level.taken - level.remaining;
    if missing <= 0.0 {
        return Duration::ZERO;
    }
    let span = level.full_at.saturating_sub(level.since);
    let flow = if level.remaining < level.limit { level.limit - level.remaining } else { level.limit };
    let wait = Duration::try_from_secs_f64(span.as_secs_f64() * missing / flow).unwrap_or(Duration::MAX);
    level.since.saturating_add(wait)
}

/// What counts against the own limits, as time goes on.
struct Window {
    rate: Rate,
    /// When each stops counting, in order, and its tokens.
    counted: VecDeque<(Duration, u64)>,
    tokens: u64,
}

impl Window {
    fn new(lane: &Lane, now: Duration) -> Self {
        if lane.rate == Rate::default() {
            return Self { rate: lane.rate, counted: VecDeque::new(), tokens: 0 };
        }
        // What is admitted and not sent yet counts from now at the soonest.
        let ends = lane.sent.iter().map(|sent| (sent.at.unwrap_or(now) + MINUTE, sent.tokens));
        let mut counted: Vec<_> = ends.filter(|(end, _)| *end > now).collect();
        counted.sort_unstable();
        let tokens = counted.iter().map(|(_, tokens)| tokens).sum();
        Self { rate: lane.rate, counted: counted.into(), tokens }
    }

    /// The soonest time, not before this one, at which there is room.
    fn room_for(&mut self, tokens: u64, mut time: Duration) -> Duration {
        loop {
            while let Some((_, gone)) = self.counted.front().copied().filter(|(end, _)| *end <= time) {
                self.tokens -= gone;
                self.counted.pop_front();
            }
            let requests = self.rate.requests.is_none_or(|most| (self.counted.len() as u64) < most);
            let room =
                self.tokens == 0 || self.rate.tokens.is_none_or(|most| self.tokens.saturating_add(tokens) <= most);
            match self.counted.front() {
                Some((end, _)) if !(requests && room) => time = *end,
                _ => return time,
            }
        }
    }

    fn send(&mut self, tokens: u64, time: Duration) {
        if self.rate != Rate::default() {
            self.counted.push_back((time.saturating_add(MINUTE), tokens));
            self.tokens = self.tokens.saturating_add(tokens);
        }
    }
}

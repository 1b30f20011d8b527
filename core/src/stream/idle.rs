//! The idle limit of a stream: how long nothing may come while somebody waits for it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// A poll that comes this much after the limit means that nobody was waiting when it passed.
const LATE: Duration = Duration::from_millis(50);
/// What a late poll is granted, so that bytes which arrived meanwhile are read first.
const GRACE: Duration = Duration::from_millis(500);

/// Watches the time spent waiting since the last event. Time that the consumer spends elsewhere does not count.
#[derive(Debug, Default)]
pub(super) struct IdleClock {
    waiting_since: Option<Instant>,
    // Armed late and re-armed only when it fires: a busy stream never touches the timer.
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whom the armed timer wakes.
    wakes: Option<Waker>,
    graced: bool,
}

impl IdleClock {
    /// An event came, or the consumer stopped waiting.
    pub(super) fn rest(&mut self) {
        self.waiting_since = None;
        self.graced = false;
    }

    /// Whether the limit has passed while waiting; if not, the task is woken when it does.
    pub(super) fn poll_expired(&mut self, cx: &mut Context<'_>, limit: Duration) -> bool {
        let now = Instant::now();
        let since = *self.waiting_since.get_or_insert(now);
        let Some(due) = since.checked_add(limit) else { return false };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
        let wakes_us = self.wakes.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if sleep.deadline() > due {
            sleep.as_mut().reset(due);
        } else if wakes_us && sleep.deadline() > now {
            return false;
        }
        loop {
            if sleep.as_mut().poll(cx) == Poll::Pending {
                if !wakes_us {
                    self.wakes = Some(cx.waker().clone());
                }
                return false;
            }
            if sleep.deadline() < due {
                sleep.as_mut().reset(due);
                continue;
            }
            let late = now.saturating_duration_since(due);
            if self.graced || late < LATE {
                return true;
            }
            self.graced = true;
            let due = now + GRACE.min(limit);
            self.waiting_since = due.checked_sub(limit);
            sleep.as_mut().reset(due);
        }
    }
}

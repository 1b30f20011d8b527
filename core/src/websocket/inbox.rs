//! Messages on their way from the connection's task to whoever reads: bounded by the bytes that wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

/// Bytes that may wait unread before the connection is no longer read from. One message more may come, however long.
const ROOM: usize = 8 << 20;
/// What a message counts besides its bytes, so that many small ones are bounded too.
const EACH: usize = 256;

#[derive(Debug, Default)]
struct Budget {
    used: AtomicUsize,
    reader: AtomicWaker,
}

/// The end that the connection's task holds.
#[derive(Debug)]
pub(super) struct Inbox<T> {
    messages: UnboundedSender<(T, usize)>,
    budget: Arc<Budget>,
}

/// The end that is read.
#[derive(Debug)]
pub(super) struct Outlet<T> {
    messages: UnboundedReceiver<(T, usize)>,
    budget: Arc<Budget>,
}

/// Both ends.
pub(super) fn inbox<T>() -> (Inbox<T>, Outlet<T>) {
    let (sender, messages) = mpsc::unbounded_channel();
    let budget = Arc::<Budget>::default();
    (Inbox { messages: sender, budget: Arc::clone(&budget) }, Outlet { messages, budget })
}

impl<T> Inbox<T> {
    /// Hands a message over. With nobody left to read it is dropped.
    pub(super) fn put(&self, message: T, bytes: usize) {
        self.budget.used.fetch_add(bytes + EACH, Ordering::AcqRel);
        let _nobody_reads = self.messages.send((message, bytes + EACH));
    }

    /// Ready while there is room.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let full = || self.budget.used.load(Ordering::Acquire) >= ROOM;
        if !full() {
            return Poll::Ready(());
        }
        self.budget.reader.register(cx.waker());
        // What was taken between the two looks woke nobody.
        if full() { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl<T> Outlet<T> {
    /// The next message; `None` once the task has ended and all are taken.
    pub(super) fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.messages.poll_recv(cx).map(|found| {
            found.map(|(message, cost)| {
                let before = self.budget.used.fetch_sub(cost, Ordering::AcqRel);
                if before >= ROOM {
                    self.budget.reader.wake();
                }
                message
            })
        })
    }

    /// Whether nothing waits and more may come.
    pub(super) fn is_quiet(&self) -> bool {
        self.messages.is_empty() && !self.messages.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_full_inbox_has_room_again_when_messages_are_taken() {
        let (inbox, mut outlet) = inbox();
        let room = || poll_fn(|cx| inbox.poll_room(cx)).now_or_never().is_some();
        inbox.put(1, ROOM - 2 * EACH - 1);
        assert!(room());
        inbox.put(2, 32 << 20);
        assert!(!room());
        assert_eq!(poll_fn(|cx| outlet.poll_take(cx)).now_or_never(), Some(Some(1)));
        assert!(!room());
        assert_eq!(poll_fn(|cx| outlet.poll_take(cx)).now_or_never(), Some(Some(2)));
        assert!(room());
    }

    #[tokio::test]
    async fn a_writer_that_waits_for_room_is_woken() {
        let (inbox, mut outlet) = inbox();
        inbox.put((), ROOM);
        let writer = tokio::spawn(async move { poll_fn(|cx| inbox.poll_room(cx)).await });
        tokio::task::yield_now().await;
        assert_eq!(poll_fn(|cx| outlet.poll_take(cx)).await, Some(()));
        writer.await.unwrap();
    }

    #[test]
    fn small_messages_count_too() {
        let (inbox, _outlet) = inbox();
        for _ in 0..ROOM / EACH {
            inbox.put((), 0);
        }
        assert!(poll_fn(|cx| inbox.poll_room(cx)).now_or_never().is_none());
    }
}

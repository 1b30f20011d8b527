//! Waiting for a future on the thread that wants its result.

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use super::runtime::handle;

/// Waits for anything that can be awaited, on this thread, with the sockets and clocks of the shared runtime. It may be
/// called from inside of an async runtime too, where it blocks the thread it is on.
pub fn run<F: IntoFuture>(work: F) -> F::Output {
    let _guard = handle().enter();
    // Inside of a task of tokio, the budget of that task would run out and never be renewed while this thread waits.
    let mut work = pin!(tokio::task::unconstrained(work.into_future()));
    let signal = Arc::new(Signal::default());
    let waker = Waker::from(Arc::clone(&signal));
    let mut cx = Context::from_waker(&waker);
    loop {
        match work.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => signal.wait(),
        }
    }
}

/// Not the thread's own parking: whatever the future does with that must not swallow the wake-up.
#[derive(Default)]
struct Signal {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    fn wait(&self) {
        let woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut woken = self.changed.wait_while(woken, |woken| !*woken).unwrap_or_else(PoisonError::into_inner);
        *woken = false;
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn work() -> u32 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let (sender, receiver) = tokio::sync::oneshot::channel();
        tokio::spawn(async move { sender.send(7).unwrap() });
        receiver.await.unwrap()
    }

    #[test]
    fn a_future_is_waited_for_without_a_runtime() {
        assert_eq!(run(work()), 7);
    }

    #[test]
    fn it_works_inside_of_either_kind_of_runtime() {
        for mut builder in [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()]
        {
            let runtime = builder.worker_threads(1).enable_all().build().unwrap();
            assert_eq!(runtime.block_on(async { run(work()) }), 7);
            let task = runtime.spawn(async { run(work()) });
            assert_eq!(runtime.block_on(task).unwrap(), 7);
        }
    }

    #[test]
    fn a_tasks_budget_does_not_stop_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let task = runtime.spawn(async {
            let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
            (0..10_000).for_each(|n| sender.send(n).unwrap());
            drop(sender);
            let mut sum = 0_u64;
            while let Some(n) = run(receiver.recv()) {
                sum += n;
            }
            sum
        });
        assert_eq!(runtime.block_on(task).unwrap(), 49_995_000);
    }
}

//! The runtime of calls that block: the threads that wait drive it themselves, as a blocking HTTP client would. Waking another thread
//! for a request and being woken for its reply costs more than most calls.
//!
//! While nobody waits its connections must not stand still: a server closes them, asks whether anybody is there, or is to be told that
//! a reply is not wanted any more. So a keeper, a thread of its own, drives the runtime whenever nobody has for a moment. It steps back
//! as soon as a call begins. Calls that follow one another closely never meet it.
//!
//! A fork leaves it behind as `runtime.rs` says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, EnterGuard, Runtime};
use tokio::sync::Notify;

static CURRENT: AtomicPtr<Driven> = AtomicPtr::new(std::ptr::null_mut());

/// How long nobody has to wait before the keeper takes over.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) struct Driven {
    runtime: Runtime,
    shared: Arc<Shared>,
    keeper: Thread,
}

/// What threads that wait and the keeper know of each other. The orders of `SeqCst` see to it that of a keeper that takes over and a
/// thread that comes at the same time at least one sees the other.
#[derive(Default)]
struct Shared {
    /// Threads that wait.
    waiting: AtomicUsize,
    /// Threads that ever did.
    entered: AtomicU64,
    /// Whether the keeper drives.
    kept: AtomicBool,
    /// Whether the keeper sleeps until somebody leaves.
    asleep: AtomicBool,
    /// Tells the keeper to step back.
    wanted: Notify,
}

/// A thread waits, until this is dropped.
pub(crate) struct Driving<'a>(&'a Driven);

/// The runtime of this process, if there is one already.
pub(crate) fn made() -> Option<&'static Driven> {
    // SAFETY: only pointers from `Box::into_raw` are stored, and what they point to is never freed.
    unsafe { CURRENT.load(Ordering::Acquire).as_ref() }
}

/// The runtime of this process.
pub(crate) fn get() -> PyResult<&'static Driven> {
    if let Some(driven) = made() {
        return Ok(driven);
    }
    let failed = |error: std::io::Error| PyRuntimeError::new_err(format!("network calls cannot be made: {error}"));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let shared = Arc::<Shared>::default();
    // The keeper needs what is stored, and what is stored needs the keeper.
    let (hand, taken) = std::sync::mpsc::channel::<&'static Driven>();
    let keeper = std::thread::Builder::new()
        .name("threadline-idle".to_owned())
        .spawn(move || {
            if let Ok(driven) = taken.recv() {
                driven.keep();
            }
        })
        .map_err(failed)?;
    let made = Box::into_raw(Box::new(Driven { runtime, shared, keeper: keeper.thread().clone() }));
    match CURRENT.compare_exchange(std::ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {
            // SAFETY: `made` came from a box and stays allocated.
            let driven: &'static Driven = unsafe { &*made };
            // The keeper waits for nothing else, so it is there.
            let _ = hand.send(driven);
            Ok(driven)
        }
        Err(first) => {
            // SAFETY: `made` was not stored, so this is its only owner (its keeper ends, as `hand` goes); `first` as above.
            unsafe {
                drop(Box::from_raw(made));
                Ok(&*first)
            }
        }
    }
}

/// Lets connections learn what has happened since the last call: one that its server has closed is not to be used any more. The sockets
/// are looked at first, then the tasks that wait for them run.
pub(crate) async fn catch_up() {
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
}

/// In a child, right after the fork.
pub(crate) fn forget() {
    CURRENT.store(std::ptr::null_mut(), Ordering::Release);
}

impl Driven {
    /// The context in which tasks come to be.
    pub(crate) fn context(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }

    /// This thread is going to wait.
    pub(crate) fn enter(&self) -> Driving<'_> {
        self.shared.waiting.fetch_add(1, Ordering::SeqCst);
        self.shared.entered.fetch_add(1, Ordering::SeqCst);
        if self.shared.kept.load(Ordering::SeqCst) {
            self.shared.wanted.notify_one();
        }
        Driving(self)
    }

    /// Waits on this thread. What the future has woken last runs before it returns: a connection that goes back to where the next call
    /// looks for one.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async {
            let output = future.await;
            tokio::task::yield_now().await;
            output
        })
    }

    /// What the keeper does.
    fn keep(&self) {
        let shared = &*self.shared;
        let mut seen = 0;
        loop {
            std::thread::park_timeout(PAUSE);
            let entered = shared.entered.load(Ordering::SeqCst);
            if shared.waiting.load(Ordering::SeqCst) > 0 {
                shared.asleep.store(true, Ordering::SeqCst);
                while shared.waiting.load(Ordering::SeqCst) > 0 && shared.asleep.load(Ordering::SeqCst) {
                    std::thread::park();
                }
                shared.asleep.store(false, Ordering::SeqCst);
            } else if entered == seen {
                shared.kept.store(true, Ordering::SeqCst);
                if shared.waiting.load(Ordering::SeqCst) == 0 {
                    self.runtime.block_on(shared.wanted.notified());
                }
                shared.kept.store(false, Ordering::SeqCst);
            }
            seen = entered;
        }
    }
}

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        let Driven { shared, keeper, .. } = self.0;
        if shared.waiting.fetch_sub(1, Ordering::SeqCst) == 1 && shared.asleep.swap(false, Ordering::SeqCst) {
            keeper.unpark();
        }
    }
}

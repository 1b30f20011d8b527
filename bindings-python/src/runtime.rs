//! The runtime behind all calls but those that block (`driven.rs`): made on first use, dropped without a word after a fork, never
//! waited for at exit.
//!
//! A forked child has the parent's memory and none of its threads: a runtime made before the fork would never wake anyone
//! again. So the child forgets it (leaking it on purpose: its locks may be held by threads that are gone) and makes its own.
//! Nothing process-wide may be left over either, which is why tokio must not come with `parking_lot` (deny.toml).
//! Connections belong to a runtime too, which is why clients compare [`generation`] and build themselves anew.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, EnterGuard, Handle, Runtime};

use crate::driven;
use crate::host::Host;

static CURRENT: AtomicPtr<Runtime> = AtomicPtr::new(std::ptr::null_mut());
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// How long a waiting thread stays deaf to signals.
const SLICE: Duration = Duration::from_millis(100);

/// Which runtime this is: another number in a forked child.
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Acquire)
}

/// The runtime of this process.
pub(crate) fn get() -> PyResult<&'static Runtime> {
    let current = CURRENT.load(Ordering::Acquire);
    if !current.is_null() {
        // SAFETY: only pointers from `Box::leak` are stored, and what they point to is never freed.
        return Ok(unsafe { &*current });
    }
    // One thread carries more than an interpreter can consume, and a second one would be woken for half of what the first has
    // to do: waking a thread costs more than most calls.
    let made =
        Builder::new_multi_thread().worker_threads(1).thread_name("threadline").enable_all().build().map_err(
            |error| PyRuntimeError::new_err(format!("threads for network calls cannot be started: {error}")),
        )?;
    let made = Box::into_raw(Box::new(made));
    match CURRENT.compare_exchange(std::ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
        // SAFETY: as above; `made` came from a box and stays allocated.
        Ok(_) => Ok(unsafe { &*made }),
        Err(first) => {
            // SAFETY: `made` was not stored, so this is its only owner; `first` as above.
            unsafe {
                drop(Box::from_raw(made));
                Ok(&*first)
            }
        }
    }
}

/// A runtime for what is dropped, and may leave tasks behind: one that is there already, if there is one.
pub(crate) fn enter() -> Option<EnterGuard<'static>> {
    let current = CURRENT.load(Ordering::Acquire);
    if current.is_null()
        && let Some(driven) = driven::made()
    {
        return Some(driven.context());
    }
    get().ok().map(Runtime::enter)
}

/// In a child, right after the fork.
#[pyfunction]
pub(crate) fn _after_fork() {
    CURRENT.store(std::ptr::null_mut(), Ordering::Release);
    driven::forget();
    GENERATION.fetch_add(1, Ordering::AcqRel);
}

/// Waits for a future on this thread, without the interpreter and open to signals. An exception of a signal handler drops the
/// future, which closes its connection. Functions of the program that `host` asks for run in between.
pub(crate) fn wait<F>(py: Python<'_>, host: &Host, future: F) -> PyResult<F::Output>
where
    F: Future + Send,
    F::Output: Send,
{
    let runtime = get()?;
    in_slices(py, host, future, || (), |slice| runtime.block_on(slice))
}

/// As [`wait`], with connections that this thread itself looks after meanwhile: no other thread is woken for the request or for its
/// reply. Not for what goes on after the future has ended.
pub(crate) fn drive<F>(py: Python<'_>, host: &Host, future: F) -> PyResult<F::Output>
where
    F: Future + Send,
    F::Output: Send,
{
    // A thread of a runtime's own cannot look after another one.
    if Handle::try_current().is_ok() {
        return wait(py, host, future);
    }
    let runtime = driven::get()?;
    let future = async {
        driven::catch_up().await;
        future.await
    };
    in_slices(py, host, future, || runtime.enter(), |slice| runtime.block_on(slice))
}

/// Why a thread stops to wait.
enum Slice<T> {
    Over(T),
    /// A function of the program is to run.
    Wanted,
    /// Signals may have come.
    Late,
}

/// Waits, and lets handlers of signals run ten times a second. `enter` is held while it waits.
fn in_slices<F, G>(
    py: Python<'_>,
    host: &Host,
    future: F,
    enter: impl Fn() -> G,
    block_on: impl Fn(Pin<&mut (dyn Future<Output = Slice<F::Output>> + Send)>) -> Slice<F::Output> + Send + Sync,
) -> PyResult<F::Output>
where
    F: Future + Send,
    F::Output: Send,
{
    let _leaving = Leaving(host);
    let mut future = Box::pin(future);
    let mut waiting = enter();
    loop {
        let slice = py.detach(|| {
            block_on(pin!(async {
                tokio::select! {
                    biased;
                    output = &mut future => Slice::Over(output),
                    () = host.wanted() => Slice::Wanted,
                    () = tokio::time::sleep(SLICE) => Slice::Late,
                }
            }))
        });
        match slice {
            Slice::Over(output) => return Ok(output),
            Slice::Wanted => {
                drop(waiting);
                host.serve(py);
                waiting = enter();
            }
            Slice::Late => {
                if let Err(error) = py.check_signals() {
                    // A connection that goes back to the others may leave a task behind.
                    let _context = self::enter();
                    drop(future);
                    return Err(error);
                }
            }
        }
    }
}

/// A thread that waits, and will not any more.
struct Leaving<'a>(&'a Host);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

//! Between the runtime's threads and one event loop of Node.
//!
//! A thread that has something to tell puts it into the loop's queue and, if it is the first there, wakes the loop. The loop then
//! takes all that has gathered, so that many calls that end at the same time cost one crossing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::{AbortHandle, Abortable};
use napi::bindgen_prelude::{Array, Either3, Function, Null, Uint8Array, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status, sys};
use napi_derive::napi;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::host::{Answer, CALL, Failure};
use crate::item::{Item, STRIDE};
use crate::runtime;
use crate::source::{Source, next};

/// Calls a function of JavaScript without arguments; unreferenced, so that it keeps no process alive by itself.
type Wake = ThreadsafeFunction<(), Unknown<'static>, (), Status, false, true>;

/// What the event loop and the calls share.
pub(crate) struct Queue {
    items: Mutex<Vec<Item>>,
    woken: AtomicBool,
    wake: Wake,
    /// Calls that are under way.
    calls: Mutex<HashMap<u32, AbortHandle>>,
    /// Questions that JavaScript has not answered.
    asked: Mutex<HashMap<u32, oneshot::Sender<std::result::Result<Answer, Failure>>>>,
    /// Streams and bodies that are read piece by piece.
    sources: Mutex<HashMap<u32, Arc<Source>>>,
    number: AtomicU32,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    /// Tells the event loop.
    pub(crate) fn push(&self, item: Item) {
        if self.put(item) {
            self.wake_up();
        }
    }

    /// Tells how a call ended.
    pub(crate) fn finish(self: &Arc<Self>, id: u32, item: Item) {
        let is_last = {
            let mut calls = lock(&self.calls);
            calls.remove(&id);
            calls.is_empty()
        };
        if !self.put(item) {
            return;
        }
        // Waking costs two system calls here and two there. Where others are under way, more may end in this turn of the runtime.
        match Handle::try_current() {
            Ok(runtime) if !is_last => {
                let queue = Arc::clone(self);
                runtime.spawn(async move {
                    yield_now().await;
                    queue.wake_up();
                });
            }
            _ => self.wake_up(),
        }
    }

    /// Puts it into the queue; whether the loop is to be woken for it.
    fn put(&self, item: Item) -> bool {
        lock(&self.items).push(item);
        !self.woken.swap(true, Ordering::AcqRel)
    }

    fn wake_up(&self) {
        // An event loop that is going down takes no more; nobody waits there any more either.
        let _ = self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }

    /// A number that nothing else has.
    pub(crate) fn number(&self) -> u32 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    /// Keeps something to read from; its number.
    pub(crate) fn keep(&self, source: Source) -> u32 {
        let number = self.number();
        lock(&self.sources).insert(number, Arc::new(source));
        number
    }

    /// Notes who waits for an answer.
    pub(crate) fn expect(&self, id: u32, answer: oneshot::Sender<std::result::Result<Answer, Failure>>) {
        lock(&self.asked).insert(id, answer);
    }

    /// Nobody waits for this answer any more.
    pub(crate) fn forget(&self, id: u32) {
        if lock(&self.asked).remove(&id).is_some() {
            self.push(Item::Forget { id });
        }
    }

    /// Runs the work of a call.
    pub(crate) fn spawn(self: &Arc<Self>, id: u32, work: impl Future<Output = Item> + Send + 'static) -> Result<()> {
        let runtime = runtime::get()?;
        let queue = Arc::clone(self);
        let (abort, registration) = AbortHandle::new_pair();
        // Noted before it runs: a call that ends at once must find itself there.
        lock(&self.calls).insert(id, abort);
        runtime.spawn(async move {
            if let Ok(item) = CALL.scope(id, Abortable::new(work, registration)).await {
                queue.finish(id, item);
            }
        });
        Ok(())
    }
}

/// The bridge of one event loop.
#[napi]
pub struct Hub {
    queue: Arc<Queue>,
}

impl Hub {
    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }
}

#[napi]
impl Hub {
    /// `wake` is called when there is something to take.
    #[napi(constructor)]
    pub fn new(wake: Function<'_, (), Unknown<'static>>) -> Result<Self> {
        let wake = wake
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .callee_handled::<false>()
            .build_callback(|_| Ok(()))?;
        let queue = Queue {
            items: Mutex::default(),
            woken: AtomicBool::new(false),
            wake,
            calls: Mutex::default(),
            asked: Mutex::default(),
            sources: Mutex::default(),
            number: AtomicU32::new(1),
        };
        Ok(Self { queue: Arc::new(queue) })
    }

    /// All that has gathered.
    #[napi]
    pub fn take<'env>(&self, env: &'env Env) -> Result<Array<'env>> {
        // From here on whoever comes wakes the loop anew; so nothing that comes later is missed.
        self.queue.woken.store(false, Ordering::Release);
        let items = std::mem::take(&mut *lock(&self.queue.items));
        let mut array = env.create_array(items.len() as u32 * STRIDE)?;
        for (place, item) in items.into_iter().enumerate() {
            item.write(env, &mut array, place as u32 * STRIDE)?;
        }
        Ok(array)
    }

    /// Whether the process is to stay alive for what is under way.
    #[napi]
    pub fn hold(&self, env: &Env, on: bool) {
        let function = self.queue.wake.raw();
        // SAFETY: called on the thread of this environment, and the function lives as long as the queue.
        unsafe {
            if on {
                sys::napi_ref_threadsafe_function(env.raw(), function);
            } else {
                sys::napi_unref_threadsafe_function(env.raw(), function);
            }
        }
    }

    /// Ends a call; nothing more is told of it.
    #[napi]
    pub fn cancel(&self, id: u32) {
        if let Some(call) = lock(&self.queue.calls).remove(&id) {
            call.abort();
        }
    }

    /// The answer to a question: a text, bytes or null; or the failure, as the number under which JavaScript keeps it and its text.
    #[napi]
    pub fn answer(&self, id: u32, value: Either3<String, Uint8Array, Null>, failure: Option<u32>) {
        let Some(asked) = lock(&self.queue.asked).remove(&id) else { return };
        let answer = match (failure, value) {
            (Some(number), Either3::A(message)) => Err(Failure { number: Some(number), message }),
            (Some(number), _) => Err(Failure { number: Some(number), message: String::new() }),
            (None, Either3::A(text)) => Ok(Answer::Text(text)),
            (None, Either3::B(bytes)) => Ok(Answer::Bytes(Bytes::copy_from_slice(&bytes))),
            (None, Either3::C(_)) => Ok(Answer::Nothing),
        };
        // Whoever asked may have been cancelled.
        let _ = asked.send(answer);
    }

    /// Asks a source for what comes next, as the call `id`. `sent`: names and data of events as they came.
    #[napi]
    pub fn pull(&self, id: u32, source: u32, sent: bool) -> Result<()> {
        let found = lock(&self.queue.sources).get(&source).map(Arc::clone);
        let queue = Arc::clone(&self.queue);
        self.queue.spawn(id, async move {
            let (item, over) = match found {
                Some(found) => next(id, &found, sent).await,
                None => (Item::end_of_events(id), true),
            };
            if over {
                lock(&queue.sources).remove(&source);
            }
            item
        })
    }

    /// Closes a source and its connection. Whoever waits for it gets the end.
    #[napi]
    pub fn close(&self, source: u32) -> Result<()> {
        if let Some(source) = lock(&self.queue.sources).remove(&source) {
            let _guard = runtime::get()?.enter();
            source.close();
        }
        Ok(())
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        for (_, call) in lock(&self.queue.calls).drain() {
            call.abort();
        }
        let sources = std::mem::take(&mut *lock(&self.queue.sources));
        let asked = std::mem::take(&mut *lock(&self.queue.asked));
        if let Ok(runtime) = runtime::get() {
            let _guard = runtime.enter();
            drop((sources, asked));
        }
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

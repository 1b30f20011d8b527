//! Between the runtime's threads and an event loop of asyncio.
//!
//! A thread that has finished a call puts it into the loop's queue and, if it is the first there, writes one byte to a socket that
//! the loop watches. The loop's thread then takes all that has gathered. No thread of the runtime enters the interpreter, except where
//! a loop cannot watch sockets.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::host::Job;
use crate::runtime;

/// What a loop is to do.
enum Task {
    /// Wake the future of this number.
    Finished(u64),
    /// Run a function of the user's.
    Run(Job),
}

/// What has gathered for a loop.
pub(crate) struct Queue {
    tasks: Mutex<Vec<Task>>,
    woken: AtomicBool,
    wake: UnixStream,
    /// For loops that cannot watch sockets: `call_soon_threadsafe` and the function to call.
    fallback: Mutex<Option<(Py<PyAny>, Py<PyAny>)>>,
}

impl Queue {
    fn push(&self, task: Task) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        if self.woken.swap(true, Ordering::AcqRel) {
            return;
        }
        let fallback = self.fallback.lock().unwrap_or_else(PoisonError::into_inner);
        match &*fallback {
            None => {
                // A full socket wakes the loop as well; a closed one has no loop left.
                let _ = (&self.wake).write(&[1]);
            }
            Some((call_soon, drain)) => {
                let _ = Python::try_attach(|py| call_soon.call1(py, (drain,)));
            }
        }
    }

    pub(crate) fn finished(&self, number: u64) {
        self.push(Task::Finished(number));
    }

    pub(crate) fn run(&self, job: Job) {
        self.push(Task::Run(job));
    }
}

/// The part of the bridge that lives on the loop's thread.
#[pyclass(frozen, module = "threadline._threadline")]
pub(crate) struct Bridge {
    queue: Arc<Queue>,
    reader: UnixStream,
    waiting: Mutex<HashMap<u64, Py<PyAny>>>,
    create_future: Py<PyAny>,
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The bridges of this thread's loops, the current one first.
    static BRIDGES: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
}

struct Known {
    event_loop: Py<PyAny>,
    bridge: Py<Bridge>,
    generation: u32,
}

/// The bridge to the running loop.
pub(crate) fn current(py: Python<'_>) -> PyResult<Py<Bridge>> {
    static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let running = RUNNING.import(py, "asyncio", "get_running_loop")?;
    let event_loop = running.call0()?;
    let generation = runtime::generation();
    let found = BRIDGES.with_borrow(|known| {
        let known = known.iter().find(|known| known.event_loop.is(&event_loop) && known.generation == generation);
        known.map(|known| known.bridge.clone_ref(py))
    });
    if let Some(bridge) = found {
        return Ok(bridge);
    }
    let bridge = Bridge::attach(&event_loop)?;
    // Dropping a loop may run code of Python's, so it happens outside.
    let mut old = BRIDGES.with_borrow_mut(std::mem::take);
    old.retain(|known| known.generation == generation && !is_closed(py, &known.event_loop));
    old.insert(0, Known { event_loop: event_loop.unbind(), bridge: bridge.clone_ref(py), generation });
    BRIDGES.set(old);
    Ok(bridge)
}

fn is_closed(py: Python<'_>, event_loop: &Py<PyAny>) -> bool {
    event_loop.call_method0(py, intern!(py, "is_closed")).and_then(|closed| closed.is_truthy(py)).unwrap_or(true)
}

impl Bridge {
    fn attach(event_loop: &Bound<'_, PyAny>) -> PyResult<Py<Self>> {
        let py = event_loop.py();
        let (reader, wake) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        wake.set_nonblocking(true)?;
        let queue = Queue { tasks: Mutex::default(), woken: AtomicBool::new(false), wake, fallback: Mutex::new(None) };
        let fd = reader.as_raw_fd();
        let bridge = Self {
            queue: Arc::new(queue),
            reader,
            waiting: Mutex::default(),
            create_future: event_loop.getattr(intern!(py, "create_future"))?.unbind(),
        };
        let queue = Arc::clone(&bridge.queue);
        let bridge = Py::new(py, bridge)?;
        let drain = bridge.getattr(py, intern!(py, "drain"))?;
        if event_loop.call_method1(intern!(py, "add_reader"), (fd, &drain)).is_err() {
            let call_soon = event_loop.getattr(intern!(py, "call_soon_threadsafe"))?.unbind();
            *queue.fallback.lock().unwrap_or_else(PoisonError::into_inner) = Some((call_soon, drain));
        }
        Ok(bridge)
    }

    pub(crate) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }

    /// A future of the loop's, and the number by which it is woken.
    pub(crate) fn wait<'py>(&self, py: Python<'py>) -> PyResult<(u64, Bound<'py, PyAny>)> {
        let future = self.create_future.bind(py).call0()?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        self.waiting().insert(number, future.clone().unbind());
        Ok((number, future))
    }

    /// Nobody waits for this number any more.
    pub(crate) fn forget(&self, number: u64) {
        let gone = self.waiting().remove(&number);
        drop(gone);
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Py<PyAny>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Bridge {
    /// Does all that has gathered. Called by the event loop.
    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        let mut bytes = [0; 64];
        while matches!((&self.reader).read(&mut bytes), Ok(read) if read == bytes.len()) {}
        // From here on whoever comes writes another byte; so nothing that comes later is missed.
        self.queue.woken.store(false, Ordering::Release);
        let tasks = std::mem::take(&mut *self.queue.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            match task {
                Task::Run(job) => job.run_on_loop(py),
                Task::Finished(number) => {
                    let future = self.waiting().remove(&number);
                    let Some(future) = future else { continue };
                    let future = future.bind(py);
                    if !future.call_method0(intern!(py, "done"))?.is_truthy()? {
                        future.call_method1(intern!(py, "set_result"), (py.None(),))?;
                    }
                }
            }
        }
        Ok(())
    }
}

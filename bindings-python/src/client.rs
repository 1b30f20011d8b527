//! The client as Python holds it: settings, the core's client made of them, and calls.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use threadline::Client as Core;
use threadline::observe::CallRecord;
use threadline::usage::{Prices, UsageCounter};
use threadline_engine::{Assistants, AssistantsExt};

use crate::call::{self, Mode, Prepared};
use crate::decode::Vectors;
use crate::error::{About, to_python};
use crate::files;
use crate::finish;
use crate::options::{self, setting};
use crate::pending::{Finish, Pending, block, drive};
use crate::runtime;
use crate::undocumented;

/// A client. Settings may change during its life; a forked child builds its own connections.
#[pyclass(frozen, module = "threadline._threadline", name = "Client")]
pub(crate) struct Client {
    parent: Option<Py<Client>>,
    settings: Mutex<Py<PyDict>>,
    made: Mutex<Option<Made>>,
    observed: Arc<Mutex<Vec<String>>>,
    counter: Mutex<Option<UsageCounter>>,
}

/// The core's client, and for which runtime it was made.
struct Made {
    core: Core,
    generation: u32,
    vectors: Vectors,
    /// Whether an engine answers some of its calls.
    engine: bool,
}

#[pymethods]
impl Client {
    #[new]
    fn new(py: Python<'_>, settings: Py<PyDict>) -> PyResult<Self> {
        Self::of(py, None, settings)
    }

    /// A client that differs in these settings, and shares connections.
    fn with_options(slf: Py<Self>, py: Python<'_>, settings: Py<PyDict>) -> PyResult<Self> {
        Self::of(py, Some(slf), settings)
    }

    /// Replaces the settings.
    fn configure(&self, py: Python<'_>, settings: Py<PyDict>) -> PyResult<()> {
        let old = std::mem::replace(&mut *lock(&self.settings), settings);
        let made = lock(&self.made).take();
        match self.core(py) {
            Ok(_) => Ok(()),
            Err(error) => {
                let _refused = std::mem::replace(&mut *lock(&self.settings), old);
                *lock(&self.made) = made;
                Err(error)
            }
        }
    }

    /// Makes a call and waits for it.
    #[pyo3(signature = (operation, arguments, mode = 0, page = None))]
    fn call(
        slf: Py<Self>,
        py: Python<'_>,
        operation: usize,
        arguments: &Bound<'_, PyDict>,
        mode: u8,
        page: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let client = slf.clone_ref(py);
        let work = Self::work(slf, py, operation, arguments, mode, page, false)?;
        client.get().wait(py, work)
    }

    /// Starts a call of the running event loop's.
    #[pyo3(signature = (operation, arguments, mode = 0, page = None))]
    fn call_async(
        slf: Py<Self>,
        py: Python<'_>,
        operation: usize,
        arguments: &Bound<'_, PyDict>,
        mode: u8,
        page: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        if files::are_asynchronous(call::row(operation)?, arguments)? {
            let read = py.import(intern!(py, "threadline._files"))?.getattr(intern!(py, "read_async_files"))?;
            return Ok(read.call1((slf, operation, arguments, mode, page))?.unbind());
        }
        let work = Self::work(slf, py, operation, arguments, mode, page, true)?;
        Ok(Py::new(py, Pending::start(py, work)?)?.into_any())
    }

    /// Makes a call of a route that the description does not have, and waits for it.
    #[pyo3(signature = (verb, path, settings, sends, body, answer, mode))]
    #[allow(clippy::too_many_arguments)] // all that a request is made of
    fn request(
        slf: Py<Self>,
        py: Python<'_>,
        verb: &str,
        path: String,
        settings: &Bound<'_, PyDict>,
        sends: &str,
        body: &Bound<'_, PyDict>,
        answer: &str,
        mode: u8,
    ) -> PyResult<Py<PyAny>> {
        let prepared = undocumented::prepare(verb, path, settings, sends, body, answer, Mode::from_number(mode)?)?;
        let client = slf.clone_ref(py);
        client.get().wait(py, Self::send(slf, py, prepared, None, false)?)
    }

    /// As `request`, for the running event loop.
    #[pyo3(signature = (verb, path, settings, sends, body, answer, mode))]
    #[allow(clippy::too_many_arguments)]
    fn request_async(
        slf: Py<Self>,
        py: Python<'_>,
        verb: &str,
        path: String,
        settings: &Bound<'_, PyDict>,
        sends: &str,
        body: &Bound<'_, PyDict>,
        answer: &str,
        mode: u8,
    ) -> PyResult<Pending> {
        let prepared = undocumented::prepare(verb, path, settings, sends, body, answer, Mode::from_number(mode)?)?;
        Pending::start(py, Self::send(slf, py, prepared, None, true)?)
    }

    /// Records of the calls made so far, as JSON texts, where the client is observed; they are then forgotten.
    fn take_observed(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.observed))
    }

    /// What the client has used so far, as JSON, where it counts.
    fn usage(&self) -> Option<String> {
        lock(&self.counter).as_ref().map(|counter| counter.report().to_json())
    }

    /// Where requests go.
    #[getter]
    fn base_url(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.core(py)?.0.base_url().to_owned())
    }
}

impl Client {
    fn of(py: Python<'_>, parent: Option<Py<Self>>, settings: Py<PyDict>) -> PyResult<Self> {
        let client = Self {
            parent,
            settings: Mutex::new(settings),
            made: Mutex::new(None),
            observed: Arc::default(),
            counter: Mutex::new(None),
        };
        client.core(py)?;
        Ok(client)
    }

    /// The core's client of this process.
    pub(crate) fn core(&self, py: Python<'_>) -> PyResult<(Core, Vectors)> {
        let generation = runtime::generation();
        if let Some(made) = &*lock(&self.made)
            && made.generation == generation
        {
            return Ok((made.core.clone(), made.vectors));
        }
        let settings = lock(&self.settings).clone_ref(py);
        let settings = settings.bind(py);
        let inherited = self.parent.as_ref().map(|parent| parent.get().core(py)).transpose()?;
        let vectors = match setting!(settings, "vectors", String).as_deref() {
            Some("numpy") => Vectors::Numpy,
            Some(_) => Vectors::List,
            None => inherited.as_ref().map(|(_, vectors)| *vectors).unwrap_or_default(),
        };
        let mut engine = self.parent.as_ref().is_some_and(|parent| parent.get().has_engine());
        let core = match inherited {
            Some((core, _)) => core.with_options(options::of_settings(settings)?),
            None => {
                let builder = options::client(settings)?;
                // Certificates and proxies are looked up meanwhile.
                let store = setting!(settings, "assistants", String).map(|text| Assistants::parse(&text));
                let store = store.transpose().map_err(pyo3::exceptions::PyValueError::new_err)?;
                engine = store.is_some();
                let built = py.detach(|| match store {
                    Some(store) => builder.assistants(store),
                    None => builder.build(),
                });
                built.map_err(|error| to_python(py, &error, &About::default()))?
            }
        };
        let core = self.watched(core, settings)?;
        let made = Made { core: core.clone(), generation, vectors, engine };
        // Dropped when nothing is locked: what ends with it may run Python.
        let before = lock(&self.made).replace(made);
        // What was made before a fork is never dropped: the threads that hold its locks are gone.
        std::mem::forget(before.filter(|before| before.generation != generation));
        Ok((core, vectors))
    }

    /// Waits for a call. What an engine runs goes on after its reply, on a runtime that never stands still.
    pub(crate) fn wait(&self, py: Python<'_>, work: impl Future<Output = Finish> + Send) -> PyResult<Py<PyAny>> {
        if self.has_engine() { block(py, work) } else { drive(py, work) }
    }

    fn has_engine(&self) -> bool {
        lock(&self.made).as_ref().is_some_and(|made| made.engine)
    }

    fn watched(&self, mut core: Core, settings: &Bound<'_, PyDict>) -> PyResult<Core> {
        if setting!(settings, "observe", bool) == Some(true) {
            let records = Arc::clone(&self.observed);
            core = core.with_observer(move |record: &CallRecord| lock(&records).push(record.to_json()));
        }
        if let Some(usage) = setting!(settings, "usage", Bound<'_, PyAny>) {
            let counter = match usage.extract::<String>() {
                Ok(table) => {
                    let prices = Prices::from_json(&table);
                    UsageCounter::with_prices(prices.map_err(|error| to_python(usage.py(), &error, &About::default()))?)
                }
                Err(_) => UsageCounter::with_prices(Prices::shipped()),
            };
            core = core.with_observer(counter.clone());
            *lock(&self.counter) = Some(counter);
        }
        Ok(core)
    }

    /// The work of one call.
    fn work(
        slf: Py<Self>,
        py: Python<'_>,
        operation: usize,
        arguments: &Bound<'_, PyDict>,
        mode: u8,
        page: Option<Py<PyAny>>,
        asynchronous: bool,
    ) -> PyResult<impl Future<Output = Finish> + Send + 'static> {
        let row = call::row(operation)?;
        let mut prepared = call::read(row, arguments, Mode::from_number(mode)?)?;
        prepared.paged |= page.is_some();
        prepared.vectors = slf.get().core(py)?.1;
        Self::send(slf, py, prepared, page, asynchronous)
    }

    /// The work of a prepared call.
    pub(crate) fn send(
        slf: Py<Self>,
        py: Python<'_>,
        mut prepared: Prepared,
        page: Option<Py<PyAny>>,
        asynchronous: bool,
    ) -> PyResult<impl Future<Output = Finish> + Send + 'static> {
        let (core, _) = slf.get().core(py)?;
        let base = core.base_url().trim_end_matches('/').to_owned();
        let sending = prepared.sending();
        let work = Box::pin(call::send(core, sending));
        Ok(async move {
            let outcome = work.await;
            let finish: Finish = Box::new(move |py| {
                let method = prepared.row.operation.verb.as_str();
                let about = About { method, url: base + &prepared.url_path() };
                finish::finish(py, outcome, finish::Context { client: slf, prepared, about, page, asynchronous })
            });
            finish
        })
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

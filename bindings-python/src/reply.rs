//! A reply with its head, as `with_raw_response`, `with_streaming_response`, binary results and streams hold it.

use std::collections::HashMap;
use std::sync::Mutex;

use bytes::Bytes;
use http::HeaderMap;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyType};
use threadline::operation::ReplyKind;
use threadline::{Download, Error, RawReply};

use crate::client::lock;
use crate::decode;
use crate::error::{self, About, to_python};
use crate::finish::{self, Context};
use crate::held::Held;
use crate::page::{self, Link};
use crate::pending::{Finish, Pending, drive};
use crate::stream::EventStream;

/// Status and headers of a reply.
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) attempts: u32,
}

/// What follows the head.
pub(crate) enum Body {
    /// JSON or text.
    Whole(RawReply),
    /// Bytes of any kind.
    Bytes(Bytes),
    /// Bytes that are still to come.
    Download(Held<Download, Result<Option<Bytes>, Error>>),
    /// Events.
    Events(Py<EventStream>),
}

impl Body {
    pub(crate) fn download(download: Download) -> Self {
        Self::Download(Held::new(download, |piece| !matches!(piece, Ok(Some(_)))))
    }
}

/// A reply.
#[pyclass(frozen, module = "threadline._threadline", name = "Reply")]
pub(crate) struct Reply {
    head: Head,
    body: Body,
    context: Mutex<Option<Context>>,
    about: About,
    asynchronous: bool,
}

impl Reply {
    pub(crate) fn new(head: Head, body: Body, context: Context) -> Self {
        let (about, asynchronous) = (context.about.clone(), context.asynchronous);
        Self { head, body, context: Mutex::new(Some(context)), about, asynchronous }
    }

    fn next(&self) -> PyResult<impl Future<Output = Finish> + Send + 'static> {
        let Body::Download(download) = &self.body else {
            return Err(PyRuntimeError::new_err("the reply has been read already"));
        };
        download.here("reply")?;
        let (download, about) = (download.clone(), self.about.clone());
        Ok(async move {
            let piece = download.next(|download| Box::pin(download.next_chunk())).await;
            let finish: Finish = Box::new(move |py| {
                let piece = piece.take().unwrap_or(Ok(None)).map_err(|error| to_python(py, &error, &about))?;
                Ok(piece.map_or_else(|| py.None(), |piece| PyBytes::new(py, &piece).into_any().unbind()))
            });
            finish
        })
    }
}

#[pymethods]
impl Reply {
    #[getter]
    fn status(&self) -> u16 {
        self.head.status
    }

    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        error::headers(py, &self.head.headers)
    }

    /// Requests that were sent for it.
    #[getter]
    fn attempts(&self) -> u32 {
        self.head.attempts
    }

    #[getter]
    fn method(&self) -> &'static str {
        self.about.method
    }

    #[getter]
    fn url(&self) -> &str {
        &self.about.url
    }

    #[getter]
    fn asynchronous(&self) -> bool {
        self.asynchronous
    }

    /// The events, where the reply is a stream of them.
    #[getter]
    fn events(&self, py: Python<'_>) -> Option<Py<EventStream>> {
        match &self.body {
            Body::Events(events) => Some(events.clone_ref(py)),
            _ => None,
        }
    }

    /// The body; `None` where it is still to be read.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        match &self.body {
            Body::Whole(raw) => Some(PyBytes::new(py, &raw.body)),
            Body::Bytes(bytes) => Some(PyBytes::new(py, bytes)),
            _ => None,
        }
    }

    /// The next piece of a body that is still to be read; `None` at its end.
    fn next_piece(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        drive(py, self.next()?)
    }

    /// As `next_piece`, for the running event loop.
    fn next_piece_async(&self, py: Python<'_>) -> PyResult<Pending> {
        Pending::start(py, self.next()?)
    }

    /// Closes the connection of a body that has not been read to its end. Whoever waits for more of it gets the end.
    fn close(&self, py: Python<'_>) {
        match &self.body {
            Body::Events(events) => events.get().close(py),
            Body::Download(download) => download.close(py),
            _ => {}
        }
    }

    /// What the method would have returned. `to`: a class of ours to make of it instead.
    #[pyo3(signature = (to = None))]
    fn parse(&self, py: Python<'_>, to: Option<&Bound<'_, PyType>>) -> PyResult<Py<PyAny>> {
        let Body::Whole(raw) = &self.body else {
            return Err(PyTypeError::new_err("this reply is not one value"));
        };
        let unreadable = |failure| error::of_failure(py, failure, &self.about, |why| raw.decode_error(why));
        if let Some(class) = to {
            return decode::decode_as(py, &raw.body, class, &HashMap::new()).map(Bound::unbind).map_err(unreadable);
        }
        let context = lock(&self.context);
        let context = context.as_ref().ok_or_else(|| PyRuntimeError::new_err("the reply was taken apart"))?;
        let prepared = &context.prepared;
        let Some(class) = &context.page else {
            return finish::value(py, raw, prepared.row, prepared.vectors, &self.about);
        };
        let link = Link::new(context.client.clone_ref(py), prepared.again(), self.asynchronous);
        Ok(page::make(py, raw, link, Some(class.clone_ref(py)), &self.about)?.unbind())
    }

    /// Whether its value is bytes.
    #[getter]
    fn binary(&self) -> bool {
        matches!(self.body, Body::Bytes(_) | Body::Download(_))
    }

    /// Whether its value is text.
    #[getter]
    fn is_text(&self) -> bool {
        let context = lock(&self.context);
        let kind = context.as_ref().map(|context| context.prepared.row.operation.reply);
        matches!(kind, Some(ReplyKind::Text))
    }

    fn __repr__(&self) -> String {
        format!("<Reply {} of {} {}>", self.head.status, self.about.method, self.about.url)
    }
}

/// An instance of `class` from JSON text, through the same decoder as replies. `members` names classes of members that the class
/// does not know.
#[pyfunction]
#[pyo3(signature = (text, class, members = None))]
pub(crate) fn decode_as<'py>(
    py: Python<'py>,
    text: &Bound<'py, PyAny>,
    class: &Bound<'py, PyType>,
    members: Option<HashMap<String, Bound<'py, PyType>>>,
) -> PyResult<Bound<'py, PyAny>> {
    let members = members.unwrap_or_default();
    let decoded = match text.cast::<PyString>() {
        Ok(text) => decode::decode_as(py, text.to_str()?.as_bytes(), class, &members),
        Err(_) => decode::decode_as(py, text.cast::<PyBytes>()?.as_bytes(), class, &members),
    };
    decoded.map_err(|failure| unreadable(py, failure))
}

/// An event of a stream of this operation, from JSON text.
#[pyfunction]
pub(crate) fn decode_event<'py>(py: Python<'py>, operation: usize, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let shape = crate::call::row(operation)?.events;
    decode::decode(py, text.as_bytes(), shape, decode::Vectors::List).map_err(|failure| unreadable(py, failure))
}

fn unreadable(py: Python<'_>, failure: decode::Failure) -> PyErr {
    error::of_failure(py, failure, &About::default(), |why| error::decode_error(why.to_owned()))
}

//! The core's error as an exception of Python's: one record of fields, handed to `threadline._exceptions`, which knows the classes.

use std::error::Error as StdError;

use http::HeaderMap;
use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use threadline::json::encode;
use threadline::{Error, ErrorKind};

use crate::decode::{Failure, reason};

/// What is known of the request, for the exception's `request`.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) method: &'static str,
    pub(crate) url: String,
}

/// The exception for an error.
pub(crate) fn to_python(py: Python<'_>, error: &Error, about: &About) -> PyErr {
    let cause = python_cause(py, error);
    if let Some(raised) = cause.as_ref().filter(|raised| is_itself(py, error, raised)) {
        return raised.clone_ref(py);
    }
    let made = record(py, error, about).and_then(|record| {
        let make = py.import(intern!(py, "threadline._exceptions"))?.getattr(intern!(py, "from_record"))?;
        make.call1((record,))
    });
    match made {
        Err(failed) => failed,
        Ok(exception) => {
            let made = PyErr::from_value(exception);
            if let Some(cause) = cause {
                made.set_cause(py, Some(cause));
            }
            made
        }
    }
}

/// The exception for a reply that cannot be read. `wrap` makes an error of the message.
pub(crate) fn of_failure(py: Python<'_>, failure: Failure, about: &About, wrap: impl FnOnce(&str) -> Error) -> PyErr {
    match failure {
        Failure::Python(error) => error,
        Failure::Json(error) => to_python(py, &wrap(&reason(&error)), about),
    }
}

/// Whether a program gets the exception of its own function and not one of ours: of functions that give keys and tokens, as with the
/// official package, and of those that were interrupted.
fn is_itself(py: Python<'_>, error: &Error, raised: &PyErr) -> bool {
    error.kind() == ErrorKind::Authentication || !raised.is_instance_of::<PyException>(py)
}

/// An exception that a function of the user's raised inside the call.
fn python_cause(py: Python<'_>, error: &Error) -> Option<PyErr> {
    let mut cause = StdError::source(error);
    while let Some(error) = cause {
        if let Some(raised) = error.downcast_ref::<PyErr>() {
            return Some(raised.clone_ref(py));
        }
        cause = error.source();
    }
    None
}

/// The headers of a reply as a list of pairs.
pub(crate) fn headers<'py>(py: Python<'py>, headers: &HeaderMap) -> PyResult<Bound<'py, PyList>> {
    let pairs =
        headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    PyList::new(py, pairs.collect::<Vec<_>>())
}

fn record<'py>(py: Python<'py>, error: &Error, about: &About) -> PyResult<Bound<'py, PyDict>> {
    let record = PyDict::new(py);
    record.set_item("kind", error.kind().as_str())?;
    record.set_item("message", error.message())?;
    record.set_item("status", error.status())?;
    record.set_item("type", error.error_type())?;
    record.set_item("code", error.code())?;
    record.set_item("param", error.param())?;
    record.set_item("request_id", error.request_id())?;
    record.set_item("attempts", error.attempts())?;
    record.set_item("retry_after", error.retry_after().map(|wait| wait.as_secs_f64()))?;
    record.set_item("retryable", error.is_retryable())?;
    record.set_item("headers", headers(py, error.headers())?)?;
    record.set_item("body", PyBytes::new(py, error.body()))?;
    record.set_item("method", about.method)?;
    record.set_item("url", &about.url)?;
    if let Some(partial) = error.partial() {
        let parts = PyDict::new(py);
        parts.set_item("text", &partial.text)?;
        parts.set_item("events", partial.events)?;
        if let Some(snapshot) = &partial.snapshot {
            parts.set_item("snapshot", snapshot.raw())?;
        }
        record.set_item("partial", parts)?;
    }
    if let Some(made) = error.unfinished() {
        let parts = PyDict::new(py);
        parts.set_item("resource", made.resource)?;
        parts.set_item("id", made.id.as_deref())?;
        parts.set_item("status", made.status.as_deref())?;
        parts.set_item("uploaded", made.uploaded.clone())?;
        record.set_item("unfinished", parts)?;
    }
    if let Some(azure) = error.azure() {
        let (found, parts) = (PyDict::new(py), PyDict::new(py));
        for (name, filter) in &azure.content_filter {
            let one = PyDict::new(py);
            one.set_item("filtered", filter.filtered)?;
            one.set_item("severity", filter.severity.as_deref())?;
            one.set_item("detected", filter.detected)?;
            found.set_item(name, one)?;
        }
        parts.set_item("code", azure.code.as_deref())?;
        parts.set_item("content_filter", found)?;
        record.set_item("azure", parts)?;
    }
    if let Some(close) = error.close() {
        record.set_item("close", (close.code, &close.reason))?;
    }
    record.set_item("completion", error.completion().map(|json| json.raw()))?;
    record.set_item("transcript", error.transcript().and_then(|transcript| encode(transcript).ok()))?;
    let mut cause = StdError::source(error);
    while let Some(deeper) = cause.and_then(StdError::source) {
        cause = Some(deeper);
    }
    record.set_item("cause", cause.map(ToString::to_string))?;
    Ok(record)
}

/// An error of this kind for what the binding finds out by itself.
pub(crate) fn decode_error(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Decode, message)
}

//! What a method returns, from what came of its call.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;
use threadline::operation::ReplyKind;
use threadline::{Error, RawReply};

use crate::call::{Mode, Outcome, Prepared};
use crate::client::Client;
use crate::decode::{self, Vectors};
use crate::error::{self, About, to_python};
use crate::page::{self, Link};
use crate::reply::{Body, Head, Reply};
use crate::schema::Row;
use crate::stream::EventStream;
use crate::types::Types;

/// All that is known of a call when it has ended.
pub(crate) struct Context {
    pub(crate) client: Py<Client>,
    pub(crate) prepared: Prepared,
    pub(crate) about: About,
    pub(crate) page: Option<Py<PyAny>>,
    pub(crate) asynchronous: bool,
}

/// The method's value, or its exception.
pub(crate) fn finish(py: Python<'_>, outcome: Result<Outcome, Error>, context: Context) -> PyResult<Py<PyAny>> {
    let outcome = outcome.map_err(|error| match &context.prepared.refused {
        Some(why) => PyValueError::new_err(why.clone()),
        None => to_python(py, &error, &context.about),
    })?;
    let (head, body) = match outcome {
        Outcome::Reply(raw) => {
            if context.prepared.mode == Mode::Value {
                return value(py, &raw, context.prepared.row, context.prepared.vectors, &context.about);
            }
            if context.prepared.mode == Mode::Page {
                let reply = page_of(py, raw, context)?;
                return Ok(reply.unbind());
            }
            (Head::of_raw(&raw), Body::Whole(raw))
        }
        Outcome::Events(stream) => {
            let head = Head { status: stream.status(), headers: stream.headers().clone(), attempts: stream.attempts() };
            let events = EventStream::new(*stream, context.prepared.row, context.about.clone());
            (head, Body::Events(Py::new(py, events)?))
        }
        Outcome::Download(download) => (Head::of_download(&download), Body::download(*download)),
        Outcome::Bytes(download, bytes) => (Head::of_download(&download), Body::Bytes(bytes)),
    };
    let mode = context.prepared.mode;
    let asynchronous = context.asynchronous;
    let events = matches!(body, Body::Events(_));
    let reply = Py::new(py, Reply::new(head, body, context))?;
    if mode != Mode::Value {
        return Ok(reply.into_any());
    }
    let (module, name) = match (events, asynchronous) {
        (true, false) => (intern!(py, "threadline._streaming"), intern!(py, "Stream")),
        (true, true) => (intern!(py, "threadline._streaming"), intern!(py, "AsyncStream")),
        (false, _) => (intern!(py, "threadline._legacy_response"), intern!(py, "HttpxBinaryResponseContent")),
    };
    Ok(py.import(module)?.getattr(name)?.call_method1(intern!(py, "_of_reply"), (reply,))?.unbind())
}

/// The value of a reply that was read to its end.
pub(crate) fn value(py: Python<'_>, raw: &RawReply, row: &Row, vectors: Vectors, about: &About) -> PyResult<Py<PyAny>> {
    match row.operation.reply {
        ReplyKind::Empty => return Ok(py.None()),
        ReplyKind::Text => return Ok(text(py, raw)),
        ReplyKind::JsonOrText if !raw.is_json() => return Ok(text(py, raw)),
        _ => {}
    }
    let vectors = if raw.base64_vectors { Vectors::AsSent } else { vectors };
    let value = decode::decode(py, &raw.body, row.result, vectors);
    let value = value.map_err(|failure| error::of_failure(py, failure, about, |why| raw.decode_error(why)))?;
    if let Some(id) = raw.request_id()
        && value.is_instance(Types::get(py)?.model.bind(py))?
    {
        value.setattr(intern!(py, "_rid"), id)?;
    }
    Ok(value.unbind())
}

/// The value of a body that a helper has read.
pub(crate) fn of_body(py: Python<'_>, body: &[u8], request_id: Option<&str>, row: &Row) -> PyResult<Py<PyAny>> {
    let value = decode::decode(py, body, row.result, Vectors::List);
    let value = value.map_err(|failure| {
        error::of_failure(py, failure, &About::default(), |why| error::decode_error(why.to_owned()))
    })?;
    if let Some(id) = request_id
        && value.is_instance(Types::get(py)?.model.bind(py))?
    {
        value.setattr(intern!(py, "_rid"), id)?;
    }
    Ok(value.unbind())
}

fn text(py: Python<'_>, raw: &RawReply) -> Py<PyAny> {
    PyString::new(py, &String::from_utf8_lossy(&raw.body)).into_any().unbind()
}

fn page_of(py: Python<'_>, raw: RawReply, context: Context) -> PyResult<Bound<'_, PyAny>> {
    let Context { client, prepared, about, page, asynchronous } = context;
    let link = Link::new(client, prepared, asynchronous);
    page::make(py, &raw, link, page, &about)
}

impl Head {
    pub(crate) fn of_raw(raw: &RawReply) -> Self {
        Self { status: raw.status.as_u16(), headers: raw.headers.clone(), attempts: raw.attempts }
    }

    fn of_download(download: &threadline::Download) -> Self {
        Self { status: download.status(), headers: download.headers().clone(), attempts: download.attempts() }
    }
}

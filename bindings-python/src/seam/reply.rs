//! A reply whose body is read piece by piece.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt};
use http::HeaderMap;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use threadline::transport::{ByteStream, HttpResponse, TransportError};

use super::Failed;
use crate::held::Held;
use crate::options::seconds;
use crate::pending::{Finish, Pending, drive};

/// What has arrived is handed over at once, up to about this many bytes.
const GATHERED: usize = 256 << 10;

/// A reply to a request of another library's.
#[pyclass(frozen, module = "threadline._threadline")]
pub(crate) struct Exchanged {
    status: u16,
    headers: HeaderMap,
    body: Held<Body, Result<Option<Bytes>, Failed>>,
}

struct Body {
    stream: ByteStream,
    /// What came behind the bytes of the last piece: the end, or an error.
    held: Option<Result<(), TransportError>>,
}

impl Exchanged {
    pub(super) fn new(reply: HttpResponse) -> Self {
        let HttpResponse { status, headers, body, .. } = reply;
        let body = Held::new(Body { stream: body, held: None }, |piece| !matches!(piece, Ok(Some(_))));
        Self { status: status.as_u16(), headers, body }
    }

    fn piece(&self, limit: Option<f64>) -> PyResult<impl Future<Output = Finish> + Send + 'static> {
        let limit = limit.map(seconds).transpose()?;
        self.body.here("reply")?;
        let body = self.body.clone();
        Ok(async move {
            let piece = body.next(|body| Box::pin(body.within(limit))).await;
            let finish: Finish = Box::new(move |py| match piece.take() {
                Some(Ok(Some(piece))) => Ok(PyBytes::new(py, &piece).into_any().unbind()),
                Some(Ok(None)) | None => Ok(py.None()),
                Some(Err(failed)) => Err(failed.raise(py)),
            });
            finish
        })
    }
}

impl Body {
    async fn within(&mut self, limit: Option<Duration>) -> Result<Option<Bytes>, Failed> {
        let Some(limit) = limit else { return self.next().await.map_err(Failed::Transport) };
        match tokio::time::timeout(limit, self.next()).await {
            Ok(piece) => piece.map_err(Failed::Transport),
            Err(_) => Err(Failed::Late("ReadTimeout", "no more of the reply's body has come in time")),
        }
    }

    /// The next bytes, with all that have come by now.
    async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        if let Some(held) = self.held.take() {
            return held.map(|()| None);
        }
        let first = loop {
            match self.stream.next().await.transpose()? {
                Some(piece) if piece.is_empty() => {}
                Some(piece) => break piece,
                None => return Ok(None),
            }
        };
        let mut all = None;
        let mut length = first.len();
        while length < GATHERED {
            match self.stream.next().now_or_never() {
                None => break,
                Some(Some(Ok(piece))) => {
                    length += piece.len();
                    all.get_or_insert_with(|| BytesMut::from(&first[..])).extend_from_slice(&piece);
                }
                Some(Some(Err(error))) => {
                    self.held = Some(Err(error));
                    break;
                }
                Some(None) => {
                    self.held = Some(Ok(()));
                    break;
                }
            }
        }
        Ok(Some(all.map_or(first, BytesMut::freeze)))
    }
}

#[pymethods]
impl Exchanged {
    #[getter]
    fn status(&self) -> u16 {
        self.status
    }

    /// Pairs of bytes, as they came.
    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let pairs = self
            .headers
            .iter()
            .map(|(name, value)| (PyBytes::new(py, name.as_str().as_bytes()), PyBytes::new(py, value.as_bytes())));
        PyList::new(py, pairs.collect::<Vec<_>>())
    }

    /// Waits for bytes, at most `limit` seconds; `None` at the end.
    #[pyo3(signature = (limit = None))]
    fn next(&self, py: Python<'_>, limit: Option<f64>) -> PyResult<Py<PyAny>> {
        drive(py, self.piece(limit)?)
    }

    /// As `next`, for the running event loop.
    #[pyo3(signature = (limit = None))]
    fn next_async(&self, py: Python<'_>, limit: Option<f64>) -> PyResult<Pending> {
        Pending::start(py, self.piece(limit)?)
    }

    /// Closes the connection, if the body has not come to its end. Whoever waits for bytes gets the end.
    fn close(&self, py: Python<'_>) {
        self.body.close(py);
    }
}

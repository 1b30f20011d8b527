//! A reply whose body is read piece by piece.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt};
use http::HeaderMap;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use threadline::transport::{ByteStream, HttpResponse, TransportError};
use tokio::sync::{Mutex, Notify};

use super::Failed;
use crate::options::seconds;
use crate::pending::{Finish, Pending, drive};
use crate::runtime;

/// What has arrived is handed over at once, up to about this many bytes.
const GATHERED: usize = 256 << 10;

/// A reply to a request of another library's.
#[pyclass(frozen, module = "threadline._threadline")]
pub(crate) struct Exchanged {
    status: u16,
    headers: HeaderMap,
    shared: Arc<Shared>,
}

struct Shared {
    body: Mutex<Option<Body>>,
    closed: AtomicBool,
    close: Notify,
}

struct Body {
    stream: ByteStream,
    /// What came behind the bytes of the last piece: the end, or an error.
    held: Option<Result<(), TransportError>>,
}

impl Exchanged {
    pub(super) fn new(reply: HttpResponse) -> Self {
        let HttpResponse { status, headers, body, .. } = reply;
        let body = Mutex::new(Some(Body { stream: body, held: None }));
        let shared = Shared { body, closed: AtomicBool::new(false), close: Notify::new() };
        Self { status: status.as_u16(), headers, shared: Arc::new(shared) }
    }

    fn piece(&self, limit: Option<f64>) -> PyResult<impl Future<Output = Finish> + Send + 'static> {
        let limit = limit.map(seconds).transpose()?;
        let shared = Arc::clone(&self.shared);
        Ok(async move {
            let piece = shared.next(limit).await;
            let finish: Finish = Box::new(move |py| match piece {
                Ok(Some(piece)) => Ok(PyBytes::new(py, &piece).into_any().unbind()),
                Ok(None) => Ok(py.None()),
                Err(failed) => Err(failed.raise(py)),
            });
            finish
        })
    }
}

impl Shared {
    async fn next(&self, limit: Option<Duration>) -> Result<Option<Bytes>, Failed> {
        // Goes last, when the body is free again.
        let _leaving = Leaving(self);
        let closed = self.close.notified();
        let mut place = self.body.lock().await;
        if self.closed.load(Ordering::Acquire) {
            *place = None;
        }
        let Some(body) = &mut *place else { return Ok(None) };
        let late = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        let piece = tokio::select! {
            piece = body.next() => piece.map_err(Failed::Transport),
            () = closed => Ok(None),
            () = late => Err(Failed::Late("ReadTimeout", "no more of the reply's body has come in time")),
        };
        if !matches!(piece, Ok(Some(_))) {
            *place = None;
        }
        piece
    }
}

/// A read that ends, or is given up. Whoever closed the reply meanwhile could not take the body from it.
struct Leaving<'a>(&'a Shared);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if self.0.closed.load(Ordering::Acquire)
            && let Ok(mut place) = self.0.body.try_lock()
        {
            *place = None;
        }
    }
}

impl Body {
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
        self.shared.closed.store(true, Ordering::Release);
        self.shared.close.notify_waiters();
        if let Ok(mut body) = self.shared.body.try_lock()
            && let Some(body) = body.take()
        {
            py.detach(move || {
                let _guard = runtime::enter();
                drop(body);
            });
        }
    }
}

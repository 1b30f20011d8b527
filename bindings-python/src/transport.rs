//! An HTTP client of the user's (`http_client=`) as the transport of calls. `threadline._httpx` knows its interface.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use threadline::Transport;
use threadline::transport::{
    ByteStream, HttpRequest, HttpResponse, RequestBody, SendFuture, TransportError, TransportErrorKind,
};

use crate::host::Callback;

/// Sends through a function of Python's: method, URL, headers and body in, a reply out.
pub(crate) struct HostTransport(Callback);

impl std::fmt::Debug for HostTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HostTransport")
    }
}

impl HostTransport {
    pub(crate) fn new(client: &Bound<'_, PyAny>) -> PyResult<Self> {
        let sender = client.py().import("threadline._httpx")?.getattr("sender")?.call1((client,))?;
        Ok(Self(Callback::new(sender.unbind())))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let (method, url) = (request.method.to_string(), request.url);
        let headers: Vec<(String, Vec<u8>)> =
            request.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        let body = match request.body {
            RequestBody::Bytes(bytes) => Some(bytes),
            RequestBody::Stream { mut stream, .. } => {
                let mut all = BytesMut::new();
                while let Some(piece) = stream.next().await {
                    all.extend_from_slice(&piece?);
                }
                Some(all.freeze())
            }
            _ => None,
        };
        let arguments = move |py: Python<'_>| -> PyResult<Py<PyTuple>> {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (name, PyBytes::new(py, value))).collect();
            let body = body.map(|body| PyBytes::new(py, &body));
            Ok((method, url, headers, body).into_pyobject(py)?.unbind())
        };
        let reply = self.0.call(arguments).await.map_err(failed)?;
        let read = Python::attach(|py| -> PyResult<_> {
            let reply = reply.bind(py);
            let status: u16 = reply.getattr("status")?.extract()?;
            let headers: Vec<(String, String)> = reply.getattr("headers")?.extract()?;
            let next = Callback::new(reply.getattr("next")?.unbind());
            Ok((status, headers, next, Callback::new(reply.getattr("close")?.unbind())))
        });
        let (status, pairs, next, close) = read.map_err(failed)?;
        let status = StatusCode::from_u16(status).map_err(|error| unusable(&error.to_string()))?;
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = HeaderName::try_from(name).map_err(|error| unusable(&error.to_string()))?;
            headers.append(name, HeaderValue::try_from(value).map_err(|error| unusable(&error.to_string()))?);
        }
        let open = Open { next, close: Some(close) };
        let body: ByteStream = Box::pin(stream::unfold(Some(open), |open| async move {
            let mut open = open?;
            match open.piece().await {
                Ok(Some(piece)) => Some((Ok(piece), Some(open))),
                Ok(None) => {
                    open.close = None;
                    None
                }
                Err(error) => Some((Err(error), None)),
            }
        }));
        Ok(HttpResponse::new(status, headers, body))
    }
}

impl Transport for HostTransport {
    fn send(&self, request: HttpRequest) -> SendFuture<'_> {
        Box::pin(self.exchange(request))
    }
}

/// A reply that is being read. Dropping it before its end closes it.
struct Open {
    next: Callback,
    close: Option<Callback>,
}

impl Open {
    async fn piece(&self) -> Result<Option<Bytes>, TransportError> {
        let piece = self.next.ask().await.map_err(|error| broken(error, TransportErrorKind::Read))?;
        let bytes = Python::attach(|py| piece.extract::<Option<Vec<u8>>>(py));
        Ok(bytes.map_err(|error| broken(error, TransportErrorKind::Read))?.map(Bytes::from))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(close) = self.close.take() {
            close.tell();
        }
    }
}

fn unusable(why: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Read, format!("the reply of the given HTTP client cannot be used: {why}"))
}

fn failed(error: PyErr) -> TransportError {
    let name = Python::attach(|py| error.get_type(py).name().map(|name| name.to_string()).unwrap_or_default());
    let kind = match name.as_str() {
        "ConnectTimeout" | "PoolTimeout" => TransportErrorKind::ConnectTimeout,
        "ConnectError" | "ProxyError" | "UnsupportedProtocol" => TransportErrorKind::Connect,
        _ => TransportErrorKind::Send,
    };
    broken(error, kind)
}

fn broken(error: PyErr, kind: TransportErrorKind) -> TransportError {
    TransportError::new(kind, format!("the given HTTP client failed: {error}")).with_source(error)
}

/// The transport that these settings name.
pub(crate) fn of(client: &Bound<'_, PyAny>) -> PyResult<Arc<dyn Transport>> {
    Ok(Arc::new(HostTransport::new(client)?))
}

//! A file object of Python's that is read while it is sent.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};
use tokio::io::{AsyncRead, ReadBuf};

use crate::host::Callback;

/// What is asked for at a time.
const PIECE: usize = 64 << 10;

type Reading = Pin<Box<dyn Future<Output = io::Result<Bytes>> + Send>>;

/// Reads by the object's `read`.
pub(crate) struct Reader {
    read: Callback,
    reading: Option<Reading>,
    piece: Bytes,
}

impl Reader {
    pub(crate) fn new(file: &Bound<'_, PyAny>) -> PyResult<Self> {
        let read = Callback::here(file.getattr(intern!(file.py(), "read"))?)?;
        Ok(Self { read, reading: None, piece: Bytes::new() })
    }
}

async fn read(read: Callback) -> io::Result<Bytes> {
    let piece = read.call_there(|py| Ok((PIECE,).into_pyobject(py)?.unbind())).await;
    let bytes = piece.and_then(|piece| Python::attach(|py| bytes(piece.bind(py))));
    bytes.map_err(|error| io::Error::other(error.to_string()))
}

fn bytes(piece: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    if let Ok(bytes) = piece.cast::<PyBytes>() {
        return Ok(Bytes::copy_from_slice(bytes.as_bytes()));
    }
    if let Ok(bytes) = piece.cast::<PyByteArray>() {
        return Ok(bytes.to_vec().into());
    }
    if let Ok(text) = piece.cast::<PyString>() {
        return Ok(text.to_str()?.to_owned().into());
    }
    if piece.is_none() {
        return Ok(Bytes::new());
    }
    Err(PyTypeError::new_err(format!("a file's `read` gave {}, not bytes", piece.get_type().name()?)))
}

impl AsyncRead for Reader {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.piece.is_empty() {
            let reading = this.reading.get_or_insert_with(|| Box::pin(read(this.read.clone())));
            let piece = ready!(reading.as_mut().poll(cx));
            this.reading = None;
            this.piece = piece?;
        }
        let count = this.piece.len().min(buffer.remaining());
        buffer.put_slice(&this.piece[..count]);
        this.piece.advance(count);
        Poll::Ready(Ok(()))
    }
}

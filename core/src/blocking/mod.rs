//! Calls that wait, for programs without an async runtime.
//!
//! Every method of every resource is there: a [`blocking::Client`](Client) has the resources of the async one, whose
//! methods give a [`Call`]; [`Call::send_blocking`] sends it. Streams and lists come as iterators, downloads as
//! [`std::io::Read`].
//!
//! ```no_run
//! # fn main() -> Result<(), threadline::Error> {
//! let client = threadline::blocking::Client::from_env()?;
//! let model = client.models().retrieve("gpt-5").send_blocking()?;
//! for file in client.files().list().items_blocking() {
//!     println!("{}", file?.filename);
//! }
//! # let _ = model; Ok(()) }
//! ```
//!
//! One thread in the background, started by the first call and shared by all clients, watches the sockets. The work of
//! a call is done by the thread that waits for it, so that nothing goes on behind a stream or download that was dropped:
//! its connection is closed. All of it may be called from inside of an async runtime too, where it blocks the thread it
//! is on, as any blocking call does.

mod runtime;
mod wait;

use std::future::IntoFuture;
use std::io;
use std::ops::{Deref, DerefMut};

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};

pub use self::wait::run;
use crate::client::{Call, ClientBuilder, Outcome};
use crate::error::{Error, ErrorKind};
use crate::json::Decode;
use crate::page::{Items, Page, Pages};
use crate::response::{Download, Reply};
use crate::stream::EventStream;

/// A client whose calls are waited for. It has all methods of [`crate::Client`], by reference.
#[derive(Debug, Clone)]
pub struct Client {
    inner: crate::Client,
}

impl Client {
    /// As [`crate::Client::new`].
    ///
    /// # Errors
    /// As [`crate::Client::new`].
    pub fn new(api_key: impl Into<String>) -> Result<Self, Error> {
        crate::Client::new(api_key).map(Self::from)
    }

    /// As [`crate::Client::from_env`].
    ///
    /// # Errors
    /// As [`crate::Client::from_env`].
    pub fn from_env() -> Result<Self, Error> {
        crate::Client::from_env().map(Self::from)
    }

    /// Settings to build a client from; `build()?.into()` makes it a blocking one.
    pub fn builder() -> ClientBuilder {
        crate::Client::builder()
    }

    /// Waits for anything that can be awaited: a [`Call`], a tool runner, a helper.
    pub fn run<F: IntoFuture>(&self, work: F) -> F::Output {
        run(work)
    }
}

impl From<crate::Client> for Client {
    fn from(inner: crate::Client) -> Self {
        Self { inner }
    }
}

impl Deref for Client {
    type Target = crate::Client;

    fn deref(&self) -> &crate::Client {
        &self.inner
    }
}

/// What a call gives to a program that waits for it.
pub trait BlockingOutcome: Outcome {
    /// The same, without anything to be awaited.
    type Blocking;

    #[doc(hidden)]
    fn into_blocking(self) -> Self::Blocking;
}

impl<R: BlockingOutcome> Call<R> {
    /// Sends the call and waits for what it gives. A stream, a list or a download is then read by waiting too.
    ///
    /// # Errors
    /// Any [`Error`] of the call.
    pub fn send_blocking(self) -> Result<R::Blocking, Error> {
        run(self).map(R::into_blocking)
    }
}

impl<T: Decode + Send + 'static> Call<Page<T>> {
    /// All items of all pages, as an iterator; each page is asked for when it is needed.
    pub fn items_blocking(self) -> Blocking<Items<T>> {
        Blocking(self.items())
    }

    /// All pages, as an iterator.
    pub fn pages_blocking(self) -> Blocking<Pages<T>> {
        Blocking(self.pages())
    }
}

/// Something that comes bit by bit, to be waited for: an iterator over a stream or a list, a reader of a download.
/// Dropping it closes its connection.
#[derive(Debug)]
pub struct Blocking<S>(S);

impl<S> Blocking<S> {
    /// The async form of it.
    pub fn into_async(self) -> S {
        self.0
    }
}

impl<S> From<S> for Blocking<S> {
    fn from(inner: S) -> Self {
        Self(inner)
    }
}

impl<S> Deref for Blocking<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0
    }
}

impl<S> DerefMut for Blocking<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.0
    }
}

impl<S: Stream + Unpin> Iterator for Blocking<S> {
    type Item = S::Item;

    fn next(&mut self) -> Option<S::Item> {
        run(StreamExt::next(&mut self.0))
    }
}

impl<T: Decode + Send + 'static> Blocking<Page<T>> {
    /// As [`Page::next_page`].
    ///
    /// # Errors
    /// As [`Page::next_page`].
    pub fn next_page(&self) -> Result<Option<Self>, Error> {
        run(self.0.next_page()).map(|page| page.map(Self))
    }
}

/// A [`Download`] that is read by waiting for it.
#[derive(Debug)]
pub struct BlockingDownload {
    inner: Download,
    rest: Bytes,
}

impl BlockingDownload {
    /// Reads everything into memory.
    ///
    /// # Errors
    /// As [`Download::bytes`].
    pub fn bytes(self) -> Result<Bytes, Error> {
        let rest = run(self.inner.bytes())?;
        Ok(if self.rest.is_empty() { rest } else { [self.rest, rest].concat().into() })
    }

    /// As [`Download::save_to`], for a download that nothing was read from.
    ///
    /// # Errors
    /// As [`Download::save_to`]; kind `usage` if something was read already.
    pub fn save_to(self, path: impl AsRef<std::path::Path>) -> Result<u64, Error> {
        if !self.rest.is_empty() {
            return Err(Error::usage("a part of this download was read already; copy the rest instead"));
        }
        run(self.inner.save_to(path))
    }
}

impl Deref for BlockingDownload {
    type Target = Download;

    fn deref(&self) -> &Download {
        &self.inner
    }
}

impl io::Read for BlockingDownload {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && !into.is_empty() {
            self.rest = run(self.inner.next_chunk()).map_err(as_io)?.unwrap_or_default();
        }
        let count = self.rest.len().min(into.len());
        self.rest.copy_to_slice(&mut into[..count]);
        Ok(count)
    }
}

/// The error as readers have them; ours is inside.
fn as_io(error: Error) -> io::Error {
    let kind = match error.kind() {
        ErrorKind::Timeout | ErrorKind::IdleTimeout => io::ErrorKind::TimedOut,
        ErrorKind::Connection => io::ErrorKind::ConnectionAborted,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

impl<T> BlockingOutcome for Reply<T>
where
    Self: Outcome,
{
    type Blocking = Self;

    fn into_blocking(self) -> Self {
        self
    }
}

impl<T: Decode + Send + 'static> BlockingOutcome for Page<T> {
    type Blocking = Blocking<Self>;

    fn into_blocking(self) -> Blocking<Self> {
        Blocking(self)
    }
}

impl<E: Decode + Send + 'static> BlockingOutcome for EventStream<E> {
    type Blocking = Blocking<Self>;

    fn into_blocking(self) -> Blocking<Self> {
        Blocking(self)
    }
}

impl BlockingOutcome for Download {
    type Blocking = BlockingDownload;

    fn into_blocking(self) -> BlockingDownload {
        BlockingDownload { inner: self, rest: Bytes::new() }
    }
}

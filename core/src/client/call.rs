//! A call that has not been sent yet.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use super::options::option_setters;
use super::{Args, Client, RequestOptions};
use crate::error::Error;
use crate::json::Encode;
use crate::operation::Operation;

/// A call, with its options. `.await` sends it; nothing happens before that.
///
/// ```ignore
/// let file = client.files().retrieve("file-1").timeout(Duration::from_secs(5)).await?;
/// ```
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<R> {
    pub(crate) inner: Box<Parts>,
    result: PhantomData<fn() -> R>,
}

/// What is known about a call before it is sent.
pub(crate) struct Parts {
    pub(crate) client: Client,
    pub(crate) op: &'static Operation,
    pub(crate) args: Result<Args, Error>,
    pub(crate) options: RequestOptions,
}

/// The future of a call.
pub type CallFuture<R> = Pin<Box<dyn Future<Output = Result<R, Error>> + Send>>;

/// What a call can return: [`Reply`](crate::Reply), [`Page`](crate::Page), [`Download`](crate::Download) or
/// [`EventStream`](crate::EventStream).
pub trait Outcome: Sized + Send + sealed::Sealed + 'static {
    #[doc(hidden)]
    fn send(call: Call<Self>) -> CallFuture<Self>;
}

pub(crate) mod sealed {
    /// Keeps [`Outcome`](super::Outcome) ours, so that it can grow.
    pub trait Sealed {}
}

impl<R> Call<R> {
    /// A call of this operation. Arguments that cannot be encoded show as an error of kind `usage` when it is awaited.
    pub(crate) fn new(client: &Client, op: &'static Operation, path: &[&str], params: Option<&dyn Encode>) -> Self {
        Self::from_args(client, op, Args::encode(path, params))
    }

    /// The same with the operation's stream asked for.
    pub(crate) fn stream(client: &Client, op: &'static Operation, path: &[&str], params: Option<&dyn Encode>) -> Self {
        // That the reply is a stream is in `R`; preparing the request adds the argument.
        Self::new(client, op, path, params)
    }

    pub(crate) fn from_args(client: &Client, op: &'static Operation, args: Result<Args, Error>) -> Self {
        let inner = Parts { client: client.clone(), op, args, options: RequestOptions::default() };
        Self { inner: Box::new(inner), result: PhantomData }
    }

    /// The same call, whose reply is read in another way.
    pub(crate) fn returning<T>(self) -> Call<T> {
        Call { inner: self.inner, result: PhantomData }
    }

    /// The call with an error in place of its arguments: it shows when the call is awaited.
    #[cfg(feature = "schemars")]
    pub(crate) fn refused(mut self, error: Error) -> Self {
        self.inner.args = Err(error);
        self
    }

    option_setters!(.inner.options);

    /// Value of `Idempotency-Key`, the same for every attempt. Default: a new random one for each call that is not
    /// a `GET`.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.inner.options.idempotency_key = Some(key.into());
        self
    }

    /// Sets several options at once; what they leave unset stays.
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.inner.options = options.over(&self.inner.options);
        self
    }
}

impl<R> fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &self.inner.op.id)
            .field("options", &self.inner.options)
            .finish_non_exhaustive()
    }
}

impl<R: Outcome> IntoFuture for Call<R> {
    type Output = Result<R, Error>;
    type IntoFuture = CallFuture<R>;

    fn into_future(self) -> Self::IntoFuture {
        R::send(self)
    }
}

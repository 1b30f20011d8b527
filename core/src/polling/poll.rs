//! A call that waits for its thing to be done.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use super::run::{Ids, Plan, Start, Steps, run};
use super::{Poller, Target};
use crate::client::{Call, CallFuture, Client, RequestOptions, option_setters};
use crate::json::{self, Decode};
use crate::response::Reply;

/// A call that makes or names a thing and asks for it until it is done. `.await` sends it and gives the thing in its
/// final state, which may be `failed`: look at its status.
///
/// Dropping the future ends the polling; the thing goes on at the provider. The options of [`Call`] hold for each
/// request; `timeout` too, while [`max_wait`](Self::max_wait) limits the polling as a whole.
///
/// # Errors
/// Any [`Error`](crate::Error) of one of the requests, after the client's retries; kind `timeout` when `max_wait` has
/// passed. [`Error::unfinished`](crate::Error::unfinished) has the id of the thing from the moment it exists.
#[must_use = "a poll does nothing until it is awaited"]
pub struct Poll<T> {
    plan: Box<Plan>,
    result: PhantomData<fn() -> T>,
}

impl<T: Decode + Send + 'static> Poll<T> {
    option_setters!(.plan.options);

    /// Value of `Idempotency-Key` of the request that makes the thing. Default: a new random one.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.plan.options.idempotency_key = Some(key.into());
        self
    }

    /// Sets several options at once; what they leave unset stays.
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.plan.options = options.over(&self.plan.options);
        self
    }

    /// Waits so long between two looks. Default: as long as the server's header `openai-poll-after-ms` says, else one
    /// second, else (for what takes hours) ever longer waits up to a minute.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.plan.poller = self.plan.poller.interval(interval);
        self
    }

    /// Gives up polling after so long, counted from the moment the thing exists, requests under way included; zero:
    /// before the first look. Default: no limit; for `files().wait_for_processing` half an hour.
    pub fn max_wait(mut self, limit: Duration) -> Self {
        self.plan.poller = self.plan.poller.max_wait(limit);
        self
    }

    /// Calls this with each state that polling sees, the final one included.
    pub fn on_update(mut self, mut update: impl FnMut(&T) + Send + 'static) -> Self {
        self.plan.on_look = Some(Box::new(move |raw| {
            let state: T = json::decode(&raw.body).map_err(|error| raw.decode_error(error))?;
            update(&state);
            Ok(())
        }));
        self
    }

    /// Polls a thing that exists.
    pub(super) fn existing(client: &Client, target: &'static Target, ids: &[&str]) -> Self {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        Self::new(client.clone(), target, Start::None, Ids::Known(ids), RequestOptions::default())
    }

    /// Makes a thing by one call, then polls it.
    pub(super) fn after(call: Call<Reply<T>>, target: &'static Target, ids: Ids) -> Self {
        let mut parts = call.inner;
        let (client, options) = (parts.client.clone(), std::mem::take(&mut parts.options));
        Self::new(client, target, Start::Call(parts), ids, options)
    }

    /// Makes a thing by several calls, then polls it.
    pub(super) fn after_steps(client: &Client, target: &'static Target, ids: Ids, steps: Steps) -> Self {
        Self::new(client.clone(), target, Start::Steps(steps), ids, RequestOptions::default())
    }

    fn new(client: Client, target: &'static Target, start: Start, ids: Ids, options: RequestOptions) -> Self {
        let poller = Poller::new(target);
        let plan = Plan { client, target, start, ids, poller, options, on_look: None };
        Self { plan: Box::new(plan), result: PhantomData }
    }
}

impl<T> fmt::Debug for Poll<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poll")
            .field("resource", &self.plan.target.resource)
            .field("options", &self.plan.options)
            .finish_non_exhaustive()
    }
}

impl<T: Decode + Send + 'static> IntoFuture for Poll<T> {
    type Output = Result<Reply<T>, crate::Error>;
    type IntoFuture = CallFuture<Reply<T>>;

    fn into_future(self) -> Self::IntoFuture {
        let kind = self.plan.target.retrieve.reply;
        let future = run(self.plan);
        Box::pin(async move { Reply::from_raw(future.await?, kind) })
    }
}

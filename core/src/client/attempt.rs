//! Sends a call: attempts, waits, redirects, all under one deadline.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt};
use http::header::LOCATION;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, Span, debug, info};

use super::deadline::Deadline;
use super::failed::{Failed, transport_error};
use super::hedge;
use super::prepare::{DEFAULT_BASE_URL, Prepared};
use super::redirect::{Hop, Trail, is_redirect};
use super::{Args, Client, RequestOptions};
use crate::error::{Error, ErrorKind};
use crate::limits::Admission;
use crate::observe::{Asked, Watch};
use crate::operation::{Operation, ReplyKind, Verb};
use crate::policy::backoff::{self, Backoff};
use crate::policy::retry::{Attempt, Decision, Stop, decide};
use crate::policy::retry_after::retry_after;
use crate::request::body::Content;
use crate::response::{BodyError, Download, RawReply, collect, conceal, from_status, peek_error};
use crate::stream::RawEventStream;
use crate::transport::{ByteStream, HttpRequest, HttpResponse, RequestBody, TransportError, TransportErrorKind};

/// Most of an error reply's body that is read.
const MAX_ERROR_BODY: usize = 64 << 10;
/// Longest time spent on reading it: the status alone is enough to go on.
const ERROR_BODY_TIME: Duration = Duration::from_secs(5);

/// What the caller wants of the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    Whole,
    Bytes,
    Events,
}

enum Got {
    Whole(RawReply),
    Bytes(Box<Download>),
    Events(Box<RawEventStream>),
}

impl Got {
    /// Tells whoever observes the call, now or when the stream or download has ended.
    fn observed(mut self, watch: Option<Box<Watch>>, op: &'static Operation) -> Self {
        if let Some(watch) = watch {
            match &mut self {
                Self::Whole(reply) => watch.reply(reply, op.reply),
                Self::Bytes(download) => download.observe(watch),
                Self::Events(stream) => stream.observe(watch),
            }
        }
        self
    }
}

pub(super) async fn execute(
    client: &Client,
    op: &'static Operation,
    args: Args,
    options: RequestOptions,
) -> Result<RawReply, Error> {
    match run(client, op, args, options, Want::Whole).await? {
        Got::Whole(reply) => Ok(reply),
        _ => unreachable!("a whole reply was wanted"),
    }
}

pub(super) async fn download(
    client: &Client,
    op: &'static Operation,
    args: Args,
    options: RequestOptions,
) -> Result<Download, Error> {
    match run(client, op, args, options, Want::Bytes).await? {
        Got::Bytes(download) => Ok(*download),
        _ => unreachable!("a download was wanted"),
    }
}

pub(super) async fn stream(
    client: &Client,
    op: &'static Operation,
    args: Args,
    options: RequestOptions,
) -> Result<RawEventStream, Error> {
    match run(client, op, args, options, Want::Events).await? {
        Got::Events(stream) => Ok(*stream),
        _ => unreachable!("a stream was wanted"),
    }
}

async fn run(
    client: &Client,
    op: &'static Operation,
    args: Args,
    options: RequestOptions,
    want: Want,
) -> Result<Got, Error> {
    let asked = Asked::read(&client.inner.observing, op, &args, want == Want::Events);
    let prepared = Prepared::new(client, op, args, options, want);
    let watch = asked.map(|asked| {
        let (url, key) = match &prepared {
            Ok(prepared) => (&*prepared.url, prepared.key.clone()),
            Err(_) => (client.inner.options.base_url.as_deref().unwrap_or(DEFAULT_BASE_URL), None),
        };
        Watch::start(&client.inner.observing, *asked, url, key)
    });
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            if let Some(watch) = watch {
                watch.failed(&error);
            }
            return Err(error);
        }
    };
    let deadline = Deadline::after(prepared.timeout);
    let span = watch.as_ref().map_or_else(Span::none, |watch| watch.span().clone());
    let mut call = InFlight {
        client,
        prepared,
        deadline,
        want,
        attempts: 0,
        hedges: AtomicU32::new(0),
        last: None,
        renewed: false,
        queued: false,
        watch,
    };
    // On the heap: the future holds a whole HTTP exchange, and callers hold it in turn.
    let result = deadline.watch(Box::pin(call.attempts()).instrument(span.clone())).await;
    let result = result.unwrap_or_else(|| {
        let mut error = deadline.error(call.sent());
        if call.queued {
            let message = format!("{}: it was spent waiting for the client's own limits", error.message());
            error = error.with_message(message);
        }
        Err(match call.last.take() {
            Some(last) => error.with_source(last),
            None => error,
        })
    });
    let watch = call.watch.take();
    match result {
        Ok(got) => Ok(got.observed(watch, op)),
        Err(error) => {
            let error = call.prepared.redact(error);
            span.in_scope(|| {
                debug!(
                    kind = error.kind().as_str(),
                    status = error.status(),
                    attempts = error.attempts(),
                    "call failed"
                );
            });
            if let Some(watch) = watch {
                watch.failed(&error);
            }
            Err(error)
        }
    }
}

/// A call on its way.
struct InFlight<'a> {
    client: &'a Client,
    prepared: Prepared,
    deadline: Deadline,
    want: Want,
    /// Requests sent, redirects not counted.
    attempts: u32,
    /// Requests sent beside these, because one was slow.
    hedges: AtomicU32,
    /// Why the latest attempt failed.
    last: Option<Error>,
    /// A token that the server refused was replaced already.
    renewed: bool,
    watch: Option<Box<Watch>>,
    /// It waits for the client's own limits.
    queued: bool,
}

impl InFlight<'_> {
    async fn attempts(&mut self) -> Result<Got, Error> {
        let mut permit = None;
        loop {
            let admission = self.admit().await.map_err(|error| error.with_attempts(self.sent()))?;
            self.authorize().await.map_err(|error| error.with_attempts(self.sent()))?;
            self.attempts += 1;
            if let Some(watch) = &mut self.watch {
                watch.attempt(self.attempts, self.prepared.key.as_ref());
            }
            let failed = match self.exchange(admission).await {
                Ok(got) => {
                    self.client.inner.budget.succeeded(permit);
                    return Ok(got);
                }
                Err(failed) => failed,
            };
            if self.may_renew(&failed.error) {
                debug!("the server refused the token; asking for another");
                self.last = Some(failed.error.with_attempts(self.sent()));
                continue;
            }
            let attempt = Attempt {
                failure: failed.failure(),
                made: self.attempts,
                max_retries: self.prepared.max_retries,
                safe: self.prepared.safe,
                replayable: self.prepared.body.is_replayable(),
                now: SystemTime::now(),
            };
            let decision = decide(&attempt, &Backoff::default(), backoff::random());
            self.attempts -= u32::from(!failed.sent);
            let error = failed.error.with_attempts(self.sent());
            let (wait, after_timeout) = match decision {
                Decision::Retry { wait, after_timeout } => (wait, after_timeout),
                Decision::Stop { reason, retry_after } => {
                    let error = error.with_retryable(reason.is_retryable()).with_retry_after(retry_after);
                    return Err(if reason == Stop::BodySpent { spent(error) } else { error });
                }
            };
            // A wait that ends after the deadline helps nobody; what happened says more than a timeout would.
            if self.deadline.is_before(wait) {
                let asked = retry_after(error.headers(), SystemTime::now());
                return Err(error.with_retryable(true).with_retry_after(asked));
            }
            permit = match self.client.inner.budget.acquire(after_timeout) {
                Some(permit) => Some(permit),
                None => {
                    debug!("retry budget is empty");
                    return Err(error.with_retryable(true));
                }
            };
            info!(
                attempt = self.attempts,
                kind = error.kind().as_str(),
                status = error.status(),
                ?wait,
                "attempt failed and will be repeated"
            );
            if let Some(watch) = &mut self.watch {
                watch.retry(&error, wait);
            }
            self.last = Some(error);
            sleep(wait).await;
        }
    }

    /// Waits until the client's own limits let the next attempt through.
    async fn admit(&mut self) -> Result<Option<Admission>, Error> {
        let (Some(limiter), Some(ask)) = (&self.client.inner.limiter, &self.prepared.ask) else { return Ok(None) };
        self.queued = true;
        let deadline = self.deadline;
        let admitted = limiter.admit(ask, |wait| !deadline.is_before(wait)).await;
        self.queued = false;
        // What happened to the attempt before says more than that there is no time for another.
        admitted.map(Some).map_err(|error| match self.last.take() {
            Some(last) => last.with_retryable(true).with_retry_after(error.retry_after()),
            None => error,
        })
    }

    /// Gets the token of the next attempt, where tokens authenticate the call.
    async fn authorize(&mut self) -> Result<(), Error> {
        let Some(tokens) = &self.prepared.tokens else { return Ok(()) };
        let token = tokens.token(&self.client.inner.transport).await?;
        // The same token would be refused the same way.
        if self.prepared.key.as_ref() == Some(&token)
            && let Some(last) = self.last.take_if(|last| is_refusal(last))
        {
            return Err(last);
        }
        self.prepared.set_token(token)
    }

    /// Whether a refused token is worth one more request with another. Counts as no retry.
    fn may_renew(&mut self, error: &Error) -> bool {
        let (Some(tokens), Some(token)) = (&self.prepared.tokens, &self.prepared.key) else { return false };
        if !is_refusal(error) {
            return false;
        }
        tokens.refused(token);
        !std::mem::replace(&mut self.renewed, true) && self.prepared.body.is_replayable()
    }

    /// One attempt, with the redirects it meets.
    async fn exchange(&self, admission: Option<Admission>) -> Result<Got, Failed> {
        let prepared = &self.prepared;
        let mut url = prepared.url.clone();
        let mut trail = Trail::default();
        loop {
            let request = HttpRequest {
                method: prepared.method.clone(),
                url: url.clone(),
                headers: prepared.headers.clone(),
                body: self.open_body().await?,
                streaming: self.want == Want::Events,
            };
            debug!(attempt = self.attempts, method = %prepared.method, "request");
            let mut response = self.send(request, admission.is_none()).await.map_err(Failed::sending)?;
            conceal(&mut response.headers, prepared.key.as_ref());
            debug!(status = response.status.as_u16(), "reply");
            if !is_redirect(response.status) {
                if let Some(admission) = admission {
                    admission.answered(response.status, &response.headers);
                    response.body = admission.hold(response.body);
                    // A place is worth more than a connection.
                    response.reads_on = false;
                }
                return self.receive(response).await;
            }
            let location = response.headers.get(LOCATION).and_then(|value| value.to_str().ok());
            let replayable = prepared.body.is_replayable();
            match trail.next(&prepared.method, &url, response.status, location, replayable) {
                Hop::Follow(next) => url = next,
                Hop::Refuse(reason) => {
                    let error = Error::new(ErrorKind::Redirect, reason);
                    return Err(Failed::permanent(error.with_reply(response.status.as_u16(), &response.headers)));
                }
            }
        }
    }

    /// Requests sent so far, redirects not counted.
    fn sent(&self) -> u32 {
        self.attempts + self.hedges.load(Ordering::Relaxed)
    }

    /// Sends one request, or two where that was asked for and limits of the client's own do not count them.
    async fn send(&self, request: HttpRequest, unlimited: bool) -> Result<HttpResponse, TransportError> {
        let transport = &*self.client.inner.transport;
        let delay = self.prepared.hedge_after.filter(|_| unlimited);
        let Some((delay, copy)) = delay.zip(hedge::copy_of(&request)) else { return transport.send(request).await };
        let allowed = || {
            let allowed = self.client.inner.budget.acquire(false).is_some();
            self.hedges.fetch_add(u32::from(allowed), Ordering::Relaxed);
            allowed
        };
        hedge::send(transport, request, copy, delay, allowed).await
    }

    async fn open_body(&self) -> Result<RequestBody, Failed> {
        let unreadable = |error: std::io::Error| {
            Failed::unsent(Error::usage(format!("the upload cannot be read: {error}")).with_source(error))
        };
        let open = self.prepared.body.open().await.map_err(unreadable)?;
        Ok(match open.content {
            Content::Empty => RequestBody::Empty,
            Content::Bytes(bytes) => RequestBody::Bytes(bytes),
            Content::Stream(stream) => RequestBody::Stream {
                length: open.length,
                stream: Box::pin(stream.map_err(|error| {
                    let message = format!("the upload cannot be read: {error}");
                    TransportError::new(TransportErrorKind::Upload, message).with_source(error)
                })),
            },
        })
    }

    async fn receive(&self, response: HttpResponse) -> Result<Got, Failed> {
        let HttpResponse { status, headers, mut body, reads_on } = response;
        if !status.is_success() {
            let text = if status.as_u16() >= 400 { read_error_body(&mut body).await } else { Bytes::new() };
            return Err(Failed::reply(from_status(status.as_u16(), &headers, text)));
        }
        let prepared = &self.prepared;
        match self.want {
            Want::Bytes => {
                let limits = (prepared.limits.between_events, prepared.max_bytes);
                let head = (status, headers);
                let download = Download::new(head, body, self.sent(), self.deadline, limits.0, limits.1);
                Ok(Got::Bytes(Box::new(download)))
            }
            Want::Events => {
                let Some(style) = prepared.op.stream else {
                    let message = format!("`{}` does not stream", prepared.op.id);
                    return Err(Failed::permanent(Error::usage(message)));
                };
                let head = (status, headers);
                let mut stream = RawEventStream::new(head, body, style, prepared.limits, self.attempts);
                stream.reads_on = reads_on;
                stream.hide(prepared.key.clone());
                stream.expect_ends(prepared.ends);
                // A subscription may stay silent until its reader does something: it is handed out at once.
                let subscription = style.param.is_none() && prepared.op.verb == Verb::Get;
                if !subscription {
                    stream.prefetch().await.map_err(Failed::reading)?;
                }
                Ok(Got::Events(Box::new(stream)))
            }
            Want::Whole => {
                let dressed = |error: Error| error.with_reply(status.as_u16(), &headers);
                let body = match collect(&mut body, &headers, prepared.max_bytes).await {
                    Ok(body) => without_mark(body),
                    Err(BodyError::Transport(error)) => return Err(Failed::reading(dressed(transport_error(error)))),
                    Err(BodyError::TooLong(limit)) => {
                        let message = format!("the reply is longer than the limit of {limit} bytes");
                        return Err(Failed::permanent(dressed(Error::new(ErrorKind::Decode, message))));
                    }
                };
                let base64_vectors = prepared.base64_vectors;
                let reply = RawReply { status, headers, body, attempts: self.sent(), base64_vectors };
                check(&reply, prepared.op.reply).map_err(Failed::permanent)?;
                Ok(Got::Whole(reply))
            }
        }
    }
}

/// Whether the server does not accept the credential.
fn is_refusal(error: &Error) -> bool {
    error.status() == Some(401)
}

/// Finds errors in replies that claim success.
fn check(reply: &RawReply, kind: ReplyKind) -> Result<(), Error> {
    let json = match kind {
        ReplyKind::Json => true,
        ReplyKind::JsonOrText => reply.is_json(),
        ReplyKind::Text | ReplyKind::Binary | ReplyKind::Empty | ReplyKind::Events => false,
    };
    if !json {
        return Ok(());
    }
    if let Some(error) = peek_error(&reply.body) {
        let body = reply.body.slice(..reply.body.len().min(MAX_ERROR_BODY));
        return Err(error.with_reply(reply.status.as_u16(), &reply.headers).with_body(body));
    }
    match reply.body.trim_ascii_start().first() {
        None | Some(b'<') => Err(reply.decode_error("it is a page, not JSON")),
        Some(_) => Ok(()),
    }
}

fn without_mark(body: Bytes) -> Bytes {
    if body.starts_with(b"\xEF\xBB\xBF") { body.slice(3..) } else { body }
}

fn spent(error: Error) -> Error {
    let message = format!(
        "{}; the call was not repeated, because its upload comes from a reader that can be read only once",
        error.message()
    );
    error.with_message(message)
}

/// The start of an error reply's body: as much as comes in time, and no more than is useful.
pub(super) async fn read_error_body(body: &mut ByteStream) -> Bytes {
    let mut text = BytesMut::new();
    let reading = async {
        while let Some(Ok(piece)) = body.next().await {
            text.extend_from_slice(&piece[..piece.len().min(MAX_ERROR_BODY - text.len())]);
            if text.len() == MAX_ERROR_BODY {
                break;
            }
        }
    };
    // Too late or broken: what came so far has to do.
    let _ = timeout(ERROR_BODY_TIME, reading).await;
    text.freeze()
}

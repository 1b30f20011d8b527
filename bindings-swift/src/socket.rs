//! Connections over WebSockets, and pools of them.

use std::sync::Arc;

use futures_util::FutureExt;
use threadline::json::{Doc, decode};
use threadline::responses_ws::ResponsesPool as Pool;
use threadline::settings::{ConnectSettings, PoolSettings};
use threadline::types::ResponseCreateParams;
use threadline::websocket::{Advice, RawCloser, RawConnection, RawIncoming, RawSender};
use tokio::sync::Mutex;

use crate::cancel::CancelHandle;
use crate::client::Client;
use crate::error::CallError;
use crate::news::list;
use crate::options::options as call_options;
use crate::reply::header_lines;
use crate::runtime;
use crate::stream::EventStream;

/// Most events of one batch.
const BATCH: usize = 64;

/// Is asked before a lost connection is made again.
#[uniffi::export(with_foreign)]
pub trait ReconnectAdvisor: Send + Sync {
    /// `notice`: JSON, `attempt`, `max_attempts`, `delay_s`, `code`, `reason`. The answer is JSON too: nothing to go on, options
    /// of a call (a fresh `api_key`, `headers`, `query`) for this and later attempts, or `{"abort": true}`. It must answer at once.
    fn advise(&self, notice: String) -> String;
}

/// What a server's close frame said.
#[derive(Debug, Clone, uniffi::Record)]
pub struct CloseFrame {
    /// The code; 1006 where there was no frame.
    pub code: u16,
    /// The reason.
    pub reason: String,
}

/// An open connection. Dropping it closes it with code 1000.
#[derive(uniffi::Object)]
pub struct Connection {
    reader: Arc<Mutex<Reader>>,
    sender: RawSender,
    closer: RawCloser,
    request_id: Option<String>,
    headers: String,
}

struct Reader {
    connection: Option<RawConnection>,
    failure: Option<CallError>,
    received: u64,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

impl Reader {
    async fn next_batch(&mut self) -> Result<Option<Vec<u8>>, CallError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let Some(connection) = &mut self.connection else { return Ok(None) };
        let mut batch = Vec::new();
        let mut next = connection.recv().await;
        loop {
            let event = match next {
                None => {
                    self.connection = None;
                    break;
                }
                Some(Err(error)) => {
                    self.failure = Some(error.into());
                    break;
                }
                Some(Ok(RawIncoming::Event(event))) => {
                    self.received += 1;
                    // Hosts' parsers are not all strict; what is no JSON is reported here, in the same words for all.
                    if let Err(why) = Doc::parse(&event) {
                        let number = self.received;
                        let message =
                            format!("event {number} of the connection cannot be read: {why}; the connection goes on");
                        self.failure = Some(CallError::unreadable(message, event.into()));
                        break;
                    }
                    event
                }
                Some(Ok(news)) => news.json(),
            };
            batch.push(event);
            if batch.len() >= BATCH {
                break;
            }
            match connection.recv().now_or_never() {
                Some(item) => next = item,
                None => break,
            }
        }
        if !batch.is_empty() {
            return Ok(Some(list(&batch)));
        }
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(None),
        }
    }
}

#[uniffi::export]
impl Client {
    /// Opens a connection of this resource: `realtime`, `beta.realtime`, `realtime.translations`, `live`, `live.sideband`,
    /// `live.forks`, `responses`, `beta.responses`. `settings` is one JSON object: what stands in the address (`model`, `call_id`,
    /// `intent`, `session_id`, `graceful_close`), `base_url`, `reconnect` (`max_retries`, `initial_delay_s`, `max_delay_s`),
    /// `ping_interval_s`, `ping_timeout_s`, `close_timeout_s`, `max_size` (bytes of a message).
    pub async fn connect(
        &self,
        resource: String,
        settings: String,
        options: String,
        advisor: Option<Arc<dyn ReconnectAdvisor>>,
        cancel: Option<Arc<CancelHandle>>,
    ) -> Result<Arc<Connection>, CallError> {
        let settings = ConnectSettings::from_json(&settings)?;
        let options = call_options(&options)?;
        let advise = advisor.map(|advisor| {
            move |notice: &threadline::websocket::Reconnecting| {
                let notice = String::from_utf8_lossy(&RawIncoming::Reconnecting(notice.clone()).json()).into_owned();
                // A thread of the runtime waits for the host here, which answers at once.
                let answer = tokio::task::block_in_place(|| advisor.advise(notice));
                advice(&answer)
            }
        });
        let opening = settings.open(&self.core, &resource, options, advise)?;
        runtime::run(cancel, async move {
            let connection = opening.await?;
            Ok(Arc::new(Connection {
                sender: connection.sender().clone(),
                closer: connection.closer(),
                request_id: connection.request_id().map(Into::into),
                headers: header_lines(connection.headers()),
                reader: Arc::new(Mutex::new(Reader { connection: Some(connection), failure: None, received: 0 })),
            }))
        })
        .await
    }

    /// Connections that are kept for responses. `settings` is one JSON object: `max_connections`, `idle_time_s`, `max_age_s`.
    pub fn responses_pool(&self, settings: String, options: String) -> Result<Arc<ResponsesPool>, CallError> {
        let settings = PoolSettings::from_json(&settings)?;
        let _guard = runtime::get()?.enter();
        Ok(Arc::new(ResponsesPool(settings.build(&self.core, call_options(&options)?)?)))
    }
}

/// What the host's answer says.
fn advice(answer: &str) -> Advice {
    match answer.trim() {
        "" | "{}" | "null" => Advice::go_on(),
        text => match (threadline::Json::parse(text).map(|json| json.get("abort")), call_options(text)) {
            (Ok(Some(abort)), _) if abort.raw() == "true" => Advice::abort(),
            (_, Ok(options)) => Advice::with_options(options),
            // To go on with what the host did not mean would be worse.
            _ => Advice::abort(),
        },
    }
}

#[uniffi::export]
impl Connection {
    /// Sends a text message and returns when it has gone out. While a lost connection is being made again, it waits.
    pub async fn send(&self, text: String, cancel: Option<Arc<CancelHandle>>) -> Result<(), CallError> {
        let sender = self.sender.clone();
        runtime::run(cancel, async move { Ok(sender.send(text).await?) }).await
    }

    /// As `send`, for a binary message.
    pub async fn send_binary(&self, bytes: Vec<u8>, cancel: Option<Arc<CancelHandle>>) -> Result<(), CallError> {
        let sender = self.sender.clone();
        runtime::run(cancel, async move { Ok(sender.send_binary(bytes).await?) }).await
    }

    /// Waits for an event and returns all that have arrived, as a JSON list; none once the connection has ended in due form. News
    /// of reconnections stand among them, `{"type": "connection.reconnecting", …}` and `connection.reconnected`. An error of kind
    /// `decode` that has no `close` is one event that is no JSON (its bytes are the error's `body`), and the connection goes on.
    pub async fn next_batch(&self, cancel: Option<Arc<CancelHandle>>) -> Result<Option<Vec<u8>>, CallError> {
        let reader = Arc::clone(&self.reader);
        runtime::run(cancel, async move { reader.lock().await.next_batch().await }).await
    }

    /// Sends a close frame (code 1000, or 3000 to 4999) and returns the server's answer. Events that came before it can still be
    /// read.
    pub async fn close_with(
        &self,
        code: u16,
        reason: String,
        cancel: Option<Arc<CancelHandle>>,
    ) -> Result<CloseFrame, CallError> {
        let closer = self.closer.clone();
        runtime::run(cancel, async move {
            let close = closer.close(code, reason).await?;
            Ok(CloseFrame { code: close.code, reason: close.reason })
        })
        .await
    }

    /// The handshake's `x-request-id`.
    pub fn request_id(&self) -> Option<String> {
        self.request_id.clone()
    }

    /// Headers of the handshake's reply, a line each: `name: value`.
    pub fn headers(&self) -> String {
        self.headers.clone()
    }

    /// Lets go of the connection, which is closed with code 1000. Nobody waits for the server's answer.
    pub fn shut(&self) {
        let closer = self.closer.clone();
        let reader = Arc::clone(&self.reader);
        if let Ok(runtime) = runtime::get() {
            runtime.spawn(async move {
                // Whoever waits for events gets the end by it.
                let _ = closer.close(1000, "").await;
                reader.lock().await.connection = None;
            });
        }
    }
}

/// Connections that are kept for responses, each of which has one response at a time.
#[derive(Debug, uniffi::Object)]
pub struct ResponsesPool(Pool);

#[uniffi::export]
impl ResponsesPool {
    /// Asks for a response with these arguments of `responses.create`: its events. Returns with the first.
    pub async fn create(
        &self,
        fields: Vec<u8>,
        cancel: Option<Arc<CancelHandle>>,
    ) -> Result<Arc<EventStream>, CallError> {
        let params: ResponseCreateParams =
            decode(&fields).map_err(|error| CallError::usage(format!("the arguments cannot be sent: {error}")))?;
        let pool = self.0.clone();
        runtime::run(cancel, async move { Ok(EventStream::new(pool.create_stream(params).await?.into_raw())) }).await
    }

    /// How many connections have been opened so far.
    pub fn opened(&self) -> u64 {
        self.0.opened()
    }

    /// How many connections wait for work.
    pub fn idle(&self) -> u32 {
        u32::try_from(self.0.idle()).unwrap_or(u32::MAX)
    }
}

/// Audio of any length as base64 texts, each short enough for one event.
#[uniffi::export]
pub fn audio_frames(audio: Vec<u8>) -> Vec<String> {
    use base64::Engine as _;
    threadline::realtime::frames(&audio).map(|frame| base64::engine::general_purpose::STANDARD.encode(frame)).collect()
}

//! Connections over WebSockets: how one is opened, what is sent and read on it. The core keeps it alive and makes it anew.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use napi::bindgen_prelude::{Either, Uint8Array};
use napi::{Error, Result};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::json;
use threadline::websocket::{
    Advice, Connect, RawCloser, RawConnection, RawIncoming, RawSender, ReconnectPolicy, Reconnecting,
};
use threadline::{Client as Core, Error as CoreError, RequestOptions};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::client::Client;
use crate::held::Held;
use crate::host::{Answer, Callback};
use crate::hub::{Queue, lock};
use crate::item::Item;
use crate::options::{self, seconds};
use crate::runtime;

/// What a connection needs besides its address; times in seconds.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    model: Option<String>,
    call_id: Option<String>,
    intent: Option<String>,
    session_id: Option<String>,
    graceful_close: Option<bool>,
    reconnect: Option<Reconnect>,
    /// The function that is asked before each attempt to connect again.
    advise: Option<u32>,
    ping_interval: Option<f64>,
    ping_timeout: Option<f64>,
    close_timeout: Option<f64>,
    max_size: Option<u64>,
    base_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reconnect {
    max_retries: Option<u32>,
    initial_delay: Option<f64>,
    max_delay: Option<f64>,
}

type Opening = Pin<Box<dyn Future<Output = std::result::Result<RawConnection, CoreError>> + Send>>;

impl Reconnect {
    fn policy(&self) -> Result<ReconnectPolicy> {
        let mut policy = ReconnectPolicy::new();
        policy.max_retries = self.max_retries.unwrap_or(policy.max_retries);
        if let Some(delay) = self.initial_delay {
            policy.initial_delay = seconds(delay)?;
        }
        if let Some(delay) = self.max_delay {
            policy.max_delay = seconds(delay)?;
        }
        Ok(policy)
    }
}

impl Settings {
    fn open<C: 'static, S: 'static>(
        self,
        mut connect: Connect<C, S>,
        options: RequestOptions,
        hub: &Callback,
    ) -> Result<Opening> {
        if let Some(url) = self.base_url {
            connect = connect.base_url(url);
        }
        connect = connect.options(options);
        if let Some(reconnect) = &self.reconnect {
            connect = connect.reconnect(reconnect.policy()?);
        }
        if let Some(function) = self.advise {
            let function = hub.sibling(function);
            connect = connect.on_reconnecting(move |notice| ask(&function, notice));
        }
        if self.ping_interval.is_some() || self.ping_timeout.is_some() {
            let interval = seconds(self.ping_interval.unwrap_or(20.0))?;
            connect = connect.keepalive(interval, seconds(self.ping_timeout.unwrap_or(20.0))?);
        }
        if let Some(limit) = self.close_timeout {
            connect = connect.close_timeout(seconds(limit)?);
        }
        if let Some(limit) = self.max_size {
            connect = connect.max_message_bytes(limit);
        }
        Ok(Box::pin(connect.open_raw()))
    }

    fn needed(value: &Option<String>, name: &str) -> Result<String> {
        value.clone().ok_or_else(|| Error::from_reason(format!("a connection needs `{name}`")))
    }

    fn opening(self, core: &Core, name: &str, options: RequestOptions, hub: &Callback) -> Result<Opening> {
        let realtime = core.realtime();
        match name {
            "realtime" => match (self.model.clone(), self.call_id.clone(), self.intent.as_deref()) {
                (model, Some(call), None) => {
                    let connect = realtime.connect_to_call(&call);
                    let connect = match model {
                        Some(model) => connect.query("model", model),
                        None => connect,
                    };
                    self.open(connect, options, hub)
                }
                (Some(model), None, None) => self.open(realtime.connect(&model), options, hub),
                (None, None, Some("transcription")) => self.open(realtime.connect_transcription(), options, hub),
                _ => Err(Error::from_reason(
                    "a connection needs one of `model`, `callID`, and `intent` with the value 'transcription'",
                )),
            },
            "realtime.translations" => {
                let model = Self::needed(&self.model, "model")?;
                self.open(realtime.translations().connect(&model), options, hub)
            }
            "beta.realtime" => {
                let model = Self::needed(&self.model, "model")?;
                self.open(core.beta().realtime().connect(&model), options, hub)
            }
            "live" => self.open(core.live().connect(), options, hub),
            "live.sideband" => {
                let session = Self::needed(&self.session_id, "session_id")?;
                let graceful = self.graceful_close;
                self.open(core.live().sideband().connect(&session, graceful), options, hub)
            }
            "live.forks" => {
                let session = Self::needed(&self.session_id, "session_id")?;
                self.open(core.live().forks().connect(&session), options, hub)
            }
            "responses" => self.open(core.responses().connect(), options, hub),
            "beta.responses" => self.open(core.beta().responses().connect(), options, hub),
            other => Err(Error::from_reason(format!("`{other}` has no connections"))),
        }
    }
}

/// What the program says of an attempt to connect again. It answers at once, so a thread of the runtime may wait for it.
fn ask(function: &Callback, notice: &Reconnecting) -> Advice {
    let told = json!({
        "attempt": notice.attempt, "max_attempts": notice.max_attempts, "delay_s": notice.delay.as_secs_f64(),
        "code": notice.close.code, "reason": notice.close.reason,
    });
    let answer = tokio::task::block_in_place(|| Handle::current().block_on(function.ask(told.to_string(), None)));
    match answer {
        Ok(Answer::Nothing) => Advice::go_on(),
        Ok(Answer::Text(text)) if text != "abort" => {
            options::parse(Some(&text)).map_or_else(|_| Advice::abort(), Advice::with_options)
        }
        _ => Advice::abort(),
    }
}

/// What is to be done on a connection, and the number by which its end is told.
enum Command {
    Text(u32, String),
    Binary(u32, Bytes),
    Close(u32, u16, String),
}

impl Command {
    fn id(&self) -> u32 {
        match self {
            Self::Text(id, _) | Self::Binary(id, _) | Self::Close(id, ..) => *id,
        }
    }

    async fn run(self, sender: &RawSender, closer: &RawCloser) -> Item {
        let (id, sent) = match self {
            Self::Text(id, text) => (id, sender.send(text).await),
            Self::Binary(id, bytes) => (id, sender.send_binary(bytes).await),
            Self::Close(id, code, reason) => {
                return match closer.close(code, reason).await {
                    Ok(close) => Item::told(id, 0, json!({"code": close.code, "reason": close.reason}).to_string()),
                    Err(error) => Item::failed(id, &error),
                };
            }
        };
        sent.map_or_else(|error| Item::failed(id, &error), |()| Item::end(id))
    }
}

/// A connection, to be opened.
#[napi]
pub struct Socket {
    opening: Mutex<Option<(Opening, UnboundedReceiver<Command>)>>,
    connection: Held<RawConnection>,
    /// One after the other, as they were given; before the connection stands they wait.
    commands: UnboundedSender<Command>,
    queue: Arc<Queue>,
}

#[napi]
impl Socket {
    /// A connection of the resource `name`; settings and options as JSON.
    #[napi(constructor)]
    pub fn new(client: &Client, name: String, settings: String, options: Option<String>) -> Result<Self> {
        let settings: Settings =
            serde_json::from_str(&settings).map_err(|error| Error::from_reason(error.to_string()))?;
        let hub = Callback::new(Arc::clone(&client.queue), 0);
        let opening = settings.opening(&client.core, &name, options::parse(options.as_deref())?, &hub)?;
        let (commands, received) = unbounded_channel();
        Ok(Self {
            opening: Mutex::new(Some((opening, received))),
            connection: Held::empty(),
            commands,
            queue: Arc::clone(&client.queue),
        })
    }

    /// Opens it: told with the handshake's `x-request-id`.
    #[napi]
    pub fn open(&self, id: u32) -> Result<()> {
        let opening = lock(&self.opening).take();
        let (opening, mut commands) = opening.ok_or_else(|| Error::from_reason("the connection was opened before"))?;
        let (held, queue) = (self.connection.clone(), Arc::clone(&self.queue));
        self.queue.spawn(id, async move {
            match opening.await {
                Err(error) => {
                    commands.close();
                    while let Ok(command) = commands.try_recv() {
                        queue.finish(command.id(), Item::failed(command.id(), &error));
                    }
                    Item::failed(id, &error)
                }
                Ok(connection) => {
                    let request = connection.request_id().unwrap_or_default().to_owned();
                    let (sender, closer) = (connection.sender().clone(), connection.closer());
                    held.put(connection).await;
                    tokio::spawn(async move {
                        while let Some(command) = commands.recv().await {
                            let id = command.id();
                            let item = command.run(&sender, &closer).await;
                            queue.finish(id, item);
                        }
                    });
                    Item::told(id, 0, request)
                }
            }
        })
    }

    /// What comes next: 1 and the text of an event, 2 and the JSON of news; nothing once the connection has ended in due form.
    #[napi]
    pub fn receive(&self, id: u32) -> Result<()> {
        let held = self.connection.clone();
        self.queue.spawn(id, async move {
            match held.read(|connection| Box::pin(connection.recv())).await.flatten() {
                None => Item::end(id),
                Some(Err(error)) => Item::failed(id, &error),
                Some(Ok(RawIncoming::Event(event))) => Item::told(id, 1, event),
                Some(Ok(news)) => Item::told(id, 2, news.json()),
            }
        })
    }

    /// Sends a text, or bytes; told when it has gone out.
    #[napi]
    pub fn send(&self, id: u32, message: Either<String, Uint8Array>) -> Result<()> {
        self.command(match message {
            Either::A(text) => Command::Text(id, text),
            Either::B(bytes) => Command::Binary(id, Bytes::copy_from_slice(&bytes)),
        })
    }

    /// Closes the connection once all has gone out: told with code and reason of the server's answer.
    #[napi]
    pub fn close(&self, id: u32, code: u32, reason: String) -> Result<()> {
        self.command(Command::Close(id, u16::try_from(code).unwrap_or(0), reason))
    }

    /// Lets go of the connection without a word to the server.
    #[napi]
    pub fn abandon(&self) -> Result<()> {
        let _guard = runtime::get()?.enter();
        drop(lock(&self.opening).take());
        self.connection.close();
        Ok(())
    }
}

impl Socket {
    fn command(&self, command: Command) -> Result<()> {
        self.commands.send(command).map_err(|_| Error::from_reason("the connection was not opened"))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Nobody hears of a failure here, and without a runtime there is nothing to let go of.
        let _ = self.abandon();
    }
}

/// Most bytes of audio in one event.
#[napi]
pub fn audio_frame() -> u32 {
    threadline::realtime::AUDIO_FRAME as u32
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket").finish_non_exhaustive()
    }
}

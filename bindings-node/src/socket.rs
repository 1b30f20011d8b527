//! Connections over WebSockets: how one is opened, what is sent and read on it. The core keeps it alive and makes it anew.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use napi::bindgen_prelude::{Either, Uint8Array};
use napi::{Error, Result};
use napi_derive::napi;
use serde_json::json;
use threadline::settings::{ConnectSettings, Opening};
use threadline::websocket::{Advice, RawCloser, RawConnection, RawIncoming, RawSender, Reconnecting};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::client::{Client, thrown};
use crate::held::Held;
use crate::host::{Answer, Callback};
use crate::hub::{Queue, lock};
use crate::item::Item;
use crate::options;
use crate::runtime;

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
    /// A connection of the resource `name`; settings (`threadline::settings::ConnectSettings`) and options as JSON. `advise`: the
    /// number of the function that is asked before each attempt to connect again.
    #[napi(constructor)]
    pub fn new(
        client: &Client,
        name: String,
        settings: String,
        options: Option<String>,
        advise: Option<u32>,
    ) -> Result<Self> {
        let options = options::parse(options.as_deref())?;
        let advise = advise.map(|function| {
            let function = Callback::new(Arc::clone(&client.queue), function);
            move |notice: &Reconnecting| ask(&function, notice)
        });
        let opening = ConnectSettings::from_json(&settings)
            .and_then(|settings| settings.open(&client.core, &name, options, advise))
            .map_err(|error| thrown(&error))?;
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

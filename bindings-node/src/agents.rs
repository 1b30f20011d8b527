//! Turns of hosted agents that call functions of JavaScript's, files of folders for their environments, and connections that are
//! kept for responses.

use std::sync::{Arc, Mutex};

use napi::{Error, Result};
use napi_derive::napi;
use serde_json::json;
use threadline::agents::{AgentSessionStream, AgentTurn};
use threadline::json::{Encode, decode, encode};
use threadline::responses_ws::ResponsesPool;
use threadline::settings::PoolSettings;
use threadline::types::ResponseCreateParams;
use threadline::{Error as CoreError, Json};

use crate::client::{Client, thrown};
use crate::held::Held;
use crate::host::Callback;
use crate::hub::{Queue, lock};
use crate::item::{Head, Item};
use crate::options;
use crate::source::Source;
use crate::tools;

fn text(value: &impl Encode) -> String {
    encode(value).unwrap_or_default()
}

fn list<T: Encode>(values: &[T]) -> String {
    let items: Vec<String> = values.iter().map(text).collect();
    format!("[{}]", items.join(","))
}

/// The events of one turn of a session.
#[napi]
pub struct AgentRun {
    turn: Mutex<Option<AgentTurn>>,
    stream: Held<AgentSessionStream>,
    queue: Arc<Queue>,
}

#[napi]
impl AgentRun {
    /// A turn that `input` (JSON: a text, or messages) begins. `functions` as for runs of tools; `failed`: the function that hears
    /// of their failures.
    #[napi(constructor)]
    pub fn new(
        client: &Client,
        session: String,
        input: String,
        functions: String,
        failed: Option<u32>,
        options: Option<String>,
    ) -> Result<Self> {
        let sessions = client.core.beta().agents().sessions();
        let hub = Callback::new(Arc::clone(&client.queue), 0);
        let input = Json::parse(&input).map_err(|error| Error::from_reason(error.to_string()))?;
        let mut turn = match input.as_string() {
            Some(text) => sessions.stream(&session, text),
            None => sessions.stream_messages(&session, input),
        };
        turn = turn.tools(tools::tools(&functions, &hub)?).options(options::parse(options.as_deref())?);
        if let Some(function) = failed.map(|number| hub.sibling(number)) {
            turn = turn.on_tool_error(move |failure| {
                let call = failure.call;
                let told = json!({
                    "message": failure.message, "tool_name": call.name, "session_id": call.session_id,
                    "turn_id": call.turn_id, "call_id": call.call_id,
                });
                function.tell(told.to_string());
            });
        }
        let queue = Arc::clone(&client.queue);
        Ok(Self { turn: Mutex::new(Some(turn)), stream: Held::empty(), queue })
    }

    /// Listens, and sends the input.
    #[napi]
    pub fn begin(&self, id: u32) -> Result<()> {
        let turn = lock(&self.turn).take().ok_or_else(|| Error::from_reason("the turn was begun before"))?;
        let held = self.stream.clone();
        self.queue.spawn(id, async move {
            match turn.await {
                Ok(stream) => {
                    held.put(stream).await;
                    Item::end(id)
                }
                Err(error) => Item::failed(id, &error),
            }
        })
    }

    /// The next event; nothing at the end.
    #[napi]
    pub fn next(&self, id: u32) -> Result<()> {
        let held = self.stream.clone();
        self.queue.spawn(id, async move {
            match held.read(|stream| Box::pin(stream.next())).await.flatten() {
                None => Item::end(id),
                Some(Ok(event)) => Item::told(id, 1, text(&event)),
                Some(Err(error)) => Item::failed(id, &error),
            }
        })
    }

    /// Reads the turn to its end: `turn` and `messages` as JSON.
    #[napi]
    pub fn end(&self, id: u32) -> Result<()> {
        let held = self.stream.clone();
        self.queue.spawn(id, async move {
            match held.read(|stream| Box::pin(stream.get_final_result())).await {
                None => Item::end(id),
                Some(Ok(result)) => {
                    let (turn, messages) = (text(&result.turn), list(&result.messages));
                    Item::told(id, 0, format!("{{\"turn\":{turn},\"messages\":{messages}}}"))
                }
                Some(Err(error)) => Item::failed(id, &error),
            }
        })
    }

    /// Closes the connection; the turn goes on at the server.
    #[napi]
    pub fn close(&self) {
        drop(lock(&self.turn).take());
        self.stream.close();
    }
}

#[napi]
impl Client {
    /// Uploads files of a folder for an environment: `files` and `uploadedFiles` as JSON.
    #[napi]
    pub fn prepare_directory(
        &self,
        id: u32,
        root: String,
        destination: String,
        include: Vec<String>,
        options: Option<String>,
    ) -> Result<()> {
        let resource = self.core.beta().agents().environments().files();
        let options = options::parse(options.as_deref())?;
        self.queue.spawn(id, async move {
            let include: Vec<&str> = include.iter().map(String::as_str).collect();
            match resource.prepare_directory(root, &destination, &include, options).await {
                Ok(made) => {
                    let (files, uploads) = (list(&made.files), list(&made.uploaded_files));
                    Item::told(id, 0, format!("{{\"files\":{files},\"uploadedFiles\":{uploads}}}"))
                }
                Err(error) => Item::failed(id, &error),
            }
        })
    }
}

/// Connections that are kept for responses.
#[napi]
pub struct Pool {
    pool: ResponsesPool,
    queue: Arc<Queue>,
}

#[napi]
impl Pool {
    /// Settings (`threadline::settings::PoolSettings`) and options as JSON.
    #[napi(constructor)]
    pub fn new(client: &Client, settings: String, options: Option<String>) -> Result<Self> {
        let options = options::parse(options.as_deref())?;
        let pool = PoolSettings::from_json(&settings).and_then(|settings| settings.build(&client.core, options));
        Ok(Self { pool: pool.map_err(|error| thrown(&error))?, queue: Arc::clone(&client.queue) })
    }

    /// Asks for a response of these arguments (JSON): a source of its events.
    #[napi]
    pub fn create(&self, id: u32, fields: String) -> Result<()> {
        let params: std::result::Result<ResponseCreateParams, _> = decode(fields.as_bytes());
        let params = params.map_err(|error| Error::from_reason(format!("the arguments cannot be sent: {error}")))?;
        let (pool, queue) = (self.pool.clone(), Arc::clone(&self.queue));
        self.queue.spawn(id, async move {
            let stream = pool.create_stream(params).await.map(|stream| stream.into_raw());
            opened(id, &queue, stream)
        })
    }

    /// How many connections have been opened so far.
    #[napi(getter)]
    pub fn opened(&self) -> u32 {
        u32::try_from(self.pool.opened()).unwrap_or(u32::MAX)
    }

    /// How many connections wait for work.
    #[napi(getter)]
    pub fn idle(&self) -> u32 {
        u32::try_from(self.pool.idle()).unwrap_or(u32::MAX)
    }
}

fn opened(id: u32, queue: &Queue, stream: std::result::Result<threadline::stream::RawEventStream, CoreError>) -> Item {
    match stream {
        Ok(stream) => {
            let head = Head { status: stream.status(), headers: stream.headers().clone(), attempts: stream.attempts() };
            Item::Open { id, head, source: queue.keep(Source::events(stream)), events: true }
        }
        Err(error) => Item::failed(id, &error),
    }
}

macro_rules! debug {
    ($($name:ident)*) => { $(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )* };
}
debug!(AgentRun Pool);

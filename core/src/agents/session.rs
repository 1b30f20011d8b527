//! A turn of a session: its input sent, its events followed, its functions called.

use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;

use super::turn::{AgentToolCall, AgentTurnAccumulator, AgentTurnEnd};
use crate::accumulate::AccumulatedStream;
use crate::client::{Args, CallFuture, Client, RequestOptions};
use crate::error::{Error, ErrorKind};
use crate::json::{self, Json};
use crate::operations;
use crate::resources::BetaAgentsSessions;
use crate::structured::tree::Tree;
use crate::tools::{Interrupted, Tool, ToolFailure};
use crate::types::{
    AgentSession, AgentSessionEvent, AgentSessionMessage, AgentSessionMessageContent, AgentSessionTurn,
};

/// Waits before a result is given once more: an event may arrive before the server knows the call that it tells of.
const RACE: [u64; 3] = [100, 300, 600];

/// A function of a session that did not do what it should; the model is told only that it failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct AgentToolFailure<'a> {
    /// The call.
    pub call: &'a AgentToolCall,
    /// What went wrong.
    pub message: String,
}

type OnToolError = Arc<dyn Fn(&AgentToolFailure<'_>) + Send + Sync>;

/// A turn that has not begun yet. `.await` looks whether the session is idle, follows its events, and sends the input.
#[must_use = "a turn begins when it is awaited"]
pub struct AgentTurn {
    client: Client,
    session_id: String,
    input: Result<Json, Error>,
    tools: Vec<Tool>,
    on_tool_error: Option<OnToolError>,
    options: RequestOptions,
}

impl fmt::Debug for AgentTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentTurn")
            .field("session_id", &self.session_id)
            .field("tools", &self.tools)
            .finish_non_exhaustive()
    }
}

impl BetaAgentsSessions {
    /// Sends this text to an idle session and follows the turn that it begins.
    ///
    /// Nobody else may send input to the session meanwhile: the server does not say which turn belongs to which input.
    ///
    /// `GET /agents/sessions/{session_id}`, `GET` and `POST /agents/sessions/{session_id}/events`
    ///
    /// # Errors
    ///
    /// When awaited, any [`Error`]; kind `usage` if the session is not idle.
    pub fn stream(&self, session_id: &str, input: impl Into<String>) -> AgentTurn {
        let text = input.into();
        let part = Tree::from([("type", Tree::text("input_text")), ("text", Tree::Text(text.clone()))]);
        let message = Tree::from([("role", Tree::text("user")), ("content", Tree::List(vec![part]))]);
        let input = if text.is_empty() { Err(empty()) } else { Ok(Tree::List(vec![message]).to_json()) };
        self.turn(session_id, input)
    }

    /// As [`stream`](Self::stream), with the input as a list of messages in JSON.
    pub fn stream_messages(&self, session_id: &str, messages: Json) -> AgentTurn {
        let is_empty = Tree::of(&messages).as_list().is_none_or(<[Tree]>::is_empty);
        self.turn(session_id, if is_empty { Err(empty()) } else { Ok(messages) })
    }

    fn turn(&self, session_id: &str, input: Result<Json, Error>) -> AgentTurn {
        AgentTurn {
            client: self.client.clone(),
            session_id: session_id.to_owned(),
            input,
            tools: Vec::new(),
            on_tool_error: None,
            options: RequestOptions::new(),
        }
    }
}

fn empty() -> Error {
    Error::usage("the input of a turn must not be empty")
}

impl AgentTurn {
    /// Functions that the agent may call, one after the other, while the stream is read. Calls of others are left to the
    /// program, which sees them as events.
    pub fn tools(mut self, tools: impl IntoIterator<Item = Tool>) -> Self {
        self.tools.extend(tools);
        self
    }

    /// Is told of functions that failed, and of arguments that do not fit.
    pub fn on_tool_error(mut self, tell: impl Fn(&AgentToolFailure<'_>) + Send + Sync + 'static) -> Self {
        self.on_tool_error = Some(Arc::new(tell));
        self
    }

    /// Options of all requests; the idempotency key is that of the input alone. Without one, the input gets a key of its own.
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.options = options.over(&self.options);
        self
    }

    async fn begin(mut self) -> Result<AgentSessionStream, Error> {
        let input = self.input?;
        let key = self.options.idempotency_key.take();
        let path = || vec![self.session_id.clone()];
        let args = Args::new(path(), "{}", Vec::new());
        let raw = self.client.execute(&operations::BETA_AGENTS_SESSIONS_RETRIEVE, args, self.options.clone()).await?;
        let session: AgentSession = json::decode(&raw.body).map_err(|error| raw.decode_error(error))?;
        if session.status.as_str() != "idle" {
            let message = format!(
                "the session is {}, and only an idle one takes input in this way; follow it with `events().stream`",
                session.status
            );
            return Err(Error::usage(message));
        }
        let args = Args::new(path(), "{}", Vec::new());
        let events =
            self.client.stream(&operations::BETA_AGENTS_SESSIONS_EVENTS_STREAM, args, self.options.clone()).await?;
        let event = Tree::from([("type", Tree::text("agent.session.input.message")), ("input", Tree::of(&input))]);
        let sender = Sender { client: self.client, session_id: self.session_id.clone(), options: self.options };
        sender.send(event, key).await?;
        let accumulator = AgentTurnAccumulator::new(self.session_id);
        let events = AccumulatedStream::new(events, accumulator);
        let (tools, on_tool_error) = (self.tools, self.on_tool_error);
        Ok(AgentSessionStream { events, sender: Arc::new(sender), tools, on_tool_error, calling: None, done: false })
    }
}

impl IntoFuture for AgentTurn {
    type Output = Result<AgentSessionStream, Error>;
    type IntoFuture = CallFuture<AgentSessionStream>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.begin())
    }
}

/// Sends events to a session.
struct Sender {
    client: Client,
    session_id: String,
    options: RequestOptions,
}

impl Sender {
    async fn send(&self, event: Tree, key: Option<String>) -> Result<(), Error> {
        let fields = Tree::from([("events", Tree::List(vec![event]))]).to_json();
        let mut options = self.options.clone();
        options.idempotency_key = Some(key.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()));
        let args = Args::new(vec![self.session_id.clone()], fields.raw().to_owned(), Vec::new());
        self.client.execute(&operations::BETA_AGENTS_SESSIONS_EVENTS_CREATE, args, options).await.map(drop)
    }

    /// Gives the result of a call.
    async fn answer(&self, call: &AgentToolCall, output: Option<String>) -> Result<(), Error> {
        let result = |name, value| {
            Tree::from([
                ("type", Tree::text("agent.session.input.tool_result")),
                ("turn_id", Tree::text(&call.turn_id)),
                ("call_id", Tree::text(&call.call_id)),
                ("success", Tree::Bool(name == "output")),
                (name, Tree::Text(value)),
            ])
        };
        let event = match output {
            Some(output) => result("output", output),
            // Not the error's own words, which may hold what the model is not to see.
            None => result("error", "The function failed.".to_owned()),
        };
        let key = uuid::Uuid::new_v4().to_string();
        for wait in RACE {
            match self.send(event.clone(), Some(key.clone())).await {
                Err(error) if is_race(&error, &call.call_id) => tokio::time::sleep(Duration::from_millis(wait)).await,
                other => return other,
            }
        }
        self.send(event, Some(key)).await
    }
}

fn is_race(error: &Error, call_id: &str) -> bool {
    error.status() == Some(400)
        && error.code() == Some("invalid_request_error")
        && error.message().contains("Unknown pending tool call")
        && error.message().contains(call_id)
}

/// The events of one turn of a session, up to the session's own event that ends it. Functions are called while it is read.
///
/// It is a [`Stream`] of `Result<AgentSessionEvent, Error>`. A turn that fails or is cancelled is told as events. Dropping the
/// stream closes the connection and leaves the turn as it is.
pub struct AgentSessionStream {
    events: AccumulatedStream<AgentTurnAccumulator>,
    sender: Arc<Sender>,
    tools: Vec<Tool>,
    on_tool_error: Option<OnToolError>,
    /// A call that is at work, or whose result is being sent.
    calling: Option<BoxFuture<'static, Result<(), Error>>>,
    done: bool,
}

impl fmt::Debug for AgentSessionStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentSessionStream")
            .field("events", &self.events)
            .field("tools", &self.tools)
            .finish_non_exhaustive()
    }
}

impl AgentSessionStream {
    /// The next event, or `None` after the one that ends the turn.
    ///
    /// # Errors
    /// Any failure of the stream or of a result that could not be given; kind `stream_ended` if the server closed the stream
    /// before the turn was over. What came before is [`Error::partial`].
    pub async fn next(&mut self) -> Option<Result<AgentSessionEvent, Error>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// As [`next`](Self::next), for use with `?`: `while let Some(event) = stream.try_next().await?`.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn try_next(&mut self) -> Result<Option<AgentSessionEvent>, Error> {
        self.next().await.transpose()
    }

    /// Reads the turn to its end and gives its final messages.
    ///
    /// # Errors
    /// As [`next`](Self::next). Kind `api` if the turn or the session failed or was cancelled, `tool` if the session waits for
    /// something that no function here does, `stream_ended` if the turn was not seen to its end.
    pub async fn get_final_result(&mut self) -> Result<AgentTurnResult, Error> {
        loop {
            self.check()?;
            if self.try_next().await?.is_none() {
                break;
            }
        }
        self.check()?;
        let turn = self.accumulator();
        let read = turn.turn().filter(|_| turn.end() == AgentTurnEnd::Completed).map(Json::raw);
        let Some(found) = read.and_then(json::decode_joined) else {
            return Err(self.failed(ErrorKind::StreamEnded, "the turn was not seen to its end"));
        };
        let messages = turn.messages().filter_map(|message| json::decode_joined(message.raw())).collect();
        Ok(AgentTurnResult { turn: found, messages })
    }

    /// What is known of the turn.
    pub fn accumulator(&self) -> &AgentTurnAccumulator {
        self.events.accumulator()
    }

    /// Closes the connection; the turn goes on at the server.
    pub fn close(&mut self) {
        self.events.close();
        (self.done, self.calling) = (true, None);
    }

    /// Whether it can still end well.
    fn check(&self) -> Result<(), Error> {
        let turn = self.accumulator();
        match turn.end() {
            AgentTurnEnd::Failed => {
                let message = turn.turn().and_then(|turn| turn.get("error")?.get("message")?.as_string());
                return Err(self.failed(ErrorKind::Api, message.as_deref().unwrap_or("the turn failed")));
            }
            AgentTurnEnd::Cancelled => return Err(self.failed(ErrorKind::Api, "the turn was cancelled")),
            _ => {}
        }
        let known = |name: &str| self.tools.iter().any(|tool| tool.name() == name);
        let waits = turn.required_actions();
        match waits.iter().find(|action| action.as_deref().is_none_or(|name| !known(name))) {
            None => Ok(()),
            Some(Some(name)) => {
                Err(self
                    .failed(ErrorKind::Tool, &format!("the session waits for a call of `{name}`, which is not here")))
            }
            Some(None) => Err(self.failed(ErrorKind::Tool, "the session waits for something that is no function call")),
        }
    }

    fn failed(&self, kind: ErrorKind, message: &str) -> Error {
        Error::new(kind, message.to_owned()).with_snapshot(self.events.snapshot_json())
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<AgentSessionEvent, Error>>> {
        if let Some(calling) = &mut self.calling {
            let result = ready!(calling.as_mut().poll(cx));
            self.calling = None;
            if let Err(error) = result {
                self.close();
                return Poll::Ready(Some(Err(error.with_snapshot(self.events.snapshot_json()))));
            }
        }
        if self.done {
            return Poll::Ready(None);
        }
        match ready!(Pin::new(&mut self.events).poll_next(cx)) {
            Some(Ok(event)) => {
                if self.accumulator().is_over() {
                    self.close();
                } else if let Some(call) = self.events.accumulator_mut().take_call() {
                    self.calling = self.call(call);
                }
                Poll::Ready(Some(Ok(event)))
            }
            Some(Err(error)) => {
                self.done = true;
                Poll::Ready(Some(Err(error)))
            }
            None => {
                self.done = true;
                let message = "the server closed the stream before the turn was over";
                Poll::Ready(Some(Err(self.failed(ErrorKind::StreamEnded, message))))
            }
        }
    }

    /// The work of a call, if its function is here.
    fn call(&self, call: AgentToolCall) -> Option<BoxFuture<'static, Result<(), Error>>> {
        let tool = self.tools.iter().find(|tool| tool.name() == call.name)?.clone();
        let (sender, tell) = (Arc::clone(&self.sender), self.on_tool_error.clone());
        Some(Box::pin(async move {
            let output = match tool.call(call.arguments.clone()).await {
                Ok(output) => Some(output),
                Err(failure) => {
                    let message = match failure {
                        ToolFailure::Arguments(why) => format!("the arguments do not fit: {why}"),
                        ToolFailure::Function(error) => match Interrupted::ending(error, &call.name) {
                            Ok(error) => return Err(error),
                            Err(error) => error.to_string(),
                        },
                        ToolFailure::Panic => "the function panicked".to_owned(),
                    };
                    if let Some(tell) = tell {
                        tell(&AgentToolFailure { call: &call, message });
                    }
                    None
                }
            };
            sender.answer(&call, output).await
        }))
    }
}

impl Stream for AgentSessionStream {
    type Item = Result<AgentSessionEvent, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_event(cx)
    }
}

/// The final messages of a completed turn.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AgentTurnResult {
    /// The turn.
    pub turn: AgentSessionTurn,
    /// Its messages, without what the agent said while it worked.
    pub messages: Vec<AgentSessionMessage>,
}

impl AgentTurnResult {
    /// All text of the messages, joined.
    pub fn output_text(&self) -> String {
        self.texts().collect()
    }

    /// The first text of the messages, read as a value of this type.
    ///
    /// # Errors
    /// Kind `decode` if there is no text, or it is not such a value.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let Some(text) = self.texts().next() else {
            return Err(Error::new(ErrorKind::Decode, "the turn has no text to parse"));
        };
        serde_json::from_str(text).map_err(|error| {
            Error::new(ErrorKind::Decode, format!("the turn's text does not have the form that was asked for: {error}"))
        })
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.messages.iter().flat_map(|message| &message.content).filter_map(|part| match part {
            AgentSessionMessageContent::OutputText(part) => Some(part.text.as_str()),
            _ => None,
        })
    }
}

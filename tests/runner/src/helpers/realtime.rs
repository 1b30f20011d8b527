//! Connections over WebSockets. Their methods take, besides what stands in the address:
//!
//! - `send`: client events, sent one after the other once the connection stands; `audio` (base64): sent after them through
//!   the helper that splits it into events.
//! - `on`: a list of `{"event": TYPE, "send": [events]}`; each entry acts once, when an event of that type comes.
//! - `until`: the connection is closed after the first event of this type, as it is after `max_events`; else it is read to
//!   its end. `close`: `{"code", "reason"}` to close with, by default 1000 and nothing.
//! - `reconnect`: `{"max_retries", "initial_delay", "max_delay"}` in seconds, all of which may be left out;
//!   `on_reconnecting`: `"abort"` refuses the first attempt.
//! - `ping_interval`, `ping_timeout`, `close_timeout` in seconds, `max_size` in bytes.
//!
//! The answer's `events` are what came, in order: server events, `connection.reconnecting` and `connection.reconnected`, and
//! `{"type": "connection.malformed", "raw": TEXT}` for what could not be read. `value` is the server's close frame,
//! `{"code", "reason"}`, where the connection ended in due form.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use base64::Engine as _;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use threadline::json::{Decode, Encode, Json, Strict, decode_strict};
use threadline::types::{BetaRealtimeClientEvent, RealtimeClientEvent};
use threadline::websocket::{Advice, Close, Connect, Connection, Incoming, RawIncoming, ReconnectPolicy, Sender};
use threadline::{Client, Error, ErrorKind};

use crate::driver::answer::encoded;
use crate::driver::{Answer, Arguments, ErrorRecord, Pending, Row, Usage};

type Audio<C> = fn(Sender<C>, Vec<u8>) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// What is done with a connection.
struct Plan<C> {
    send: Vec<C>,
    audio: Option<Vec<u8>>,
    on: VecDeque<(String, Vec<C>)>,
    until: Option<String>,
    max_events: usize,
    close: (u16, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reconnect {
    max_retries: Option<u32>,
    initial_delay: Option<f64>,
    max_delay: Option<f64>,
}

pub(super) fn seconds(name: &str, value: f64) -> Result<Duration, Usage> {
    Duration::try_from_secs_f64(value).map_err(|error| Usage::new(format!("the argument `{name}`: {error}")))
}

fn strict<T: Decode>(name: &str, raw: &[u8]) -> Result<T, Usage> {
    decode_strict(raw, Strict::default().absent_members())
        .map_err(|error| Usage::new(format!("the argument `{name}`: {error}")))
}

fn parsed<T: for<'de> Deserialize<'de>>(a: &mut Arguments, name: &str) -> Result<Option<T>, Usage> {
    let raw = a.take::<Json>(name)?;
    raw.map(|raw| raw.decode()).transpose().map_err(|error| Usage::new(format!("the argument `{name}`: {error}")))
}

impl<C: Decode> Plan<C> {
    fn take(a: &mut Arguments) -> Result<Self, Usage> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct On {
            event: String,
            send: Vec<Box<RawValue>>,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct CloseWith {
            code: u16,
            #[serde(default)]
            reason: String,
        }
        let audio = a.take::<String>("audio")?.map(|text| base64::engine::general_purpose::STANDARD.decode(text));
        let audio = audio.transpose().map_err(|error| Usage::new(format!("the argument `audio`: {error}")))?;
        let mut on = VecDeque::new();
        for entry in parsed::<Vec<On>>(a, "on")?.unwrap_or_default() {
            let events: Result<_, _> = entry.send.iter().map(|event| strict("on", event.get().as_bytes())).collect();
            on.push_back((entry.event, events?));
        }
        Ok(Self {
            send: a.take("send")?.unwrap_or_default(),
            audio,
            on,
            until: a.take("until")?,
            max_events: a.max_events(),
            close: parsed::<CloseWith>(a, "close")?.map_or((1000, String::new()), |close| (close.code, close.reason)),
        })
    }
}

fn set_up<C, S>(mut connect: Connect<C, S>, a: &mut Arguments) -> Result<Connect<C, S>, Usage> {
    connect = connect.options(a.options());
    if let Some(reconnect) = parsed::<Reconnect>(a, "reconnect")? {
        let mut policy = ReconnectPolicy::new();
        policy.max_retries = reconnect.max_retries.unwrap_or(policy.max_retries);
        if let Some(delay) = reconnect.initial_delay {
            policy.initial_delay = seconds("reconnect", delay)?;
        }
        if let Some(delay) = reconnect.max_delay {
            policy.max_delay = seconds("reconnect", delay)?;
        }
        connect = connect.reconnect(policy);
    }
    match a.take::<String>("on_reconnecting")?.as_deref() {
        None => {}
        Some("abort") => connect = connect.on_reconnecting(|_| Advice::abort()),
        Some(other) => return Err(Usage::new(format!("the argument `on_reconnecting` cannot be `{other}`"))),
    }
    let (interval, patience) = (a.take::<f64>("ping_interval")?, a.take::<f64>("ping_timeout")?);
    if interval.is_some() || patience.is_some() {
        let interval = seconds("ping_interval", interval.unwrap_or(20.0))?;
        connect = connect.keepalive(interval, seconds("ping_timeout", patience.unwrap_or(20.0))?);
    }
    if let Some(limit) = a.take::<f64>("close_timeout")? {
        connect = connect.close_timeout(seconds("close_timeout", limit)?);
    }
    if let Some(limit) = a.take::<i64>("max_size")? {
        connect = connect.max_message_bytes(u64::try_from(limit).unwrap_or(0));
    }
    Ok(connect)
}

/// Runs a conversation. `audio` sends the argument of that name, where the connection has such a helper.
pub(super) fn run<C, S>(a: &mut Arguments, connect: Connect<C, S>, audio: Option<Audio<C>>) -> Result<Pending, Usage>
where
    C: Decode + Encode + Send + Sync + 'static,
    S: Decode + Encode + Send + 'static,
{
    let mut plan = Plan::take(a)?;
    let connect = set_up(connect, a)?;
    Ok(Box::pin(async move {
        let mut connection = match connect.await {
            Ok(connection) => connection,
            Err(error) => return Answer::failed(&error),
        };
        let (mut events, mut error) = (Vec::new(), None);
        let talked = talk(&mut connection, &mut plan, audio, &mut events, &mut error).await;
        let closed = match talked {
            // A failure to send is the reader's news too, which says more.
            Err(failure) => {
                while let Some(item) = connection.next().await {
                    if let (Err(found), None) = (item, &error) {
                        error = Some(found);
                    }
                }
                error.get_or_insert(failure);
                None
            }
            Ok(()) if error.is_some() => None,
            Ok(()) => match connection.close(plan.close.0, plan.close.1).await {
                Ok(close) => Some(close),
                Err(failure) => {
                    error = Some(failure);
                    None
                }
            },
        };
        answer(events, closed.as_ref(), error.as_ref())
    }))
}

fn answer(events: Vec<Result<Box<RawValue>, String>>, close: Option<&Close>, error: Option<&Error>) -> Answer {
    let events = match events.into_iter().collect() {
        Ok(events) => events,
        Err(message) => return Answer::usage(message),
    };
    let value = close.and_then(|close| to_raw_value(&json!({"code": close.code, "reason": close.reason})).ok());
    Answer::Stream { events, value, error: error.map(ErrorRecord::from) }
}

async fn talk<C, S>(
    connection: &mut Connection<C, S>,
    plan: &mut Plan<C>,
    audio: Option<Audio<C>>,
    events: &mut Vec<Result<Box<RawValue>, String>>,
    error: &mut Option<Error>,
) -> Result<(), Error>
where
    C: Encode + Send + Sync,
    S: Decode + Encode,
{
    for event in plan.send.drain(..) {
        connection.send(event).await?;
    }
    if let (Some(bytes), Some(append)) = (plan.audio.take(), audio) {
        append(connection.sender(), bytes).await?;
    }
    while events.len() < plan.max_events {
        let event = match connection.next().await {
            None => return Ok(()),
            Some(Ok(Incoming::Event(event))) => encoded(&event),
            Some(Ok(Incoming::Reconnecting(notice))) => raw(RawIncoming::Reconnecting(notice)),
            Some(Ok(Incoming::Reconnected(notice))) => raw(RawIncoming::Reconnected(notice)),
            Some(Ok(_)) => Err("an unknown kind of news".to_owned()),
            // What ends the connection says how.
            Some(Err(found)) if found.kind() == ErrorKind::Decode && found.close().is_none() => {
                let text = String::from_utf8_lossy(found.body());
                to_raw_value(&json!({"type": "connection.malformed", "raw": text})).map_err(|e| e.to_string())
            }
            Some(Err(found)) => {
                *error = Some(found);
                continue;
            }
        };
        let kind = event.as_ref().ok().and_then(|event| kind_of(event.get()));
        events.push(event);
        if let Some(place) = plan.on.iter().position(|(wanted, _)| Some(wanted) == kind.as_ref()) {
            for event in plan.on.remove(place).map(|(_, send)| send).unwrap_or_default() {
                connection.send(event).await?;
            }
        }
        if kind.is_some() && kind == plan.until {
            break;
        }
    }
    Ok(())
}

fn raw(news: RawIncoming) -> Result<Box<RawValue>, String> {
    let text = String::from_utf8_lossy(&news.json()).into_owned();
    RawValue::from_string(text).map_err(|error| error.to_string())
}

fn kind_of(event: &str) -> Option<String> {
    Json::parse(event).ok()?.get("type")?.as_string()
}

fn append(
    sender: Sender<RealtimeClientEvent>,
    audio: Vec<u8>,
) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
    Box::pin(async move { sender.input_audio_buffer().append_bytes(&audio).await })
}

fn beta_append(
    sender: Sender<BetaRealtimeClientEvent>,
    audio: Vec<u8>,
) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
    Box::pin(async move { sender.input_audio_buffer().append_bytes(&audio).await })
}

fn realtime(c: &Client, a: &Arguments) -> Result<Pending, Usage> {
    let mut a = a.clone();
    let (model, call) = (a.take::<String>("model")?, a.take::<String>("call_id")?);
    let intent = a.take::<String>("intent")?;
    let realtime = c.realtime();
    let connect = match (model.as_deref(), call.as_deref(), intent.as_deref()) {
        (Some(model), None, None) => realtime.connect(model),
        (None, Some(call), None) => realtime.connect_to_call(call),
        (None, None, Some("transcription")) => realtime.connect_transcription(),
        _ => return Err(Usage::new("needs one of `model`, `call_id`, and `intent` with the value `transcription`")),
    };
    run(&mut a, connect, Some(append))
}

fn text(a: &mut Arguments, name: &str) -> Result<String, Usage> {
    a.take(name)?.ok_or_else(|| Usage::new(format!("the argument `{name}` must be a text")))
}

/// A row whose arguments are `names` and those of every connection.
macro_rules! row {
    ($id:literal, [$($required:literal),*], [$($own:literal),*], $run:expr) => {
        Row {
            id: $id,
            path: &[],
            required: &[$($required),*],
            optional: &[
                $($own,)* "send", "audio", "on", "until", "close", "reconnect", "on_reconnecting", "ping_interval",
                "ping_timeout", "close_timeout", "max_size",
            ],
            stream: None,
            run: $run,
        }
    };
}
pub(super) use row;

pub(super) static ROWS: &[Row] = &[
    row!("realtime.connect", [], ["model", "call_id", "intent"], realtime),
    row!("beta.realtime.connect", ["model"], [], |c, a| {
        let mut a = a.clone();
        let model = text(&mut a, "model")?;
        run(&mut a, c.beta().realtime().connect(&model), Some(beta_append))
    }),
    row!("realtime.translations.connect", ["model"], [], |c, a| {
        let mut a = a.clone();
        let model = text(&mut a, "model")?;
        run(&mut a, c.realtime().translations().connect(&model), None)
    }),
    row!("live.connect", [], [], |c, a| run(&mut a.clone(), c.live().connect(), None)),
    row!("live.sideband.connect", ["session_id"], ["graceful_close"], |c, a| {
        let mut a = a.clone();
        let (session, graceful) = (text(&mut a, "session_id")?, a.take("graceful_close")?);
        run(&mut a, c.live().sideband().connect(&session, graceful), None)
    }),
    row!("live.forks.connect", ["session_id"], [], |c, a| {
        let mut a = a.clone();
        let session = text(&mut a, "session_id")?;
        run(&mut a, c.live().forks().connect(&session), None)
    }),
];

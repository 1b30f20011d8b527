//! Settings of connections over WebSockets.

use std::pin::Pin;
use std::time::Duration;

use serde::Deserialize;

use super::options::{duration, seconds};
use super::read;
use crate::client::{Client, RequestOptions};
use crate::error::Error;
use crate::responses_ws::ResponsesPool;
use crate::websocket::{Advice, Connect, RawConnection, ReconnectPolicy, Reconnecting};

/// A connection that is being opened. Nothing happens before it is awaited.
pub type Opening = Pin<Box<dyn Future<Output = Result<RawConnection, Error>> + Send>>;

/// What a connection is opened with, as one JSON object.
///
/// | member | what it sets |
/// | --- | --- |
/// | `model` `call_id` `intent` `session_id` `graceful_close` | what stands in the address, as the resource takes it |
/// | `base_url` | where WebSockets are, if not at the client's base URL |
/// | `reconnect` | `max_retries`, `initial_delay_s`, `max_delay_s`: a lost connection is made again |
/// | `ping_interval_s` `ping_timeout_s` | keepalive, 20 each where only one is given |
/// | `close_timeout_s` | how long the server's answer to a close frame is waited for |
/// | `max_size` | bytes of the longest message |
///
/// Times are known without their `_s` too.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectSettings {
    model: Option<String>,
    call_id: Option<String>,
    intent: Option<String>,
    session_id: Option<String>,
    graceful_close: Option<bool>,
    base_url: Option<String>,
    reconnect: Option<ReconnectSettings>,
    #[serde(alias = "ping_interval")]
    ping_interval_s: Option<f64>,
    #[serde(alias = "ping_timeout")]
    ping_timeout_s: Option<f64>,
    #[serde(alias = "close_timeout")]
    close_timeout_s: Option<f64>,
    max_size: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReconnectSettings {
    max_retries: Option<u32>,
    #[serde(alias = "initial_delay")]
    initial_delay_s: Option<f64>,
    #[serde(alias = "max_delay")]
    max_delay_s: Option<f64>,
}

impl ReconnectSettings {
    fn policy(&self) -> Result<ReconnectPolicy, Error> {
        let mut policy = ReconnectPolicy::new();
        if let Some(count) = self.max_retries {
            policy.max_retries = count;
        }
        if let Some(delay) = duration("initial_delay_s", self.initial_delay_s)? {
            policy.initial_delay = delay;
        }
        if let Some(delay) = duration("max_delay_s", self.max_delay_s)? {
            policy.max_delay = delay;
        }
        Ok(policy)
    }
}

/// What every connection has, whatever its events.
struct Wishes<A> {
    base_url: Option<String>,
    options: RequestOptions,
    reconnect: Option<ReconnectPolicy>,
    advise: Option<A>,
    keepalive: Option<(Duration, Duration)>,
    close_timeout: Option<Duration>,
    max_size: Option<u64>,
}

impl<A: Fn(&Reconnecting) -> Advice + Send + Sync + 'static> Wishes<A> {
    fn open<C: 'static, S: 'static>(self, mut connect: Connect<C, S>) -> Opening {
        if let Some(url) = self.base_url {
            connect = connect.base_url(url);
        }
        connect = connect.options(self.options);
        if let Some(policy) = self.reconnect {
            connect = connect.reconnect(policy);
        }
        if let Some(advise) = self.advise {
            connect = connect.on_reconnecting(advise);
        }
        if let Some((interval, patience)) = self.keepalive {
            connect = connect.keepalive(interval, patience);
        }
        if let Some(limit) = self.close_timeout {
            connect = connect.close_timeout(limit);
        }
        if let Some(limit) = self.max_size {
            connect = connect.max_message_bytes(limit);
        }
        Box::pin(connect.open_raw())
    }
}

impl ConnectSettings {
    /// Reads settings from one JSON object; an empty text sets nothing.
    ///
    /// # Errors
    /// Kind `usage`: what is no setting, or no value of one, by its name.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        read("settings of a connection", json)
    }

    /// Opens a connection of this resource: `realtime`, `beta.realtime`, `realtime.translations`, `live`, `live.sideband`,
    /// `live.forks`, `responses`, `beta.responses`. `advise` is asked before a lost connection is made again.
    ///
    /// # Errors
    /// Kind `usage` if there is no such resource, or what its address needs is not there.
    pub fn open<A>(
        self,
        client: &Client,
        resource: &str,
        options: RequestOptions,
        advise: Option<A>,
    ) -> Result<Opening, Error>
    where
        A: Fn(&Reconnecting) -> Advice + Send + Sync + 'static,
    {
        let keepalive = match (self.ping_interval_s, self.ping_timeout_s) {
            (None, None) => None,
            (interval, patience) => Some((
                seconds("ping_interval_s", interval.unwrap_or(20.0))?,
                seconds("ping_timeout_s", patience.unwrap_or(20.0))?,
            )),
        };
        let wishes = Wishes {
            base_url: self.base_url,
            options,
            reconnect: self.reconnect.map(|settings| settings.policy()).transpose()?,
            advise,
            keepalive,
            close_timeout: duration("close_timeout_s", self.close_timeout_s)?,
            max_size: self.max_size,
        };
        let missing = |name: &str| Error::usage(format!("a connection of {resource} needs `{name}`"));
        let model = || self.model.as_deref().ok_or_else(|| missing("model"));
        let session = || self.session_id.as_deref().ok_or_else(|| missing("session_id"));
        Ok(match resource {
            "realtime" => {
                let realtime = client.realtime();
                match (self.model.as_deref(), self.call_id.as_deref(), self.intent.as_deref()) {
                    (None, Some(call), _) => wishes.open(realtime.connect_to_call(call)),
                    (Some(model), Some(call), _) => wishes.open(realtime.connect_to_call(call).query("model", model)),
                    (Some(model), None, _) => wishes.open(realtime.connect(model)),
                    (None, None, Some("transcription")) => wishes.open(realtime.connect_transcription()),
                    _ => {
                        return Err(Error::usage(
                            "a connection of realtime needs a `model`, a `call_id`, or the `intent` \"transcription\"",
                        ));
                    }
                }
            }
            "beta.realtime" => wishes.open(client.beta().realtime().connect(model()?)),
            "realtime.translations" => wishes.open(client.realtime().translations().connect(model()?)),
            "live" => wishes.open(client.live().connect()),
            "live.sideband" => wishes.open(client.live().sideband().connect(session()?, self.graceful_close)),
            "live.forks" => wishes.open(client.live().forks().connect(session()?)),
            "responses" => wishes.open(client.responses().connect()),
            "beta.responses" => wishes.open(client.beta().responses().connect()),
            other => return Err(Error::usage(format!("`{other}` has no connections"))),
        })
    }
}

/// What a pool of connections for responses is made with, as one JSON object: `max_connections`, `idle_time_s`, `max_age_s` (known
/// without `_s` too).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSettings {
    max_connections: Option<usize>,
    #[serde(alias = "idle_time")]
    idle_time_s: Option<f64>,
    #[serde(alias = "max_age")]
    max_age_s: Option<f64>,
}

impl PoolSettings {
    /// Reads settings from one JSON object; an empty text sets nothing.
    ///
    /// # Errors
    /// Kind `usage`: what is no setting, or no value of one, by its name.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        read("settings of a pool", json)
    }

    /// The pool, whose requests have these options.
    ///
    /// # Errors
    /// Kind `usage` if a time is none.
    pub fn build(self, client: &Client, options: RequestOptions) -> Result<ResponsesPool, Error> {
        let mut builder = client.responses().ws_pool().options(options);
        if let Some(count) = self.max_connections {
            builder = builder.max_connections(count);
        }
        if let Some(limit) = duration("idle_time_s", self.idle_time_s)? {
            builder = builder.idle_time(limit);
        }
        if let Some(limit) = duration("max_age_s", self.max_age_s)? {
            builder = builder.max_age(limit);
        }
        Ok(builder.build())
    }
}

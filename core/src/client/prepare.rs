//! From operation, arguments and options to a request that can be sent again and again.

use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::attempt::Want;
use super::{Args, Client, RequestOptions};
use crate::error::Error;
use crate::operation::{Auth, Operation, Verb};
use crate::policy::retry::safe_to_repeat;
use crate::request::body::BodyRecipe;
use crate::request::split::{Arguments, split};
use crate::request::url::BaseUrl;
use crate::request::{InvalidRequest, headers};
use crate::secret::Secret;
use crate::stream::Limits;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);
const DEFAULT_IDLE: Duration = Duration::from_secs(60);
const DEFAULT_RETRIES: u32 = 2;
pub(super) const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";
const AGENT: &str = concat!("threadline/", env!("CARGO_PKG_VERSION"), " (rust)");

/// A request as a recipe, and the rules for sending it.
pub(super) struct Prepared {
    pub(super) op: &'static Operation,
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: BodyRecipe,
    pub(super) timeout: Duration,
    pub(super) max_retries: u32,
    pub(super) limits: Limits,
    pub(super) max_bytes: Option<u64>,
    /// Whether the server may carry the request out twice.
    pub(super) safe: bool,
    pub(super) key: Option<Secret>,
}

impl From<InvalidRequest> for Error {
    fn from(error: InvalidRequest) -> Self {
        Self::usage(error.to_string())
    }
}

impl Prepared {
    pub(super) fn new(
        client: &Client,
        op: &'static Operation,
        args: Args,
        options: RequestOptions,
        want: Want,
    ) -> Result<Self, Error> {
        let own_base = options.base_url.is_some();
        let options = options.over_client(&client.inner.options);
        let streaming = want == Want::Events;
        if streaming && op.stream.is_none() {
            return Err(Error::usage(format!("`{}` does not stream", op.id)));
        }
        let arguments =
            Arguments { fields: &args.fields, files: &args.files, extra_body: &options.extra_body, stream: streaming };
        let parts = split(op, arguments)?;
        let mut query = parts.query;
        for (name, value) in &options.query {
            query.retain(|(known, _)| known != name);
            query.push((name.clone(), value.clone()));
        }
        let url = match (&client.inner.base, &options.base_url) {
            (Ok(base), _) if !own_base => base.join(op.path, &args.path, &query)?,
            (Err(error), _) if !own_base => return Err(error.clone().into()),
            (_, text) => {
                BaseUrl::parse(text.as_deref().unwrap_or(DEFAULT_BASE_URL))?.join(op.path, &args.path, &query)?
            }
        };
        let key = credential(op, &options)?;
        let mut map = base_headers(op, &options, &parts.body, streaming)?;
        for (name, value) in parts.headers {
            // An argument replaces the default of the same header; `extend` would add a second line.
            map.insert(name, value);
        }
        if let Some(key) = &key {
            map.insert(AUTHORIZATION, headers::bearer(key.expose())?);
        }
        apply(&mut map, &options.headers)?;
        let has_idempotency_key = map.contains_key("idempotency-key");
        let idle = options.idle_timeout.unwrap_or(DEFAULT_IDLE);
        Ok(Self {
            op,
            method: match op.verb {
                Verb::Get => Method::GET,
                Verb::Post => Method::POST,
                Verb::Delete => Method::DELETE,
            },
            url,
            headers: map,
            body: parts.body,
            timeout: options.timeout.unwrap_or(DEFAULT_TIMEOUT),
            max_retries: options.max_retries.unwrap_or(DEFAULT_RETRIES),
            limits: Limits {
                first_event: options.first_event_timeout.unwrap_or(idle),
                between_events: idle,
                event_bytes: options.max_response_bytes,
            },
            max_bytes: options.max_response_bytes,
            safe: safe_to_repeat(op.verb, has_idempotency_key),
            key,
        })
    }

    /// Takes the key out of an error, should a server have quoted it.
    pub(super) fn redact(&self, error: Error) -> Error {
        match &self.key {
            Some(key) => error.without(key.expose()),
            None => error,
        }
    }
}

/// The key that authenticates the operation; `None` if a header of the caller's own does.
fn credential(op: &Operation, options: &RequestOptions) -> Result<Option<Secret>, Error> {
    let (key, missing) = match op.auth {
        Auth::None => return Ok(None),
        Auth::Key => (&options.api_key, "an API key: give `api_key`, or set OPENAI_API_KEY"),
        // Gateways and older programs know one key only; whether it may administer is for the server to say.
        Auth::Admin => (
            if options.admin_api_key.is_some() { &options.admin_api_key } else { &options.api_key },
            "an admin key: give `admin_api_key`, or set OPENAI_ADMIN_KEY",
        ),
    };
    let own = options.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(AUTHORIZATION.as_str()));
    match key {
        _ if own => Ok(None),
        Some(key) => Ok(Some(key.clone())),
        None if options.key_left_behind => Err(Error::usage(
            "the base URL is on another origin than the client's, whose key is not sent there: give a key with the URL",
        )),
        None => Err(Error::usage(format!("`{}` needs {missing}", op.id))),
    }
}

/// The headers that the client makes by itself.
fn base_headers(
    op: &Operation,
    options: &RequestOptions,
    body: &BodyRecipe,
    streaming: bool,
) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::with_capacity(12);
    let accept = if streaming { "text/event-stream" } else { "application/json" };
    map.insert(ACCEPT, HeaderValue::from_static(accept));
    map.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if let Some(content_type) = body.content_type() {
        map.insert(CONTENT_TYPE, headers::value("content-type", &content_type)?);
    }
    if let Some(id) = &options.organization {
        map.insert(HeaderName::from_static("openai-organization"), headers::value("OpenAI-Organization", id)?);
    }
    if let Some(id) = &options.project {
        map.insert(HeaderName::from_static("openai-project"), headers::value("OpenAI-Project", id)?);
    }
    for (name, value) in op.headers {
        map.insert(headers::name(name)?, HeaderValue::from_static(value));
    }
    if op.verb != Verb::Get {
        let value = match &options.idempotency_key {
            Some(key) => headers::value("Idempotency-Key", key)?,
            None => headers::value("Idempotency-Key", &format!("threadline-{}", uuid::Uuid::new_v4()))?,
        };
        map.insert(HeaderName::from_static("idempotency-key"), value);
    }
    Ok(map)
}

/// Sets and removes headers as the caller asked, the later word winning.
fn apply(map: &mut HeaderMap, wanted: &[(String, Option<String>)]) -> Result<(), Error> {
    for (name, value) in wanted {
        let parsed = headers::name(name)?;
        match value {
            Some(value) => {
                let mut value = headers::value(name, value)?;
                value.set_sensitive(true);
                map.insert(parsed, value);
            }
            None => {
                map.remove(parsed);
            }
        }
    }
    Ok(())
}

//! From operation, arguments and options to a request that can be sent again and again.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::attempt::Want;
use super::{Args, Client, RequestOptions};
use crate::auth::TokenSource;
use crate::error::{Error, ErrorKind};
use crate::limits::Ask;
use crate::operation::{Auth, Operation, Verb};
use crate::policy::retry::safe_to_repeat;
use crate::request::body::BodyRecipe;
use crate::request::split::{Arguments, named_text, split};
use crate::request::url::BaseUrl;
use crate::request::{InvalidRequest, headers};
use crate::secret::Secret;
use crate::stream::Limits;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);
const DEFAULT_IDLE: Duration = Duration::from_secs(60);
pub(super) const DEFAULT_RETRIES: u32 = 2;
pub(super) const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";
/// How Azure is given a key.
pub(super) const API_KEY: HeaderName = HeaderName::from_static("api-key");
pub(super) const AGENT: &str = concat!("threadline/", env!("CARGO_PKG_VERSION"), " (rust)");

/// A request as a recipe, and the rules for sending it.
pub(super) struct Prepared {
    pub(super) op: &'static Operation,
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: BodyRecipe,
    pub(super) timeout: Duration,
    pub(super) max_retries: u32,
    /// When a read is sent a second time.
    pub(super) hedge_after: Option<Duration>,
    pub(super) limits: Limits,
    pub(super) max_bytes: Option<u64>,
    /// Whether the server may carry the request out twice.
    pub(super) safe: bool,
    pub(super) key: Option<Secret>,
    /// Gives the key of each attempt, where it does not last.
    pub(super) tokens: Option<Arc<TokenSource>>,
    /// What it wants of the client's own limits, where there are any.
    pub(super) ask: Option<Ask>,
    /// How many of the events that end the stream were asked for.
    pub(super) ends: u64,
    /// Whether the caller asked for vectors as base64.
    pub(super) base64_vectors: bool,
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
        let base_text = options.base_url.as_deref().unwrap_or(DEFAULT_BASE_URL);
        let azure = client.inner.azure.as_deref();
        let mut query = parts.query;
        query.extend(azure.and_then(|azure| azure.query(base_text)));
        query.retain(|(known, _)| !options.query.iter().any(|(name, _)| name == known));
        for (place, (name, value)) in options.query.iter().enumerate() {
            // A list is its name several times; of everything else the last word counts.
            if name.ends_with("[]") || !options.query[place + 1..].iter().any(|(later, _)| later == name) {
                query.push((name.clone(), value.clone()));
            }
        }
        let ask = client
            .inner
            .limiter
            .as_ref()
            .map(|limiter| limiter.ask(named_text(&args.fields, &options.extra_body, "model"), &args.fields));
        let model = || named_text(&args.fields, &options.extra_body, "model");
        let (path, deployment) = match azure {
            Some(azure) => azure.path(op, base_text, model),
            None => (Cow::Borrowed(op.path), None),
        };
        let values: Vec<&str> = deployment.iter().chain(&args.path).map(String::as_str).collect();
        let url = match &client.inner.base {
            Ok(base) if !own_base => base.join(&path, &values, &query)?,
            Err(error) if !own_base => return Err(error.clone().into()),
            _ => BaseUrl::parse(base_text)?.join(&path, &values, &query)?,
        };
        let (key, tokens) = match credential(op.auth, op.id, &options, azure.is_some())? {
            Credential::None => (None, None),
            Credential::Key(key) => (Some(key), None),
            Credential::Tokens(source) => (None, Some(source)),
        };
        let mut map = base_headers(op, &options, &parts.body, streaming)?;
        for (name, value) in parts.headers {
            // An argument replaces the default of the same header; `extend` would add a second line.
            map.insert(name, value);
        }
        match &key {
            Some(key) if azure.is_some() => map.insert(API_KEY, api_key(key)?),
            Some(key) => map.insert(AUTHORIZATION, headers::bearer(key.expose())?),
            None => None,
        };
        apply(&mut map, &options.headers)?;
        let has_idempotency_key = map.contains_key("idempotency-key");
        let idle = options.idle_timeout.unwrap_or(DEFAULT_IDLE);
        Ok(Self {
            op,
            method: match op.verb {
                Verb::Get => Method::GET,
                Verb::Post => Method::POST,
                Verb::Put => Method::PUT,
                Verb::Patch => Method::PATCH,
                Verb::Delete => Method::DELETE,
            },
            url,
            headers: map,
            body: parts.body,
            timeout: options.timeout.unwrap_or(DEFAULT_TIMEOUT),
            max_retries: options.max_retries.unwrap_or(DEFAULT_RETRIES),
            hedge_after: options.hedge_after,
            limits: Limits {
                first_event: options.first_event_timeout.unwrap_or(idle),
                between_events: idle,
                event_bytes: options.max_response_bytes,
            },
            max_bytes: options.max_response_bytes,
            safe: safe_to_repeat(op.verb, has_idempotency_key),
            key,
            tokens,
            ask,
            ends: parts.ends,
            base64_vectors: parts.base64_vectors,
        })
    }

    /// Puts the token of the next attempt in its place.
    pub(super) fn set_token(&mut self, token: Secret) -> Result<(), Error> {
        self.headers.insert(AUTHORIZATION, bearer_token(&token)?);
        self.key = Some(token);
        Ok(())
    }

    /// Takes the key out of an error, should a server have quoted it.
    pub(super) fn redact(&self, error: Error) -> Error {
        match &self.key {
            Some(key) => error.without(key.expose()),
            None => error,
        }
    }
}

/// What authenticates a call.
pub(super) enum Credential {
    /// Nothing, or a header of the caller's own.
    None,
    Key(Secret),
    Tokens(Arc<TokenSource>),
}

/// What authenticates `what`, the name of an operation.
pub(super) fn credential(auth: Auth, what: &str, options: &RequestOptions, azure: bool) -> Result<Credential, Error> {
    if options.api_key.is_some() && options.token_source.is_some() {
        return Err(Error::usage("an API key and a token provider exclude each other: give one of them"));
    }
    let (key, missing) = match auth {
        Auth::None => return Ok(Credential::None),
        // Gateways and older programs know one key only; whether it may administer is for the server to say. Azure has
        // no keys for administration.
        Auth::Admin if !azure => (
            if options.admin_api_key.is_some() { &options.admin_api_key } else { &options.api_key },
            "an admin key: give `admin_api_key`, or set OPENAI_ADMIN_KEY",
        ),
        _ => (&options.api_key, "an API key: give `api_key`, or set OPENAI_API_KEY"),
    };
    let own = |name: &str| options.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
    match (key, &options.token_source) {
        _ if own(AUTHORIZATION.as_str()) || azure && own(API_KEY.as_str()) => Ok(Credential::None),
        (Some(key), _) => Ok(Credential::Key(key.clone())),
        (None, Some(source)) => Ok(Credential::Tokens(Arc::clone(source))),
        (None, None) if options.key_left_behind => Err(Error::usage(
            "the base URL is on another origin than the client's, whose key is not sent there: give a key with the URL",
        )),
        (None, None) => Err(Error::usage(format!("`{what}` needs {missing}"))),
    }
}

/// A token of a provider as it is sent.
pub(super) fn bearer_token(token: &Secret) -> Result<HeaderValue, Error> {
    headers::bearer(token.expose()).map_err(|_| {
        Error::new(ErrorKind::Authentication, "the token provider gave a token that cannot stand in a header")
    })
}

/// A key as Azure is given it.
pub(super) fn api_key(key: &Secret) -> Result<HeaderValue, Error> {
    let mut value = headers::value("api-key", headers::clean_key(key.expose())?)?;
    value.set_sensitive(true);
    Ok(value)
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
    account_headers(&mut map, options)?;
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

/// Who pays.
pub(super) fn account_headers(map: &mut HeaderMap, options: &RequestOptions) -> Result<(), Error> {
    if let Some(id) = &options.organization {
        map.insert(HeaderName::from_static("openai-organization"), headers::value("OpenAI-Organization", id)?);
    }
    if let Some(id) = &options.project {
        map.insert(HeaderName::from_static("openai-project"), headers::value("OpenAI-Project", id)?);
    }
    Ok(())
}

/// Sets and removes headers as the caller asked, the later word winning.
pub(super) fn apply(map: &mut HeaderMap, wanted: &[(String, Option<String>)]) -> Result<(), Error> {
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

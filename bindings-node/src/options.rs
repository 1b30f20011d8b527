//! From settings to the core's builder and options.

use std::time::Duration;

use napi::{Error, Result};
use threadline::cassette::{Cassette, Mode};
use threadline::limits::Limits as CoreLimits;
use threadline::policy::budget::RetryBudget;
use threadline::{Client, ClientBuilder, Json, RequestOptions};

use crate::host::Callback;
use crate::identity;
use crate::settings::{Limits, Options, Recording, Settings};
use crate::transport::HostTransport;

/// Ten years: as good as no limit, and still a point in time that clocks can express.
const NO_LIMIT: Duration = Duration::from_secs(10 * 365 * 86_400);

pub(crate) fn seconds(value: f64) -> Result<Duration> {
    if value == f64::INFINITY {
        return Ok(NO_LIMIT);
    }
    let limit = Duration::try_from_secs_f64(value);
    limit.map(|limit| limit.min(NO_LIMIT)).map_err(|error| Error::from_reason(format!("a limit of {value} s: {error}")))
}

/// The options of this JSON text.
pub(crate) fn parse(text: Option<&str>) -> Result<RequestOptions> {
    match text {
        None => Ok(RequestOptions::new()),
        Some(text) => {
            let options = serde_json::from_str(text);
            of_call(options.map_err(|error| Error::from_reason(format!("options: {error}")))?)
        }
    }
}

/// The core's options.
pub(crate) fn of_call(given: Options) -> Result<RequestOptions> {
    let mut options = RequestOptions::new();
    macro_rules! texts {
        ($($name:ident)*) => { $( if let Some(value) = given.$name { options = options.$name(value); } )* };
    }
    texts!(api_key admin_api_key organization project base_url webhook_secret idempotency_key max_retries max_response_bytes);
    macro_rules! times {
        ($($name:ident)*) => { $( if let Some(value) = given.$name { options = options.$name(seconds(value)?); } )* };
    }
    times!(timeout idle_timeout first_event_timeout hedge_after);
    for (name, value) in given.headers {
        options = match value {
            Some(value) if name.eq_ignore_ascii_case("idempotency-key") => options.idempotency_key(value),
            Some(value) => options.header(name, value),
            None => options.without_header(name),
        };
    }
    for (name, value) in given.query {
        options = options.query(name, value);
    }
    for (name, value) in given.body {
        let json = Json::from_serialize(&value).map_err(|error| Error::from_reason(format!("`{name}`: {error}")))?;
        options = options.extra_body(name, json);
    }
    Ok(options)
}

/// A client of these settings. `hub` makes callbacks of the event loop's.
pub(crate) fn client(settings: &mut Settings, hub: &Callback) -> Result<ClientBuilder> {
    let mut builder = Client::builder().options(of_call(std::mem::take(&mut settings.options))?);
    builder = network(builder, settings)?;
    builder = identity::apply(builder, settings, hub)?;
    if let Some(limits) = settings.limits.take() {
        builder = builder.limits(own_limits(limits));
    }
    if let Some(retries) = settings.retry_budget {
        builder = builder.retry_budget(RetryBudget::of_retries(retries));
    }
    if let Some(cassette) = settings.cassette.take() {
        builder = builder.cassette(recording(cassette)?);
    }
    if let Some(function) = settings.transport {
        builder = builder.transport(HostTransport::new(hub.sibling(function)));
    }
    Ok(builder.observe_content(settings.observe_content))
}

fn network(mut builder: ClientBuilder, settings: &mut Settings) -> Result<ClientBuilder> {
    if let Some(limit) = settings.connect_timeout {
        builder = builder.connect_timeout(seconds(limit)?);
    }
    if let Some(on) = settings.system_proxy {
        builder = builder.system_proxy(on);
    }
    if let Some(url) = settings.proxy.take() {
        builder = builder.proxy(url);
    }
    if let Some(hosts) = settings.no_proxy.take() {
        builder = builder.no_proxy(hosts);
    }
    if let Some(file) = settings.ca_file.take() {
        builder = builder.ca_certificate_file(file);
    }
    match (settings.client_cert_file.take(), settings.client_key_file.take()) {
        (Some(certificate), Some(key)) => builder = builder.client_certificate_files(certificate, key),
        (None, None) => {}
        _ => return Err(Error::from_reason("`clientCertFile` and `clientKeyFile` belong together")),
    }
    for (host, addresses) in std::mem::take(&mut settings.resolve) {
        builder = builder.resolve(host, addresses);
    }
    let unacknowledged = settings.tcp_user_timeout.map(seconds).transpose()?;
    let version = settings.http_version.take();
    if let Some(other) = version.as_deref().filter(|version| !matches!(*version, "1.1" | "2")) {
        return Err(Error::from_reason(format!("`httpVersion` is '1.1' or '2', not {other:?}")));
    }
    Ok(builder.network(|mut network| {
        if let Some(limit) = unacknowledged {
            network = network.tcp_user_timeout(limit);
        }
        match version.as_deref() {
            Some("1.1") => network.http1_only(true),
            Some(_) => network.http2_prior_knowledge(true),
            None => network,
        }
    }))
}

fn own_limits(given: Limits) -> CoreLimits {
    let mut limits = CoreLimits::new();
    if let Some(count) = given.requests_per_minute {
        limits = limits.requests_per_minute(count);
    }
    if let Some(count) = given.tokens_per_minute {
        limits = limits.tokens_per_minute(count);
    }
    if let Some(count) = given.max_concurrent {
        limits = limits.max_concurrent(count);
    }
    if let Some(on) = given.learn {
        limits = limits.learn(on);
    }
    let models = given.models.into_iter();
    models.fold(limits, |limits, (name, model)| limits.model(name, model.requests_per_minute, model.tokens_per_minute))
}

fn recording(given: Recording) -> Result<Cassette> {
    let mode = match given.mode.as_deref() {
        Some("record") => Mode::Record,
        Some("record_missing") => Mode::RecordMissing,
        Some("replay") | None => Mode::Replay,
        Some(other) => return Err(Error::from_reason(format!("a cassette has no mode {other:?}"))),
    };
    let cassette = Cassette::new(given.file).mode(mode).fast(given.fast).allow_repeats(given.allow_repeats);
    let cassette = given.ignore.into_iter().fold(cassette, Cassette::ignore);
    let cassette = given.redact_members.into_iter().fold(cassette, Cassette::redact_member);
    Ok(given.keep_headers.into_iter().fold(cassette, Cassette::keep_header))
}

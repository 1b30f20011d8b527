//! Settings of a client and options of a call, from Python dictionaries.

use std::time::Duration;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyMapping, PyString, PyTuple};
use threadline::cassette::{Cassette, Mode as CassetteMode};
use threadline::limits::Limits;
use threadline::policy::budget::RetryBudget;
use threadline::{Client, ClientBuilder, Json, RequestOptions};

use crate::encode::Encoder;
use crate::identity;
use crate::types::Types;

/// Ten years: as good as no limit, and still a point in time that clocks can express.
const NO_LIMIT: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A setting of this type, where it is there and not `None`.
macro_rules! setting {
    ($dict:expr, $name:literal, $type:ty) => {
        match $dict.get_item(pyo3::intern!($dict.py(), $name))? {
            Some(value) if !value.is_none() => Some(value.extract::<$type>()?),
            _ => None,
        }
    };
}
pub(crate) use setting;

/// Options of one call from the arguments of its method: `extra_headers`, `extra_query`, `extra_body`, `timeout`.
pub(crate) fn of_call(arguments: &Bound<'_, PyDict>) -> PyResult<RequestOptions> {
    let py = arguments.py();
    let mut options = RequestOptions::new();
    if let Some(extra) = given(arguments, intern!(py, "extra_headers"))? {
        options = headers(options, &extra)?;
    }
    if let Some(extra) = given(arguments, intern!(py, "extra_query"))? {
        options = query(options, &extra)?;
    }
    if let Some(extra) = given(arguments, intern!(py, "extra_body"))? {
        options = body(options, &extra)?;
    }
    if let Some(limit) = crate::call::timeout(arguments)? {
        options = options.timeout(duration(&limit)?);
    }
    Ok(options)
}

fn given<'py>(arguments: &Bound<'py, PyDict>, name: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(value) = arguments.get_item(name)? else { return Ok(None) };
    Ok(if value.is_none() || Types::get(name.py())?.is_omitted(&value) { None } else { Some(value) })
}

/// Options that a client of other options (`with_options`) and single calls have in common.
pub(crate) fn of_settings(settings: &Bound<'_, PyDict>) -> PyResult<RequestOptions> {
    let mut options = RequestOptions::new();
    if let Some(key) = setting!(settings, "api_key", String) {
        options = options.api_key(key);
    }
    if let Some(key) = setting!(settings, "admin_api_key", String) {
        options = options.admin_api_key(key);
    }
    if let Some(id) = setting!(settings, "organization", String) {
        options = options.organization(id);
    }
    if let Some(id) = setting!(settings, "project", String) {
        options = options.project(id);
    }
    if let Some(url) = setting!(settings, "base_url", String) {
        options = options.base_url(url);
    }
    if let Some(secret) = setting!(settings, "webhook_secret", String) {
        options = options.webhook_secret(secret);
    }
    if let Some(limit) = settings.get_item("timeout")? {
        options = options.timeout(duration(&limit)?);
    }
    if let Some(limit) = setting!(settings, "idle_timeout", f64) {
        options = options.idle_timeout(seconds(limit)?);
    }
    if let Some(limit) = setting!(settings, "first_event_timeout", f64) {
        options = options.first_event_timeout(seconds(limit)?);
    }
    if let Some(delay) = setting!(settings, "hedge_after", f64) {
        options = options.hedge_after(seconds(delay)?);
    }
    if let Some(retries) = setting!(settings, "max_retries", u32) {
        options = options.max_retries(retries);
    }
    if let Some(key) = setting!(settings, "idempotency_key", String) {
        options = options.idempotency_key(key);
    }
    if let Some(extra) = settings.get_item("headers")? {
        options = headers(options, &extra)?;
    }
    if let Some(extra) = settings.get_item("query")? {
        options = query(options, &extra)?;
    }
    if let Some(extra) = settings.get_item("body")? {
        options = body(options, &extra)?;
    }
    Ok(options)
}

/// A client of these settings.
pub(crate) fn client(settings: &Bound<'_, PyDict>) -> PyResult<ClientBuilder> {
    let mut builder = Client::builder().options(of_settings(settings)?);
    builder = network(builder, settings)?;
    builder = identity::apply(builder, settings)?;
    if let Some(limits) = setting!(settings, "limits", Bound<'_, PyDict>) {
        builder = builder.limits(own_limits(&limits)?);
    }
    if let Some(retries) = setting!(settings, "retry_budget", u32) {
        builder = builder.retry_budget(RetryBudget::of_retries(retries));
    }
    if let Some(cassette) = setting!(settings, "cassette", Bound<'_, PyDict>) {
        builder = builder.cassette(recording(&cassette)?);
    }
    if let Some(client) = setting!(settings, "transport", Bound<'_, PyAny>) {
        builder = builder.shared_transport(crate::transport::of(&client)?);
    }
    if let Some(show) = setting!(settings, "observe_content", bool) {
        builder = builder.observe_content(show);
    }
    Ok(builder)
}

fn network(mut builder: ClientBuilder, settings: &Bound<'_, PyDict>) -> PyResult<ClientBuilder> {
    if let Some(limit) = setting!(settings, "connect_timeout", f64) {
        builder = builder.connect_timeout(seconds(limit)?);
    }
    if let Some(on) = setting!(settings, "system_proxy", bool) {
        builder = builder.system_proxy(on);
    }
    if let Some(url) = setting!(settings, "proxy", String) {
        builder = builder.proxy(url);
    }
    if let Some(hosts) = setting!(settings, "no_proxy", String) {
        builder = builder.no_proxy(hosts);
    }
    if let Some(file) = setting!(settings, "ca_file", std::path::PathBuf) {
        builder = builder.ca_certificate_file(file);
    }
    let certificate = setting!(settings, "client_cert_file", std::path::PathBuf);
    let key = setting!(settings, "client_key_file", std::path::PathBuf);
    match (certificate, key) {
        (Some(certificate), Some(key)) => builder = builder.client_certificate_files(certificate, key),
        (None, None) => {}
        _ => return Err(PyValueError::new_err("`client_cert_file` and `client_key_file` belong together")),
    }
    if let Some(hosts) = setting!(settings, "resolve", Bound<'_, PyDict>) {
        for (host, addresses) in hosts.iter() {
            let addresses = addresses.extract::<Vec<String>>()?;
            let parsed: Result<Vec<std::net::IpAddr>, _> = addresses.iter().map(|text| text.parse()).collect();
            let addresses = parsed.map_err(|error| PyValueError::new_err(format!("`resolve`: {error}")))?;
            builder = builder.resolve(host.extract::<String>()?, addresses);
        }
    }
    let unacknowledged = setting!(settings, "tcp_user_timeout", f64).map(seconds).transpose()?;
    let version = setting!(settings, "http_version", String);
    if let Some(other) = version.as_deref().filter(|version| !matches!(*version, "1.1" | "2")) {
        return Err(PyValueError::new_err(format!("`http_version` is \"1.1\" or \"2\", not {other:?}")));
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

fn own_limits(settings: &Bound<'_, PyDict>) -> PyResult<Limits> {
    let mut limits = Limits::new();
    if let Some(count) = setting!(settings, "requests_per_minute", u64) {
        limits = limits.requests_per_minute(count);
    }
    if let Some(count) = setting!(settings, "tokens_per_minute", u64) {
        limits = limits.tokens_per_minute(count);
    }
    if let Some(count) = setting!(settings, "max_concurrent", usize) {
        limits = limits.max_concurrent(count);
    }
    if let Some(on) = setting!(settings, "learn", bool) {
        limits = limits.learn(on);
    }
    if let Some(models) = setting!(settings, "models", Bound<'_, PyDict>) {
        for (name, model) in models.iter() {
            let model = model.cast_into::<PyDict>()?;
            let requests = setting!(model, "requests_per_minute", u64);
            limits = limits.model(name.extract::<String>()?, requests, setting!(model, "tokens_per_minute", u64));
        }
    }
    Ok(limits)
}

fn recording(settings: &Bound<'_, PyDict>) -> PyResult<Cassette> {
    let file = setting!(settings, "file", std::path::PathBuf)
        .ok_or_else(|| PyTypeError::new_err("a cassette needs its `file`"))?;
    let mode = match setting!(settings, "mode", String).as_deref() {
        Some("record") => CassetteMode::Record,
        Some("record_missing") => CassetteMode::RecordMissing,
        Some("replay") | None => CassetteMode::Replay,
        Some(other) => return Err(PyValueError::new_err(format!("a cassette has no mode {other:?}"))),
    };
    let cassette = Cassette::new(file).mode(mode);
    let cassette = cassette.fast(setting!(settings, "fast", bool).unwrap_or_default());
    let cassette = cassette.allow_repeats(setting!(settings, "allow_repeats", bool).unwrap_or_default());
    let ignored = setting!(settings, "ignore", Vec<String>).unwrap_or_default();
    let cassette = ignored.into_iter().fold(cassette, Cassette::ignore);
    let redacted = setting!(settings, "redact_members", Vec<String>).unwrap_or_default();
    let cassette = redacted.into_iter().fold(cassette, Cassette::redact_member);
    let kept = setting!(settings, "keep_headers", Vec<String>).unwrap_or_default();
    Ok(kept.into_iter().fold(cassette, Cassette::keep_header))
}

/// Pairs of a mapping.
fn pairs<'py>(value: &Bound<'py, PyAny>) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
    value.cast::<PyMapping>()?.items()?.iter().map(|pair| pair.extract()).collect()
}

fn headers(mut options: RequestOptions, extra: &Bound<'_, PyAny>) -> PyResult<RequestOptions> {
    for (name, value) in pairs(extra)? {
        let absent = value.is_none() || Types::get(value.py())?.is_omitted(&value);
        options = match absent {
            true => options.without_header(name),
            // A key for one call, and not for the looks or parts that a helper sends besides.
            false if name.eq_ignore_ascii_case("idempotency-key") => options.idempotency_key(value.str()?.to_str()?),
            false => options.header(name, value.str()?.to_str()?),
        };
    }
    Ok(options)
}

fn query(mut options: RequestOptions, extra: &Bound<'_, PyAny>) -> PyResult<RequestOptions> {
    for (name, value) in pairs(extra)? {
        options = parameter(options, &name, &value)?;
    }
    Ok(options)
}

/// One parameter; a list as `name[]` for each item, an object as `name[key]` for each member, as the API writes them.
fn parameter(options: RequestOptions, name: &str, value: &Bound<'_, PyAny>) -> PyResult<RequestOptions> {
    if value.is_none() || Types::get(value.py())?.is_omitted(value) {
        return Ok(options);
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(options.query(name, text.to_str()?));
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(options.query(name, if flag.is_true() { "true" } else { "false" }));
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        return dict.iter().try_fold(options, |options, (key, value)| {
            parameter(options, &format!("{name}[{}]", key.str()?.to_str()?), &value)
        });
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let name = format!("{name}[]");
        return value.try_iter()?.try_fold(options, |options, item| parameter(options, &name, &item?));
    }
    Ok(options.query(name, value.str()?.to_str()?))
}

fn body(mut options: RequestOptions, extra: &Bound<'_, PyAny>) -> PyResult<RequestOptions> {
    for (name, value) in pairs(extra)? {
        if Types::get(value.py())?.is_omitted(&value) {
            continue;
        }
        let json = Json::parse(&Encoder::text(value.py(), &value)?)
            .map_err(|error| PyValueError::new_err(format!("`extra_body`: {error}")))?;
        options = options.extra_body(name, json);
    }
    Ok(options)
}

/// A limit of time as the official package takes it: seconds, `None` for no limit, or an object with parts.
fn duration(limit: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let py = limit.py();
    let limit = match limit.getattr_opt(intern!(py, "read"))? {
        Some(read) => read,
        None => limit.clone(),
    };
    if limit.is_none() { Ok(NO_LIMIT) } else { seconds(limit.extract::<f64>()?) }
}

pub(crate) fn seconds(value: f64) -> PyResult<Duration> {
    if value == f64::INFINITY {
        return Ok(NO_LIMIT);
    }
    let limit = Duration::try_from_secs_f64(value);
    limit
        .map(|limit| limit.min(NO_LIMIT))
        .map_err(|error| PyValueError::new_err(format!("a limit of {value} s: {error}")))
}

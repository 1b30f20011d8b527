//! Settings of a client and options of a call, from Python dictionaries.

use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyMapping, PyString, PyTuple};
use threadline::settings::Settings;
use threadline::{ClientBuilder, Json, RequestOptions};

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
    let options = without_key(settings)?;
    Ok(match setting!(settings, "api_key", String) {
        Some(key) => options.api_key(key),
        None => options,
    })
}

fn without_key(settings: &Bound<'_, PyDict>) -> PyResult<RequestOptions> {
    let mut options = RequestOptions::new();
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

/// Settings that are plain data, which the core reads.
const PLAIN: &[&str] = &[
    "api_key",
    "base_url",
    "connect_timeout",
    "tcp_user_timeout",
    "system_proxy",
    "proxy",
    "no_proxy",
    "ca_file",
    "client_cert_file",
    "client_key_file",
    "resolve",
    "http_version",
    "limits",
    "retry_budget",
    "cassette",
    "azure",
    "observe_content",
];

/// A client of these settings.
pub(crate) fn client(settings: &Bound<'_, PyDict>) -> PyResult<ClientBuilder> {
    let made = plain(settings)?.builder(identity::hooks(settings)?);
    // A key among these would take the place of the identity, where both are to be refused together.
    let mut builder = made.map_err(refused)?.options(without_key(settings)?);
    if let Some(client) = setting!(settings, "transport", Bound<'_, PyAny>) {
        builder = builder.shared_transport(crate::transport::of(&client)?);
    }
    Ok(builder)
}

fn refused(error: threadline::Error) -> PyErr {
    PyValueError::new_err(error.message().to_owned())
}

fn plain(settings: &Bound<'_, PyDict>) -> PyResult<Settings> {
    let py = settings.py();
    let chosen = PyDict::new(py);
    for name in PLAIN {
        let Some(value) = settings.get_item(name)?.filter(|value| !value.is_none()) else { continue };
        // JSON has no infinity.
        match value.extract::<f64>() {
            Ok(limit) if limit == f64::INFINITY => chosen.set_item(name, NO_LIMIT.as_secs())?,
            _ => chosen.set_item(name, value)?,
        }
    }
    if let Some(given) = setting!(settings, "workload_identity", Bound<'_, PyDict>) {
        chosen.set_item("workload_identity", identity::plain(&given)?)?;
    }
    let paths = PyDict::new(py);
    paths.set_item("default", py.import(intern!(py, "os"))?.getattr(intern!(py, "fspath"))?)?;
    let text = py.import(intern!(py, "json"))?.getattr(intern!(py, "dumps"))?.call((chosen,), Some(&paths))?;
    Settings::from_json(&text.extract::<String>()?).map_err(refused)
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
    let limit = threadline::settings::duration("a limit in seconds", Some(value));
    limit.map(Option::unwrap_or_default).map_err(refused)
}

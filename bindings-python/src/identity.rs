//! Functions of Python's that give tokens.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use threadline::auth::{Token, TokenContext, TokenFuture, TokenProvider, subject_token};
use threadline::settings::Hooks;
use threadline::{Error, ErrorKind};

use crate::host::Callback;
use crate::options::{seconds, setting};

/// What settings hold as functions.
pub(crate) fn hooks(settings: &Bound<'_, PyDict>) -> PyResult<Hooks> {
    let mut hooks = Hooks::new();
    if let Some(function) = setting!(settings, "token_provider", Py<PyAny>) {
        hooks = hooks.tokens(Tokens(Callback::aside(function)));
    }
    let Some(identity) = setting!(settings, "workload_identity", Bound<'_, PyDict>) else { return Ok(hooks) };
    let Some(subject) = setting!(identity, "provider", Bound<'_, PyDict>) else { return Ok(hooks) };
    let Some(get) = setting!(subject, "get_token", Py<PyAny>) else { return Ok(hooks) };
    let callback = Callback::aside(get);
    Ok(hooks.subject(move |subject| {
        Ok(subject_token(subject.token_type, move || {
            let callback = callback.clone();
            async move {
                let text = callback.ask().await.and_then(|value| Python::attach(|py| value.extract::<String>(py)));
                text.map_err(|error| {
                    let message = format!("the subject token provider failed: {error}");
                    Error::new(ErrorKind::Authentication, message).with_source(error)
                })
            }
        }))
    }))
}

/// A workload identity as plain data: a provider that is a function is named as one.
pub(crate) fn plain<'py>(identity: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
    let py = identity.py();
    let made = PyDict::new(py);
    for name in ["identity_provider_id", "service_account_id", "token_exchange_url", "refresh_buffer_seconds"] {
        if let Some(value) = identity.get_item(name)? {
            made.set_item(name, value)?;
        }
    }
    let missing = |name: &str| PyValueError::new_err(format!("a workload identity needs `{name}`"));
    let provider = setting!(identity, "provider", Bound<'_, PyDict>).ok_or_else(|| missing("provider"))?;
    let native = setting!(provider, "type", String).filter(|kind| kind != "text");
    if native.is_some() {
        made.set_item("provider", provider)?;
        return Ok(made);
    }
    if !provider.contains("get_token")? {
        return Err(missing("provider.get_token"));
    }
    let function = PyDict::new(py);
    function.set_item("type", "function")?;
    if let Some(kind) = setting!(provider, "token_type", String) {
        function.set_item("token_type", kind)?;
    }
    made.set_item("provider", function)?;
    Ok(made)
}

/// A Python function that gives tokens: a text, or an object with `token`, `expires_in` and `refresh_in` (seconds).
struct Tokens(Callback);

impl TokenProvider for Tokens {
    fn token<'a>(&'a self, _: &'a TokenContext) -> TokenFuture<'a> {
        Box::pin(async move {
            let value = self.0.ask().await?;
            Ok(Python::attach(|py| token(value.bind(py)))?)
        })
    }

    /// A function may look at the context of the call.
    fn is_shared(&self) -> bool {
        false
    }
}

fn token(value: &Bound<'_, PyAny>) -> PyResult<Token> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Token::new(text.to_str()?));
    }
    let mut token = Token::new(value.getattr("token")?.extract::<String>()?);
    let part = |name: &str| -> PyResult<Option<f64>> {
        value.getattr_opt(name)?.filter(|value| !value.is_none()).map(|value| value.extract()).transpose()
    };
    if let Some(lifetime) = part("expires_in")? {
        token = token.expires_in(seconds(lifetime)?);
    }
    if let Some(wait) = part("refresh_in")? {
        token = token.refresh_in(seconds(wait)?);
    }
    Ok(token)
}

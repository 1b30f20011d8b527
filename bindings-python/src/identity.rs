//! Who a client is, other than by a key: token providers, workload identity, Azure.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use threadline::auth::{
    AzureManagedIdentity, GcpIdToken, K8sServiceAccount, SubjectTokenType, Token, TokenContext, TokenFuture,
    TokenProvider, WorkloadIdentity, subject_token,
};
use threadline::azure::AzureOpenAI;
use threadline::{ClientBuilder, Error, ErrorKind};

use crate::host::Callback;
use crate::options::{seconds, setting};

/// The builder with the identity that these settings describe.
pub(crate) fn apply(mut builder: ClientBuilder, settings: &Bound<'_, PyDict>) -> PyResult<ClientBuilder> {
    let provider = setting!(settings, "token_provider", Py<PyAny>).map(|function| Tokens(Callback::new(function)));
    let azure = setting!(settings, "azure", Bound<'_, PyDict>);
    builder = match (azure, provider) {
        (Some(azure), provider) => builder.azure(of_azure(&azure, provider)?),
        (None, Some(provider)) => builder.token_provider(provider),
        (None, None) => builder,
    };
    if let Some(identity) = setting!(settings, "workload_identity", Bound<'_, PyDict>) {
        builder = builder.workload_identity(workload(&identity)?);
    }
    Ok(builder)
}

fn of_azure(settings: &Bound<'_, PyDict>, provider: Option<Tokens>) -> PyResult<AzureOpenAI> {
    let mut azure = match setting!(settings, "from_env", bool) {
        Some(true) => AzureOpenAI::from_env(),
        _ => AzureOpenAI::new(),
    };
    if let Some(url) = setting!(settings, "endpoint", String) {
        azure = azure.azure_endpoint(url);
    }
    if let Some(name) = setting!(settings, "deployment", String) {
        azure = azure.azure_deployment(name);
    }
    if let Some(version) = setting!(settings, "api_version", String) {
        azure = azure.api_version(version);
    }
    if let Some(token) = setting!(settings, "ad_token", String) {
        azure = azure.azure_ad_token(token);
    }
    if let Some(provider) = provider {
        azure = azure.azure_ad_token_provider(provider);
    }
    Ok(azure.v1(setting!(settings, "v1", bool).unwrap_or_default()))
}

fn workload(settings: &Bound<'_, PyDict>) -> PyResult<WorkloadIdentity> {
    let missing = |name: &str| PyValueError::new_err(format!("a workload identity needs `{name}`"));
    let provider = setting!(settings, "identity_provider_id", String).ok_or_else(|| missing("identity_provider_id"))?;
    let account = setting!(settings, "service_account_id", String).ok_or_else(|| missing("service_account_id"))?;
    let subject = setting!(settings, "provider", Bound<'_, PyDict>).ok_or_else(|| missing("provider"))?;
    let mut identity = match setting!(subject, "type", String).as_deref() {
        Some("k8s") => {
            let mut source = K8sServiceAccount::new();
            if let Some(path) = setting!(subject, "token_file_path", std::path::PathBuf) {
                source = source.token_file_path(path);
            }
            WorkloadIdentity::new(provider, account, source)
        }
        Some("azure") => {
            let mut source = AzureManagedIdentity::new();
            if let Some(url) = setting!(subject, "endpoint", String) {
                source = source.endpoint(url);
            }
            if let Some(uri) = setting!(subject, "resource", String) {
                source = source.resource(uri);
            }
            if let Some(id) = setting!(subject, "object_id", String) {
                source = source.object_id(id);
            }
            if let Some(id) = setting!(subject, "client_id", String) {
                source = source.client_id(id);
            }
            if let Some(id) = setting!(subject, "msi_res_id", String) {
                source = source.msi_res_id(id);
            }
            if let Some(version) = setting!(subject, "api_version", String) {
                source = source.api_version(version);
            }
            WorkloadIdentity::new(provider, account, source)
        }
        Some("gcp") => {
            let mut source = GcpIdToken::new();
            if let Some(url) = setting!(subject, "endpoint", String) {
                source = source.endpoint(url);
            }
            if let Some(uri) = setting!(subject, "audience", String) {
                source = source.audience(uri);
            }
            WorkloadIdentity::new(provider, account, source)
        }
        Some("x509") => WorkloadIdentity::x509(provider, account),
        _ => {
            let kind = match setting!(subject, "token_type", String).as_deref() {
                Some("id") => SubjectTokenType::Id,
                _ => SubjectTokenType::Jwt,
            };
            let get = setting!(subject, "get_token", Py<PyAny>).ok_or_else(|| missing("provider.get_token"))?;
            let callback = Callback::new(get);
            let get = move || {
                let callback = callback.clone();
                async move {
                    let text = callback.ask().await.and_then(|value| Python::attach(|py| value.extract::<String>(py)));
                    text.map_err(|error| {
                        Error::new(ErrorKind::Authentication, format!("the subject token provider failed: {error}"))
                    })
                }
            };
            WorkloadIdentity::new(provider, account, subject_token(kind, get))
        }
    };
    if let Some(url) = setting!(settings, "token_exchange_url", String) {
        identity = identity.token_exchange_url(url);
    }
    if let Some(buffer) = setting!(settings, "refresh_buffer_seconds", f64) {
        identity = identity.refresh_buffer(seconds(buffer)?);
    }
    Ok(identity)
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

//! Subject tokens from the metadata services of virtual machines.
//!
//! These services live on the machine itself: they are asked directly, past any proxy.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use super::exchange::read_all;
use super::subject::{SubjectFuture, SubjectTokenProvider, SubjectTokenType};
use crate::client::transport_error;
use crate::error::{Error, ErrorKind};
use crate::secret::Secret;
use crate::transport::{HttpRequest, ReqwestTransport, Transport};

/// Longest time for one answer of a metadata service.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How a metadata service is asked.
struct Service {
    name: &'static str,
    endpoint: String,
    timeout: Duration,
    transport: OnceLock<Arc<dyn Transport>>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Service {
    fn new(name: &'static str, endpoint: &str) -> Self {
        Self { name, endpoint: endpoint.to_owned(), timeout: TIMEOUT, transport: OnceLock::new() }
    }

    fn use_transport(&mut self, transport: Arc<dyn Transport>) {
        self.transport = OnceLock::from(transport);
    }

    fn transport(&self) -> Result<&Arc<dyn Transport>, Error> {
        if let Some(transport) = self.transport.get() {
            return Ok(transport);
        }
        let own = ReqwestTransport::builder().system_proxy(false).connect_timeout(Duration::from_secs(2)).build()?;
        Ok(self.transport.get_or_init(|| Arc::new(own)))
    }

    async fn get(&self, query: &[(&str, &str)], header: (&'static str, &'static str)) -> Result<String, Error> {
        let failed = |what: &str| Error::new(ErrorKind::Authentication, format!("the {} {what}", self.name));
        let mut url = Url::parse(&self.endpoint)
            .map_err(|_| Error::usage(format!("the endpoint of the {} is not a URL", self.name)))?;
        url.query_pairs_mut().extend_pairs(query);
        let mut request = HttpRequest::new(Method::GET, url);
        request.headers.insert(HeaderName::from_static(header.0), HeaderValue::from_static(header.1));
        let transport = self.transport()?;
        let asking = async {
            let response = transport.send(request).await.map_err(transport_error)?;
            let status = response.status;
            Ok::<_, Error>((status, read_all(response.body).await?))
        };
        let (status, body) = match timeout(self.timeout, asking).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                let message = format!("cannot be asked: {}", error.message());
                return Err(failed(&message).with_retryable(true).with_source(error));
            }
            Err(_) => return Err(failed(&format!("did not answer within {:?}", self.timeout)).with_retryable(true)),
        };
        if !status.is_success() {
            return Err(failed(&format!("answered with status {}", status.as_u16())));
        }
        String::from_utf8(body.into()).map_err(|_| failed("answered with something that is not text"))
    }
}

/// The token of a managed identity of an Azure virtual machine.
#[derive(Debug)]
#[must_use]
pub struct AzureManagedIdentity {
    service: Service,
    resource: String,
    object_id: Option<String>,
    client_id: Option<String>,
    msi_res_id: Option<String>,
    api_version: String,
}

impl Default for AzureManagedIdentity {
    fn default() -> Self {
        Self {
            service: Service::new("metadata service of Azure", "http://169.254.169.254/metadata/identity/oauth2/token"),
            resource: "https://management.azure.com/".to_owned(),
            object_id: None,
            client_id: None,
            msi_res_id: None,
            api_version: "2018-02-01".to_owned(),
        }
    }
}

impl AzureManagedIdentity {
    /// The machine's identity, for the resource `https://management.azure.com/`.
    pub fn new() -> Self {
        Self::default()
    }

    /// The resource that the token is for.
    pub fn resource(mut self, uri: impl Into<String>) -> Self {
        self.resource = uri.into();
        self
    }

    /// Object ID of the identity, where the machine has several.
    pub fn object_id(mut self, id: impl Into<String>) -> Self {
        self.object_id = Some(id.into());
        self
    }

    /// Client ID of the identity, where the machine has several.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// Resource ID of the identity, where the machine has several.
    pub fn msi_res_id(mut self, id: impl Into<String>) -> Self {
        self.msi_res_id = Some(id.into());
        self
    }

    /// Version of the metadata service. Default `2018-02-01`.
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = version.into();
        self
    }
}

impl SubjectTokenProvider for AzureManagedIdentity {
    fn subject_token(&self) -> SubjectFuture<'_> {
        Box::pin(async move {
            let mut query = vec![("api-version", self.api_version.as_str()), ("resource", self.resource.as_str())];
            for (name, value) in
                [("object_id", &self.object_id), ("client_id", &self.client_id), ("msi_res_id", &self.msi_res_id)]
            {
                query.extend(value.as_deref().map(|value| (name, value)));
            }
            let text = self.service.get(&query, ("metadata", "true")).await?;
            let reply: Value = serde_json::from_str(&text).unwrap_or_default();
            match reply["access_token"].as_str() {
                Some(token) if !token.is_empty() => Ok(Secret::from(token)),
                _ => Err(Error::new(
                    ErrorKind::Authentication,
                    "the answer of the metadata service of Azure holds no `access_token`",
                )),
            }
        })
    }
}

/// The identity token of a Google Cloud virtual machine.
#[derive(Debug)]
#[must_use]
pub struct GcpIdToken {
    service: Service,
    audience: String,
}

impl Default for GcpIdToken {
    fn default() -> Self {
        let endpoint = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity";
        Self {
            service: Service::new("metadata server of Google Cloud", endpoint),
            audience: "https://api.openai.com/v1".to_owned(),
        }
    }
}

impl GcpIdToken {
    /// The identity of the machine's service account, for the audience `https://api.openai.com/v1`.
    pub fn new() -> Self {
        Self::default()
    }

    /// The audience that the token is for.
    pub fn audience(mut self, uri: impl Into<String>) -> Self {
        self.audience = uri.into();
        self
    }
}

impl SubjectTokenProvider for GcpIdToken {
    fn token_type(&self) -> SubjectTokenType {
        SubjectTokenType::Id
    }

    fn subject_token(&self) -> SubjectFuture<'_> {
        Box::pin(async move {
            let query = [("audience", self.audience.as_str())];
            let text = self.service.get(&query, ("metadata-flavor", "Google")).await?;
            match text.trim() {
                "" => Err(Error::new(
                    ErrorKind::Authentication,
                    "the metadata server of Google Cloud gave an empty token",
                )),
                token => Ok(Secret::from(token)),
            }
        })
    }
}

macro_rules! service_setters {
    ($($type:ident)*) => { $( impl $type {
        /// Asks this URL instead of the metadata service's usual one.
        pub fn endpoint(mut self, url: impl Into<String>) -> Self {
            self.service.endpoint = url.into();
            self
        }

        /// Longest time for one answer. Default 10 s.
        pub fn timeout(mut self, limit: Duration) -> Self {
            self.service.timeout = limit;
            self
        }

        /// Asks through this transport instead of one without proxies.
        pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
            self.service.use_transport(transport);
            self
        }
    } )* };
}

service_setters!(AzureManagedIdentity GcpIdToken);

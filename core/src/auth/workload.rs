//! Workload identity: a program proves who it is by what its platform says, and needs no key.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::exchange::exchange;
use super::provider::{ProviderError, Token, TokenContext, TokenFuture, TokenProvider};
use super::subject::SubjectTokenProvider;
use crate::error::{Error, ErrorKind};

const EXCHANGE: &str = "https://auth.openai.com/oauth/token";
const EXCHANGE_BY_CERTIFICATE: &str = "https://mtls.auth.openai.com/oauth/token";
const BASE_BY_CERTIFICATE: &str = "https://mtls.api.openai.com/v1";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const CERTIFICATE: &str = "urn:openai:params:oauth:token-type:x509";
const BUFFER: Duration = Duration::from_secs(1200);

/// Trades what the platform says about this program for tokens of the API, which are kept and renewed in time.
///
/// ```no_run
/// use threadline::Client;
/// use threadline::auth::{K8sServiceAccount, WorkloadIdentity};
///
/// # fn run() -> Result<(), threadline::Error> {
/// let identity = WorkloadIdentity::new("idp_123", "sa_123", K8sServiceAccount::new());
/// let client = Client::builder().workload_identity(identity).build()?;
/// # let _ = client; Ok(()) }
/// ```
#[must_use]
pub struct WorkloadIdentity {
    identity_provider_id: String,
    service_account_id: String,
    /// `None`: the client certificate of the connection speaks for the program.
    subject: Option<Arc<dyn SubjectTokenProvider>>,
    refresh_buffer: Duration,
    token_exchange_url: String,
}

impl fmt::Debug for WorkloadIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkloadIdentity")
            .field("identity_provider_id", &self.identity_provider_id)
            .field("service_account_id", &self.service_account_id)
            .finish_non_exhaustive()
    }
}

impl WorkloadIdentity {
    /// An identity by subject tokens: the ID of the identity provider and of the service account as they are set up in the
    /// API's administration, and where the tokens come from.
    pub fn new(
        identity_provider_id: impl Into<String>,
        service_account_id: impl Into<String>,
        subject: impl SubjectTokenProvider,
    ) -> Self {
        let ids = (identity_provider_id.into(), service_account_id.into());
        Self::of(ids, Some(Arc::new(subject)), EXCHANGE)
    }

    /// An identity by the client certificate of the client's connections, which
    /// [`client_certificate`](crate::transport::ReqwestTransportBuilder::client_certificate) sets.
    pub fn x509(identity_provider_id: impl Into<String>, service_account_id: impl Into<String>) -> Self {
        Self::of((identity_provider_id.into(), service_account_id.into()), None, EXCHANGE_BY_CERTIFICATE)
    }

    fn of(ids: (String, String), subject: Option<Arc<dyn SubjectTokenProvider>>, url: &str) -> Self {
        Self {
            identity_provider_id: ids.0,
            service_account_id: ids.1,
            subject,
            refresh_buffer: BUFFER,
            token_exchange_url: url.to_owned(),
        }
    }

    /// How long before its end a token is renewed. Default 20 minutes; never more than half of the token's life.
    pub fn refresh_buffer(mut self, buffer: Duration) -> Self {
        self.refresh_buffer = buffer;
        self
    }

    /// Makes the exchange at this URL instead of `https://auth.openai.com/oauth/token` (with a certificate:
    /// `https://mtls.auth.openai.com/oauth/token`).
    pub fn token_exchange_url(mut self, url: impl Into<String>) -> Self {
        self.token_exchange_url = url.into();
        self
    }

    pub(super) fn default_base_url(&self) -> Option<&'static str> {
        self.subject.is_none().then_some(BASE_BY_CERTIFICATE)
    }

    async fn fetch(&self, context: &TokenContext) -> Result<Token, ProviderError> {
        let mut body = json!({
            "grant_type": GRANT,
            "subject_token_type": CERTIFICATE,
            "identity_provider_id": self.identity_provider_id,
            "service_account_id": self.service_account_id,
        });
        let mut subject_token = None;
        if let Some(subject) = &self.subject {
            let token = subject.subject_token().await?;
            if token.is_empty() {
                return Err(Error::new(ErrorKind::Authentication, "the subject token is empty").into());
            }
            body["subject_token"] = token.expose().into();
            body["subject_token_type"] = subject.token_type().urn().into();
            subject_token = Some(token);
        }
        let token = match (exchange(&context.transport, &self.token_exchange_url, &body).await, subject_token) {
            (Ok(token), _) => token,
            (Err(error), Some(subject)) => return Err(error.without(subject.expose()).into()),
            (Err(error), None) => return Err(error.into()),
        };
        let lifetime = token.expires_in.unwrap_or_default();
        Ok(token.refresh_in(lifetime - self.refresh_buffer.min(lifetime / 2)))
    }
}

impl TokenProvider for WorkloadIdentity {
    fn token<'a>(&'a self, context: &'a TokenContext) -> TokenFuture<'a> {
        Box::pin(self.fetch(context))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use http::{HeaderMap, StatusCode};
    use serde_json::Value;

    use super::super::{SubjectTokenType, subject_token};
    use super::*;
    use crate::transport::{
        HttpRequest, HttpResponse, RequestBody, SendFuture, Transport, TransportError, TransportErrorKind,
    };

    /// Answers with these statuses and bodies in turn; 0 breaks the connection.
    #[derive(Debug)]
    struct Endpoint {
        replies: Mutex<Vec<(u16, &'static str)>>,
        seen: Mutex<Vec<Value>>,
    }

    impl Transport for Endpoint {
        fn send(&self, request: HttpRequest) -> SendFuture<'_> {
            let RequestBody::Bytes(body) = &request.body else { panic!("a body in memory") };
            self.seen.lock().unwrap().push(serde_json::from_slice(body).unwrap());
            let reply = self.replies.lock().unwrap().remove(0);
            Box::pin(async move {
                match reply {
                    (0, text) => Err(TransportError::new(TransportErrorKind::Send, text)),
                    (status, text) => {
                        let status = StatusCode::from_u16(status).unwrap();
                        Ok(HttpResponse::from_bytes(status, HeaderMap::new(), text))
                    }
                }
            })
        }
    }

    async fn fetched(
        identity: WorkloadIdentity,
        replies: &[(u16, &'static str)],
    ) -> (Result<Token, ProviderError>, Vec<Value>) {
        let endpoint = Arc::new(Endpoint { replies: Mutex::new(replies.to_vec()), seen: Mutex::default() });
        let transport: Arc<dyn Transport> = endpoint.clone();
        let answer = identity.token(&TokenContext { transport }).await;
        let seen = endpoint.seen.lock().unwrap().clone();
        (answer, seen)
    }

    fn by_closure() -> WorkloadIdentity {
        let subject = subject_token(SubjectTokenType::Id, || async { Ok::<_, Error>("canary-subject") });
        WorkloadIdentity::new("idp", "sa", subject)
    }

    const GOOD: &str = r#"{"access_token":"fresh","expires_in":3600}"#;

    #[tokio::test(start_paused = true)]
    async fn the_subject_token_is_traded_and_renewed_before_its_end() {
        let (token, seen) = fetched(by_closure(), &[(200, GOOD)]).await;
        let token = token.unwrap();
        assert_eq!(token.value.expose(), "fresh");
        assert_eq!(token.refresh_in, Some(Duration::from_secs(2400)));
        let expected = json!({
            "grant_type": GRANT,
            "subject_token": "canary-subject",
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "identity_provider_id": "idp",
            "service_account_id": "sa",
        });
        assert_eq!(seen, [expected]);
        let (token, _) = fetched(by_closure(), &[(200, r#"{"access_token":"t","expires_in":60}"#)]).await;
        assert_eq!(token.unwrap().refresh_in, Some(Duration::from_secs(30)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_certificate_speaks_without_a_subject_token() {
        let (token, seen) = fetched(WorkloadIdentity::x509("idp", "sa"), &[(200, GOOD)]).await;
        assert!(token.is_ok());
        assert_eq!(seen[0].get("subject_token"), None);
        assert_eq!(seen[0]["subject_token_type"], CERTIFICATE);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_that_may_pass_are_tried_again_and_others_are_not() {
        let (token, seen) = fetched(by_closure(), &[(503, ""), (0, "broke"), (200, GOOD)]).await;
        assert!(token.is_ok() && seen.len() == 3);
        let (token, seen) = fetched(by_closure(), &[(503, ""), (503, ""), (503, "")]).await;
        assert!(token.is_err() && seen.len() == 3);
        let (token, seen) = fetched(by_closure(), &[(401, r#"{"error":"invalid_client"}"#)]).await;
        assert!(token.is_err() && seen.len() == 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_that_quotes_the_subject_token_does_not_show_it() {
        let reply = r#"{"error":"invalid_grant","error_description":"canary-subject is expired"}"#;
        let (token, _) = fetched(by_closure(), &[(400, reply)]).await;
        let error = token.unwrap_err();
        assert!(error.to_string().contains("*** is expired"), "{error}");
        let shown = format!("{error:?} {:?}", error.downcast_ref::<Error>().unwrap().body());
        assert!(!shown.contains("canary"), "{shown}");
    }
}

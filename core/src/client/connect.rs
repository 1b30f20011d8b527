//! Where a WebSocket of a client goes, and how it says who it is.

use std::fmt;
use std::sync::Arc;

use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue};

use super::prepare::{
    AGENT, API_KEY, Credential, DEFAULT_BASE_URL, account_headers, api_key, apply, bearer_token, credential,
};
use super::{Client, RequestOptions};
use crate::auth::TokenSource;
use crate::error::Error;
use crate::operation::Auth;
use crate::request::headers;
use crate::request::url::BaseUrl;
use crate::secret::Secret;

/// Address and headers of a WebSocket, for whoever opens it.
#[non_exhaustive]
pub struct ConnectTarget {
    /// The address: `ws` or `wss`, path and query.
    pub url: String,
    /// Credential, account and the caller's own headers; not those of the handshake itself.
    pub headers: HeaderMap,
    key: Option<Secret>,
    tokens: Option<Arc<TokenSource>>,
}

impl fmt::Debug for ConnectTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectTarget")
            .field("url", &super::without_user_and_query(&self.url))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl ConnectTarget {
    /// Tells that the server refused the credential with status 401. Returns whether another try, with a target made anew,
    /// can have another credential.
    pub fn refused(&self) -> bool {
        match (&self.tokens, &self.key) {
            (Some(tokens), Some(key)) => {
                tokens.refused(key);
                true
            }
            _ => false,
        }
    }

    /// The credential, where it is a key or a token.
    pub(crate) fn key(&self) -> Option<&Secret> {
        self.key.as_ref()
    }

    /// An error without the credential, should the server have quoted it.
    pub fn redact(&self, error: Error) -> Error {
        match &self.key {
            Some(key) => error.without(key.expose()),
            None => error,
        }
    }
}

impl Client {
    /// Address and headers of a WebSocket at a path below the base URL, such as `/realtime`; `values` fill its placeholders. On Azure the query parameter
    /// `model` of `/realtime` becomes the deployment's, and the API's version is added.
    ///
    /// # Errors
    /// Kind `usage` if there is no credential or the address cannot be made; kind `authentication` if the token provider
    /// fails.
    pub async fn connect_target(
        &self,
        path: &'static str,
        values: &[String],
        query: &[(String, String)],
        options: RequestOptions,
    ) -> Result<ConnectTarget, Error> {
        let options = options.over_client(&self.inner.options);
        let azure = self.inner.azure.as_deref();
        let base_text = options.base_url.as_deref().unwrap_or(DEFAULT_BASE_URL);
        let mut pairs: Vec<(String, String)> = azure.and_then(|azure| azure.query(base_text)).into_iter().collect();
        for (name, value) in query.iter().chain(&options.query) {
            let (name, value) = match azure {
                Some(azure) if path == "/realtime" && name == "model" => {
                    let (name, value) = azure.realtime_query(value);
                    (name.to_owned(), value)
                }
                _ => (name.clone(), value.clone()),
            };
            pairs.retain(|(known, _)| *known != name);
            pairs.push((name, value));
        }
        let url = BaseUrl::parse(base_text)?.join(path, values, &pairs)?;
        // `http` becomes `ws`, and so `https` `wss`.
        let url = url.replacen("http", "ws", 1);
        let mut map = HeaderMap::new();
        map.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        account_headers(&mut map, &options)?;
        let (key, tokens) = match credential(Auth::Key, path, &options, azure.is_some())? {
            Credential::None => (None, None),
            Credential::Key(key) => {
                match azure {
                    Some(_) => map.insert(API_KEY, api_key(&key)?),
                    None => map.insert(AUTHORIZATION, headers::bearer(key.expose())?),
                };
                (Some(key), None)
            }
            Credential::Tokens(tokens) => {
                let token = tokens.token(&self.inner.transport).await?;
                map.insert(AUTHORIZATION, bearer_token(&token)?);
                (Some(token), Some(tokens))
            }
        };
        apply(&mut map, &options.headers)?;
        Ok(ConnectTarget { url, headers: map, key, tokens })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::azure::AzureOpenAI;

    fn model(name: &str) -> Vec<(String, String)> {
        vec![("model".to_owned(), name.to_owned())]
    }

    async fn target(client: &Client) -> ConnectTarget {
        client.connect_target("/realtime", &[], &model("m"), RequestOptions::new()).await.expect("a target")
    }

    #[tokio::test]
    async fn a_key_goes_as_bearer_and_is_not_shown() {
        let client = Client::builder().api_key("sk-canary").base_url("http://h.test/v1").build().unwrap();
        let target = target(&client).await;
        assert_eq!(target.url, "ws://h.test/v1/realtime?model=m");
        assert_eq!(target.headers[AUTHORIZATION], "Bearer sk-canary");
        assert!(!format!("{target:?}").contains("canary") && !target.refused());
    }

    #[tokio::test]
    async fn azure_has_deployments_versions_and_its_own_header() {
        let azure = || AzureOpenAI::new().azure_endpoint("https://r.openai.azure.com").api_version("v");
        let dated = Client::builder().azure(azure().azure_deployment("d")).api_key("k").build().unwrap();
        let target_ = target(&dated).await;
        assert_eq!(target_.url, "wss://r.openai.azure.com/openai/realtime?api-version=v&deployment=d");
        assert_eq!(target_.headers["api-key"], "k");
        let undated = Client::builder().azure(azure().v1(true).azure_ad_token("t")).build().unwrap();
        let target_ = target(&undated).await;
        assert_eq!(target_.url, "wss://r.openai.azure.com/openai/v1/realtime?api-version=v&model=m");
        assert_eq!(target_.headers[AUTHORIZATION], "Bearer t");
        assert!(target_.refused());
    }

    #[tokio::test]
    async fn the_clients_key_is_not_taken_to_another_origin() {
        let client = Client::builder().api_key("k").base_url("http://h.test/v1").build().unwrap();
        let options = RequestOptions::new().base_url("http://other.test/v1");
        assert!(client.connect_target("/realtime", &[], &model("m"), options).await.is_err());
    }
}

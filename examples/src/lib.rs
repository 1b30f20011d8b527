//! What the example programs share: finding a provider to talk to.

use threadline::{Client, Error};
use threadline_mock::MockServer;

/// A client, and the mock server behind it where there is no key for a real provider.
#[derive(Debug)]
pub struct Provider {
    /// The client to call.
    pub client: Client,
    /// The model to name: `MODEL` of the environment, or a common one.
    pub model: String,
    mock: Option<MockServer>,
}

impl Provider {
    /// The provider that `OPENAI_API_KEY`, `OPENAI_BASE_URL` and `MODEL` name; with neither key nor base URL, the mock
    /// server, started in this process.
    ///
    /// # Errors
    /// The environment holds something the client cannot use.
    pub async fn from_env() -> Result<Self, Error> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let model = set("MODEL").unwrap_or_else(|| "gpt-5.5".to_owned());
        match (set("OPENAI_API_KEY"), set("OPENAI_BASE_URL")) {
            (None, None) => {
                let mock = MockServer::start().await;
                let client = Client::builder().api_key("mock-key").base_url(mock.base_url()).build()?;
                Ok(Self { client, model, mock: Some(mock) })
            }
            // Local servers want no key, but the header must say something.
            (None, Some(base)) => {
                let client = Client::builder().api_key("none").base_url(base).build()?;
                Ok(Self { client, model, mock: None })
            }
            (Some(_), _) => Ok(Self { client: Client::from_env()?, model, mock: None }),
        }
    }

    /// Whether the replies come from the mock server.
    pub fn is_mock(&self) -> bool {
        self.mock.is_some()
    }
}

//! Requests to a server, as a plain HTTP client makes them.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::Error;
use crate::sse::{Event, Parser};

/// A client of one or several servers; which one is asked is said with each request.
#[derive(Debug, Clone)]
pub struct Api {
    http: Client<HttpConnector, Full<Bytes>>,
    patience: Duration,
}

/// The server is gone, or says nothing for too long: worth asking another.
#[derive(Debug)]
pub struct Gone(String);

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Gone {}

fn gone(error: impl std::fmt::Display) -> Error {
    Box::new(Gone(error.to_string()))
}

/// A reply: its status, and its body as JSON.
pub type Answer = (u16, Value);

impl Api {
    /// A client that waits so long for a reply to begin, and for each piece of it.
    pub fn new(patience: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { http: Client::builder(TokioExecutor::new()).build(connector), patience }
    }

    async fn send(&self, method: Method, url: &str, body: Option<&Value>) -> Result<Response<Incoming>, Error> {
        let mut request = Request::builder().method(method).uri(url).header("authorization", "Bearer any");
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let sent = self.http.request(request.body(Full::from(body))?);
        timeout(self.patience, sent).await.map_err(gone)?.map_err(gone)
    }

    /// Asks, and reads the answer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn call(&self, method: Method, url: String, body: Option<&Value>) -> Result<Answer, Error> {
        let reply = self.send(method, &url, body).await?;
        let status = reply.status().as_u16();
        let bytes = timeout(self.patience, reply.into_body().collect()).await.map_err(gone)?.map_err(gone)?;
        Ok((status, serde_json::from_slice(&bytes.to_bytes())?))
    }

    /// `POST` that must succeed.
    ///
    /// # Errors
    /// When it does not.
    pub async fn post(&self, url: String, body: &Value) -> Result<Value, Error> {
        match self.call(Method::POST, url.clone(), Some(body)).await? {
            (200, value) => Ok(value),
            (status, value) => Err(format!("POST {url}: {status} {value}").into()),
        }
    }

    /// `GET` that must succeed.
    ///
    /// # Errors
    /// When it does not.
    pub async fn get(&self, url: String) -> Result<Value, Error> {
        match self.call(Method::GET, url.clone(), None).await? {
            (200, value) => Ok(value),
            (status, value) => Err(format!("GET {url}: {status} {value}").into()),
        }
    }

    /// Reads a stream, telling `seen` of each event, until it ends or breaks.
    ///
    /// # Errors
    /// When it breaks, or is refused.
    pub async fn stream(
        &self,
        method: Method,
        url: String,
        body: Option<&Value>,
        mut seen: impl FnMut(Event),
    ) -> Result<(), Error> {
        let reply = self.send(method, &url, body).await?;
        if !reply.status().is_success() {
            return Err(format!("{url}: {}", reply.status()).into());
        }
        let (mut parser, mut body) = (Parser::default(), reply.into_body());
        while let Some(frame) = timeout(self.patience, body.frame()).await.map_err(gone)? {
            if let Ok(bytes) = frame.map_err(gone)?.into_data() {
                parser.push(&bytes).into_iter().for_each(&mut seen);
            }
        }
        Ok(())
    }

    /// All items of a list, oldest first.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub async fn all(&self, url: &str) -> Result<Vec<Value>, Error> {
        let (mut items, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.get(format!("{url}?order=asc&limit=100{after}")).await?;
            items.extend(page["data"].as_array().into_iter().flatten().cloned());
            match page["last_id"].as_str() {
                Some(last) if page["has_more"] == true => after = format!("&after={last}"),
                _ => return Ok(items),
            }
        }
    }

    /// A new assistant with a function, and its id.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn assistant(&self, base: &str) -> Result<String, Error> {
        let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        let tools = json!([{"type": "function", "function": {"name": "weather", "parameters": parameters}}]);
        let made = self.post(format!("{base}/assistants"), &json!({"model": "rules", "tools": tools})).await?;
        text(&made["id"])
    }

    /// A new thread with a question, and its id.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn thread(&self, base: &str, question: &str) -> Result<String, Error> {
        let body = json!({"messages": [{"role": "user", "content": question}]});
        text(&self.post(format!("{base}/threads"), &body).await?["id"])
    }
}

/// A text of a reply.
///
/// # Errors
/// When it is none.
pub fn text(value: &Value) -> Result<String, Error> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("no text: {value}").into())
}

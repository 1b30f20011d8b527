//! The transport of a client for HTTP requests of others: what `threadline.fetch` is made of.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use napi::bindgen_prelude::Uint8Array;
use napi::{Error, Result};
use napi_derive::napi;
use serde::Deserialize;
use threadline::transport::{HttpRequest, RequestBody, Transport};
use threadline::{Error as CoreError, ErrorKind};

use crate::client::Client;
use crate::error;
use crate::item::{Head, Item};
use crate::source::{Inner, Source};

#[derive(Deserialize)]
struct Asked {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
}

#[napi]
impl Client {
    /// Starts an HTTP request as it stands: `asked` has method, URL and headers (JSON). Nothing is added and nothing repeated.
    #[napi]
    pub fn exchange(&self, id: u32, asked: String, body: Option<Uint8Array>) -> Result<()> {
        let asked: std::result::Result<Asked, _> = serde_json::from_str(&asked);
        let asked = asked.map_err(|error| Error::from_reason(error.to_string()))?;
        let request = request(asked, body.map(|body| Bytes::copy_from_slice(&body)));
        let request = request.map_err(Error::from_reason)?;
        let mut transport: Option<Arc<dyn Transport>> = None;
        let place = &mut transport;
        drop(self.core.with_transport(|inner| {
            *place = Some(Arc::clone(&inner));
            inner
        }));
        let transport = transport.ok_or_else(|| Error::from_reason("the client has no transport"))?;
        let queue = Arc::clone(&self.queue);
        self.queue.spawn(id, async move {
            match transport.send(request).await {
                Ok(reply) => {
                    let head = Head { status: reply.status.as_u16(), headers: reply.headers, attempts: 1 };
                    Item::Open { id, head, source: queue.keep(Source::new(Inner::Body(reply.body))), events: false }
                }
                Err(error) => {
                    let error = CoreError::new(ErrorKind::Connection, error.to_string());
                    Item::Failed { id, record: error::record(&error) }
                }
            }
        })
    }
}

fn request(asked: Asked, body: Option<Bytes>) -> std::result::Result<HttpRequest, String> {
    let method = Method::from_bytes(asked.method.as_bytes()).map_err(|error| error.to_string())?;
    let mut request = HttpRequest::new(method, asked.url);
    for (name, value) in asked.headers {
        // Those of the connection are the transport's.
        if ["host", "content-length", "transfer-encoding", "connection", "accept-encoding"].contains(&name.as_str()) {
            continue;
        }
        let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
        request.headers.append(name, HeaderValue::try_from(value).map_err(|error| error.to_string())?);
    }
    if let Some(body) = body {
        request.body = RequestBody::Bytes(body);
    }
    Ok(request)
}

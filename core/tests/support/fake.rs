//! A transport without a network.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, StatusCode};
use threadline::transport::{
    ByteStream, HttpRequest, HttpResponse, RequestBody, SendFuture, Transport, TransportError, TransportErrorKind,
};
use threadline::{Client, ClientBuilder};

/// What the fake server does with one request.
pub enum Answer {
    /// A whole reply: status, headers, body.
    Reply(u16, Vec<(&'static str, String)>, Bytes),
    /// A head, then this body.
    Body(u16, Vec<(&'static str, String)>, ByteStream),
    /// A failure before the head.
    Fail(TransportErrorKind),
    /// Nothing, for ever.
    Silence,
}

/// A 200 with this JSON.
pub fn json(body: &str) -> Answer {
    status(200, body)
}

/// A reply with this JSON.
pub fn status(status: u16, body: &str) -> Answer {
    Answer::Reply(status, vec![("content-type", "application/json".into())], Bytes::from(body.to_owned()))
}

/// A reply with this header and an empty object.
pub fn with_header(code: u16, name: &'static str, value: &str) -> Answer {
    Answer::Reply(code, vec![(name, value.to_owned())], Bytes::from_static(b"{}"))
}

/// A 200 whose body is this stream of events.
pub fn events(body: ByteStream) -> Answer {
    Answer::Body(200, vec![("content-type", "text/event-stream".into())], body)
}

/// A body of these pieces.
pub fn pieces<P: Into<Bytes>>(pieces: impl IntoIterator<Item = P>) -> ByteStream {
    let pieces: Vec<_> = pieces.into_iter().map(|piece| Ok(piece.into())).collect();
    Box::pin(stream::iter(pieces))
}

/// A body that breaks after these pieces.
pub fn broken(text: &str) -> ByteStream {
    let error = TransportError::new(TransportErrorKind::Read, "the connection broke");
    Box::pin(stream::iter([Ok(Bytes::from(text.to_owned())), Err(error)]))
}

/// A request as the fake server saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub url: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    seen: Vec<Seen>,
}

/// Gives the scripted answers in order, and fails the test when there are no more.
#[derive(Clone, Default)]
pub struct Fake(Arc<Mutex<State>>);

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

impl Fake {
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let fake = Self::default();
        fake.0.lock().unwrap().answers.extend(answers);
        fake
    }

    pub fn builder(&self) -> ClientBuilder {
        Client::builder().api_key("sk-test-key").base_url("https://api.test/v1").transport(self.clone())
    }

    pub fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().seen.clone()
    }
}

impl Transport for Fake {
    fn send(&self, request: HttpRequest) -> SendFuture<'_> {
        Box::pin(async move {
            let body = match request.body {
                RequestBody::Bytes(bytes) => bytes,
                RequestBody::Stream { stream, .. } => {
                    let pieces: Vec<Bytes> = futures_util::TryStreamExt::try_collect(stream).await?;
                    pieces.concat().into()
                }
                _ => Bytes::new(),
            };
            let answer = {
                let mut state = self.0.lock().unwrap();
                let (method, url) = (request.method.to_string(), request.url);
                state.seen.push(Seen { method, url, headers: request.headers, body });
                state.answers.pop_front().expect("one request too many")
            };
            let (status, headers, body) = match answer {
                Answer::Silence => std::future::pending().await,
                Answer::Fail(kind) => return Err(TransportError::new(kind, "scripted failure")),
                Answer::Reply(status, headers, body) => (status, headers, pieces([body])),
                Answer::Body(status, headers, body) => (status, headers, body),
            };
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(HeaderName::from_static(name), value.parse().unwrap());
            }
            Ok(HttpResponse::new(StatusCode::from_u16(status).unwrap(), map, body))
        })
    }
}

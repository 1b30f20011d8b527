//! The engine inside of a client: requests to its endpoints stay in the process, all others go on.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use futures_util::StreamExt;
use http::Request;
use serde::Deserialize;
use threadline::transport::{
    ByteStream, HttpRequest, HttpResponse, RequestBody, SendFuture, TransportError, TransportErrorKind,
};
use threadline::{Client, ClientBuilder, Transport};
use tokio::sync::OnceCell;
use tower_service::Service;

use crate::engine::Engine;
use crate::model::{Profile, Upstream};
use crate::settings::Settings;

/// A transport that answers `/assistants` and `/threads` itself and sends everything else on.
pub struct Embedded {
    onward: Arc<dyn Transport>,
    /// Path of the base URL, before which nothing is ours.
    base: String,
    /// Whether files and vector stores are the engine's too.
    files: bool,
    engine: OnceCell<Router>,
    make: Make,
}

/// What an engine is made of, once a request needs it: not before there is a runtime.
struct Make {
    store: String,
    upstream: Upstream,
    settings: Settings,
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded").field("onward", &self.onward).finish_non_exhaustive()
    }
}

impl Embedded {
    /// Puts an engine before a transport. `client` is how the engine reaches its models; `base_url` is the base URL of
    /// the client that gets this transport.
    pub fn new(assistants: Assistants, base_url: &str, client: Client, onward: Arc<dyn Transport>) -> Self {
        let base = url::Url::parse(base_url).map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default();
        let Assistants { store, profile, settings, files } = assistants;
        let make = Make { store, upstream: Upstream::new(client, profile), settings };
        Self { onward, base, files, engine: OnceCell::new(), make }
    }

    /// Path below the base URL, if the engine answers it.
    fn own_path(&self, url: &str) -> Option<String> {
        let url = url::Url::parse(url).ok()?;
        let path = url.path().strip_prefix(&self.base)?;
        let first = path.trim_start_matches('/').split('/').next()?;
        match first {
            "assistants" | "threads" => {}
            "files" | "vector_stores" if self.files => {}
            _ => return None,
        }
        Some(match url.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        })
    }

    async fn answer(&self, path: String, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let router = self
            .engine
            .get_or_try_init(|| async {
                let Make { store, upstream, settings } = &self.make;
                let engine = Engine::open(store, upstream.clone(), settings.clone()).await;
                engine.map(|engine| engine.router())
            })
            .await
            .map_err(|error| TransportError::new(TransportErrorKind::Request, error.to_string()))?;
        let body = match request.body {
            RequestBody::Bytes(bytes) => Body::from(bytes),
            RequestBody::Stream { stream, .. } => Body::from_stream(stream),
            _ => Body::empty(),
        };
        let mut inner = Request::builder().method(request.method).uri(path);
        if let Some(headers) = inner.headers_mut() {
            *headers = request.headers;
        }
        let unusable = |error: http::Error| TransportError::new(TransportErrorKind::Request, error.to_string());
        let inner = inner.body(body).map_err(unusable)?;
        let mut router = router.clone();
        let reply = match Service::call(&mut router, inner).await {
            Ok(reply) => reply,
            Err(never) => match never {},
        };
        let (parts, body) = reply.into_parts();
        let broken = |error: axum::Error| TransportError::new(TransportErrorKind::Read, error.to_string());
        let body: ByteStream = Box::pin(body.into_data_stream().map(move |piece| piece.map_err(broken)));
        Ok(HttpResponse::new(parts.status, parts.headers, body))
    }
}

impl Transport for Embedded {
    fn send(&self, request: HttpRequest) -> SendFuture<'_> {
        match self.own_path(&request.url) {
            Some(path) => Box::pin(self.answer(path, request)),
            None => self.onward.send(request),
        }
    }
}

/// How the assistants endpoints of a client run in the process: where everything is kept, and how the provider is asked.
///
/// A store's URL is enough: `"sqlite:app.db".into()`.
#[derive(Debug, Clone)]
pub struct Assistants {
    store: String,
    profile: Profile,
    settings: Settings,
    files: bool,
}

impl Assistants {
    /// Keeps everything in this store: `sqlite:PATH`, `sqlite::memory:`, `postgres://...`. Runs go to the provider that the
    /// client talks to, by `/responses`.
    pub fn new(store: impl Into<String>) -> Self {
        Self { store: store.into(), profile: Profile::default(), settings: Settings::default(), files: false }
    }

    /// Reads a store's URL, or a JSON object with `store` and, where they are needed, `files`, `profile` and `settings`.
    ///
    /// # Errors
    /// What is wrong with the object.
    pub fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Object {
            store: String,
            #[serde(default)]
            files: bool,
            #[serde(default)]
            profile: Profile,
            #[serde(default)]
            settings: Settings,
        }
        if !text.trim_start().starts_with('{') {
            return Ok(Self::new(text));
        }
        let read: Result<Object, _> = serde_json::from_str(text);
        let Object { store, files, profile, settings } = read.map_err(|error| format!("`assistants`: {error}"))?;
        Ok(Self { store, profile, settings, files })
    }

    /// Whether files and vector stores are the engine's too.
    pub fn keeps_files(&self) -> bool {
        self.files
    }

    /// How the provider is asked. Default: by `/responses`, with all it can do.
    #[must_use]
    pub fn profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Limits and times of the engine.
    #[must_use]
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// Keeps files and vector stores in the engine as well, which its file search needs: it reads no files of the
    /// provider's. Default: requests to `/files` and `/vector_stores` go to the provider.
    #[must_use]
    pub fn files(self, files: bool) -> Self {
        Self { files, ..self }
    }
}

impl From<&str> for Assistants {
    fn from(store: &str) -> Self {
        Self::new(store)
    }
}

impl From<String> for Assistants {
    fn from(store: String) -> Self {
        Self::new(store)
    }
}

/// Makes the assistants endpoints of a client run in the process.
pub trait AssistantsExt {
    /// Keeps assistants, threads and runs in a store, and runs them over the provider that the client talks to. Clones of
    /// the client share the engine, which opens its store with the first request that needs it.
    ///
    /// # Errors
    /// Whatever building the client without an engine gives.
    fn assistants(self, assistants: impl Into<Assistants>) -> Result<Client, threadline::Error>;
}

impl AssistantsExt for ClientBuilder {
    fn assistants(self, assistants: impl Into<Assistants>) -> Result<Client, threadline::Error> {
        let client = self.build()?;
        let base_url = client.base_url().to_owned();
        let (models, assistants) = (client.clone(), assistants.into());
        Ok(client.with_transport(move |onward| Arc::new(Embedded::new(assistants, &base_url, models, onward))))
    }
}

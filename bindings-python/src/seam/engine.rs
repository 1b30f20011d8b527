//! The assistants engine before a transport, for requests whose base URL and key only show when they come.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, HeaderValue};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use threadline::transport::{HttpRequest, SendFuture};
use threadline::{Client as Core, RequestOptions, Transport};
use threadline_engine::{Assistants, Embedded};

use crate::client::lock;
use crate::generated::ROWS;
use crate::options::setting;

/// Headers by which a caller is known to the provider, and which the engine's own requests take over.
const IDENTITY: [HeaderName; 4] = [
    AUTHORIZATION,
    HeaderName::from_static("api-key"),
    HeaderName::from_static("openai-organization"),
    HeaderName::from_static("openai-project"),
];

/// What a provider that wants no key is sent.
pub(super) const NO_KEY: &str = "none";

/// The engine, made with the first request that is for it.
pub(super) struct Engine {
    assistants: Assistants,
    core: Core,
    /// Where models are, if that was said.
    base_url: Option<String>,
    api_key: Option<String>,
    seen: Arc<Mutex<HeaderMap>>,
    embedded: OnceLock<Arc<Embedded>>,
    files: bool,
}

impl Engine {
    pub(super) fn new(settings: &Bound<'_, PyDict>, assistants: Assistants, core: Core) -> PyResult<Self> {
        Ok(Self {
            files: assistants.keeps_files(),
            assistants,
            core,
            base_url: setting!(settings, "base_url", String),
            api_key: setting!(settings, "api_key", String),
            seen: Arc::default(),
            embedded: OnceLock::new(),
        })
    }

    /// Who answers the request; what the engine answers is addressed to it.
    pub(super) fn route(&self, request: &mut HttpRequest, onward: &Arc<dyn Transport>) -> Arc<dyn Transport> {
        let Some((base, path)) = split(&request.url, self.files) else { return Arc::clone(onward) };
        let (base, path) = (base.to_owned(), path.to_owned());
        let embedded = self.embedded.get_or_init(|| self.open(&base));
        let mut seen = lock(&self.seen);
        seen.clear();
        for name in IDENTITY {
            if let Some(value) = request.headers.get(&name) {
                seen.insert(name, value.clone());
            }
        }
        drop(seen);
        request.url = format!("http://engine{path}");
        Arc::clone(embedded) as Arc<dyn Transport>
    }

    /// The engine over the models that are below the URL that was given, or else where the first request was going.
    fn open(&self, base: &str) -> Arc<Embedded> {
        let elsewhere = self.base_url.as_deref().is_some_and(|own| origin(own) != origin(base));
        let options = RequestOptions::new().base_url(self.base_url.as_deref().unwrap_or(base));
        let models = match &self.api_key {
            Some(key) => self.core.with_options(options.api_key(key)),
            // A key is shown to the server only that it was meant for.
            None if elsewhere => {
                let key = std::env::var("OPENAI_API_KEY").ok().filter(|key| !key.is_empty());
                self.core.with_options(options.api_key(key.unwrap_or_else(|| NO_KEY.to_owned())))
            }
            None => {
                let seen = Arc::clone(&self.seen);
                let models = self.core.with_options(options.api_key(NO_KEY));
                models.with_transport(move |onward| Arc::new(AsCaller { onward, seen }))
            }
        };
        let onward = super::transport_of(&self.core);
        Arc::new(Embedded::new(self.assistants.clone(), "http://engine", models, onward))
    }
}

/// Sends the engine's requests in the name of whoever called last.
struct AsCaller {
    onward: Arc<dyn Transport>,
    seen: Arc<Mutex<HeaderMap>>,
}

impl fmt::Debug for AsCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCaller").field("onward", &self.onward).finish_non_exhaustive()
    }
}

impl Transport for AsCaller {
    fn send(&self, mut request: HttpRequest) -> SendFuture<'_> {
        let seen = lock(&self.seen).clone();
        for name in IDENTITY {
            let value: Option<HeaderValue> = seen.get(&name).cloned();
            match value {
                Some(value) => request.headers.insert(name, value),
                None => request.headers.remove(name),
            };
        }
        self.onward.send(request)
    }
}

/// Base URL, and path with query, of a request that the engine answers. The base ends where a path of the API begins.
fn split(url: &str, files: bool) -> Option<(&str, &str)> {
    let start = url.find("://")? + 3;
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let mut place = start + url[start..end].find('/')?;
    for segment in url[place + 1..end].split('/') {
        if roots().contains(segment) {
            let own = match segment {
                "assistants" | "threads" => true,
                "files" | "vector_stores" => files,
                _ => false,
            };
            return own.then(|| url.split_at(place));
        }
        place += segment.len() + 1;
    }
    None
}

/// First segments of all paths of the API.
fn roots() -> &'static HashSet<&'static str> {
    static ROOTS: OnceLock<HashSet<&'static str>> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let first = |path: &'static str| path.trim_start_matches('/').split(['/', '?']).next();
        ROWS.iter().filter_map(|row| first(row.operation.path)).collect()
    })
}

fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?']).map_or(url.len(), |at| start + at);
    &url[..end]
}

//! Calls of routes that the description does not have: `client.get`, `client.post` and their kin.

use std::sync::Arc;

use napi::bindgen_prelude::Uint8Array;
use napi::{Error, Result};
use napi_derive::napi;
use threadline::operation::Verb;
use threadline::undocumented::{Answer, Sends, operation};
use threadline::{Args, FileInput};

use crate::call::{self, Way};
use crate::client::Client;
use crate::options;

/// What such a request sends.
enum Body {
    Nothing,
    Json(String),
    Content(Uint8Array),
}

#[napi]
impl Client {
    /// Starts a call of the path below the base URL, with whatever query. `fields`: a body that is a JSON object; `content`: any
    /// other. `way`: 0 whole, 1 events, 2 bytes.
    #[napi]
    #[allow(clippy::too_many_arguments)] // crosses into JavaScript, where an object for each call costs more
    pub fn request(
        &self,
        id: u32,
        verb: String,
        path: String,
        fields: Option<String>,
        content: Option<Uint8Array>,
        options: Option<String>,
        way: u32,
    ) -> Result<()> {
        let verb = match verb.as_str() {
            "get" => Verb::Get,
            "post" => Verb::Post,
            "put" => Verb::Put,
            "patch" => Verb::Patch,
            "delete" => Verb::Delete,
            other => return Err(Error::from_reason(format!("there is no request of the kind {other:?}"))),
        };
        let body = match (fields, content) {
            (_, Some(bytes)) => Body::Content(bytes),
            (Some(text), None) => Body::Json(text),
            (None, None) => Body::Nothing,
        };
        let way = Way::from_number(way);
        let answer = match way {
            Way::Whole => Answer::Whole,
            Way::Events => Answer::Events,
            Way::Bytes => Answer::Bytes,
        };
        let (sends, fields, files) = match body {
            Body::Nothing => (Sends::Nothing, "{}".to_owned(), Vec::new()),
            Body::Json(text) => (Sends::Json, text, Vec::new()),
            Body::Content(bytes) => {
                (Sends::Content, r#"{"content":{"$file":0}}"#.to_owned(), vec![FileInput::from_bytes(bytes.to_vec())])
            }
        };
        let operation = operation(verb, &path, sends, answer);
        let args = Args::new(vec![path], fields, files);
        let (core, queue, options) = (self.core.clone(), Arc::clone(&self.queue), options::parse(options.as_deref())?);
        let work = Box::pin(async move { call::send(&queue, id, core, (operation, args, options), way).await });
        self.queue.spawn(id, work)
    }
}

//! How the official package would send an operation's request. `lib/internal/official.ts` does so where a program looks at requests
//! (a `fetch` of its own, a subclass); every other call is the core's.

use napi::Result;
use napi_derive::napi;
use threadline::operation::{Auth, BodyKind, Frame};

use crate::client::operation;

/// Where the arguments of an operation go.
#[napi(object)]
pub struct Plan {
    /// `none`, `json`, `multipart`, `raw`.
    pub body: String,
    /// Content type of a raw body.
    pub content_type: Option<String>,
    /// Arguments that go into the query although there is a body.
    pub query: Vec<String>,
    /// Arguments that go into headers: names in turns.
    pub header_params: Vec<String>,
    /// Headers of every request: names and values in turns.
    pub headers: Vec<String>,
    /// Arguments and the JSON texts of their defaults in turns.
    pub defaults: Vec<String>,
    /// Whether an event is its frame's name and data.
    pub named: bool,
    /// Whether the key for administration is sent.
    pub admin: bool,
}

/// The plan of the operation of this number.
#[napi]
pub fn plan(number: u32) -> Result<Plan> {
    let found = operation(number)?;
    let texts = |pairs: &[(&str, &str)]| pairs.iter().flat_map(|(a, b)| [(*a).to_owned(), (*b).to_owned()]).collect();
    let (body, content_type) = match found.body {
        BodyKind::None => ("none", None),
        BodyKind::Json => ("json", None),
        BodyKind::Multipart => ("multipart", None),
        BodyKind::Raw { content_type, .. } => ("raw", Some(content_type.to_owned())),
    };
    Ok(Plan {
        body: body.to_owned(),
        content_type,
        query: found.query.iter().map(|name| (*name).to_owned()).collect(),
        header_params: texts(found.header_params),
        headers: texts(found.headers),
        defaults: texts(found.defaults),
        named: found.stream.is_some_and(|style| style.frame == Frame::Named),
        admin: found.auth == Auth::Admin,
    })
}

//! The operation table's row: everything the client knows about one endpoint.
//!
//! The generator writes one `static Operation` for each endpoint (`src/operations/`). Nothing else in the crate
//! knows a URL; a behaviour that depends on an endpoint reads it from here.

/// One endpoint of the API.
#[derive(Debug)]
#[non_exhaustive]
pub struct Operation {
    /// Official name: resource path and method, such as `chat.completions.create`. Unique.
    pub id: &'static str,
    /// HTTP method.
    pub verb: Verb,
    /// Path below the base URL with `{name}` placeholders, such as `/threads/{thread_id}/runs`. A `{+name}` stands for any
    /// number of segments, and may have a query; its value goes in as it is.
    pub path: &'static str,
    /// Names of the placeholders of `path`, in order.
    pub path_params: &'static [&'static str],
    /// Arguments that travel in the query string. All other arguments travel in the body, or, where the
    /// operation has no body, in the query string too.
    pub query: &'static [&'static str],
    /// Arguments that travel as request headers: argument name, header name.
    pub header_params: &'static [(&'static str, &'static str)],
    /// Arguments sent with this JSON text when the caller left them out (`encoding_format` = `"base64"`).
    pub defaults: &'static [(&'static str, &'static str)],
    /// How the body is written.
    pub body: BodyKind,
    /// Parts of a multipart body that have a content type of their own: argument name, content type. Such an argument
    /// is one part: a text as it is, any other value as JSON.
    pub part_types: &'static [(&'static str, &'static str)],
    /// What a successful reply holds.
    pub reply: ReplyKind,
    /// How further pages are found, for list operations.
    pub page: Option<PageStyle>,
    /// How the operation streams, if it can.
    pub stream: Option<StreamStyle>,
    /// Headers that the endpoint requires, such as `OpenAI-Beta: assistants=v2`.
    pub headers: &'static [(&'static str, &'static str)],
    /// Which key authenticates the call.
    pub auth: Auth,
    /// Whether the vendor has marked the endpoint as deprecated.
    pub deprecated: bool,
}

/// HTTP method of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Verb {
    /// The method's name as it is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// How a request body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// No body is sent.
    None,
    /// The arguments as one JSON object.
    Json,
    /// `multipart/form-data`, one part an argument.
    Multipart,
    /// One argument, named here, is the whole body as it is, sent with this content type.
    Raw {
        /// Argument that holds the body.
        field: &'static str,
        /// Value of `Content-Type`.
        content_type: &'static str,
    },
}

/// What a successful reply holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyKind {
    /// One JSON value.
    Json,
    /// JSON or plain text, as the reply's `Content-Type` says (transcriptions).
    JsonOrText,
    /// Plain text.
    Text,
    /// Bytes of any kind, streamed.
    Binary,
    /// Nothing worth reading.
    Empty,
    /// Server-sent events, always.
    Events,
}

/// How the next page of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageStyle {
    /// `after` = `id` of the page's last item, while `has_more` is not false (`CursorPage`).
    Cursor,
    /// `after` = the page's `last_id`, while `has_more` is not false (`ConversationCursorPage`).
    LastId,
    /// `page` = the page's `next_page`, until it is null (`TokenPage`).
    Token,
    /// `after` = the page's `next`, until it is null (`NextCursorPage`).
    Next,
    /// Everything comes in one page (`Page`).
    Single,
}

/// How an operation streams its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamStyle {
    /// Argument that asks for a stream when it is `true`; `None` if the operation always streams.
    pub param: Option<&'static str>,
    /// How a frame becomes an event.
    pub frame: Frame,
    /// How the stream's proper end is recognised.
    pub end: End,
}

/// How one frame of a stream becomes one event value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// The event is the frame's data.
    Data,
    /// The event is `{"event": <frame's event name>, "data": <frame's data>}` (assistants).
    Named,
}

/// What must be seen before a stream may end without error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A frame whose data is `[DONE]`, or, for providers that never send it, a finish reason in every choice.
    Done,
    /// An event whose `type` (or frame name) is one of these, or `[DONE]`.
    Event(&'static [&'static str]),
    /// As many events of these types as the named argument says, one where it says nothing; or `[DONE]`, or the end of the
    /// body behind one of them (images: a server may make fewer than were asked for).
    Each {
        /// Types, or frame names.
        events: &'static [&'static str],
        /// The argument with their number.
        count: &'static str,
    },
    /// The end of the body.
    Eof,
}

/// Which credential an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// The API key.
    Key,
    /// The admin key (`/organization/...`), or the API key where there is none.
    Admin,
    /// None.
    None,
}

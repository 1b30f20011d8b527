//! Answers made from the description.

mod assistants;
mod chat;
mod pages;
mod responses;
mod run;
mod schema;
mod streams;
mod text;
mod values;

use std::sync::Arc;

use serde_json::{Map, Value, json};

pub(crate) use self::assistants::Assistants;
pub(crate) use self::{
    streams::{arm_of, pieces},
    text::hash,
    values::Maker,
};
use crate::{
    api::{Api, Operation, TypeDef, TypeExpr},
    check::{Checked, Checker, FILE_MARK},
};

/// Objects nested less deep than this get their optional members.
const OPTIONAL: usize = 2;

/// An answer before it is framed.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub content: Content,
}

/// What an answer holds.
#[derive(Debug)]
pub(crate) enum Content {
    Empty,
    Json(Value),
    Text(String),
    /// Content type and bytes.
    Bytes(String, Vec<u8>),
    /// Frames of server-sent events.
    Events(Vec<String>),
}

/// An error object.
pub(crate) fn error(status: u16, code: &str, message: &str, param: Option<&str>) -> Answer {
    let kind = if status >= 500 { "server_error" } else { "invalid_request_error" };
    let error = json!({"message": message, "type": kind, "code": code, "param": param});
    Answer { status, headers: Vec::new(), content: Content::Json(json!({ "error": error })) }
}

/// Makes answers.
#[derive(Debug)]
pub(crate) struct Synth {
    api: Arc<Api>,
}

/// One request that is being answered.
pub(crate) struct Asked<'a> {
    pub api: &'a Api,
    pub op: &'a Operation,
    pub args: &'a Map<String, Value>,
    pub path: &'a Map<String, Value>,
    pub checked: &'a Checked,
    pub seed: u64,
}

impl<'a> Asked<'a> {
    pub(crate) fn maker(&self) -> Maker<'a> {
        Maker::new(self.api, OPTIONAL)
    }

    /// A maker of values that have only what they must have.
    pub(crate) fn smallest(&self) -> Maker<'a> {
        Maker::new(self.api, 0)
    }

    /// The model that was asked for.
    pub(crate) fn model(&self) -> Value {
        self.args.get("model").filter(|m| m.is_string()).cloned().unwrap_or_else(|| "gpt-mock".into())
    }

    /// Whether the request asks for a stream.
    pub(crate) fn streams(&self) -> bool {
        let param = self.op.stream.as_ref().map(|s| s.param.as_deref());
        match param {
            Some(Some(name)) => self.checked.flag(name),
            Some(None) => true,
            None => false,
        }
    }
}

impl Synth {
    pub(crate) fn new(api: Arc<Api>) -> Self {
        Self { api }
    }

    /// What `op` answers to a request that fits the description.
    pub(crate) fn answer(&self, op: &Operation, checked: &Checked, assistants: &mut Assistants) -> Answer {
        // Where a reply streams or not, it is one reply: its ids must be the same.
        let mut args = checked.args.clone();
        args.shift_remove("stream");
        let seed = text::hash(&format!("{} {} {}", op.id, Value::Object(checked.path.clone()), Value::Object(args)));
        let asked = Asked { api: &self.api, op, args: &checked.args, path: &checked.path, checked, seed };
        let (status, content) = match assistants.answer(&asked) {
            Some(Ok(content)) => (200, content),
            Some(Err(message)) => return error(404, "not_found", &message, None),
            None => asked.content(),
        };
        Answer { status, headers: vec![("x-request-id".to_owned(), text::id("req", seed))], content }
    }
}

impl Asked<'_> {
    fn content(&self) -> (u16, Content) {
        if self.streams() {
            return (200, Content::Events(streams::events(self)));
        }
        if self.op.page.is_some() {
            return (200, Content::Json(pages::page(self)));
        }
        match self.op.reply_kind() {
            "empty" => (if self.op.verb == "DELETE" { 204 } else { 200 }, Content::Empty),
            "text" => (200, Content::Text(format!("Some text: naïve, 日本\nfor {}\n", self.op.id))),
            "binary" => (200, self.bytes()),
            "json_or_text" => (200, self.transcript()),
            _ => (200, Content::Json(self.json())),
        }
    }

    fn bytes(&self) -> Content {
        let kind = self.op.headers.get("Accept").map_or("application/octet-stream", String::as_str);
        let bytes = (0..4096_u64).map(|i| text::mix(self.seed, i) as u8).collect();
        Content::Bytes(kind.to_owned(), bytes)
    }

    fn transcript(&self) -> Content {
        const WORDS: &str = "The quick brown fox jumps over the lazy dog.";
        let arm = match self.checked.text("response_format") {
            Some("text") => return Content::Text(format!("{WORDS}\n")),
            Some("srt") => return Content::Text(format!("1\n00:00:00,000 --> 00:00:02,500\n{WORDS}\n\n")),
            Some("vtt") => return Content::Text(format!("WEBVTT\n\n00:00:00.000 --> 00:00:02.500\n{WORDS}\n\n")),
            Some("verbose_json") => "Verbose",
            Some("diarized_json") => "Diarized",
            _ => "",
        };
        let mut value = match self.reply_type().as_deref().and_then(|name| self.api.type_def(name)) {
            Some(TypeDef::Union(u)) => {
                let named = |a: &&crate::api::Arm| matches!(&a.ty, TypeExpr::Named(n) if n.contains(arm));
                let arm = u.arms.iter().rev().find(named).or(u.arms.last());
                arm.map_or(Value::Null, |a| self.maker().make(&a.ty, "", self.seed))
            }
            _ => self.generic(),
        };
        if value.get("text").is_some() {
            value["text"] = WORDS.into();
        }
        Content::Json(value)
    }

    fn reply_type(&self) -> Option<String> {
        self.op.reply.as_ref().and_then(|r| r.ty.clone())
    }

    fn json(&self) -> Value {
        match self.op.id.as_str() {
            "chat.completions.create" => chat::completion(self),
            "completions.create" => chat::text_completion(self, self.generic()),
            "responses.create" | "beta.responses.create" | "responses.retrieve" | "beta.responses.retrieve" => {
                responses::response(self)
            }
            "embeddings.create" => self.embeddings(),
            _ => self.generic(),
        }
    }

    /// A value of the reply's type, with what the request said laid in where it fits.
    fn generic(&self) -> Value {
        let Some(ty) = self.reply_type().and_then(|t| TypeExpr::parse(&t).ok()) else { return json!({}) };
        let mut value = Maker::new(self.api, OPTIONAL).make(&ty, "", self.seed);
        self.echo(&ty, &mut value);
        value
    }

    /// Lays members of the request into members of `value` that have the same name and take the value.
    pub(crate) fn echo(&self, ty: &TypeExpr, value: &mut Value) {
        let (TypeExpr::Named(name), Some(object)) = (ty, value.as_object_mut()) else { return };
        let Some(TypeDef::Struct(s)) = self.api.type_def(name) else { return };
        let checker = Checker::new(self.api, false);
        let path = self.path.iter().map(|(k, v)| (k.as_str(), v));
        let args = self.args.iter().filter(|_| self.op.verb == "POST").map(|(k, v)| (k.as_str(), v));
        for (key, given) in path.chain(args) {
            let Some(field) = s.fields.iter().find(|f| f.name == key && f.constant.is_none()) else { continue };
            let is_file = given.get(FILE_MARK).is_some();
            if !is_file && checker.check(&field.ty, given, "").is_empty() {
                object.insert(key.to_owned(), given.clone());
            }
        }
        if let (Some(id), true) = (self.own_id(), object.get("id").is_some_and(Value::is_string)) {
            object.insert("id".to_owned(), id);
        }
    }

    /// The id of the thing that the path names, if the path ends with it, or with what is done to it.
    fn own_id(&self) -> Option<Value> {
        const DONE_TO_IT: [&str; 8] =
            ["cancel", "complete", "archive", "pause", "resume", "close", "activate", "deactivate"];
        let path = self.op.path.split('?').next()?;
        let mut segments = path.rsplit('/').skip_while(|s| DONE_TO_IT.contains(s));
        let name = segments.next()?.strip_prefix('{')?.strip_suffix('}')?;
        self.path.get(name).cloned()
    }

    fn embeddings(&self) -> Value {
        let input = self.args.get("input");
        // A list of numbers is one input, as tokens.
        let inputs = match input {
            Some(Value::Array(list)) if !list.iter().all(Value::is_number) => list.len(),
            _ => 1,
        };
        let dimensions = self.args.get("dimensions").and_then(Value::as_u64).unwrap_or(8) as usize;
        let base64 = self.checked.text("encoding_format") == Some("base64");
        let mut value = self.generic();
        value["model"] = self.model();
        value["data"] = (0..inputs)
            .map(|i| {
                let numbers = values::vector(dimensions, text::mix(self.seed, i as u64));
                let embedding = if base64 { values::base64_of(&numbers) } else { numbers };
                json!({"object": "embedding", "index": i, "embedding": embedding})
            })
            .collect();
        value
    }
}

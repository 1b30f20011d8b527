//! Arguments sorted into query, headers and body, as the operation's row says.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::body::{BodyRecipe, Payload};
use super::members::{Member, members};
use super::multipart::Form;
use super::query::{self, Leaf, file_index, flatten};
use super::{FileInput, InvalidRequest, headers};
use crate::json::{Doc, Json, Kind};
use crate::operation::{BodyKind, End, Operation};

/// What one call is to send, apart from its path.
#[derive(Debug, Clone, Copy)]
pub struct Arguments<'a> {
    /// One JSON object; empty if there are no arguments.
    pub fields: &'a Bytes,
    /// The uploads that `{"$file": N}` in the fields refers to.
    pub files: &'a [FileInput],
    /// Objects whose members are added to the body. They replace members of the same name, the last one wins.
    pub extra_body: &'a [Json],
    /// Whether a stream is asked for.
    pub stream: bool,
}

/// The sorted arguments.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Parts {
    /// Query parameters, not encoded.
    pub query: Vec<(String, String)>,
    /// Headers that hold arguments.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: BodyRecipe,
    /// How many of the events that end the stream were asked for.
    pub ends: u64,
    /// Whether the caller asked for vectors as base64, where the client would have done so by itself.
    pub base64_vectors: bool,
}

enum Place {
    Query,
    Header(&'static str),
    Body,
}

/// Sorts the arguments of one call.
///
/// A JSON body to which nothing is added and from which nothing is taken is handed on as it is, unread.
///
/// # Errors
/// When the fields are not one JSON object, or hold something that the place it belongs to cannot hold.
pub fn split(operation: &Operation, arguments: Arguments<'_>) -> Result<Parts, InvalidRequest> {
    if passes_through(operation, &arguments) {
        return Ok(Parts { body: BodyRecipe::json(arguments.fields.clone()), ..Parts::default() });
    }
    let fields = members(arguments.fields)?;
    let mut extra = Vec::new();
    for object in arguments.extra_body {
        let added = members(object.raw().as_bytes());
        let added = added.map_err(|_| InvalidRequest::new("`extra_body` is not a JSON object"))?;
        extra.retain(|member: &Member<'_>| !added.iter().any(|new| new.name == member.name));
        extra.extend(added);
    }
    let stream = operation.stream.and_then(|stream| stream.param).filter(|_| arguments.stream);
    let implied = implied(operation, &fields, &extra, stream);

    let said = |name: &str| extra.iter().chain(&fields).find(|member| member.name == name).map(|member| member.value);
    let ends = match operation.stream.map(|stream| stream.end) {
        Some(End::Each { count, .. }) => said(count).and_then(|value| value.parse().ok()).unwrap_or(1),
        _ => 1,
    };
    let vectors = operation.defaults.iter().any(|(name, _)| *name == "encoding_format");
    let base64_vectors = vectors && said("encoding_format") == Some("\"base64\"");
    let mut parts = Parts { ends, base64_vectors, ..Parts::default() };
    let mut body = Vec::new();
    let mut moved = false;
    for member in &fields {
        if stream.is_some_and(|name| member.name == name) {
            moved = true;
            continue;
        }
        match place(operation, &member.name) {
            Place::Body if extra.iter().any(|new| new.name == member.name) => moved = true,
            Place::Body => body.push(member.clone()),
            place => {
                moved = true;
                parts.add(place, member)?;
            }
        }
    }
    let mut added = Vec::new();
    for text in &implied {
        for member in members(text.as_bytes())? {
            match place(operation, &member.name) {
                Place::Body => added.push(member),
                place => parts.add(place, &member)?,
            }
        }
    }
    added.extend(extra);
    if matches!(operation.body, BodyKind::Json) && arguments.files.is_empty() && !moved {
        parts.body = BodyRecipe::json(spliced(arguments.fields, !body.is_empty(), &added));
        return Ok(parts);
    }
    body.extend(added);
    parts.body = write(operation, &body, arguments.files)?;
    Ok(parts)
}

/// The text that an argument holds, where it is one.
pub(crate) fn named_text(fields: &[u8], extra_body: &[Json], name: &str) -> Option<String> {
    let own = std::iter::once(fields);
    let extra = extra_body.iter().map(|object| object.raw().as_bytes());
    // The last object that names it counts, as in the body.
    let mut found = own.chain(extra).filter_map(|object| {
        let members = members(object).ok()?;
        members.into_iter().rev().find(|member| member.name == name).map(|member| member.value)
    });
    serde_json::from_str(found.next_back()?).ok()
}

fn passes_through(operation: &Operation, arguments: &Arguments<'_>) -> bool {
    matches!(operation.body, BodyKind::Json)
        && operation.query.is_empty()
        && operation.header_params.is_empty()
        && operation.defaults.is_empty()
        && arguments.extra_body.is_empty()
        && arguments.files.is_empty()
        && !arguments.stream
        && !arguments.fields.is_empty()
}

/// Objects of the arguments that the caller did not write: the wish for a stream, and defaults.
fn implied(
    operation: &Operation,
    fields: &[Member<'_>],
    extra: &[Member<'_>],
    stream: Option<&'static str>,
) -> Vec<String> {
    let has = |members: &[Member<'_>], name: &str| members.iter().any(|member| member.name == name);
    let stream = stream.filter(|name| !has(extra, name)).map(|name| (name, "true"));
    let defaults = operation.defaults.iter().copied().filter(|(name, _)| !has(fields, name) && !has(extra, name));
    stream.into_iter().chain(defaults).map(|(name, json)| format!("{{\"{name}\":{json}}}")).collect()
}

fn place(operation: &Operation, name: &str) -> Place {
    if let Some((_, header)) = operation.header_params.iter().find(|(argument, _)| *argument == name) {
        Place::Header(header)
    } else if matches!(operation.body, BodyKind::None) || operation.query.contains(&name) {
        Place::Query
    } else {
        Place::Body
    }
}

impl Parts {
    fn add(&mut self, place: Place, member: &Member<'_>) -> Result<(), InvalidRequest> {
        let doc = parse(member)?;
        match place {
            Place::Header(header) => {
                if let Some(text) = header_text(&doc, member)? {
                    self.headers.push((headers::name(header)?, headers::value(header, &text)?));
                }
                Ok(())
            }
            Place::Query | Place::Body => query::append(&mut self.query, &member.name, doc.root()),
        }
    }
}

fn parse<'a>(member: &Member<'a>) -> Result<Doc<'a>, InvalidRequest> {
    Doc::parse_text(member.value)
        .map_err(|error| InvalidRequest::new(format!("the argument `{}` is not valid JSON: {error}", member.name)))
}

/// A header's text: a list is its items with commas between; `None` for a null.
fn header_text(doc: &Doc<'_>, member: &Member<'_>) -> Result<Option<String>, InvalidRequest> {
    let mut texts = Vec::new();
    flatten(member.name.to_string(), doc.root(), &mut |name, leaf| match leaf {
        Leaf::Text(text) if !name.ends_with(']') || name == format!("{}[]", member.name) => {
            texts.push(text);
            Ok(())
        }
        _ => Err(InvalidRequest::new(format!("the argument `{}` goes into a header and must be text", member.name))),
    })?;
    Ok((!doc.root().is_null()).then(|| texts.join(",")))
}

/// The object's text with members added before its last brace.
fn spliced(fields: &Bytes, has_members: bool, added: &[Member<'_>]) -> Bytes {
    if added.is_empty() && !fields.is_empty() {
        return fields.clone();
    }
    let end = fields.iter().rposition(|&byte| byte == b'}').unwrap_or(0);
    let room: usize = added.iter().map(|member| member.text.len() + 1).sum();
    let mut text = Vec::with_capacity(end + room + 2);
    text.extend_from_slice(if fields.is_empty() { b"{" } else { &fields[..end] });
    for (index, member) in added.iter().enumerate() {
        if has_members || index > 0 {
            text.push(b',');
        }
        text.extend_from_slice(member.text.as_bytes());
    }
    text.push(b'}');
    text.into()
}

fn write(operation: &Operation, body: &[Member<'_>], files: &[FileInput]) -> Result<BodyRecipe, InvalidRequest> {
    match operation.body {
        // Only `extra_body` gets here: whoever asks for a body gets one.
        BodyKind::None if body.is_empty() => Ok(BodyRecipe::Empty),
        BodyKind::Json | BodyKind::None => {
            if !files.is_empty() {
                return Err(InvalidRequest::new(format!("`{}` takes no files", operation.id)));
            }
            Ok(BodyRecipe::json(spliced(&Bytes::new(), false, body)))
        }
        BodyKind::Multipart => multipart(operation, body, files),
        BodyKind::Raw { field, content_type } => raw(operation, body, files, field, content_type),
    }
}

/// A form: text first, so that a server knows what the files are for when they arrive.
fn multipart(operation: &Operation, body: &[Member<'_>], files: &[FileInput]) -> Result<BodyRecipe, InvalidRequest> {
    let mut form = Form::new();
    let mut uploads = Vec::new();
    for member in body {
        let doc = parse(member)?;
        let own_type = operation.part_types.iter().find(|(name, _)| *name == member.name);
        if let Some((name, content_type)) = own_type.filter(|_| file_index(doc.root()).is_none()) {
            if !doc.root().is_null() {
                let text = doc.root().as_str().map_or_else(|| member.value.to_owned(), Cow::into_owned);
                form.typed(*name, text, content_type);
            }
            continue;
        }
        flatten(member.name.to_string(), doc.root(), &mut |name, leaf| {
            match leaf {
                Leaf::Text(text) => form.text(name, text),
                Leaf::File(index) => uploads.push((upload(files, index, &name)?, name)),
            }
            Ok(())
        })?;
    }
    for (file, name) in uploads {
        form.file(name, file)?;
    }
    Ok(BodyRecipe::Multipart(form))
}

fn upload(files: &[FileInput], index: usize, name: &str) -> Result<FileInput, InvalidRequest> {
    let missing = || InvalidRequest::new(format!("`{name}` refers to upload {index}, but there are {}", files.len()));
    files.get(index).cloned().ok_or_else(missing)
}

/// One argument that is the whole body.
fn raw(
    operation: &Operation,
    body: &[Member<'_>],
    files: &[FileInput],
    field: &str,
    content_type: &'static str,
) -> Result<BodyRecipe, InvalidRequest> {
    if let Some(other) = body.iter().find(|member| member.name != field) {
        let message = format!("`{}` sends `{field}` alone; the argument `{}` has no place", operation.id, other.name);
        return Err(InvalidRequest::new(message));
    }
    let member = body.last().ok_or_else(|| InvalidRequest::new(format!("the argument `{field}` is missing")))?;
    let doc = parse(member)?;
    let root = doc.root();
    if let Some(index) = file_index(root) {
        let file = upload(files, index, field)?;
        return Ok(BodyRecipe::File { file, content_type });
    }
    match (root.kind(), root.as_str()) {
        (Kind::String, Some(text)) => {
            let bytes = Payload(Bytes::from(text.into_owned()));
            Ok(BodyRecipe::Bytes { bytes, content_type })
        }
        _ => Err(InvalidRequest::new(format!("the argument `{field}` must be text or a file"))),
    }
}

#[cfg(test)]
mod tests;

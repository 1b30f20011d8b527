//! Tool calls of a chat completion, put together from pieces that name their call in various ways.
//!
//! The API numbers them by `index` and names them in their first piece. Other providers leave the index out, repeat or
//! change the id, number every call 0, or send a call whole.

use super::chat_events::Note;
use super::merge::{self, Index};
use super::tree::{MAX_INDEX, Object, Tree, index};
use crate::json::{DecodeError, Doc, Kind, Node, Writer};

/// One call. Calls of an answer stand in the order of their keys.
#[derive(Debug, Clone, Default)]
pub(super) struct Call {
    /// What events call it: the stream's index, where that is unique.
    pub(super) key: u32,
    /// The index by which the stream calls it.
    wire: Option<u32>,
    members: Object,
    done: bool,
}

/// Merges a piece into the call it belongs to: the call's key, and the piece of its arguments.
///
/// # Errors
/// When an index is out of bounds.
pub(super) fn merge<'a>(calls: &mut Vec<Call>, piece: Node<'a>) -> Result<(u32, &'a str), DecodeError> {
    let wire = index(piece.get("index"))?;
    let place = match find(calls, wire, piece) {
        Some(place) => place,
        None => insert(calls, wire, piece)?,
    };
    let call = &mut calls[place];
    let mut arguments = "";
    for member in piece.members() {
        let name = member.name();
        match &*name {
            "index" => {}
            // The first one stays: it is what the answer to the call must name.
            "id" => {
                let id = call.members.entry("id");
                if id.says_nothing() {
                    id.replace(member.value);
                }
            }
            "function" | "custom" if member.value.kind() == Kind::Object => {
                merge_function(call.members.entry(&name).object(), member.value)?;
                let text = member.value.get("arguments").or_else(|| member.value.get("input"));
                arguments = text.and_then(Node::inside).unwrap_or_default();
            }
            _ => merge::value(call.members.entry(&name), &name, member.value, Index::Keep)?,
        }
    }
    if !arguments.is_empty() {
        // The stream has come back to it.
        call.done = false;
    }
    Ok((call.key, arguments))
}

/// Merges a piece of a function or custom tool: name and arguments.
///
/// # Errors
/// When an entry of a list has an index that is out of bounds.
pub(super) fn merge_function(function: &mut Object, piece: Node<'_>) -> Result<(), DecodeError> {
    for member in piece.members() {
        let name = member.name();
        let slot = function.entry(&name);
        match (&*name, slot.inside(), member.value.inside()) {
            // Cut in pieces by some, repeated whole by others.
            ("name", Some(known), Some(more)) if known == more => {}
            ("name", Some(_), Some(more)) => slot.text().push_str(more),
            _ => merge::value(slot, &name, member.value, Index::Keep)?,
        }
    }
    Ok(())
}

/// The calls of a message that came whole, in place of those that came in pieces.
pub(super) fn replace(calls: &mut Vec<Call>, list: Node<'_>) {
    let before = std::mem::take(calls);
    for (item, key) in list.items().zip(0..) {
        let mut members = Object::of(item);
        members.take("index");
        for kind in ["function", "custom"] {
            if members.get(kind).is_some_and(Tree::is_object) {
                members.entry(kind).object();
            }
        }
        let done = before.iter().any(|call| call.key == key && call.done);
        calls.push(Call { key, wire: Some(key), members, done });
    }
}

fn find(calls: &[Call], wire: Option<u32>, piece: Node<'_>) -> Option<usize> {
    let id = piece.get("id").and_then(Node::inside).filter(|id| !id.is_empty());
    let function = piece.get("function").or_else(|| piece.get("custom"));
    let name = function.and_then(|function| function.get("name")?.inside()).filter(|name| !name.is_empty());
    if wire.is_some() {
        let place = calls.iter().rposition(|call| call.wire == wire)?;
        let known = calls[place].members.word("id");
        // Another id alone may be made up for each piece; with a name it is another call.
        let other = name.is_some() && known.zip(id).is_some_and(|(known, id)| known != id);
        return (!other).then_some(place);
    }
    let last = latest(calls)?;
    match (id, name) {
        (Some(id), _) => {
            let known = calls.iter().position(|call| call.members.word("id") == Some(id));
            let nameless = name.is_none() && calls[last].members.word("id").is_none();
            known.or(nameless.then_some(last))
        }
        (None, Some(name)) => {
            let call = &calls[last];
            let again = call.name() == Some(name) && !call.arguments().is_some_and(is_json);
            again.then_some(last)
        }
        (None, None) => Some(last),
    }
}

/// Place of the call that came last.
fn latest(calls: &[Call]) -> Option<usize> {
    // Calls without an index are numbered as they come.
    calls.len().checked_sub(1)
}

fn insert(calls: &mut Vec<Call>, wire: Option<u32>, piece: Node<'_>) -> Result<usize, DecodeError> {
    let taken = |key: u32| calls.binary_search_by_key(&key, |call| call.key);
    let (key, place) = match wire.map(|wire| (wire, taken(wire))) {
        Some((key, Err(place))) => (key, place),
        _ => (calls.last().map_or(0, |last| last.key + 1), calls.len()),
    };
    if key > MAX_INDEX {
        return Err(DecodeError::new(
            crate::json::DecodeErrorKind::Type,
            piece.path(),
            piece.offset(),
            format!("expected no more than {MAX_INDEX} tool calls"),
        ));
    }
    calls.insert(place, Call { key, wire, ..Call::default() });
    Ok(place)
}

/// Whether a string, given as it stands between its quotes, holds JSON.
fn is_json(inside: &str) -> bool {
    Doc::parse_text(&crate::json::unescape(inside)).is_ok()
}

impl Call {
    fn tool(&self) -> Option<&Object> {
        ["function", "custom"].into_iter().find_map(|kind| match self.members.get(kind)? {
            Tree::Object(tool) => Some(tool),
            _ => None,
        })
    }

    /// Whether it calls a custom tool, whose input is free text.
    pub(super) fn is_custom(&self) -> bool {
        self.members.get("custom").is_some_and(Tree::is_object)
    }

    /// Its id, with escapes.
    pub(super) fn id(&self) -> Option<&str> {
        self.members.word("id")
    }

    /// Name of the tool, with escapes.
    pub(super) fn name(&self) -> Option<&str> {
        self.tool()?.word("name")
    }

    /// Arguments or input so far, with escapes.
    pub(super) fn arguments(&self) -> Option<&str> {
        let tool = self.tool()?;
        tool.get("arguments").or_else(|| tool.get("input"))?.inside()
    }

    /// Whether nothing more can come: its arguments are JSON. Where calls come interleaved, the next one begins before.
    pub(super) fn is_complete(&self) -> bool {
        self.is_custom() || self.arguments().is_none_or(|text| text.is_empty() || is_json(text))
    }

    /// Says once that it is done.
    pub(super) fn close(&mut self, choice: u32, emit: &mut dyn FnMut(u32, Note<'_>)) {
        if !self.done {
            emit(choice, Note::CallDone { call: self });
            self.done = true;
        }
    }

    /// Writes it with all that the API requires of a finished one.
    pub(super) fn write(&self, w: &mut Writer) {
        let (kind, text) = if self.is_custom() { ("custom", "input") } else { ("function", "arguments") };
        w.begin_object();
        if let Some(id) = self.members.get("id") {
            w.key("id");
            id.write(w);
        }
        w.key("type");
        match self.members.get("type").filter(|kind| !kind.says_nothing()) {
            Some(kind) => kind.write(w),
            None => w.string(kind),
        }
        for (name, value) in self.members.iter().filter(|(name, _)| !matches!(*name, "id" | "type")) {
            w.key(name);
            match value {
                Tree::Object(tool) if name == kind => {
                    w.begin_object();
                    let absent = tool.get(text).is_none_or(Tree::is_null);
                    tool.write_members(w, if absent { &["arguments", "input"] } else { &[] });
                    if absent {
                        w.key(text);
                        w.string("");
                    }
                    w.end_object();
                }
                value => value.write(w),
            }
        }
        w.end_object();
    }
}

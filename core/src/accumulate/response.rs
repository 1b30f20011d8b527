//! Events of a response, merged into the response that they build.

use super::response_delta::{Piece, State, delta_of, state_of};
use super::tree::{List, Object, Tree, index};
use super::{merge, response_delta};
use crate::error::Error;
use crate::json::{self, Context, Decode, DecodeError, Doc, Encode, Json, Node, Reader, Writer};
use crate::types::{Response, ResponseStreamEvent};

/// Merges the events of a response. The events themselves are what is handed on: with
/// [`push_json`](Self::push_json), those of texts and arguments carry the `snapshot` that the official packages add.
///
/// It needs no connection and no runtime: give it each event as it comes.
#[derive(Debug, Clone, Default)]
pub struct ResponseAccumulator {
    /// All members but the output.
    members: Object,
    output: List,
    /// What the latest delta was added to.
    latest: Option<Place>,
    /// Whether the response has ended, and so said what it is as a whole.
    ended: bool,
    /// Events up to this number are merged, but not handed on.
    starting_after: Option<i64>,
    events: u64,
    lean: bool,
    reader: Reader,
}

/// A string inside the output.
#[derive(Debug, Clone, Copy)]
struct Place {
    item: u32,
    part: Option<(&'static str, u32)>,
    member: &'static str,
}

impl ResponseAccumulator {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Merges events whose `sequence_number` is not above this one without handing them on.
    #[must_use]
    pub fn starting_after(mut self, number: i64) -> Self {
        self.starting_after = Some(number);
        self
    }

    /// Leaves `snapshot` out of [`push_json`](Self::push_json)'s events: whoever wants it asks for
    /// [`delta_snapshot`](Self::delta_snapshot).
    #[must_use]
    pub fn without_snapshots(mut self) -> Self {
        self.lean = true;
        self
    }

    /// Takes an event.
    ///
    /// # Errors
    /// Kind `decode` when an index is out of bounds. What came before stays in the snapshot.
    pub fn push(&mut self, event: &ResponseStreamEvent) -> Result<(), Error> {
        let text =
            json::encode(event).map_err(|e| Error::usage(format!("the event cannot be written as JSON: {e}")))?;
        let merged = Doc::parse(text.as_bytes()).and_then(|doc| self.merge(doc.root()).map(drop));
        merged.map_err(|error| super::unreadable("event", self.events + 1, &error))
    }

    /// Takes an event as JSON text and gives it back typed; none if it only catches up.
    ///
    /// # Errors
    /// Kind `decode` when the text is not JSON or an index is out of bounds.
    pub fn push_bytes(&mut self, event: &[u8]) -> Result<Option<ResponseStreamEvent>, Error> {
        let mut out = None;
        let mut reader = std::mem::take(&mut self.reader);
        let pushed = reader.try_read(event, |event, cx| self.push_node(event, cx, &mut |event| out = Some(event)));
        self.reader = reader;
        pushed.map(|()| out).map_err(|error| super::unreadable("event", self.events + 1, &error))
    }

    /// Takes an event as JSON text and gives the one to hand on as a JSON object, for other languages; none if it only
    /// catches up.
    ///
    /// # Errors
    /// As [`push_bytes`](Self::push_bytes).
    pub fn push_json(&mut self, event: &[u8]) -> Result<Option<Json>, Error> {
        let mut reader = std::mem::take(&mut self.reader);
        let pushed = reader.try_read(event, |event, _| {
            let shown = self.merge(event)?;
            Ok(shown.then(|| self.dressed(event)))
        });
        self.reader = reader;
        pushed.map_err(|error| super::unreadable("event", self.events + 1, &error))
    }

    /// The response as far as it is known: after its last event, what a call without a stream returns.
    pub fn snapshot(&self) -> Response {
        super::typed(self)
    }

    /// The response as far as it is known, as JSON. Nothing that came is missing, what the types do not know included.
    pub fn snapshot_json(&self) -> Json {
        super::json(self)
    }

    /// The text, arguments, code … that the latest event's `delta` was added to, with the delta; none if it had none.
    pub fn delta_snapshot(&self) -> Option<String> {
        self.delta_inside().map(|text| json::unescape(text).into_owned())
    }

    /// All text of the output so far, joined.
    pub fn output_text(&self) -> String {
        let output = Tree::List(self.output.clone()).to_text();
        let Ok(doc) = Doc::parse_text(&output) else { return String::new() };
        let parts = doc.root().items().filter_map(|item| item.get("content")).flat_map(Node::items);
        let texts = parts.filter(|part| part.get("type").and_then(Node::inside) == Some("output_text"));
        texts.filter_map(|part| part.get("text")?.as_str()).collect()
    }

    /// Whether the response has ended: completed, failed or incomplete.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Number of events taken.
    pub fn events(&self) -> u64 {
        self.events
    }

    pub(super) fn push_node(
        &mut self,
        event: Node<'_>,
        context: &mut Context,
        out: &mut dyn FnMut(ResponseStreamEvent),
    ) -> Result<(), DecodeError> {
        if self.merge(event)?
            && let Some(event) = ResponseStreamEvent::decode(event, context)
        {
            out(event);
        }
        Ok(())
    }

    /// The event with what the official packages add.
    fn dressed(&self, event: Node<'_>) -> Json {
        let kind = event.get("type").and_then(Node::inside).unwrap_or_default();
        let adds_snapshot = matches!(kind, "response.output_text.delta" | "response.function_call_arguments.delta");
        let restored = state_of(kind) == Some(State::Ended) && event.get("response").is_some_and(lacks_output);
        if !(adds_snapshot && !self.lean || restored) {
            return Json::from(event);
        }
        let mut w = Writer::new();
        w.begin_object();
        for member in event.members() {
            w.key(&member.name());
            if restored && member.name() == "response" {
                self.encode(&mut w);
            } else {
                w.raw(member.value.raw());
            }
        }
        if adds_snapshot {
            w.key("snapshot");
            w.raw_string(self.delta_inside().unwrap_or_default());
        }
        w.end_object();
        Json::valid(w.text())
    }

    fn delta_inside(&self) -> Option<&str> {
        let Place { item, part, member } = self.latest?;
        let Tree::Object(item) = self.output.get(item)? else { return None };
        let Some((list, at)) = part else { return item.get(member)?.inside() };
        let Tree::List(list) = item.get(list)? else { return None };
        let Tree::Object(part) = list.get(at)? else { return None };
        part.get(member)?.inside()
    }

    /// Merges an event: whether it is to be handed on.
    fn merge(&mut self, event: Node<'_>) -> Result<bool, DecodeError> {
        self.latest = None;
        let kind = event.get("type").and_then(Node::inside).unwrap_or_default();
        if let (Some(state), Some(response)) = (state_of(kind), event.get("response")) {
            self.take(response, state);
        } else {
            self.merge_output(kind, event)?;
        }
        self.events += 1;
        let number = event.get("sequence_number").and_then(Node::as_i64);
        Ok(self.starting_after.is_none_or(|after| number.is_none_or(|number| number > after)))
    }

    /// Takes the response as the server tells it. At its end that is the truth; before, it has no output yet.
    fn take(&mut self, response: Node<'_>, state: State) {
        let mut members = Object::of(response);
        let output = members.take("output").filter(|output| !output.is_null());
        let list = output.map(|mut output| std::mem::take(output.list())).unwrap_or_default();
        // Some servers leave the output out of the last event; what was seen of it is not lost then. And one that tells
        // of the beginning again knows no more than we do.
        if list.len() > 0 && (state == State::Ended || list.len() >= self.output.len()) {
            self.output = list;
        }
        self.members = members;
        self.ended = state == State::Ended;
    }

    fn merge_output(&mut self, kind: &str, event: Node<'_>) -> Result<(), DecodeError> {
        match kind {
            "response.output_item.added" | "response.output_item.done" => {
                let Some(item) = event.get("item").filter(|item| !item.is_empty()) else { return Ok(()) };
                let at = self.item(event)?;
                *self.output.at(at) = Tree::of(item);
            }
            "response.content_part.added" | "response.content_part.done" => self.set_part(event, "content")?,
            "response.reasoning_summary_part.added" | "response.reasoning_summary_part.done" => {
                self.set_part(event, "summary")?;
            }
            "response.output_text.annotation.added" => {
                let Some(annotation) = event.get("annotation") else { return Ok(()) };
                let at = self.item(event)?;
                let part = index(event.get("content_index"))?.unwrap_or(0);
                let part = self.output.at(at).object().entry("content").list().at(part);
                let list = part.object().entry("annotations").list();
                match index(event.get("annotation_index"))? {
                    Some(at) => *list.at(at) = Tree::of(annotation),
                    None => {
                        list.push(Tree::of(annotation));
                    }
                }
            }
            "response.shell_call_command.added"
            | "response.shell_call_command.delta"
            | "response.shell_call_command.done" => {
                let at = self.item(event)?;
                let command = index(event.get("command_index"))?.unwrap_or(0);
                let action = self.output.at(at).object().entry("action").object();
                let command = action.entry("commands").list().at(command);
                match (event.get("command"), event.get("delta").and_then(Node::inside)) {
                    (Some(whole), _) => *command = Tree::of(whole),
                    (None, Some(delta)) => command.text().push_str(delta),
                    _ => {}
                }
            }
            "response.shell_call_output_content.delta" | "response.shell_call_output_content.done" => {
                let at = self.item(event)?;
                let output = self.output.at(at).object().entry("output");
                let command = index(event.get("command_index"))?.unwrap_or(0);
                match (event.get("output"), event.get("delta")) {
                    // One entry is what this command has put out; more are what all of them have.
                    (Some(whole), _) if whole.len() == 1 => {
                        whole.items().for_each(|entry| *output.list().at(command) = Tree::of(entry));
                    }
                    (Some(whole), _) => *output = Tree::of(whole),
                    (None, Some(delta)) => {
                        let command = output.list().at(command).object();
                        merge::members(command, delta, &[], merge::Index::Keep)?;
                    }
                    _ => {}
                }
            }
            "response.apply_patch_call_operation_diff.delta" | "response.apply_patch_call_operation_diff.done" => {
                let at = self.item(event)?;
                let operation = self.output.at(at).object().entry("operation").object();
                match (event.get("diff"), event.get("delta").and_then(Node::inside)) {
                    (Some(whole), _) => *operation.entry("diff") = Tree::of(whole),
                    (None, Some(delta)) => operation.entry("diff").text().push_str(delta),
                    _ => {}
                }
            }
            kind => match delta_of(kind) {
                Some(piece) => self.merge_delta(&piece, event)?,
                None => {
                    if let Some(status) = response_delta::status_of(kind)
                        && let Some(at) = self.known_item(event)?
                    {
                        *self.output.at(at).object().entry("status") = Tree::word(status);
                    }
                }
            },
        }
        Ok(())
    }

    /// Appends a delta, or sets what its `done` says the whole is.
    fn merge_delta(&mut self, piece: &Piece, event: Node<'_>) -> Result<(), DecodeError> {
        let at = self.item(event)?;
        let part = match piece.list {
            Some(list) => Some((list, index(event.get(counter(list)))?.unwrap_or(0))),
            None => None,
        };
        let item = self.output.at(at).object();
        named(item, "type", piece.item);
        if let Some(id) = event.get("item_id").filter(|_| item.get("id").is_none()) {
            *item.entry("id") = Tree::of(id);
        }
        let holder = match part {
            Some((list, part)) => {
                let part = item.entry(list).list().at(part).object();
                named(part, "type", piece.part);
                part
            }
            None => item,
        };
        let slot = holder.entry(piece.member);
        if piece.done {
            if let Some(whole) = event.get(piece.member) {
                *slot = Tree::of(whole);
            }
        } else if let Some(delta) = event.get("delta").and_then(Node::inside) {
            slot.text().push_str(delta);
            self.latest = Some(Place { item: at, part, member: piece.member });
        }
        if let Some(logprobs) = event.get("logprobs").filter(|list| !list.is_empty()) {
            let slot = holder.entry("logprobs");
            if piece.done {
                *slot = Tree::of(logprobs);
            } else {
                logprobs.items().for_each(|item| {
                    slot.list().push(Tree::of(item));
                });
            }
        }
        Ok(())
    }

    fn set_part(&mut self, event: Node<'_>, list: &str) -> Result<(), DecodeError> {
        let Some(part) = event.get("part").filter(|part| !part.is_empty()) else { return Ok(()) };
        let at = self.item(event)?;
        let place = index(event.get(counter(list)))?.unwrap_or(0);
        *self.output.at(at).object().entry(list).list().at(place) = Tree::of(part);
        Ok(())
    }

    /// Index of the item that an event is about: by `output_index`, by `item_id`, else a new one.
    fn item(&mut self, event: Node<'_>) -> Result<u32, DecodeError> {
        Ok(match self.known_item(event)? {
            Some(at) => at,
            None => self.output.next_index(),
        })
    }

    fn known_item(&mut self, event: Node<'_>) -> Result<Option<u32>, DecodeError> {
        if let Some(at) = index(event.get("output_index"))? {
            return Ok(Some(at));
        }
        let id = event.get("item_id").or_else(|| event.get("item")?.get("id")).and_then(Node::inside);
        let Some(id) = id else { return Ok(None) };
        let is_it = |item: &mut Tree| item.is_object() && item.object().word("id") == Some(id);
        Ok(self.output.iter_mut().find_map(|(at, item)| is_it(item).then_some(at)))
    }
}

impl Encode for ResponseAccumulator {
    fn encode(&self, w: &mut Writer) {
        w.begin_object();
        self.members.write_members(w, &[]);
        w.key("output");
        self.output.write(w);
        w.end_object();
    }
}

/// The member that says which part of a list an event is about.
fn counter(list: &str) -> &'static str {
    if list == "summary" { "summary_index" } else { "content_index" }
}

fn lacks_output(response: Node<'_>) -> bool {
    response.get("output").is_none_or(Node::is_empty)
}

/// Says what a thing is whose beginning was not seen.
fn named(object: &mut Object, name: &str, word: &str) {
    if object.get(name).is_none() && !word.is_empty() {
        *object.entry(name) = Tree::word(word);
    }
}

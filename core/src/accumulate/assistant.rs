//! Events of a run, merged into the run, its messages and its steps.

use super::assistant_events::{AssistantEvent, Fact};
use super::merge::{self, Index};
use super::tree::{Object, Tree, index};
use crate::error::Error;
use crate::json::{self, Decode, DecodeError, Doc, Encode, Json, Node, Writer};
use crate::types::{AssistantStreamEvent, MessageText, Run, RunStep, RunStepToolCall, Thread, ThreadMessage};

/// Messages and steps are found by walking over them, so a hostile stream may not name any number.
const MAX_OBJECTS: usize = 10_000;

/// Merges the events of an assistant's run and tells what each of them brings.
///
/// It needs no connection and no runtime: give it each event, named, as it comes.
#[derive(Debug, Clone, Default)]
pub struct AssistantAccumulator {
    thread: Option<Tree>,
    run: Option<Tree>,
    /// In the order in which they began.
    messages: Vec<(Box<str>, Tree)>,
    steps: Vec<(Box<str>, Tree)>,
    /// The part of a message that is being written: place of the message, index of the part.
    part: Option<(usize, u32)>,
    /// The tool call that is being written: place of the step, index of the call.
    call: Option<(usize, u32)>,
    events: u64,
    lean: bool,
}

impl AssistantAccumulator {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves `snapshot` out of [`push_json`](Self::push_json)'s events.
    #[must_use]
    pub fn without_snapshots(mut self) -> Self {
        self.lean = true;
        self
    }

    /// Takes an event and gives the events it makes, itself first.
    ///
    /// # Errors
    /// Kind `decode` when an index is out of bounds. What came before stays in the snapshots.
    pub fn push(&mut self, event: &AssistantStreamEvent) -> Result<Vec<AssistantEvent>, Error> {
        let text =
            json::encode(event).map_err(|e| Error::usage(format!("the event cannot be written as JSON: {e}")))?;
        let mut events = Vec::new();
        let pushed = Doc::parse(text.as_bytes()).and_then(|doc| {
            let name = doc.root().get("event").and_then(Node::as_str).unwrap_or_default();
            let Some(data) = doc.root().get("data") else { return Ok(()) };
            self.push_node(&name, data, &mut |event| events.push(event))
        });
        pushed.map(|()| events).map_err(|error| super::unreadable("event", self.events + 1, &error))
    }

    /// Takes an event, its name and its data as JSON text, and gives its events as JSON objects, for other languages.
    ///
    /// # Errors
    /// Kind `decode` when the text is not JSON or an index is out of bounds.
    pub fn push_json(&mut self, name: &str, data: &[u8]) -> Result<Vec<Json>, Error> {
        let pushed = Doc::parse(data).and_then(|doc| {
            let mut events = vec![Fact::new("event").with("event", named(name, doc.root()))];
            let lean = self.lean;
            self.merge(name, doc.root(), lean, &mut |fact| events.push(fact))?;
            Ok(events.into_iter().map(Fact::json).collect())
        });
        pushed.map_err(|error| super::unreadable("event", self.events + 1, &error))
    }

    /// The thread, where the stream has created it.
    pub fn thread(&self) -> Option<Thread> {
        self.thread.as_ref().map(typed)
    }

    /// The run as it was last told.
    pub fn run(&self) -> Option<Run> {
        self.run.as_ref().map(typed)
    }

    /// The messages, as far as they are written.
    pub fn messages(&self) -> Vec<ThreadMessage> {
        self.messages.iter().map(|(_, message)| typed(message)).collect()
    }

    /// The steps, as far as they are done.
    pub fn run_steps(&self) -> Vec<RunStep> {
        self.steps.iter().map(|(_, step)| typed(step)).collect()
    }

    /// The text part that the latest piece of a message was added to.
    pub fn current_text(&self) -> Option<MessageText> {
        let (message, at) = self.part?;
        let part = item(&self.messages.get(message)?.1, &["content"], at)?;
        part.get("text").map(typed)
    }

    /// The tool call that the latest piece of a step was added to.
    pub fn current_tool_call(&self) -> Option<RunStepToolCall> {
        let (step, at) = self.call?;
        let details = item(&self.steps.get(step)?.1, &["step_details", "tool_calls"], at)?;
        let mut w = Writer::new();
        details.write(&mut w);
        json::decode_joined(w.text())
    }

    /// `{"run": …, "messages": […], "run_steps": […]}`, and `thread` where the stream has created it.
    pub fn snapshot_json(&self) -> Json {
        super::json(self)
    }

    /// Number of events taken.
    pub fn events(&self) -> u64 {
        self.events
    }

    pub(super) fn push_node(
        &mut self,
        name: &str,
        data: Node<'_>,
        out: &mut dyn FnMut(AssistantEvent),
    ) -> Result<(), DecodeError> {
        let event = json::decode(named(name, data).as_bytes())?;
        let mut facts = Vec::new();
        self.merge(name, data, true, &mut |fact| facts.push(fact))?;
        out(AssistantEvent::Event(Box::new(event)));
        facts.into_iter().filter_map(Fact::typed).for_each(out);
        Ok(())
    }

    fn merge(&mut self, name: &str, data: Node<'_>, lean: bool, emit: &mut dyn FnMut(Fact)) -> Result<(), DecodeError> {
        match name.strip_prefix("thread.").unwrap_or_default() {
            "created" => self.thread = Some(Tree::of(data)),
            "message.delta" => self.message_delta(data, lean, emit)?,
            "run.step.delta" => self.step_delta(data, lean, emit)?,
            kind if kind.starts_with("message.") => self.message(kind, data, emit)?,
            kind if kind.starts_with("run.step.") => self.step(kind, data, emit)?,
            kind if kind.starts_with("run.") => {
                if matches!(
                    kind,
                    "run.requires_action"
                        | "run.completed"
                        | "run.incomplete"
                        | "run.failed"
                        | "run.cancelled"
                        | "run.expired"
                ) {
                    self.call_done(emit);
                }
                self.run = Some(Tree::of(data));
            }
            _ => {}
        }
        self.events += 1;
        Ok(())
    }

    fn message(&mut self, kind: &str, data: Node<'_>, emit: &mut dyn FnMut(Fact)) -> Result<(), DecodeError> {
        let place = place(&mut self.messages, data)?;
        self.messages[place].1 = Tree::of(data);
        match kind {
            "message.created" => emit(Fact::new("message_created").with("message", data.raw())),
            "message.completed" | "message.incomplete" => {
                self.part_done(emit);
                emit(Fact::new("message_done").with("message", data.raw()));
            }
            _ => {}
        }
        Ok(())
    }

    fn message_delta(&mut self, data: Node<'_>, lean: bool, emit: &mut dyn FnMut(Fact)) -> Result<(), DecodeError> {
        let place = place(&mut self.messages, data)?;
        let Some(delta) = data.get("delta") else { return Ok(()) };
        begin(&mut self.messages[place].1, data, "thread.message");
        for piece in delta.get("content").into_iter().flat_map(Node::items) {
            let list = self.messages[place].1.object().entry("content").list();
            let at = index(piece.get("index"))?.unwrap_or_else(|| list.next_index());
            let part = list.at(at);
            let is_new = part.is_null();
            merge::members(part.object(), piece, &["index"], Index::Drop)?;
            let text = piece.get("text").filter(|_| piece.get("type").and_then(Node::inside) == Some("text"));
            let needed = text.is_some() && (is_new || !lean);
            let whole = needed.then(|| part.object().entry("text").to_text());
            if self.part != Some((place, at)) {
                self.part_done(emit);
                self.part = Some((place, at));
            }
            if let Some(whole) = whole.as_deref().filter(|_| is_new) {
                emit(Fact::new("text_created").with("text", whole));
            }
            if let Some(text) = text {
                let fact = Fact::new("text_delta").with("delta", text.raw());
                emit(match whole {
                    Some(whole) if !lean => fact.with("snapshot", whole),
                    _ => fact,
                });
            }
        }
        merge::members(self.messages[place].1.object(), delta, &["content"], Index::Drop)?;
        let fact = Fact::new("message_delta").with("delta", delta.raw()).with("message_id", id_text(data));
        emit(if lean { fact } else { fact.with("snapshot", self.messages[place].1.to_text()) });
        Ok(())
    }

    /// The part that was being written is complete.
    fn part_done(&mut self, emit: &mut dyn FnMut(Fact)) {
        let Some((message, at)) = self.part.take() else { return };
        let Some(part) = self.messages[message].1.object().entry("content").list().get(at).cloned() else { return };
        let mut part = part;
        let part = part.object();
        let fact = match part.word("type") {
            Some("text") => Fact::new("text_done").with("text", part.entry("text").to_text()),
            Some("image_file") => Fact::new("image_file_done").with("image_file", part.entry("image_file").to_text()),
            _ => return,
        };
        emit(fact);
    }

    fn step(&mut self, kind: &str, data: Node<'_>, emit: &mut dyn FnMut(Fact)) -> Result<(), DecodeError> {
        let place = place(&mut self.steps, data)?;
        let ends = !matches!(kind, "run.step.created" | "run.step.in_progress");
        if ends && self.call.is_some_and(|(step, _)| step == place) {
            self.steps[place].1 = Tree::of(data);
            self.call_done(emit);
        } else {
            self.steps[place].1 = Tree::of(data);
        }
        if ends {
            emit(Fact::new("run_step_done").with("run_step", data.raw()));
        } else if kind == "run.step.created" {
            emit(Fact::new("run_step_created").with("run_step", data.raw()));
        }
        Ok(())
    }

    fn step_delta(&mut self, data: Node<'_>, lean: bool, emit: &mut dyn FnMut(Fact)) -> Result<(), DecodeError> {
        let place = place(&mut self.steps, data)?;
        let Some(delta) = data.get("delta") else { return Ok(()) };
        begin(&mut self.steps[place].1, data, "thread.run.step");
        merge::members(self.steps[place].1.object(), delta, &["step_details"], Index::Drop)?;
        if let Some(details) = delta.get("step_details") {
            let slot = self.steps[place].1.object().entry("step_details").object();
            merge::members(slot, details, &["tool_calls"], Index::Drop)?;
            for piece in details.get("tool_calls").into_iter().flat_map(Node::items) {
                self.call_delta(place, piece, lean, emit)?;
            }
        }
        let fact = Fact::new("run_step_delta").with("delta", delta.raw()).with("run_step_id", id_text(data));
        emit(if lean { fact } else { fact.with("snapshot", self.steps[place].1.to_text()) });
        Ok(())
    }

    fn call_delta(
        &mut self,
        place: usize,
        piece: Node<'_>,
        lean: bool,
        emit: &mut dyn FnMut(Fact),
    ) -> Result<(), DecodeError> {
        let list = self.steps[place].1.object().entry("step_details").object().entry("tool_calls").list();
        let at = index(piece.get("index"))?.unwrap_or_else(|| list.next_index());
        let call = list.at(at);
        for member in piece.members() {
            match (&*member.name(), member.value.inside()) {
                ("index", _) => {}
                ("function", _) => super::call::merge_function(call.object().entry("function").object(), member.value)?,
                (name, _) => merge::value(call.object().entry(name), name, member.value, Index::Drop)?,
            }
        }
        if self.call == Some((place, at)) {
            let fact = Fact::new("tool_call_delta").with("delta", piece.raw());
            emit(if lean { fact } else { fact.with("snapshot", call.to_text()) });
        } else {
            let whole = call.to_text();
            self.call_done(emit);
            self.call = Some((place, at));
            emit(Fact::new("tool_call_created").with("tool_call", whole));
        }
        Ok(())
    }

    /// The tool call that was being written is complete.
    fn call_done(&mut self, emit: &mut dyn FnMut(Fact)) {
        let Some((step, at)) = self.call.take() else { return };
        let details = self.steps[step].1.object().entry("step_details").object();
        if let Some(call) = details.entry("tool_calls").list().get(at) {
            emit(Fact::new("tool_call_done").with("tool_call", call.to_text()));
        }
    }
}

impl Encode for AssistantAccumulator {
    fn encode(&self, w: &mut Writer) {
        w.begin_object();
        if let Some(thread) = &self.thread {
            w.key("thread");
            thread.write(w);
        }
        w.key("run");
        self.run.as_ref().unwrap_or(&Tree::Null).write(w);
        for (name, list) in [("messages", &self.messages), ("run_steps", &self.steps)] {
            w.key(name);
            w.begin_list();
            list.iter().for_each(|(_, object)| object.write(w));
            w.end_list();
        }
        w.end_object();
    }
}

/// The object of that index in the list at the end of a path.
fn item<'a>(tree: &'a Tree, path: &[&str], at: u32) -> Option<&'a Object> {
    match (tree, path) {
        (Tree::Object(object), [name, rest @ ..]) => item(object.get(name)?, rest, at),
        (Tree::List(list), []) => match list.get(at)? {
            Tree::Object(object) => Some(object),
            _ => None,
        },
        _ => None,
    }
}

/// Place of the object whose id the data names.
fn place(list: &mut Vec<(Box<str>, Tree)>, data: Node<'_>) -> Result<usize, DecodeError> {
    let id = data.get("id").and_then(Node::inside).unwrap_or_default();
    if let Some(place) = list.iter().rposition(|(known, _)| **known == *id) {
        return Ok(place);
    }
    if list.len() == MAX_OBJECTS {
        let message = format!("expected no more than {MAX_OBJECTS} objects in one run");
        let kind = crate::json::DecodeErrorKind::Type;
        return Err(DecodeError::new(kind, data.path(), data.offset(), message));
    }
    list.push((id.into(), Tree::Null));
    Ok(list.len() - 1)
}

/// Says what an object is whose beginning was not seen.
fn begin(slot: &mut Tree, data: Node<'_>, kind: &str) {
    if slot.is_null() {
        let object: &mut Object = slot.object();
        if let Some(id) = data.get("id") {
            *object.entry("id") = Tree::of(id);
        }
        *object.entry("object") = Tree::word(kind);
    }
}

fn id_text(data: Node<'_>) -> &str {
    data.get("id").map_or("null", |id| id.raw())
}

fn named(name: &str, data: Node<'_>) -> String {
    let mut w = Writer::new();
    w.begin_object();
    w.key("event");
    w.string(name);
    w.key("data");
    w.raw(data.raw());
    w.end_object();
    w.text().to_owned()
}

fn typed<T: Decode>(tree: &Tree) -> T {
    json::decode_joined(&tree.to_text()).unwrap_or_else(T::blank)
}

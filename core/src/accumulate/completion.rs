//! Chunks of a legacy completion, merged into the completion that they are pieces of.

use super::head::{self, Head};
use super::tree::{Object, Tree, index};
use crate::error::Error;
use crate::json::{self, Context, Decode, DecodeError, Encode, Json, Node, Reader, Writer};
use crate::types::Completion;

/// An event of a streamed legacy completion. `choice` is the continuation's index.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum CompletionStreamEvent {
    /// `chunk`: a chunk as it came. It precedes the events that it makes.
    Chunk(Box<Completion>),
    /// `text.delta`: text was added.
    TextDelta {
        /// Index of the continuation.
        choice: i64,
        /// The text added.
        delta: String,
    },
    /// `text.done`: a continuation is complete.
    TextDone {
        /// Index of the continuation.
        choice: i64,
        /// The whole text.
        text: String,
    },
}

/// Merges the chunks of a legacy completion and tells what each of them brings. It needs no runtime.
#[derive(Debug, Clone, Default)]
pub struct CompletionAccumulator {
    head: Head,
    /// In the order of their indices.
    choices: Vec<Choice>,
    chunks: u64,
    lean: bool,
    reader: Reader,
}

#[derive(Debug, Clone, Default)]
struct Choice {
    index: u32,
    members: Object,
    done: bool,
}

/// An event before it takes the form that the reader wants; with the text's escapes.
enum Note<'a> {
    Delta { delta: &'a str, snapshot: &'a str },
    Done(&'a str),
}

impl CompletionAccumulator {
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

    /// Takes a chunk and gives the events it makes.
    ///
    /// # Errors
    /// Kind `decode` when an index is out of bounds. What came before stays in the snapshot.
    pub fn push(&mut self, chunk: &Completion) -> Result<Vec<CompletionStreamEvent>, Error> {
        let text =
            json::encode(chunk).map_err(|e| Error::usage(format!("the chunk cannot be written as JSON: {e}")))?;
        self.push_bytes(text.as_bytes())
    }

    /// Takes a chunk as JSON text and gives the events it makes.
    ///
    /// # Errors
    /// Kind `decode` when the text is not JSON or an index is out of bounds.
    pub fn push_bytes(&mut self, chunk: &[u8]) -> Result<Vec<CompletionStreamEvent>, Error> {
        let mut events = Vec::new();
        let mut reader = std::mem::take(&mut self.reader);
        let pushed = reader.try_read(chunk, |chunk, cx| self.push_node(chunk, cx, &mut |event| events.push(event)));
        self.reader = reader;
        pushed.map(|()| events).map_err(|error| super::unreadable("chunk", self.chunks + 1, &error))
    }

    /// Takes a chunk as JSON text and gives its events as JSON objects, for other languages.
    ///
    /// # Errors
    /// As [`push_bytes`](Self::push_bytes).
    pub fn push_json(&mut self, chunk: &[u8]) -> Result<Vec<Json>, Error> {
        let lean = self.lean;
        let mut reader = std::mem::take(&mut self.reader);
        let pushed = reader.try_read(chunk, |chunk, _| {
            let touched = self.merge(chunk)?;
            let mut w = Writer::new();
            w.begin_object();
            w.key("type");
            w.string("chunk");
            w.key("chunk");
            w.raw(chunk.raw());
            if !lean {
                w.key("snapshot");
                self.encode(&mut w);
            }
            w.end_object();
            let mut events = vec![Json::valid(w.text())];
            self.announce(&touched, &mut |choice, note| events.push(json_event(choice, &note, lean)));
            Ok(events)
        });
        self.reader = reader;
        pushed.map_err(|error| super::unreadable("chunk", self.chunks + 1, &error))
    }

    /// The events that are left when the stream has ended properly.
    pub fn finish(&mut self) -> Vec<CompletionStreamEvent> {
        let mut events = Vec::new();
        self.choices.iter_mut().for_each(|choice| choice.close(&mut |at, note| events.push(typed_event(at, &note))));
        events
    }

    /// As [`finish`](Self::finish), as JSON objects.
    pub fn finish_json(&mut self) -> Vec<Json> {
        let (mut events, lean) = (Vec::new(), self.lean);
        let mut emit = |at, note: Note<'_>| events.push(json_event(at, &note, lean));
        self.choices.iter_mut().for_each(|choice| choice.close(&mut emit));
        events
    }

    /// The completion as far as it is known: after the stream's end, what a call without a stream returns.
    pub fn snapshot(&self) -> Completion {
        super::typed(self)
    }

    /// The completion as far as it is known, as JSON.
    pub fn snapshot_json(&self) -> Json {
        super::json(self)
    }

    /// Number of chunks taken.
    pub fn chunks(&self) -> u64 {
        self.chunks
    }

    pub(super) fn push_node(
        &mut self,
        chunk: Node<'_>,
        context: &mut Context,
        out: &mut dyn FnMut(CompletionStreamEvent),
    ) -> Result<(), DecodeError> {
        let typed = Completion::decode(chunk, context).unwrap_or_default();
        let touched = self.merge(chunk)?;
        out(CompletionStreamEvent::Chunk(Box::new(typed)));
        self.announce(&touched, &mut |choice, note| out(typed_event(choice, &note)));
        Ok(())
    }

    /// Merges a chunk: the places of the choices it touched, and the text it adds to each.
    fn merge<'a>(&mut self, chunk: Node<'a>) -> Result<Vec<(u32, &'a str)>, DecodeError> {
        let mut touched = Vec::new();
        for member in chunk.members() {
            match &*member.name() {
                "choices" => {
                    for (place, piece) in member.value.items().enumerate() {
                        let at = index(piece.get("index"))?.unwrap_or(place.try_into().unwrap_or(u32::MAX));
                        touched.push((at, self.choice(at).merge(piece)?));
                    }
                }
                name => self.head.merge(name, member.value),
            }
        }
        self.chunks += 1;
        Ok(touched)
    }

    fn choice(&mut self, index: u32) -> &mut Choice {
        let place = self.choices.binary_search_by_key(&index, |choice| choice.index).unwrap_or_else(|place| {
            self.choices.insert(place, Choice { index, ..Choice::default() });
            place
        });
        &mut self.choices[place]
    }

    fn announce(&mut self, touched: &[(u32, &str)], emit: &mut dyn FnMut(u32, Note<'_>)) {
        for (at, delta) in touched {
            let choice = self.choice(*at);
            if !delta.is_empty() {
                let snapshot = choice.members.word("text").unwrap_or(delta);
                emit(*at, Note::Delta { delta, snapshot });
            }
            if choice.members.word("finish_reason").is_some() {
                choice.close(emit);
            }
        }
    }
}

impl Encode for CompletionAccumulator {
    fn encode(&self, w: &mut Writer) {
        self.head.write(w, "text_completion", |w| self.choices.iter().for_each(|choice| choice.write(w)));
    }
}

impl Choice {
    fn merge<'a>(&mut self, piece: Node<'a>) -> Result<&'a str, DecodeError> {
        let mut added = "";
        for member in piece.members() {
            let name = member.name();
            match &*name {
                "index" => {}
                "text" => {
                    added = member.value.inside().unwrap_or_default();
                    self.members.entry("text").text().push_str(added);
                }
                "logprobs" => head::logprobs(self.members.entry("logprobs"), member.value)?,
                "finish_reason" => head::finish_reason(self.members.entry("finish_reason"), member.value),
                "token_ids" => {
                    super::merge::value(self.members.entry("token_ids"), "", member.value, super::merge::Index::Keep)?
                }
                _ => self.members.entry(&name).replace(member.value),
            }
        }
        Ok(added)
    }

    fn close(&mut self, emit: &mut dyn FnMut(u32, Note<'_>)) {
        if !self.done {
            emit(self.index, Note::Done(self.members.get("text").and_then(Tree::inside).unwrap_or_default()));
            self.done = true;
        }
    }

    fn write(&self, w: &mut Writer) {
        w.begin_object();
        w.key("index");
        w.int(self.index.into());
        w.key("text");
        w.raw_string(self.members.word("text").unwrap_or_default());
        for name in ["logprobs", "finish_reason"] {
            w.key(name);
            self.members.get(name).unwrap_or(&Tree::Null).write(w);
        }
        self.members.write_members(w, &["text", "logprobs", "finish_reason"]);
        w.end_object();
    }
}

fn typed_event(choice: u32, note: &Note<'_>) -> CompletionStreamEvent {
    let choice = choice.into();
    match note {
        Note::Delta { delta, .. } => {
            CompletionStreamEvent::TextDelta { choice, delta: json::unescape(delta).into_owned() }
        }
        Note::Done(text) => CompletionStreamEvent::TextDone { choice, text: json::unescape(text).into_owned() },
    }
}

fn json_event(choice: u32, note: &Note<'_>, lean: bool) -> Json {
    let mut w = Writer::new();
    w.begin_object();
    w.key("type");
    match note {
        Note::Delta { delta, snapshot } => {
            w.string("text.delta");
            w.key("delta");
            w.raw_string(delta);
            if !lean {
                w.key("snapshot");
                w.raw_string(snapshot);
            }
        }
        Note::Done(text) => {
            w.string("text.done");
            w.key("text");
            w.raw_string(text);
        }
    }
    if choice > 0 {
        w.key("choice");
        w.int(choice.into());
    }
    w.end_object();
    Json::valid(w.text())
}

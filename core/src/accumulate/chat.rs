//! Chunks of a chat completion, merged into the completion that they are pieces of.

use super::call::{self, Call};
use super::chat_events::{ChatCompletionStreamEvent, Note, TextKind, json_event, typed_event};
use super::head::{self, Head};
use super::merge::{self, Index};
use super::tree::{Object, Tree, index};
use crate::error::Error;
use crate::json::{self, Context, Decode, DecodeError, Encode, Json, Node, Reader, Writer};
use crate::types::{ChatCompletion, ChatCompletionChunk};

/// Merges the chunks of a chat completion and tells what each of them brings.
///
/// It needs no connection and no runtime: give it each chunk as it comes.
///
/// ```
/// use threadline::accumulate::ChatCompletionAccumulator;
///
/// let mut accumulator = ChatCompletionAccumulator::new();
/// for chunk in [
///     r#"{"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"}}]}"#,
///     r#"{"id":"c","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}"#,
/// ] {
///     accumulator.push_bytes(chunk.as_bytes())?;
/// }
/// let completion = accumulator.snapshot();
/// assert_eq!(completion.choices[0].message.content.as_deref(), Some("Hello"));
/// # Ok::<(), threadline::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ChatCompletionAccumulator {
    head: Head,
    /// In the order of their indices.
    choices: Vec<Choice>,
    chunks: u64,
    lean: bool,
    reader: Reader,
}

/// One answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Choice {
    pub(super) index: u32,
    members: Object,
    message: Object,
    calls: Vec<Call>,
    /// Key of the call that the latest piece belongs to.
    current: Option<u32>,
    content_done: bool,
    refusal_done: bool,
    reasoning_done: bool,
    content_logprobs_done: bool,
    refusal_logprobs_done: bool,
}

/// What a chunk touched, in the order of the events about it.
#[derive(Debug)]
struct Touch<'a> {
    /// Place of the choice in the list.
    choice: usize,
    what: What<'a>,
}

#[derive(Debug)]
enum What<'a> {
    Text(TextKind, &'a str),
    /// Key of the call, piece of its arguments.
    Call(u32, &'a str),
    Logprobs(TextKind, Node<'a>),
    /// Nothing more of this choice in this chunk.
    End,
}

impl ChatCompletionAccumulator {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves out of [`push_json`](Self::push_json)'s events what grows with the stream (`snapshot` everywhere, `arguments`
    /// of deltas): whoever wants it asks for [`snapshot_json`](Self::snapshot_json) at that moment.
    #[must_use]
    pub fn without_snapshots(mut self) -> Self {
        self.lean = true;
        self
    }

    /// Takes a chunk and gives the events it makes.
    ///
    /// # Errors
    /// Kind `decode` when an index is out of bounds. What came before stays in the snapshot.
    pub fn push(&mut self, chunk: &ChatCompletionChunk) -> Result<Vec<ChatCompletionStreamEvent>, Error> {
        let text =
            json::encode(chunk).map_err(|e| Error::usage(format!("the chunk cannot be written as JSON: {e}")))?;
        self.push_bytes(text.as_bytes())
    }

    /// Takes a chunk as JSON text and gives the events it makes. Cheaper than [`push`](Self::push).
    ///
    /// # Errors
    /// Kind `decode` when the text is not JSON or an index is out of bounds.
    pub fn push_bytes(&mut self, chunk: &[u8]) -> Result<Vec<ChatCompletionStreamEvent>, Error> {
        let mut events = Vec::with_capacity(2);
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
        let mut reader = std::mem::take(&mut self.reader);
        let pushed = reader.try_read(chunk, |chunk, _| {
            let mut touched = Vec::new();
            self.merge(chunk, &mut touched)?;
            let mut events = vec![self.chunk_event(chunk)];
            let lean = self.lean;
            self.announce(&touched, &mut |choice, note| events.push(json_event(choice, note, lean)));
            Ok(events)
        });
        self.reader = reader;
        pushed.map_err(|error| super::unreadable("chunk", self.chunks + 1, &error))
    }

    /// The events that are left when the stream has ended properly: what no finish reason has closed.
    pub fn finish(&mut self) -> Vec<ChatCompletionStreamEvent> {
        let mut events = Vec::new();
        self.close(&mut |choice, note| events.push(typed_event(choice, note)));
        events
    }

    /// As [`finish`](Self::finish), as JSON objects.
    pub fn finish_json(&mut self) -> Vec<Json> {
        let (mut events, lean) = (Vec::new(), self.lean);
        self.close(&mut |choice, note| events.push(json_event(choice, note, lean)));
        events
    }

    /// The completion as far as it is known: after the stream's end, what a call without a stream returns.
    pub fn snapshot(&self) -> ChatCompletion {
        super::typed(self)
    }

    /// The completion as far as it is known, as JSON. Nothing that came is missing, what the types do not know included.
    pub fn snapshot_json(&self) -> Json {
        super::json(self)
    }

    /// The text of an answer so far; none where it has none, or where it is a list of parts.
    pub fn content(&self, choice: i64) -> Option<String> {
        let choice = self.choices.iter().find(|known| i64::from(known.index) == choice)?;
        choice.text(TextKind::Content).map(|text| json::unescape(text).into_owned())
    }

    /// Number of chunks taken.
    pub fn chunks(&self) -> u64 {
        self.chunks
    }

    /// Takes a chunk and hands out its events.
    pub(super) fn push_node(
        &mut self,
        chunk: Node<'_>,
        context: &mut Context,
        out: &mut dyn FnMut(ChatCompletionStreamEvent),
    ) -> Result<(), DecodeError> {
        let typed = ChatCompletionChunk::decode(chunk, context).unwrap_or_default();
        let mut touched = Vec::with_capacity(2);
        self.merge(chunk, &mut touched)?;
        out(ChatCompletionStreamEvent::Chunk(Box::new(typed)));
        self.announce(&touched, &mut |choice, note| out(typed_event(choice, note)));
        Ok(())
    }

    fn chunk_event(&self, chunk: Node<'_>) -> Json {
        let mut w = Writer::new();
        w.begin_object();
        w.key("type");
        w.string("chunk");
        w.key("chunk");
        w.raw(chunk.raw());
        if !self.lean {
            w.key("snapshot");
            self.encode(&mut w);
        }
        w.end_object();
        Json::valid(w.text())
    }

    fn merge<'a>(&mut self, chunk: Node<'a>, touched: &mut Vec<Touch<'a>>) -> Result<(), DecodeError> {
        for member in chunk.members() {
            match &*member.name() {
                "choices" => {
                    for (place, choice) in member.value.items().enumerate().filter(|(_, item)| !item.is_empty()) {
                        self.merge_choice(place, choice, touched)?;
                    }
                }
                name => self.head.merge(name, member.value),
            }
        }
        self.chunks += 1;
        Ok(())
    }

    fn merge_choice<'a>(
        &mut self,
        place: usize,
        piece: Node<'a>,
        touched: &mut Vec<Touch<'a>>,
    ) -> Result<(), DecodeError> {
        let (mut delta, mut whole, mut logprobs, mut at) = (None, None, None, None);
        for member in piece.members() {
            match &*member.name() {
                "delta" => delta = Some(member.value),
                "message" => whole = Some(member.value),
                "logprobs" => logprobs = Some(member.value),
                "index" => at = Some(member.value),
                _ => {}
            }
        }
        let at = index(at)?.unwrap_or(place.try_into().unwrap_or(u32::MAX));
        let choice = self.choice(at);
        let this = &mut self.choices[choice];
        for member in piece.members() {
            match &*member.name() {
                "delta" | "message" | "index" | "logprobs" => {}
                "finish_reason" => head::finish_reason(this.members.entry("finish_reason"), member.value),
                // Numbers of tokens come piece by piece as their texts do.
                "token_ids" => merge::value(this.members.entry("token_ids"), "", member.value, Index::Keep)?,
                name => this.members.entry(name).replace(member.value),
            }
        }
        let mut touch = |what| touched.push(Touch { choice, what });
        if let Some(delta) = delta {
            this.merge_delta(delta, &mut touch)?;
        }
        // Some providers repeat the message so far beside the delta, or send it whole at the end.
        for member in whole.into_iter().flat_map(Node::members) {
            if member.name() == "tool_calls" {
                call::replace(&mut this.calls, member.value);
            } else {
                this.message.entry(&member.name()).replace(member.value);
            }
        }
        if let Some(logprobs) = logprobs {
            head::logprobs(this.members.entry("logprobs"), logprobs)?;
            for kind in [TextKind::Content, TextKind::Refusal] {
                if let Some(list) = logprobs.get(kind.as_str()).filter(|list| !list.is_empty()) {
                    touch(What::Logprobs(kind, list));
                }
            }
        }
        touch(What::End);
        Ok(())
    }

    /// Place of the choice with that index.
    fn choice(&mut self, index: u32) -> usize {
        self.choices.binary_search_by_key(&index, |choice| choice.index).unwrap_or_else(|place| {
            self.choices.insert(place, Choice { index, ..Choice::default() });
            place
        })
    }

    fn announce(&mut self, touched: &[Touch<'_>], emit: &mut dyn FnMut(u32, Note<'_>)) {
        let mut calls: Vec<u32> = Vec::new();
        for touch in touched {
            let choice = &mut self.choices[touch.choice];
            match &touch.what {
                What::Text(kind, delta) => {
                    choice.close_reasoning(*kind, delta, emit);
                    let snapshot = choice.text(*kind).unwrap_or(delta);
                    emit(choice.index, Note::TextDelta { kind: *kind, delta, snapshot });
                }
                What::Call(key, delta) => {
                    choice.close_reasoning(TextKind::Content, "call", emit);
                    if let Some(call) = choice.calls.iter().find(|call| call.key == *key) {
                        emit(choice.index, Note::CallDelta { call, delta });
                    }
                    calls.push(*key);
                }
                What::Logprobs(kind, delta) => {
                    if let Some(snapshot) = choice.logprobs(*kind) {
                        emit(choice.index, Note::LogprobsDelta { kind: *kind, delta: *delta, snapshot });
                    }
                }
                What::End => {
                    choice.close_what_is_done(&calls, emit);
                    calls.clear();
                }
            }
        }
    }

    fn close(&mut self, emit: &mut dyn FnMut(u32, Note<'_>)) {
        for choice in &mut self.choices {
            choice.close_texts(emit);
            choice.close_calls(emit);
        }
    }
}

impl Encode for ChatCompletionAccumulator {
    fn encode(&self, w: &mut Writer) {
        self.head.write(w, "chat.completion", |w| self.choices.iter().for_each(|choice| choice.write(w)));
    }
}

impl Choice {
    fn merge_delta<'a>(&mut self, delta: Node<'a>, touch: &mut dyn FnMut(What<'a>)) -> Result<(), DecodeError> {
        let (mut content, mut refusal, mut calls, mut reasoning) = (None, None, None, None);
        for member in delta.members() {
            let name = member.name();
            match &*name {
                "content" => content = Some(member.value),
                "refusal" => refusal = Some(member.value),
                "tool_calls" => calls = Some(member.value),
                "reasoning_content" | "reasoning" => {
                    // Those who send it by both names send the same twice.
                    reasoning = reasoning.or(member.value.inside());
                    merge::value(self.message.entry(&name), &name, member.value, Index::Keep)?;
                }
                "audio" if member.value.get("data").is_some() => {
                    let audio = self.message.entry("audio").object();
                    merge::members(audio, member.value, &["data"], Index::Keep)?;
                    let data = member.value.get("data").and_then(Node::inside).unwrap_or_default();
                    merge::append_base64(audio.entry("data").text(), data);
                }
                "function_call" if !member.value.is_null() => {
                    call::merge_function(self.message.entry("function_call").object(), member.value)?;
                }
                "role" => self.message.entry("role").replace(member.value),
                _ => merge::value(self.message.entry(&name), &name, member.value, Index::Keep)?,
            }
        }
        if let Some(text) = reasoning {
            touch(What::Text(TextKind::Reasoning, text));
        }
        if let Some(content) = content {
            merge::content(self.message.entry("content"), content)?;
            content.inside().into_iter().for_each(|text| touch(What::Text(TextKind::Content, text)));
        }
        if let Some(refusal) = refusal {
            merge::value(self.message.entry("refusal"), "refusal", refusal, Index::Keep)?;
            refusal.inside().into_iter().for_each(|text| touch(What::Text(TextKind::Refusal, text)));
        }
        if let Some(calls) = calls {
            if calls.is_empty() {
                self.message.entry("tool_calls").replace(calls);
            }
            for piece in calls.items() {
                let (key, arguments) = call::merge(&mut self.calls, piece)?;
                touch(What::Call(key, arguments));
            }
        }
        Ok(())
    }

    fn text(&self, kind: TextKind) -> Option<&str> {
        match kind {
            TextKind::Reasoning => {
                self.message.word("reasoning_content").or_else(|| self.message.get("reasoning")?.inside())
            }
            _ => self.message.get(kind.as_str())?.inside(),
        }
    }

    fn logprobs(&self, kind: TextKind) -> Option<&Tree> {
        match self.members.get("logprobs")? {
            Tree::Object(logprobs) => logprobs.get(kind.as_str()).filter(|list| list.is_list()),
            _ => None,
        }
    }

    fn is_finished(&self) -> bool {
        self.members.word("finish_reason").is_some()
    }

    /// The answer, or a call, begins: the reasoning is over.
    fn close_reasoning(&mut self, kind: TextKind, delta: &str, emit: &mut dyn FnMut(u32, Note<'_>)) {
        if kind == TextKind::Reasoning {
            // It may go on between two calls.
            self.reasoning_done = false;
        } else if !delta.is_empty() {
            self.reasoning_is_done(emit);
        }
    }

    fn reasoning_is_done(&mut self, emit: &mut dyn FnMut(u32, Note<'_>)) {
        if let Some(text) = self.text(TextKind::Reasoning).filter(|text| !text.is_empty() && !self.reasoning_done) {
            emit(self.index, Note::TextDone { kind: TextKind::Reasoning, text });
            self.reasoning_done = true;
        }
    }

    /// After a chunk: texts are done when calls begin, a call when the next one begins, everything when the choice is.
    fn close_what_is_done(&mut self, calls: &[u32], emit: &mut dyn FnMut(u32, Note<'_>)) {
        if self.is_finished() {
            self.close_texts(emit);
            self.close_calls(emit);
            self.current = calls.last().copied().or(self.current);
            return;
        }
        for key in calls {
            if self.current == Some(*key) {
                continue;
            }
            self.close_texts(emit);
            let before = self.current.replace(*key);
            let call = before.and_then(|before| self.calls.iter_mut().find(|call| call.key == before));
            if let Some(call) = call
                && call.is_complete()
            {
                call.close(self.index, emit);
            }
        }
    }

    fn close_texts(&mut self, emit: &mut dyn FnMut(u32, Note<'_>)) {
        self.reasoning_is_done(emit);
        if !self.content_done
            && let Some(text) = self.text(TextKind::Content).filter(|text| !text.is_empty())
        {
            emit(self.index, Note::TextDone { kind: TextKind::Content, text });
            self.content_done = true;
        }
        if !self.refusal_done
            && let Some(text) = self.text(TextKind::Refusal)
        {
            emit(self.index, Note::TextDone { kind: TextKind::Refusal, text });
            self.refusal_done = true;
        }
        for kind in [TextKind::Content, TextKind::Refusal] {
            let done = if kind == TextKind::Content { self.content_logprobs_done } else { self.refusal_logprobs_done };
            if !done && let Some(snapshot) = self.logprobs(kind) {
                emit(self.index, Note::LogprobsDone { kind, snapshot });
                match kind {
                    TextKind::Content => self.content_logprobs_done = true,
                    _ => self.refusal_logprobs_done = true,
                }
            }
        }
    }

    fn close_calls(&mut self, emit: &mut dyn FnMut(u32, Note<'_>)) {
        let index = self.index;
        self.calls.iter_mut().for_each(|call| call.close(index, emit));
    }

    /// Writes it with all that the API requires of a finished one, null where nothing was said about it.
    fn write(&self, w: &mut Writer) {
        w.begin_object();
        w.key("index");
        w.int(self.index.into());
        w.key("message");
        self.write_message(w);
        for name in ["logprobs", "finish_reason"] {
            w.key(name);
            self.members.get(name).unwrap_or(&Tree::Null).write(w);
        }
        self.members.write_members(w, &["logprobs", "finish_reason"]);
        w.end_object();
    }

    fn write_message(&self, w: &mut Writer) {
        w.begin_object();
        w.key("role");
        match self.message.get("role").filter(|role| !role.says_nothing()) {
            Some(role) => role.write(w),
            None => w.string("assistant"),
        }
        for name in ["content", "refusal"] {
            w.key(name);
            self.message.get(name).unwrap_or(&Tree::Null).write(w);
        }
        if self.calls.is_empty() {
            self.message.write_members(w, &["role", "content", "refusal"]);
        } else {
            w.key("tool_calls");
            w.begin_list();
            self.calls.iter().for_each(|call| call.write(w));
            w.end_list();
            self.message.write_members(w, &["role", "content", "refusal", "tool_calls"]);
        }
        w.end_object();
    }
}

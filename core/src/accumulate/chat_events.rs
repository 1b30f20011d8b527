//! What the chunks of a chat completion bring, as events: typed for Rust, as JSON for other languages.

use super::call::Call;
use super::tree::Tree;
use crate::json::{self, Context, Decode, Json, Node, Writer, unescape};
use crate::types::{ChatCompletionChunk, ChatCompletionTokenLogprob};

/// An event of a streamed chat completion, named as in the official packages.
///
/// `choice` is the answer's index, 0 unless `n` asked for more than one.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ChatCompletionStreamEvent {
    /// `chunk`: a chunk as it came. It precedes the events that it makes.
    Chunk(Box<ChatCompletionChunk>),
    /// `content.delta`: text was added to an answer.
    ContentDelta {
        /// Index of the answer.
        choice: i64,
        /// The text added.
        delta: String,
    },
    /// `content.done`: the text of an answer is complete.
    ContentDone {
        /// Index of the answer.
        choice: i64,
        /// The whole text.
        content: String,
    },
    /// `refusal.delta`: text was added to a refusal.
    RefusalDelta {
        /// Index of the answer.
        choice: i64,
        /// The text added.
        delta: String,
    },
    /// `refusal.done`: a refusal is complete.
    RefusalDone {
        /// Index of the answer.
        choice: i64,
        /// The whole refusal.
        refusal: String,
    },
    /// `reasoning.delta`: text was added to the reasoning that some providers send as `reasoning_content` or `reasoning`.
    ReasoningDelta {
        /// Index of the answer.
        choice: i64,
        /// The text added.
        delta: String,
    },
    /// `reasoning.done`: the answer begins, or a call, or all is done.
    ReasoningDone {
        /// Index of the answer.
        choice: i64,
        /// The whole reasoning so far.
        reasoning: String,
    },
    /// `tool_calls.function.arguments.delta`: a function call began, or its arguments go on.
    FunctionArgumentsDelta {
        /// Index of the answer.
        choice: i64,
        /// Index of the call.
        index: i64,
        /// Name of the function.
        name: String,
        /// The piece of JSON added.
        arguments_delta: String,
    },
    /// `tool_calls.function.arguments.done`: a function call is complete. It comes as soon as the next call begins.
    FunctionArgumentsDone {
        /// Index of the answer.
        choice: i64,
        /// Index of the call.
        index: i64,
        /// Id of the call, which the message with its result repeats; empty where the provider gives none.
        id: String,
        /// Name of the function.
        name: String,
        /// The arguments: JSON text as the model wrote it.
        arguments: String,
    },
    /// `tool_calls.custom.input.delta`: a call of a custom tool began, or its input goes on.
    CustomInputDelta {
        /// Index of the answer.
        choice: i64,
        /// Index of the call.
        index: i64,
        /// Name of the tool.
        name: String,
        /// The piece of input added.
        input_delta: String,
    },
    /// `tool_calls.custom.input.done`: a call of a custom tool is complete.
    CustomInputDone {
        /// Index of the answer.
        choice: i64,
        /// Index of the call.
        index: i64,
        /// Id of the call; empty where the provider gives none.
        id: String,
        /// Name of the tool.
        name: String,
        /// The input.
        input: String,
    },
    /// `logprobs.content.delta`: log probabilities of tokens of the text were added.
    LogprobsContentDelta {
        /// Index of the answer.
        choice: i64,
        /// Those added.
        content: Vec<ChatCompletionTokenLogprob>,
    },
    /// `logprobs.content.done`: the log probabilities of the text are complete.
    LogprobsContentDone {
        /// Index of the answer.
        choice: i64,
        /// All of them.
        content: Vec<ChatCompletionTokenLogprob>,
    },
    /// `logprobs.refusal.delta`: log probabilities of tokens of the refusal were added.
    LogprobsRefusalDelta {
        /// Index of the answer.
        choice: i64,
        /// Those added.
        refusal: Vec<ChatCompletionTokenLogprob>,
    },
    /// `logprobs.refusal.done`: the log probabilities of the refusal are complete.
    LogprobsRefusalDone {
        /// Index of the answer.
        choice: i64,
        /// All of them.
        refusal: Vec<ChatCompletionTokenLogprob>,
    },
}

/// Which text of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    Content,
    Refusal,
    Reasoning,
}

impl TextKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Refusal => "refusal",
            Self::Reasoning => "reasoning",
        }
    }
}

/// An event before it takes the form that the reader wants. Texts stand with their escapes.
#[derive(Debug)]
pub(super) enum Note<'a> {
    TextDelta { kind: TextKind, delta: &'a str, snapshot: &'a str },
    TextDone { kind: TextKind, text: &'a str },
    CallDelta { call: &'a Call, delta: &'a str },
    CallDone { call: &'a Call },
    LogprobsDelta { kind: TextKind, delta: Node<'a>, snapshot: &'a Tree },
    LogprobsDone { kind: TextKind, snapshot: &'a Tree },
}

/// The event for Rust.
pub(super) fn typed_event(choice: u32, note: Note<'_>) -> ChatCompletionStreamEvent {
    use ChatCompletionStreamEvent as Event;
    let choice = i64::from(choice);
    let text = |raw: &str| unescape(raw).into_owned();
    match note {
        Note::TextDelta { kind, delta, .. } => {
            let delta = text(delta);
            match kind {
                TextKind::Content => Event::ContentDelta { choice, delta },
                TextKind::Refusal => Event::RefusalDelta { choice, delta },
                TextKind::Reasoning => Event::ReasoningDelta { choice, delta },
            }
        }
        Note::TextDone { kind, text: raw } => match kind {
            TextKind::Content => Event::ContentDone { choice, content: text(raw) },
            TextKind::Refusal => Event::RefusalDone { choice, refusal: text(raw) },
            TextKind::Reasoning => Event::ReasoningDone { choice, reasoning: text(raw) },
        },
        Note::CallDelta { call, delta } => {
            let (index, name) = (i64::from(call.key), text(call.name().unwrap_or_default()));
            if call.is_custom() {
                Event::CustomInputDelta { choice, index, name, input_delta: text(delta) }
            } else {
                Event::FunctionArgumentsDelta { choice, index, name, arguments_delta: text(delta) }
            }
        }
        Note::CallDone { call } => {
            let (index, name) = (i64::from(call.key), text(call.name().unwrap_or_default()));
            let (id, whole) = (text(call.id().unwrap_or_default()), text(call.arguments().unwrap_or_default()));
            if call.is_custom() {
                Event::CustomInputDone { choice, index, id, name, input: whole }
            } else {
                Event::FunctionArgumentsDone { choice, index, id, name, arguments: whole }
            }
        }
        Note::LogprobsDelta { kind, delta, .. } => {
            let list = Vec::decode(delta, &mut Context::default()).unwrap_or_default();
            match kind {
                TextKind::Refusal => Event::LogprobsRefusalDelta { choice, refusal: list },
                _ => Event::LogprobsContentDelta { choice, content: list },
            }
        }
        Note::LogprobsDone { kind, snapshot } => {
            let list = json::decode_joined(&snapshot.to_text()).unwrap_or_default();
            match kind {
                TextKind::Refusal => Event::LogprobsRefusalDone { choice, refusal: list },
                _ => Event::LogprobsContentDone { choice, content: list },
            }
        }
    }
}

/// The event for other languages. The index of the answer stands in it where it is not the first one, as the official
/// packages, which do not name it, are used with one answer.
pub(super) fn json_event(choice: u32, note: Note<'_>, lean: bool) -> Json {
    let mut w = Writer::new();
    w.begin_object();
    w.key("type");
    match note {
        Note::TextDelta { kind, delta, snapshot } => {
            w.string(&format!("{}.delta", kind.as_str()));
            text(&mut w, "delta", delta);
            if !lean {
                text(&mut w, "snapshot", snapshot);
            }
        }
        Note::TextDone { kind, text: whole } => {
            w.string(&format!("{}.done", kind.as_str()));
            text(&mut w, kind.as_str(), whole);
        }
        Note::CallDelta { call, delta } => {
            let (kind, member) = call_names(call);
            w.string(&format!("tool_calls.{kind}.{member}.delta"));
            call_head(&mut w, call);
            if !lean {
                text(&mut w, member, call.arguments().unwrap_or_default());
            }
            text(&mut w, &format!("{member}_delta"), delta);
        }
        Note::CallDone { call } => {
            let (kind, member) = call_names(call);
            w.string(&format!("tool_calls.{kind}.{member}.done"));
            call_head(&mut w, call);
            text(&mut w, member, call.arguments().unwrap_or_default());
        }
        Note::LogprobsDelta { kind, delta, snapshot } => {
            w.string(&format!("logprobs.{}.delta", kind.as_str()));
            w.key(kind.as_str());
            w.raw(delta.raw());
            if !lean {
                w.key("snapshot");
                snapshot.write(&mut w);
            }
        }
        Note::LogprobsDone { kind, snapshot } => {
            w.string(&format!("logprobs.{}.done", kind.as_str()));
            w.key(kind.as_str());
            snapshot.write(&mut w);
        }
    }
    if choice > 0 {
        w.key("choice");
        w.int(choice.into());
    }
    w.end_object();
    Json::valid(w.text())
}

fn text(w: &mut Writer, name: &str, inside: &str) {
    w.key(name);
    w.raw_string(inside);
}

fn call_names(call: &Call) -> (&'static str, &'static str) {
    if call.is_custom() { ("custom", "input") } else { ("function", "arguments") }
}

fn call_head(w: &mut Writer, call: &Call) {
    text(w, "name", call.name().unwrap_or_default());
    w.key("index");
    w.int(call.key.into());
}

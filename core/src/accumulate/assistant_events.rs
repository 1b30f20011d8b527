//! What the events of a run bring: typed for Rust, as JSON for other languages.

use crate::json::{self, Decode, Json, Writer};
use crate::types::{
    AssistantStreamEvent, ImageFile, MessageDelta, MessageText, MessageTextDelta, RunStep, RunStepDelta,
    RunStepToolCall, RunStepToolCallDelta, ThreadMessage,
};

/// An event of a streamed run: what the official packages give to an event handler.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AssistantEvent {
    /// `event`: an event as it came. It precedes those that it makes.
    Event(Box<AssistantStreamEvent>),
    /// `message_created`: a message begins.
    MessageCreated(Box<ThreadMessage>),
    /// `message_delta`: a piece of a message.
    MessageDelta {
        /// Id of the message.
        message_id: String,
        /// The piece.
        delta: Box<MessageDelta>,
    },
    /// `message_done`: a message is complete, or incomplete for good.
    MessageDone(Box<ThreadMessage>),
    /// `text_created`: a text part of a message begins.
    TextCreated(Box<MessageText>),
    /// `text_delta`: text or annotations were added to a part.
    TextDelta(Box<MessageTextDelta>),
    /// `text_done`: a text part is complete.
    TextDone(Box<MessageText>),
    /// `image_file_done`: an image of a message is complete.
    ImageFileDone(Box<ImageFile>),
    /// `run_step_created`: a step begins.
    RunStepCreated(Box<RunStep>),
    /// `run_step_delta`: a piece of a step.
    RunStepDelta {
        /// Id of the step.
        run_step_id: String,
        /// The piece.
        delta: Box<RunStepDelta>,
    },
    /// `run_step_done`: a step has ended, well or not.
    RunStepDone(Box<RunStep>),
    /// `tool_call_created`: a tool call begins, with what its first piece says.
    ToolCallCreated(Box<RunStepToolCall>),
    /// `tool_call_delta`: a further piece of a tool call.
    ToolCallDelta(Box<RunStepToolCallDelta>),
    /// `tool_call_done`: a tool call is complete.
    ToolCallDone(Box<RunStepToolCall>),
}

/// An event before it takes the form that the reader wants: its name and its members as JSON text.
#[derive(Debug)]
pub(super) struct Fact {
    kind: &'static str,
    members: Vec<(&'static str, String)>,
}

impl Fact {
    pub(super) fn new(kind: &'static str) -> Self {
        Self { kind, members: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, json: impl Into<String>) -> Self {
        self.members.push((name, json.into()));
        self
    }

    pub(super) fn json(self) -> Json {
        let mut w = Writer::new();
        w.begin_object();
        w.key("type");
        w.string(self.kind);
        for (name, json) in &self.members {
            w.key(name);
            w.raw(json);
        }
        w.end_object();
        Json::valid(w.text())
    }

    pub(super) fn typed(self) -> Option<AssistantEvent> {
        use AssistantEvent as Event;
        let first = || self.members.first().map(|(_, json)| &**json);
        Some(match self.kind {
            "message_created" => Event::MessageCreated(read(first())?),
            "message_delta" => {
                Event::MessageDelta { message_id: *read(self.get("message_id"))?, delta: read(first())? }
            }
            "message_done" => Event::MessageDone(read(first())?),
            "text_created" => Event::TextCreated(read(first())?),
            "text_delta" => Event::TextDelta(read(first())?),
            "text_done" => Event::TextDone(read(first())?),
            "image_file_done" => Event::ImageFileDone(read(first())?),
            "run_step_created" => Event::RunStepCreated(read(first())?),
            "run_step_delta" => {
                Event::RunStepDelta { run_step_id: *read(self.get("run_step_id"))?, delta: read(first())? }
            }
            "run_step_done" => Event::RunStepDone(read(first())?),
            "tool_call_created" => Event::ToolCallCreated(read(first())?),
            "tool_call_delta" => Event::ToolCallDelta(read(first())?),
            "tool_call_done" => Event::ToolCallDone(read(first())?),
            _ => return None,
        })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(known, _)| *known == name).map(|(_, json)| &**json)
    }
}

fn read<T: Decode>(json: Option<&str>) -> Option<Box<T>> {
    json::decode_joined(json?).map(Box::new)
}

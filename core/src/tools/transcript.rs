//! What a tool runner did.

use crate::json::{Encode, Json, Writer};

/// A call that the model asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ToolCall {
    /// Id of the call; its result repeats it.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// Group that the tool belongs to.
    pub namespace: Option<String>,
    /// What the model wrote: the arguments of a function as JSON text, the input of a custom tool as it is.
    pub arguments: String,
    /// Whether it is a custom tool, whose input is any text.
    pub custom: bool,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CallOutcome {
    /// It was not made, or did not come to its end.
    #[default]
    Pending,
    /// The function returned.
    Ok,
    /// The function failed or panicked; the model was told so.
    Failed,
    /// There is no such tool; the model was told so.
    Unknown,
    /// The arguments do not fit; the model was told so.
    Invalid,
    /// A hook answered in place of the function.
    Answered,
}

impl CallOutcome {
    /// Its name: `ok`, `failed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Invalid => "invalid",
            Self::Answered => "answered",
        }
    }
}

/// The result of a call, as the model is given it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolResult {
    /// The text for the model.
    pub output: String,
    /// What became of the call.
    pub outcome: CallOutcome,
}

impl ToolResult {
    /// A result.
    pub fn new(outcome: CallOutcome, output: impl Into<String>) -> Self {
        Self { output: output.into(), outcome }
    }

    /// What the function returned.
    pub fn ok(output: impl Into<String>) -> Self {
        Self::new(CallOutcome::Ok, output)
    }
}

/// A call and its result.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CallRecord {
    /// The call.
    pub call: ToolCall,
    /// What became of it.
    pub outcome: CallOutcome,
    /// The text that the model was given.
    pub output: Option<String>,
}

/// One reply of the model and the calls it led to.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Step {
    /// The reply, whole.
    pub reply: Json,
    /// The calls that it asks for, in its order.
    pub calls: Vec<CallRecord>,
}

/// Tokens of all replies together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct UsageSum {
    /// Tokens of the input.
    pub input_tokens: i64,
    /// Tokens of the output, reasoning included.
    pub output_tokens: i64,
    /// Both together.
    pub total_tokens: i64,
}

/// Everything that happened in a run of tools.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Transcript {
    /// The replies with their calls.
    pub steps: Vec<Step>,
    /// The conversation as it is now: messages of a chat, items of a response. Empty for runs of assistants, whose
    /// thread holds it.
    pub messages: Vec<Json>,
    /// Tokens used.
    pub usage: UsageSum,
}

impl Transcript {
    /// All calls, in order.
    pub fn calls(&self) -> impl Iterator<Item = &CallRecord> {
        self.steps.iter().flat_map(|step| &step.calls)
    }
}

impl Encode for Transcript {
    fn encode(&self, w: &mut Writer) {
        w.begin_object();
        w.key("steps");
        w.begin_list();
        for step in &self.steps {
            w.begin_object();
            w.key("reply");
            w.raw(step.reply.raw());
            w.key("calls");
            w.begin_list();
            step.calls.iter().for_each(|call| call.encode(w));
            w.end_list();
            w.end_object();
        }
        w.end_list();
        w.key("messages");
        w.begin_list();
        self.messages.iter().for_each(|message| w.raw(message.raw()));
        w.end_list();
        w.key("usage");
        w.begin_object();
        let usage = self.usage;
        for (name, tokens) in [
            ("input_tokens", usage.input_tokens),
            ("output_tokens", usage.output_tokens),
            ("total_tokens", usage.total_tokens),
        ] {
            w.key(name);
            w.int(tokens);
        }
        w.end_object();
        w.end_object();
    }
}

impl Encode for CallRecord {
    fn encode(&self, w: &mut Writer) {
        w.begin_object();
        for (name, text) in [
            ("id", &*self.call.id),
            ("name", &*self.call.name),
            ("arguments", &*self.call.arguments),
            ("outcome", self.outcome.as_str()),
        ] {
            w.key(name);
            w.string(text);
        }
        w.key("output");
        match &self.output {
            Some(output) => w.string(output),
            None => w.null(),
        }
        w.end_object();
    }
}

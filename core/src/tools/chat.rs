//! The loop over chat completions.

use super::machine::ToolLoop;
use super::runner::{ToolRunner, declared};
use super::tool::Tool;
use super::transcript::{CallRecord, ToolCall};
use crate::error::{Error, ErrorKind};
use crate::resources::ChatCompletions;
use crate::structured::tree::{Object, Tree};
use crate::structured::{content_filter_finish, length_finish};
use crate::types::{ChatCompletion, ChatCompletionCreateParams};

pub(super) fn check(request: &Object) -> Result<(), Error> {
    match request.get("n").and_then(Tree::as_number) {
        Some(n) if n > 1.0 => Err(Error::usage("a tool runner follows one answer; leave `n` out")),
        _ => Ok(()),
    }
}

pub(super) fn reply(run: &mut ToolLoop, reply: &Tree) -> Result<Vec<ToolCall>, Error> {
    let usage = |name: &str| reply.get("usage")?.get(name)?.as_number();
    run.count(usage("prompt_tokens"), usage("completion_tokens"), usage("total_tokens"));
    let choice = reply.get("choices").and_then(Tree::as_list).and_then(<[Tree]>::first);
    let Some(message) = choice.and_then(|choice| choice.get("message")) else {
        return Err(Error::new(ErrorKind::Decode, "the reply has no message to go on from (`choices[0].message`)"));
    };
    let calls: Vec<ToolCall> =
        message.get("tool_calls").and_then(Tree::as_list).unwrap_or_default().iter().map(call).collect();
    if !calls.is_empty() {
        let cut_off = match choice.and_then(|choice| choice.text_at("finish_reason")) {
            Some("length") => Some(length_finish("a message with tool calls")),
            Some("content_filter") => Some(content_filter_finish("a message with tool calls")),
            _ => None,
        };
        if let Some(error) = cut_off {
            return Err(error.with_completion(reply.to_json()));
        }
    }
    run.say("messages", vec![as_input(message)]);
    Ok(calls)
}

pub(super) fn results(run: &mut ToolLoop, calls: &[CallRecord]) {
    let message = |record: &CallRecord| {
        Tree::from([
            ("role", Tree::text("tool")),
            ("tool_call_id", Tree::text(&record.call.id)),
            ("content", Tree::text(record.output.as_deref().unwrap_or_default())),
        ])
    };
    run.say("messages", calls.iter().map(message).collect());
    run.free_choice();
}

fn call(call: &Tree) -> ToolCall {
    let custom = call.get("custom");
    let inner = custom.or_else(|| call.get("function")).unwrap_or(&Tree::Null);
    let text = |tree: &Tree, name: &str| tree.text_at(name).unwrap_or_default().to_owned();
    ToolCall {
        id: text(call, "id"),
        name: text(inner, "name"),
        namespace: None,
        arguments: text(inner, if custom.is_some() { "input" } else { "arguments" }),
        custom: custom.is_some(),
    }
}

/// The model's message as it is sent back. Members that only a provider knows go back to it; what is null, and what only
/// a reply has, does not.
fn as_input(message: &Tree) -> Tree {
    let mut members = message.as_object().cloned().unwrap_or_default();
    for only_reply in ["annotations", "parsed"] {
        members.shift_remove(only_reply);
    }
    members.retain(|name, value| name == "content" || !value.is_null());
    members.entry("role".into()).or_insert_with(|| Tree::text("assistant"));
    if let Some(audio) = members.get_mut("audio") {
        *audio = Tree::from([("id", audio.get("id").cloned().unwrap_or(Tree::Null))]);
    }
    Tree::Object(members)
}

impl ChatCompletions {
    /// Asks a model, calls the functions it asks for, gives it their results, until it answers: a loop over
    /// [`create`](Self::create). The tools are added to `params.tools`.
    ///
    /// `POST /chat/completions`
    ///
    /// # Errors
    ///
    /// When awaited, any [`Error`], with what was done so far as [`Error::transcript`]; kind `step_limit` if the model
    /// still asks for tools at the limit of steps, `tool` if a function failed and failures end the run.
    pub fn run_tools(
        &self,
        params: ChatCompletionCreateParams,
        tools: impl IntoIterator<Item = Tool>,
    ) -> ToolRunner<ChatCompletion> {
        let tools = tools.into_iter().collect();
        ToolRunner::new(self.create(params), tools, ToolLoop::chat, |tool| Ok(declared(&tool.chat()?)))
    }
}

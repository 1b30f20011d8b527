//! The loop over responses.

use super::machine::{Api, ToolLoop};
use super::runner::{ToolRunner, declared};
use super::tool::Tool;
use super::transcript::{CallRecord, ToolCall};
use crate::error::{Error, ErrorKind};
use crate::resources::Responses;
use crate::structured::tree::{Object, Tree};
use crate::structured::{content_filter_finish, length_finish};
use crate::types::{Response, ResponseCreateParams};

/// Calls that are answered by something else than a function, and where their answer would stand.
const OTHER_CALLS: &[&str] =
    &["computer_call", "local_shell_call", "shell_call", "apply_patch_call", "mcp_approval_request"];

/// Checks the arguments, and makes the input a list, which can grow.
pub(super) fn check(request: &mut Object) -> Result<(), Error> {
    if request.get("background") == Some(&Tree::Bool(true)) {
        return Err(Error::usage("a tool runner needs each reply at once; leave `background` out"));
    }
    let input = match request.shift_remove("input") {
        None | Some(Tree::Null) => Tree::List(Vec::new()),
        Some(Tree::Text(text)) => {
            Tree::List(vec![Tree::from([("role", Tree::text("user")), ("content", Tree::Text(text))])])
        }
        Some(list) => list,
    };
    request.insert("input".into(), input);
    Ok(())
}

pub(super) fn reply(run: &mut ToolLoop, reply: &Tree) -> Result<Vec<ToolCall>, Error> {
    let usage = |name: &str| reply.get("usage")?.get(name)?.as_number();
    run.count(usage("input_tokens"), usage("output_tokens"), usage("total_tokens"));
    let Some(output) = reply.get("output").and_then(Tree::as_list) else {
        return Err(Error::new(ErrorKind::Decode, "the reply has no list `output` to go on from"));
    };
    let calls: Vec<ToolCall> = output.iter().filter(|item| is_open(item, output)).filter_map(call).collect();
    if !calls.is_empty() {
        check_complete(reply)?;
        let other = |item: &&Tree| item.text_at("type").is_some_and(|kind| OTHER_CALLS.contains(&kind));
        if let Some(item) = output.iter().filter(other).find(|item| is_open(item, output)) {
            let kind = item.text_at("type").unwrap_or_default();
            let message = format!("beside functions the model asks for a `{kind}`, which a tool runner cannot answer");
            return Err(Error::new(ErrorKind::Tool, message));
        }
    }
    let stored = run.request.get("store") != Some(&Tree::Bool(false));
    let items: Vec<Tree> = output.iter().filter(|item| stored || is_whole(item)).map(as_input).collect();
    let Api::Responses { chained } = run.api else { return Ok(calls) };
    let by_server = run.request.get("conversation").is_some_and(|conversation| !conversation.is_null());
    if by_server || chained {
        // The server has these items; from here on only what is new is sent.
        run.transcript.messages.extend(items.iter().map(Tree::to_json));
        run.request.insert("input".into(), Tree::List(Vec::new()));
        if let (false, Some(id)) = (by_server, reply.get("id")) {
            run.request.insert("previous_response_id".into(), id.clone());
        }
    } else {
        run.say("input", items);
    }
    Ok(calls)
}

/// Calls of a response that was cut off are not whole either.
fn check_complete(reply: &Tree) -> Result<(), Error> {
    let error = match reply.get("incomplete_details").and_then(|details| details.text_at("reason")) {
        Some("max_output_tokens") => length_finish("a response with function calls"),
        Some("content_filter") => content_filter_finish("a response with function calls"),
        _ => return Ok(()),
    };
    Err(error.with_completion(reply.to_json()))
}

pub(super) fn results(run: &mut ToolLoop, calls: &[CallRecord]) {
    let callers = callers(run);
    let item = |record: &CallRecord| {
        let kind = if record.call.custom { "custom_tool_call_output" } else { "function_call_output" };
        let mut members = Object::new();
        members.insert("type".into(), Tree::text(kind));
        members.insert("call_id".into(), Tree::text(&record.call.id));
        members.insert("output".into(), Tree::text(record.output.as_deref().unwrap_or_default()));
        // A program of the model that made the call must find its answer again.
        if let Some((_, caller)) = callers.iter().find(|(id, _)| *id == record.call.id) {
            members.insert("caller".into(), caller.clone());
        }
        Tree::Object(members)
    };
    run.say("input", calls.iter().map(item).collect());
    run.free_choice();
}

/// What made the calls of the last reply, where it says so.
fn callers(run: &ToolLoop) -> Vec<(String, Tree)> {
    let reply = run.transcript.steps.last().map(|step| Tree::of(&step.reply));
    let output = reply.as_ref().and_then(|reply| reply.get("output")).and_then(Tree::as_list);
    let caller = |item: &Tree| Some((item.text_at("call_id")?.to_owned(), item.get("caller")?.clone()));
    output.unwrap_or_default().iter().filter_map(caller).collect()
}

fn call(item: &Tree) -> Option<ToolCall> {
    let custom = match item.text_at("type") {
        Some("function_call") => false,
        Some("custom_tool_call") => true,
        _ => return None,
    };
    let text = |name: &str| item.text_at(name).unwrap_or_default().to_owned();
    Some(ToolCall {
        id: text("call_id"),
        name: text("name"),
        namespace: item.text_at("namespace").map(str::to_owned),
        arguments: text(if custom { "input" } else { "arguments" }),
        custom,
    })
}

/// Whether the reply does not hold the answer to this call itself.
fn is_open(call: &Tree, output: &[Tree]) -> bool {
    let answers = |item: &Tree| {
        let of_call = item.text_at("type").is_some_and(|kind| kind.ends_with("_output"))
            && call.get("call_id").is_some()
            && item.get("call_id") == call.get("call_id");
        of_call || (item.get("approval_request_id").is_some() && item.get("approval_request_id") == call.get("id"))
    };
    !output.iter().any(answers)
}

/// Whether an item can be sent back to a server that keeps nothing: it does not find reasoning by its id.
fn is_whole(item: &Tree) -> bool {
    item.text_at("type") != Some("reasoning")
        || item.get("encrypted_content").is_some()
        || item.get("content").and_then(Tree::as_list).is_some_and(|parts| !parts.is_empty())
}

/// An output item as it is sent back.
fn as_input(item: &Tree) -> Tree {
    let mut item = item.clone();
    if let Tree::Object(members) = &mut item {
        for only_reply in ["created_by", "parsed_arguments"] {
            members.shift_remove(only_reply);
        }
        members.retain(|_, value| !value.is_null());
    }
    item
}

impl Responses {
    /// Asks a model, calls the functions it asks for, gives it their results, until it answers: a loop over
    /// [`create`](Self::create). The tools are added to `params.tools`. Each request holds the whole conversation, unless
    /// `params.conversation` keeps it at the server.
    ///
    /// `POST /responses`
    ///
    /// # Errors
    ///
    /// When awaited, any [`Error`], with what was done so far as [`Error::transcript`]; kind `step_limit` if the model
    /// still asks for tools at the limit of steps, `tool` if a function failed and failures end the run.
    pub fn run_tools(
        &self,
        params: ResponseCreateParams,
        tools: impl IntoIterator<Item = Tool>,
    ) -> ToolRunner<Response> {
        let tools = tools.into_iter().collect();
        ToolRunner::new(self.create(params), tools, ToolLoop::responses, |tool| Ok(declared(&tool.responses()?)))
    }
}

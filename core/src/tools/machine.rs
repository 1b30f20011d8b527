//! The loop as a plain state machine.

use super::transcript::{CallRecord, Step, ToolCall, ToolResult, Transcript};
use super::{chat, responses, runs};
use crate::error::{Error, ErrorKind};
use crate::json::Json;
use crate::operation::Operation;
use crate::operations;
use crate::structured::tree::{Object, Tree};

/// How many replies a run may take if nothing else is said.
pub(super) const DEFAULT_STEPS: u32 = 10;

/// The loop of a tool runner, to be driven by hand: send [`request`](Self::request), give the reply to
/// [`reply`](Self::reply), make the calls that it names, give each result to [`record`](Self::record), and so on until
/// [`Next::Done`].
///
/// ```
/// use threadline::Json;
/// use threadline::tools::{Next, ToolLoop, ToolResult};
///
/// # fn main() -> Result<(), threadline::Error> {
/// # let json = |text: &str| Json::parse(text).expect("valid JSON");
/// let mut run = ToolLoop::chat(&json(r#"{"model":"m","messages":[{"role":"user","content":"Time?"}]}"#))?;
/// # let send = |_: &Json| json(r#"{"choices":[{"message":{"role":"assistant","content":null,"tool_calls":
/// #   [{"id":"c","type":"function","function":{"name":"now","arguments":"{}"}}]}}]}"#);
/// let reply = send(&run.request()?.arguments);
/// if let Next::Calls(calls) = run.reply(&reply)? {
///     for index in 0..calls.len() {
///         run.record(index, ToolResult::ok("12:00"))?;
///     }
/// }
/// assert!(run.request()?.arguments.raw().contains("12:00"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct ToolLoop {
    pub(super) api: Api,
    /// Arguments of the next request.
    pub(super) request: Object,
    pub(super) transcript: Transcript,
    pub(super) reset_choice: bool,
    max_steps: u32,
    /// Whether calls wait for their results.
    pending: bool,
    failed: bool,
}

/// Whose replies they are, and what the API needs beside the arguments.
#[derive(Debug, Clone)]
pub(super) enum Api {
    Chat,
    Responses { chained: bool },
    Runs(runs::Place),
}

/// A request to send.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ToolRequest {
    /// The operation.
    pub operation: &'static Operation,
    /// Values of the path's placeholders.
    pub path: Vec<String>,
    /// All other arguments, one JSON object.
    pub arguments: Json,
}

/// What to do after a reply.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Next {
    /// Make these calls, and record the result of each.
    Calls(Vec<ToolCall>),
    /// The run of an assistant goes on by itself: wait a while, then send [`ToolLoop::request`], which asks for its state.
    Wait,
    /// The reply is the model's answer.
    Done,
}

impl ToolLoop {
    /// A loop over `chat.completions.create` with these arguments.
    ///
    /// # Errors
    /// Kind `usage` if they ask for several answers (`n`).
    pub fn chat(arguments: &Json) -> Result<Self, Error> {
        let request = object(arguments)?;
        chat::check(&request)?;
        let mut this = Self::new(Api::Chat, request);
        this.transcript.messages = this.listed("messages");
        Ok(this)
    }

    /// A loop over `responses.create` with these arguments.
    ///
    /// # Errors
    /// Kind `usage` for a response in the background.
    pub fn responses(arguments: &Json) -> Result<Self, Error> {
        let mut request = object(arguments)?;
        responses::check(&mut request)?;
        let mut this = Self::new(Api::Responses { chained: false }, request);
        this.transcript.messages = this.listed("input");
        Ok(this)
    }

    /// A loop over `beta.threads.runs`: creates a run with these arguments, waits for it, submits tool outputs.
    ///
    /// # Errors
    /// Kind `usage` if the arguments are no object.
    pub fn runs(thread_id: impl Into<String>, arguments: &Json) -> Result<Self, Error> {
        Ok(Self::new(Api::Runs(runs::Place::new(thread_id.into())), object(arguments)?))
    }

    fn new(api: Api, request: Object) -> Self {
        Self {
            api,
            request,
            transcript: Transcript::default(),
            reset_choice: true,
            max_steps: DEFAULT_STEPS,
            pending: false,
            failed: false,
        }
    }

    fn listed(&self, name: &str) -> Vec<Json> {
        let list = self.request.get(name).and_then(Tree::as_list);
        list.unwrap_or_default().iter().map(Tree::to_json).collect()
    }

    /// How many replies the run may take. Default 10.
    pub fn set_max_steps(&mut self, steps: u32) {
        self.max_steps = steps.max(1);
    }

    /// Whether a `tool_choice` that forces a call stays in force after the first one. Default false: it becomes `auto`
    /// then, since the model could never answer otherwise.
    pub fn set_keep_tool_choice(&mut self, keep: bool) {
        self.reset_choice = !keep;
    }

    /// Whether responses refer to the one before by `previous_response_id`, instead of sending the whole conversation
    /// each time. Default false. Of no effect for the other APIs.
    pub fn set_chained(&mut self, on: bool) {
        if let Api::Responses { chained } = &mut self.api {
            *chained = on;
        }
    }

    /// Adds a tool to the arguments, unless they have one of that name already. Not for runs of assistants, whose tools
    /// are the assistant's unless the arguments say otherwise.
    pub(super) fn declare(&mut self, name: &str, tool: Tree) {
        if matches!(self.api, Api::Runs(_)) {
            return;
        }
        let tools = self.request.entry("tools".into()).or_insert_with(|| Tree::List(Vec::new()));
        if tools.is_null() {
            *tools = Tree::List(Vec::new());
        }
        if let Tree::List(tools) = tools
            && !tools.iter().any(|tool| tool_name(tool) == Some(name))
        {
            tools.push(tool);
        }
    }

    /// What to send now.
    ///
    /// # Errors
    /// Kind `usage` while calls wait for their results.
    pub fn request(&self) -> Result<ToolRequest, Error> {
        if self.pending {
            return Err(Error::usage("the calls of the last reply must be answered before the next request"));
        }
        let arguments = || Tree::Object(self.request.clone()).to_json();
        Ok(match &self.api {
            Api::Chat => ToolRequest {
                operation: &operations::CHAT_COMPLETIONS_CREATE,
                path: Vec::new(),
                arguments: arguments(),
            },
            Api::Responses { .. } => {
                ToolRequest { operation: &operations::RESPONSES_CREATE, path: Vec::new(), arguments: arguments() }
            }
            Api::Runs(place) => place.request(arguments),
        })
    }

    /// Takes the reply to the last request.
    ///
    /// # Errors
    /// Kind `step_limit` if the limit of steps is reached and the model still asks for calls; `length_finish` or
    /// `content_filter_finish` if its calls were cut off; `decode` if the reply has no answer; `tool` if it mixes calls
    /// with others that no function can answer.
    pub fn reply(&mut self, reply: &Json) -> Result<Next, Error> {
        if self.pending || self.failed {
            return Err(Error::usage("no reply is due"));
        }
        let tree = Tree::of(reply);
        if let Api::Runs(place) = &mut self.api
            && place.goes_on(&tree)?
        {
            return Ok(Next::Wait);
        }
        let next = match &self.api {
            Api::Chat => chat::reply(self, &tree),
            Api::Responses { .. } => responses::reply(self, &tree),
            Api::Runs(_) => runs::reply(self, &tree),
        };
        // A reply that cannot be used is part of what happened all the same.
        let calls = next.as_ref().map(|calls| calls.iter().map(CallRecord::of).collect()).unwrap_or_default();
        self.transcript.steps.push(Step { reply: reply.clone(), calls });
        let calls = next.inspect_err(|_| self.failed = true)?;
        if calls.is_empty() {
            return Ok(Next::Done);
        }
        if self.transcript.steps.len() >= self.max_steps as usize {
            self.failed = true;
            let message = format!(
                "the model still asks for tools after {} replies, which is the limit of this run; raise `max_steps`",
                self.max_steps
            );
            return Err(Error::new(ErrorKind::StepLimit, message));
        }
        self.pending = true;
        Ok(Next::Calls(calls))
    }

    /// Takes the result of one call of the last reply, named by its place in [`Next::Calls`]. When all are there, the
    /// next request is ready.
    ///
    /// # Errors
    /// Kind `usage` if no such call waits for a result.
    pub fn record(&mut self, index: usize, result: ToolResult) -> Result<(), Error> {
        let step = self.transcript.steps.last_mut().filter(|_| self.pending);
        let record = step.and_then(|step| step.calls.get_mut(index)).filter(|record| record.output.is_none());
        let Some(record) = record else { return Err(Error::usage(format!("no call {index} waits for a result"))) };
        record.output = Some(result.output);
        record.outcome = result.outcome;
        let done = self.transcript.steps.last().is_some_and(|step| step.calls.iter().all(|call| call.output.is_some()));
        if done {
            self.pending = false;
            let calls = self.transcript.steps.last().map(|step| step.calls.clone()).unwrap_or_default();
            match &self.api {
                Api::Chat => chat::results(self, &calls),
                Api::Responses { .. } => responses::results(self, &calls),
                Api::Runs(_) => runs::results(self, &calls),
            }
        }
        Ok(())
    }

    /// As [`record`](Self::record), of a call that was made here.
    pub(super) fn take(&mut self, index: usize, record: &CallRecord) -> Result<(), Error> {
        self.record(index, ToolResult::new(record.outcome, record.output.clone().unwrap_or_default()))
    }

    /// What happened so far.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// What happened, to keep.
    pub fn into_transcript(self) -> Transcript {
        self.transcript
    }

    /// The run of an assistant, once there is one.
    pub(super) fn run_id(&self) -> Option<&str> {
        match &self.api {
            Api::Runs(place) => place.run_id.as_deref(),
            _ => None,
        }
    }

    /// Adds items to the conversation, and to the member of the next request that holds it.
    pub(super) fn say(&mut self, member: &str, items: Vec<Tree>) {
        self.transcript.messages.extend(items.iter().map(Tree::to_json));
        if let Some(Tree::List(list)) = self.request.get_mut(member) {
            list.extend(items);
        }
    }

    pub(super) fn count(&mut self, input: Option<f64>, output: Option<f64>, total: Option<f64>) {
        let [input, output, total] = [input, output, total].map(|tokens| tokens.unwrap_or_default() as i64);
        let sum = &mut self.transcript.usage;
        // A server may claim any number.
        sum.input_tokens = sum.input_tokens.saturating_add(input);
        sum.output_tokens = sum.output_tokens.saturating_add(output);
        sum.total_tokens = sum.total_tokens.saturating_add(total);
    }

    /// Frees a `tool_choice` that forces a call.
    pub(super) fn free_choice(&mut self) {
        if !self.reset_choice {
            return;
        }
        let Some(choice) = self.request.get_mut("tool_choice") else { return };
        let forced = match choice {
            Tree::Text(mode) => mode == "required",
            Tree::Object(named) if named.get("type").and_then(Tree::as_text) == Some("allowed_tools") => {
                // The list of allowed tools stays; only the duty to call one ends.
                let inner = if named.contains_key("allowed_tools") { "allowed_tools" } else { "" };
                let holder =
                    if inner.is_empty() { Some(named) } else { named.get_mut(inner).and_then(Tree::as_object_mut) };
                if let Some(mode) = holder.and_then(|holder| holder.get_mut("mode")) {
                    *mode = Tree::text("auto");
                }
                false
            }
            Tree::Object(_) => true,
            _ => false,
        };
        if forced {
            *choice = Tree::text("auto");
        }
    }
}

impl CallRecord {
    fn of(call: &ToolCall) -> Self {
        Self { call: call.clone(), ..Self::default() }
    }
}

fn object(arguments: &Json) -> Result<Object, Error> {
    match Tree::of(arguments) {
        Tree::Object(members) => Ok(members),
        _ => Err(Error::usage("the arguments must be one JSON object")),
    }
}

fn tool_name(tool: &Tree) -> Option<&str> {
    let inner = tool.get("function").or_else(|| tool.get("custom")).unwrap_or(tool);
    inner.text_at("name")
}

#[cfg(test)]
mod tests;

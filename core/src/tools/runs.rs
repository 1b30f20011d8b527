//! The loop over runs of assistants.

use super::machine::{Api, ToolLoop, ToolRequest};
use super::runner::{ToolRunner, declared};
use super::tool::Tool;
use super::transcript::{CallRecord, ToolCall};
use crate::error::{Error, ErrorKind};
use crate::json::Json;
use crate::operations;
use crate::resources::BetaThreadsRuns;
use crate::structured::tree::Tree;
use crate::types::{Run, RunCreateParams};

/// Where a run stands.
#[derive(Debug, Clone)]
pub(super) struct Place {
    thread_id: String,
    pub(super) run_id: Option<String>,
    /// The outputs to submit next.
    outputs: Option<Vec<Tree>>,
}

impl Place {
    pub(super) fn new(thread_id: String) -> Self {
        Self { thread_id, run_id: None, outputs: None }
    }

    /// The thread and the run, once there is one.
    pub(super) fn path(&self) -> Option<Vec<String>> {
        Some(vec![self.thread_id.clone(), self.run_id.clone()?])
    }

    pub(super) fn request(&self, arguments: impl Fn() -> Json) -> ToolRequest {
        match (self.path(), &self.outputs) {
            (None, _) => ToolRequest {
                operation: &operations::BETA_THREADS_RUNS_CREATE,
                path: vec![self.thread_id.clone()],
                arguments: arguments(),
            },
            (Some(path), Some(outputs)) => ToolRequest {
                operation: &operations::BETA_THREADS_RUNS_SUBMIT_TOOL_OUTPUTS,
                path,
                arguments: Tree::from([("tool_outputs", Tree::List(outputs.clone()))]).to_json(),
            },
            (Some(path), None) => ToolRequest {
                operation: &operations::BETA_THREADS_RUNS_RETRIEVE,
                path,
                arguments: Tree::from([]).to_json(),
            },
        }
    }

    /// Notes which run this is. Whether it goes on without us.
    pub(super) fn goes_on(&mut self, run: &Tree) -> Result<bool, Error> {
        let (Some(id), Some(status)) = (run.text_at("id"), run.text_at("status")) else {
            return Err(Error::new(ErrorKind::Decode, "the reply is no run: it has no `id` or no `status`"));
        };
        self.run_id = Some(id.to_owned());
        self.outputs = None;
        Ok(matches!(status, "queued" | "in_progress" | "cancelling"))
    }
}

pub(super) fn reply(run: &mut ToolLoop, reply: &Tree) -> Result<Vec<ToolCall>, Error> {
    // A run states its usage once, for all its steps.
    let usage = |name: &str| reply.get("usage")?.get(name)?.as_number();
    run.count(usage("prompt_tokens"), usage("completion_tokens"), usage("total_tokens"));
    if reply.text_at("status") != Some("requires_action") {
        return Ok(Vec::new());
    }
    let action = reply.get("required_action").and_then(|action| action.get("submit_tool_outputs"));
    let calls = action.and_then(|action| action.get("tool_calls")).and_then(Tree::as_list).unwrap_or_default();
    if calls.is_empty() {
        return Err(Error::new(ErrorKind::Decode, "the run requires an action, but names no tool call"));
    }
    let call = |call: &Tree| {
        let function = call.get("function").unwrap_or(&Tree::Null);
        let text = |tree: &Tree, name: &str| tree.text_at(name).unwrap_or_default().to_owned();
        ToolCall {
            id: text(call, "id"),
            name: text(function, "name"),
            arguments: text(function, "arguments"),
            ..ToolCall::default()
        }
    };
    Ok(calls.iter().map(call).collect())
}

pub(super) fn results(run: &mut ToolLoop, calls: &[CallRecord]) {
    let output = |record: &CallRecord| {
        Tree::from([
            ("tool_call_id", Tree::text(&record.call.id)),
            ("output", Tree::text(record.output.as_deref().unwrap_or_default())),
        ])
    };
    if let Api::Runs(place) = &mut run.api {
        place.outputs = Some(calls.iter().map(output).collect());
    }
}

impl BetaThreadsRuns {
    /// Creates a run, waits for it, calls the functions it asks for and submits their outputs, until it ends.
    ///
    /// The functions must be declared at the assistant, or in `params.tools` (see [`Tool::assistants`]). If the runner
    /// fails while the run waits for outputs, the run is cancelled, which frees the thread; a runner that is dropped
    /// leaves the run as it is.
    ///
    /// `POST /threads/{thread_id}/runs`
    ///
    /// The vendor has deprecated this endpoint.
    ///
    /// # Errors
    ///
    /// When awaited, any [`Error`], with what was done so far as [`Error::transcript`]; kind `step_limit` if the run
    /// still asks for tools at the limit of steps, `tool` if a function failed and failures end the run. A run that
    /// ends as `failed`, `expired` or `incomplete` is returned.
    pub fn run_tools(
        &self,
        thread_id: &str,
        params: RunCreateParams,
        tools: impl IntoIterator<Item = Tool>,
    ) -> ToolRunner<Run> {
        let thread = thread_id.to_owned();
        let machine = move |arguments: &Json| ToolLoop::runs(thread, arguments);
        let tools = tools.into_iter().collect();
        ToolRunner::new(self.create(thread_id, params), tools, machine, |tool| Ok(declared(&tool.assistants()?)))
    }
}

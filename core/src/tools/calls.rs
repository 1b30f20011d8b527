//! Making the calls of one reply.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::interrupt::Interrupted;
use super::machine::ToolLoop;
use super::runner::{Decision, Hooks, ToolErrors};
use super::tool::{Failure, Tool};
use super::transcript::{CallOutcome, CallRecord, ToolCall, ToolResult};
use crate::error::{Error, ErrorKind};

/// The tools of a run and how their failures are taken.
pub(super) struct Caller {
    pub(super) tools: Vec<Tool>,
    pub(super) errors: ToolErrors,
    pub(super) parallel: bool,
    pub(super) hooks: Hooks,
}

/// The calls of one reply as they are made. It needs to be polled.
pub(super) struct Calls {
    waiting: std::iter::Enumerate<std::vec::IntoIter<ToolCall>>,
    running: FuturesUnordered<BoxFuture<'static, Made>>,
}

/// Place of the call, its result, the call.
type Made = (usize, Result<ToolResult, Error>, ToolCall);

impl Calls {
    pub(super) fn new(calls: Vec<ToolCall>) -> Self {
        Self { waiting: calls.into_iter().enumerate(), running: FuturesUnordered::new() }
    }

    /// The next call that is done, with its place. After an error the others are best left unmade.
    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        caller: &Arc<Caller>,
    ) -> Poll<Option<Result<(usize, CallRecord), Error>>> {
        while caller.parallel || self.running.is_empty() {
            let Some((index, call)) = self.waiting.next() else { break };
            let caller = Arc::clone(caller);
            self.running.push(Box::pin(async move { (index, caller.one(&call).await, call) }));
        }
        let Some((index, result, call)) = ready!(self.running.poll_next_unpin(cx)) else { return Poll::Ready(None) };
        Poll::Ready(Some(result.map(|result| {
            let record = CallRecord { call, outcome: result.outcome, output: Some(result.output) };
            if let Some(hook) = &caller.hooks.after_call {
                hook(&record);
            }
            (index, record)
        })))
    }
}

impl Caller {
    /// Makes the calls and records their results as they come. An error leaves the others unmade.
    pub(super) async fn make(self: &Arc<Self>, calls: Vec<ToolCall>, machine: &mut ToolLoop) -> Result<(), Error> {
        let mut calls = Calls::new(calls);
        while let Some(made) = poll_fn(|cx| calls.poll_next(cx, self)).await {
            let (index, record) = made?;
            machine.take(index, &record)?;
        }
        Ok(())
    }

    async fn one(&self, call: &ToolCall) -> Result<ToolResult, Error> {
        let Some(tool) = self.tools.iter().find(|tool| tool.name() == call.name && tool.is_custom() == call.custom)
        else {
            let names: Vec<&str> = self.tools.iter().map(Tool::name).collect();
            let text = format!("Error: there is no tool named {}. There are: {}.", call.name, names.join(", "));
            return Ok(ToolResult::new(CallOutcome::Unknown, text));
        };
        if let Some(hook) = &self.hooks.before_call {
            match hook(call).await {
                Decision::Call => {}
                Decision::Answer(text) => return Ok(ToolResult::new(CallOutcome::Answered, text)),
                Decision::Abort(why) => {
                    let message = format!("the call of `{}` was not allowed: {why}", call.name);
                    return Err(Error::new(ErrorKind::Tool, message).with_param(&call.name));
                }
            }
        }
        let failure = match tool.call(call.arguments.clone()).await {
            Ok(output) => return Ok(ToolResult::ok(output)),
            Err(Failure::Function(error)) => match Interrupted::ending(error, &call.name) {
                Ok(error) => return Err(error),
                Err(error) => Failure::Function(error),
            },
            Err(failure) => failure,
        };
        let (outcome, text) = match (failure, self.errors) {
            (Failure::Arguments(why), _) => {
                (CallOutcome::Invalid, format!("Error: the arguments do not fit the schema of {}: {why}", call.name))
            }
            (Failure::Function(error), ToolErrors::TellModel) => (CallOutcome::Failed, format!("Error: {error}")),
            (Failure::Panic, ToolErrors::TellModel) => {
                (CallOutcome::Failed, format!("Error: {} failed unexpectedly", call.name))
            }
            (Failure::Function(error), ToolErrors::Abort) => {
                let message = format!("the function `{}` failed: {error}", call.name);
                return Err(Error::new(ErrorKind::Tool, message).with_param(&call.name).with_source(error));
            }
            (Failure::Panic, ToolErrors::Abort) => {
                let message = format!("the function `{}` panicked", call.name);
                return Err(Error::new(ErrorKind::Tool, message).with_param(&call.name));
            }
        };
        Ok(ToolResult::new(outcome, text))
    }
}

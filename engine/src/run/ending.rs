//! The end of a run: one way for the server that works on it, for the request that cancels it, for the sweeper.

use serde_json::{Value, json};

use super::recorder::Named;
use super::spoken;
use crate::db::Tx;
use crate::error::Failure;
use crate::ids;
use crate::model::Usage;
use crate::objects::{message, run, step};
use crate::store::runs::Held;
use crate::store::{messages, steps, threads};

/// How a run ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ending {
    Completed,
    /// A budget of tokens is spent: `max_completion_tokens` or `max_prompt_tokens`.
    Incomplete(&'static str),
    ContentFilter,
    Failed {
        code: &'static str,
        message: String,
    },
    Cancelled,
    Expired,
}

impl Ending {
    fn status(&self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Incomplete(_) | Self::ContentFilter => "incomplete",
            Self::Failed { .. } => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    fn event(&self) -> &'static str {
        match self {
            Self::Completed => "thread.run.completed",
            Self::Incomplete(_) | Self::ContentFilter => "thread.run.incomplete",
            Self::Failed { .. } => "thread.run.failed",
            Self::Cancelled => "thread.run.cancelled",
            Self::Expired => "thread.run.expired",
        }
    }

    /// Why an open message stays incomplete; `None` if it is complete.
    fn message_reason(&self) -> Option<&'static str> {
        match self {
            Self::Completed => None,
            Self::Incomplete(_) => Some("max_tokens"),
            Self::ContentFilter => Some("content_filter"),
            Self::Failed { .. } => Some("run_failed"),
            Self::Cancelled => Some("run_cancelled"),
            Self::Expired => Some("run_expired"),
        }
    }

    /// Status and event of an open step.
    fn step(&self, calls_tools: bool) -> (&'static str, &'static str) {
        match self {
            Self::Cancelled => ("cancelled", "thread.run.step.cancelled"),
            Self::Expired => ("expired", "thread.run.step.expired"),
            Self::Failed { .. } => ("failed", "thread.run.step.failed"),
            Self::Incomplete(_) | Self::ContentFilter if calls_tools => ("failed", "thread.run.step.failed"),
            _ => ("completed", "thread.run.step.completed"),
        }
    }
}

/// Closes a run with what is open in it, and lets go of its thread. Returns the events that tell of it; the caller
/// numbers and keeps them, and writes the run.
pub(crate) async fn close(tx: &mut Tx, held: &mut Held, ending: &Ending) -> Result<Vec<Named>, Failure> {
    let now = ids::now();
    let mut events = Vec::new();
    if *ending == Ending::Cancelled {
        held.run["status"] = json!("cancelling");
        events.push(("thread.run.cancelling", run::shown(&held.run)));
    }
    if let Some(mut open) = messages::open_of_run(tx, held.thread_id(), held.id()).await? {
        spoken::restore(tx, held.id(), &mut open).await?;
        let reason = ending.message_reason();
        message::close(&mut open, reason, now);
        messages::update(tx, &open).await?;
        let name = if reason.is_some() { "thread.message.incomplete" } else { "thread.message.completed" };
        events.push((name, open));
    }
    let last_error = match ending {
        Ending::Failed { code, message } => {
            // Steps know fewer codes than runs.
            let code = if *code == "rate_limit_exceeded" { code } else { "server_error" };
            Some(json!({"code": code, "message": message}))
        }
        Ending::Incomplete(_) | Ending::ContentFilter => {
            Some(json!({"code": "server_error", "message": "The model stopped before its calls were complete."}))
        }
        _ => None,
    };
    let open = steps::open_of_run(tx, held.id()).await?;
    let last = open.len().saturating_sub(1);
    for (place, mut open) in open.into_iter().enumerate() {
        let (status, event) = ending.step(open["type"] == "tool_calls");
        let usage = if place == last { open_usage(held) } else { step::no_usage() };
        let error = last_error.clone().filter(|_| status == "failed");
        step::close(&mut open, status, usage, error, now);
        steps::update(tx, &open).await?;
        events.push((event, open));
    }
    finish(held, ending, now);
    threads::release(tx, held.thread_id(), held.id()).await?;
    events.push((ending.event(), run::shown(&held.run)));
    Ok(events)
}

fn finish(held: &mut Held, ending: &Ending, now: i64) {
    let usage = usage_of(&held.plan);
    let run = &mut held.run;
    run["status"] = json!(ending.status());
    run["required_action"] = Value::Null;
    run["expires_at"] = Value::Null;
    run["usage"] = shown_usage(usage);
    match ending {
        Ending::Completed => run["completed_at"] = json!(now),
        Ending::Incomplete(reason) => run["incomplete_details"] = json!({ "reason": reason }),
        Ending::ContentFilter => run["incomplete_details"] = json!({}),
        Ending::Failed { code, message } => {
            run["failed_at"] = json!(now);
            run["last_error"] = json!({"code": code, "message": message});
        }
        Ending::Cancelled => run["cancelled_at"] = json!(now),
        Ending::Expired => {}
    }
    held.lease_owner = None;
}

/// What the run has used so far.
pub(crate) fn usage_of(plan: &Value) -> Usage {
    let read = |name: &str| plan["usage"][name].as_i64().unwrap_or(0);
    Usage {
        prompt: read("prompt"),
        completion: read("completion"),
        cached: read("cached"),
        reasoning: read("reasoning"),
    }
}

/// Adds a turn's tokens to those of the run.
pub(crate) fn add_usage(plan: &mut Value, turn: Usage) {
    let mut sum = usage_of(plan);
    sum += turn;
    plan["usage"] = json!({"prompt": sum.prompt, "completion": sum.completion, "cached": sum.cached,
                           "reasoning": sum.reasoning});
}

/// Tokens as steps and runs show them.
pub(crate) fn shown_usage(usage: Usage) -> Value {
    let mut shown = json!({
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
    });
    if usage.cached > 0 {
        shown["prompt_token_details"] = json!({"cached_tokens": usage.cached});
    }
    if usage.reasoning > 0 {
        shown["completion_tokens_details"] = json!({"reasoning_tokens": usage.reasoning});
    }
    shown
}

/// Usage of the turn whose step is open, where the turn has ended.
fn open_usage(held: &Held) -> Value {
    match &held.plan["open_usage"] {
        Value::Null => step::no_usage(),
        usage => usage.clone(),
    }
}

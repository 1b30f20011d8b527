//! Run steps.

use serde_json::{Value, json};

/// A step that begins: it writes a message, or calls tools.
pub(crate) fn opened(id: &str, run: &Value, details: Value, now: i64) -> Value {
    json!({
        "id": id,
        "object": "thread.run.step",
        "created_at": now,
        "run_id": run["id"],
        "assistant_id": run["assistant_id"],
        "thread_id": run["thread_id"],
        "type": details["type"],
        "status": "in_progress",
        "cancelled_at": null,
        "completed_at": null,
        "expired_at": null,
        "expires_at": run["expires_at"],
        "failed_at": null,
        "last_error": null,
        "step_details": details,
        "metadata": {},
        "usage": null,
    })
}

/// Ends a step with this status.
pub(crate) fn close(step: &mut Value, status: &str, usage: Value, last_error: Option<Value>, now: i64) {
    step["status"] = json!(status);
    step[format!("{status}_at").as_str()] = json!(now);
    step["usage"] = usage;
    if let Some(error) = last_error {
        step["last_error"] = error;
    }
}

/// Usage of a step that called no model.
pub(crate) fn no_usage() -> Value {
    json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0})
}

/// As it is served: the found texts of a file search only where they were asked for.
pub(crate) fn shown(step: &Value, with_content: bool) -> Value {
    let mut shown = step.clone();
    if with_content {
        return shown;
    }
    // By pointer: an index would write members into steps and calls of other kinds.
    let calls = shown.pointer_mut("/step_details/tool_calls").and_then(Value::as_array_mut);
    for call in calls.into_iter().flatten() {
        let results = call.pointer_mut("/file_search/results").and_then(Value::as_array_mut);
        for result in results.into_iter().flatten() {
            if let Some(result) = result.as_object_mut() {
                result.remove("content");
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_texts_are_shown_where_they_were_asked_for_and_nothing_is_added() {
        let calls = json!([{"type": "function", "function": {"name": "f"}},
                           {"type": "file_search", "file_search": {"results": [{"score": 1, "content": []}]}}]);
        let kept = json!({"step_details": {"type": "tool_calls", "tool_calls": calls}});
        assert_eq!(shown(&kept, true), kept);
        let mut without = kept.clone();
        without["step_details"]["tool_calls"][1]["file_search"]["results"] = json!([{"score": 1}]);
        assert_eq!(shown(&kept, false), without);
        let message = json!({"step_details": {"type": "message_creation"}});
        assert_eq!(shown(&message, false), message);
    }
}

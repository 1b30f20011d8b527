//! Runs.

use serde_json::{Map, Value, json};

use super::assistant::INSTRUCTIONS;
use super::message::NewMessage;
use super::resources::{self, Resources};
use super::thread::{self, NewThread};
use super::{formats, message, tools};
use crate::check::Object;
use crate::error::ApiError;

const MEMBERS: &[&str] = &[
    "model",
    "instructions",
    "tools",
    "metadata",
    "temperature",
    "top_p",
    "max_prompt_tokens",
    "max_completion_tokens",
    "truncation_strategy",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "reasoning_effort",
    "stream",
];
/// Smallest token budget that may be asked for.
const MIN_BUDGET: i64 = 256;

/// Statuses in which a run holds its thread.
pub(crate) const ACTIVE: &[&str] = &["queued", "in_progress", "requires_action", "cancelling"];

/// What a request to make a run says.
#[derive(Debug, Clone)]
pub(crate) struct NewRun {
    pub(crate) assistant_id: String,
    /// Members as the request gives them, read; what it leaves out is not there.
    given: Map<String, Value>,
    additional_instructions: Option<String>,
    pub(crate) additional_messages: Vec<NewMessage>,
    /// The thread to make, for the operation that makes both.
    pub(crate) thread: Option<NewThread>,
    pub(crate) resources: Option<Resources>,
    pub(crate) stream: bool,
}

impl NewRun {
    /// A run on a thread that is there.
    pub(crate) fn read(body: &Object<'_>, max_messages: usize) -> Result<Self, ApiError> {
        let mut members = MEMBERS.to_vec();
        members.extend(["additional_instructions", "additional_messages"]);
        body.expect(&["assistant_id"], &members)?;
        let mut run = Self::common(body)?;
        run.additional_instructions = body.text("additional_instructions", INSTRUCTIONS)?.map(str::to_owned);
        let messages = body.objects("additional_messages", 0, max_messages)?;
        run.additional_messages = messages.iter().map(message::read).collect::<Result<_, _>>()?;
        Ok(run)
    }

    /// A run with a thread of its own, which gets this id.
    pub(crate) fn read_with_thread(
        body: &Object<'_>,
        thread_id: &str,
        now: i64,
        max_messages: usize,
    ) -> Result<Self, ApiError> {
        let mut members = MEMBERS.to_vec();
        members.extend(["thread", "tool_resources"]);
        body.expect(&["assistant_id"], &members)?;
        let mut run = Self::common(body)?;
        run.resources = resources::read(body)?;
        let empty = Value::Object(Map::new());
        let nothing = Object::body(&empty, false)?;
        let thread = body.object("thread")?.unwrap_or(nothing);
        run.thread = Some(thread::create(&thread, thread_id, now, max_messages)?);
        Ok(run)
    }

    fn common(body: &Object<'_>) -> Result<Self, ApiError> {
        let assistant_id = body.required_text("assistant_id", 256)?.to_owned();
        crate::ids::check("assistant_id", &assistant_id, "asst")?;
        let mut given = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                given.insert(name.to_owned(), value);
            }
        };
        put("model", body.text("model", 256)?.map(Value::from));
        put("instructions", body.text("instructions", INSTRUCTIONS)?.map(Value::from));
        if body.value("tools").is_some() {
            put("tools", tools::read(body)?.map(Value::from));
        }
        put("metadata", body.metadata()?.map(Value::Object));
        put("temperature", formats::temperature(body)?.map(|value| json!(value)));
        put("top_p", formats::top_p(body)?.map(|value| json!(value)));
        put("reasoning_effort", formats::reasoning_effort(body)?.map(Value::from));
        put("max_prompt_tokens", body.int("max_prompt_tokens", MIN_BUDGET, i64::MAX)?.map(Value::from));
        put("max_completion_tokens", body.int("max_completion_tokens", MIN_BUDGET, i64::MAX)?.map(Value::from));
        put("truncation_strategy", formats::truncation_strategy(body)?);
        put("tool_choice", formats::tool_choice(body)?);
        put("parallel_tool_calls", body.boolean("parallel_tool_calls")?.map(Value::from));
        put("response_format", formats::response_format(body)?);
        Ok(Self {
            assistant_id,
            given,
            additional_instructions: None,
            additional_messages: Vec::new(),
            thread: None,
            resources: None,
            stream: body.boolean("stream")?.unwrap_or(false),
        })
    }

    /// The run as it is kept: what the request says, else what the assistant says, else the defaults.
    ///
    /// # Errors
    /// A tool choice that the tools cannot satisfy.
    pub(crate) fn resolve(
        &self,
        assistant: &Value,
        id: &str,
        thread_id: &str,
        now: i64,
        ttl: Option<i64>,
    ) -> Result<Value, ApiError> {
        let given = |name: &str| self.given.get(name).cloned();
        let inherited = |name: &str| given(name).unwrap_or_else(|| assistant[name].clone());
        let found = inherited("tools").as_array().cloned().unwrap_or_default();
        let tool_choice = given("tool_choice").unwrap_or_else(|| json!("auto"));
        formats::check_choice(&tool_choice, &found)?;
        let resources = match &self.resources {
            Some(resources) => resources.over(&assistant["tool_resources"]),
            None => assistant["tool_resources"].clone(),
        };
        Ok(json!({
            "id": id,
            "object": "thread.run",
            "created_at": now,
            "thread_id": thread_id,
            "assistant_id": self.assistant_id,
            "status": "queued",
            "required_action": null,
            "last_error": null,
            "expires_at": ttl.map(|ttl| now + ttl),
            "started_at": null,
            "cancelled_at": null,
            "failed_at": null,
            "completed_at": null,
            "incomplete_details": null,
            "model": inherited("model"),
            "instructions": self.instructions(assistant),
            "tools": found,
            "tool_resources": resources,
            "metadata": given("metadata").unwrap_or_else(|| json!({})),
            "usage": null,
            "temperature": inherited("temperature"),
            "top_p": inherited("top_p"),
            "reasoning_effort": inherited("reasoning_effort"),
            "max_prompt_tokens": given("max_prompt_tokens"),
            "max_completion_tokens": given("max_completion_tokens"),
            "truncation_strategy": given("truncation_strategy")
                .unwrap_or_else(|| json!({"type": "auto", "last_messages": null})),
            "tool_choice": tool_choice,
            "parallel_tool_calls": given("parallel_tool_calls").unwrap_or_else(|| json!(true)),
            "response_format": inherited("response_format"),
        }))
    }

    fn instructions(&self, assistant: &Value) -> String {
        let own = self.given.get("instructions").unwrap_or(&assistant["instructions"]);
        let own = own.as_str().unwrap_or_default();
        match self.additional_instructions.as_deref() {
            Some(more) if !more.is_empty() && own.is_empty() => more.to_owned(),
            Some(more) if !more.is_empty() => format!("{own}\n{more}"),
            _ => own.to_owned(),
        }
    }
}

/// As it is served.
pub(crate) fn shown(run: &Value) -> Value {
    let mut shown = run.clone();
    let found = run["tools"].as_array().cloned().unwrap_or_default();
    shown["tool_resources"] = resources::shown(&run["tool_resources"], &found);
    show_sampling(&mut shown);
    shown
}

/// Unset sampling is shown as what it amounts to.
pub(super) fn show_sampling(object: &mut Value) {
    for name in ["temperature", "top_p"] {
        if object[name].is_null() {
            object[name] = json!(1.0);
        }
    }
}

/// Whether a run of this status holds its thread.
pub(crate) fn is_active(status: &str) -> bool {
    ACTIVE.contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(body: Value, assistant: Value) -> Result<Value, ApiError> {
        NewRun::read(&Object::body(&body, false)?, 100)?.resolve(&assistant, "run_1", "thread_1", 5, Some(600))
    }

    fn assistant() -> Value {
        json!({"model": "m", "instructions": "Be brief.", "tools": [{"type": "file_search"}], "temperature": 0.5,
               "top_p": null, "reasoning_effort": "low", "response_format": "auto", "tool_resources": {}})
    }

    #[test]
    fn what_a_run_does_not_say_comes_from_the_assistant() {
        let run = resolved(json!({"assistant_id": "asst_1"}), assistant()).unwrap();
        assert_eq!(run["model"], "m");
        assert_eq!(run["instructions"], "Be brief.");
        assert_eq!(run["temperature"], 0.5);
        assert_eq!(run["reasoning_effort"], "low");
        assert_eq!(run["expires_at"], 605);
        assert_eq!(shown(&run)["top_p"], 1.0);
        assert_eq!(shown(&run)["tool_resources"], json!({"file_search": {"vector_store_ids": []}}));
    }

    #[test]
    fn what_a_run_says_wins_and_an_empty_list_of_tools_is_said() {
        let body = json!({"assistant_id": "asst_1", "model": "n", "tools": [], "temperature": null,
                          "instructions": "Other.", "additional_instructions": "More."});
        let run = resolved(body, assistant()).unwrap();
        assert_eq!(run["model"], "n");
        assert_eq!(run["tools"], json!([]));
        assert_eq!(run["temperature"], 0.5);
        assert_eq!(run["instructions"], "Other.\nMore.");
    }

    #[test]
    fn a_choice_needs_its_tool() {
        let required = json!({"assistant_id": "asst_1", "tools": [], "tool_choice": "required"});
        assert_eq!(resolved(required, assistant()).unwrap_err().param.as_deref(), Some("tool_choice"));
        let named = json!({"assistant_id": "asst_1",
                           "tool_choice": {"type": "function", "function": {"name": "f"}}});
        assert!(resolved(named, assistant()).unwrap_err().message.contains("'f'"));
        let search = json!({"assistant_id": "asst_1", "tool_choice": {"type": "file_search"}});
        assert!(resolved(search, assistant()).is_ok());
    }

    #[test]
    fn budgets_below_256_are_refused() {
        let body = json!({"assistant_id": "asst_1", "max_completion_tokens": 255});
        assert_eq!(resolved(body, assistant()).unwrap_err().code, Some("integer_below_min_value"));
    }
}

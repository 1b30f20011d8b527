//! The request of one turn: run, thread and what the run has done so far, as a model is asked.

use serde_json::{Value, json};

use super::ending::{Ending, usage_of};
use crate::model::{Call, Turn, TurnRequest};
use crate::store::runs::Held;

/// Name under which the engine's own file search is offered, unless a function of the user has it.
const SEARCH: &str = "file_search";

/// Name of the engine's own file search among these tools, where it is offered as a function.
pub(crate) fn search_name(tools: &[Value], hosted: bool) -> Option<String> {
    if hosted || !crate::objects::tools::has(tools, "file_search") {
        return None;
    }
    let taken = |name: &str| crate::objects::tools::has_function(tools, name);
    let mut name = SEARCH.to_owned();
    let mut number = 1;
    while taken(&name) {
        number += 1;
        name = format!("{SEARCH}_{number}");
    }
    Some(name)
}

/// Tools as the model is offered them.
fn offered(tools: &[Value], search: Option<&str>, ignored: &[&str]) -> Vec<Value> {
    let kept = tools.iter().filter(|tool| !ignored.iter().any(|kind| tool["type"] == **kind));
    kept.map(|tool| match search {
        Some(name) if tool["type"] == "file_search" => crate::search::function(name),
        _ => tool.clone(),
    })
    .collect()
}

/// The choice of tools for a turn: a forced one holds for the first only, or the run would never end.
fn choice(run: &Value, turn: usize, search: Option<&str>) -> Value {
    let choice = &run["tool_choice"];
    match (choice.as_str(), search) {
        (Some("none"), _) => json!("none"),
        _ if turn > 0 => json!("auto"),
        (None, Some(name)) if choice["type"] == "file_search" => {
            json!({"type": "function", "function": {"name": name}})
        }
        _ => choice.clone(),
    }
}

/// What a turn needs beside the run itself.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) messages: Vec<Value>,
    pub(crate) turns: &'a [Turn],
    pub(crate) search_name: Option<&'a str>,
    /// Types of tools that are left out.
    pub(crate) ignored: &'a [&'a str],
    /// The smallest limit of output tokens that can be asked for.
    pub(crate) least_output: i64,
}

/// The request of a turn, or the end of the run where its budget is spent.
pub(crate) fn request(held: &Held, context: Context<'_>) -> Result<TurnRequest, Ending> {
    let run = &held.run;
    let left = run["max_completion_tokens"].as_i64().map(|max| max - usage_of(&held.plan).completion);
    if left.is_some_and(|left| left < context.least_output) {
        return Err(Ending::Incomplete("max_completion_tokens"));
    }
    let tools = run["tools"].as_array().cloned().unwrap_or_default();
    Ok(TurnRequest {
        model: run["model"].as_str().unwrap_or_default().to_owned(),
        instructions: run["instructions"].as_str().unwrap_or_default().to_owned(),
        messages: context.messages,
        turns: context.turns.to_vec(),
        tools: offered(&tools, context.search_name, context.ignored),
        tool_choice: choice(run, context.turns.len(), context.search_name),
        parallel_tool_calls: run["parallel_tool_calls"].as_bool().unwrap_or(true),
        response_format: run["response_format"].clone(),
        temperature: run["temperature"].as_f64(),
        top_p: run["top_p"].as_f64(),
        reasoning_effort: run["reasoning_effort"].as_str().map(str::to_owned),
        max_output_tokens: left,
        ..TurnRequest::default()
    })
}

/// A turn as it is kept.
pub(crate) fn to_json(turn: &Turn) -> Value {
    let calls = turn
        .calls
        .iter()
        .map(|call| json!({"id": call.id, "name": call.name, "arguments": call.arguments, "output": call.output}));
    json!({"text": turn.text, "calls": calls.collect::<Vec<_>>(), "private": turn.private})
}

/// A turn that was kept.
pub(crate) fn from_json(kept: &Value) -> Turn {
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let calls = kept["calls"].as_array().into_iter().flatten();
    Turn {
        text: text(kept, "text"),
        calls: calls
            .map(|call| Call::new(text(call, "id"), text(call, "name"), text(call, "arguments"), text(call, "output")))
            .collect(),
        private: kept["private"].as_array().cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forced_choice_holds_for_the_first_turn() {
        let run = json!({"tool_choice": "required"});
        assert_eq!(choice(&run, 0, None), "required");
        assert_eq!(choice(&run, 1, None), "auto");
        let none = json!({"tool_choice": "none"});
        assert_eq!(choice(&none, 3, None), "none");
        let search = json!({"tool_choice": {"type": "file_search"}});
        assert_eq!(choice(&search, 0, Some("file_search"))["function"]["name"], "file_search");
    }

    #[test]
    fn the_search_gives_way_to_a_function_of_its_name() {
        let mut tools = vec![json!({"type": "file_search"})];
        assert_eq!(search_name(&tools, false).as_deref(), Some("file_search"));
        assert_eq!(search_name(&tools, true), None);
        tools.push(json!({"type": "function", "function": {"name": "file_search"}}));
        assert_eq!(search_name(&tools, false).as_deref(), Some("file_search_2"));
        assert_eq!(search_name(&[], false), None);
    }

    #[test]
    fn turns_survive_being_kept() {
        let turn = Turn {
            text: "t".into(),
            calls: vec![Call::new("call_1", "f", "{}", "out")],
            private: vec![json!({"type": "reasoning"})],
        };
        assert_eq!(from_json(&to_json(&turn)), turn);
    }
}

//! A turn as a request to `/responses`.

use serde_json::{Map, Value, json};

use crate::model::{Container, Profile, Turn, TurnRequest};

/// The body of the request. Nothing is kept at the provider: the engine has the thread.
pub(in crate::model) fn request(turn: &TurnRequest, profile: &Profile, stores: &[String]) -> Value {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| {
        body.insert(name.to_owned(), value);
    };
    put("model", json!(profile.model(&turn.model)));
    if !turn.instructions.is_empty() {
        put("instructions", json!(turn.instructions));
    }
    let mut input: Vec<Value> = turn.messages.iter().flat_map(message).collect();
    turn.turns.iter().for_each(|done| exchange(done, &mut input));
    put("input", Value::Array(input));
    put("store", json!(false));
    let mut include = Vec::new();
    let tools: Vec<Value> =
        turn.tools.iter().filter_map(|found| tool(found, turn, profile, stores, &mut include)).collect();
    if !tools.is_empty() {
        let choice = tool_choice(&turn.tool_choice);
        if choice != "auto" && (profile.forced_tools || choice == "none") {
            put("tool_choice", choice);
        }
        if profile.parallel_tool_calls {
            put("parallel_tool_calls", json!(turn.parallel_tool_calls));
        }
        put("tools", Value::Array(tools));
    }
    if let Some(format) = text_format(&turn.response_format) {
        put("text", json!({ "format": format }));
    }
    if let Some(temperature) = turn.temperature {
        put("temperature", json!(temperature));
    }
    if let Some(top_p) = turn.top_p {
        put("top_p", json!(top_p));
    }
    if let Some(effort) = turn.reasoning_effort.as_ref().filter(|_| profile.reasoning_effort) {
        put("reasoning", json!({ "effort": effort }));
    }
    if turn.reasoning_effort.is_some() || reasons(profile.model(&turn.model)) {
        include.push("reasoning.encrypted_content");
    }
    if let Some(most) = turn.max_output_tokens {
        put("max_output_tokens", json!(most));
    }
    if !include.is_empty() {
        put("include", json!(include));
    }
    Value::Object(body)
}

/// Whether a model is known to reason unasked. Others refuse to be asked for their reasoning.
fn reasons(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let numbered = name.strip_prefix('o').is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()));
    numbered || name.strip_prefix("gpt-5").is_some_and(|rest| !rest.contains("chat"))
}

fn message(message: &Value) -> Vec<Value> {
    let parts = message["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    let own = message["role"] == "assistant";
    let parts: Vec<Value> = parts
        .iter()
        .filter_map(|part| match (part["type"].as_str()?, own) {
            ("text", true) => Some(json!({"type": "output_text", "text": part["text"]["value"]})),
            ("text", false) => Some(json!({"type": "input_text", "text": part["text"]["value"]})),
            ("refusal", true) => Some(json!({"type": "refusal", "refusal": part["refusal"]})),
            ("image_url", false) => Some(picture(&part["image_url"])),
            ("image_data", false) => Some(picture(&part["image_data"])),
            ("image_file", true) => {
                let shown = format!("[image {}]", part["image_file"]["file_id"].as_str()?);
                Some(json!({"type": "output_text", "text": shown}))
            }
            _ => None,
        })
        .collect();
    if parts.is_empty() {
        return Vec::new();
    }
    vec![json!({"type": "message", "role": message["role"], "content": parts})]
}

fn picture(image: &Value) -> Value {
    json!({"type": "input_image", "image_url": image["url"], "detail": image["detail"]})
}

/// What an earlier turn of the run said and called. Items carry no id: the provider knows them only if it keeps them.
fn exchange(turn: &Turn, input: &mut Vec<Value>) {
    input.extend(turn.private.iter().cloned());
    if !turn.text.is_empty() {
        let content = json!([{"type": "output_text", "text": turn.text}]);
        input.push(json!({"type": "message", "role": "assistant", "content": content}));
    }
    for call in &turn.calls {
        input
            .push(json!({"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}));
    }
    for call in &turn.calls {
        input.push(json!({"type": "function_call_output", "call_id": call.id, "output": call.output}));
    }
}

fn tool(
    tool: &Value,
    turn: &TurnRequest,
    profile: &Profile,
    stores: &[String],
    include: &mut Vec<&'static str>,
) -> Option<Value> {
    match tool["type"].as_str()? {
        "function" => {
            let function = &tool["function"];
            let parameters = function.get("parameters").cloned();
            let mut flat = json!({
                "type": "function",
                "name": function["name"],
                "parameters": parameters.unwrap_or_else(|| json!({"type": "object", "properties": {}})),
                // The default here is the other one than on assistants.
                "strict": function["strict"] == true,
            });
            if let Some(description) = function.get("description") {
                flat["description"] = description.clone();
            }
            Some(flat)
        }
        "file_search" if profile.hosted_tools => {
            include.push("file_search_call.results");
            let mut hosted = json!({"type": "file_search", "vector_store_ids": stores});
            if let Some(most) = tool["file_search"].get("max_num_results") {
                hosted["max_num_results"] = most.clone();
            }
            if let Some(threshold) = tool["file_search"]["ranking_options"].get("score_threshold") {
                hosted["ranking_options"] = json!({"ranker": "auto", "score_threshold": threshold});
            }
            Some(hosted)
        }
        "code_interpreter" if profile.hosted_tools => {
            include.push("code_interpreter_call.outputs");
            let container = match &turn.container {
                Container { id: Some(id), .. } => json!(id),
                Container { files, .. } if files.is_empty() => json!({"type": "auto"}),
                Container { files, .. } => json!({"type": "auto", "file_ids": files}),
            };
            Some(json!({"type": "code_interpreter", "container": container}))
        }
        _ => None,
    }
}

fn tool_choice(choice: &Value) -> Value {
    match choice["function"]["name"].as_str() {
        Some(name) => json!({"type": "function", "name": name}),
        None => choice.clone(),
    }
}

fn text_format(format: &Value) -> Option<Value> {
    let kind = format["type"].as_str()?;
    if kind != "json_schema" {
        return Some(json!({ "type": kind }));
    }
    let mut flat = json!({"type": "json_schema"});
    for (name, value) in format["json_schema"].as_object()? {
        flat[name.as_str()] = value.clone();
    }
    if flat.get("schema").is_none() {
        flat["schema"] = json!({"type": "object"});
    }
    Some(flat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Api, Call};

    fn turn() -> TurnRequest {
        TurnRequest {
            model: "m".into(),
            messages: vec![
                json!({"role": "user", "content": [{"type": "text", "text": {"value": "Hi", "annotations": []}}]}),
                json!({"role": "assistant", "content": [{"type": "text", "text": {"value": "Yes?", "annotations": []}}]}),
            ],
            tool_choice: json!("auto"),
            parallel_tool_calls: true,
            response_format: json!("auto"),
            ..TurnRequest::default()
        }
    }

    #[test]
    fn a_plain_turn_keeps_nothing_at_the_provider() {
        assert_eq!(
            request(&turn(), &Profile::new(Api::Responses), &[]),
            json!({
                "model": "m",
                "input": [
                    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
                    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Yes?"}]}
                ],
                "store": false
            })
        );
    }

    #[test]
    fn tools_are_flat_and_strict_is_always_said() {
        let mut turn = turn();
        turn.tools = vec![
            json!({"type": "function", "function": {"name": "f", "description": "d", "strict": false}}),
            json!({"type": "function", "function": {"name": "g", "parameters": {"type": "object"}, "strict": true}}),
        ];
        turn.tool_choice = json!({"type": "function", "function": {"name": "g"}});
        let body = request(&turn, &Profile::new(Api::Responses), &[]);
        assert_eq!(
            body["tools"],
            json!([
                {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}},
                 "strict": false, "description": "d"},
                {"type": "function", "name": "g", "parameters": {"type": "object"}, "strict": true}
            ])
        );
        assert_eq!(body["tool_choice"], json!({"type": "function", "name": "g"}));
        assert_eq!(body["parallel_tool_calls"], true);
    }

    #[test]
    fn a_schema_is_flat_and_reasoning_comes_back() {
        let mut turn = turn();
        turn.response_format = json!({"type": "json_schema",
            "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": true}});
        turn.reasoning_effort = Some("high".into());
        turn.turns = vec![Turn {
            calls: vec![Call::new("call_1", "f", "{}", "out")],
            private: vec![json!({"type": "reasoning", "encrypted_content": "x", "summary": []})],
            ..Turn::default()
        }];
        let body = request(&turn, &Profile::new(Api::Responses), &[]);
        assert_eq!(
            body["text"]["format"],
            json!({"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": true})
        );
        assert_eq!(body["include"], json!(["reasoning.encrypted_content"]));
        let input = body["input"].as_array().unwrap();
        assert_eq!(input[2]["type"], "reasoning");
        assert_eq!(input[3]["type"], "function_call");
        assert_eq!(input[4], json!({"type": "function_call_output", "call_id": "call_1", "output": "out"}));
    }
}

//! A turn as a request to `/chat/completions`.

use serde_json::{Map, Value, json};

use crate::model::{Profile, Turn, TurnRequest};

/// The body of the request.
pub(in crate::model) fn request(turn: &TurnRequest, profile: &Profile) -> Value {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| {
        body.insert(name.to_owned(), value);
    };
    put("model", json!(profile.model(&turn.model)));
    let (format, in_words) = response_format(&turn.response_format, profile);
    put("messages", Value::Array(messages(turn, profile, in_words.as_deref())));
    let tools: Vec<Value> = turn.tools.iter().filter(|tool| tool["type"] == "function").map(tool).collect();
    if !tools.is_empty() {
        put("tools", Value::Array(tools));
        let choice =
            if profile.forced_tools || turn.tool_choice == "none" { turn.tool_choice.clone() } else { json!("auto") };
        if choice != "auto" {
            put("tool_choice", choice);
        }
        if profile.parallel_tool_calls && !turn.parallel_tool_calls {
            put("parallel_tool_calls", json!(false));
        }
    }
    if let Some(format) = format {
        put("response_format", format);
    }
    if let Some(temperature) = turn.temperature {
        put("temperature", json!(temperature));
    }
    if let Some(top_p) = turn.top_p {
        put("top_p", json!(top_p));
    }
    if let Some(effort) = turn.reasoning_effort.as_ref().filter(|_| profile.reasoning_effort) {
        put("reasoning_effort", json!(effort));
    }
    if let Some(most) = turn.max_output_tokens {
        put(&profile.max_tokens_field, json!(most));
    }
    if profile.stream_usage {
        put("stream_options", json!({"include_usage": true}));
    }
    Value::Object(body)
}

fn messages(turn: &TurnRequest, profile: &Profile, in_words: Option<&str>) -> Vec<Value> {
    let mut all = Vec::new();
    let mut instructions = turn.instructions.clone();
    if let Some(words) = in_words {
        if !instructions.is_empty() {
            instructions.push_str("\n\n");
        }
        instructions.push_str(words);
    }
    let without_system = profile.system_role.is_empty();
    if !instructions.is_empty() {
        let role = if without_system { "user" } else { profile.system_role.as_str() };
        all.push(json!({"role": role, "content": instructions}));
    }
    if profile.user_first && turn.messages.first().is_some_and(|first| first["role"] == "assistant") {
        all.push(json!({"role": "user", "content": ""}));
    }
    all.extend(turn.messages.iter().map(message));
    for done in &turn.turns {
        exchange(done, profile, &mut all);
    }
    if profile.merge_roles || without_system { merged(all) } else { all }
}

fn message(message: &Value) -> Value {
    let parts = message["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    if message["role"] == "assistant" {
        return assistant(parts);
    }
    if parts.iter().all(|part| part["type"] == "text") {
        let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"]["value"].as_str()).collect();
        return json!({"role": "user", "content": texts.join("\n")});
    }
    let parts: Vec<Value> = parts
        .iter()
        .filter_map(|part| match part["type"].as_str()? {
            "text" => Some(json!({"type": "text", "text": part["text"]["value"]})),
            "image_url" => Some(json!({"type": "image_url", "image_url": part["image_url"]})),
            "image_data" => Some(json!({"type": "image_url", "image_url": part["image_data"]})),
            _ => None,
        })
        .collect();
    json!({"role": "user", "content": parts})
}

fn assistant(parts: &[Value]) -> Value {
    let texts: Vec<String> = parts
        .iter()
        .filter_map(|part| match part["type"].as_str()? {
            "text" => part["text"]["value"].as_str().map(str::to_owned),
            "image_file" => Some(format!("[image {}]", part["image_file"]["file_id"].as_str()?)),
            "image_url" => Some(format!("[image {}]", part["image_url"]["url"].as_str()?)),
            _ => None,
        })
        .collect();
    let refusal = parts.iter().find_map(|part| part["refusal"].as_str());
    let mut message = json!({"role": "assistant", "content": texts.join("\n")});
    if let Some(refusal) = refusal {
        message["refusal"] = json!(refusal);
        if texts.is_empty() {
            message["content"] = Value::Null;
        }
    }
    message
}

/// The calls of an earlier turn of the run with their outputs.
fn exchange(turn: &Turn, profile: &Profile, all: &mut Vec<Value>) {
    let content = match turn.text.as_str() {
        "" if profile.null_content => Value::Null,
        text => json!(text),
    };
    let calls: Vec<Value> = turn
        .calls
        .iter()
        .map(|call| {
            json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}})
        })
        .collect();
    let mut message = json!({"role": "assistant", "content": content});
    if !calls.is_empty() {
        message["tool_calls"] = Value::Array(calls);
    }
    all.push(message);
    all.extend(turn.calls.iter().map(|call| json!({"role": "tool", "tool_call_id": call.id, "content": call.output})));
}

/// Neighbours of one role as one message, where both are plain text.
fn merged(messages: Vec<Value>) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::with_capacity(messages.len());
    for message in messages {
        let plain = |message: &Value| message["content"].is_string() && message.get("tool_calls").is_none();
        match all.last_mut() {
            Some(last)
                if last["role"] == message["role"] && message["role"] != "tool" && plain(last) && plain(&message) =>
            {
                let texts = [last["content"].as_str(), message["content"].as_str()].map(Option::unwrap_or_default);
                last["content"] = json!(texts.join("\n\n"));
            }
            _ => all.push(message),
        }
    }
    all
}

fn tool(tool: &Value) -> Value {
    let mut tool = tool.clone();
    if let Some(function) = tool["function"].as_object_mut()
        && function.get("strict").is_none_or(|strict| *strict != true)
    {
        function.shift_remove("strict");
    }
    tool
}

/// The format to ask for, and what to say in words where the provider takes no schema.
fn response_format(format: &Value, profile: &Profile) -> (Option<Value>, Option<String>) {
    match format["type"].as_str() {
        None => (None, None),
        Some("json_schema") if !profile.json_schema => {
            let words = format!(
                "Answer with one JSON object that matches this JSON schema, and nothing else:\n{}",
                format["json_schema"]["schema"]
            );
            (Some(json!({"type": "json_object"})), Some(words))
        }
        Some(_) => (Some(format.clone()), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Api, Call};

    fn turn() -> TurnRequest {
        TurnRequest {
            model: "m".into(),
            instructions: "Be brief.".into(),
            messages: vec![
                json!({"role": "user", "content": [{"type": "text", "text": {"value": "Hi", "annotations": []}}]}),
            ],
            tool_choice: json!("auto"),
            parallel_tool_calls: true,
            response_format: json!("auto"),
            ..TurnRequest::default()
        }
    }

    #[test]
    fn a_plain_turn_says_no_more_than_it_must() {
        assert_eq!(
            request(&turn(), &Profile::new(Api::Chat)),
            json!({
                "model": "m",
                "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
                "stream_options": {"include_usage": true}
            })
        );
    }

    #[test]
    fn calls_of_the_run_come_with_their_outputs_in_order() {
        let mut turn = turn();
        turn.turns = vec![Turn {
            calls: vec![Call::new("a", "f", "{}", "1"), Call::new("b", "g", "{\"x\":2}", "2")],
            ..Turn::default()
        }];
        let body = request(&turn, &Profile::new(Api::Chat));
        let messages = body["messages"].as_array().unwrap();
        assert_eq!(messages[2]["content"], Value::Null);
        assert_eq!(messages[2]["tool_calls"][1]["function"]["arguments"], "{\"x\":2}");
        assert_eq!(messages[3], json!({"role": "tool", "tool_call_id": "a", "content": "1"}));
        assert_eq!(messages[4]["tool_call_id"], "b");
    }

    #[test]
    fn pictures_make_a_list_of_parts() {
        let mut turn = turn();
        turn.messages = vec![json!({"role": "user", "content": [
            {"type": "text", "text": {"value": "What is it?", "annotations": []}},
            {"type": "image_data", "image_data": {"url": "data:image/png;base64,AA==", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "https://a.example/x.png", "detail": "auto"}}
        ]})];
        let content = request(&turn, &Profile::new(Api::Chat))["messages"][1]["content"].clone();
        assert_eq!(
            content,
            json!([
                {"type": "text", "text": "What is it?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://a.example/x.png", "detail": "auto"}}
            ])
        );
    }

    #[test]
    fn what_a_provider_lacks_is_said_otherwise() {
        let mut turn = turn();
        turn.tools = vec![json!({"type": "function", "function": {"name": "f", "strict": false}})];
        turn.tool_choice = json!("required");
        turn.max_output_tokens = Some(300);
        turn.reasoning_effort = Some("low".into());
        turn.response_format =
            json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}});
        let profile = Profile {
            forced_tools: false,
            json_schema: false,
            reasoning_effort: false,
            stream_usage: false,
            max_tokens_field: "max_tokens".into(),
            ..Profile::new(Api::Chat)
        };
        let body = request(&turn, &profile);
        assert!(body.get("tool_choice").is_none() && body.get("reasoning_effort").is_none());
        assert!(body.get("stream_options").is_none());
        assert_eq!(body["max_tokens"], 300);
        assert_eq!(body["response_format"], json!({"type": "json_object"}));
        assert!(body["messages"][0]["content"].as_str().unwrap().contains("{\"type\":\"object\"}"));
        assert_eq!(body["tools"], json!([{"type": "function", "function": {"name": "f"}}]));
    }

    #[test]
    fn a_provider_without_system_messages_gets_them_from_the_user() {
        let profile = Profile { system_role: String::new(), ..Profile::new(Api::Chat) };
        let body = request(&turn(), &profile);
        assert_eq!(body["messages"], json!([{"role": "user", "content": "Be brief.\n\nHi"}]));
    }
}

//! Whole responses with items of every kind, told as events and put together again.

use serde_json::{Value, json};

use super::cut::{pieces, text, token_logprob};
use super::response;

/// An item whose text comes in pieces.
fn growing(id: &str, random: &mut fastrand::Rng) -> Value {
    match random.u8(0..9) {
        0 => {
            json!({"id": id, "type": "function_call", "status": "completed", "call_id": "c", "name": "f", "arguments": text(random)})
        }
        1 => json!({"id": id, "type": "reasoning", "summary": [{"type": "summary_text", "text": text(random)},
            {"type": "summary_text", "text": text(random)}], "content": [{"type": "reasoning_text", "text": text(random)}],
            "encrypted_content": "gAAA"}),
        2 => json!({"id": id, "type": "custom_tool_call", "call_id": "c", "name": "t", "input": text(random)}),
        3 => {
            json!({"id": id, "type": "code_interpreter_call", "status": "completed", "container_id": "k", "code": text(random), "outputs": null})
        }
        4 => {
            json!({"id": id, "type": "mcp_call", "status": "completed", "server_label": "s", "name": "m", "arguments": text(random), "output": null, "error": null})
        }
        5 => json!({"id": id, "type": "shell_call", "status": "completed", "call_id": "c",
            "action": {"commands": [text(random), text(random)], "timeout_ms": 1000, "max_output_length": null}}),
        6 => {
            json!({"id": id, "type": "shell_call_output", "status": "completed", "call_id": "c", "max_output_length": null, "output": [
            {"stdout": text(random), "stderr": text(random), "outcome": {"type": "exit", "exit_code": 0}},
            {"stdout": text(random), "stderr": "", "outcome": {"type": "timeout"}}]})
        }
        7 => json!({"id": id, "type": "apply_patch_call", "status": "completed", "call_id": "c",
            "operation": {"type": "update_file", "path": "p", "diff": text(random)}}),
        _ => {
            json!({"id": id, "type": "message", "role": "assistant", "status": "completed", "phase": "final_answer", "content": [
            {"type": "output_text", "text": text(random), "logprobs": [token_logprob(random), token_logprob(random)],
                "annotations": [{"type": "file_citation", "index": 3, "file_id": "f", "filename": "n"},
                    {"type": "url_citation", "start_index": 0, "end_index": 1, "title": "t", "url": "u"}]},
            {"type": "refusal", "refusal": text(random)}]})
        }
    }
}

/// An item that comes whole in its last event, with the events that tell of its progress.
fn told_at_its_end(id: &str, random: &mut fastrand::Rng) -> (Value, &'static [&'static str]) {
    let item = match random.u8(0..14) {
        0 => json!({"type": "file_search_call", "status": "completed", "queries": ["q"],
            "results": [{"file_id": "f", "filename": "n", "score": 0.5, "text": text(random), "attributes": {"a": 1.0}}]}),
        1 => json!({"type": "web_search_call", "status": "completed",
            "action": {"type": "search", "query": text(random), "queries": ["q"], "sources": [{"type": "url", "url": "u"}]}}),
        2 => json!({"type": "image_generation_call", "status": "completed", "result": "aW1hZ2U=", "size": "1024x1024"}),
        3 => json!({"type": "computer_call", "status": "completed", "call_id": "c", "pending_safety_checks": [],
            "action": {"type": "click", "button": "left", "x": 1, "y": 2}}),
        4 => json!({"type": "local_shell_call", "status": "completed", "call_id": "c",
            "action": {"type": "exec", "command": [text(random)], "env": {"A": "b"}}}),
        5 => json!({"type": "mcp_list_tools", "server_label": "s", "error": null,
            "tools": [{"name": "t", "input_schema": {"type": "object"}, "description": text(random), "annotations": null}]}),
        6 => json!({"type": "mcp_approval_request", "server_label": "s", "name": "t", "arguments": text(random)}),
        7 => json!({"type": "compaction", "encrypted_content": text(random), "created_by": "system"}),
        8 => json!({"type": "function_call_output", "status": "completed", "call_id": "c", "output": text(random)}),
        9 => json!({"type": "apply_patch_call_output", "status": "completed", "call_id": "c", "output": text(random)}),
        10 => {
            json!({"type": "custom_tool_call_output", "status": "completed", "call_id": "c", "output": [{"type": "input_text", "text": text(random)}]})
        }
        11 => {
            json!({"type": "tool_search_call", "status": "completed", "execution": "server", "call_id": null, "arguments": {"paths": ["crm"]}})
        }
        12 => {
            json!({"type": "computer_call_output", "status": "completed", "call_id": "c", "output": {"type": "computer_screenshot", "image_url": "u"}})
        }
        _ => json!({"type": "never_heard_of", "a": [text(random), null], "content": "text where others have a list"}),
    };
    let progress: &[&str] = match item["type"].as_str().unwrap() {
        "file_search_call" => {
            &["file_search_call.in_progress", "file_search_call.searching", "file_search_call.completed"]
        }
        "web_search_call" => &["web_search_call.in_progress", "web_search_call.searching", "web_search_call.completed"],
        "image_generation_call" => &[
            "image_generation_call.in_progress",
            "image_generation_call.generating",
            "image_generation_call.partial_image",
            "image_generation_call.completed",
        ],
        "mcp_list_tools" => &["mcp_list_tools.in_progress", "mcp_list_tools.completed"],
        "compaction" => &["compaction.compacting"],
        "never_heard_of" => &["never_heard_of.began", "never_heard_of.delta"],
        _ => &[],
    };
    let mut item = item;
    item["id"] = json!(id);
    (item, progress)
}

/// The events of one item as they are made.
struct Telling<'a> {
    at: usize,
    id: &'a Value,
    events: Vec<Value>,
    /// Whether `done` events follow the deltas.
    dones: bool,
}

impl Telling<'_> {
    fn emit(&mut self, kind: &str, mut members: Value) {
        members["type"] = json!(format!("response.{kind}"));
        members["output_index"] = json!(self.at);
        // The events of a shell call do not say its id.
        if !kind.starts_with("shell_call_command") {
            members["item_id"] = self.id.clone();
        }
        self.events.push(members);
    }

    /// Deltas of a text, with what a `done` event calls it.
    fn grow(&mut self, kind: &str, member: &str, text: &Value, place: Value, random: &mut fastrand::Rng) {
        for piece in pieces(text.as_str().unwrap(), random) {
            let mut event = place.clone();
            event["delta"] = json!(piece);
            self.emit(&format!("{kind}.delta"), event);
        }
        if self.dones {
            let mut event = place;
            event[member] = text.clone();
            self.emit(&format!("{kind}.done"), event);
        }
    }

    fn content(&mut self, index: usize, part: &Value, random: &mut fastrand::Rng) {
        let place = json!({"content_index": index});
        match part["type"].as_str().unwrap() {
            "reasoning_text" => self.grow("reasoning_text", "text", &part["text"], place, random),
            "refusal" => {
                self.emit(
                    "content_part.added",
                    json!({"content_index": index, "part": {"type": "refusal", "refusal": ""}}),
                );
                self.grow("refusal", "refusal", &part["refusal"], place, random);
            }
            _ => {
                let empty = json!({"type": "output_text", "text": "", "annotations": [], "logprobs": []});
                self.emit("content_part.added", json!({"content_index": index, "part": empty}));
                let first = self.events.len();
                self.grow("output_text", "text", &part["text"], place, random);
                for (n, token) in part["logprobs"].as_array().unwrap().iter().enumerate() {
                    let last = self.events.len() - 1 - usize::from(self.dones);
                    let event = &mut self.events[(first + n).min(last)];
                    match &mut event["logprobs"] {
                        Value::Array(list) => list.push(token.clone()),
                        list => *list = json!([token]),
                    }
                }
                for (n, annotation) in part["annotations"].as_array().unwrap().iter().enumerate() {
                    let event = json!({"content_index": index, "annotation_index": n, "annotation": annotation});
                    self.emit("output_text.annotation.added", event);
                }
            }
        }
        if self.dones && part["type"] != "reasoning_text" {
            self.emit("content_part.done", json!({"content_index": index, "part": part}));
        }
    }

    fn shell(&mut self, item: &Value, random: &mut fastrand::Rng) {
        for (at, command) in item["action"]["commands"].as_array().into_iter().flatten().enumerate() {
            let place = json!({"command_index": at});
            self.emit("shell_call_command.added", json!({"command_index": at, "command": ""}));
            self.grow("shell_call_command", "command", command, place, random);
        }
        for (at, output) in item["output"].as_array().into_iter().flatten().enumerate() {
            for name in ["stdout", "stderr"] {
                for piece in pieces(output[name].as_str().unwrap(), random) {
                    self.emit("shell_call_output_content.delta", json!({"command_index": at, "delta": {name: piece}}));
                }
            }
            // How a command ended is told by its last event alone.
            self.emit("shell_call_output_content.done", json!({"command_index": at, "output": [output]}));
        }
    }
}

/// The events of an item that grows: with its last event, or without it, when the deltas must say all.
fn growing_events(at: usize, item: &Value, random: &mut fastrand::Rng) -> Vec<Value> {
    let mut opening = item.clone();
    let mut telling = Telling { at, id: &item["id"], events: Vec::new(), dones: random.bool() };
    for name in ["arguments", "input", "code"] {
        if item[name].is_string() {
            opening[name] = json!("");
        }
    }
    for name in ["content", "summary", "output"] {
        if item[name].is_array() {
            opening[name] = json!([]);
        }
    }
    if item["action"]["commands"].is_array() {
        opening["action"]["commands"] = json!([]);
    }
    if item["operation"]["diff"].is_string() {
        opening["operation"]["diff"] = json!("");
    }
    telling.emit("output_item.added", json!({"item": opening}));
    match item["type"].as_str().unwrap() {
        "function_call" => telling.grow("function_call_arguments", "arguments", &item["arguments"], json!({}), random),
        "mcp_call" => {
            telling.emit("mcp_call.in_progress", json!({}));
            telling.grow("mcp_call_arguments", "arguments", &item["arguments"], json!({}), random);
            telling.emit("mcp_call.completed", json!({}));
        }
        "custom_tool_call" => telling.grow("custom_tool_call_input", "input", &item["input"], json!({}), random),
        "code_interpreter_call" => {
            telling.emit("code_interpreter_call.in_progress", json!({}));
            telling.grow("code_interpreter_call_code", "code", &item["code"], json!({}), random);
            telling.emit("code_interpreter_call.interpreting", json!({}));
            telling.emit("code_interpreter_call.completed", json!({}));
        }
        "apply_patch_call" => {
            telling.grow("apply_patch_call_operation_diff", "diff", &item["operation"]["diff"], json!({}), random);
        }
        "shell_call" | "shell_call_output" => telling.shell(item, random),
        _ => {}
    }
    for (index, part) in item["summary"].as_array().into_iter().flatten().enumerate() {
        let empty = json!({"type": "summary_text", "text": ""});
        telling.emit("reasoning_summary_part.added", json!({"summary_index": index, "part": empty}));
        telling.grow("reasoning_summary_text", "text", &part["text"], json!({"summary_index": index}), random);
        if telling.dones {
            telling.emit("reasoning_summary_part.done", json!({"summary_index": index, "part": part}));
        }
    }
    for (index, part) in item["content"].as_array().into_iter().flatten().enumerate() {
        telling.content(index, part, random);
    }
    if random.bool() {
        telling.emit("output_item.done", json!({"item": item}));
    }
    telling.events
}

/// The events of an item that says itself at its end.
fn ending_events(at: usize, item: &Value, progress: &[&str]) -> Vec<Value> {
    let opening = json!({"id": item["id"], "type": item["type"], "status": "in_progress"});
    let mut telling = Telling { at, id: &item["id"], events: Vec::new(), dones: true };
    telling.emit("output_item.added", json!({"item": opening}));
    for kind in progress {
        telling.emit(kind, json!({"partial_image_index": 0, "partial_image_b64": "aQ==", "delta": "x"}));
    }
    telling.emit("output_item.done", json!({"item": item}));
    telling.events
}

/// A response as the API returns it, and the events of its items.
fn whole(random: &mut fastrand::Rng) -> (Value, Vec<Vec<Value>>) {
    let (mut output, mut events) = (Vec::new(), Vec::new());
    for at in 0..random.usize(1..6) {
        let id = format!("item_{at}");
        if random.bool() {
            let item = growing(&id, random);
            events.push(growing_events(at, &item, random));
            output.push(item);
        } else {
            let (item, progress) = told_at_its_end(&id, random);
            events.push(ending_events(at, &item, progress));
            output.push(item);
        }
    }
    let response = json!({"id": "resp_1", "object": "response", "status": "completed", "model": "m", "created_at": 1, "output": output,
        "usage": {"input_tokens": 1}, "x_new": [1, null]});
    (response, events)
}

/// The items' events: one item after the other, or all at the same time.
fn joined(items: Vec<Vec<Value>>, random: &mut fastrand::Rng) -> Vec<Value> {
    if random.bool() {
        return items.into_iter().flatten().collect();
    }
    let mut queues: Vec<std::collections::VecDeque<Value>> = items.into_iter().map(Into::into).collect();
    let mut events = Vec::new();
    while queues.iter().any(|queue| !queue.is_empty()) {
        let at = random.usize(0..queues.len());
        events.extend(queues[at].pop_front());
    }
    events
}

fn told(whole: &Value, mut items: Vec<Value>, last: Value) -> Vec<Value> {
    let mut begun = whole.clone();
    begun["output"] = json!([]);
    begun["status"] = json!("in_progress");
    begun["usage"] = Value::Null;
    let mut events = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "response.in_progress", "response": begun}),
    ];
    events.append(&mut items);
    events.push(json!({"type": "response.completed", "response": last}));
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = json!(number);
    }
    events
}

#[test]
fn a_response_is_what_its_events_say_even_if_the_last_one_says_nothing_of_the_output() {
    for seed in 0..800 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (whole, items) = whole(&mut random);
        let mut silent = whole.clone();
        match random.u8(0..3) {
            0 => silent["output"] = json!([]),
            1 => silent["output"] = Value::Null,
            _ => drop(silent.as_object_mut().unwrap().remove("output")),
        }
        let items = joined(items, &mut random);
        assert_eq!(response(&told(&whole, items, silent)), whole, "seed {seed}");
    }
}

#[test]
fn the_last_event_repairs_whatever_got_lost_or_out_of_order() {
    for seed in 0..200 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (whole, items) = whole(&mut random);
        let mut items = joined(items, &mut random);
        random.shuffle(&mut items);
        items.truncate(items.len() / 2);
        assert_eq!(response(&told(&whole, items, whole.clone())), whole, "seed {seed}");
    }
}

#[test]
fn items_without_an_index_are_told_apart_by_their_id() {
    for seed in 0..200 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (whole, items) = whole(&mut random);
        let mut silent = whole.clone();
        silent["output"] = json!([]);
        let mut items: Vec<_> = items.into_iter().flatten().collect();
        for event in items.iter_mut().filter(|event| event["item_id"].is_string()) {
            event.as_object_mut().unwrap().remove("output_index");
        }
        assert_eq!(response(&told(&whole, items, silent)), whole, "seed {seed}");
    }
}

//! Responses, whole and streamed.

use serde_json::{Value, json};

use super::{
    Asked,
    chat::{self, Saying},
    streams, text,
};
use crate::api::{TypeDef, TypeExpr};

/// A completed response.
pub(super) fn response(asked: &Asked<'_>) -> Value {
    let (item, said) = item(asked);
    with_state(asked, "completed", json!([item]), Some(&said))
}

fn input(asked: &Asked<'_>) -> Vec<Value> {
    match asked.args.get("input") {
        Some(Value::String(text)) => vec![json!({"role": "user", "content": text})],
        Some(Value::Array(list)) => list.clone(),
        _ => Vec::new(),
    }
}

/// The one item of output, and its text.
fn item(asked: &Asked<'_>) -> (Value, String) {
    match chat::saying(&input(asked), asked.args, asked.seed) {
        Saying::Text(text) => {
            let part = json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
            let id = text::id("msg", asked.seed);
            let item =
                json!({"id": id, "type": "message", "status": "completed", "role": "assistant", "content": [part]});
            (item, text)
        }
        Saying::Call { id, name, arguments } => {
            let own = text::id("fc", asked.seed);
            let item = json!({"id": own, "type": "function_call", "status": "completed", "call_id": id, "name": name,
                "arguments": arguments});
            (item, arguments)
        }
    }
}

fn with_state(asked: &Asked<'_>, status: &str, output: Value, said: Option<&str>) -> Value {
    let Some(ty) = asked.reply_type().and_then(|t| TypeExpr::parse(&t).ok()) else { return json!({}) };
    let mut value = asked.smallest().make(&ty, "", asked.seed);
    for (key, member) in [("tools", json!([])), ("tool_choice", json!("auto")), ("parallel_tool_calls", json!(true))] {
        if value.get(key).is_some() {
            value[key] = member;
        }
    }
    value["id"] = text::id("resp", asked.seed).into();
    value["created_at"] = json!(1_767_225_600);
    asked.echo(&ty, &mut value);
    value["model"] = asked.model();
    value["status"] = status.into();
    value["output"] = output;
    if let Some(said) = said {
        let prompt: Vec<_> = input(asked).iter().map(|m| chat::text_of(&m["content"])).collect();
        let (i, o) = (streams::tokens(&prompt.join(" ")), streams::tokens(said));
        value["usage"] = json!({"input_tokens": i, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": o, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": i + o});
    }
    value
}

/// The events of a streamed response; `None` if `event` is not the union of such events.
pub(super) fn events(asked: &Asked<'_>, event: &str) -> Option<Vec<Value>> {
    let Some(TypeDef::Union(u)) = asked.api.type_def(event) else { return None };
    streams::arm_of(u, "response.created")?;
    let (item, said) = item(asked);
    let id = item["id"].clone();
    let mut out: Vec<Value> = Vec::new();
    let maker = asked.smallest();
    let mut push = |tag: &str, mut members: Value| {
        members["sequence_number"] = out.len().into();
        // An event that the description lacks is one that its streams lack.
        out.extend(streams::event(&maker, u, tag, members, asked.seed));
    };
    let open = with_state(asked, "in_progress", json!([]), None);
    push("response.created", json!({"response": open}));
    push("response.in_progress", json!({"response": open}));
    let mut begun = item.clone();
    begun["status"] = "in_progress".into();
    if item["type"] == "function_call" {
        begun["arguments"] = "".into();
        push("response.output_item.added", json!({"output_index": 0, "item": begun}));
        for piece in streams::pieces(&said) {
            let delta = json!({"item_id": id, "output_index": 0, "delta": piece});
            push("response.function_call_arguments.delta", delta);
        }
        let done = json!({"item_id": id, "output_index": 0, "arguments": said, "name": item["name"]});
        push("response.function_call_arguments.done", done);
    } else {
        begun["content"] = json!([]);
        push("response.output_item.added", json!({"output_index": 0, "item": begun}));
        let at = |mut more: Value| {
            more["item_id"] = id.clone();
            more["output_index"] = 0.into();
            more["content_index"] = 0.into();
            more
        };
        let part = item["content"][0].clone();
        let mut empty = part.clone();
        empty["text"] = "".into();
        push("response.content_part.added", at(json!({"part": empty})));
        for piece in streams::pieces(&said) {
            push("response.output_text.delta", at(json!({"delta": piece, "logprobs": []})));
        }
        push("response.output_text.done", at(json!({"text": said, "logprobs": []})));
        push("response.content_part.done", at(json!({"part": part})));
    }
    push("response.output_item.done", json!({"output_index": 0, "item": item}));
    let whole = with_state(asked, "completed", json!([item]), Some(&said));
    push("response.completed", json!({"response": whole}));
    Some(out)
}

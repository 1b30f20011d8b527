//! What a message said before its server stopped: it stands in the kept events alone.

use serde_json::{Value, json};

use crate::db::Tx;
use crate::error::Failure;
use crate::store::events;

/// Gives an open message the text that was shown of it and kept, unless it has its text already.
pub(crate) async fn restore(tx: &mut Tx, run: &str, message: &mut Value) -> Result<(), Failure> {
    if message["content"].as_array().is_some_and(|parts| !parts.is_empty()) {
        return Ok(());
    }
    let mut parts: Vec<Value> = Vec::new();
    let mut after = 0;
    loop {
        let page = events::after_in(tx, run, after).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for event in page.iter().filter(|event| &*event.name == "thread.message.delta") {
            let delta: Value = serde_json::from_str(&event.data).unwrap_or_default();
            if delta["id"] == message["id"] {
                delta["delta"]["content"].as_array().into_iter().flatten().for_each(|part| join(&mut parts, part));
            }
        }
    }
    message["content"] = Value::Array(parts);
    Ok(())
}

/// Joins a delta's part to those so far.
fn join(parts: &mut Vec<Value>, delta: &Value) {
    let index = delta["index"].as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or(0);
    if index > parts.len() {
        return;
    }
    if index == parts.len() {
        parts.push(match delta["type"].as_str() {
            Some("refusal") => json!({"type": "refusal", "refusal": ""}),
            Some("image_file") => {
                json!({"type": "image_file", "image_file": {"file_id": delta["image_file"]["file_id"], "detail": "auto"}})
            }
            _ => json!({"type": "text", "text": {"value": "", "annotations": []}}),
        });
    }
    let part = &mut parts[index];
    if let Some(more) = delta["refusal"].as_str() {
        part["refusal"] = json!(format!("{}{more}", part["refusal"].as_str().unwrap_or_default()));
    }
    if let Some(more) = delta["text"]["value"].as_str() {
        part["text"]["value"] = json!(format!("{}{more}", part["text"]["value"].as_str().unwrap_or_default()));
    }
    for annotation in delta["text"]["annotations"].as_array().into_iter().flatten() {
        let mut annotation = annotation.clone();
        if let Some(members) = annotation.as_object_mut() {
            members.shift_remove("index");
        }
        if let Some(kept) = part["text"]["annotations"].as_array_mut() {
            kept.push(annotation);
        }
    }
}

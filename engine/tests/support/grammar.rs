//! The order that events of a stream must keep, whatever happens in the run.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::Event;

/// Checks a whole stream: its beginning, steps before their deltas, one message at a time, texts that join to what the
/// message ends with, one end.
pub fn check(events: &[Event]) {
    let mut stream = Stream::default();
    let (last, events) = events.split_last().expect("an empty stream");
    assert_eq!((last.name.as_str(), &last.data), ("done", &json!("[DONE]")));
    for event in events {
        assert!(!stream.ended, "{} after the end", event.name);
        stream.take(event);
    }
    assert!(stream.ended, "a stream without an end");
}

#[derive(Default)]
struct Stream {
    ended: bool,
    queued: bool,
    last_id: i64,
    steps: HashMap<String, &'static str>,
    messages: HashSet<String>,
    open: Option<(String, Vec<Value>)>,
    sent_once: HashSet<String>,
}

impl Stream {
    fn take(&mut self, event: &Event) {
        let data = &event.data;
        let id = data["id"].as_str().unwrap_or_default().to_owned();
        let number = event.id.expect("an event without a number");
        assert!(number > self.last_id, "numbers rise");
        self.last_id = number;
        match event.name.as_str() {
            "thread.created" => assert_eq!(data["object"], "thread"),
            "thread.run.created" => assert_eq!(data["status"], "queued"),
            "thread.run.queued" => self.queued = true,
            "thread.run.in_progress" => {
                assert!(self.queued);
                assert_eq!(data["status"], "in_progress");
            }
            "thread.run.cancelling" => assert_eq!(data["status"], "cancelling"),
            "thread.run.step.created" => {
                assert_eq!(data["status"], "in_progress");
                assert!(self.steps.insert(id, "created").is_none(), "a step made twice");
            }
            "thread.run.step.in_progress" => assert_eq!(self.steps.insert(id, "open"), Some("created")),
            "thread.run.step.delta" => {
                assert_eq!(self.steps.get(&id), Some(&"open"), "a delta of a step that is not open");
                self.step_delta(data);
            }
            "thread.message.created" => {
                assert!(self.open.is_none(), "two messages at once");
                assert!(self.messages.insert(id.clone()), "a message made twice");
                assert_eq!(data["content"], json!([]));
                self.open = Some((id, Vec::new()));
            }
            "thread.message.in_progress" => assert_eq!(self.open.as_ref().unwrap().0, id),
            "thread.message.delta" => {
                let open = self.open.as_mut().expect("a delta without a message");
                assert_eq!(open.0, id);
                data["delta"]["content"].as_array().unwrap().iter().for_each(|part| join(&mut open.1, part));
            }
            "thread.message.completed" | "thread.message.incomplete" => {
                let (known, parts) = self.open.take().expect("the end of no message");
                assert_eq!(known, id);
                assert_eq!(data["content"], json!(parts), "the deltas join to the message");
                data["content"].as_array().unwrap().iter().for_each(annotations_hold);
            }
            name if name.starts_with("thread.run.step.") => {
                assert!(self.open.is_none(), "a step ends before its message");
                // After tool outputs the step that waited was made in an earlier stream.
                let known = self.steps.insert(id, "ended");
                assert!(known == Some("open") || (known.is_none() && !self.queued), "{name} of {known:?}");
            }
            "thread.run.requires_action"
            | "thread.run.completed"
            | "thread.run.incomplete"
            | "thread.run.failed"
            | "thread.run.cancelled"
            | "thread.run.expired" => {
                assert!(self.open.is_none(), "a message is left open");
                let open = self.steps.values().filter(|state| **state != "ended").count();
                assert_eq!(open, usize::from(event.name.ends_with("requires_action")), "steps left open");
                self.ended = true;
            }
            other => panic!("an event called {other}"),
        }
    }

    fn step_delta(&mut self, data: &Value) {
        for call in data["delta"]["step_details"]["tool_calls"].as_array().unwrap() {
            assert!(call["index"].is_u64() && call["type"].is_string());
            for once in [&call["id"], &call["function"]["name"]] {
                if let Some(text) = once.as_str() {
                    let key = format!("{} {} {text}", data["id"], call["index"]);
                    assert!(self.sent_once.insert(key), "{text} is sent twice");
                }
            }
        }
    }
}

/// Joins a part of a delta as the official packages do.
fn join(parts: &mut Vec<Value>, delta: &Value) {
    let index = usize::try_from(delta["index"].as_u64().unwrap()).unwrap();
    if index == parts.len() {
        let mut first = delta.clone();
        first.as_object_mut().unwrap().remove("index");
        if first["type"] == "image_file" {
            first["image_file"]["detail"] = json!("auto");
        }
        if first["type"] == "text" && first["text"].get("annotations").is_none() {
            panic!("the first delta of a text has its annotations: {delta}");
        }
        for annotation in first.pointer_mut("/text/annotations").and_then(Value::as_array_mut).into_iter().flatten() {
            annotation.as_object_mut().unwrap().remove("index");
        }
        parts.push(first);
        return;
    }
    let part = &mut parts[index];
    if let Some(more) = delta["text"]["value"].as_str() {
        part["text"]["value"] = json!(format!("{}{more}", part["text"]["value"].as_str().unwrap()));
    }
    if let Some(more) = delta["refusal"].as_str() {
        part["refusal"] = json!(format!("{}{more}", part["refusal"].as_str().unwrap()));
    }
    for annotation in delta["text"]["annotations"].as_array().into_iter().flatten() {
        let kept = part["text"]["annotations"].as_array_mut().unwrap();
        assert_eq!(annotation["index"].as_u64(), Some(kept.len() as u64));
        let mut annotation = annotation.clone();
        annotation.as_object_mut().unwrap().remove("index");
        kept.push(annotation);
    }
}

/// Each annotation lies where its text lies, behind the one before.
fn annotations_hold(part: &Value) {
    let value: Vec<char> = part["text"]["value"].as_str().unwrap_or_default().chars().collect();
    let mut end = 0;
    for annotation in part["text"]["annotations"].as_array().into_iter().flatten() {
        let at = |name: &str| usize::try_from(annotation[name].as_u64().unwrap()).unwrap();
        assert!(at("start_index") >= end && at("end_index") > at("start_index"), "{annotation}");
        end = at("end_index");
        let text: String = value[at("start_index")..end].iter().collect();
        assert_eq!(annotation["text"], text.as_str());
    }
}

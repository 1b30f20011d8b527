//! What the first server sent, for the matcher `$sent`.

use base64::Engine as _;
use serde_json::{Map, Value, json};

/// Successful replies, oldest first: their bodies as the mock server logs them.
#[derive(Debug, Default)]
pub(super) struct Sent {
    bodies: Vec<Value>,
    /// What was said over WebSockets.
    messages: Vec<Value>,
}

impl Sent {
    /// Reads the replies out of a mock server's log.
    pub(super) fn new(log: &Value) -> Self {
        let requests = log["requests"].as_array().map(Vec::as_slice).unwrap_or_default();
        let successful = |reply: &&Value| reply["status"].as_u64().is_some_and(|status| status < 300);
        let bodies = requests.iter().map(|request| &request["reply"]).filter(successful);
        let said = requests.iter().flat_map(|request| request["socket"]["sent"].as_array().into_iter().flatten());
        let messages = said.filter_map(|message| message.get("json").cloned()).collect();
        Self { bodies: bodies.map(|reply| reply["body"].clone()).collect(), messages }
    }

    /// The value that `{"$sent": name}` stands for.
    pub(super) fn named(&self, name: &str) -> Option<Value> {
        if name == "messages" {
            return Some(Value::Array(self.messages.clone()));
        }
        let last = self.bodies.last()?;
        match name {
            "value" => Some(match (last.get("json"), last.get("text")) {
                (Some(json), _) => json.clone(),
                (None, Some(text)) => text.clone(),
                (None, None) => bytes(last),
            }),
            "bytes" => Some(bytes(last)),
            "vectors" => last.get("json").map(with_numbers),
            "events" => Some(events(last.get("text")?.as_str()?, false)),
            "named_events" => Some(events(last.get("text")?.as_str()?, true)),
            "items" => {
                let pages = self.bodies.iter().filter_map(|body| body["json"]["data"].as_array());
                Some(Value::Array(pages.flatten().cloned().collect()))
            }
            _ => None,
        }
    }
}

/// The value with every text member named `embedding` (base64 of little-endian `f32`) as the numbers in it.
fn with_numbers(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(with_numbers).collect(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| match value.as_str().filter(|_| name == "embedding") {
                Some(text) => (name.clone(), numbers(text).unwrap_or_else(|| value.clone())),
                None => (name.clone(), with_numbers(value)),
            };
            members.iter().map(member).collect::<Map<_, _>>().into()
        }
        _ => value.clone(),
    }
}

fn numbers(base64: &str) -> Option<Value> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64).ok()?;
    let number = |four: &[u8]| Some(f32::from_le_bytes(four.try_into().ok()?));
    bytes.chunks(4).map(|four| number(four).map(Value::from)).collect()
}

fn bytes(body: &Value) -> Value {
    json!({"$bytes": {"sha256": body["sha256"], "len": body["length"]}})
}

/// Events of a stream as the mock server writes it: `\n` lines, one `data` line a frame.
fn events(text: &str, named: bool) -> Value {
    let event = |frame: &str| {
        let field = |name: &str| frame.lines().find_map(|line| Some(line.strip_prefix(name)?.trim_start().to_owned()));
        let data: Value = serde_json::from_str(&field("data:")?).ok()?;
        match named {
            true => Some(json!({"event": field("event:")?, "data": data})),
            false => Some(data),
        }
    };
    text.split("\n\n").filter_map(event).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(bodies: &[Value]) -> Sent {
        let requests: Vec<Value> = bodies.iter().map(|body| json!({"reply": {"status": 200, "body": body}})).collect();
        Sent::new(&json!({"requests": requests}))
    }

    #[test]
    fn events_are_read_from_the_text_of_a_stream() {
        let text = "event: a\ndata: {\"x\":1}\n\ndata: [DONE]\n\n";
        assert_eq!(sent(&[json!({"text": text})]).named("events"), Some(json!([{"x": 1}])));
        let named = json!([{"event": "a", "data": {"x": 1}}]);
        assert_eq!(sent(&[json!({"text": text})]).named("named_events"), Some(named));
    }

    #[test]
    fn items_come_from_all_pages_and_the_value_from_the_last() {
        let sent = sent(&[json!({"json": {"data": [1, 2]}}), json!({"json": {"data": [3]}})]);
        assert_eq!(sent.named("items"), Some(json!([1, 2, 3])));
        assert_eq!(sent.named("value"), Some(json!({"data": [3]})));
    }
}

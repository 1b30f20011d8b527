//! What a reply, or one event of a stream, says about itself: model, id, status, finish reasons, usage.

use super::TokenUsage;
use crate::json::{Kind, Node};
use crate::secret::Secret;

/// Longest text taken over from a reply: names and ids are short, and spans are no place for more.
const MAX_TEXT: usize = 256;
/// Most finish reasons kept of one reply.
const MAX_REASONS: usize = 128;

/// What is known so far of a reply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseFacts {
    /// The model that answered.
    pub model: Option<String>,
    /// The reply's `id`.
    pub id: Option<String>,
    /// `status`, of objects that have one: `completed`, `queued`, `requires_action`.
    pub status: Option<String>,
    /// The service tier that was used.
    pub service_tier: Option<String>,
    /// Conversation or thread that the reply belongs to.
    pub conversation: Option<String>,
    /// Why the model stopped, one a choice; for a response its status, or why it is incomplete.
    pub finish_reasons: Vec<String>,
    /// What was used.
    pub usage: Option<TokenUsage>,
}

/// Reads replies and events into [`ResponseFacts`].
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) facts: ResponseFacts,
    /// Finish reason of each choice of a stream, by index.
    choices: Vec<(i64, String)>,
    key: Option<Secret>,
}

impl Reader {
    /// A reader that strikes this key out of whatever it takes over.
    pub(super) fn new(key: Option<Secret>) -> Self {
        Self { key, ..Self::default() }
    }

    /// Strikes out this key from now on: a token may have been replaced by a newer one.
    pub(super) fn hide(&mut self, key: Option<&Secret>) {
        if self.key.as_ref() != key {
            self.key = key.cloned();
        }
    }

    /// Reads a whole reply.
    pub(super) fn reply(&mut self, root: Node<'_>) {
        self.object(root);
    }

    /// Reads one event, by the name and the parsed data of its frame.
    pub(super) fn event(&mut self, name: &str, data: Node<'_>) {
        if name.starts_with("thread.") {
            // Steps and messages have ids and usage of their own, which are parts of the run's.
            if name.starts_with("thread.run.") && !name.starts_with("thread.run.step.") {
                self.object(data);
            }
            return;
        }
        match data.get("response").filter(|response| response.kind() == Kind::Object) {
            Some(response) => self.object(response),
            None => self.object(data),
        }
    }

    fn object(&mut self, root: Node<'_>) {
        let (mut incomplete, mut is_response) = (None, false);
        for member in root.members() {
            let value = member.value;
            match &*member.name() {
                "id" => self.take(value, |facts| &mut facts.id),
                "model" => self.take(value, |facts| &mut facts.model),
                "status" => self.take(value, |facts| &mut facts.status),
                "service_tier" => self.take(value, |facts| &mut facts.service_tier),
                "thread_id" => self.take(value, |facts| &mut facts.conversation),
                "conversation" => {
                    self.take(value.get("id").unwrap_or(value), |facts| &mut facts.conversation);
                }
                "object" => is_response = value.as_str().as_deref() == Some("response"),
                "incomplete_details" => incomplete = value.get("reason"),
                "choices" => self.read_choices(value),
                // The last one counts: some providers send a growing sum with each chunk.
                "usage" => self.facts.usage = TokenUsage::read(value).or(self.facts.usage),
                _ => {}
            }
        }
        if is_response {
            let reason = incomplete.and_then(Node::as_str).map(|reason| self.clean(&reason));
            self.facts.finish_reasons = reason.or_else(|| self.facts.status.clone()).into_iter().collect();
        }
    }

    fn read_choices(&mut self, choices: Node<'_>) {
        for (place, choice) in choices.items().enumerate() {
            let Some(reason) = choice.get("finish_reason").and_then(Node::as_str) else { continue };
            let index = choice.get("index").and_then(Node::as_i64).unwrap_or(place as i64);
            let reason = self.clean(&reason);
            match self.choices.iter().position(|(known, _)| *known == index) {
                Some(place) => self.choices[place].1 = reason,
                None if self.choices.len() < MAX_REASONS => self.choices.push((index, reason)),
                None => {}
            }
        }
        self.choices.sort_by_key(|(index, _)| *index);
        self.facts.finish_reasons = self.choices.iter().map(|(_, reason)| reason.clone()).collect();
    }

    fn take(&mut self, value: Node<'_>, place: impl Fn(&mut ResponseFacts) -> &mut Option<String>) {
        if let Some(text) = value.as_str() {
            // Chunks repeat what is known already.
            if place(&mut self.facts).as_deref() != Some(&*text) {
                let text = self.clean(&text);
                *place(&mut self.facts) = Some(text);
            }
        }
    }

    /// A text from outside, short and without the call's key.
    pub(super) fn clean(&self, text: &str) -> String {
        clean(text, self.key.as_ref())
    }
}

/// A text from outside, short and without the key.
pub(super) fn clean(text: &str, key: Option<&Secret>) -> String {
    let text = match key.map(Secret::expose).filter(|key| key.len() >= 8 && text.contains(key)) {
        Some(key) => text.replace(key, "***"),
        None => text.to_owned(),
    };
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Doc;

    fn read(reader: &mut Reader, name: &str, json: &str) {
        let doc = Doc::parse(json.as_bytes()).unwrap();
        reader.event(name, doc.root());
    }

    #[test]
    fn a_chat_stream_tells_model_reasons_and_the_last_usage() {
        let mut reader = Reader::default();
        for json in [
            r#"{"id":"c","model":"m-1","choices":[{"index":1,"delta":{},"finish_reason":"length"}],"usage":null}"#,
            r#"{"id":"c","model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":null}],
                "usage":{"prompt_tokens":1,"completion_tokens":1}}"#,
            r#"{"id":"c","model":"m-1","choices":[{"index":0,"finish_reason":"stop"}],"usage":null}"#,
            r#"{"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":5},"service_tier":"flex"}"#,
        ] {
            read(&mut reader, "", json);
        }
        let facts = reader.facts;
        assert_eq!(facts.model.as_deref(), Some("m-1"));
        assert_eq!(facts.finish_reasons, ["stop", "length"]);
        assert_eq!(facts.usage.map(|usage| usage.output), Some(5));
        assert_eq!(facts.service_tier.as_deref(), Some("flex"));
    }

    #[test]
    fn responses_are_read_from_inside_their_events() {
        let mut reader = Reader::default();
        read(
            &mut reader,
            "",
            r#"{"type":"response.created","response":{"id":"r","object":"response","status":"queued"}}"#,
        );
        read(&mut reader, "", r#"{"type":"response.output_text.delta","item_id":"msg","delta":"x"}"#);
        let last = r#"{"type":"response.incomplete","response":{"id":"r","object":"response","status":"incomplete",
            "conversation":{"id":"conv"},"incomplete_details":{"reason":"max_output_tokens"},
            "usage":{"input_tokens":3,"output_tokens":2}}}"#;
        read(&mut reader, "", last);
        let facts = reader.facts;
        assert_eq!((facts.id.as_deref(), facts.status.as_deref()), (Some("r"), Some("incomplete")));
        assert_eq!(facts.finish_reasons, ["max_output_tokens"]);
        assert_eq!(facts.conversation.as_deref(), Some("conv"));
        assert_eq!(facts.usage.map(|usage| usage.total()), Some(5));
    }

    #[test]
    fn of_a_run_only_its_own_events_count() {
        let mut reader = Reader::default();
        read(&mut reader, "thread.created", r#"{"id":"thread_1"}"#);
        read(
            &mut reader,
            "thread.run.created",
            r#"{"id":"run_1","thread_id":"thread_1","status":"queued","usage":null}"#,
        );
        let step = r#"{"id":"step_1","status":"completed","usage":{"prompt_tokens":9,"completion_tokens":9}}"#;
        read(&mut reader, "thread.run.step.completed", step);
        read(&mut reader, "thread.message.completed", r#"{"id":"msg_1","status":"completed"}"#);
        assert_eq!(reader.facts.usage, None);
        let done = r#"{"id":"run_1","status":"completed","usage":{"prompt_tokens":20,"completion_tokens":5}}"#;
        read(&mut reader, "thread.run.completed", done);
        let facts = reader.facts;
        assert_eq!((facts.id.as_deref(), facts.conversation.as_deref()), (Some("run_1"), Some("thread_1")));
        assert_eq!(facts.usage.map(|usage| usage.input), Some(20));
    }

    #[test]
    fn texts_from_outside_are_short_and_hold_no_key() {
        let mut reader = Reader::new(Some("sk-canary-key".into()));
        read(&mut reader, "", &format!(r#"{{"id":"<sk-canary-key>","model":"{}"}}"#, "m".repeat(1000)));
        assert_eq!(reader.facts.id.as_deref(), Some("<***>"));
        assert_eq!(reader.facts.model.map(|model| model.chars().count()), Some(MAX_TEXT + 1));
    }
}

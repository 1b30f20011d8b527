//! What a frame means to the stream it is in: an error, the end, text worth keeping.

use std::borrow::Cow;

use crate::error::{ErrorKind, Partial};
use crate::json::{Kind, Node, Spot};
use crate::operation::End;
use crate::response::Problem;

/// Text kept for an error's `partial`.
const MAX_TEXT: usize = 1 << 20;
/// Choices told apart. A server that names more is not sending a chat.
const MAX_CHOICES: usize = 1024;

/// What to do with a frame.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Hand it out.
    Event,
    /// Hand it out; nothing of interest comes after it.
    LastEvent,
    /// The provider reports an error.
    Error(Problem),
}

/// What has been seen of a stream.
#[derive(Debug, Default)]
pub(super) struct Progress {
    text: String,
    /// Index of each choice and whether it has a finish reason.
    choices: Vec<(i64, bool)>,
    layout: Layout,
    pub(super) events: u64,
    /// Events that end the stream: seen, and due besides the first.
    ends: u64,
    more_ends: u64,
}

/// Where an event has what is looked at. It holds for the next event too, if that is alike.
#[derive(Debug, Default)]
struct Layout {
    is_known: bool,
    kind: Option<Spot>,
    object: Option<Spot>,
    error: Option<Spot>,
    choices: Option<Spot>,
    delta: Option<Spot>,
    /// The same for each of the choices.
    each: Vec<Choice>,
}

#[derive(Debug, Default)]
struct Choice {
    index: Option<Spot>,
    text: Option<Spot>,
    finish_reason: Option<Spot>,
}

impl Layout {
    fn find(&mut self, data: Node<'_>) {
        *self = Self { is_known: true, each: std::mem::take(&mut self.each), ..Self::default() };
        self.each.clear();
        for member in data.members() {
            let spot = match &*member.name_bytes() {
                b"type" => &mut self.kind,
                b"object" => &mut self.object,
                b"error" => &mut self.error,
                b"choices" => &mut self.choices,
                b"delta" => &mut self.delta,
                _ => continue,
            };
            *spot = Some(member.value.spot());
        }
        let choices = self.choices.map(|spot| data.same_document(spot));
        self.each.extend(choices.into_iter().flat_map(Node::items).take(MAX_CHOICES).map(Choice::find));
    }
}

impl Choice {
    fn find(choice: Node<'_>) -> Self {
        let mut this = Self::default();
        for member in choice.members() {
            match &*member.name_bytes() {
                b"index" => this.index = Some(member.value.spot()),
                b"delta" => this.text = member.value.get("content").map(Node::spot),
                b"text" => this.text = Some(member.value.spot()),
                b"finish_reason" => this.finish_reason = Some(member.value.spot()),
                _ => {}
            }
        }
        this
    }
}

impl Progress {
    /// Judges a frame by its name and its parsed data, and remembers what it adds. The data may be known to be `alike`
    /// the data before: the same members in the same places.
    pub(super) fn judge(&mut self, name: &str, data: Node<'_>, alike: bool, end: End) -> Verdict {
        if !alike || !self.layout.is_known {
            self.layout.find(data);
        }
        let at = |spot: Option<Spot>| spot.map(|spot| data.same_document(spot));
        let kind = at(self.layout.kind).and_then(Node::as_str);
        // Events of other types may have a member `error` that is news, not failure.
        let names_error = name == "error"
            || kind.as_deref() == Some("error")
            || at(self.layout.object).and_then(Node::as_str).as_deref() == Some("error");
        let holds_error = kind.is_none() && at(self.layout.error).is_some_and(says_something);
        if names_error || holds_error {
            return Verdict::Error(Problem::parse(data.raw().as_bytes()).unwrap_or_default());
        }
        if self.layout.choices.is_some() {
            self.read_choices(data);
        } else if let Some(delta) = at(self.layout.delta) {
            self.read_delta(kind.as_deref().unwrap_or(name), delta);
        }
        let (End::Event(last) | End::Each { events: last, .. }) = end else { return Verdict::Event };
        if !is_last(last, kind.as_ref(), name) {
            return Verdict::Event;
        }
        self.ends += 1;
        if self.ends > self.more_ends { Verdict::LastEvent } else { Verdict::Event }
    }

    /// An event is not judged, so the next one may not be alike the last that was.
    pub(super) fn pass_over(&mut self) {
        self.layout.is_known = false;
    }

    /// So many of the events that end the stream are due.
    pub(super) fn expect_ends(&mut self, count: u64) {
        self.more_ends = count.saturating_sub(1);
    }

    /// Whether an event has come with which the stream may end.
    pub(super) fn may_end(&self) -> bool {
        self.ends > 0
    }

    fn read_choices(&mut self, data: Node<'_>) {
        let at = |spot: Option<Spot>| spot.map(|spot| data.same_document(spot));
        for place in 0..self.layout.each.len() {
            let Choice { index, text, finish_reason } = &self.layout.each[place];
            let index = at(*index).and_then(Node::as_i64).unwrap_or(place as i64);
            let finished = at(*finish_reason).is_some_and(|reason| reason.kind() == Kind::String);
            let text = at(*text);
            if index == 0 {
                self.keep(text);
            }
            match self.choices.iter().position(|(known, _)| *known == index) {
                Some(place) => self.choices[place].1 |= finished,
                None if self.choices.len() < MAX_CHOICES => self.choices.push((index, finished)),
                None => {}
            }
        }
    }

    fn read_delta(&mut self, kind: &str, delta: Node<'_>) {
        match kind {
            "response.output_text.delta" | "transcript.text.delta" => self.keep(Some(delta)),
            "thread.message.delta" => {
                for part in delta.get("content").into_iter().flat_map(Node::items) {
                    self.keep(part.get("text").and_then(|text| text.get("value")));
                }
            }
            _ => {}
        }
    }

    fn keep(&mut self, text: Option<Node<'_>>) {
        if let Some(text) = text.and_then(Node::as_str)
            && self.text.len() + text.len() <= MAX_TEXT
        {
            self.text.push_str(&text);
        }
    }

    /// Whether every choice seen so far has its finish reason.
    pub(super) fn all_finished(&self) -> bool {
        !self.choices.is_empty() && self.choices.iter().all(|(_, finished)| *finished)
    }

    /// What an error of this stream carries.
    pub(super) fn partial(&self) -> Partial {
        Partial { text: self.text.clone(), events: self.events, snapshot: None }
    }
}

fn is_last(last: &[&str], kind: Option<&Cow<'_, str>>, name: &str) -> bool {
    last.iter().any(|end| kind.is_some_and(|kind| kind == end) || name == *end)
}

fn says_something(error: Node<'_>) -> bool {
    match error.kind() {
        Kind::Object => !error.is_empty(),
        Kind::String => error.raw() != "\"\"",
        _ => false,
    }
}

/// The error for what a provider reports inside a stream.
pub(super) fn reported(problem: Problem) -> crate::error::Error {
    problem.into_error(ErrorKind::Api, || "the provider reports an error without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Doc;

    fn judge(progress: &mut Progress, name: &str, json: &str, end: End) -> Verdict {
        let doc = Doc::parse(json.as_bytes()).unwrap();
        progress.judge(name, doc.root(), false, end)
    }

    fn is_error(name: &str, json: &str) -> Option<String> {
        match judge(&mut Progress::default(), name, json, End::Done) {
            Verdict::Error(problem) => Some(problem.message.unwrap_or_default()),
            _ => None,
        }
    }

    #[test]
    fn errors_are_told_from_events_that_mention_one() {
        assert_eq!(is_error("", r#"{"error":{"message":"m","code":1}}"#).as_deref(), Some("m"));
        assert_eq!(is_error("error", r#"{"message":"m"}"#).as_deref(), Some("m"));
        assert_eq!(is_error("", r#"{"type":"error","message":"m","code":"c"}"#).as_deref(), Some("m"));
        assert_eq!(is_error("", r#"{"id":"x","choices":[],"error":{"message":"m"}}"#).as_deref(), Some("m"));
        assert_eq!(is_error("", r#"{"object":"error","message":"m"}"#).as_deref(), Some("m"));
        assert_eq!(is_error("", r#"{"type":"transport.failed","error":{"message":"m"}}"#), None);
        assert_eq!(is_error("", r#"{"choices":[],"error":null}"#), None);
        assert_eq!(is_error("", r#"{"choices":[],"error":{}}"#), None);
        assert_eq!(is_error("", "[1]"), None);
    }

    #[test]
    fn text_of_the_first_choice_is_kept_and_finish_reasons_are_counted() {
        let mut progress = Progress::default();
        for json in [
            r#"{"choices":[{"index":0,"delta":{"content":"a\n"}},{"index":1,"delta":{"content":"x"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"never_heard_of"}]}"#,
        ] {
            judge(&mut progress, "", json, End::Done);
        }
        assert_eq!(progress.partial().text, "a\nb");
        assert!(!progress.all_finished());
        judge(&mut progress, "", r#"{"choices":[{"index":1,"finish_reason":"stop"}]}"#, End::Done);
        assert!(progress.all_finished());
    }

    #[test]
    fn text_of_the_other_kinds_is_kept_too() {
        let mut progress = Progress::default();
        judge(&mut progress, "", r#"{"type":"response.output_text.delta","delta":"a"}"#, End::Eof);
        judge(&mut progress, "", r#"{"type":"response.function_call_arguments.delta","delta":"no"}"#, End::Eof);
        let message = r#"{"delta":{"content":[{"type":"text","text":{"value":"b"}}]}}"#;
        judge(&mut progress, "thread.message.delta", message, End::Eof);
        judge(&mut progress, "", r#"{"choices":[{"text":"c"}]}"#, End::Done);
        assert_eq!(progress.partial().text, "abc");
    }

    #[test]
    fn the_last_event_is_known_by_type_or_name() {
        let end = End::Event(&["response.completed", "thread.run.completed"]);
        let mut progress = Progress::default();
        assert!(matches!(judge(&mut progress, "", r#"{"type":"response.completed"}"#, end), Verdict::LastEvent));
        assert!(matches!(judge(&mut progress, "thread.run.completed", "{}", end), Verdict::LastEvent));
        assert!(matches!(judge(&mut progress, "", r#"{"type":"response.created"}"#, end), Verdict::Event));
    }

    #[test]
    fn each_of_the_awaited_events_is_waited_for() {
        let end = End::Each { events: &["image.completed"], count: "n" };
        let mut progress = Progress::default();
        progress.expect_ends(2);
        assert!(matches!(judge(&mut progress, "", r#"{"type":"image.partial"}"#, end), Verdict::Event));
        assert!(!progress.may_end());
        assert!(matches!(judge(&mut progress, "", r#"{"type":"image.completed"}"#, end), Verdict::Event));
        assert!(progress.may_end());
        assert!(matches!(judge(&mut progress, "image.completed", "{}", end), Verdict::LastEvent));
    }

    #[test]
    fn hostile_indices_take_no_memory() {
        let mut progress = Progress::default();
        for index in -2000..2000i64 {
            judge(&mut progress, "", &format!(r#"{{"choices":[{{"index":{index}}}]}}"#), End::Done);
        }
        assert_eq!(progress.choices.len(), MAX_CHOICES);
    }
}

//! Turns what a model does into steps, messages and stream events. No input, no output: what is to be written and sent is
//! returned.

use std::ops::Range;

use serde_json::{Value, json};

use crate::ids;
use crate::model::{Call, Callee, Turn, TurnEvent, Usage};
use crate::objects::{message, step};

/// What is to be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Write {
    InsertStep(Value),
    UpdateStep(Value),
    InsertMessage(Value),
    UpdateMessage(Value),
}

/// An event of the stream, without its number.
pub(crate) type Named = (&'static str, Value);

/// What follows from one event of a turn.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) writes: Vec<Write>,
    /// Events that belong to the writes.
    pub(crate) events: Vec<Named>,
    /// Events that need no write: they come after `events`.
    pub(crate) deltas: Vec<Named>,
}

/// What kind of entry a call has in its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The user's function: the run waits for its output.
    Function,
    /// Search in files by the engine.
    LocalSearch,
    /// Search in files by the provider.
    HostedSearch,
    /// Code run by the provider.
    HostedCode,
}

/// A call of the turn.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) arguments: String,
    pub(crate) complete: bool,
    /// Results or outputs, as the step shows them.
    pub(crate) found: Option<Value>,
    /// What the model is told.
    pub(crate) output: Option<String>,
}

/// A part of the open message, under the number that the provider has for it.
#[derive(Debug)]
struct Part {
    key: usize,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Text {
        value: String,
        chars: usize,
        annotations: Vec<Value>,
    },
    Refusal(String),
    /// A picture that the provider's code has drawn, by its file here.
    Picture(String),
}

/// What stands for the provider's number of a part that has none.
const NO_KEY: usize = usize::MAX;

#[derive(Debug)]
struct OpenMessage {
    step: Value,
    message: Value,
    parts: Vec<Part>,
    /// Files whose places in the text have not come yet: part, id, place.
    late: Vec<(usize, String, Range<usize>)>,
    ended: bool,
}

/// One turn, as far as it has come.
#[derive(Debug)]
pub(crate) struct Recorder {
    run: Value,
    /// Name under which the engine's own file search was offered.
    search_name: Option<String>,
    /// Ids of calls that the run has used.
    used_ids: Vec<String>,
    message: Option<OpenMessage>,
    tools: Option<Value>,
    calls: Vec<Asked>,
    /// Calls that belong to steps that have ended.
    closed_calls: usize,
    text: String,
    /// Pictures that no message has shown yet.
    pictures: Vec<String>,
    private: Vec<Value>,
    pub(crate) usage: Usage,
    /// Whether anything of this turn has been shown.
    pub(crate) visible: bool,
}

impl Recorder {
    pub(crate) fn new(run: Value, search_name: Option<String>, used_ids: Vec<String>) -> Self {
        Self {
            run,
            search_name,
            used_ids,
            message: None,
            tools: None,
            calls: Vec::new(),
            closed_calls: 0,
            text: String::new(),
            pictures: Vec::new(),
            private: Vec::new(),
            usage: Usage::default(),
            visible: false,
        }
    }

    /// Takes in what happened; the turn's end is for the caller to act on.
    pub(crate) fn take(&mut self, event: TurnEvent) -> Outcome {
        let mut out = Outcome::default();
        match event {
            TurnEvent::Text { part, text } => self.write_text(part, &text, None, &mut out),
            TurnEvent::Citation { part, marker, file_id } => self.write_text(part, &marker, Some(&file_id), &mut out),
            TurnEvent::Refusal { part, text } => self.refuse(part, &text, &mut out),
            TurnEvent::Produced { part, file_id, start, end, .. } => {
                self.name_file(part, &file_id, start..end, &mut out)
            }
            TurnEvent::MessageEnd => {
                if let Some(open) = &mut self.message {
                    open.ended = true;
                }
            }
            TurnEvent::CallStart { call, id, callee } => self.start_call(call, id, callee, &mut out),
            TurnEvent::Arguments { call, fragment } => self.add_arguments(call, &fragment, &mut out),
            TurnEvent::CallEnd { call, hosted } => self.end_call(call, hosted, &mut out),
            TurnEvent::Private(item) => self.private.push(item),
            TurnEvent::Usage(usage) => self.usage = usage,
            TurnEvent::Container(_) | TurnEvent::End(_) => {}
        }
        self.visible |= !out.events.is_empty() || !out.deltas.is_empty();
        out
    }

    fn write_text(&mut self, part: usize, text: &str, cited: Option<&str>, out: &mut Outcome) {
        if text.is_empty() {
            return;
        }
        self.open_message(out);
        let Some(open) = &mut self.message else { return };
        let known = open.parts.iter().position(|known| known.key == part && matches!(known.body, Body::Text { .. }));
        let index = known.unwrap_or(open.parts.len());
        if known.is_none() {
            let body = Body::Text { value: String::new(), chars: 0, annotations: Vec::new() };
            open.parts.push(Part { key: part, body });
        }
        let Body::Text { value, chars, annotations } = &mut open.parts[index].body else { return };
        let start = *chars;
        value.push_str(text);
        *chars += text.chars().count();
        self.text.push_str(text);
        let mut shown = json!({ "value": text });
        if let Some(file) = cited {
            let annotation = json!({
                "type": "file_citation",
                "text": text,
                "start_index": start,
                "end_index": *chars,
                "file_citation": {"file_id": file},
            });
            let mut indexed = annotation.clone();
            indexed["index"] = json!(annotations.len());
            shown["annotations"] = json!([indexed]);
            annotations.push(annotation);
        } else if known.is_none() {
            shown["annotations"] = json!([]);
        }
        let id = open.message["id"].clone();
        out.deltas.push(message_delta(&id, json!({"index": index, "type": "text", "text": shown})));
    }

    fn refuse(&mut self, part: usize, text: &str, out: &mut Outcome) {
        if text.is_empty() {
            return;
        }
        self.open_message(out);
        let Some(open) = &mut self.message else { return };
        let known = open.parts.iter().position(|known| known.key == part && matches!(known.body, Body::Refusal(_)));
        let index = known.unwrap_or(open.parts.len());
        if known.is_none() {
            open.parts.push(Part { key: part, body: Body::Refusal(String::new()) });
        }
        let Body::Refusal(refusal) = &mut open.parts[index].body else { return };
        refusal.push_str(text);
        let id = open.message["id"].clone();
        out.deltas.push(message_delta(&id, json!({"index": index, "type": "refusal", "refusal": text})));
    }

    /// Names a file at a place of the text. What is not there yet is named in the whole message only.
    fn name_file(&mut self, part: usize, file: &str, place: Range<usize>, out: &mut Outcome) {
        let Some(open) = self.message.as_mut().filter(|_| !file.is_empty()) else { return };
        let known = open.parts.iter_mut().enumerate().find(|(_, known)| known.key == part);
        let Some((index, Part { body: Body::Text { value, chars, annotations }, .. })) = known else {
            open.late.push((part, file.to_owned(), place));
            return;
        };
        if place.end > *chars {
            open.late.push((part, file.to_owned(), place));
            return;
        }
        let Some(annotation) = file_path(value, annotations, file, place) else { return };
        let mut indexed = annotation.clone();
        indexed["index"] = json!(annotations.len());
        annotations.push(annotation);
        let id = open.message["id"].clone();
        let text = json!({"value": "", "annotations": [indexed]});
        out.deltas.push(message_delta(&id, json!({"index": index, "type": "text", "text": text})));
    }

    fn open_message(&mut self, out: &mut Outcome) {
        if self.message.as_ref().is_some_and(|open| open.ended) {
            self.close_message(step::no_usage(), out);
        }
        if self.message.is_some() {
            return;
        }
        // A step of the provider's own tools ends where the model speaks again; functions wait for their outputs.
        if self.calls[self.closed_calls..]
            .iter()
            .all(|call| call.kind != Kind::Function && call.kind != Kind::LocalSearch)
        {
            self.close_tools(step::no_usage(), out);
        }
        let now = ids::now();
        let (message_id, step_id) = (ids::new("msg_"), ids::new("step_"));
        let text = |name: &str| self.run[name].as_str().unwrap_or_default();
        let message = message::opened(&message_id, text("thread_id"), text("assistant_id"), text("id"), now);
        let details = json!({"type": "message_creation", "message_creation": {"message_id": message_id}});
        let step = step::opened(&step_id, &self.run, details, now);
        out.writes.extend([Write::InsertStep(step.clone()), Write::InsertMessage(message.clone())]);
        out.events.extend([
            ("thread.run.step.created", step.clone()),
            ("thread.run.step.in_progress", step.clone()),
            ("thread.message.created", message.clone()),
            ("thread.message.in_progress", message.clone()),
        ]);
        let mut parts = Vec::new();
        for file in std::mem::take(&mut self.pictures) {
            let shown = json!({"index": parts.len(), "type": "image_file", "image_file": {"file_id": file}});
            out.deltas.push(message_delta(&message["id"], shown));
            parts.push(Part { key: NO_KEY, body: Body::Picture(file) });
        }
        self.message = Some(OpenMessage { step, message, parts, late: Vec::new(), ended: false });
    }

    /// A message for pictures that no message has shown, when the turn is over.
    pub(crate) fn show_pictures(&mut self) -> Option<Outcome> {
        let mut out = Outcome::default();
        if !self.pictures.is_empty() {
            self.open_message(&mut out);
        }
        (out != Outcome::default()).then_some(out)
    }

    /// Completes the open message, if there is one, and its step.
    pub(crate) fn close_message(&mut self, usage: Value, out: &mut Outcome) {
        let Some(mut open) = self.message.take() else { return };
        let now = ids::now();
        for (part, file, place) in std::mem::take(&mut open.late) {
            let known = open.parts.iter_mut().find(|known| known.key == part);
            if let Some(Part { body: Body::Text { value, annotations, .. }, .. }) = known
                && let Some(annotation) = file_path(value, annotations, &file, place)
            {
                annotations.push(annotation);
            }
        }
        open.message["content"] = content(&open.parts);
        message::close(&mut open.message, None, now);
        step::close(&mut open.step, "completed", usage, None, now);
        out.writes.extend([Write::UpdateMessage(open.message.clone()), Write::UpdateStep(open.step.clone())]);
        out.events.extend([("thread.message.completed", open.message), ("thread.run.step.completed", open.step)]);
    }

    fn start_call(&mut self, call: usize, id: String, callee: Callee, out: &mut Outcome) {
        self.close_message(step::no_usage(), out);
        if self.tools.is_none() {
            let details = json!({"type": "tool_calls", "tool_calls": []});
            let step = step::opened(&ids::new("step_"), &self.run, details, ids::now());
            out.writes.push(Write::InsertStep(step.clone()));
            out.events
                .extend([("thread.run.step.created", step.clone()), ("thread.run.step.in_progress", step.clone())]);
            self.tools = Some(step);
        }
        let known = |id: &String| self.used_ids.contains(id) || self.calls.iter().any(|call| call.id == *id);
        let hosted = !matches!(callee, Callee::Function(_));
        let id = if id.is_empty() || hosted || known(&id) { ids::new("call_") } else { id };
        let (name, kind) = match callee {
            Callee::Function(name) if self.search_name.as_ref() == Some(&name) => (name, Kind::LocalSearch),
            Callee::Function(name) => (name, Kind::Function),
            Callee::FileSearch => ("file_search".to_owned(), Kind::HostedSearch),
            Callee::CodeInterpreter => ("code_interpreter".to_owned(), Kind::HostedCode),
        };
        let index = self.calls.len() - self.closed_calls;
        let entry = match kind {
            Kind::Function => json!({"index": index, "id": id, "type": "function",
                                     "function": {"name": name, "arguments": "", "output": null}}),
            Kind::LocalSearch | Kind::HostedSearch => {
                json!({"index": index, "id": id, "type": "file_search", "file_search": {}})
            }
            Kind::HostedCode => json!({"index": index, "id": id, "type": "code_interpreter",
                                       "code_interpreter": {"input": "", "outputs": []}}),
        };
        let asked = Asked { id, name, kind, arguments: String::new(), complete: false, found: None, output: None };
        // Calls are numbered in the order of their beginning; a gap would be a provider's mistake.
        debug_assert_eq!(call, self.calls.len());
        self.calls.push(asked);
        if let Some(step) = &self.tools {
            out.deltas.push(step_delta(&step["id"], entry));
        }
    }

    fn add_arguments(&mut self, call: usize, fragment: &str, out: &mut Outcome) {
        let Some(asked) = self.calls.get_mut(call) else { return };
        asked.arguments.push_str(fragment);
        let Some(index) = call.checked_sub(self.closed_calls) else { return };
        let entry = match asked.kind {
            Kind::Function => json!({"index": index, "type": "function", "function": {"arguments": fragment}}),
            Kind::HostedCode => {
                json!({"index": index, "type": "code_interpreter", "code_interpreter": {"input": fragment}})
            }
            Kind::LocalSearch | Kind::HostedSearch => return,
        };
        if let (Some(step), false) = (&self.tools, fragment.is_empty()) {
            out.deltas.push(step_delta(&step["id"], entry));
        }
    }

    fn end_call(&mut self, call: usize, hosted: Option<Value>, out: &mut Outcome) {
        let Some(asked) = self.calls.get_mut(call) else { return };
        asked.complete = true;
        let Some(found) = hosted else { return };
        if asked.kind == Kind::HostedCode
            && let (Some(step), Some(index)) = (&self.tools, call.checked_sub(self.closed_calls))
        {
            for (place, output) in found.as_array().into_iter().flatten().enumerate() {
                let mut output = output.clone();
                self.pictures.extend(output["image"]["file_id"].as_str().map(str::to_owned));
                output["index"] = json!(place);
                let entry = json!({"index": index, "type": "code_interpreter",
                                   "code_interpreter": {"outputs": [output]}});
                out.deltas.push(step_delta(&step["id"], entry));
            }
        }
        asked.found = Some(found);
    }

    /// Completes the open step of calls, if there is one.
    pub(crate) fn close_tools(&mut self, usage: Value, out: &mut Outcome) {
        let Some(mut step) = self.tools.take() else { return };
        step["step_details"]["tool_calls"] = self.entries();
        step::close(&mut step, "completed", usage, None, ids::now());
        self.closed_calls = self.calls.len();
        out.writes.push(Write::UpdateStep(step.clone()));
        out.events.push(("thread.run.step.completed", step));
    }

    /// Entries of the open step.
    fn entries(&self) -> Value {
        self.calls[self.closed_calls..].iter().map(entry).collect()
    }

    /// The open step with its calls as they stand; its id is where the run waits for outputs.
    pub(crate) fn waiting_step(&self) -> Option<Value> {
        let mut step = self.tools.clone()?;
        step["step_details"]["tool_calls"] = self.entries();
        Some(step)
    }

    /// Calls of the open step, to go on with elsewhere.
    pub(crate) fn open_calls(&self) -> Value {
        let kept = |call: &Asked| json!({"id": call.id, "name": call.name, "arguments": call.arguments, "function": call.kind == Kind::Function});
        self.calls[self.closed_calls..].iter().map(kept).collect()
    }

    /// Goes on with a turn whose calls were kept.
    pub(crate) fn resume(&mut self, turn: Turn, step: Value, calls: &Value) {
        let text = |call: &Value, name: &str| call[name].as_str().unwrap_or_default().to_owned();
        self.text = turn.text;
        self.private = turn.private;
        self.tools = Some(step);
        self.visible = true;
        self.calls = calls
            .as_array()
            .into_iter()
            .flatten()
            .map(|call| Asked {
                id: text(call, "id"),
                name: text(call, "name"),
                kind: if call["function"] == true { Kind::Function } else { Kind::LocalSearch },
                arguments: text(call, "arguments"),
                complete: true,
                found: None,
                output: None,
            })
            .collect();
    }

    /// What is open, as far as it has come, for a run that ends now.
    pub(crate) fn unfinished(&self) -> Vec<Write> {
        let mut writes = Vec::new();
        if let Some(open) = &self.message {
            let mut message = open.message.clone();
            message["content"] = content(&open.parts);
            writes.push(Write::UpdateMessage(message));
        }
        writes.extend(self.waiting_step().map(Write::UpdateStep));
        writes
    }

    pub(crate) fn calls(&self) -> &[Asked] {
        &self.calls
    }

    pub(crate) fn calls_mut(&mut self) -> &mut [Asked] {
        &mut self.calls
    }

    /// Whether a message is being written.
    pub(crate) fn writes_message(&self) -> bool {
        self.message.is_some()
    }

    /// Everything that the model wrote in this turn, to estimate tokens by.
    pub(crate) fn written(&self) -> String {
        let mut text = self.text.clone();
        for call in &self.calls {
            text.push_str(&call.name);
            text.push_str(&call.arguments);
        }
        text
    }

    /// The turn for those after it.
    pub(crate) fn turn(&self) -> Turn {
        let answered = self.calls.iter().filter(|call| matches!(call.kind, Kind::Function | Kind::LocalSearch));
        Turn {
            text: self.text.clone(),
            calls: answered
                .map(|call| {
                    let output = call.output.clone().unwrap_or_default();
                    Call::new(call.id.clone(), call.name.clone(), call.arguments.clone(), output)
                })
                .collect(),
            private: self.private.clone(),
        }
    }
}

/// The annotation that names a file; `None` where there is no text, or another annotation.
fn file_path(value: &str, known: &[Value], file: &str, place: Range<usize>) -> Option<Value> {
    let text: String = value.chars().skip(place.start).take(place.len()).collect();
    let at = |one: &Value, name: &str| one[name].as_u64().and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
    let taken = known.iter().any(|one| at(one, "start_index") < place.end && place.start < at(one, "end_index"));
    if taken || text.is_empty() || text.chars().count() != place.len() {
        return None;
    }
    Some(json!({"type": "file_path", "text": text, "start_index": place.start, "end_index": place.end,
                "file_path": {"file_id": file}}))
}

fn content(parts: &[Part]) -> Value {
    parts
        .iter()
        .map(|part| match &part.body {
            Body::Text { value, annotations, .. } => {
                json!({"type": "text", "text": {"value": value, "annotations": annotations}})
            }
            Body::Refusal(refusal) => json!({"type": "refusal", "refusal": refusal}),
            Body::Picture(file) => json!({"type": "image_file", "image_file": {"file_id": file, "detail": "auto"}}),
        })
        .collect()
}

fn message_delta(id: &Value, part: Value) -> Named {
    let delta = json!({"id": id, "object": "thread.message.delta", "delta": {"content": [part]}});
    ("thread.message.delta", delta)
}

fn step_delta(id: &Value, entry: Value) -> Named {
    let details = json!({"type": "tool_calls", "tool_calls": [entry]});
    let delta = json!({"id": id, "object": "thread.run.step.delta", "delta": {"step_details": details}});
    ("thread.run.step.delta", delta)
}

fn entry(call: &Asked) -> Value {
    match call.kind {
        Kind::Function => json!({"id": call.id, "type": "function",
            "function": {"name": call.name, "arguments": call.arguments, "output": call.output}}),
        Kind::LocalSearch | Kind::HostedSearch => {
            let found = call.found.clone().unwrap_or_else(|| json!({"results": []}));
            json!({"id": call.id, "type": "file_search", "file_search": found})
        }
        Kind::HostedCode => json!({"id": call.id, "type": "code_interpreter",
            "code_interpreter": {"input": call.arguments, "outputs": call.found.clone().unwrap_or_else(|| json!([]))}}),
    }
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;

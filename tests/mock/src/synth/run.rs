//! Runs: queued, then what the assistant does, then done.

use serde_json::{Map, Value, json};

use super::{
    Asked, Content,
    assistants::{Assistants, text_part},
    chat::{self, Saying},
    streams, text,
};

type Answered = Option<Result<Content, String>>;

/// Events of a run: name and data.
type Events = Vec<(&'static str, Value)>;

impl Assistants {
    pub(super) fn create_and_run(&mut self, asked: &Asked<'_>) -> Answered {
        let empty = Map::new();
        let args = asked.args.get("thread").and_then(Value::as_object).unwrap_or(&empty);
        let thread = self.create_thread(asked, args);
        let id = thread["id"].as_str().unwrap_or_default().to_owned();
        self.start(asked, &id, vec![("thread.created", thread)])
    }

    pub(super) fn create_run(&mut self, asked: &Asked<'_>, thread: &str) -> Answered {
        if self.has("threads", thread) {
            return self.start(asked, thread, Vec::new());
        }
        // A thread that was never created here has a life of one request.
        let mut once = Self::default();
        once.keep("threads", json!({"id": thread, "object": "thread"}));
        once.start(asked, thread, Vec::new())
    }

    fn start(&mut self, asked: &Asked<'_>, thread: &str, mut events: Events) -> Answered {
        for message in asked.args.get("additional_messages").and_then(Value::as_array).into_iter().flatten() {
            if let Some(message) = message.as_object() {
                self.add_message(thread, message);
            }
        }
        let run = self.new_run(asked, thread);
        let id = run["id"].as_str().unwrap_or_default().to_owned();
        if !asked.streams() {
            return Some(Ok(Content::Json(run)));
        }
        events.push(("thread.run.created", run.clone()));
        events.push(("thread.run.queued", run));
        events.extend(self.advance(thread, &id));
        Some(Ok(Content::Events(frames(events))))
    }

    fn new_run(&mut self, asked: &Asked<'_>, thread: &str) -> Value {
        let assistant_id = asked.checked.text("assistant_id").unwrap_or_default();
        let assistant = self.find("assistants", assistant_id).cloned().unwrap_or_default();
        let of = |key: &str, default: Value| {
            let own = asked.args.get(key).or_else(|| assistant.get(key)).filter(|v| !v.is_null());
            own.cloned().unwrap_or(default)
        };
        let mut run = json!({"id": self.id("run"), "object": "thread.run", "created_at": self.now(), "thread_id": thread,
            "assistant_id": assistant_id, "status": "queued", "required_action": null, "last_error": null,
            "expires_at": self.now() + 600, "started_at": null, "cancelled_at": null, "failed_at": null,
            "completed_at": null, "incomplete_details": null, "usage": null, "model": of("model", json!("gpt-mock")),
            "instructions": of("instructions", json!("")), "tools": of("tools", json!([])),
            "metadata": asked.args.get("metadata").filter(|m| !m.is_null()).cloned().unwrap_or(json!({})),
            "temperature": of("temperature", json!(1.0)), "top_p": of("top_p", json!(1.0)),
            "max_prompt_tokens": null, "max_completion_tokens": null,
            "truncation_strategy": {"type": "auto", "last_messages": null},
            "response_format": of("response_format", json!("auto")), "tool_choice": of("tool_choice", json!("auto")),
            "parallel_tool_calls": of("parallel_tool_calls", json!(true))});
        if let Some(id) = asked.checked.text("run_id") {
            run["id"] = id.into();
        }
        self.keep(&format!("threads/{thread}/runs"), run)
    }

    pub(super) fn submit(&mut self, asked: &Asked<'_>, thread: &str) -> Answered {
        let run = asked.checked.text("run_id").unwrap_or_default().to_owned();
        if !self.has(&format!("threads/{thread}/runs"), &run) {
            let mut once = Self::default();
            once.keep("threads", json!({"id": thread, "object": "thread"}));
            once.new_run(asked, thread);
            return once.submitted(asked, thread, &run);
        }
        self.submitted(asked, thread, &run)
    }

    fn submitted(&mut self, asked: &Asked<'_>, thread: &str, run: &str) -> Answered {
        let outputs = asked.args.get("tool_outputs").and_then(Value::as_array).cloned().unwrap_or_default();
        let steps = format!("runs/{run}/steps");
        let now = self.now();
        let mut events = Vec::new();
        if let Some(step) = self.all(&steps).iter().find(|s| s["type"] == "tool_calls").and_then(|s| s["id"].as_str()) {
            let step = step.to_owned();
            self.change(&steps, &step, |step| {
                for call in step["step_details"]["tool_calls"].as_array_mut().into_iter().flatten() {
                    let answer = outputs.iter().find(|o| o["tool_call_id"] == call["id"]);
                    call["function"]["output"] = answer.map_or(Value::Null, |o| o["output"].clone());
                }
                (step["status"], step["completed_at"]) = ("completed".into(), now.into());
                events.push(("thread.run.step.completed", step.clone()));
            });
        }
        let mut queued = Value::Null;
        self.change(&format!("threads/{thread}/runs"), run, |run| {
            (run["status"], run["required_action"]) = ("queued".into(), Value::Null);
            queued = run.clone();
            // Kept beside the run, for `advance`; taken out there.
            run["tool_outputs"] = outputs.into();
        });
        events.push(("thread.run.queued", queued.clone()));
        if !asked.streams() {
            return Some(Ok(Content::Json(queued)));
        }
        events.extend(self.advance(thread, run));
        Some(Ok(Content::Events(frames(events))))
    }

    /// Lets a queued run do what it does: call its function, or say something and be done.
    pub(super) fn advance(&mut self, thread: &str, id: &str) -> Events {
        let runs = format!("threads/{thread}/runs");
        let Some(mut run) = self.find(&runs, id).filter(|r| r["status"] == "queued").cloned() else {
            return Vec::new();
        };
        let outputs = run.as_object_mut().and_then(|r| r.shift_remove("tool_outputs"));
        (run["status"], run["started_at"]) = ("in_progress".into(), self.now().into());
        let mut events = vec![("thread.run.in_progress", run.clone())];
        let saying = match outputs.as_ref().and_then(Value::as_array) {
            Some(outputs) => {
                let texts: Vec<_> = outputs.iter().filter_map(|o| o["output"].as_str()).collect();
                Saying::Text(format!("The function answered: {}", texts.join(" ")))
            }
            None => {
                let messages = self.all(&format!("threads/{thread}/messages"));
                chat::saying(messages, run.as_object().unwrap_or(&Map::new()), text::hash(id))
            }
        };
        match saying {
            Saying::Call { id: call, name, arguments } => {
                let function = json!({"name": name, "arguments": arguments});
                let calls = json!([{"id": call, "type": "function", "function": function}]);
                run["status"] = "requires_action".into();
                run["required_action"] =
                    json!({"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}});
                let mut detail = calls;
                detail[0]["function"]["output"] = Value::Null;
                let step = self.step(&run, "tool_calls", json!({"type": "tool_calls", "tool_calls": detail}));
                events.push(("thread.run.step.created", step.clone()));
                events.push(("thread.run.step.in_progress", step));
                events.push(("thread.run.requires_action", run.clone()));
            }
            Saying::Text(said) => {
                self.say(&run, &said, &mut events);
                run["status"] = "completed".into();
                run["completed_at"] = self.now().into();
                run["usage"] = streams::usage(run["instructions"].as_str().unwrap_or_default(), &said);
                events.push(("thread.run.completed", run.clone()));
            }
        }
        self.change(&runs, id, |kept| *kept = run);
        events
    }

    fn say(&mut self, run: &Value, said: &str, events: &mut Events) {
        let thread = run["thread_id"].as_str().unwrap_or_default().to_owned();
        let mut message = self.message(&thread, vec![text_part(said)]);
        (message["role"], message["run_id"]) = ("assistant".into(), run["id"].clone());
        message["assistant_id"] = run["assistant_id"].clone();
        let creation = json!({"type": "message_creation", "message_creation": {"message_id": message["id"]}});
        let step = self.step(run, "message_creation", creation);
        events.push(("thread.run.step.created", step.clone()));
        events.push(("thread.run.step.in_progress", step.clone()));
        let mut begun = message.clone();
        (begun["status"], begun["content"], begun["completed_at"]) = ("in_progress".into(), json!([]), Value::Null);
        events.push(("thread.message.created", begun.clone()));
        events.push(("thread.message.in_progress", begun));
        for (i, piece) in streams::pieces(said).iter().enumerate() {
            let mut part = json!({"index": 0, "type": "text", "text": {"value": piece}});
            if i == 0 {
                part["text"]["annotations"] = json!([]);
            }
            let delta = json!({"id": message["id"], "object": "thread.message.delta", "delta": {"content": [part]}});
            events.push(("thread.message.delta", delta));
        }
        events.push(("thread.message.completed", message.clone()));
        self.keep(&format!("threads/{thread}/messages"), message);
        let steps = format!("runs/{}/steps", run["id"].as_str().unwrap_or_default());
        let now = self.now();
        self.change(&steps, step["id"].as_str().unwrap_or_default(), |step| {
            (step["status"], step["completed_at"]) = ("completed".into(), now.into());
            step["usage"] = streams::usage("", said);
            events.push(("thread.run.step.completed", step.clone()));
        });
    }

    fn step(&mut self, run: &Value, kind: &str, details: Value) -> Value {
        let step = json!({"id": self.id("step"), "object": "thread.run.step", "created_at": self.now(),
            "run_id": run["id"], "assistant_id": run["assistant_id"], "thread_id": run["thread_id"], "type": kind,
            "status": "in_progress", "cancelled_at": null, "completed_at": null, "expired_at": null, "failed_at": null,
            "last_error": null, "step_details": details, "usage": null, "metadata": {}});
        self.keep(&format!("runs/{}/steps", run["id"].as_str().unwrap_or_default()), step)
    }
}

fn frames(events: Events) -> Vec<String> {
    let frames = events.into_iter().map(|(name, data)| format!("event: {name}\ndata: {data}\n\n"));
    frames.chain(["event: done\ndata: [DONE]\n\n".to_owned()]).collect()
}

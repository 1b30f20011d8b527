//! Streams that are accumulated: events of a higher level, and the object they come to. Arguments of their own, on top of
//! those of the operation:
//!
//! - `stream_to`: the events are pushed instead of pulled: `"callback"`, `"async_callback"` or `"channel"` (of one place).
//! - `stop_after`: with `stream_to`, so many events are taken; then the callback says so, or the receiver is dropped. The
//!   snapshot of that moment is the value.

use std::ops::ControlFlow;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use threadline::accumulate::{
    Accumulate, AccumulatedStream, AssistantAccumulator, AssistantEvent, ChatCompletionAccumulator,
    ChatCompletionStreamEvent, CompletionAccumulator, CompletionStreamEvent, ResponseAccumulator,
};
use threadline::json::Encode;
use threadline::types::{
    ChatCompletionMessageToolCall, ResponseRetrieveParams, ResponseStreamEvent, RunSubmitToolOutputsParams,
};
use threadline::{Call, Error};
use tokio::sync::mpsc;

use crate::driver::answer::encoded;
use crate::driver::{Answer, Arguments, Pending, Row, Usage};

/// A JSON form of the events of one kind of stream: typed event and what is accumulated, as the call protocol shows them.
pub(super) trait Shown: Accumulate {
    fn show(&self, event: &Self::Event) -> Value;
}

/// The arguments of a call, those of the pushing taken out.
struct Pushed {
    a: Arguments,
    to: Option<String>,
    stop_after: usize,
}

impl Pushed {
    fn new(a: &Arguments) -> Result<Self, Usage> {
        let mut a = a.clone();
        let to = a.take::<String>("stream_to")?;
        let stop_after = a.take::<i64>("stop_after")?.and_then(|count| usize::try_from(count).ok());
        Ok(Self { a, to, stop_after: stop_after.unwrap_or(usize::MAX) })
    }

    fn finish<A: Shown>(self, call: Call<AccumulatedStream<A>>) -> Pending {
        let call = call.options(self.a.options());
        let limit = self.a.max_events();
        Box::pin(async move {
            match call.await {
                Err(error) => Answer::failed(&error),
                Ok(stream) => match &self.to {
                    None => pulled(stream, limit).await,
                    Some(to) => pushed(stream, to, self.stop_after).await,
                },
            }
        })
    }
}

async fn pulled<A: Shown>(mut stream: AccumulatedStream<A>, limit: usize) -> Answer {
    let mut events = Vec::new();
    while events.len() < limit {
        match stream.next().await {
            Some(Ok(event)) => events.push(raw(&stream.accumulator().show(&event))),
            Some(Err(error)) => return failed(events, &error),
            None => return ended(events, stream.accumulator()),
        }
    }
    Answer::Stream { events, value: None, error: None }
}

async fn pushed<A: Shown>(mut stream: AccumulatedStream<A>, to: &str, stop_after: usize) -> Answer {
    // What a callback is given has no snapshot: it is shown against what is there in the end.
    let mut taken = Vec::new();
    let result = match to {
        "callback" => {
            let callback = |event| {
                taken.push(event);
                if taken.len() < stop_after { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            };
            stream.stream_to(callback).await
        }
        "async_callback" => {
            let callback = |event| {
                taken.push(event);
                let go_on = taken.len() < stop_after;
                async move {
                    tokio::task::yield_now().await;
                    if go_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                }
            };
            stream.stream_to_async(callback).await
        }
        "channel" => {
            let (sender, mut receiver) = mpsc::channel(1);
            let receive = async {
                while taken.len() < stop_after
                    && let Some(event) = receiver.recv().await
                {
                    taken.push(event);
                }
                drop(receiver);
            };
            tokio::join!(stream.stream_to(sender), receive).0
        }
        other => return Answer::usage(format!("the argument `stream_to` cannot be `{other}`")),
    };
    let events = taken.iter().map(|event| raw(&stream.accumulator().show(event))).collect();
    match result {
        Ok(_) => ended(events, stream.accumulator()),
        Err(error) => failed(events, &error),
    }
}

fn ended(events: Vec<Box<RawValue>>, value: &dyn Encode) -> Answer {
    match encoded(value) {
        Ok(value) => Answer::Stream { events, value: Some(value), error: None },
        Err(message) => Answer::usage(message),
    }
}

fn failed(events: Vec<Box<RawValue>>, error: &Error) -> Answer {
    Answer::Stream { events, value: None, error: Some(error.into()) }
}

pub(super) fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

pub(super) fn tree(value: &dyn Encode) -> Value {
    encoded(value).ok().and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or(Value::Null)
}

impl Shown for ChatCompletionAccumulator {
    fn show(&self, event: &Self::Event) -> Value {
        use ChatCompletionStreamEvent as Event;
        let completion = self.snapshot();
        let choice = |at: &i64| completion.choices.iter().find(|choice| choice.index == *at);
        let extra = |at: &i64, name| choice(at).and_then(|choice| choice.message.extra.get(name)?.as_string());
        let (mut shown, at) = match event {
            Event::Chunk(chunk) => {
                (json!({"type": "chunk", "chunk": tree(&**chunk), "snapshot": tree(&completion)}), &0)
            }
            Event::ContentDelta { choice: at, delta } => {
                let snapshot = choice(at).and_then(|choice| choice.message.content.as_deref());
                (json!({"type": "content.delta", "delta": delta, "snapshot": snapshot}), at)
            }
            Event::ContentDone { choice, content } => (json!({"type": "content.done", "content": content}), choice),
            Event::RefusalDelta { choice: at, delta } => {
                let snapshot = choice(at).and_then(|choice| choice.message.refusal.as_deref());
                (json!({"type": "refusal.delta", "delta": delta, "snapshot": snapshot}), at)
            }
            Event::RefusalDone { choice, refusal } => (json!({"type": "refusal.done", "refusal": refusal}), choice),
            Event::ReasoningDelta { choice: at, delta } => {
                let snapshot = extra(at, "reasoning_content").or_else(|| extra(at, "reasoning"));
                (json!({"type": "reasoning.delta", "delta": delta, "snapshot": snapshot}), at)
            }
            Event::ReasoningDone { choice, reasoning } => {
                (json!({"type": "reasoning.done", "reasoning": reasoning}), choice)
            }
            Event::FunctionArgumentsDelta { choice: at, index, name, arguments_delta } => {
                let calls = choice(at).and_then(|choice| choice.message.tool_calls.as_deref()).unwrap_or_default();
                // Calls are found by their name: indices of the stream may have gaps.
                let arguments = calls.iter().rev().find_map(|call| match call {
                    ChatCompletionMessageToolCall::Function(call) if call.function.name == *name => {
                        Some(call.function.arguments.clone())
                    }
                    _ => None,
                });
                let kind = "tool_calls.function.arguments.delta";
                let shown = json!({"type": kind, "name": name, "index": index, "arguments": arguments,
                    "arguments_delta": arguments_delta});
                (shown, at)
            }
            Event::FunctionArgumentsDone { choice, index, name, arguments, .. } => {
                let kind = "tool_calls.function.arguments.done";
                (json!({"type": kind, "name": name, "index": index, "arguments": arguments}), choice)
            }
            Event::CustomInputDelta { choice: at, index, name, input_delta } => {
                let calls = choice(at).and_then(|choice| choice.message.tool_calls.as_deref()).unwrap_or_default();
                let input = calls.iter().rev().find_map(|call| match call {
                    ChatCompletionMessageToolCall::Custom(call) if call.custom.name == *name => {
                        Some(call.custom.input.clone())
                    }
                    _ => None,
                });
                let kind = "tool_calls.custom.input.delta";
                (json!({"type": kind, "name": name, "index": index, "input": input, "input_delta": input_delta}), at)
            }
            Event::CustomInputDone { choice, index, name, input, .. } => {
                let kind = "tool_calls.custom.input.done";
                (json!({"type": kind, "name": name, "index": index, "input": input}), choice)
            }
            Event::LogprobsContentDelta { choice: at, content } => {
                let all = choice(at).and_then(|choice| choice.logprobs.as_ref()?.content.as_ref());
                let (content, all) = (tree(content), all.map(|all| tree(all)));
                (json!({"type": "logprobs.content.delta", "content": content, "snapshot": all}), at)
            }
            Event::LogprobsContentDone { choice, content } => {
                (json!({"type": "logprobs.content.done", "content": tree(content)}), choice)
            }
            Event::LogprobsRefusalDelta { choice: at, refusal } => {
                let all = choice(at).and_then(|choice| choice.logprobs.as_ref()?.refusal.as_ref());
                let (refusal, all) = (tree(refusal), all.map(|all| tree(all)));
                (json!({"type": "logprobs.refusal.delta", "refusal": refusal, "snapshot": all}), at)
            }
            Event::LogprobsRefusalDone { choice, refusal } => {
                (json!({"type": "logprobs.refusal.done", "refusal": tree(refusal)}), choice)
            }
            other => (json!({"type": "unknown", "event": format!("{other:?}")}), &0),
        };
        if *at > 0 {
            shown["choice"] = json!(at);
        }
        shown
    }
}

impl Shown for CompletionAccumulator {
    fn show(&self, event: &Self::Event) -> Value {
        let completion = self.snapshot();
        let (mut shown, at) = match event {
            CompletionStreamEvent::Chunk(chunk) => {
                (json!({"type": "chunk", "chunk": tree(&**chunk), "snapshot": tree(&completion)}), &0)
            }
            CompletionStreamEvent::TextDelta { choice: at, delta } => {
                let choice = completion.choices.iter().find(|choice| choice.index == *at);
                (json!({"type": "text.delta", "delta": delta, "snapshot": choice.map(|choice| &choice.text)}), at)
            }
            CompletionStreamEvent::TextDone { choice, text } => (json!({"type": "text.done", "text": text}), choice),
            other => (json!({"type": "unknown", "event": format!("{other:?}")}), &0),
        };
        if *at > 0 {
            shown["choice"] = json!(at);
        }
        shown
    }
}

impl Shown for ResponseAccumulator {
    fn show(&self, event: &Self::Event) -> Value {
        let mut shown = tree(event);
        let adds_snapshot = matches!(
            event,
            ResponseStreamEvent::ResponseOutputTextDelta(_)
                | ResponseStreamEvent::ResponseFunctionCallArgumentsDelta(_)
        );
        if adds_snapshot {
            shown["snapshot"] = json!(self.delta_snapshot());
        }
        shown
    }
}

impl Shown for AssistantAccumulator {
    fn show(&self, event: &Self::Event) -> Value {
        use AssistantEvent as Event;
        match event {
            Event::Event(event) => json!({"type": "event", "event": tree(&**event)}),
            Event::MessageCreated(message) => json!({"type": "message_created", "message": tree(&**message)}),
            Event::MessageDelta { message_id, delta } => {
                let snapshot = self.messages().iter().find(|message| message.id == *message_id).map(|all| tree(all));
                json!({"type": "message_delta", "message_id": message_id, "delta": tree(&**delta), "snapshot": snapshot})
            }
            Event::MessageDone(message) => json!({"type": "message_done", "message": tree(&**message)}),
            Event::TextCreated(text) => json!({"type": "text_created", "text": tree(&**text)}),
            Event::TextDelta(delta) => {
                let snapshot = self.current_text().map(|text| tree(&text));
                json!({"type": "text_delta", "delta": tree(&**delta), "snapshot": snapshot})
            }
            Event::TextDone(text) => json!({"type": "text_done", "text": tree(&**text)}),
            Event::ImageFileDone(image) => json!({"type": "image_file_done", "image_file": tree(&**image)}),
            Event::RunStepCreated(step) => json!({"type": "run_step_created", "run_step": tree(&**step)}),
            Event::RunStepDelta { run_step_id, delta } => {
                let snapshot = self.run_steps().iter().find(|step| step.id == *run_step_id).map(|all| tree(all));
                json!({"type": "run_step_delta", "run_step_id": run_step_id, "delta": tree(&**delta),
                    "snapshot": snapshot})
            }
            Event::RunStepDone(step) => json!({"type": "run_step_done", "run_step": tree(&**step)}),
            Event::ToolCallCreated(call) => json!({"type": "tool_call_created", "tool_call": tree(&**call)}),
            Event::ToolCallDelta(delta) => {
                let snapshot = self.current_tool_call().map(|call| tree(&call));
                json!({"type": "tool_call_delta", "delta": tree(&**delta), "snapshot": snapshot})
            }
            Event::ToolCallDone(call) => json!({"type": "tool_call_done", "tool_call": tree(&**call)}),
            other => json!({"type": "unknown", "event": format!("{other:?}")}),
        }
    }
}

/// A run that is streamed, which has two official names.
#[allow(deprecated)]
const RUN_STREAM: Row = Row {
    id: "beta.threads.runs.stream",
    path: &["thread_id"],
    required: &["assistant_id", "thread_id"],
    optional: &["=beta.threads.runs.create", "stream_to", "stop_after"],
    stream: Some("stream"),
    run: |c, a| {
        let p = Pushed::new(a)?;
        let call = c.beta().threads().runs().stream(p.a.path("thread_id")?, p.a.params()?);
        Ok(p.finish(call))
    },
};

#[allow(deprecated)]
pub(super) static ROWS: &[Row] = &[
    Row {
        id: "beta.threads.create_and_run_stream",
        path: &[],
        required: &["assistant_id"],
        optional: &["=beta.threads.create_and_run", "stream_to", "stop_after"],
        stream: Some("stream"),
        run: |c, a| {
            let p = Pushed::new(a)?;
            let call = c.beta().threads().create_and_run_stream(p.a.params()?).accumulate();
            Ok(p.finish(call))
        },
    },
    Row { id: "beta.threads.runs.create_and_stream", ..RUN_STREAM },
    RUN_STREAM,
    Row {
        id: "beta.threads.runs.submit_tool_outputs_stream",
        path: &["thread_id", "run_id"],
        required: &["run_id", "thread_id", "tool_outputs"],
        optional: &["stream_to", "stop_after"],
        stream: Some("stream"),
        run: |c, a| {
            let p = Pushed::new(a)?;
            let (thread, run) = (p.a.path("thread_id")?, p.a.path("run_id")?);
            let params: RunSubmitToolOutputsParams = p.a.params()?;
            let call = c.beta().threads().runs().submit_tool_outputs_stream(thread, run, params).accumulate();
            Ok(p.finish(call))
        },
    },
    Row {
        id: "chat.completions.stream",
        path: &[],
        required: &["messages", "model"],
        optional: &["=chat.completions.create", "stream_to", "stop_after"],
        stream: Some("stream"),
        run: |c, a| {
            let p = Pushed::new(a)?;
            let call = c.chat().completions().stream(p.a.params()?);
            Ok(p.finish(call))
        },
    },
    Row {
        id: "completions.stream",
        path: &[],
        required: &["model", "prompt"],
        optional: &["=completions.create", "stream_to", "stop_after"],
        stream: Some("stream"),
        run: |c, a| {
            let p = Pushed::new(a)?;
            let call = c.completions().stream(p.a.params()?);
            Ok(p.finish(call))
        },
    },
    Row {
        id: "responses.stream",
        path: &["response_id"],
        required: &[],
        optional: &["=responses.create", "=responses.retrieve", "response_id", "stream_to", "stop_after"],
        stream: Some("stream"),
        run: |c, a| {
            let p = Pushed::new(a)?;
            let call = if p.a.has("response_id") {
                let params: ResponseRetrieveParams = p.a.params()?;
                c.responses().stream_existing(p.a.path("response_id")?, params)
            } else if p.a.has("starting_after") {
                return Err(Usage::new("`starting_after` needs a `response_id`"));
            } else {
                c.responses().stream(p.a.params()?)
            };
            Ok(p.finish(call))
        },
    },
];

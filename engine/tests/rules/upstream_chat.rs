//! Runs over a provider's `/chat/completions`: section 21.

use serde_json::{Value, json};
use threadline_engine::model::{Api, Profile};

use crate::support::provider::{Answer, Provider};
use crate::support::{Bench, Event, RESTS, function, grammar, id};

fn chat() -> Profile {
    Profile::new(Api::Chat)
}

fn delta(delta: Value) -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn finish(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn usage() -> Value {
    json!({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}})
}

fn says(words: &str) -> Vec<Value> {
    let half = words.len() / 2;
    vec![
        delta(json!({"role": "assistant", "content": ""})),
        delta(json!({"reasoning_content": "hm"})),
        delta(json!({"content": words[..half]})),
        delta(json!({"content": words[half..]})),
        finish("stop"),
        usage(),
    ]
}

fn calls(entries: Value) -> Value {
    delta(json!({ "tool_calls": entries }))
}

async fn run(bench: &Bench, assistant: Value, body: Value) -> Vec<Event> {
    let (assistant, thread) = bench.ready(assistant).await;
    let mut whole = json!({"assistant_id": assistant, "stream": true});
    for (name, value) in body.as_object().unwrap() {
        whole[name.as_str()] = value.clone();
    }
    let events = bench.stream(&format!("/v1/threads/{thread}/runs"), whole).await;
    grammar::check(&events);
    events
}

fn last(events: &[Event]) -> &Value {
    &events[events.len() - 2].data
}

#[tokio::test]
async fn everything_a_run_says_reaches_the_provider() {
    let provider = Provider::start([Answer::chunks(&says("Hi there."))]).await;
    let bench = provider.bench(chat()).await;
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": true}});
    let strict = json!({"type": "function", "function": {"name": "g", "description": "d", "strict": true,
                        "parameters": {"type": "object"}}});
    let body = json!({
        "model": "m", "instructions": "Be brief.", "temperature": 0.5, "top_p": 0.9, "reasoning_effort": "low",
        "max_completion_tokens": 500, "parallel_tool_calls": false, "tool_choice": "required",
        "tools": [function("f"), strict], "response_format": format, "metadata": {"private": "yes"},
    });
    let events = run(&bench, json!({}), body).await;
    assert_eq!(last(&events)["usage"], json!({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}));
    let asked = provider.asked().remove(0);
    assert_eq!(asked.line, "POST /v1/chat/completions");
    assert_eq!(
        asked.body,
        json!({
            "model": "m", "stream": true, "stream_options": {"include_usage": true}, "temperature": 0.5, "top_p": 0.9,
            "reasoning_effort": "low", "max_completion_tokens": 500, "parallel_tool_calls": false,
            "tool_choice": "required", "response_format": format,
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}, strict],
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
        })
    );
    let provider = Provider::start([Answer::chunks(&says("Hi there."))]).await;
    run(&provider.bench(chat()).await, json!({}), json!({})).await;
    assert_eq!(
        provider.asked()[0].body,
        json!({"model": "m", "stream": true, "stream_options": {"include_usage": true},
               "messages": [{"role": "user", "content": "Hello"}]}),
        "what nobody said is not sent"
    );
}

#[tokio::test]
async fn calls_and_their_outputs_go_back_in_order() {
    let first = [
        delta(json!({"content": "Looking."})),
        calls(json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}])),
        calls(json!([{"index": 0, "function": {"arguments": "{\"x\""}}])),
        calls(json!([{"index": 0, "function": {"arguments": ":1}"}}])),
        calls(json!([{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}])),
        finish("tool_calls"),
        usage(),
    ];
    let provider = Provider::start([Answer::chunks(&first).slowly(), Answer::chunks(&says("Done."))]).await;
    let bench = provider.bench(chat()).await;
    let events = run(&bench, json!({"tools": [function("f"), function("g")]}), json!({})).await;
    let waiting = last(&events);
    let thread = waiting["thread_id"].as_str().unwrap();
    bench.answer(thread, &id(waiting), &[("b", "two"), ("a", "one")]).await;
    assert_eq!(bench.wait(thread, &id(waiting), RESTS).await["status"], "completed");
    let function = |name: &str, arguments: &str| json!({"name": name, "arguments": arguments});
    assert_eq!(
        provider.asked()[1].body["messages"].as_array().unwrap()[1..],
        [
            json!({"role": "assistant", "content": "Looking.", "tool_calls": [
                {"id": "a", "type": "function", "function": function("f", "{\"x\":1}")},
                {"id": "b", "type": "function", "function": function("g", "{}")}]}),
            json!({"role": "tool", "tool_call_id": "a", "content": "one"}),
            json!({"role": "tool", "tool_call_id": "b", "content": "two"}),
        ]
    );
}

#[tokio::test]
async fn habits_of_providers_make_no_difference() {
    let one = |entry: Value| vec![calls(json!([entry])), finish("tool_calls"), usage()];
    let whole = json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": "{\"x\":1}"}});
    let mut as_stop = one(whole.clone());
    as_stop[1] = finish("stop");
    let mut old = one(json!(null));
    old[0] = delta(json!({"function_call": {"name": "f", "arguments": "{\"x\":1}"}}));
    old[1] = finish("function_call");
    for (habit, chunks) in [
        ("whole arguments", one(whole)),
        ("the wrong reason", as_stop),
        ("no id", one(json!({"index": 0, "function": {"name": "f", "arguments": "{\"x\":1}"}}))),
        ("no index", one(json!({"id": "a", "function": {"name": "f", "arguments": "{\"x\":1}"}}))),
        (
            "an object of arguments",
            one(json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": {"x": 1}}})),
        ),
        ("a function call of old", old),
        ("a name in pieces", {
            let mut chunks = vec![calls(json!([{"index": 0, "id": "a", "function": {"name": ""}}]))];
            chunks.extend(one(json!({"index": 0, "function": {"name": "f", "arguments": "{\"x\":1}"}})));
            chunks
        }),
        (
            "no reason",
            vec![calls(json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{\"x\":1}"}}]))],
        ),
    ] {
        let provider = Provider::start([Answer::chunks(&chunks)]).await;
        let events = run(&provider.bench(chat()).await, json!({"tools": [function("f")]}), json!({})).await;
        let calls = &last(&events)["required_action"]["submit_tool_outputs"]["tool_calls"];
        assert_eq!(calls.as_array().map(Vec::len), Some(1), "{habit}: {}", last(&events));
        assert_eq!(calls[0]["function"], json!({"name": "f", "arguments": "{\"x\":1}"}), "{habit}");
        assert!(!calls[0]["id"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn ends_of_every_kind_are_understood() {
    let error = json!({"error": {"message": "overloaded", "type": "server_error", "code": null}});
    for (chunks, status) in [
        (vec![delta(json!({"content": "Half"})), finish("length"), usage()], "incomplete"),
        (vec![delta(json!({"content": "Half"})), finish("content_filter"), usage()], "incomplete"),
        (vec![delta(json!({"content": "Whole, without a reason"}))], "completed"),
        (vec![delta(json!({"refusal": "No."})), finish("stop")], "completed"),
        (vec![delta(json!({"content": "Half"})), error], "failed"),
    ] {
        let provider = Provider::start([Answer::chunks(&chunks)]).await;
        let events = run(&provider.bench(chat()).await, json!({}), json!({})).await;
        assert_eq!(last(&events)["status"], status, "{chunks:?}");
        assert!(last(&events)["usage"]["prompt_tokens"].is_i64());
    }
    // An answer that says nothing at all is asked for again.
    let provider = Provider::start([Answer::chunks(&[]), Answer::chunks(&says("Now."))]).await;
    let events = run(&provider.bench(chat()).await, json!({}), json!({})).await;
    assert_eq!((last(&events)["status"].as_str(), provider.asked().len()), (Some("completed"), 2));
}

#[tokio::test]
async fn what_a_provider_lacks_is_data() {
    let mut profile = chat();
    profile.max_tokens_field = "max_tokens".into();
    profile.system_role = "developer".into();
    profile.stream_usage = false;
    profile.parallel_tool_calls = false;
    profile.forced_tools = false;
    profile.reasoning_effort = false;
    profile.user_first = true;
    profile.models.insert("gpt-4o".into(), "local-model".into());
    let provider = Provider::start([Answer::chunks(&says("Hi there."))]).await;
    let bench = provider.bench(profile).await;
    let (assistant, _) =
        bench.ready(json!({"model": "gpt-4o", "instructions": "Be brief.", "tools": [function("f")]})).await;
    let messages = json!([{"role": "assistant", "content": "Welcome."}, {"role": "user", "content": "Hello"}]);
    let thread = id(&bench.post("/v1/threads", json!({ "messages": messages })).await);
    let run = bench
        .run(
            &thread,
            json!({"assistant_id": assistant, "max_completion_tokens": 300, "parallel_tool_calls": false,
                             "tool_choice": "required", "reasoning_effort": "low"}),
        )
        .await;
    assert_eq!(run["model"], "gpt-4o", "the assistant's name for it stays");
    let body = &provider.asked()[0].body;
    assert_eq!((&body["model"], &body["max_tokens"]), (&json!("local-model"), &json!(300)));
    for absent in ["stream_options", "parallel_tool_calls", "tool_choice", "reasoning_effort"] {
        assert!(body.get(absent).is_none(), "{absent}");
    }
    assert_eq!(
        body["messages"],
        json!([{"role": "developer", "content": "Be brief."}, {"role": "user", "content": ""},
               {"role": "assistant", "content": "Welcome."}, {"role": "user", "content": "Hello"}])
    );
    assert!(run["usage"]["prompt_tokens"].as_i64().unwrap() > 0);
}

#[tokio::test]
async fn the_file_search_is_a_function_here_with_citations() {
    let search = [
        calls(
            json!([{"index": 0, "id": "a", "function": {"name": "file_search", "arguments": "{\"queries\":[\"capital\"]}"}}]),
        ),
        finish("tool_calls"),
        usage(),
    ];
    let answer = [
        delta(json!({"content": "Fredville 【0:0†fac"})),
        delta(json!({"content": "ts.md】."})),
        finish("stop"),
        usage(),
    ];
    let provider = Provider::start([Answer::chunks(&search), Answer::chunks(&answer).slowly()]).await;
    let bench = provider.bench(chat()).await;
    let file = id(&bench.upload("facts.md", b"The capital is Fredville.").await);
    let store = id(&bench.post("/v1/vector_stores", json!({"file_ids": [file]})).await);
    bench.indexed(&store).await;
    let resources = json!({"file_search": {"vector_store_ids": [store]}});
    let assistant = json!({"tools": [{"type": "file_search"}], "tool_resources": resources});
    let events = run(&bench, assistant, json!({"tool_choice": {"type": "file_search"}})).await;
    let asked = provider.asked();
    assert_eq!(asked[0].body["tools"][0]["function"]["name"], "file_search");
    assert_eq!(asked[0].body["tool_choice"], json!({"type": "function", "function": {"name": "file_search"}}));
    let told = asked[1].body["messages"].as_array().unwrap().last().unwrap();
    assert!(told["content"].as_str().unwrap().contains("【0:0†facts.md】\nThe capital is Fredville."));
    let deltas: Vec<&Value> = events
        .iter()
        .filter(|event| event.name == "thread.run.step.delta")
        .map(|event| &event.data["delta"]["step_details"]["tool_calls"][0])
        .collect();
    assert_eq!(deltas.len(), 1);
    assert_eq!((&deltas[0]["type"], &deltas[0]["file_search"]), (&json!("file_search"), &json!({})));
    let message = events.iter().find(|event| event.name == "thread.message.completed").unwrap();
    let part = &message.data["content"][0]["text"];
    assert_eq!(part["annotations"][0]["file_citation"], json!({ "file_id": file }));
    assert_eq!(part["value"], "Fredville 【0:0†facts.md】.");
}

#[tokio::test]
async fn pictures_are_parts_and_earlier_pictures_of_the_assistant_are_words() {
    let provider = Provider::start([Answer::chunks(&says("A cat."))]).await;
    let bench = provider.bench(chat()).await;
    let file = id(&bench.upload("a.png", b"\x89PNG123").await);
    let (assistant, thread) = bench.ready(json!({})).await;
    let path = format!("/v1/threads/{thread}/messages");
    let picture = json!({"type": "image_file", "image_file": {"file_id": file}});
    bench.post(&path, json!({"role": "assistant", "content": [{"type": "text", "text": "Here:"}, picture]})).await;
    bench.post(&path, json!({"role": "user", "content": [{"type": "text", "text": "What is it?"}, picture]})).await;
    bench.run(&thread, json!({"assistant_id": assistant})).await;
    let url = "data:image/png;base64,iVBORzEyMw==";
    assert_eq!(
        provider.asked()[0].body["messages"].as_array().unwrap()[1..],
        [
            json!({"role": "assistant", "content": format!("Here:\n[image {file}]")}),
            json!({"role": "user", "content": [{"type": "text", "text": "What is it?"},
                   {"type": "image_url", "image_url": {"url": url, "detail": "auto"}}]}),
        ]
    );
}

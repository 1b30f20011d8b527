//! Runs over a provider's `/responses`, and how its failures are told: sections 13 and 20.

use serde_json::{Value, json};
use threadline_engine::model::{Api, Profile};

use crate::support::provider::{Answer, Provider};
use crate::support::{Bench, RESTS, function, grammar, id};

fn responses() -> Profile {
    Profile::new(Api::Responses)
}

fn text(item: i64, delta: &str) -> Value {
    json!({"type": "response.output_text.delta", "output_index": item, "content_index": 0, "delta": delta})
}

fn completed() -> Value {
    json!({"type": "response.completed", "response": {"usage": {"input_tokens": 7, "output_tokens": 3,
           "input_tokens_details": {"cached_tokens": 2}, "output_tokens_details": {"reasoning_tokens": 1}}}})
}

fn says(words: &str) -> Vec<Value> {
    let item = json!({"type": "message", "content": [{"type": "output_text", "text": words}]});
    let half = words.len() / 2;
    vec![
        json!({"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}}),
        json!({"type": "response.in_progress", "response": {"id": "resp_1"}}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": []}}),
        json!({"type": "response.content_part.added", "output_index": 0, "content_index": 0,
               "part": {"type": "output_text", "text": ""}}),
        text(0, &words[..half]),
        text(0, &words[half..]),
        json!({"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": words}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
        completed(),
    ]
}

fn call(item: i64, id: &str, name: &str, arguments: &str) -> Vec<Value> {
    let whole = |arguments: &str| json!({"type": "function_call", "id": "fc_1", "call_id": id, "name": name, "arguments": arguments});
    vec![
        json!({"type": "response.output_item.added", "output_index": item, "item": whole("")}),
        json!({"type": "response.function_call_arguments.delta", "output_index": item, "delta": arguments}),
        json!({"type": "response.function_call_arguments.done", "output_index": item, "arguments": arguments}),
        json!({"type": "response.output_item.done", "output_index": item, "item": whole(arguments)}),
    ]
}

/// Streams a run to its end.
async fn run(bench: &Bench, assistant: Value, body: Value) -> Vec<crate::support::Event> {
    let (assistant, thread) = bench.ready(assistant).await;
    let mut whole = json!({"assistant_id": assistant, "stream": true});
    for (name, value) in body.as_object().unwrap() {
        whole[name.as_str()] = value.clone();
    }
    let events = bench.stream(&format!("/v1/threads/{thread}/runs"), whole).await;
    grammar::check(&events);
    events
}

fn last(events: &[crate::support::Event]) -> &Value {
    &events[events.len() - 2].data
}

#[tokio::test]
async fn everything_a_run_says_reaches_the_provider() {
    let provider = Provider::start([Answer::events(&says("Hi there."))]).await;
    let bench = provider.bench(responses()).await;
    let schema = json!({"name": "n", "description": "d", "schema": {"type": "object"}, "strict": true});
    let body = json!({
        "model": "o4-mini", "instructions": "Be brief.", "additional_instructions": "Now.", "temperature": 0.5,
        "top_p": 0.9, "reasoning_effort": "low", "max_completion_tokens": 500, "parallel_tool_calls": false,
        "tool_choice": {"type": "function", "function": {"name": "f"}}, "tools": [function("f")],
        "response_format": {"type": "json_schema", "json_schema": schema}, "metadata": {"private": "yes"},
    });
    let events = run(&bench, json!({}), body).await;
    assert_eq!(last(&events)["status"], "completed");
    let asked = provider.asked().remove(0);
    assert_eq!(asked.line, "POST /v1/responses");
    assert_eq!(
        asked.body,
        json!({
            "model": "o4-mini", "instructions": "Be brief.\nNow.", "store": false, "stream": true, "temperature": 0.5,
            "top_p": 0.9, "reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content"],
            "max_output_tokens": 500, "parallel_tool_calls": false, "tool_choice": {"type": "function", "name": "f"},
            "tools": [{"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}},
                       "strict": false}],
            "text": {"format": {"type": "json_schema", "name": "n", "description": "d",
                                "schema": {"type": "object"}, "strict": true}},
            "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}],
        })
    );
}

#[tokio::test]
async fn a_text_arrives_wherever_it_is_cut() {
    let words = "Größe: 你好 👩‍👩‍👧.".replace('ö', "o").replace("👩‍👩‍👧", "ok");
    let provider = Provider::start([Answer::events(&says(&words.replace(['你', '好'], "x"))).slowly()]).await;
    let bench = provider.bench(responses()).await;
    let events = run(&bench, json!({}), json!({})).await;
    let usage = &last(&events)["usage"];
    assert_eq!(
        *usage,
        json!({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10,
               "prompt_token_details": {"cached_tokens": 2}, "completion_tokens_details": {"reasoning_tokens": 1}})
    );
    let message = events.iter().find(|event| event.name == "thread.message.completed").unwrap();
    assert_eq!(message.data["content"][0]["text"]["value"], words.replace(['你', '好'], "x"));
}

#[tokio::test]
async fn reasoning_and_calls_go_back_with_their_outputs() {
    let reasoning = json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed"});
    let open = json!({"type": "reasoning", "id": "rs_2", "summary": []});
    let mut first = vec![
        json!({"type": "response.output_item.done", "output_index": 0, "item": reasoning}),
        json!({"type": "response.output_item.done", "output_index": 1, "item": open}),
    ];
    first.extend(call(2, "call_1", "f", "{\"x\":1}"));
    first.extend(call(3, "call_2", "f", "{}"));
    first.push(completed());
    let provider = Provider::start([Answer::events(&first).slowly(), Answer::events(&says("Done."))]).await;
    let bench = provider.bench(responses()).await;
    let events = run(&bench, json!({"tools": [function("f")]}), json!({"tool_choice": "required"})).await;
    let waiting = last(&events);
    let thread = waiting["thread_id"].as_str().unwrap();
    bench.answer(thread, &id(waiting), &[("call_2", "two"), ("call_1", "one")]).await;
    assert_eq!(bench.wait(thread, &id(waiting), RESTS).await["status"], "completed");
    let asked = provider.asked();
    assert_eq!((&asked[0].body["tool_choice"], asked[1].body.get("tool_choice")), (&json!("required"), None));
    assert_eq!(
        asked[1].body["input"].as_array().unwrap()[1..],
        [
            json!({"type": "reasoning", "summary": [], "encrypted_content": "sealed"}),
            json!({"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{\"x\":1}"}),
            json!({"type": "function_call", "call_id": "call_2", "name": "f", "arguments": "{}"}),
            json!({"type": "function_call_output", "call_id": "call_1", "output": "one"}),
            json!({"type": "function_call_output", "call_id": "call_2", "output": "two"}),
        ]
    );
}

#[tokio::test]
async fn pictures_are_shown_to_the_model() {
    let provider = Provider::start([Answer::events(&says("A cat."))]).await;
    let bench = provider.bench(responses()).await;
    let file = id(&bench.upload("a.png", b"\x89PNG123").await);
    let (assistant, thread) = bench.ready(json!({})).await;
    let parts = json!([
        {"type": "text", "text": "What is it?"},
        {"type": "image_file", "image_file": {"file_id": file, "detail": "high"}},
        {"type": "image_url", "image_url": {"url": "https://x.example/a.png", "detail": "low"}},
    ]);
    bench.post(&format!("/v1/threads/{thread}/messages"), json!({"role": "user", "content": parts})).await;
    bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(
        provider.asked()[0].body["input"][1]["content"],
        json!([
            {"type": "input_text", "text": "What is it?"},
            {"type": "input_image", "image_url": "data:image/png;base64,iVBORzEyMw==", "detail": "high"},
            {"type": "input_image", "image_url": "https://x.example/a.png", "detail": "low"},
        ])
    );
}

#[tokio::test]
async fn refusals_and_items_between_items_find_their_place() {
    let refusal = |kind: &str, text: &str| {
        json!({"type": format!("response.refusal.{kind}"), "output_index": 0, "content_index": 0,
               if kind == "delta" { "delta" } else { "refusal" }: text})
    };
    let events = [
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": []}}),
        refusal("delta", "I can"),
        refusal("done", "I can't."),
        json!({"type": "response.output_item.done", "output_index": 0,
               "item": {"type": "message", "content": [{"type": "refusal", "refusal": "I can't."}]}}),
        json!({"type": "response.web_search_call.in_progress", "output_index": 1}),
        json!({"type": "response.reasoning_summary_text.delta", "output_index": 2, "delta": "hm"}),
        text(3, "But this."),
        json!({"type": "response.output_text.annotation.added", "output_index": 3, "content_index": 0,
               "annotation": {"type": "url_citation", "url": "https://x.example", "title": "x"}}),
        completed(),
    ];
    let provider = Provider::start([Answer::events(&events)]).await;
    let events = run(&provider.bench(responses()).await, json!({}), json!({})).await;
    let ends: Vec<&Value> = events
        .iter()
        .filter(|event| event.name == "thread.message.completed")
        .map(|event| &event.data["content"])
        .collect();
    assert_eq!(
        ends,
        [
            &json!([{"type": "refusal", "refusal": "I can't."}]),
            &json!([{"type": "text", "text": {"value": "But this.", "annotations": []}}]),
        ]
    );
}

#[tokio::test]
async fn failures_of_the_provider_are_told_by_their_kind() {
    let failed = |code: &str| {
        let error = json!({"code": code, "message": "because"});
        Answer::events(&[json!({"type": "response.failed", "response": {"status": "failed", "error": error}})])
    };
    let bare = Answer::events(&[json!({"type": "error", "code": "server_error", "message": "because", "param": null})]);
    for (answer, code, tries) in [
        (Answer::error(400, "invalid_value", "because"), "invalid_prompt", 1),
        (Answer::error(413, "too_large", "because"), "invalid_prompt", 1),
        (Answer::error(422, "unprocessable", "because"), "invalid_prompt", 1),
        (Answer::error(403, "content_policy_violation", "because"), "invalid_prompt", 1),
        (Answer::error(401, "invalid_api_key", "because"), "server_error", 1),
        (Answer::error(403, "forbidden", "because"), "server_error", 1),
        (Answer::error(404, "model_not_found", "because"), "server_error", 1),
        (Answer::error(429, "insufficient_quota", "because"), "rate_limit_exceeded", 1),
        (Answer::error(429, "rate_limit_exceeded", "because").header("retry-after", "0"), "rate_limit_exceeded", 3),
        (Answer::error(500, "server_error", "because").header("retry-after", "0"), "server_error", 3),
        (failed("invalid_prompt"), "invalid_prompt", 1),
        (failed("invalid_image"), "invalid_prompt", 1),
        (failed("rate_limit_exceeded"), "rate_limit_exceeded", 3),
        (failed("vector_store_timeout"), "server_error", 1),
        (bare, "server_error", 3),
    ] {
        let provider = Provider::start(vec![answer.clone(); 3]).await;
        let events = run(&provider.bench(responses()).await, json!({}), json!({})).await;
        let error = &last(&events)["last_error"];
        assert_eq!(error["code"], code, "{answer:?}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("because") && !message.starts_with("because"), "{message}");
        assert!(!message.contains("sk-secret"));
        assert_eq!(provider.asked().len(), tries, "{answer:?}");
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_begun_again_or_fails() {
    let whole = Answer::events(&says("Hi there."));
    let before_any_text = whole.clone().cut(100);
    let provider = Provider::start([before_any_text, whole.clone()]).await;
    let events = run(&provider.bench(responses()).await, json!({}), json!({})).await;
    assert_eq!((last(&events)["status"].as_str(), provider.asked().len()), (Some("completed"), 2));
    let in_the_text = whole.clone().cut(700);
    let provider = Provider::start([in_the_text, whole]).await;
    let events = run(&provider.bench(responses()).await, json!({}), json!({})).await;
    assert_eq!(last(&events)["last_error"]["code"], "server_error");
    assert_eq!(provider.asked().len(), 1);
    let mut nobody = Provider::start([]).await;
    nobody.url = "http://127.0.0.1:9/v1".into();
    let events = run(&nobody.bench(responses()).await, json!({}), json!({})).await;
    assert_eq!(last(&events)["last_error"]["code"], "server_error");
}

#[tokio::test]
async fn answers_that_stop_early_say_why() {
    let stops = |reason: &str| {
        let response =
            json!({"incomplete_details": {"reason": reason}, "usage": {"input_tokens": 7, "output_tokens": 3}});
        Answer::events(&[text(0, "Half"), json!({"type": "response.incomplete", "response": response})])
    };
    for (reason, details, message) in [
        ("max_output_tokens", json!({"reason": "max_completion_tokens"}), "max_tokens"),
        ("content_filter", json!({}), "content_filter"),
    ] {
        let provider = Provider::start([stops(reason)]).await;
        let events = run(&provider.bench(responses()).await, json!({}), json!({})).await;
        assert_eq!(
            (&last(&events)["incomplete_details"], &last(&events)["usage"]["total_tokens"]),
            (&details, &json!(10))
        );
        let incomplete = events.iter().find(|event| event.name == "thread.message.incomplete").unwrap();
        assert_eq!(incomplete.data["incomplete_details"]["reason"], message);
    }
}

#[tokio::test]
async fn a_context_that_is_too_long_is_cut_and_sent_again() {
    let long = Answer::error(400, "context_length_exceeded", "This model's maximum context length is 10 tokens.");
    let provider = Provider::start([long, Answer::events(&says("Hi."))]).await;
    let bench = provider.bench(responses()).await;
    let (assistant, _) = bench.ready(json!({})).await;
    let messages: Vec<Value> = (0..20).map(|_| json!({"role": "user", "content": "word ".repeat(20)})).collect();
    let thread = id(&bench.post("/v1/threads", json!({ "messages": messages })).await);
    assert_eq!(bench.run(&thread, json!({"assistant_id": assistant})).await["status"], "completed");
    let sent: Vec<usize> = provider.asked().iter().map(|asked| asked.body["input"].as_array().unwrap().len()).collect();
    assert!(sent[0] == 20 && (13..=16).contains(&sent[1]), "{sent:?}");
}

#[tokio::test]
async fn budgets_below_what_the_provider_takes_are_spent() {
    let mut first = call(0, "call_1", "f", "{}");
    first.push(json!({"type": "response.completed", "response": {"usage": {"input_tokens": 1, "output_tokens": 245}}}));
    let provider = Provider::start([Answer::events(&first)]).await;
    let bench = provider.bench(responses()).await;
    let events = run(&bench, json!({"tools": [function("f")]}), json!({"max_completion_tokens": 256})).await;
    let waiting = last(&events);
    let thread = waiting["thread_id"].as_str().unwrap();
    bench.answer(thread, &id(waiting), &[("call_1", "x")]).await;
    let ended = bench.wait(thread, &id(waiting), RESTS).await;
    assert_eq!(ended["incomplete_details"], json!({"reason": "max_completion_tokens"}));
    assert_eq!(provider.asked().len(), 1, "11 tokens are left, and 16 are the least that can be asked for");
}

#[tokio::test]
async fn code_that_the_provider_runs_leaves_its_files_here() {
    let code = |status: &str, outputs: Value| {
        json!({"type": "code_interpreter_call", "id": "ci_1", "status": status, "code": "plot()", "outputs": outputs,
               "container_id": "cntr_1"})
    };
    let outputs =
        json!([{"type": "logs", "logs": "4"}, {"type": "image", "url": "data:image/png;base64,iVBORzEyMw=="}]);
    let citation = json!({"type": "container_file_citation", "container_id": "cntr_1", "file_id": "cfile_1",
                          "filename": "plot.png", "start_index": 4, "end_index": 30});
    let words = "See sandbox:/mnt/data/plot.png";
    let events = [
        json!({"type": "response.output_item.added", "output_index": 0, "item": code("in_progress", json!(null))}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": code("completed", outputs)}),
        text(1, words),
        json!({"type": "response.output_text.annotation.added", "output_index": 1, "content_index": 0,
               "annotation": citation}),
        completed(),
    ];
    let provider = Provider::start([Answer::events(&events), Answer::bytes(b"\x89PNGplot")]).await;
    let mut profile = responses();
    profile.hosted_tools = true;
    let bench = provider.bench(profile).await;
    let events = run(&bench, json!({"tools": [{"type": "code_interpreter"}]}), json!({})).await;
    let asked = provider.asked();
    assert_eq!(asked[0].body["tools"], json!([{"type": "code_interpreter", "container": {"type": "auto"}}]));
    assert_eq!(asked[0].body["include"], json!(["code_interpreter_call.outputs"]));
    assert_eq!(asked[1].line, "GET /v1/containers/cntr_1/files/cfile_1/content");
    let step = &events.iter().find(|event| event.name == "thread.run.step.completed").unwrap().data;
    let call = &step["step_details"]["tool_calls"][0]["code_interpreter"];
    assert_eq!((&call["input"], &call["outputs"][0]), (&json!("plot()"), &json!({"type": "logs", "logs": "4"})));
    let image = call["outputs"][1]["image"]["file_id"].as_str().unwrap();
    let message = &events.iter().find(|event| event.name == "thread.message.completed").unwrap().data;
    assert_eq!(
        message["content"][0],
        json!({"type": "image_file", "image_file": {"file_id": image, "detail": "auto"}})
    );
    let annotation = &message["content"][1]["text"]["annotations"][0];
    assert_eq!((&annotation["type"], &annotation["text"]), (&json!("file_path"), &json!("sandbox:/mnt/data/plot.png")));
    let plot = annotation["file_path"]["file_id"].as_str().unwrap();
    for (file, name, bytes) in [(image, "image.png", &b"\x89PNG123"[..]), (plot, "plot.png", b"\x89PNGplot")] {
        let kept = bench.get(&format!("/v1/files/{file}")).await;
        assert_eq!((&kept["filename"], &kept["purpose"]), (&json!(name), &json!("assistants_output")));
        let reply = bench.send(http::Method::GET, &format!("/v1/files/{file}/content"), None).await;
        assert_eq!(http_body_util::BodyExt::collect(reply.into_body()).await.unwrap().to_bytes(), bytes);
    }
}

/// Code that draws a picture, in a container.
fn drawing(container: &str) -> Vec<Value> {
    let code = |outputs: Value| {
        json!({"type": "code_interpreter_call", "id": "ci_1", "status": "completed", "code": "plot()", "outputs": outputs,
               "container_id": container})
    };
    let picture = json!([{"type": "image", "url": "data:image/png;base64,iVBORzEyMw=="}]);
    vec![
        json!({"type": "response.output_item.added", "output_index": 0, "item": code(json!(null))}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": code(picture)}),
        completed(),
    ]
}

#[tokio::test]
async fn code_that_the_provider_runs_reads_the_users_files_and_keeps_its_container() {
    let lent = |id: &str| Answer::object(&json!({"id": id, "object": "file"}));
    let provider = Provider::start([
        lent("file-there1"),
        Answer::events(&drawing("cntr_1")),
        lent("file-there2"),
        lent("cfile_2"),
        Answer::events(&says("Again.")),
        Answer::error(404, "not_found", "Container with id 'cntr_1' not found."),
        Answer::events(&says("Anew.")),
        lent("file-there1"),
    ])
    .await;
    let mut profile = responses();
    profile.hosted_tools = true;
    let bench = provider.bench(profile).await;
    let first = id(&bench.upload("numbers.csv", b"1,2,3").await);
    let tools = json!({"tools": [{"type": "code_interpreter"}],
                       "tool_resources": {"code_interpreter": {"file_ids": [first]}}});
    let (assistant, thread) = bench.ready(tools).await;
    let body = json!({"assistant_id": assistant, "stream": true});
    let events = bench.stream(&format!("/v1/threads/{thread}/runs"), body.clone()).await;
    grammar::check(&events);
    let message = &events.iter().find(|event| event.name == "thread.message.completed").unwrap().data;
    assert_eq!(message["content"].as_array().unwrap().len(), 1, "a picture that nothing was said of has a message too");
    assert_eq!(message["content"][0]["type"], "image_file");
    // A file that joins the thread joins its container.
    let second = id(&bench.upload("more.csv", b"4,5").await);
    let attachments = json!([{"file_id": second, "tools": [{"type": "code_interpreter"}]}]);
    let words = json!({"role": "user", "content": "And these?", "attachments": attachments});
    bench.post(&format!("/v1/threads/{thread}/messages"), words).await;
    for _ in 0..2 {
        assert_eq!(bench.run(&thread, json!({"assistant_id": assistant})).await["status"], "completed");
    }
    bench.delete(&format!("/v1/files/{first}")).await;
    while provider.asked().len() < 8 {
        tokio::task::yield_now().await;
    }
    let asked = provider.asked();
    let lines: Vec<&str> = asked.iter().map(|asked| asked.line.as_str()).collect();
    let turn = "POST /v1/responses";
    let expected = [
        "POST /v1/files",
        turn,
        "POST /v1/files",
        "POST /v1/containers/cntr_1/files",
        turn,
        turn,
        turn,
        "DELETE /v1/files/file-there1",
    ];
    assert_eq!(lines, expected);
    let holds = |place: usize, text: &str| String::from_utf8_lossy(&asked[place].bytes).contains(text);
    assert!(holds(0, "numbers.csv") && holds(0, "1,2,3") && holds(0, "user_data"));
    assert!(holds(2, "more.csv") && holds(3, "file-there2"));
    let container = |place: usize| &asked[place].body["tools"][0]["container"];
    assert_eq!(container(1), &json!({"type": "auto", "file_ids": ["file-there1"]}));
    assert_eq!((container(4), container(5)), (&json!("cntr_1"), &json!("cntr_1")));
    assert_eq!(container(6), &json!({"type": "auto", "file_ids": ["file-there1", "file-there2"]}));
}

//! Structured outputs and tools from Rust types.
#![cfg(feature = "schemars")]

mod support;

use std::convert::Infallible;
use std::future::{Future, IntoFuture, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use support::fake::{Fake, events, json, pieces};
use support::tcp::{self, Server};
use threadline::ErrorKind;
use threadline::structured::{OutputFormat, ParseRules, parse_completion, schema_of};
use threadline::tools::{CallOutcome, Interrupted, Tool, ToolErrors};
use threadline::types::{ChatCompletion, ChatCompletionCreateParams, ChatCompletionMessageParam};

/// A sum.
#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Sum {
    terms: Vec<i64>,
    total: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Total {
    total: i64,
}

async fn add(sum: Sum) -> Result<Total, Infallible> {
    Ok(Total { total: sum.terms.iter().sum() })
}

fn params() -> ChatCompletionCreateParams {
    ChatCompletionCreateParams::new(Vec::<ChatCompletionMessageParam>::new(), "m")
}

fn answer(content: &str) -> String {
    let content = threadline::Json::string(content);
    format!(
        r#"{{"id":"c","choices":[{{"index":0,"finish_reason":"stop","message":{{"role":"assistant","content":{content}}}}}]}}"#
    )
}

fn asks(name: &str, arguments: &str) -> String {
    let arguments = threadline::Json::string(arguments);
    format!(
        r#"{{"choices":[{{"index":0,"finish_reason":"tool_calls","message":{{"role":"assistant","content":null,"tool_calls":[
            {{"id":"1","type":"function","function":{{"name":"{name}","arguments":{arguments}}}}}]}}}}]}}"#
    )
}

fn sent(fake: &Fake, number: usize) -> serde_json::Value {
    serde_json::from_slice(&fake.seen()[number].body).expect("the client sends JSON")
}

#[tokio::test]
async fn an_answer_is_read_as_the_type_that_was_asked_for() {
    let fake = Fake::new([json(&answer(r#"{"terms":[1,2],"total":null}"#))]);
    let completion = fake.client().chat().completions().parse::<Sum>(params()).await.unwrap();
    assert_eq!(completion.parsed(), Some(&Sum { terms: vec![1, 2], total: None }));
    assert_eq!((completion.id.as_str(), completion.attempts()), ("c", 1));
    let format = &sent(&fake, 0)["response_format"]["json_schema"];
    assert_eq!((&format["name"], &format["strict"]), (&"Sum".into(), &true.into()));
    assert_eq!(format["schema"]["required"], serde_json::json!(["terms", "total"]));
}

#[tokio::test]
async fn a_type_without_a_strict_form_is_refused_before_anything_is_sent() {
    #[derive(Debug, Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Map {
        by_name: std::collections::HashMap<String, u8>,
    }
    let fake = Fake::new([]);
    let error = fake.client().chat().completions().parse::<Map>(params()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Usage, 0));
    assert!(error.message().contains("by_name"), "{error}");
    let tool = Tool::new("f", |_: Map| async { Ok::<_, Infallible>(()) });
    let error = fake.client().chat().completions().run_tools(params(), [tool]).await.unwrap_err();
    assert!(error.message().contains("`f`") && error.message().contains("by_name"), "{error}");
}

#[tokio::test]
async fn an_answer_at_hand_is_parsed_by_the_same_rules() {
    let completion: ChatCompletion = threadline::json::decode(answer(r#"{"terms":[3]}"#).as_bytes()).unwrap();
    let rules = ParseRules::of_schema(schema_of::<Sum>());
    let parsed = parse_completion::<Sum>(completion, &rules).unwrap();
    assert_eq!(parsed.into_parsed().unwrap().terms, [3]);
}

#[tokio::test]
async fn a_streams_final_answer_is_parsed_too() {
    let chunk = |choice: &str| format!(r#"{{"id":"c","choices":[{{"index":0,{choice}}}]}}"#);
    let text = support::sse(&[
        &chunk(r#""delta":{"role":"assistant","content":"{\"terms\":[1"}"#),
        &chunk(r#""delta":{"content":",2]}"}"#),
        &chunk(r#""delta":{},"finish_reason":"stop""#),
    ]);
    let fake = Fake::new([events(pieces([format!("{text}data: [DONE]\n\n")]))]);
    let format = OutputFormat::of::<Sum>().unwrap();
    let params = params().response_format(format.response_format());
    let mut stream = fake.client().chat().completions().stream(params).await.unwrap();
    let parsed = stream.get_final_parsed::<Sum>(&ParseRules::of_schema(format.schema)).await.unwrap();
    assert_eq!(parsed.parsed(), Some(&Sum { terms: vec![1, 2], total: None }));
}

#[tokio::test]
async fn a_typed_function_is_declared_called_and_its_result_sent() {
    let fake = Fake::new([json(&asks("add", r#"{"terms":[40,2],"total":null}"#)), json(&answer("42"))]);
    let run = fake.client().chat().completions().run_tools(params(), [Tool::new("add", add)]).await.unwrap();
    assert_eq!(run.reply.choices[0].message.content.as_deref(), Some("42"));
    let function = &sent(&fake, 0)["tools"][0]["function"];
    assert_eq!((&function["name"], &function["description"]), (&"add".into(), &"A sum.".into()));
    assert_eq!(sent(&fake, 1)["messages"][1]["content"], r#"{"total":42}"#);
    assert_eq!(run.transcript.calls().next().unwrap().outcome, CallOutcome::Ok);
}

#[tokio::test]
async fn the_text_of_a_streamed_run_is_that_of_all_its_replies() {
    let stream = |chunks: &[&str]| events(pieces([format!("{}data: [DONE]\n\n", support::sse(chunks))]));
    let fake = Fake::new([
        stream(&[
            r#"{"id":"1","choices":[{"index":0,"delta":{"role":"assistant","content":"Let me "}}]}"#,
            r#"{"id":"1","choices":[{"index":0,"delta":{"content":"add. "}},{"index":1,"delta":{"content":"not me"}}]}"#,
            r#"{"id":"1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"add","arguments":"{\"terms\":[40,2],\"total\":null}"}}]},"finish_reason":"tool_calls"}]}"#,
        ]),
        stream(&[r#"{"id":"2","choices":[{"index":0,"delta":{"content":"42"},"finish_reason":"stop"}]}"#]),
    ]);
    let mut stream = fake.client().chat().completions().run_tools(params(), [Tool::new("add", add)]).stream().unwrap();
    let (mut pieces, mut texts) = (Vec::new(), stream.text_deltas());
    while let Some(piece) = texts.next().await {
        pieces.push(piece.unwrap());
    }
    assert_eq!(pieces, ["Let me ", "add. ", "42"]);
    assert_eq!(stream.get_final_reply().await.unwrap().id, "2");
    assert_eq!(sent(&fake, 1)["messages"][1]["content"], r#"{"total":42}"#);
}

#[tokio::test]
async fn a_functions_error_is_the_source_of_the_runs_error() {
    let fake = Fake::new([json(&asks("fail", "{}"))]);
    #[derive(Deserialize, JsonSchema)]
    struct Nothing {}
    let tool = Tool::new("fail", |_: Nothing| async { Err::<(), _>(std::io::Error::other("disk full")) });
    let run = fake.client().chat().completions().run_tools(params(), [tool]).errors(ToolErrors::Abort);
    let error = run.await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::Tool, Some("fail")));
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.downcast_ref::<std::io::Error>().unwrap().to_string(), "disk full");
    assert_eq!(error.transcript().unwrap().steps.len(), 1);
}

#[tokio::test]
async fn a_function_that_is_interrupted_ends_the_run_and_tells_the_model_nothing() {
    let fake = Fake::new([json(&asks("fail", "{}"))]);
    #[derive(Deserialize, JsonSchema)]
    struct Nothing {}
    let tool = Tool::new("fail", |_: Nothing| async {
        Err::<(), _>(Interrupted::new(std::io::Error::other("the program is closed")))
    });
    let error = fake.client().chat().completions().run_tools(params(), [tool]).await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::Tool, Some("fail")));
    assert!(error.message().contains("the program is closed"), "{error}");
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.is::<Interrupted>() && source.source().is_some_and(|source| source.is::<std::io::Error>()));
    assert_eq!(fake.seen().len(), 1);
}

/// Counts the functions that are at work.
struct AtWork(Arc<AtomicUsize>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn dropping_the_run_drops_functions_at_work_and_requests() {
    let server = Server::start(|number, _| match number {
        0 => tcp::reply(
            200,
            "content-type: application/json\r\n",
            asks("add", r#"{"terms":[],"total":null}"#).as_bytes(),
        ),
        _ => vec![tcp::Step::Hold],
    });
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let tool = Tool::new("add", move |_: Sum| {
        counted.fetch_add(1, Ordering::SeqCst);
        let guard = AtWork(Arc::clone(&counted));
        async move {
            let _guard = guard;
            pending::<Result<(), Infallible>>().await
        }
    });
    {
        let mut run = pin!(server.client().chat().completions().run_tools(params(), [tool]).into_future());
        support::soon(poll_fn(|cx| {
            assert!(run.as_mut().poll(cx).is_pending());
            if count.load(Ordering::SeqCst) == 1 { Poll::Ready(()) } else { Poll::Pending }
        }))
        .await;
    }
    assert_eq!(count.load(Ordering::SeqCst), 0, "the function was dropped with the run");
    assert_eq!(server.requests().len(), 1);
}

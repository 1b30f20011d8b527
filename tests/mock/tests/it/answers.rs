//! Answers that read well and say what the request said.

use serde_json::{Value, json};
use threadline_mock::MockServer;

use super::support::{Client, call, get};

async fn chat(server: &MockServer, body: Value) -> Value {
    let got = call(server, "POST", "/v1/chat/completions", Some(body)).await;
    assert_eq!(got.status, 200, "{}", got.text());
    got.json()
}

#[tokio::test]
async fn chat_answers_the_last_message() {
    let server = MockServer::start().await;
    let messages = json!([{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello there"}]);
    let value = chat(&server, json!({"model": "gpt-x", "messages": messages, "n": 2, "metadata": {"a": "b"}})).await;
    assert_eq!((&value["model"], &value["metadata"]), (&json!("gpt-x"), &json!({"a": "b"})));
    assert_eq!(value["choices"][1]["message"]["content"], "You said: Hello there");
    assert_eq!(value["choices"][0]["finish_reason"], "stop");
    assert_eq!(value["usage"]["total_tokens"], 8);
    let parts = json!([{"role": "user", "content": [{"type": "text", "text": "In parts"}]}]);
    assert_eq!(
        chat(&server, json!({"model": "m", "messages": parts})).await["choices"][0]["message"]["content"],
        "You said: In parts"
    );
}

#[tokio::test]
async fn chat_calls_the_function_and_then_tells_its_answer() {
    let server = MockServer::start().await;
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": parameters}});
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "Weather?"}], "tools": [tool("a"), tool("b")],
        "tool_choice": {"type": "function", "function": {"name": "b"}}});
    let value = chat(&server, body.clone()).await;
    let message = value["choices"][0]["message"].clone();
    assert_eq!(value["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(message["tool_calls"][0]["function"], json!({"name": "b", "arguments": "{\"city\":\"city\"}"}));
    let id = message["tool_calls"][0]["id"].clone();
    let answer = json!({"role": "tool", "tool_call_id": id, "content": "sunny"});
    body["messages"].as_array_mut().expect("a list").extend([message, answer]);
    assert_eq!(chat(&server, body.clone()).await["choices"][0]["message"]["content"], "The function answered: sunny");
    body["messages"] = json!([{"role": "user", "content": "Weather?"}]);
    body["tool_choice"] = "none".into();
    assert_eq!(chat(&server, body).await["choices"][0]["message"]["content"], "You said: Weather?");
}

#[tokio::test]
async fn structured_outputs_fit_their_schema() {
    let server = MockServer::start().await;
    let schema = json!({"type": "object", "properties": {"steps": {"type": "array", "items": {"type": "string"}}}, "required": ["steps"]});
    let format = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": schema}});
    let value =
        chat(&server, json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "response_format": format}))
            .await;
    assert_eq!(value["choices"][0]["message"]["content"], "{\"steps\":[\"steps\"]}");
}

#[tokio::test]
async fn responses_answer_with_a_message_or_a_function_call() {
    let server = MockServer::start().await;
    let ask = async |body: Value| call(&server, "POST", "/v1/responses", Some(body)).await.json();
    let value = ask(json!({"model": "m", "input": "Hi", "instructions": "Be brief.", "temperature": 0.5})).await;
    assert_eq!(value["output"][0]["content"][0]["text"], "You said: Hi");
    assert_eq!(
        (&value["status"], &value["temperature"], &value["model"]),
        (&json!("completed"), &json!(0.5), &json!("m"))
    );
    let tool = json!({"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": false});
    let value = ask(json!({"model": "m", "input": "Hi", "tools": [tool]})).await;
    assert_eq!((&value["output"][0]["type"], &value["output"][0]["name"]), (&json!("function_call"), &json!("f")));
    let output = json!([{"type": "function_call_output", "call_id": value["output"][0]["call_id"], "output": "42"}]);
    let value = ask(json!({"model": "m", "input": output, "tools": [tool]})).await;
    assert_eq!(value["output"][0]["content"][0]["text"], "The function answered: 42");
}

#[tokio::test]
async fn embeddings_come_one_an_input_as_numbers_or_base64_of_the_same_numbers() {
    let server = MockServer::start().await;
    let ask = async |format: &str| {
        let body = json!({"model": "m", "input": ["a", "b", "c"], "dimensions": 5, "encoding_format": format});
        call(&server, "POST", "/v1/embeddings", Some(body)).await.json()["data"].clone()
    };
    let (floats, texts) = (ask("float").await, ask("base64").await);
    assert_eq!(floats.as_array().map(Vec::len), Some(3));
    assert_ne!(floats[0]["embedding"], floats[1]["embedding"]);
    use base64::Engine as _;
    for i in 0..3 {
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(texts[i]["embedding"].as_str().expect("text"))
            .expect("base64");
        let decoded: Vec<f64> =
            bytes.chunks(4).map(|b| f32::from_le_bytes(b.try_into().expect("four")).into()).collect();
        assert_eq!(decoded.len(), 5);
        // Two requests that differ in their format differ in their numbers; the count and the kind are what is promised.
        assert!(decoded.iter().all(|n| n.abs() <= 1.0));
        assert_eq!(texts[i]["index"], i);
    }
}

#[tokio::test]
async fn ids_of_the_path_come_back() {
    let server = MockServer::start().await;
    assert_eq!(get(&server, "/v1/files/file_7").await.json()["id"], "file_7");
    assert_eq!(call(&server, "POST", "/v1/batches/batch_7/cancel", None).await.json()["id"], "batch_7");
    let file = get(&server, "/v1/vector_stores/vs_1/files/file_2").await.json();
    assert_eq!((&file["id"], &file["vector_store_id"]), (&json!("file_2"), &json!("vs_1")));
    let deleted = call(&server, "DELETE", "/v1/files/file_7", None).await.json();
    assert_eq!((&deleted["id"], &deleted["deleted"]), (&json!("file_7"), &json!(true)));
}

#[tokio::test]
async fn bytes_texts_and_nothing_are_answered_where_they_are_due() {
    let server = MockServer::start().await;
    let mut client = Client::connect(&server).await;
    let binary = client.call("GET", "/v1/files/f/content", "accept: application/binary\r\n", b"").await;
    assert_eq!((binary.header("content-type"), binary.body.len()), (Some("application/binary"), 4096));
    let text = client.call("GET", "/v1/files/f/content", "accept: */*\r\n", b"").await;
    assert_eq!(text.header("content-type"), Some("text/plain; charset=utf-8"));
    let empty = client.call("DELETE", "/v1/responses/r", "accept: */*\r\n", b"").await;
    assert_eq!((empty.status, empty.body.len()), (204, 0));
    let form = |format: &str| {
        let part = |head: &str, data: &str| format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{data}\r\n");
        part("name=\"file\"; filename=\"a.wav\"", "x")
            + &part("name=\"model\"", "m")
            + &part("name=\"response_format\"", format)
            + "--B--\r\n"
    };
    let headers = "content-type: multipart/form-data; boundary=B\r\n";
    for (format, begins) in
        [("text", "The quick"), ("srt", "1\n00:00"), ("vtt", "WEBVTT"), ("json", "{"), ("verbose_json", "{")]
    {
        let got = client.call("POST", "/v1/audio/transcriptions", headers, form(format).as_bytes()).await;
        assert!(got.text().starts_with(begins), "{format}: {}", got.text());
    }
    let verbose =
        client.call("POST", "/v1/audio/transcriptions", headers, form("verbose_json").as_bytes()).await.json();
    assert!(verbose["duration"].is_number(), "{verbose}");
}

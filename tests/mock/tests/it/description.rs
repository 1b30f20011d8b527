//! The whole description, spoken and checked.

use threadline_mock::{
    Checker, MockServer,
    api::{Api, Operation, TypeExpr},
    sample,
};

use super::support::{Client, Got};

async fn send(client: &mut Client, request: &sample::Request) -> Got {
    let mut head = format!("{} /v1{} HTTP/1.1\r\nhost: mock\r\n", request.verb, request.target);
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", request.body.len()));
    client.send(&[head.as_bytes(), &request.body].concat()).await;
    client.reply().await.expect("a reply")
}

/// What is wrong with the reply of an operation, by the description.
fn misfits(api: &Api, op: &Operation, got: &Got) -> Vec<String> {
    let checker = Checker::new(api, false);
    let check = |ty: &str, value: &serde_json::Value| -> Vec<String> {
        let ty = TypeExpr::parse(ty).expect("the description's types are well formed");
        checker.check(&ty, value, "").into_iter().map(|v| format!("{}: {}", v.path, v.message)).collect()
    };
    if let Some(page) = &op.page {
        let value = got.json();
        let items = value["data"].as_array().cloned().unwrap_or_default();
        assert!(!items.is_empty(), "{}: an empty page", op.id);
        return items.iter().flat_map(|item| check(&page.item, item)).collect();
    }
    match (op.reply_kind(), op.reply.as_ref().and_then(|r| r.ty.as_deref())) {
        ("json", Some(ty)) => check(ty, &got.json()),
        ("json_or_text", Some(ty)) if got.header("content-type") == Some("application/json") => check(ty, &got.json()),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn every_operation_takes_its_smallest_and_fullest_request_and_answers_as_described() {
    let server = MockServer::start().await;
    let api = Api::shared().expect("the workspace has an api/");
    let mut client = Client::connect(&server).await;
    let mut wrong = Vec::new();
    for op in api.operations() {
        for (kind, request) in [("smallest", sample::smallest(&api, op)), ("fullest", sample::fullest(&api, op))] {
            let got = send(&mut client, &request).await;
            let seen = server.requests().pop().expect("it was seen");
            let routed = seen.operation.as_deref().and_then(|id| api.operation(id));
            if routed.is_none_or(|r| (&r.verb, &r.path) != (&op.verb, &op.path)) {
                wrong.push(format!("{} {kind}: routed to {:?}", op.id, seen.operation));
            } else if got.status >= 300 {
                wrong.push(format!("{} {kind}: {} {}", op.id, got.status, got.text()));
            } else {
                wrong.extend(misfits(&api, op, &got).into_iter().map(|w| format!("{} {kind} reply: {w}", op.id)));
            }
            let again = send(&mut client, &request).await;
            let keeps_state = op.id.starts_with("beta.assistants") || op.id.starts_with("beta.threads");
            if again.body != got.body && !keeps_state {
                wrong.push(format!("{} {kind}: another answer to the same request", op.id));
            }
        }
        server.reset();
        client = Client::connect(&server).await;
    }
    assert!(api.operations().len() > 380, "the description is whole");
    assert!(wrong.is_empty(), "{} misfits:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_stream_is_made_of_events_of_its_union_and_ends_properly() {
    let server = MockServer::start().await;
    let api = Api::shared().expect("the workspace has an api/");
    let mut streams = 0;
    for op in api.operations() {
        let Some(stream) = &op.stream else { continue };
        let mut request = sample::smallest(&api, op);
        match &stream.param {
            Some(param) if op.body.is_none() => {
                let joint = if request.target.contains('?') { '&' } else { '?' };
                request.target.push_str(&format!("{joint}{param}=true"));
            }
            Some(param) if op.body_is("multipart") => {
                let end = request.body.len() - "--SAMPLE--\r\n".len();
                let part = format!(
                    "--SAMPLE\r\nContent-Disposition: form-data; name=\"{param}\"\r\n\r\ntrue\r\n--SAMPLE--\r\n"
                );
                request.body = [&request.body[..end], part.as_bytes()].concat().into();
            }
            Some(param) => {
                let mut body: serde_json::Value = serde_json::from_slice(&request.body).expect("JSON");
                body[param] = true.into();
                request.body = body.to_string().into();
            }
            None => {}
        }
        let got = send(&mut Client::connect(&server).await, &request).await;
        assert_eq!(
            (got.status, got.header("content-type")),
            (200, Some("text/event-stream")),
            "{}: {}",
            op.id,
            got.text()
        );
        let text = got.text();
        let named = stream.frame.as_deref() == Some("named");
        let names: Vec<_> = text.lines().filter_map(|l| l.strip_prefix("event: ")).collect();
        let ty = TypeExpr::parse(&stream.event).expect("well formed");
        let events = got.events();
        assert!(events.len() > 1, "{}: {text}", op.id);
        for (i, event) in events.iter().enumerate() {
            let event = if named { serde_json::json!({"event": names[i], "data": event}) } else { event.clone() };
            let mut found = Checker::new(&api, false).check(&ty, &event, "");
            // The description has one type for whole completions and their chunks; a chunk has no reason to end yet.
            found.retain(|v| !(op.id == "completions.create" && v.path == "choices[0].finish_reason"));
            assert!(found.is_empty(), "{}: {found:?} in {event}", op.id);
        }
        match &stream.end {
            serde_json::Value::String(end) if end == "done" => assert!(text.ends_with("data: [DONE]\n\n"), "{text}"),
            serde_json::Value::Array(ends) => {
                let last = names.iter().rev().find(|n| **n != "done").expect("named events");
                assert!(ends.iter().any(|e| e == last), "{}: ends with {last}", op.id);
            }
            _ => {}
        }
        streams += 1;
    }
    assert!(streams >= 14, "{streams} streams");
}

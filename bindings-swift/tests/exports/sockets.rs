//! Connections over WebSockets.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use threadline_ffi::{Client, Connection, ReconnectAdvisor};

use super::{client, list, record, server};

async fn connect(client: &Client, settings: &str, advisor: Option<Arc<dyn ReconnectAdvisor>>) -> Arc<Connection> {
    client.connect("realtime".into(), settings.into(), String::new(), advisor, None).await.unwrap()
}

async fn all(connection: &Connection) -> Vec<Value> {
    let mut events = Vec::new();
    while let Some(batch) = connection.next_batch(None).await.unwrap() {
        events.extend(list(&batch));
    }
    events
}

#[tokio::test]
async fn events_are_sent_and_read_and_the_close_frame_is_told() {
    let server = server(json!([{"headers": {"x-request-id": "r"}, "ws": [{"json": {"type": "session.created"}},
        {"expect": {"type": "response.create"}}, {"json": {"type": "response.done"}}, {"wait_for": "close"}, {"close": 1000, "reason": "bye"}]}]))
    .await;
    let connection = connect(&client(&server), r#"{"model":"m"}"#, None).await;
    assert_eq!(connection.request_id().as_deref(), Some("r"));
    connection.send(r#"{"type":"response.create"}"#.into(), None).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(list(&connection.next_batch(None).await.unwrap().unwrap()));
    }
    assert_eq!(seen, [json!({"type": "session.created"}), json!({"type": "response.done"})]);
    assert_eq!(connection.close_with(1000, "done".into(), None).await.unwrap().code, 1000);
    assert!(connection.next_batch(None).await.unwrap().is_none());
    assert!(connection.send("{}".into(), None).await.is_err());
}

#[tokio::test]
async fn an_event_that_is_no_json_is_told_and_the_connection_goes_on() {
    let server = server(
        json!([{"ws": [{"json": {"type": "a"}}, {"text": "{\"type\":"}, {"json": {"type": "b"}}, {"close": 1000}]}]),
    )
    .await;
    let connection = connect(&client(&server), r#"{"model":"m"}"#, None).await;
    let (mut events, mut broken) = (Vec::new(), Vec::new());
    loop {
        match connection.next_batch(None).await {
            Ok(Some(batch)) => events.extend(list(&batch)),
            Ok(None) => break,
            Err(error) => broken.push(record(error)),
        }
    }
    assert_eq!(events, [json!({"type": "a"}), json!({"type": "b"})]);
    assert_eq!((broken.len(), broken[0].kind.as_str(), broken[0].body.as_slice()), (1, "decode", &b"{\"type\":"[..]));
    assert!(broken[0].message.contains("event 2"), "{}", broken[0].message);
}

#[tokio::test]
async fn a_broken_connection_is_an_error_with_its_code() {
    let server = server(json!([{"ws": [{"json": {"type": "a"}}, {"close": 1011, "reason": "why"}]}])).await;
    let connection = connect(&client(&server), r#"{"model":"m"}"#, None).await;
    assert_eq!(list(&connection.next_batch(None).await.unwrap().unwrap()).len(), 1);
    let error = record(connection.next_batch(None).await.unwrap_err());
    assert_eq!(error.kind, "closed");
    assert!(error.more.contains("1011"), "{}", error.more);
    assert!(connection.next_batch(None).await.unwrap().is_none());
}

struct Advisor {
    told: Mutex<Vec<Value>>,
    answer: &'static str,
}

impl ReconnectAdvisor for Advisor {
    fn advise(&self, notice: String) -> String {
        self.told.lock().unwrap().push(serde_json::from_str(&notice).unwrap());
        self.answer.to_owned()
    }
}

#[tokio::test]
async fn a_lost_connection_is_made_again_as_the_host_advises() {
    let script =
        json!([{"ws": [{"json": {"type": "a"}}, {"close": 1011}]}, {"ws": [{"json": {"type": "b"}}, {"close": 1000}]}]);
    let settings = r#"{"model":"m","reconnect":{"max_retries":2,"initial_delay_s":0.01}}"#;
    let first = server(script.clone()).await;
    let advisor = Arc::new(Advisor { told: Mutex::default(), answer: r#"{"headers":{"x-fresh":"yes"}}"# });
    let connection = connect(&client(&first), settings, Some(advisor.clone())).await;
    let kinds: Vec<_> = all(&connection).await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds, ["a", "connection.reconnecting", "connection.reconnected", "b"]);
    let told = advisor.told.lock().unwrap().clone();
    assert_eq!((told.len(), &told[0]["code"], &told[0]["attempt"]), (1, &json!(1011), &json!(1)));
    assert!(format!("{:?}", first.requests()[1]).contains("x-fresh"), "the advice is kept to");

    let second = server(script).await;
    let advisor = Arc::new(Advisor { told: Mutex::default(), answer: r#"{"abort":true}"# });
    let connection = connect(&client(&second), settings, Some(advisor)).await;
    let mut ended = None;
    while ended.is_none() {
        match connection.next_batch(None).await {
            Ok(batch) => assert!(batch.is_some(), "the loss is told"),
            Err(error) => ended = Some(record(error)),
        }
    }
    assert_eq!(ended.unwrap().kind, "closed");
}

#[tokio::test]
async fn a_pool_keeps_its_connections() {
    let done = json!({"type": "response.completed", "sequence_number": 0, "response": {"id": "r", "object": "response", "created_at": 1,
        "status": "completed", "output": [], "model": "m", "parallel_tool_calls": true, "tool_choice": "auto", "tools": []}});
    let one = json!([{"expect": {"type": "response.create"}}, {"json": done}]);
    let steps: Vec<Value> = [one.clone(), one].iter().flat_map(|steps| steps.as_array().unwrap().clone()).collect();
    let server = server(json!([{"ws": steps}])).await;
    let pool = client(&server).responses_pool(r#"{"max_connections":1}"#.into(), String::new()).unwrap();
    for _ in 0..2 {
        let stream = pool.create(br#"{"model":"m","input":"hi"}"#.to_vec(), None).await.unwrap();
        let events = list(&stream.next_batch(None).await.unwrap().unwrap());
        assert_eq!(events[0]["type"], "response.completed");
        assert!(stream.next_batch(None).await.unwrap().is_none());
    }
    assert_eq!((pool.opened(), pool.idle()), (1, 1));
}

#[tokio::test]
async fn what_cannot_be_connected_is_refused_by_name() {
    let server = server(json!([])).await;
    let client = client(&server);
    for (resource, settings, name) in
        [("files", "{}", "files"), ("realtime", "{}", "model"), ("live", r#"{"pings":1}"#, "pings")]
    {
        let made = client.connect(resource.into(), settings.into(), String::new(), None, None).await;
        assert!(record(made.unwrap_err()).message.contains(name), "{resource}");
    }
    assert_eq!(threadline_ffi::audio_frames(vec![0; 3]), ["AAAA"]);
}

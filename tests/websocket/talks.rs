//! Conversations that go well.

use std::time::Duration;

use threadline::types::{RealtimeResponseCreateEvent, RealtimeServerEvent, RealtimeSessionCreateRequest};
use threadline::websocket::RawIncoming;

use crate::peer::{client, connect, event, json, soon};

#[tokio::test]
async fn a_conversation_goes_both_ways() {
    let mut connection = connect("conversation").await.unwrap();
    assert!(matches!(event(&mut connection).await, RealtimeServerEvent::SessionCreated(_)));
    connection.session().update(RealtimeSessionCreateRequest::new().instructions("be short")).await.unwrap();
    let RealtimeServerEvent::SessionUpdated(updated) = event(&mut connection).await else { panic!("another event") };
    assert!(threadline::encode(&*updated).unwrap().contains(r#""instructions":"be short""#));
    connection.response().create(RealtimeResponseCreateEvent::new()).await.unwrap();
    let mut text = String::new();
    loop {
        match event(&mut connection).await {
            RealtimeServerEvent::ResponseOutputTextDelta(delta) => text.push_str(&delta.delta),
            RealtimeServerEvent::ResponseDone(_) => break,
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(text, "Good morning");
    let close = soon(connection.close(1000, "")).await.unwrap();
    assert_eq!(close.code, 1000);
    assert!(soon(connection.recv()).await.is_none());
}

#[tokio::test]
async fn headers_query_and_key_arrive() {
    let connecting = client().realtime().connect("seen").query("a b", "ü&=").header("X-Own", "1").organization("org_1");
    let mut connection = soon(async { connecting.await }).await.unwrap();
    let seen = json(&event(&mut connection).await);
    assert_eq!(seen["path"], "/v1/realtime?model=seen&a%20b=%C3%BC%26%3D");
    let header = |name: &str| {
        let headers = seen["headers"].as_object().unwrap();
        headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str().unwrap())
    };
    assert_eq!(header("authorization"), Some("Bearer sk-test-key"));
    assert_eq!(header("openai-organization"), Some("org_1"));
    assert_eq!((header("x-own"), header("sec-websocket-extensions")), (Some("1"), None));
}

#[tokio::test]
async fn our_close_code_and_reason_arrive() {
    let connection = connect("echo:our-close").await.unwrap();
    let close = soon(connection.close(3456, "enough, thanks")).await.unwrap();
    assert_eq!((close.code, close.reason.as_str()), (3456, "enough, thanks"));
    drop(connection);
    // The server notes the end of a connection when its handler ends, which is a moment later.
    loop {
        let mut asking = connect("last-close:our-close").await.unwrap();
        let told = json(&event(&mut asking).await);
        if !told["close"].is_null() {
            assert_eq!(told["close"], serde_json::json!([3456, "enough, thanks"]));
            break;
        }
    }
}

#[tokio::test]
async fn a_dropped_connection_is_closed_in_due_form() {
    drop(connect("echo:dropped").await.unwrap());
    loop {
        let mut asking = connect("last-close:dropped").await.unwrap();
        let told = json(&event(&mut asking).await);
        if !told["close"].is_null() {
            assert_eq!(told["close"][0], 1000);
            break;
        }
    }
}

#[tokio::test]
async fn messages_of_32_mib_go_both_ways() {
    let size = 32 << 20;
    let opening = client().realtime().connect(&format!("big:{size}")).open_raw();
    let mut connection = soon(opening).await.unwrap();
    let Some(Ok(RawIncoming::Event(message))) = soon(connection.recv()).await else { panic!("no message") };
    assert_eq!(message.len(), size + 24);
    let text = format!(r#"{{"type":"x","data":"{}"}}"#, "b".repeat(size));
    soon(connection.sender().send(text.clone())).await.unwrap();
    let Some(Ok(RawIncoming::Event(message))) = soon(connection.recv()).await else { panic!("no echo") };
    assert!(message == text.as_bytes());
}

#[tokio::test]
async fn many_senders_and_a_reader_share_a_connection() {
    let mut connection = connect("echo").await.unwrap();
    for task in 0..8 {
        let sender = connection.sender();
        tokio::spawn(async move {
            for number in 0..50 {
                sender.send_raw(format!(r#"{{"type":"x","task":{task},"number":{number}}}"#)).await.unwrap();
            }
        });
    }
    let mut next = [0; 8];
    for _ in 0..400 {
        let echoed = json(&event(&mut connection).await);
        let task = echoed["task"].as_u64().unwrap() as usize;
        assert_eq!(echoed["number"], next[task], "each task's events stay in order");
        next[task] += 1;
    }
    assert_eq!(next, [50; 8]);
}

#[tokio::test]
async fn fragmented_messages_are_joined() {
    let mut connection = connect("fragments").await.unwrap();
    for _ in 0..2 {
        assert_eq!(json(&event(&mut connection).await)["text"], "日本語 naïve");
    }
}

#[tokio::test]
async fn pings_of_the_server_are_answered_while_nobody_reads() {
    let mut connection = connect("pinging:20").await.unwrap();
    assert_eq!(json(&event(&mut connection).await)["times"], 20);
}

#[tokio::test]
async fn our_pings_keep_a_silent_connection_open() {
    // A ping follows only when the one before was answered, and the answer heard.
    let connecting =
        client().realtime().connect("pinged:5").keepalive(Duration::from_millis(20), Duration::from_secs(60));
    let mut connection = soon(async { connecting.await }).await.unwrap();
    assert!(json(&event(&mut connection).await)["times"].as_u64().unwrap() >= 5);
    connection.send_raw(r#"{"type":"still here"}"#).await.unwrap();
    assert_eq!(json(&event(&mut connection).await)["type"], "still here");
}

#[tokio::test]
async fn a_slow_reader_loses_nothing() {
    let pieces = 800; // 50 MiB, far beyond what waits unread
    let mut connection = connect(&format!("flood:{pieces}")).await.unwrap();
    for number in 0..pieces {
        if number % 200 == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(json(&event(&mut connection).await)["number"], number);
    }
    assert_eq!(json(&event(&mut connection).await)["type"], "end");
}

//! Connections that are lost and made again.

use std::time::Duration;

use threadline::realtime::RealtimeConnection;
use threadline::types::{RealtimeClientEvent, RealtimeServerEvent};
use threadline::websocket::{Incoming, ReconnectPolicy, Reconnecting};
use threadline::{Error, ErrorKind};

use crate::peer::{client, connect, event, json, soon};

/// A connection that is made again after short waits.
async fn persistent(model: &str, max_retries: u32) -> RealtimeConnection {
    let policy = ReconnectPolicy::new().initial_delay(Duration::from_millis(10)).max_retries(max_retries);
    let connecting = client().realtime().connect(model).reconnect(policy);
    soon(async { connecting.await }).await.unwrap()
}

/// News of attempts up to the first event, or to the error that ends the connection.
async fn attempts(
    connection: &mut RealtimeConnection,
) -> (Vec<Reconnecting>, Result<Option<RealtimeServerEvent>, Error>) {
    let mut attempts = Vec::new();
    loop {
        match soon(connection.next()).await {
            Some(Ok(Incoming::Reconnecting(news))) => attempts.push(news),
            Some(Ok(Incoming::Event(event))) => return (attempts, Ok(Some(event))),
            Some(Ok(_)) => {}
            Some(Err(error)) => return (attempts, Err(error)),
            None => return (attempts, Ok(None)),
        }
    }
}

#[tokio::test]
async fn a_lost_connection_is_made_again_and_told_its_settings() {
    let policy = ReconnectPolicy::new().initial_delay(Duration::from_millis(10));
    let connecting = client().realtime().connect(&format!("flaky:{}", std::process::id())).reconnect(policy);
    let mut connection = soon(async { connecting.await }).await.unwrap();
    let update = r#"{"type":"session.update","session":{"type":"realtime"}}"#;
    let event: RealtimeClientEvent = threadline::json::decode(update.as_bytes()).unwrap();
    connection.send(event).await.unwrap();
    let heard = soon(connection.next()).await.unwrap().unwrap();
    assert!(matches!(heard, Incoming::Event(_)));
    connection.send_raw(r#"{"type":"break"}"#).await.unwrap();
    let news = soon(connection.next()).await.unwrap().unwrap();
    assert!(matches!(&news, Incoming::Reconnecting(news) if news.attempt == 1 && news.close.code == 1006), "{news:?}");
    let news = soon(connection.next()).await.unwrap().unwrap();
    assert!(matches!(&news, Incoming::Reconnected(news) if news.resent == ["session.update"]), "{news:?}");
    let Some(Ok(Incoming::Event(heard))) = soon(connection.next()).await else { panic!("no event") };
    let kinds: Vec<_> = json(&heard)["messages"].as_array().unwrap().iter().map(|m| m["type"].clone()).collect();
    assert_eq!(kinds, ["session.update", "break", "session.update"]);
}

#[tokio::test]
async fn a_server_that_drops_every_connection_is_left_alone_in_the_end() {
    let mut connection = persistent("storm:a-storm", 3).await;
    let (news, end) = attempts(&mut connection).await;
    let error = end.unwrap_err();
    assert_eq!((error.kind(), error.close().unwrap().code), (ErrorKind::Connection, 1006), "{error}");
    assert_eq!(news.iter().map(|news| news.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    // Each wait is twice the one before, less a quarter at most.
    assert!(news.windows(2).all(|pair| pair[1].delay > pair[0].delay), "{news:?}");
    assert!(soon(connection.recv()).await.is_none());
    let mut asking = connect("count:a-storm").await.unwrap();
    assert_eq!(json(&event(&mut asking).await)["opened"], 4, "the first connection and three more");
}

#[tokio::test]
async fn refused_handshakes_of_a_server_that_restarts_are_waited_out() {
    let mut connection = persistent("restarting:a-restart", 5).await;
    assert!(matches!(event(&mut connection).await, RealtimeServerEvent::SessionCreated(_)));
    let (news, next) = attempts(&mut connection).await;
    assert_eq!(news.iter().map(|news| news.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(matches!(next.unwrap(), Some(RealtimeServerEvent::SessionCreated(_))));
}

#[tokio::test]
async fn a_half_open_connection_is_noticed_and_made_again() {
    let policy = ReconnectPolicy::new().initial_delay(Duration::from_millis(10));
    let connecting = client()
        .realtime()
        .connect("dying:a-dead-peer")
        .keepalive(Duration::from_millis(100), Duration::from_secs(2))
        .reconnect(policy);
    let mut connection = soon(async { connecting.await }).await.unwrap();
    assert!(matches!(event(&mut connection).await, RealtimeServerEvent::SessionCreated(_)));
    let (news, next) = attempts(&mut connection).await;
    assert_eq!((news.len(), news[0].close.code), (1, 1006));
    assert!(matches!(next.unwrap(), Some(RealtimeServerEvent::SessionCreated(_))));
}

#[tokio::test]
async fn the_reason_of_an_expired_session_comes_before_its_end() {
    let mut connection = connect("expired").await.unwrap();
    assert!(matches!(event(&mut connection).await, RealtimeServerEvent::SessionCreated(_)));
    let told = json(&event(&mut connection).await);
    assert_eq!((&told["type"], &told["error"]["code"]), (&"error".into(), &"session_expired".into()));
    let error = soon(connection.recv()).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.close().unwrap().code), (ErrorKind::Closed, 1001));
}

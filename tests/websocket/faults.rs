//! What goes wrong, and how it is told.

use std::time::Duration;

use threadline::types::RealtimeServerEvent;
use threadline::{Error, ErrorKind};

use crate::peer::{client, connect, event, soon};

/// The error that ends a conversation after its first event.
async fn end_of(model: &str) -> Option<Error> {
    let mut connection = connect(model).await.unwrap();
    assert!(matches!(event(&mut connection).await, RealtimeServerEvent::SessionCreated(_)));
    let end = soon(connection.recv()).await;
    if end.is_some() {
        assert!(soon(connection.recv()).await.is_none(), "an end is told once");
    }
    end.map(|end| end.expect_err("an end, not an event"))
}

#[tokio::test]
async fn close_codes_become_ends_and_errors() {
    assert!(end_of("close:1000:done").await.is_none());
    for (code, retryable) in [(1001, true), (1008, false), (1011, true), (1012, true), (4321, false)] {
        let error = end_of(&format!("close:{code}:why")).await.expect("an error");
        let close = error.close().unwrap();
        assert_eq!((error.kind(), close.code, close.reason.as_str()), (ErrorKind::Closed, code, "why"));
        assert_eq!(error.is_retryable(), retryable, "{code}");
    }
}

#[tokio::test]
async fn an_end_without_a_close_frame_is_a_connection_error() {
    for how in ["fin", "reset"] {
        let error = end_of(&format!("drop:{how}")).await.expect("an error");
        assert_eq!((error.kind(), error.close().unwrap().code), (ErrorKind::Connection, 1006), "{how}: {error}");
    }
}

#[tokio::test]
async fn a_peer_that_hears_nothing_is_noticed() {
    let limits = (Duration::from_millis(100), Duration::from_millis(200));
    let connecting = client().realtime().connect("deaf").keepalive(limits.0, limits.1);
    let mut connection = soon(async { connecting.await }).await.unwrap();
    event(&mut connection).await;
    let error = soon(connection.recv()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(error.message().contains("ping"), "{error}");
    let sent = soon(connection.send_raw("{}")).await.unwrap_err();
    assert!(sent.message().contains("not sent") && sent.message().contains("ping"), "{sent}");
}

#[tokio::test]
async fn broken_frames_end_the_connection_with_a_reason() {
    // A text frame with an invalid byte, one with a reserved bit, a masked one, a continuation of nothing.
    let cases =
        [("8102ff22", "UTF-8"), ("c1026869", "protocol"), ("8181000000006a", "protocol"), ("80026869", "protocol")];
    for (bytes, named) in cases {
        let error = end_of(&format!("raw:{bytes}")).await.expect("an error");
        assert_eq!(error.kind(), ErrorKind::Decode, "{bytes}: {error}");
        assert!(error.message().contains(named) && error.close().is_some(), "{bytes}: {error}");
    }
}

#[tokio::test]
async fn events_that_cannot_be_read_are_shown_and_the_connection_goes_on() {
    let mut connection = connect("malformed").await.unwrap();
    for raw in [&b"{\"type\":\"session.created\""[..], b"\xff\x00"] {
        let error = soon(connection.recv()).await.unwrap().unwrap_err();
        assert_eq!((error.kind(), &error.body()[..]), (ErrorKind::Decode, raw));
        assert!(error.close().is_none());
    }
    assert!(matches!(event(&mut connection).await, RealtimeServerEvent::SessionCreated(_)));
}

#[tokio::test]
async fn a_limit_on_messages_holds() {
    let connecting = client().realtime().connect("big:5000").max_message_bytes(4096);
    let mut connection = soon(async { connecting.await }).await.unwrap();
    let error = soon(connection.recv()).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.close().unwrap().code), (ErrorKind::Decode, 1009));
    assert!(error.message().contains("4096"), "{error}");
}

#[tokio::test]
async fn refused_handshakes_say_what_the_server_said() {
    let kinds = [
        (401, ErrorKind::Authentication),
        (403, ErrorKind::PermissionDenied),
        (429, ErrorKind::RateLimit),
        (503, ErrorKind::InternalServer),
    ];
    for (status, kind) in kinds {
        let error = connect(&format!("refuse:{status}")).await.unwrap_err();
        assert_eq!((error.kind(), error.status(), error.code()), (kind, Some(status), Some("c")));
        assert_eq!((error.message(), error.request_id()), (format!("no: {status}").as_str(), Some("req_py")));
        assert_eq!((error.retry_after(), error.attempts()), (Some(Duration::from_secs(7)), 1));
    }
}

#[tokio::test]
async fn a_redirect_is_followed_at_home_and_nowhere_else() {
    let mut connection = connect("redirect:/v1/realtime?model=conversation").await.unwrap();
    assert!(matches!(event(&mut connection).await, RealtimeServerEvent::SessionCreated(_)));
    let error = connect("redirect:http://other.test/v1/realtime").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Redirect, Some(307)));
}

#[tokio::test]
async fn a_handshake_that_is_never_answered_ends_at_its_limit() {
    let connecting = client().realtime().connect("stall").timeout(Duration::from_millis(300));
    let error = soon(async { connecting.await }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("handshake"), "{error}");
}

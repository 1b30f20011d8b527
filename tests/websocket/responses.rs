//! Responses over WebSockets.

use std::time::Duration;

use threadline::responses_ws::ResponsesPool;
use threadline::types::{
    ResponseCreateParams, ResponseStreamEvent, ResponsesClientEventResponseCreate, ResponsesServerEvent,
};
use threadline::{Error, ErrorKind, EventStream};

use crate::peer::{client, soon};

fn params(input: &str) -> ResponseCreateParams {
    ResponseCreateParams::new().model("m").input(input)
}

/// The text of a response and its id.
async fn read(mut stream: EventStream<ResponseStreamEvent>) -> Result<(String, String), Error> {
    let (mut text, mut id) = (String::new(), String::new());
    while let Some(event) = soon(stream.next()).await {
        match event? {
            ResponseStreamEvent::ResponseOutputTextDelta(event) => text.push_str(&event.delta),
            ResponseStreamEvent::ResponseCompleted(event) => id = event.response.id,
            _ => {}
        }
    }
    Ok((text, id))
}

async fn ask(pool: &ResponsesPool, params: ResponseCreateParams) -> Result<(String, String), Error> {
    read(soon(pool.create_stream(params)).await?).await
}

fn pair(text: &str, id: &str) -> (String, String) {
    (text.to_owned(), id.to_owned())
}

#[tokio::test]
async fn several_responses_share_a_connection() {
    let mut connection = soon(async { client().responses().connect().await }).await.unwrap();
    for number in 1..=3 {
        connection.response().create(ResponsesClientEventResponseCreate::new().model("m").input("hi")).await.unwrap();
        let mut text = String::new();
        loop {
            match soon(connection.recv()).await.unwrap().unwrap() {
                ResponsesServerEvent::ResponseOutputTextDelta(event) => text.push_str(&event.delta),
                ResponsesServerEvent::ResponseCompleted(_) => break,
                _ => {}
            }
        }
        assert_eq!(text, format!("hi {number}"));
    }
    assert_eq!(soon(connection.close(1000, "")).await.unwrap().code, 1000);
}

#[tokio::test]
async fn a_pool_reuses_its_connection_and_continues_responses() {
    let pool = client().responses().ws_pool().build();
    assert_eq!(ask(&pool, params("a")).await.unwrap(), pair("a 1", "resp_1"));
    assert_eq!(ask(&pool, params("b").previous_response_id("resp_1")).await.unwrap(), pair("b 2", "resp_2"));
    assert_eq!((pool.opened(), pool.idle()), (1, 1));
    let error = ask(&pool, params("c").previous_response_id("resp_unknown")).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::BadRequest, Some(400)));
    assert_eq!(error.code(), Some("previous_response_not_found"));
    assert_eq!((pool.opened(), pool.idle()), (1, 1), "a refusal leaves the connection as it was");
}

#[tokio::test]
async fn a_pool_keeps_to_its_bound_and_to_one_response_a_connection() {
    let pool = client().responses().ws_pool().max_connections(3).build();
    let tasks: Vec<_> = (0..12)
        .map(|number| {
            let pool = pool.clone();
            tokio::spawn(async move { ask(&pool, params(&format!("q{number}"))).await })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        let (text, _) = soon(task).await.unwrap().unwrap();
        assert!(text.starts_with(&format!("q{number} ")), "{text}");
    }
    assert!(pool.opened() <= 3 && pool.idle() as u64 == pool.opened());
}

#[tokio::test]
async fn a_response_that_breaks_off_is_an_error_and_the_next_one_has_a_new_connection() {
    let pool = client().responses().ws_pool().build();
    let error = ask(&pool, params("break")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert_eq!(error.partial().unwrap().text, "break 1");
    assert_eq!(ask(&pool, params("a")).await.unwrap(), pair("a 1", "resp_1"));
    assert_eq!(pool.opened(), 2);
}

#[tokio::test]
async fn idle_connections_are_closed_in_time() {
    let pool = client().responses().ws_pool().idle_time(Duration::from_millis(50)).build();
    ask(&pool, params("a")).await.unwrap();
    soon(async {
        while pool.idle() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(ask(&pool, params("b")).await.unwrap(), pair("b 1", "resp_1"));
    assert_eq!(pool.opened(), 2);
}

//! Redirects: the same origin is followed within limits, nothing goes to another one.

mod support;

use support::fake::{Fake, json, with_header};
use support::soon;
use support::tcp::{self, Server};
use threadline::operations::{CHAT_COMPLETIONS_CREATE as CHAT, FILES_RETRIEVE};
use threadline::{Args, Error, ErrorKind, RawReply, RequestOptions};

async fn get(fake: &Fake) -> Result<RawReply, Error> {
    let args = Args::new(vec!["file-1".into()], "", vec![]);
    fake.client().execute(&FILES_RETRIEVE, args, RequestOptions::new()).await
}

async fn post(fake: &Fake) -> Result<RawReply, Error> {
    fake.client().execute(&CHAT, Args::new(vec![], r#"{"a":1}"#, vec![]), RequestOptions::new()).await
}

#[tokio::test]
async fn not_one_byte_reaches_another_origin() {
    let other = Server::start(|_, _| tcp::reply(200, "", b"{}"));
    let target = format!("location: {}/x\r\n", other.url());
    for code in [301, 302, 303, 307, 308] {
        let target = target.clone();
        let server = Server::start(move |_, _| tcp::reply(code, &target, b""));
        let client = server.client();
        let error = soon(client.execute(&CHAT, Args::default(), RequestOptions::new())).await.unwrap_err();
        assert_eq!((error.kind(), error.status(), error.attempts()), (ErrorKind::Redirect, Some(code), 1));
        let args = Args::new(vec!["f".into()], "", vec![]);
        let error = soon(client.execute(&FILES_RETRIEVE, args, RequestOptions::new())).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Redirect, false));
        assert_eq!(server.requests().len(), 2);
    }
    assert_eq!(other.accepted(), 0);
}

#[tokio::test]
async fn the_same_origin_gets_the_same_request_again() {
    for code in [307, 308] {
        let fake = Fake::new([with_header(code, "location", "/v2/chat"), json("{}")]);
        post(&fake).await.unwrap();
        let seen = fake.seen();
        assert_eq!(seen[1].url, "https://api.test/v2/chat");
        assert_eq!((&seen[1].method, &seen[1].body), (&seen[0].method, &seen[0].body));
        assert_eq!(seen[0].headers, seen[1].headers);
    }
}

#[tokio::test]
async fn a_get_is_followed_for_one_hop() {
    let fake = Fake::new([with_header(302, "location", "b"), json("{}")]);
    get(&fake).await.unwrap();
    assert_eq!(fake.seen()[1].url, "https://api.test/v1/files/b");
    let fake = Fake::new([with_header(302, "location", "/b"), with_header(302, "location", "/c")]);
    assert_eq!(get(&fake).await.unwrap_err().kind(), ErrorKind::Redirect);
}

#[tokio::test]
async fn a_post_is_not_turned_into_a_get() {
    for code in [301, 302, 303] {
        let fake = Fake::new([with_header(code, "location", "/b")]);
        assert_eq!(post(&fake).await.unwrap_err().kind(), ErrorKind::Redirect);
    }
}

#[tokio::test]
async fn loops_and_redirects_to_nowhere_end() {
    let fake = Fake::new([with_header(307, "location", "/v1/chat/completions")]);
    assert_eq!(post(&fake).await.unwrap_err().kind(), ErrorKind::Redirect);
    let fake = Fake::new([with_header(307, "x-no-location", "1")]);
    assert_eq!(post(&fake).await.unwrap_err().kind(), ErrorKind::Redirect);
}

#[tokio::test]
async fn other_statuses_between_300_and_400_are_refusals() {
    let fake = Fake::new([with_header(304, "location", "https://elsewhere.test/")]);
    assert_eq!(get(&fake).await.unwrap_err().kind(), ErrorKind::Api);
}

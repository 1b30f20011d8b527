//! What a request looks like: headers, credentials, options.

mod support;

use support::fake::{Fake, Seen, json};
use threadline::operations::{
    ADMIN_ORGANIZATION_USERS_LIST as ADMIN, BETA_ASSISTANTS_LIST as ASSISTANTS, CHAT_COMPLETIONS_CREATE as CHAT,
};
use threadline::{Args, Client, ClientBuilder, Error, ErrorKind, Json, RequestOptions};

async fn send(builder: impl FnOnce(ClientBuilder) -> ClientBuilder, options: RequestOptions) -> Result<Seen, Error> {
    let fake = Fake::new([json("{}")]);
    let client = builder(fake.builder()).build()?;
    client.execute(&CHAT, Args::new(vec![], r#"{"model":"m"}"#, vec![]), options).await?;
    Ok(fake.seen().remove(0))
}

#[tokio::test]
async fn the_usual_headers_are_sent() {
    let seen = send(|b| b.organization("org").project("proj"), RequestOptions::new()).await.unwrap();
    assert_eq!((seen.method.as_str(), seen.url.as_str()), ("POST", "https://api.test/v1/chat/completions"));
    for (name, value) in [
        ("authorization", "Bearer sk-test-key"),
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("openai-organization", "org"),
        ("openai-project", "proj"),
    ] {
        assert_eq!(seen.header(name), Some(value));
    }
    assert!(seen.header("user-agent").unwrap().starts_with("threadline/"));
}

#[tokio::test]
async fn options_of_a_call_win_over_the_clients() {
    let options = RequestOptions::new()
        .api_key("sk-other")
        .organization("org-2")
        .header("X-Team", "blue")
        .without_header("user-agent")
        .header("accept", "text/plain")
        .query("trace", "a b&c")
        .extra_body("model", Json::string("n"))
        .extra_body("new", Json::NULL);
    let seen = send(|b| b.organization("org-1").header("x-team", "red").query("trace", "0"), options).await.unwrap();
    assert_eq!(seen.header("authorization"), Some("Bearer sk-other"));
    assert_eq!(seen.header("openai-organization"), Some("org-2"));
    assert_eq!(seen.header("x-team"), Some("blue"));
    assert_eq!(seen.header("user-agent"), None);
    assert_eq!(seen.header("accept"), Some("text/plain"));
    assert!(seen.url.ends_with("/chat/completions?trace=a%20b%26c"), "{}", seen.url);
    assert_eq!(seen.body, r#"{"model":"n","new":null}"#);
}

#[tokio::test]
async fn a_derived_client_keeps_what_it_does_not_change() {
    let fake = Fake::new([json("{}"), json("{}")]);
    let client = fake.builder().organization("org").build().unwrap();
    let derived = client.with_options(RequestOptions::new().project("proj"));
    for client in [&derived, &client] {
        client.execute(&CHAT, Args::default(), RequestOptions::new()).await.unwrap();
    }
    let seen = fake.seen();
    assert_eq!((seen[0].header("openai-organization"), seen[0].header("openai-project")), (Some("org"), Some("proj")));
    assert_eq!(seen[1].header("openai-project"), None);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_anything_is() {
    let cases = [
        RequestOptions::new().header("x-a", "1\r\nx-b: canary"),
        RequestOptions::new().header("x a", "canary"),
        RequestOptions::new().header("content-length", "5"),
        RequestOptions::new().api_key("sk-canary\nx"),
        RequestOptions::new().organization("canary\n"),
        RequestOptions::new().idempotency_key("canary\0"),
        RequestOptions::new().base_url("https://canary:pw@api.test/v1"),
        RequestOptions::new().base_url("https://other.test/v1"),
    ];
    for options in cases {
        let fake = Fake::new([]);
        let error = fake.client().execute(&CHAT, Args::default(), options).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Usage, 0));
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}

#[tokio::test]
async fn path_values_cannot_leave_their_place() {
    for bad in ["", "..", "a\nb", "%2e%2e"] {
        let fake = Fake::new([]);
        let args = Args::new(vec![bad.into()], "", vec![]);
        let error = fake.client().execute(&threadline::operations::FILES_RETRIEVE, args, RequestOptions::new()).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Usage, "{bad:?}");
    }
    let fake = Fake::new([json("{}")]);
    let args = Args::new(vec!["a/../b?c#d".into()], "", vec![]);
    fake.client().execute(&threadline::operations::FILES_RETRIEVE, args, RequestOptions::new()).await.unwrap();
    assert_eq!(fake.seen()[0].url, "https://api.test/v1/files/a%2F..%2Fb%3Fc%23d");
}

#[tokio::test]
async fn administration_takes_the_admin_key_before_the_other() {
    let fake = Fake::new([json("{}"), json("{}")]);
    fake.client().execute(&ADMIN, Args::default(), RequestOptions::new()).await.unwrap();
    let options = RequestOptions::new().admin_api_key("sk-admin");
    fake.client().execute(&ADMIN, Args::default(), options).await.unwrap();
    let keys: Vec<_> = fake.seen().iter().map(|request| request.header("authorization").map(str::to_owned)).collect();
    assert_ne!(keys[0], keys[1]);
    assert!(keys[0].as_deref().is_some_and(|key| key.starts_with("Bearer ")));
    assert_eq!(keys[1].as_deref(), Some("Bearer sk-admin"));

    let client = Client::builder().admin_api_key("sk-admin").transport(fake.clone()).build().unwrap();
    let error = client.execute(&CHAT, Args::default(), RequestOptions::new()).await.unwrap_err();
    assert!(error.message().contains("OPENAI_API_KEY"));
}

#[tokio::test]
async fn a_header_of_the_callers_own_may_authenticate() {
    let fake = Fake::new([json("{}")]);
    let client = Client::builder().header("Authorization", "Custom x").transport(fake.clone()).build().unwrap();
    client.execute(&CHAT, Args::default(), RequestOptions::new()).await.unwrap();
    assert_eq!(fake.seen()[0].header("authorization"), Some("Custom x"));
}

#[tokio::test]
async fn required_headers_of_an_operation_are_sent() {
    let fake = Fake::new([json("{}")]);
    fake.client()
        .execute(&ASSISTANTS, Args::new(vec![], r#"{"limit":2}"#, vec![]), RequestOptions::new())
        .await
        .unwrap();
    let seen = &fake.seen()[0];
    assert_eq!(seen.header("openai-beta"), Some("assistants=v2"));
    assert_eq!(seen.url, "https://api.test/v1/assistants?limit=2");
    assert_eq!((seen.method.as_str(), seen.body.len(), seen.header("content-type")), ("GET", 0, None));
}

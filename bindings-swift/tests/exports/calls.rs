//! Calls, streams that are put together, polls, tokens, servers.

use std::sync::{Arc, Mutex};

use serde_json::json;
use threadline_ffi::{
    CallError, CancelHandle, Client, MockServer, ProvidedToken, Reply, TokenProvider, UpdateListener,
};

use super::{client, list, parsed, record, server};

#[tokio::test]
async fn a_stream_is_put_together_and_a_failure_has_the_snapshot() {
    let chunk = |text: &str| {
        json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": null, "delta": {"role": "assistant", "content": text}}]})
    };
    let server = server(json!([{"sse": [chunk("Hel"), chunk("lo")]}, {"sse": [chunk("Hel"), "[DONE]"]}])).await;
    let client = client(&server);
    let open = || {
        let fields = br#"{"model":"m","messages":[]}"#.to_vec();
        client.accumulate("chat.completions.create".into(), vec![], fields, String::new(), None)
    };
    let stream = open().await.unwrap();
    assert_eq!(stream.head().status, 200);
    let (mut events, mut failure) = (Vec::new(), None);
    while failure.is_none() {
        match stream.next_batch(None).await {
            Ok(Some(batch)) => events.extend(list(&batch)),
            Ok(None) => panic!("the stream was cut off"),
            Err(error) => failure = Some(record(error)),
        }
    }
    assert!(events.iter().any(|event| event["type"] == "content.delta" && event["delta"] == "lo"), "{events:?}");
    let more: serde_json::Value = serde_json::from_str(&failure.unwrap().more).unwrap();
    assert_eq!(more["partial"]["snapshot"]["choices"][0]["message"]["content"], "Hello");
    let stream = open().await.unwrap();
    while stream.next_batch(None).await.unwrap().is_some() {}
    let snapshot = stream.snapshot().await.unwrap();
    assert!(snapshot.contains("\"content\":\"Hel\""), "{snapshot}");
    stream.shut();
    let refused = client.accumulate("models.list".into(), vec![], b"{}".to_vec(), String::new(), None).await;
    assert!(record(refused.unwrap_err()).message.contains("models.list"));
}

struct Looks(Mutex<Vec<String>>);

impl UpdateListener for Looks {
    fn updated(&self, reply: Reply) {
        self.0.lock().unwrap().push(parsed(&reply.body)["status"].as_str().unwrap().to_owned());
    }
}

#[tokio::test]
async fn a_poll_tells_each_state() {
    let file = |status: &str| {
        json!({"json": {"id": "f", "object": "vector_store.file", "created_at": 1, "status": status,
        "usage_bytes": 0, "vector_store_id": "vs", "last_error": null}})
    };
    let server = server(json!([file("in_progress"), file("in_progress"), file("completed")])).await;
    let looks = Arc::new(Looks(Mutex::default()));
    let how = r#"{"resource":"vector_stores.files","ids":["vs","f"],"interval_s":0.001}"#;
    let reply =
        client(&server).poll(how.into(), vec![], vec![], vec![], String::new(), None, Some(looks.clone())).await;
    assert_eq!(parsed(&reply.unwrap().body)["status"], "completed");
    assert_eq!(*looks.0.lock().unwrap(), ["in_progress", "in_progress", "completed"]);
}

#[tokio::test]
async fn routes_that_the_description_does_not_have_are_called() {
    let server = server(json!([{"json": {"turned": 90}}, {"text": "blob"}, {"sse": [{"n": 1}]}])).await;
    let client = client(&server);
    let path = || vec!["/gadgets/g?x=1".to_owned()];
    let fields = br#"{"degrees":90}"#.to_vec();
    let reply = client.execute("post json".into(), path(), fields, vec![], String::new(), None).await.unwrap();
    assert_eq!(parsed(&reply.body)["turned"], 90);
    let download = client.download("get".into(), path(), b"{}".to_vec(), vec![], String::new(), None).await.unwrap();
    assert_eq!(download.next_chunk(None).await.unwrap().unwrap(), b"blob");
    let stream = client.stream("get".into(), path(), b"{}".to_vec(), vec![], String::new(), None).await.unwrap();
    assert_eq!(list(&stream.next_batch(None).await.unwrap().unwrap()), [json!({"n": 1})]);
    let seen = server.requests();
    assert_eq!((seen[0].head.verb.as_str(), seen[0].head.path.as_str()), ("POST", "/v1/gadgets/g"));
    assert_eq!(seen[0].body.json().unwrap(), json!({"degrees": 90}));
    let unknown = client.execute("post oil".into(), path(), b"{}".to_vec(), vec![], String::new(), None).await;
    assert!(record(unknown.unwrap_err()).message.contains("post oil"));
}

struct Tokens(Mutex<u32>);

impl TokenProvider for Tokens {
    fn token(&self) -> Result<ProvidedToken, CallError> {
        *self.0.lock().unwrap() += 1;
        Ok(ProvidedToken { token: "tok".into(), expires_in: Some(3600.0), refresh_in: None })
    }
}

#[tokio::test]
async fn tokens_of_the_host_are_sent_or_traded() {
    let models = json!({"json": {"object": "list", "data": []}});
    let server = server(json!([models, {"json": {"access_token": "traded", "token_type": "Bearer", "expires_in": 3600,
        "issued_token_type": "t"}}, models]))
    .await;
    let tokens = Arc::new(Tokens(Mutex::default()));
    let base = format!(r#""base_url":"{}","system_proxy":false"#, server.base_url());
    let plain = Client::new(format!("{{{base}}}"), Some(tokens.clone())).unwrap();
    plain.execute("models.list".into(), vec![], b"{}".to_vec(), vec![], String::new(), None).await.unwrap();
    let identity = format!(
        r#"{{{base},"workload_identity":{{"identity_provider_id":"i","service_account_id":"s","token_exchange_url":"{}/trade",
            "provider":{{"type":"function","token_type":"id"}}}}}}"#,
        server.base_url()
    );
    let traded = Client::new(identity, Some(tokens.clone())).unwrap();
    traded.execute("models.list".into(), vec![], b"{}".to_vec(), vec![], String::new(), None).await.unwrap();
    assert_eq!(*tokens.0.lock().unwrap(), 2);
    let seen = server.requests();
    assert!(format!("{:?}", seen[0]).contains("Bearer tok"));
    assert!(seen[1].body.text().contains("tok"));
    assert!(format!("{:?}", seen[2]).contains("Bearer traded"));
}

#[tokio::test]
async fn a_setting_that_is_none_is_refused_by_name() {
    for settings in [r#"{"api_key":"k","time_out":1}"#, r#"{"api_key":"k","limits":{"time_out":1}}"#] {
        let message = record(Client::new(settings.into(), None).unwrap_err()).message;
        assert!(message.contains("`time_out`"), "{message}");
    }
}

#[tokio::test]
async fn a_handle_ends_a_wait() {
    let server = server(json!([{"nothing": true, "end": "hold"}])).await;
    let (client, cancel) = (client(&server), CancelHandle::new());
    let call =
        client.execute("models.list".into(), vec![], b"{}".to_vec(), vec![], String::new(), Some(cancel.clone()));
    let end = async {
        server.wait(std::time::Duration::from_secs(20), |log| !log.requests.is_empty()).await;
        cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(call, end);
    assert_eq!(record(outcome.unwrap_err()).kind, "cancelled");
}

#[test]
fn a_mock_server_of_the_hosts_answers() {
    let server = MockServer::new(0).unwrap();
    let settings = format!(r#"{{"base_url":"{}/v1","api_key":"k","system_proxy":false}}"#, server.origin());
    let client = Client::new(settings, None).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let call = client.execute("models.retrieve".into(), vec!["m".into()], b"{}".to_vec(), vec![], String::new(), None);
    assert_eq!(parsed(&runtime.block_on(call).unwrap().body)["object"], "model");
    server.stop();
}

use std::time::Duration;

use super::*;
use crate::RequestOptions;
use crate::auth::{SubjectTokenType, Token, subject_token};
use crate::error::ErrorKind;

fn refused(settings: &str) -> String {
    let made = Settings::from_json(settings).and_then(|settings| settings.builder(Hooks::new())).map(|_| ());
    let error = made.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage, "{settings}");
    error.message().to_owned()
}

fn built(settings: &str, hooks: Hooks) -> Client {
    Settings::from_json(settings).unwrap().builder(hooks).unwrap().build().unwrap()
}

#[test]
fn no_options_and_all_options_are_read() {
    assert!(RequestOptions::from_json("").is_ok());
    let all = r#"{"api_key":"canary","admin_api_key":"canary","organization":"o","project":"p","base_url":"http://h/v1",
        "webhook_secret":"canary","timeout_s":1.5,"idle_timeout_s":2,"first_event_timeout_s":3,"hedge_after_s":4,
        "max_retries":7,"max_response_bytes":8,"idempotency_key":"i","headers":{"a":"b","c":null},"query":{"n":1,"m":"t"},
        "body":{"x":{"y":12345678901234567890123}}}"#;
    let options = RequestOptions::from_json(all).unwrap();
    assert_eq!(options.timeout, Some(Duration::from_millis(1500)));
    assert_eq!(options.idle_timeout, Some(Duration::from_secs(2)));
    assert_eq!(options.first_event_timeout, Some(Duration::from_secs(3)));
    assert_eq!(options.hedge_after, Some(Duration::from_secs(4)));
    assert_eq!((options.max_retries, options.max_response_bytes), (Some(7), Some(8)));
    assert_eq!(options.idempotency_key.as_deref(), Some("i"));
    assert_eq!(options.headers, [("a".to_owned(), Some("b".to_owned())), ("c".to_owned(), None)]);
    assert_eq!(options.query, [("n".to_owned(), "1".to_owned()), ("m".to_owned(), "t".to_owned())]);
    assert!(options.extra_body[0].raw().contains("12345678901234567890123"), "digits are kept");
    assert!(!format!("{options:?}").contains("canary"));
}

#[test]
fn times_are_known_without_their_unit_and_are_ten_years_at_the_most() {
    let options = RequestOptions::from_json(r#"{"timeout":2,"idle_timeout":1e300}"#).unwrap();
    assert_eq!(options.timeout, Some(Duration::from_secs(2)));
    assert_eq!(options.idle_timeout, Some(Duration::from_secs(10 * 365 * 86_400)));
    let message = RequestOptions::from_json(r#"{"timeout_s":-1}"#).unwrap_err().to_string();
    assert!(message.contains("`timeout_s`"), "{message}");
}

#[test]
fn pairs_keep_names_that_come_again() {
    let options = RequestOptions::from_json(r#"{"query":[["a","1"],["a","2"]],"headers":[["x",null]]}"#).unwrap();
    assert_eq!(options.query, [("a".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())]);
    assert_eq!(options.headers, [("x".to_owned(), None)]);
}

#[test]
fn an_idempotency_key_among_the_headers_is_the_calls_key() {
    let options = RequestOptions::from_json(r#"{"headers":{"Idempotency-Key":"k"}}"#).unwrap();
    assert_eq!(options.idempotency_key.as_deref(), Some("k"));
    assert!(options.headers.is_empty());
}

#[test]
fn what_is_no_setting_is_refused_by_its_name() {
    assert!(RequestOptions::from_json(r#"{"time_out":1}"#).unwrap_err().message().contains("`time_out`"));
    for (settings, name) in [
        (r#"{"api_key":"k","time_out":1}"#, "`time_out`"),
        (r#"{"api_key":"k","limits":{"per_hour":1}}"#, "`per_hour`"),
        (r#"{"api_key":"k","cassette":{"file":"f","mode":"rewind"}}"#, "`rewind`"),
        (r#"{"api_key":"k","azure":{"end_point":"f"}}"#, "`end_point`"),
        (r#"{"api_key":"k","http_version":"3"}"#, "`http_version`"),
        (r#"{"api_key":"k","client_cert_file":"f"}"#, "`client_key_file`"),
        (r#"{"workload_identity":{"identity_provider_id":"i"}}"#, "`service_account_id`"),
        (
            r#"{"workload_identity":{"identity_provider_id":"i","service_account_id":"s","provider":{"type":"moon"}}}"#,
            "`moon`",
        ),
    ] {
        let message = refused(settings);
        assert!(message.contains(name), "{settings}: {message}");
    }
    assert!(Settings::from_json("[1]").is_err());
}

#[test]
fn secrets_stay_out_of_debug() {
    let settings = Settings::from_json(r#"{"api_key":"canary","azure":{"ad_token":"canary"}}"#).unwrap();
    assert!(!format!("{settings:?}").contains("canary"));
}

#[test]
fn every_setting_makes_a_client() {
    let client = built(
        r#"{"from_env":false,"api_key":"k","base_url":"http://h/v1","connect_timeout_s":1,"tcp_user_timeout_s":2,
            "system_proxy":false,"proxy":"http://p:1","no_proxy":"a,b","resolve":{"h":["127.0.0.1","::1"]},"http_version":"1.1",
            "limits":{"requests_per_minute":1,"tokens_per_minute":2,"max_concurrent":3,"learn":false,
                "models":{"m":{"requests_per_minute":1,"tokens_per_minute":null}}},
            "retry_budget":3,"observe":true,"observe_content":false,"usage":true}"#,
        Hooks::new(),
    );
    assert_eq!(client.base_url(), "http://h/v1");
}

#[test]
fn what_is_not_the_clients_is_handed_out() {
    let settings =
        Settings::from_json(r#"{"observe":true,"usage":true,"assistants":{"store":"sqlite::memory:"}}"#).unwrap();
    assert!(settings.observe());
    assert!(settings.counter().unwrap().is_some());
    assert_eq!(settings.assistants().as_deref(), Some(r#"{"store":"sqlite::memory:"}"#));
    let plain = Settings::from_json(r#"{"usage":false,"assistants":"sqlite:f"}"#).unwrap();
    assert!(!plain.observe() && plain.counter().unwrap().is_none());
    assert_eq!(plain.assistants().as_deref(), Some("sqlite:f"));
    assert!(Settings::from_json(r#"{"usage":{"models":7}}"#).unwrap().counter().is_err());
}

#[test]
fn the_programs_functions_take_the_place_of_keys() {
    let tokens = || async { Ok::<_, Error>(Token::new("t")) };
    built("{}", Hooks::new().tokens(tokens));
    built(r#"{"azure":{"endpoint":"https://e","deployment":"d","api_version":"v"}}"#, Hooks::new().tokens(tokens));
    let identity = r#"{"workload_identity":{"identity_provider_id":"i","service_account_id":"s","token_exchange_url":"https://t",
        "refresh_buffer_seconds":5,"provider":{"type":"function","function":7,"token_type":"id"}}}"#;
    assert!(refused(identity).contains("function"));
    let hooks = Hooks::new().subject(|function| {
        assert_eq!((function.function.as_u64(), function.token_type), (Some(7), SubjectTokenType::Id));
        Ok(subject_token(function.token_type, || std::future::ready(Ok("t".to_owned()))))
    });
    built(identity, hooks);
    for provider in [
        r#"{"type":"text","token":"t","token_type":"jwt"}"#,
        r#"{"type":"k8s","token_file_path":"f"}"#,
        r#"{"type":"k8s"}"#,
        r#"{"type":"azure","endpoint":"http://e","resource":"r","object_id":"o","client_id":"c","msi_res_id":"m","api_version":"v"}"#,
        r#"{"type":"gcp","endpoint":"http://e","audience":"a"}"#,
    ] {
        let text = identity.replace(r#"{"type":"function","function":7,"token_type":"id"}"#, provider);
        built(&text, Hooks::new());
    }
}

#[test]
fn a_connection_needs_what_stands_in_its_address() {
    let client = built(r#"{"api_key":"k"}"#, Hooks::new());
    let open = |resource: &str, settings: &str| {
        let settings = ConnectSettings::from_json(settings)?;
        let none = None::<fn(&crate::websocket::Reconnecting) -> crate::websocket::Advice>;
        settings.open(&client, resource, RequestOptions::new(), none).map(|_| ())
    };
    for resource in ["beta.realtime", "realtime", "realtime.translations"] {
        assert!(open(resource, "{}").unwrap_err().message().contains("`model`"), "{resource}");
        assert!(open(resource, r#"{"model":"m"}"#).is_ok(), "{resource}");
    }
    for resource in ["live.sideband", "live.forks"] {
        assert!(open(resource, "{}").unwrap_err().message().contains("`session_id`"), "{resource}");
        assert!(open(resource, r#"{"session_id":"s"}"#).is_ok(), "{resource}");
    }
    for settings in [r#"{"call_id":"c"}"#, r#"{"call_id":"c","model":"m"}"#, r#"{"intent":"transcription"}"#] {
        assert!(open("realtime", settings).is_ok(), "{settings}");
    }
    let all = r#"{"base_url":"ws://h","reconnect":{"max_retries":1,"initial_delay_s":0,"max_delay":1},"ping_interval_s":1,
        "close_timeout_s":1,"max_size":1000}"#;
    for resource in ["live", "responses", "beta.responses"] {
        assert!(open(resource, all).is_ok(), "{resource}");
    }
    assert!(open("files", "{}").unwrap_err().message().contains("`files`"));
    assert!(open("live", r#"{"pings":1}"#).unwrap_err().message().contains("`pings`"));
    assert!(open("live", r#"{"ping_timeout_s":-1}"#).unwrap_err().message().contains("`ping_timeout_s`"));
    let pool = PoolSettings::from_json(r#"{"max_connections":2,"idle_time":1,"max_age_s":2}"#).unwrap();
    assert_eq!(pool.build(&client, RequestOptions::new()).unwrap().opened(), 0);
}

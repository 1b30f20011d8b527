//! Keys and prompts must not leak: the written cases run with canaries in them, everything is logged, nothing may sing.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use threadline_conformance::suite::case::{RawCase, load};
use threadline_conformance::suite::{Drive, run};
use tracing::field::{Field, Visit};
use tracing::span;

const CANARY: &str = "canary-7f3a";

/// What was seen: how many texts, and those with the canary in them.
#[derive(Default)]
struct Cage {
    texts: usize,
    sung: Vec<String>,
}

fn hear(source: &str, text: &str) {
    static CAGE: OnceLock<Mutex<Cage>> = OnceLock::new();
    let mut cage = CAGE.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    cage.texts += 1;
    if text.contains(CANARY) {
        cage.sung.push(format!("{source}: {text}"));
    }
    if source == "end" {
        assert!(cage.texts > 1000, "the logs are not captured: {} texts", cage.texts);
        assert!(
            cage.sung.is_empty(),
            "{} leaks:\n{}",
            cage.sung.len(),
            cage.sung[..cage.sung.len().min(10)].join("\n")
        );
    }
}

struct Everything;

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!(" {field}={value:?}"));
    }
}

impl tracing::Subscriber for Everything {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut fields = Fields(attributes.metadata().name().to_owned());
        attributes.record(&mut fields);
        hear(attributes.metadata().target(), &fields.0);
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut fields = Fields(String::new());
        values.record(&mut fields);
        hear("span", &fields.0);
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        hear(event.metadata().target(), &fields.0);
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

impl log::Log for Everything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        hear(record.target(), &record.args().to_string());
    }

    fn flush(&self) {}
}

/// The case with canaries for keys, headers, queries and prompts.
fn with_canaries(mut case: RawCase) -> RawCase {
    let text = case.json.to_string();
    // A server can only send back the key that it got.
    let usual_key = !["api_key", "tokens", "identity", "azure", "uthorization", "\"admin.", "from_env"]
        .iter()
        .any(|other| text.contains(other));
    let client = &mut case.json["client"];
    for name in ["api_key", "admin_api_key"] {
        let own = client[name].as_str().unwrap_or_default().to_owned();
        client[name] = format!("{CANARY}-{own}").into();
    }
    for token in client.get_mut("tokens").and_then(Value::as_array_mut).into_iter().flatten() {
        let token = if token.is_object() { &mut token["token"] } else { token };
        if let Some(own) = token.as_str() {
            *token = format!("{CANARY}-{own}").into();
        }
    }
    if let Some(token) = client.pointer_mut("/workload_identity/provider/token") {
        *token = CANARY.into();
    }
    if let Some(token) = client.pointer_mut("/azure/ad_token") {
        *token = CANARY.into();
    }
    client["headers"]["x-canary"] = CANARY.into();
    client["query"]["canary"] = CANARY.into();
    if let Some(proxy) = client["proxy"].as_str() {
        client["proxy"] = proxy.replacen("user:", &format!("user:{CANARY}"), 1).into();
    }
    for server in ["server", "other"] {
        case.json
            .get_mut(server)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .for_each(|reply| echo(reply, usual_key));
    }
    if let Some(call) = case.json.get_mut("call") {
        taint(&mut call["args"]);
        taint_options(&mut call["options"]);
    }
    for call in case.json.get_mut("calls").and_then(Value::as_array_mut).into_iter().flatten() {
        taint(&mut call["args"]);
        taint_options(&mut call["options"]);
    }
    case
}

/// Makes the server give out cookies, and send back credentials, the key too if it is that of the client.
fn echo(reply: &mut Value, key: bool) {
    // Raw bytes are their own head.
    if reply.get("raw").is_none() && reply.get("nothing").is_none() {
        reply["headers"]["set-cookie"] = json!([format!("session={CANARY}"), format!("other={CANARY}")]);
        reply["headers"]["authorization"] = format!("Bearer {CANARY}").into();
        if key {
            reply["headers"]["x-echo"] = format!("the key was {CANARY}-test-key").into();
        }
    }
}

fn taint_options(options: &mut Value) {
    options["headers"]["x-canary-2"] = CANARY.into();
    options["body"]["canary"] = json!({"x": CANARY});
    if let Some(key) = options["api_key"].as_str() {
        options["api_key"] = format!("{CANARY}-{key}").into();
    }
}

/// Puts a canary into every text that a prompt may stand in.
fn taint(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(taint),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text)
                        if matches!(name.as_str(), "content" | "input" | "prompt" | "text" | "query") =>
                    {
                        text.push_str(CANARY);
                    }
                    _ => taint(member),
                }
            }
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_and_no_prompt_reaches_a_log_an_error_or_a_debug() {
    tracing::subscriber::set_global_default(Everything).expect("no other subscriber is set");
    log::set_boxed_logger(Box::new(Everything)).expect("no other logger is set");
    log::set_max_level(log::LevelFilter::Trace);
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/cases");
    let files = load(&cases).expect("the cases are in the format");
    let written = files.into_iter().filter(|file| file.name.starts_with("written/")).flat_map(|file| file.cases);
    // Whoever asks for prompts gets them.
    let written = written.filter(|case| case.json["client"]["observe_content"] != true);
    let drive = Drive::Watched(Arc::new(|text| hear("shown", text)));
    // Whether a case passes is another test's matter: canaries change the requests.
    stream::iter(written.map(with_canaries))
        .map(|case| run(&drive, case))
        .buffer_unordered(24)
        .collect::<Vec<_>>()
        .await;
    hear("end", "");
}

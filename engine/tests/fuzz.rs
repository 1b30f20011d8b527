//! Requests that make no sense never break the engine: no 5xx, no 409, and each refusal is the envelope.
//!
//! What is sent follows from a seed. `THREADLINE_FUZZ_SEED` and `THREADLINE_FUZZ_ROUNDS` choose another one, and more.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use http::{HeaderValue, Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use support::{Bench, calls, function, id, says};
use threadline_engine::Settings;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 16).unwrap() % end.max(1)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

/// Ids of objects that are there.
struct World {
    assistant: String,
    thread: String,
    message: String,
    run: String,
    step: String,
    waiting: (String, String),
    file: String,
    store: String,
    batch: String,
}

impl World {
    async fn new(bench: &Bench) -> Self {
        let file = id(&bench.upload("facts.md", b"The capital is Fredville.").await);
        let store = id(&bench.post("/v1/vector_stores", json!({"name": "s"})).await);
        let batches = format!("/v1/vector_stores/{store}/file_batches");
        let batch = id(&bench.post(&batches, json!({"file_ids": [file]})).await);
        bench.indexed(&store).await;
        let (assistant, thread) = bench.ready(json!({"tools": [function("f"), {"type": "file_search"}]})).await;
        let waiting = bench.run(&thread, json!({"assistant_id": assistant})).await;
        let waiting = (thread, id(&waiting));
        let (_, thread) = bench.ready(json!({})).await;
        let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
        let step = id(&bench.steps(&thread, &run).await[0]);
        let message = id(&bench.messages(&thread, 1).await[0]);
        Self { assistant, thread, message, run, step, waiting, file, store, batch }
    }

    /// One good request of every kind: method, path, body.
    fn requests(&self) -> Vec<(Method, String, Option<Value>)> {
        let Self { assistant, thread, message, run, step, waiting, file, store, batch } = self;
        let get = |path: String| (Method::GET, path, None);
        let post = |path: String, body: Value| (Method::POST, path, Some(body));
        let delete = |path: String| (Method::DELETE, path, None);
        let schema = json!({"type": "json_schema", "json_schema": {"name": "n", "description": "d",
                            "schema": {"type": "object"}, "strict": true}});
        let tools = json!([
            {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"},
             "strict": false}},
            {"type": "file_search", "file_search": {"max_num_results": 5,
             "ranking_options": {"ranker": "auto", "score_threshold": 0.5}}},
        ]);
        let chunks = json!({"type": "static",
                            "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50}});
        let after = json!({"anchor": "last_active_at", "days": 3});
        let resources = json!({"file_search": {"vector_stores": [{"file_ids": [file], "chunking_strategy": chunks,
                               "metadata": {"a": "b"}}]}, "code_interpreter": {"file_ids": [file]}});
        let whole = json!({"model": "m", "name": "n", "description": "d", "instructions": "i", "tools": tools,
                           "tool_resources": resources, "metadata": {"a": "b"}, "temperature": 0.5, "top_p": 0.5,
                           "reasoning_effort": "low", "response_format": schema});
        let parts = json!([{"type": "text", "text": "x"},
                           {"type": "image_file", "image_file": {"file_id": file, "detail": "low"}},
                           {"type": "image_url", "image_url": {"url": "https://x.example", "detail": "auto"}}]);
        let said = json!({"role": "user", "content": parts, "metadata": {"a": "b"},
                          "attachments": [{"file_id": file, "tools": [{"type": "file_search"}]}]});
        let mut begun = json!({"assistant_id": assistant, "model": "m", "instructions": "i", "tools": tools,
                           "metadata": {"a": "b"}, "temperature": 0.5, "top_p": 0.5, "reasoning_effort": "low",
                           "response_format": schema, "max_prompt_tokens": 300, "max_completion_tokens": 300,
                           "truncation_strategy": {"type": "last_messages", "last_messages": 3},
                           "tool_choice": {"type": "function", "function": {"name": "f"}},
                           "parallel_tool_calls": true, "stream": true});
        let with_thread = {
            let mut both = begun.clone();
            both["thread"] = json!({"messages": [said], "metadata": {}, "tool_resources": resources});
            both["tool_resources"] = resources.clone();
            both
        };
        begun["additional_instructions"] = json!("more");
        begun["additional_messages"] = json!([said]);
        let outputs = json!({"tool_outputs": [{"tool_call_id": "call_a", "output": "x"}], "stream": false});
        let filter = json!({"type": "and", "filters": [{"type": "eq", "key": "a", "value": "b"}]});
        let (held, waits) = waiting;
        vec![
            get("/assistants".into()),
            post("/assistants".into(), whole.clone()),
            get(format!("/assistants/{assistant}")),
            post(format!("/assistants/{assistant}"), whole),
            delete("/assistants/asst_none".into()),
            post("/threads".into(), json!({"messages": [said], "metadata": {"a": "b"}, "tool_resources": resources})),
            post("/threads/runs".into(), with_thread),
            get(format!("/threads/{thread}")),
            post(format!("/threads/{thread}"), json!({"metadata": {"a": "b"}, "tool_resources": resources})),
            delete("/threads/thread_none".into()),
            get(format!("/threads/{thread}/messages")),
            post(format!("/threads/{thread}/messages"), said),
            get(format!("/threads/{thread}/messages/{message}")),
            post(format!("/threads/{thread}/messages/{message}"), json!({"metadata": {"a": "b"}})),
            delete(format!("/threads/{thread}/messages/msg_none")),
            get(format!("/threads/{thread}/runs")),
            post(format!("/threads/{thread}/runs"), begun),
            get(format!("/threads/{thread}/runs/{run}")),
            post(format!("/threads/{thread}/runs/{run}"), json!({"metadata": {"a": "b"}})),
            post(format!("/threads/{thread}/runs/{run}/cancel"), json!({})),
            post(format!("/threads/{held}/runs/{waits}/submit_tool_outputs"), outputs),
            get(format!("/threads/{thread}/runs/{run}/steps")),
            get(format!("/threads/{thread}/runs/{run}/steps/{step}")),
            get(format!("/threads/{thread}/runs/{run}/events")),
            get("/files".into()),
            get(format!("/files/{file}")),
            get(format!("/files/{file}/content")),
            delete("/files/file-none".into()),
            get("/vector_stores".into()),
            post(
                "/vector_stores".into(),
                json!({"name": "n", "description": "d", "file_ids": [file],
                 "expires_after": after, "chunking_strategy": chunks, "metadata": {"a": "b"}}),
            ),
            get(format!("/vector_stores/{store}")),
            post(format!("/vector_stores/{store}"), json!({"name": "n", "expires_after": after, "metadata": {}})),
            delete("/vector_stores/vs_none".into()),
            post(
                format!("/vector_stores/{store}/search"),
                json!({"query": ["capital"], "max_num_results": 3,
                 "rewrite_query": false, "filters": filter, "ranking_options": {"score_threshold": 0.1}}),
            ),
            get(format!("/vector_stores/{store}/files")),
            post(
                format!("/vector_stores/{store}/files"),
                json!({"file_id": file, "attributes": {"a": "b"},
                 "chunking_strategy": chunks}),
            ),
            get(format!("/vector_stores/{store}/files/{file}")),
            post(format!("/vector_stores/{store}/files/{file}"), json!({"attributes": {"a": "b"}})),
            delete(format!("/vector_stores/{store}/files/file-none")),
            get(format!("/vector_stores/{store}/files/{file}/content")),
            post(format!("/vector_stores/{store}/file_batches"), json!({"file_ids": [file], "attributes": {"a": 1}})),
            post(format!("/vector_stores/{store}/file_batches"), json!({"files": [{"file_id": file}]})),
            get(format!("/vector_stores/{store}/file_batches/{batch}")),
            post(format!("/vector_stores/{store}/file_batches/{batch}/cancel"), json!({})),
            get(format!("/vector_stores/{store}/file_batches/{batch}/files")),
        ]
    }
}

/// A value that nobody expects.
fn odd_value(dice: &mut Dice) -> Value {
    const TEXTS: &[&str] = &[
        "",
        " ",
        "undefined",
        "null",
        "\u{0}",
        "\u{feff}",
        "👩‍👩‍👧",
        "𝕏\u{202e}",
        "'; drop table runs; --",
        "%s%n{}",
        "../..",
        "asst_",
        "thread_\u{0}",
        "file-",
        "auto",
        "-1",
    ];
    match dice.below(16) {
        0 => Value::Null,
        1 => json!(dice.chance(2)),
        2 => json!(*dice.pick(&[0, -1, 1, 255, 256, 257, i64::MAX, i64::MIN, 4096])),
        3 => json!(u64::MAX),
        4 => json!(*dice.pick(&[0.5, -0.0, 1e308, -1e308, 5e-324, 2.000_000_1])),
        5 => json!("x".repeat(*dice.pick(&[1, 65, 257, 513, 5000, 256_001]))),
        6 => json!([]),
        7 => json!({}),
        8 => (0..100).fold(json!(1), |inner, _| json!([inner])),
        9 => (0..100).fold(json!("x"), |inner, _| json!({ "type": inner })),
        10 => (0..*dice.pick(&[17, 129, 600])).map(|_| json!({"type": "function"})).collect(),
        11 => (0..20).map(|i| (format!("k{i}"), json!(i))).collect::<serde_json::Map<_, _>>().into(),
        12 => json!({"type": "function", "function": {"name": "f"}}),
        13 => json!({"\u{0}": "\u{0}"}),
        _ => json!(*dice.pick(TEXTS)),
    }
}

/// Changes something in a value, somewhere.
fn twist(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Object(members) if !members.is_empty() && !dice.chance(6) => {
            let name = dice.pick(&members.keys().cloned().collect::<Vec<_>>()).clone();
            match dice.below(8) {
                0 => drop(members.remove(&name)),
                1 => drop(members.insert(format!("{name}\u{0}"), odd_value(dice))),
                2 => drop(members.insert("foo".into(), odd_value(dice))),
                3 => drop(members.insert(name, odd_value(dice))),
                _ => members.get_mut(&name).into_iter().for_each(|inner| twist(inner, dice)),
            }
        }
        Value::Array(items) if !items.is_empty() && !dice.chance(6) => {
            let at = dice.below(items.len());
            match dice.below(6) {
                0 => items.push(odd_value(dice)),
                1 => items.extend(items.clone()),
                2 => drop(items.remove(at)),
                _ => twist(&mut items[at], dice),
            }
        }
        other => *other = odd_value(dice),
    }
}

/// Changes bytes of a body.
fn garble(bytes: &mut Vec<u8>, dice: &mut Dice) {
    match dice.below(6) {
        0 => bytes.truncate(dice.below(bytes.len() + 1)),
        1 => bytes.extend_from_slice(b"}]"),
        2 => bytes.splice(0..0, *b"\xef\xbb\xbf").for_each(drop),
        3 => *bytes = Vec::new(),
        _ => {
            for _ in 0..=dice.below(4) {
                let at = dice.below(bytes.len());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u8::try_from(dice.below(256)).unwrap();
                }
            }
        }
    }
}

/// Puts something else into a path.
fn lead_astray(path: &str, dice: &mut Dice) -> String {
    const ODD: &[&str] = &[
        "undefined",
        "null",
        "",
        "%00",
        "thread_%00",
        "run_%ff%fe",
        "asst_%E2%80%AE",
        "..",
        "%2e%2e",
        "msg_'",
        "file-%25",
        "vs_%F0%9F%91%A9",
        "step_",
        "vsfb_x",
        "thread_x",
        "run_x",
    ];
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    let at = dice.below(parts.len());
    match dice.below(8) {
        0 => parts.push((*dice.pick(ODD)).to_owned()),
        1 => drop(parts.remove(at)),
        2 => parts[at] = format!("thread_{}", "x".repeat(2000)),
        _ => parts[at] = (*dice.pick(ODD)).to_owned(),
    }
    format!("/{}", parts.join("/").trim_start_matches('/'))
}

fn odd_query(dice: &mut Dice) -> String {
    const NAMES: &[&str] = &[
        "limit",
        "order",
        "after",
        "before",
        "run_id",
        "include[]",
        "include",
        "filter",
        "purpose",
        "foo",
        "%00",
        "%ff",
    ];
    const VALUES: &[&str] = &[
        "",
        "0",
        "1",
        "-1",
        "100",
        "101",
        "99999999999999999999",
        "9223372036854775807",
        "1.5",
        "asc",
        "desc",
        "x",
        "%00",
        "%ff",
        "undefined",
        "msg_%00",
        "completed",
        "assistants",
        "%F0%9F%91%A9",
        "a=b",
        "1e9",
        "step_details.tool_calls[*].file_search.results[*].content",
    ];
    let pairs: Vec<String> =
        (0..=dice.below(3)).map(|_| format!("{}={}", dice.pick(NAMES), dice.pick(VALUES))).collect();
    format!("?{}", pairs.join("&"))
}

fn odd_headers(request: &mut Request<Body>, dice: &mut Dice) {
    const KINDS: &[&str] = &[
        "application/json",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "x",
        "application/json; charset=latin1",
    ];
    const KEYS: &[&[u8]] = &[b"k", b"\xff\xfe", b"", b"k'--"];
    const EVENTS: &[&str] = &["x", "-1", "9223372036854775807", "0"];
    let headers = request.headers_mut();
    if dice.chance(6) {
        let kind: &&'static str = dice.pick(KINDS);
        headers.insert("content-type", HeaderValue::from_static(kind));
    }
    if dice.chance(8) {
        let key: &&[u8] = dice.pick(KEYS);
        headers.insert("idempotency-key", HeaderValue::from_bytes(key).unwrap());
    }
    if dice.chance(8) {
        let event: &&'static str = dice.pick(EVENTS);
        headers.insert("last-event-id", HeaderValue::from_static(event));
    }
}

/// A form that is or is not what it says.
fn odd_form(dice: &mut Dice) -> Vec<u8> {
    const NAMES: &[&str] = &["file", "purpose", "expires_after[seconds]", "expires_after[anchor]", "foo", "", "\u{1}"];
    const VALUES: &[&[u8]] = &[b"assistants", b"", b"\xff\xfe", b"99999999999999", b"3600", b"created_at", b"x\0y"];
    let mut form = Vec::new();
    for _ in 0..dice.below(5) {
        let file = if dice.chance(2) { "; filename=\"a\u{1F469}.txt\"" } else { "" };
        form.extend(
            format!("--x\r\ncontent-disposition: form-data; name=\"{}\"{file}\r\n\r\n", dice.pick(NAMES)).into_bytes(),
        );
        let value: &&[u8] = dice.pick(VALUES);
        form.extend_from_slice(value);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(b"--x--\r\n");
    if dice.chance(3) {
        garble(&mut form, dice);
    }
    form
}

fn odd_request(world: &World, dice: &mut Dice) -> Request<Body> {
    if dice.chance(12) {
        let mut request = Request::post("/v1/files").body(odd_form(dice).into()).unwrap();
        request.headers_mut().insert("content-type", HeaderValue::from_static("multipart/form-data; boundary=x"));
        return request;
    }
    let (mut method, mut path, body) = dice.pick(&world.requests()).clone();
    let mut bytes = body.map_or(Vec::new(), |mut body| {
        for _ in 0..dice.below(4) {
            twist(&mut body, dice);
        }
        body.to_string().into_bytes()
    });
    if dice.chance(8) {
        garble(&mut bytes, dice);
    }
    if dice.chance(6) {
        path = lead_astray(&path, dice);
    }
    if dice.chance(20) {
        method = dice.pick(&[Method::PUT, Method::PATCH, Method::OPTIONS, Method::DELETE, Method::GET]).clone();
        // What is deleted is missed by all that comes after.
        if method == Method::DELETE {
            path = format!("{path}x");
        }
    }
    if dice.chance(4) {
        path.push_str(&odd_query(dice));
    }
    let path = if dice.chance(2) { format!("/v1{path}") } else { path };
    let uri: http::Uri = path.parse().unwrap_or_else(|_| http::Uri::from_static("/v1/threads/odd"));
    let mut request = Request::builder().method(method).uri(uri).body(Body::from(bytes)).unwrap();
    odd_headers(&mut request, dice);
    request
}

/// What is said of a request that did not hold.
fn told(request: &Request<Body>) -> String {
    format!("{} {} {:?}", request.method(), request.uri(), request.headers())
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_breaks_the_engine() {
    static BROKEN: AtomicUsize = AtomicUsize::new(0);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        BROKEN.fetch_add(1, Ordering::SeqCst);
        before(info);
    }));
    let mut settings = Settings::default();
    settings.max_body = 4 << 20;
    let bench = Bench::with(settings, [calls(&[("call_a", "f", "{}")]), says("x")]).await;
    let world = World::new(&bench).await;
    for (method, path, body) in world.requests() {
        let good = ["asst_none", "thread_none", "msg_none", "file-none", "vs_none", "cancel", "submit"];
        let (status, answer) = match path.ends_with("/content")
            || path.ends_with("/events")
            || body.as_ref().is_some_and(|body| body["stream"] == true)
        {
            true => (bench.send(method, &path, body).await.status(), Value::Null),
            false => bench.call(method, &path, body).await,
        };
        assert!(status == 200 || good.iter().any(|part| path.contains(part)), "{path}: {status} {answer}");
    }
    let seed = number("THREADLINE_FUZZ_SEED", 0x7468_7265_6164);
    let mut dice = Dice(seed);
    let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
    // A round takes longer where the store is another process.
    let usual = if std::env::var_os("THREADLINE_TEST_POSTGRES").is_some() { 2000 } else { 6000 };
    let rounds = number("THREADLINE_FUZZ_ROUNDS", usual);
    for round in 0..rounds {
        let request = odd_request(&world, &mut dice);
        let shown = format!("round {round} of seed {seed}: {}", told(&request));
        let reply = bench.request(request).await;
        let status = reply.status().as_u16();
        *statuses.entry(status).or_default() += 1;
        let named = reply.headers().contains_key("x-request-id");
        let body = tokio::time::timeout(Duration::from_secs(60), reply.into_body().collect()).await;
        let bytes = body.unwrap_or_else(|_| panic!("no end of the reply to {shown}")).unwrap().to_bytes();
        assert!(named, "{shown}");
        assert!(status < 500 && status != 409, "{status} to {shown}: {}", String::from_utf8_lossy(&bytes));
        if status >= 400 {
            let value: Value =
                serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("{status} without JSON: {shown}"));
            let error = value["error"].as_object().unwrap_or_else(|| panic!("no envelope to {shown}: {value}"));
            let keys: Vec<&str> = error.keys().map(String::as_str).collect();
            assert_eq!(keys, ["message", "type", "param", "code"], "{shown}");
            assert!(
                error["message"].as_str().is_some_and(|message| !message.is_empty() && message.len() < 4000),
                "{shown}"
            );
            assert_eq!(error["type"], "invalid_request_error", "{shown}");
        }
        assert_eq!(BROKEN.load(Ordering::SeqCst), 0, "something panicked at {shown}");
    }
    // Both kinds of answers were given, so the requests were neither all nonsense nor all sound.
    let share = |status: u16| rounds / (statuses.get(&status).copied().unwrap_or(0) as u64).max(1);
    assert!(share(200) < 12 && share(400) < 6 && share(404) < 120, "{statuses:?}");
    bench.get(&format!("/v1/assistants/{}", world.assistant)).await;
}

//! The program `threadline-server`: keys, configuration, health, pages of other origins, import and export.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use support::id;
use support::provider::{Answer, Provider};
use support::store::Shared;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// The program with this store, and nothing of the environment that would change what it does.
fn program(store: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_threadline-server"));
    let ours = |name: &str| name.starts_with("THREADLINE_") && name != "THREADLINE_TEST_POSTGRES";
    for (name, _) in std::env::vars().filter(|(name, _)| ours(name)) {
        command.env_remove(name);
    }
    command.args(["--store", store]).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// What a command prints, if it succeeds.
async fn output(command: &mut Command) -> String {
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a command that fails says.
async fn complaint(command: &mut Command) -> String {
    let output = command.output().await.unwrap();
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

/// A server that listens.
struct Server {
    address: String,
    // Killed with this.
    child: Child,
}

struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(known, _)| *known == name))
            .map(|(_, value)| value)
    }
}

impl Server {
    async fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("the server says where it listens");
        let address = line.strip_prefix("listening on http://").and_then(|line| line.strip_suffix("/v1")).unwrap();
        Self { address: address.to_owned(), child }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut socket = TcpStream::connect(&self.address).await.unwrap();
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes).await.unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply = Reply { status, head, body: bytes[end + 4..].to_vec() };
        if reply.header("transfer-encoding") == Some("chunked") {
            reply.body = dechunked(&reply.body);
        }
        reply
    }

    async fn get(&self, path: &str, key: &str) -> Reply {
        self.send("GET", path, &[("authorization", &format!("Bearer {key}"))], "").await
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Reply {
        self.send("POST", path, &[("authorization", &format!("Bearer {key}"))], &body.to_string()).await
    }
}

fn dechunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        whole.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
    whole
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("threadline-server-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        shown(&path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn says(words: &str) -> Vec<Value> {
    vec![
        json!({"choices": [{"index": 0, "delta": {"content": words}, "finish_reason": null}]}),
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
    ]
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_that_comes_with_the_address_ends_the_server_in_order() {
    for signal in ["-INT", "-TERM"].repeat(8) {
        let mut server = Server::start(program("sqlite::memory:").args(["--listen", "127.0.0.1:0"])).await;
        let process = server.child.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().await.unwrap().success());
        assert_eq!(server.child.wait().await.unwrap().code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn keys_open_the_server_and_never_reach_the_provider() {
    let store = Shared::new().await;
    let provider = Provider::start([Answer::chunks(&says("Hi."))]).await;
    let mine = output(program(&store.url).args(["keys", "add", "mine", "--tenant", "me"])).await.trim().to_owned();
    let yours = output(program(&store.url).args(["keys", "add", "yours", "--tenant", "you"])).await.trim().to_owned();
    assert!(mine.starts_with("tl-") && mine != yours);
    assert!(
        complaint(program(&store.url).args(["keys", "add", "mine"])).await.contains("there is a key `mine` already")
    );
    let listed = output(program(&store.url).args(["keys", "list"])).await;
    assert!(listed.contains("mine\tme\t") && !listed.contains(&mine));
    let kept = store.sql("select hash, name, tenant from api_keys").await;
    assert!(kept.iter().flatten().all(|cell| !cell.contains(&mine[3..])), "only hashes are kept");
    let mut serve = program(&store.url);
    serve.args(["--listen", "127.0.0.1:0", "--upstream", &provider.url, "--upstream-api", "chat"]);
    let server = Server::start(serve.env("THREADLINE_UPSTREAM_KEY", "sk-upstream")).await;
    for key in ["", "wrong", &mine[..10]] {
        let refused = server.get("/v1/assistants", key).await;
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (401, &json!("invalid_api_key")));
        assert!(key.is_empty() || !String::from_utf8_lossy(&refused.body).contains(key));
        assert!(refused.header("x-request-id").is_some());
    }
    assert_eq!(server.get("/healthz", "").await.status, 200);
    assert_eq!(server.get("/readyz", "").await.body, b"ready\n");
    let made = server.post("/v1/assistants", &mine, &json!({"model": "m"})).await;
    let assistant = id(&made.json());
    assert_eq!(server.get(&format!("/v1/assistants/{assistant}"), &yours).await.status, 404);
    assert_eq!(server.get(&format!("/v1/assistants/{assistant}"), &mine).await.status, 200);
    let body =
        json!({"assistant_id": assistant, "stream": true, "thread": {"messages": [{"role": "user", "content": "x"}]}});
    let streamed = server.post("/v1/threads/runs", &mine, &body).await;
    assert!(String::from_utf8_lossy(&streamed.body).contains("event: thread.run.completed\n"));
    let asked = provider.asked().remove(0);
    assert_eq!(asked.key, "Bearer sk-upstream");
    let counted = String::from_utf8(server.get("/metrics", "").await.body).unwrap();
    assert!(counted.contains("route=\"/assistants\",status=\"401\"") && !counted.contains(&assistant), "{counted}");
    output(program(&store.url).args(["keys", "remove", "mine"])).await;
    assert_eq!(server.get("/v1/assistants", &mine).await.status, 401, "at once");
    assert!(complaint(program(&store.url).args(["keys", "remove", "mine"])).await.contains("there is no key `mine`"));
}

#[tokio::test]
async fn who_is_refused_in_the_middle_of_a_body_hears_of_it() {
    let store = Shared::new().await;
    let key = output(program(&store.url).args(["keys", "add", "mine"])).await.trim().to_owned();
    let server = Server::start(program(&store.url).args(["--listen", "127.0.0.1:0"])).await;
    // Far more than the buffers of a connection hold.
    let large = " ".repeat(40 * 1024 * 1024);
    for (key, kind, status) in
        [(key.as_str(), "application/json", 413), (key.as_str(), "text/plain", 415), ("wrong", "application/json", 401)]
    {
        let headers = [("authorization", format!("Bearer {key}")), ("content-type", kind.to_owned())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let reply = server.send("POST", "/v1/threads", &headers, &large).await;
        assert_eq!((reply.status, reply.json()["error"]["message"].is_string()), (status, true));
    }
    let scheme = [("authorization", format!("bearer {key}"))];
    let scheme = scheme.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(server.send("GET", "/v1/assistants", &scheme, "").await.status, 200, "the scheme has no case");
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_takes_as_many_connections_as_the_system_lets_it() {
    let store = Shared::new().await;
    let served = program(&store.url);
    let mut few = Command::new("sh");
    few.args(["-c", "ulimit -S -n 64 && exec \"$0\" \"$@\""]).arg(served.as_std().get_program());
    few.args(served.as_std().get_args()).args(["--listen", "127.0.0.1:0"]).kill_on_drop(true);
    let server = Server::start(&mut few).await;
    let mut held = Vec::new();
    for _ in 0..150 {
        let mut socket = TcpStream::connect(&server.address).await.unwrap();
        socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 12];
        socket.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        held.push(socket);
    }
}

#[tokio::test]
async fn without_keys_only_this_machine_may_call() {
    let store = Shared::new().await;
    let refused = complaint(program(&store.url).args(["--listen", "0.0.0.0:0"])).await;
    assert!(refused.contains("can be reached from other machines") && refused.contains("keys add"), "{refused}");
    let server = Server::start(program(&store.url).args(["--listen", "127.0.0.1:0"])).await;
    for key in ["", "anything"] {
        assert_eq!(server.get("/v1/assistants", key).await.status, 200);
    }
}

#[tokio::test]
async fn flags_win_over_the_environment_and_that_over_the_file() {
    let (folder, provider) = (Folder::new("config"), Provider::start(vec![Answer::chunks(&says("Hi.")); 3]).await);
    let file = folder.file(
        "server.toml",
        &format!(
            "listen = \"127.0.0.1:0\"\nupstream = \"{}\"\nupstream_api = \"responses\"\n\
             [settings]\nrun_ttl_seconds = 77\nmax_body = 2000\n\
             [profile]\nmodels = {{ \"gpt-4o\" = \"local\" }}\n",
            provider.url
        ),
    );
    let store = format!("sqlite:{}", shown(&folder.0.join("flag.db")));
    let mut serve = program(&store);
    serve.env("THREADLINE_STORE", "sqlite:/nowhere/at/all.db").env("THREADLINE_UPSTREAM_API", "chat");
    let server = Server::start(serve.env("THREADLINE_CONFIG", &file)).await;
    let large = json!({"model": "m".repeat(3000)});
    assert_eq!(server.post("/v1/assistants", "", &large).await.json()["error"]["code"], "request_too_large");
    let assistant = id(&server.post("/v1/assistants", "", &json!({"model": "gpt-4o"})).await.json());
    let body = json!({"assistant_id": assistant, "thread": {"messages": [{"role": "user", "content": "x"}]}});
    let run = server.post("/v1/threads/runs", "", &body).await.json();
    assert_eq!(run["expires_at"].as_i64().unwrap() - run["created_at"].as_i64().unwrap(), 77);
    let path = format!("/v1/threads/{}/runs/{}", run["thread_id"].as_str().unwrap(), id(&run));
    while server.get(&path, "").await.json()["status"] != "completed" {
        tokio::task::yield_now().await;
    }
    let asked = provider.asked().remove(0);
    assert_eq!((asked.line.as_str(), &asked.body["model"]), ("POST /v1/chat/completions", &json!("local")));
    assert!(folder.0.join("flag.db").exists());
}

#[tokio::test]
async fn mistakes_in_the_configuration_are_named() {
    let folder = Folder::new("mistakes");
    for (text, expected) in [
        ("store = 5", "invalid type"),
        ("stores = \"x\"", "unknown field `stores`"),
        ("[settings]\nrun_ttl = 5", "unknown field `run_ttl`"),
        ("[profile]\napi = \"telepathy\"", "unknown variant `telepathy`"),
        ("listen = [", "expected"),
    ] {
        let file = folder.file("bad.toml", text);
        let complaint = complaint(program("sqlite::memory:").args(["--config", &file])).await;
        assert!(complaint.contains(&file) && complaint.contains(expected), "{text}: {complaint}");
    }
    let absent = complaint(program("sqlite::memory:").args(["--config", "/nowhere.toml"])).await;
    assert!(absent.contains("/nowhere.toml"));
    let store = complaint(&mut program("mysql://x")).await;
    assert!(store.contains("sqlite:PATH") && store.contains("postgres://"), "{store}");
    let closed = complaint(&mut program("postgres://somebody:secret@127.0.0.1:9/none")).await;
    assert!(closed.contains("PostgreSQL") && !closed.contains("secret"), "{closed}");
}

#[tokio::test]
async fn the_help_says_how_to_begin() {
    let help = output(program("sqlite::memory:").arg("--help")).await;
    for part in
        ["--store", "--upstream-api", "THREADLINE_UPSTREAM_KEY", "--cors-origin", "export > all.jsonl", "/healthz"]
    {
        assert!(help.contains(part), "{part} is not in:\n{help}");
    }
    assert!(output(program("sqlite::memory:").arg("--version")).await.starts_with("threadline-server "));
}

#[tokio::test]
async fn pages_of_other_origins_are_let_in_by_name() {
    let asks = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization, content-type"),
    ];
    let closed = Server::start(program("sqlite::memory:").args(["--listen", "127.0.0.1:0"])).await;
    let refused = closed.send("OPTIONS", "/v1/threads", &asks, "").await;
    assert_eq!(refused.status, 405);
    let answered = closed.send("GET", "/v1/assistants", &asks[..1], "").await;
    for reply in [refused, answered] {
        assert!(reply.header("access-control-allow-origin").is_none());
    }
    let mut serve = program("sqlite::memory:");
    serve.args(["--listen", "127.0.0.1:0", "--cors-origin", "https://app.example,https://other.example"]);
    let open = Server::start(&mut serve).await;
    let allowed = open.send("OPTIONS", "/v1/threads", &asks, "").await;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(allowed.header("access-control-allow-methods"), Some("GET, POST, DELETE"));
    assert_eq!(allowed.header("access-control-allow-headers"), Some("authorization, content-type"));
    let answered = open.send("GET", "/v1/assistants", &[("origin", "https://other.example")], "").await;
    assert_eq!(answered.header("access-control-allow-origin"), Some("https://other.example"));
    assert_eq!(answered.header("vary"), Some("origin"));
    let stranger = open.send("GET", "/v1/assistants", &[("origin", "https://app.example.evil")], "").await;
    assert!(stranger.header("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn what_is_exported_is_imported_under_its_ids() {
    let (from, to) = (Shared::new().await, Shared::new().await);
    let server = Server::start(program(&from.url).args(["--listen", "127.0.0.1:0"])).await;
    let body = json!({"model": "m", "name": "größe", "instructions": "i", "temperature": 0.5, "metadata": {"a": "b"},
                      "tools": [{"type": "function", "function": {"name": "f"}}]});
    let assistant = server.post("/v1/assistants", "", &body).await.json();
    let bare = server.post("/v1/assistants", "", &json!({"model": "m"})).await.json();
    let messages: Vec<Value> =
        (0..25).map(|n| json!({"role": "user", "content": format!("{n}\n👋"), "metadata": {"n": "1"}})).collect();
    let thread = server.post("/v1/threads", "", &json!({"messages": messages, "metadata": {"t": "1"}})).await.json();
    let list = format!("/v1/threads/{}/messages?order=asc&limit=100", id(&thread));
    let listed = server.get(&list, "").await.json();
    let exported = output(program(&from.url).arg("export")).await;
    assert_eq!(exported.lines().count(), 2 + 1 + 25);
    for twice in 0..2 {
        let mut import = program(&to.url);
        let mut child = import.arg("import").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(exported.as_bytes()).await.unwrap();
        let done = child.wait_with_output().await.unwrap();
        assert!(done.status.success());
        let said = String::from_utf8(done.stderr).unwrap();
        let expected = [
            "imported 2 assistants, 1 threads, 25 messages; skipped 0",
            "imported 0 assistants, 0 threads, 0 messages; skipped 28",
        ];
        assert!(said.contains(expected[twice]), "{said}");
    }
    let server = Server::start(program(&to.url).args(["--listen", "127.0.0.1:0"])).await;
    for one in [&assistant, &bare] {
        assert_eq!(server.get(&format!("/v1/assistants/{}", id(one)), "").await.json(), *one);
    }
    assert_eq!(server.get(&format!("/v1/threads/{}", id(&thread)), "").await.json(), thread);
    assert_eq!(server.get(&list, "").await.json(), listed, "the messages, in their order");
    assert_eq!(output(program(&to.url).arg("export")).await, exported);
    // As a list of the API: the newest first.
    let mut newest_first = json!({"id": "thread_n", "object": "thread"}).to_string();
    for n in [3, 2, 1] {
        let message = json!({"id": format!("msg_{n}"), "object": "thread.message", "thread_id": "thread_n",
                             "created_at": n, "role": "user", "content": "x"});
        newest_first.push_str(&format!("\n{message}"));
    }
    let mut child = program(&to.url).arg("import").stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(newest_first.as_bytes()).await.unwrap();
    assert!(child.wait().await.unwrap().success());
    let turned = server.get("/v1/threads/thread_n/messages", "").await.json();
    assert_eq!((&turned["first_id"], &turned["last_id"]), (&json!("msg_3"), &json!("msg_1")));
    let mut import = program(&to.url);
    let mut child = import.arg("import").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{\"id\": \"thread_x\", \"object\": \"thread\"}\nnonsense\n").await.unwrap();
    let done = child.wait_with_output().await.unwrap();
    assert!(!done.status.success());
    assert!(String::from_utf8(done.stderr).unwrap().contains("line 2: "));
}

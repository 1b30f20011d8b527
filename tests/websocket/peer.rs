//! Starts the Python server, once for all tests.

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use threadline::realtime::RealtimeConnection;
use threadline::types::RealtimeServerEvent;
use threadline::{Client, Error};

/// Longest time anything here may take. Passing it is a failure, never a measurement.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running server. It ends with this process, whose pipe it reads.
struct Peer {
    plain: u64,
    tls: u64,
    _process: Child,
}

fn peer() -> &'static Peer {
    static PEER: OnceLock<Peer> = OnceLock::new();
    PEER.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut process = Command::new(python())
            .arg(here.join("../tests/websocket/server.py"))
            .arg(here.join("tests/certs/good.pem"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ports: serde_json::Value = serde_json::from_str(&line).expect("the server says its ports");
        Peer { plain: ports["plain"].as_u64().unwrap(), tls: ports["tls"].as_u64().unwrap(), _process: process }
    })
}

/// The interpreter of the environment that `cargo xtask setup` makes; made if it is not there.
fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let folder = target.join("python");
    let python =
        if cfg!(windows) { folder.join("Scripts").join("python.exe") } else { folder.join("bin").join("python") };
    let installed = std::fs::read_to_string(folder.join("installed.txt"));
    // Other tests have put what they need there too.
    if !installed.is_ok_and(|text| text.contains(include_str!("requirements.txt"))) {
        let status = Command::new(env!("CARGO"))
            .args(["xtask", "setup", "python"])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .env("CARGO_TARGET_DIR", target)
            .status()
            .expect("cargo starts");
        assert!(status.success(), "`cargo xtask setup python` must make the environment of these tests");
    }
    python
}

/// A client of the server.
pub fn client() -> Client {
    Client::builder().api_key("sk-test-key").base_url(format!("http://127.0.0.1:{}/v1", peer().plain)).build().unwrap()
}

/// Host and port that speak TLS.
pub fn tls_address() -> String {
    format!("127.0.0.1:{}", peer().tls)
}

/// A connection that the server treats as `model` says.
pub async fn connect(model: &str) -> Result<RealtimeConnection, Error> {
    soon(async { client().realtime().connect(model).await }).await
}

/// The next event, which must come.
pub async fn event(connection: &mut RealtimeConnection) -> RealtimeServerEvent {
    soon(connection.recv()).await.expect("an event, not the end").expect("an event, not an error")
}

/// The event as JSON.
pub fn json(event: &RealtimeServerEvent) -> serde_json::Value {
    serde_json::from_str(&threadline::encode(event).unwrap()).unwrap()
}

/// The future's result; panics instead of hanging.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("the test hangs")
}

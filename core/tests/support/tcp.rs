//! A server of raw bytes on its own thread, so that a test's runtime holds nothing but the client.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use threadline::{Client, ClientBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// One thing the server does with a connection.
#[derive(Clone)]
pub enum Step {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Sends these bytes again and again, with this pause between them.
    Drip(Vec<u8>, Duration),
    /// Does nothing for so long.
    Wait(Duration),
    /// Sends nothing until the client closes the connection.
    Hold,
    /// Closes the connection.
    Close,
    /// Closes it with a reset.
    Reset,
}

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub struct Request {
    pub head: String,
    pub body: Vec<u8>,
}

/// A reply with a length, on a connection that stays open.
pub fn reply(status: u16, headers: &str, body: &[u8]) -> Vec<Step> {
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    vec![Step::Send([head.as_bytes(), body].concat())]
}

/// The head of a chunked stream of events.
pub const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// One HTTP chunk.
pub fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

type Script = dyn Fn(usize, &Request) -> Vec<Step> + Send + Sync;

struct Shared {
    script: Box<Script>,
    requests: Mutex<Vec<Request>>,
    accepted: AtomicUsize,
    open: watch::Sender<usize>,
}

/// The server. It ends with the process.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Starts a server that answers request number `n` (from 0, over all connections) as the script says.
    pub fn start(script: impl Fn(usize, &Request) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared {
            script: Box::new(script),
            requests: Mutex::default(),
            accepted: AtomicUsize::new(0),
            open: watch::Sender::new(0),
        });
        let (ready, address) = std::sync::mpsc::channel();
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                loop {
                    let Ok((stream, _)) = listener.accept().await else { continue };
                    serving.accepted.fetch_add(1, Ordering::SeqCst);
                    serving.open.send_modify(|open| *open += 1);
                    let shared = Arc::clone(&serving);
                    tokio::spawn(async move {
                        let _ = serve(stream, &shared).await;
                        shared.open.send_modify(|open| *open -= 1);
                    });
                }
            });
        });
        Self { address: address.recv().unwrap(), shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub fn builder(&self) -> ClientBuilder {
        Client::builder().api_key("sk-test-key").base_url(self.url())
    }

    pub fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Waits until no connection is open.
    pub async fn all_closed(&self) {
        let mut open = self.shared.open.subscribe();
        super::soon(open.wait_for(|open| *open == 0)).await.unwrap();
    }

    /// Waits until a connection is open.
    pub async fn some_open(&self) {
        let mut open = self.shared.open.subscribe();
        super::soon(open.wait_for(|open| *open > 0)).await.unwrap();
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let Some(request) = read_request(&mut stream, &mut buffer).await? else { return Ok(()) };
        let number = {
            let mut requests = shared.requests.lock().unwrap();
            requests.push(request.clone());
            requests.len() - 1
        };
        for step in (shared.script)(number, &request) {
            match step {
                Step::Send(bytes) => stream.write_all(&bytes).await?,
                Step::Drip(bytes, pause) => loop {
                    stream.write_all(&bytes).await?;
                    tokio::time::sleep(pause).await;
                },
                Step::Wait(time) => tokio::time::sleep(time).await,
                Step::Hold => {
                    while stream.read(&mut [0; 1024]).await? > 0 {}
                    return Ok(());
                }
                Step::Close => return stream.shutdown().await,
                Step::Reset => {
                    stream.set_zero_linger()?;
                    return Ok(());
                }
            }
        }
    }
}

/// Reads one request with its body; `None` when the client has closed the connection.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<Option<Request>> {
    let head = loop {
        if let Some(end) = find(buffer, b"\r\n\r\n") {
            let rest = buffer.split_off(end + 4);
            break String::from_utf8_lossy(&std::mem::replace(buffer, rest)).to_ascii_lowercase();
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    let chunked = head.contains("transfer-encoding: chunked");
    let complete = |buffer: &[u8]| match length {
        Some(length) if buffer.len() >= length => Some(length),
        None if !chunked => Some(0),
        None => find(buffer, b"0\r\n\r\n").map(|end| end + 5),
        Some(_) => None,
    };
    let end = loop {
        if let Some(end) = complete(buffer) {
            break end;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let rest = buffer.split_off(end);
    Ok(Some(Request { head, body: std::mem::replace(buffer, rest) }))
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

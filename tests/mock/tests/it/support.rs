//! A client that sees every byte.

use std::time::Duration;

use serde_json::Value;
use threadline_mock::MockServer;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// No test waits longer for anything.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// How reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Closed,
    Reset,
}

/// A reply, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Sizes of its chunks, where it is chunked.
    pub chunks: Vec<usize>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("not JSON: {e}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The JSON of each event, `[DONE]` left out.
    pub(crate) fn events(&self) -> Vec<Value> {
        let text = self.text();
        let data = text.lines().filter_map(|l| l.strip_prefix("data: ")).filter(|d| *d != "[DONE]");
        data.map(|d| serde_json::from_str(d).unwrap_or_else(|e| panic!("{e}: {d}"))).collect()
    }
}

pub(crate) struct Client {
    pub(crate) socket: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(server: &MockServer) -> Self {
        let socket = TcpStream::connect(server.address()).await.expect("the server listens");
        Self { socket, buffer: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.expect("the server reads");
    }

    /// One more read; false at the end.
    async fn more(&mut self) -> Result<(), Ended> {
        let mut piece = vec![0; 65536];
        let read = tokio::time::timeout(LIMIT, self.socket.read(&mut piece)).await.expect("an answer in time");
        match read {
            Ok(0) => Err(Ended::Closed),
            Ok(n) => {
                self.buffer.extend_from_slice(&piece[..n]);
                Ok(())
            }
            Err(_) => Err(Ended::Reset),
        }
    }

    /// Everything until the server ends the connection, and how it did.
    pub(crate) async fn rest(&mut self) -> (Vec<u8>, Ended) {
        loop {
            if let Err(ended) = self.more().await {
                return (std::mem::take(&mut self.buffer), ended);
            }
        }
    }

    /// Exactly so many bytes.
    pub(crate) async fn bytes(&mut self, n: usize) -> Vec<u8> {
        while self.buffer.len() < n {
            self.more().await.expect("enough bytes");
        }
        self.buffer.drain(..n).collect()
    }

    async fn until(&mut self, mark: &[u8]) -> Result<Vec<u8>, Ended> {
        let mut from = 0;
        loop {
            if let Some(at) = self.buffer[from..].windows(mark.len()).position(|w| w == mark) {
                return Ok(self.buffer.drain(..from + at + mark.len()).collect());
            }
            from = self.buffer.len().saturating_sub(mark.len());
            self.more().await?;
        }
    }

    /// The head of a reply.
    pub(crate) async fn head(&mut self) -> Result<Got, Ended> {
        let head = String::from_utf8(self.until(b"\r\n\r\n").await?).expect("a head is ASCII");
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().and_then(|l| l.split(' ').nth(1)).and_then(|s| s.parse().ok()).expect("a status");
        let headers = lines.filter_map(|l| l.split_once(": ")).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        Ok(Got { status, headers, body: Vec::new(), chunks: Vec::new() })
    }

    /// A whole reply.
    pub(crate) async fn reply(&mut self) -> Result<Got, Ended> {
        let mut got = self.head().await?;
        if got.header("transfer-encoding") == Some("chunked") {
            loop {
                let line = String::from_utf8(self.until(b"\r\n").await?).expect("a chunk size is ASCII");
                let size = usize::from_str_radix(line.trim(), 16).expect("a chunk size");
                while self.buffer.len() < size + 2 {
                    self.more().await?;
                }
                let chunk: Vec<u8> = self.buffer.drain(..size + 2).collect();
                assert_eq!(&chunk[size..], b"\r\n");
                if size == 0 {
                    return Ok(got);
                }
                got.chunks.push(size);
                got.body.extend_from_slice(&chunk[..size]);
            }
        }
        match got.header("content-length").map(|l| l.parse().expect("a length")) {
            Some(length) => got.body = self.bytes(length).await,
            None if got.header("connection") == Some("close") => got.body = self.rest().await.0,
            None => {}
        }
        Ok(got)
    }

    /// Sends a request with a key and reads the whole reply.
    pub(crate) async fn call(&mut self, verb: &str, target: &str, headers: &str, body: &[u8]) -> Got {
        self.send(&request(verb, target, headers, body)).await;
        self.reply().await.expect("a reply")
    }
}

/// A request with a key; `headers` are further lines.
pub(crate) fn request(verb: &str, target: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{verb} {target} HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer k\r\n{headers}content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// One call on a connection of its own.
pub(crate) async fn call(server: &MockServer, verb: &str, target: &str, body: Option<Value>) -> Got {
    let beta = ["/assistants", "/threads", "/vector_stores"].iter().any(|p| target.contains(p));
    let headers = match (&body, beta) {
        (Some(_), true) => "content-type: application/json\r\nopenai-beta: assistants=v2\r\n",
        (Some(_), false) => "content-type: application/json\r\n",
        (None, true) => "openai-beta: assistants=v2\r\n",
        (None, false) => "",
    };
    let body = body.map(|b| b.to_string()).unwrap_or_default();
    Client::connect(server).await.call(verb, target, headers, body.as_bytes()).await
}

pub(crate) async fn get(server: &MockServer, target: &str) -> Got {
    call(server, "GET", target, None).await
}

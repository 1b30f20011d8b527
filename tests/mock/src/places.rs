//! Further addresses of a test: another origin that records what reaches it, one where nothing listens, and one that
//! does not answer.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::shared::lock;

/// What reached the other origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtherLog {
    /// Number of connections.
    pub connections: usize,
    /// All bytes of all connections.
    pub bytes: Vec<u8>,
}

impl OtherLog {
    /// As the log shows it.
    pub fn to_json(&self) -> Value {
        json!({"connections": self.connections, "bytes": self.bytes.len(),
            "text": String::from_utf8_lossy(&self.bytes[..self.bytes.len().min(crate::log::KEPT)])})
    }
}

/// A server on another port that answers every request with `{}` and records each byte.
#[derive(Debug)]
pub(crate) struct OtherOrigin {
    pub address: SocketAddr,
    log: Arc<Mutex<OtherLog>>,
    task: JoinHandle<()>,
}

impl OtherOrigin {
    /// Starts it; must be called inside a runtime. `changed` is told of everything that arrives.
    pub(crate) fn start(changed: watch::Sender<u64>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let (address, listener) = (listener.local_addr()?, TcpListener::from_std(listener)?);
        let log = Arc::new(Mutex::new(OtherLog::default()));
        let shared = log.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                lock(&shared).connections += 1;
                changed.send_modify(|n| *n += 1);
                tokio::spawn(record(stream, shared.clone(), changed.clone()));
            }
        });
        Ok(Self { address, log, task })
    }

    pub(crate) fn log(&self) -> OtherLog {
        lock(&self.log).clone()
    }

    pub(crate) fn forget(&self) {
        *lock(&self.log) = OtherLog::default();
    }
}

impl Drop for OtherOrigin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn record(mut stream: TcpStream, log: Arc<Mutex<OtherLog>>, changed: watch::Sender<u64>) {
    const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        lock(&log).bytes.extend_from_slice(&buffer[..n]);
        changed.send_modify(|n| *n += 1);
        head.extend_from_slice(&buffer[..n]);
        while let Some(end) = crate::check::find(&head, b"\r\n\r\n") {
            head.drain(..end + 4);
            if stream.write_all(REPLY).await.is_err() {
                return;
            }
        }
    }
}

/// An address where nothing listens: the port is taken, so that nobody else can, but not listened on.
#[derive(Debug)]
pub struct Refused {
    _socket: TcpSocket,
    address: SocketAddr,
}

impl Refused {
    /// Takes a port.
    ///
    /// # Errors
    /// If the system gives none.
    pub fn new() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Self { address: socket.local_addr()?, _socket: socket })
    }

    /// The address; connections to it are refused while `self` lives.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// An address that does not answer: a connection to it is neither made nor refused.
///
/// It is on `127.0.0.2`, with the port of a server on `127.0.0.1`, so that a name can have both addresses. On Linux a
/// listener stands there that takes no notice of anything; elsewhere nobody has that address, which comes to the same.
#[derive(Debug)]
pub(crate) struct Silent {
    _listener: Option<TcpListener>,
    address: SocketAddr,
}

impl Silent {
    /// Must be called inside a runtime.
    pub(crate) fn new(port: u16) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 2], port));
        let listen = || {
            let socket = TcpSocket::new_v4()?;
            socket.bind(address)?;
            crate::wire::deafen(&socket)?;
            socket.listen(1)
        };
        let listener: io::Result<TcpListener> = listen();
        Self { _listener: listener.ok(), address }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }
}

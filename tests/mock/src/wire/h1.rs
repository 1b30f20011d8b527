//! HTTP/1.1 on one connection.

use std::{sync::Arc, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};
use tokio::net::TcpStream;

use super::{Exchange, Gone, Head, Out, exchange::ReplyHead, h2, socket::Socket, socks};
use crate::{
    log::{Meter, Tally},
    script::{Do, EndWith, Framing, Read, raw_on_accept},
    service::{self, After},
    shared::Shared,
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A head longer than this is refused.
const LONGEST_HEAD: usize = 8 << 20;

/// Serves a connection to its end.
pub(crate) async fn serve(shared: Arc<Shared>, stream: TcpStream, tally: Tally, key: usize) {
    let _small_pieces_go_out_at_once = stream.set_nodelay(true);
    let mut socket = Socket::new(stream, tally.clone());
    if let Some(reply) = shared.claim_accept() {
        shared.number(key);
        socket.unread = reply.raw.is_none();
        let mut out = H1::new(socket);
        let kept = raw_on_accept(&shared, reply, &mut out).await;
        match (kept, out.end.take()) {
            (Ok(After::Keep), _) => {
                out.socket.unread = false;
                socket = out.socket;
            }
            (Ok(After::Ended), Some(end)) => return end_connection(out.socket, &end).await,
            _ => return,
        }
    }
    let Some(mut socket) = socket.perhaps_tls(|| shared.tls().config()).await else { return };
    while socket.buffer.len() < PREFACE.len() && PREFACE.starts_with(&socket.buffer) {
        if socket.fill().await.is_err() {
            return;
        }
    }
    if socket.buffer.starts_with(PREFACE) {
        return Box::pin(h2::serve(shared, socket, key)).await;
    }
    let mut stream = 0;
    let socks = socket.buffer.first() == Some(&socks::VERSION);
    loop {
        let read = if socks { socks::ask(&mut socket).await.map(Ok) } else { read_head(&mut socket).await };
        let head = match read {
            Ok(Ok(head)) => head,
            Ok(Err(why)) => {
                shared.malformed(shared.number(key), why);
                let text = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                if socket.write(text).await.is_ok() {
                    socket.close().await;
                }
                return;
            }
            Err(Gone) => return,
        };
        stream += 1;
        let connection = if head.is_control() { 0 } else { shared.number(key) };
        let close = socks
            || head.version == "1.0"
            || head
                .header("connection")
                .is_some_and(|v| v.to_ascii_lowercase().split(',').any(|w| w.trim() == "close"));
        let out = H1 { body: Incoming::of(&head), socks, ..H1::new(socket) };
        let mut exchange = Exchange { connection, stream, head, out };
        let after = Box::pin(service::handle(&shared, &tally, &mut exchange)).await;
        let mut out = exchange.out;
        match after {
            Err(Gone) => return,
            Ok(After::Ended) => {
                let end = out.end.take().unwrap_or_default();
                return end_connection(out.socket, &end).await;
            }
            Ok(After::Keep) if close => return out.socket.close().await,
            Ok(After::Keep) => {
                out.socket.unread = false;
                let mut rest = Meter::default();
                if !matches!(out.drain(&Read::default(), &mut rest).await, Ok(true)) {
                    return;
                }
                socket = out.socket;
            }
        }
    }
}

async fn end_connection(socket: Socket, end: &EndWith) {
    match end.r#do {
        Do::Reset => socket.reset(),
        Do::Tunnel => socket.tunnel(end.to.as_deref().unwrap_or_default()).await,
        _ => socket.close().await,
    }
}

async fn read_head(socket: &mut Socket) -> Result<Result<Head, String>, Gone> {
    loop {
        match Head::parse(&socket.buffer) {
            Ok(Some((head, length))) => {
                let _head = socket.buffer.split_to(length);
                return Ok(Ok(head));
            }
            Ok(None) if socket.buffer.len() > LONGEST_HEAD => return Ok(Err("the head has no end".to_owned())),
            Ok(None) => socket.fill().await?,
            Err(why) => return Ok(Err(why)),
        }
    }
}

/// What of a request's body is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Incoming {
    Length(u64),
    /// At the line that says a chunk's size.
    ChunkSize,
    /// Inside a chunk.
    Chunk(u64),
    /// At the line end after a chunk.
    ChunkEnd,
    /// In the lines after the last chunk.
    Trailer,
    Broken,
}

impl Incoming {
    fn of(head: &Head) -> Self {
        if head.header("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
            return Self::ChunkSize;
        }
        match head.header("content-length").map(str::parse) {
            None => Self::Length(0),
            Some(Ok(length)) => Self::Length(length),
            Some(Err(_)) => Self::Broken,
        }
    }
}

/// One request on a connection of HTTP/1.1.
#[derive(Debug)]
pub(crate) struct H1 {
    socket: Socket,
    body: Incoming,
    chunked: bool,
    /// Replies are those of a SOCKS proxy: a status, and nothing else.
    socks: bool,
    end: Option<EndWith>,
}

impl H1 {
    fn new(socket: Socket) -> Self {
        Self { socket, body: Incoming::Length(0), chunked: false, socks: false, end: None }
    }

    async fn line(&mut self) -> Result<String, Gone> {
        loop {
            if let Some(end) = self.socket.buffer.iter().position(|b| *b == b'\n') {
                let line = self.socket.buffer.split_to(end + 1);
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            self.socket.fill().await?;
        }
    }

    /// Reads the body, or what is left of it, into `meter`; `Ok(false)` if it is malformed.
    async fn drain(&mut self, how: &Read, meter: &mut Meter) -> Result<bool, Gone> {
        let mut room = how.bytes.unwrap_or(u64::MAX);
        loop {
            match self.body {
                Incoming::Length(0) => return Ok(true),
                Incoming::Broken => return Ok(false),
                Incoming::Length(left) | Incoming::Chunk(left) => {
                    if room == 0 {
                        return Ok(true);
                    }
                    if self.socket.buffer.is_empty() {
                        self.socket.fill().await?;
                    }
                    let most = left.min(room).min(how.piece.map_or(u64::MAX, |p| p as u64));
                    let n = (self.socket.buffer.len() as u64).min(most);
                    meter.push(&self.socket.buffer.split_to(n as usize));
                    room -= n;
                    self.body = match self.body {
                        Incoming::Length(left) => Incoming::Length(left - n),
                        _ if left == n => Incoming::ChunkEnd,
                        _ => Incoming::Chunk(left - n),
                    };
                    // Not `pause`: it reads ahead, and the point is to read slowly.
                    tokio::time::sleep(Duration::from_millis(how.every_ms)).await;
                }
                Incoming::ChunkSize => {
                    let line = self.line().await?;
                    let size = line.split(';').next().unwrap_or_default();
                    self.body = match u64::from_str_radix(size.trim(), 16) {
                        Ok(0) => Incoming::Trailer,
                        Ok(size) => Incoming::Chunk(size),
                        Err(_) => Incoming::Broken,
                    };
                }
                Incoming::ChunkEnd => {
                    self.body = if self.line().await?.is_empty() { Incoming::ChunkSize } else { Incoming::Broken };
                }
                Incoming::Trailer => {
                    if self.line().await?.is_empty() {
                        self.body = Incoming::Length(0);
                    }
                }
            }
        }
    }
}

fn put_head(out: &mut BytesMut, status: u16, reason: Option<&str>, headers: &[(String, String)]) {
    let usual = http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    out.put_slice(format!("HTTP/1.1 {status:03} {}\r\n", reason.or(usual).unwrap_or("")).as_bytes());
    for (name, value) in headers {
        out.put_slice(name.as_bytes());
        out.put_slice(b": ");
        out.put_slice(value.as_bytes());
        out.put_slice(b"\r\n");
    }
    out.put_slice(b"\r\n");
}

impl Out for H1 {
    async fn read_body(&mut self, how: &Read, expect: bool, meter: &mut Meter) -> Result<bool, Gone> {
        if expect && self.body != Incoming::Length(0) {
            self.socket.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        self.drain(how, meter).await
    }

    fn leave_unread(&mut self) {
        self.socket.unread = true;
    }

    async fn interim(&mut self, status: u16, headers: &[(String, String)]) -> Result<(), Gone> {
        let mut bytes = BytesMut::new();
        put_head(&mut bytes, status, None, headers);
        self.socket.write(&bytes).await
    }

    async fn head(&mut self, head: &ReplyHead) -> Result<(), Gone> {
        if self.socks {
            return self.socket.write(&socks::answer(head.status)).await;
        }
        self.chunked = head.framing == Framing::Chunked;
        let mut bytes = BytesMut::new();
        put_head(&mut bytes, head.status, head.reason.as_deref(), &head.headers);
        let piece = head.piece.unwrap_or(bytes.len()).max(1);
        for (i, part) in bytes.chunks(piece).enumerate() {
            if i > 0 {
                self.socket.pause(head.every).await?;
            }
            self.socket.write(part).await?;
        }
        Ok(())
    }

    async fn data(&mut self, bytes: Bytes) -> Result<(), Gone> {
        if self.socks {
            return Ok(());
        }
        if !self.chunked {
            return self.socket.write(&bytes).await;
        }
        let mut out = BytesMut::with_capacity(bytes.len() + 16);
        out.put_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
        out.put_slice(&bytes);
        out.put_slice(b"\r\n");
        self.socket.write(&out).await
    }

    async fn raw(&mut self, bytes: Bytes) -> Result<(), Gone> {
        self.socket.write(&bytes).await
    }

    async fn finish(&mut self) -> Result<(), Gone> {
        if self.chunked { self.socket.write(b"0\r\n\r\n").await } else { Ok(()) }
    }

    async fn pause(&mut self, time: Duration) -> Result<(), Gone> {
        self.socket.pause(time).await
    }

    async fn until<F: Future<Output = ()> + Send>(&mut self, event: F) -> Result<(), Gone> {
        self.socket.until(event).await
    }

    async fn hold(&mut self) -> Gone {
        self.socket.hold().await
    }

    fn deafen(&mut self) {
        self.socket.deafen();
    }

    async fn leave(&mut self) {
        // The head says it.
    }

    fn socket(&mut self) -> Option<&mut Socket> {
        Some(&mut self.socket)
    }

    async fn finally(&mut self, end: &EndWith) {
        self.end = Some(end.clone());
    }
}

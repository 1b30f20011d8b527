//! A TCP socket that is watched while it is written to or waited on: a client that closes is noticed at once.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _, Interest},
    net::TcpStream,
};

use super::{
    Gone,
    stream::{Stream, deafen},
};
use crate::log::Tally;

/// Bytes that a client sends ahead, while a reply is being written, are kept up to this many.
const AHEAD: usize = 1 << 20;

/// How often a socket is looked at whose bytes are left unread on purpose.
const LOOK: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    pub(super) buffer: BytesMut,
    pub(super) tally: Tally,
    /// Whether what the client sends is to stay in the kernel, so that the client's writing stalls.
    pub(super) unread: bool,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, tally: Tally) -> Self {
        Self { stream: Stream::Plain(stream), buffer: BytesMut::new(), tally, unread: false }
    }

    /// The same connection, after a handshake if the client begins one; `None` where it came to nothing.
    pub(super) async fn perhaps_tls(self, config: impl FnOnce() -> Result<ServerConfig, String>) -> Option<Self> {
        if !self.buffer.is_empty() || !self.stream.begins_tls().await? {
            return Some(self);
        }
        let stream = self.stream.secured(config().ok()?).await?;
        Some(Self { stream, ..self })
    }

    pub(super) fn into_parts(self) -> (Stream, BytesMut, Tally) {
        (self.stream, self.buffer, self.tally)
    }

    /// Reads what has arrived into the buffer, waiting for at least one byte.
    pub(super) async fn fill(&mut self) -> Result<(), Gone> {
        self.buffer.reserve(16 * 1024);
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(n @ 1..) => {
                self.tally.received(n);
                Ok(())
            }
            Ok(0) | Err(_) => Err(Gone),
        }
    }

    /// Ends when the client has closed.
    async fn gone(&mut self) -> Gone {
        loop {
            if self.unread || self.buffer.len() >= AHEAD {
                match self.stream.tcp().ready(Interest::READABLE).await {
                    Ok(ready) if !ready.is_read_closed() => tokio::time::sleep(LOOK).await,
                    _ => return Gone,
                }
                continue;
            }
            if self.fill().await.is_err() {
                return Gone;
            }
        }
    }

    /// Waits, unless the client closes.
    pub(super) async fn pause(&mut self, time: Duration) -> Result<(), Gone> {
        if time.is_zero() {
            return Ok(());
        }
        self.until(tokio::time::sleep(time)).await
    }

    /// Waits for `event`, unless the client closes.
    pub(super) async fn until<T>(&mut self, event: impl Future<Output = T>) -> Result<T, Gone> {
        tokio::select! {
            biased;
            value = event => Ok(value),
            gone = self.gone() => Err(gone),
        }
    }

    /// Stays silent until the client closes. What it sends is read and thrown away.
    pub(super) async fn hold(&mut self) -> Gone {
        loop {
            self.buffer.clear();
            if self.unread {
                return self.gone().await;
            }
            if self.fill().await.is_err() {
                return Gone;
            }
        }
    }

    pub(super) async fn write(&mut self, mut bytes: &[u8]) -> Result<(), Gone> {
        while !bytes.is_empty() {
            let n = self.write_some(bytes).await?;
            bytes = &bytes[n..];
        }
        self.stream.flush().await.map_err(|_| Gone)
    }

    /// Writes what the socket takes; nothing if the client has sent something in the meantime.
    async fn write_some(&mut self, bytes: &[u8]) -> Result<usize, Gone> {
        poll_fn(|cx| {
            if let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write(cx, bytes) {
                let written = written.map_err(|_| Gone)?;
                self.tally.sent(written);
                return Poll::Ready(Ok(written));
            }
            if self.unread || self.buffer.len() >= AHEAD {
                return Poll::Pending;
            }
            pin!(self.fill()).poll(cx).map_ok(|()| 0)
        })
        .await
    }

    /// From now on nothing that the client sends arrives.
    pub(super) fn deafen(&mut self) {
        self.unread = true;
        // What the system refuses is silence all the same, only that the kernel acknowledges what arrives.
        let _refused = deafen(self.stream.tcp());
    }

    /// Passes everything on to that address, both ways, until both have ended. Only this machine is served.
    pub(super) async fn tunnel(mut self, to: &str) {
        let local = to.parse::<std::net::SocketAddr>().ok().filter(|address| address.ip().is_loopback());
        let Some(address) = local else { return };
        let Ok(mut target) = TcpStream::connect(address).await else { return };
        if target.write_all(&self.buffer).await.is_ok() {
            // An end by error is an end.
            let _ended = tokio::io::copy_bidirectional(&mut self.stream, &mut target).await;
        }
    }

    /// Ends our half, then waits a while for the client's, so that the last bytes are not lost to a reset.
    pub(super) async fn close(mut self) {
        self.tally.closing();
        if self.stream.shutdown().await.is_err() {
            return;
        }
        let started = Instant::now();
        let limit = Duration::from_secs(2);
        self.unread = false;
        while let Some(left) = limit.checked_sub(started.elapsed()) {
            self.buffer.clear();
            if !matches!(tokio::time::timeout(left, self.fill()).await, Ok(Ok(()))) {
                return;
            }
        }
    }

    /// Closes with RST.
    pub(super) fn reset(self) {
        self.tally.closing();
        // Without zero linger a close is a FIN; there is nothing better to do if the system refuses.
        let _refused = self.stream.tcp().set_zero_linger();
    }
}

//! A TCP socket that is watched while it is written to or waited on: a client that closes is noticed at once.

use std::{
    io,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use tokio::{io::Interest, net::TcpStream};

use super::Gone;
use crate::log::Tally;

/// Bytes that a client sends ahead, while a reply is being written, are kept up to this many.
const AHEAD: usize = 1 << 20;

/// How often a socket is looked at whose bytes are left unread on purpose.
const LOOK: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    pub(super) buffer: BytesMut,
    pub(super) tally: Tally,
    /// Whether what the client sends is to stay in the kernel, so that the client's writing stalls.
    pub(super) unread: bool,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, tally: Tally) -> Self {
        Self { stream, buffer: BytesMut::new(), tally, unread: false }
    }

    pub(super) fn into_parts(self) -> (TcpStream, BytesMut, Tally) {
        (self.stream, self.buffer, self.tally)
    }

    /// Reads what has arrived into the buffer, waiting for at least one byte.
    pub(super) async fn fill(&mut self) -> Result<(), Gone> {
        loop {
            self.stream.readable().await.map_err(|_| Gone)?;
            if self.read_ready()? {
                return Ok(());
            }
        }
    }

    fn read_ready(&mut self) -> Result<bool, Gone> {
        self.buffer.reserve(16 * 1024);
        match self.stream.try_read_buf(&mut self.buffer) {
            Ok(0) => Err(Gone),
            Ok(n) => {
                self.tally.received(n);
                Ok(true)
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(_) => Err(Gone),
        }
    }

    /// Ends when the client has closed.
    async fn gone(&mut self) -> Gone {
        loop {
            if self.unread || self.buffer.len() >= AHEAD {
                match self.stream.ready(Interest::READABLE).await {
                    Ok(ready) if !ready.is_read_closed() => tokio::time::sleep(LOOK).await,
                    _ => return Gone,
                }
                continue;
            }
            if self.stream.readable().await.is_err() || self.read_ready().is_err() {
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
            match self.stream.try_write(bytes) {
                Ok(n) => {
                    self.tally.sent(n);
                    bytes = &bytes[n..];
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    let watch = !self.unread && self.buffer.len() < AHEAD;
                    tokio::select! {
                        ready = self.stream.writable() => ready.map_err(|_| Gone)?,
                        ready = self.stream.readable(), if watch => {
                            ready.map_err(|_| Gone)?;
                            self.read_ready()?;
                        }
                    }
                }
                Err(_) => return Err(Gone),
            }
        }
        Ok(())
    }

    /// Ends our half, then waits a while for the client's, so that the last bytes are not lost to a reset.
    pub(super) async fn close(mut self) {
        use tokio::io::AsyncWriteExt as _;
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
        let _refused = self.stream.set_zero_linger();
    }
}

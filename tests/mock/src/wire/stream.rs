//! The bytes of a connection, with or without TLS, and how a socket is made deaf.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 22;

#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// The socket below.
    pub(super) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    /// Whether the client begins with a handshake. Takes nothing off the wire; `None` if the client closes first.
    pub(super) async fn begins_tls(&self) -> Option<bool> {
        let Self::Plain(stream) = self else { return Some(false) };
        let mut first = [0];
        match stream.peek(&mut first).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(first[0] == HANDSHAKE),
        }
    }

    /// The same connection after the handshake; `None` if it fails, which the client has then been told.
    pub(super) async fn secured(self, config: ServerConfig) -> Option<Self> {
        let Self::Plain(stream) = self else { return Some(self) };
        match TlsAcceptor::from(Arc::new(config)).accept(stream).into_fallible().await {
            Ok(stream) => Some(Self::Tls(Box::new(stream))),
            Err((_, mut stream)) => {
                // A close above unread bytes is a reset, which would overtake the alert.
                let rest = async { while matches!(stream.read(&mut [0; 4096]).await, Ok(1..)) {} };
                let _late = tokio::time::timeout(Duration::from_secs(2), rest).await;
                None
            }
        }
    }
}

/// From now on nothing that arrives at the socket is taken notice of, not even by the kernel: as if a router on the way
/// had forgotten the connection. A listening socket so treated neither accepts nor refuses.
///
/// # Errors
/// If the system refuses, which it does not on Linux. Elsewhere nothing is done.
#[cfg(target_os = "linux")]
pub(crate) fn deafen<'s, S>(socket: &'s S) -> io::Result<()>
where
    socket2::SockRef<'s>: From<&'s S>,
{
    /// Return a constant: how many bytes of a packet are kept.
    const BPF_RET_K: u16 = 0x06;
    socket2::SockRef::from(socket).attach_filter(&[socket2::SockFilter::new(BPF_RET_K, 0, 0, 0)])
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn deafen<S>(_: &S) -> io::Result<()> {
    Ok(())
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

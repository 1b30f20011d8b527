//! HTTP/2, with prior knowledge or over TLS, through `h2`.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use h2::{Reason, RecvStream, SendStream, server::SendResponse};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{mpsc, oneshot},
};

use super::{
    Exchange, Gone, Head, Out,
    exchange::ReplyHead,
    socket::Socket,
    stream::{Stream, deafen},
};
use crate::{
    log::{Meter, Tally},
    script::{Do, EndWith, Read},
    service::{self, After},
    shared::{Shared, lock},
};

/// Serves a connection whose preface is in the socket's buffer.
pub(super) async fn serve(shared: Arc<Shared>, socket: Socket, key: usize) {
    let (stream, before, tally) = socket.into_parts();
    let handle = Handle::of(&stream);
    let rst = Arc::new(AtomicBool::new(false));
    let io = Counted { stream, before, tally: tally.clone(), rst: rst.clone() };
    let Ok(mut connection) = h2::server::Builder::new().initial_window_size(1 << 20).handshake::<_, Bytes>(io).await
    else {
        return;
    };
    let (ends, mut ended) = mpsc::unbounded_channel::<Word>();
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            Some(word) = ended.recv() => {
                let end = match word {
                    Word::End(end) => end,
                    Word::Leave(told) => {
                        connection.graceful_shutdown();
                        // Whoever asked has gone if nobody listens.
                        let _gone = told.send(());
                        continue;
                    }
                };
                tally.closing();
                match end.r#do {
                    Do::Goaway => {
                        connection.abrupt_shutdown(reason(&end, Reason::NO_ERROR));
                        // Drives the connection until GOAWAY is written.
                        while let Some(Ok(_)) = connection.accept().await {}
                    }
                    _ => rst.store(end.r#do == Do::Reset, Relaxed),
                }
                return;
            }
        };
        let Some(Ok((request, respond))) = accepted else { return };
        let head = read_head(&request);
        let connection_n = if head.is_control() { 0 } else { shared.number(key) };
        let stream = respond.stream_id().as_u32();
        let (ends, wire, socket) = (ends.clone(), tally.clone(), handle.socket.clone());
        let out = H2 { incoming: request.into_body(), respond, body: None, ends, wire, socket };
        let (shared, tally) = (shared.clone(), tally.clone());
        tokio::spawn(async move {
            let mut exchange = Exchange { connection: connection_n, stream, head, out };
            let after: Result<After, Gone> = service::handle(&shared, &tally, &mut exchange).await;
            if after == Ok(After::Ended) {
                // A stream that is dropped resets itself; the connection's own end is to come first.
                exchange.out.reset_by_client().await;
            }
        });
    }
}

fn read_head(request: &http::Request<RecvStream>) -> Head {
    let mut head = Head { version: "2", verb: request.method().to_string(), ..Head::default() };
    head.set_target(&request.uri().to_string());
    if let Some(authority) = request.uri().authority() {
        head.headers.push((":authority".to_owned(), authority.to_string()));
    }
    for (name, value) in request.headers() {
        let text = value.as_bytes().iter().map(|b| char::from(*b)).collect();
        head.headers.push((name.to_string(), text));
    }
    head
}

fn reason(end: &EndWith, default: Reason) -> Reason {
    match end.reason.as_deref() {
        Some("NO_ERROR") => Reason::NO_ERROR,
        Some("PROTOCOL_ERROR") => Reason::PROTOCOL_ERROR,
        Some("INTERNAL_ERROR") => Reason::INTERNAL_ERROR,
        Some("REFUSED_STREAM") => Reason::REFUSED_STREAM,
        Some("CANCEL") => Reason::CANCEL,
        Some("ENHANCE_YOUR_CALM") => Reason::ENHANCE_YOUR_CALM,
        Some("HTTP_1_1_REQUIRED") => Reason::HTTP_1_1_REQUIRED,
        _ => default,
    }
}

/// A stream's word to its connection.
#[derive(Debug)]
enum Word {
    /// It ends.
    End(EndWith),
    /// It takes no further streams; told when the client will hear of it before anything else.
    Leave(oneshot::Sender<()>),
}

/// The socket once more, for those that are not the connection. It goes with the connection, which could not close else.
#[derive(Debug)]
struct Handle {
    socket: Arc<Mutex<Option<socket2::Socket>>>,
}

impl Handle {
    fn of(stream: &Stream) -> Self {
        Self { socket: Arc::new(Mutex::new(socket2::SockRef::from(stream.tcp()).try_clone().ok())) }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        lock(&self.socket).take();
    }
}

/// One stream.
#[derive(Debug)]
struct H2 {
    incoming: RecvStream,
    respond: SendResponse<Bytes>,
    body: Option<SendStream<Bytes>>,
    ends: mpsc::UnboundedSender<Word>,
    wire: Tally,
    socket: Arc<Mutex<Option<socket2::Socket>>>,
}

impl H2 {
    /// Waits until what was sent is on the wire: a reset throws away what is still queued, and `h2` does not say
    /// when the queue is empty.
    async fn settled(&self) {
        let mut before = None;
        while before != Some(self.wire.bytes_out()) {
            before = Some(self.wire.bytes_out());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn reset_by_client(&mut self) -> Gone {
        let _reason = match &mut self.body {
            Some(body) => poll_fn(|cx| body.poll_reset(cx)).await,
            None => poll_fn(|cx| self.respond.poll_reset(cx)).await,
        };
        Gone
    }
}

impl Out for H2 {
    async fn read_body(&mut self, how: &Read, _: bool, meter: &mut Meter) -> Result<bool, Gone> {
        let mut room = how.bytes.unwrap_or(u64::MAX);
        while room > 0 {
            match self.incoming.data().await {
                None => break,
                Some(Err(_)) => return Err(Gone),
                Some(Ok(bytes)) => {
                    meter.push(&bytes[..(bytes.len() as u64).min(room) as usize]);
                    room = room.saturating_sub(bytes.len() as u64);
                    tokio::time::sleep(Duration::from_millis(how.every_ms)).await;
                    self.incoming.flow_control().release_capacity(bytes.len()).map_err(|_| Gone)?;
                }
            }
        }
        Ok(true)
    }

    fn leave_unread(&mut self) {
        // What is not asked for stays behind the stream's window.
    }

    async fn interim(&mut self, status: u16, headers: &[(String, String)]) -> Result<(), Gone> {
        let response = response(status, headers).ok_or(Gone)?;
        self.respond.send_informational(response).map_err(|_| Gone)
    }

    async fn head(&mut self, head: &ReplyHead) -> Result<(), Gone> {
        let response = response(head.status, &head.headers).ok_or(Gone)?;
        self.body = Some(self.respond.send_response(response, false).map_err(|_| Gone)?);
        Ok(())
    }

    async fn data(&mut self, mut bytes: Bytes) -> Result<(), Gone> {
        let body = self.body.as_mut().ok_or(Gone)?;
        while !bytes.is_empty() {
            body.reserve_capacity(bytes.len());
            let room = match poll_fn(|cx| body.poll_capacity(cx)).await {
                Some(Ok(room)) => room,
                _ => return Err(Gone),
            };
            body.send_data(bytes.split_to(room.min(bytes.len())), false).map_err(|_| Gone)?;
        }
        Ok(())
    }

    async fn raw(&mut self, _: Bytes) -> Result<(), Gone> {
        // Frames are h2's; bytes beside them are not to be had, so the stream breaks instead.
        self.respond.send_reset(Reason::PROTOCOL_ERROR);
        Err(Gone)
    }

    async fn finish(&mut self) -> Result<(), Gone> {
        let body = self.body.as_mut().ok_or(Gone)?;
        body.send_data(Bytes::new(), true).map_err(|_| Gone)
    }

    async fn pause(&mut self, time: Duration) -> Result<(), Gone> {
        if time.is_zero() {
            return Ok(());
        }
        self.until(tokio::time::sleep(time)).await
    }

    async fn until<F: Future<Output = ()> + Send>(&mut self, event: F) -> Result<(), Gone> {
        tokio::select! {
            biased;
            () = event => Ok(()),
            gone = self.reset_by_client() => Err(gone),
        }
    }

    async fn hold(&mut self) -> Gone {
        self.reset_by_client().await
    }

    fn deafen(&mut self) {
        if let Some(socket) = &*lock(&self.socket) {
            // What the system refuses is silence all the same, only that the kernel acknowledges what arrives.
            let _refused = deafen(socket);
        }
    }

    async fn leave(&mut self) {
        let (told, done) = oneshot::channel();
        if self.ends.send(Word::Leave(told)).is_ok() {
            let _gone = done.await;
        }
    }

    async fn finally(&mut self, end: &EndWith) {
        if end.r#do == Do::Leave {
            // The connection ends by itself once its streams have.
            return;
        }
        self.settled().await;
        match (end.r#do, &mut self.body) {
            (Do::Reset, Some(body)) => body.send_reset(reason(end, Reason::INTERNAL_ERROR)),
            (Do::Reset, None) => self.respond.send_reset(reason(end, Reason::INTERNAL_ERROR)),
            _ => {
                // The connection's task may have ended already; then there is nothing left to end.
                let _ended = self.ends.send(Word::End(end.clone()));
            }
        }
    }
}

fn response(status: u16, headers: &[(String, String)]) -> Option<http::Response<()>> {
    let mut builder = http::Response::builder().status(status).version(http::Version::HTTP_2);
    for (name, value) in headers {
        // HTTP/2 has no such headers; the stream carries what they say.
        if !["connection", "transfer-encoding", "keep-alive"].contains(&name.as_str()) {
            builder = builder.header(name, value);
        }
    }
    builder.body(()).ok()
}

/// The socket under `h2`: gives back what was read to find out the version, and counts.
#[derive(Debug)]
struct Counted {
    stream: Stream,
    before: BytesMut,
    tally: Tally,
    rst: Arc<AtomicBool>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.before.is_empty() {
            let n = self.before.len().min(buf.remaining());
            buf.put_slice(&self.before.split_to(n));
            return Poll::Ready(Ok(()));
        }
        let had = buf.filled().len();
        let done = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.tally.received(buf.filled().len() - had);
        done
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(n)) = &done {
            self.tally.sent(*n);
        }
        done
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.rst.load(Relaxed) {
            let _refused = self.stream.tcp().set_zero_linger();
        }
    }
}

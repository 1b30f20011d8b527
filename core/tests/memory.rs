//! What a client holds grows neither with what it has done nor with what a server would like to send.
//!
//! `THREADLINE_REQUESTS=1000000 cargo test -p threadline --test memory -- --nocapture` measures more and prints what it found.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicIsize, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use threadline::operations::{CHAT_COMPLETIONS_CREATE as CHAT, MODELS_RETRIEVE};
use threadline::transport::{HttpRequest, HttpResponse, SendFuture, Transport, TransportError, TransportErrorKind};
use threadline::{Args, Client, RequestOptions};
use tokio::sync::Mutex;

/// Counts the bytes that are allocated and not freed.
struct Counting;

static LIVE: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every request is handed on to the system's allocator as it is, and its answer back; counting touches no memory of theirs.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as isize, SeqCst);
        // SAFETY: the caller keeps the contract of `alloc`, which is the same for both.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as isize, SeqCst);
        // SAFETY: the pointer came from `alloc` above, and so from the system's allocator, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test at a time: they look at the same number.
static TURN: Mutex<()> = Mutex::const_new(());

fn count(usual: usize) -> usize {
    std::env::var("THREADLINE_REQUESTS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Makes `usual` requests (or as many as the environment says) after a tenth of them, and holds what they left against the limit.
async fn grows_less_than<F: Future<Output = ()>>(limit: isize, usual: usize, mut request: impl FnMut(usize) -> F) {
    let count = count(usual);
    for number in 0..count / 10 {
        request(number).await;
    }
    let before = LIVE.load(SeqCst);
    for number in 0..count {
        request(number).await;
    }
    let grown = LIVE.load(SeqCst) - before;
    println!("{count} requests: {grown} bytes more than before them");
    assert!(grown < limit, "{count} requests left {grown} bytes behind");
}

/// Fails, refuses and answers in turn, without a network.
#[derive(Debug, Default)]
struct InTurn(AtomicUsize);

impl Transport for InTurn {
    fn send(&self, request: HttpRequest) -> SendFuture<'_> {
        let turn = self.0.fetch_add(1, SeqCst) % 5;
        Box::pin(async move {
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", "req_1".parse().unwrap());
            let (status, body) = match turn {
                0 => return Err(TransportError::new(TransportErrorKind::Send, "the connection broke")),
                1 => (503, r#"{"error":{"message":"busy"}}"#),
                _ if request.streaming => {
                    headers.insert("content-type", "text/event-stream".parse().unwrap());
                    (200, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n")
                }
                _ => (200, r#"{"id":"c","choices":[]}"#),
            };
            Ok(HttpResponse::from_bytes(
                StatusCode::from_u16(status).unwrap(),
                headers,
                Bytes::from_static(body.as_bytes()),
            ))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_calls_leave_nothing_behind() {
    let _alone = TURN.lock().await;
    let client = Client::builder().api_key("sk-test-key").base_url("https://api.test/v1").transport(InTurn::default());
    let client = client.build().unwrap();
    grows_less_than(64 << 10, 100_000, |number| {
        let client = client.clone();
        async move {
            let args = Args::new(vec![], r#"{"model":"m","messages":[]}"#, vec![]);
            // The budget of retries may be empty: a refusal is an answer too.
            match number % 3 {
                0 => drop(client.execute(&CHAT, args, RequestOptions::new()).await),
                1 => drop(client.stream(&CHAT, args, RequestOptions::new()).await),
                _ => {
                    if let Ok(mut stream) = client.stream(&CHAT, args, RequestOptions::new()).await {
                        while let Some(event) = stream.next().await {
                            event.unwrap();
                        }
                    }
                }
            }
        }
    })
    .await;
}

/// A server on threads of its own whose memory does not depend on what it has served.
fn serve(answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                let mut held = 0;
                // The end of a connection ends its thread.
                while let Ok(n @ 1..) = stream.read(&mut buffer[held..]) {
                    held += n;
                    if buffer[..held].windows(4).any(|bytes| bytes == b"\r\n\r\n") {
                        held = 0;
                        if answer(&mut stream).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    Client::builder().api_key("sk-test-key").base_url(url).system_proxy(false).build().unwrap()
}

#[tokio::test]
async fn calls_over_sockets_leave_nothing_behind() {
    let _alone = TURN.lock().await;
    let client = serve(|stream| {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{\"id\":\"m\"}")
    });
    grows_less_than(128 << 10, 10_000, |_| {
        let client = client.clone();
        async move {
            let reply =
                client.execute(&MODELS_RETRIEVE, Args::new(vec!["m".into()], "", vec![]), RequestOptions::new());
            assert_eq!(&reply.await.unwrap().body[..], b"{\"id\":\"m\"}");
        }
    })
    .await;
}

/// A server that writes as fast as it can, and a reader that does not read for a while: what lies between them is bounded,
/// and then nothing of it is missing.
#[tokio::test]
async fn a_slow_reader_slows_the_server_down_instead_of_filling_the_memory() {
    const EVENTS: usize = 1024;
    const EVENT: usize = 64 << 10;
    let _alone = TURN.lock().await;
    let sent = Arc::new(AtomicU64::new(0));
    let (stalled, wait) = mpsc::channel();
    let (counter, text) = (Arc::clone(&sent), "x".repeat(EVENT));
    let client = serve(move |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")?;
        stream.set_write_timeout(Some(Duration::from_millis(300)))?;
        let event = format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
        for _ in 0..EVENTS {
            write(stream, event.as_bytes(), &counter, &stalled)?;
        }
        write(stream, b"data: [DONE]\n\n", &counter, &stalled)?;
        Err(ErrorKind::ConnectionAborted.into())
    });
    let mut stream = client.stream(&CHAT, Args::new(vec![], "{}", vec![]), RequestOptions::new()).await.unwrap();
    stream.next().await.unwrap().unwrap();
    let before = LIVE.load(SeqCst);
    // Meanwhile the connection's own task may do as it likes.
    tokio::task::spawn_blocking(move || wait.recv_timeout(Duration::from_secs(120))).await.unwrap().unwrap();
    let (held, grown) = (sent.load(SeqCst), LIVE.load(SeqCst) - before);
    assert!(held < (EVENTS * EVENT / 2) as u64, "the server could send {held} bytes that nobody read");
    assert!(grown < 4 << 20, "{grown} bytes are held for a reader that does not read");
    let mut read = 1;
    while let Some(event) = stream.next().await {
        event.unwrap();
        read += 1;
    }
    assert_eq!(read, EVENTS);
}

/// Writes all of it; says so when for a while nothing more can be written.
fn write(
    stream: &mut TcpStream,
    mut bytes: &[u8],
    sent: &AtomicU64,
    stalled: &mpsc::Sender<()>,
) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(n) => {
                sent.fetch_add(n as u64, SeqCst);
                bytes = &bytes[n..];
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                // Only the first time matters.
                let _ = stalled.send(());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

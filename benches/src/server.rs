//! The loopback server every client is measured against: fixed replies, no parsing beyond what framing needs.
//!
//! It runs as its own process, so that its CPU time is not counted as a client's.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Chunks of one streamed reply, the closing ones not counted.
pub const CHUNKS: usize = 2_000;
/// Bytes of a piece of a reply that something on its way has gathered.
const PIECE: usize = 16 << 10;
/// Vectors of one embeddings reply.
pub const VECTORS: usize = 256;
/// Numbers of one vector.
pub const DIMENSIONS: usize = 1_536;

struct Replies {
    chat: Vec<u8>,
    stream: Vec<u8>,
    buffered: Vec<u8>,
    floats: Vec<u8>,
    base64: Vec<u8>,
}

/// Serves on a free port for ever, after printing the port.
pub async fn serve() -> std::io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?.port());
    let replies = Arc::new(Replies::build());
    loop {
        let (socket, _) = listener.accept().await?;
        let replies = replies.clone();
        tokio::spawn(async move {
            // A client that goes away mid-reply is how a round ends, not a fault of the server.
            let _ = connection(socket, &replies).await;
        });
    }
}

async fn connection(mut socket: TcpStream, replies: &Replies) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(16 * 1024);
    loop {
        let head = loop {
            if let Some(end) = find(&buffer, b"\r\n\r\n") {
                break end + 4;
            }
            if socket.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let length = content_length(&buffer[..head]);
        while buffer.len() < head + length {
            if socket.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        let body = &buffer[head..head + length];
        let embeddings = find(&buffer[..head], b"/embeddings").is_some();
        let reply = if embeddings {
            if find(body, b"base64").is_some() { &replies.base64 } else { &replies.floats }
        } else if find(body, b"\"stream\":true").is_some() {
            if find(body, b"-buffered").is_some() { &replies.buffered } else { &replies.stream }
        } else {
            &replies.chat
        };
        socket.write_all(reply).await?;
        buffer.drain(..head + length);
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0)
}

impl Replies {
    fn build() -> Self {
        let vectors = vectors();
        let floats = embeddings(vectors.iter().map(|vector| serde_json::json!(vector)));
        let base64 = embeddings(vectors.iter().map(|vector| {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| (*number as f32).to_le_bytes()).collect();
            serde_json::Value::String(STANDARD.encode(bytes))
        }));
        let events = events();
        Self {
            chat: plain(&chat()),
            stream: chunked(events.iter().map(String::as_bytes)),
            buffered: chunked(events.concat().as_bytes().chunks(PIECE)),
            floats: plain(&floats),
            base64: plain(&base64),
        }
    }
}

fn plain(body: &[u8]) -> Vec<u8> {
    let mut reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    reply.extend_from_slice(body);
    reply
}

fn chat() -> Vec<u8> {
    let text = "The quick brown fox jumps over the lazy dog while the band plays on. ".repeat(6);
    serde_json::json!({
        "id": "chatcmpl-bench", "object": "chat.completion", "created": 1_790_000_000, "model": "gpt-5.5",
        "choices": [{
            "index": 0, "finish_reason": "tool_calls", "logprobs": null,
            "message": {
                "role": "assistant", "content": text, "refusal": null, "annotations": [],
                "tool_calls": [
                    {"id": "call_1", "type": "function",
                     "function": {"name": "weather", "arguments": "{\"city\":\"Oslo\",\"unit\":\"celsius\"}"}},
                    {"id": "call_2", "type": "function",
                     "function": {"name": "weather", "arguments": "{\"city\":\"Turin\",\"unit\":\"celsius\"}"}}
                ]
            }
        }],
        "usage": {
            "prompt_tokens": 120, "completion_tokens": 90, "total_tokens": 210,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}
        },
        "service_tier": "default", "system_fingerprint": "fp_bench"
    })
    .to_string()
    .into_bytes()
}

/// The events of one streamed reply.
fn events() -> Vec<String> {
    let frame = |delta: serde_json::Value, finish: Option<&str>| {
        let event = serde_json::json!({
            "id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_790_000_000, "model": "gpt-5.5",
            "service_tier": "default", "system_fingerprint": "fp_bench",
            "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]
        });
        format!("data: {event}\n\n")
    };
    let words = (0..CHUNKS).map(|number| frame(serde_json::json!({"content": format!(" word{number}")}), None));
    let mut events = vec![frame(serde_json::json!({"role": "assistant", "content": "", "refusal": null}), None)];
    events.extend(words);
    events.push(frame(serde_json::json!({}), Some("stop")));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

/// A streamed reply, each piece an HTTP chunk.
fn chunked<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut reply = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for piece in pieces {
        reply.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        reply.extend_from_slice(piece);
        reply.extend_from_slice(b"\r\n");
    }
    reply.extend_from_slice(b"0\r\n\r\n");
    reply
}

/// Numbers as the service sends them: f32 values, printed with about nine digits.
fn vectors() -> Vec<Vec<f64>> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let unit = (state >> 11) as f64 / (1_u64 << 53) as f64;
        let text = format!("{:.9}", (unit - 0.5) * 0.1);
        text.parse().unwrap_or(0.0)
    };
    (0..VECTORS).map(|_| (0..DIMENSIONS).map(|_| next()).collect()).collect()
}

fn embeddings(vectors: impl Iterator<Item = serde_json::Value>) -> Vec<u8> {
    let data: Vec<_> = vectors
        .enumerate()
        .map(|(index, embedding)| serde_json::json!({"object": "embedding", "index": index, "embedding": embedding}))
        .collect();
    serde_json::json!({
        "object": "list", "data": data, "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 2_048, "total_tokens": 2_048}
    })
    .to_string()
    .into_bytes()
}

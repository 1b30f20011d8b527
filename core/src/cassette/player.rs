//! A recorded WebSocket, played back: the server's part is spoken, the program's part is compared.

use std::collections::VecDeque;
use std::time::Duration;

use http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, timeout_at};

use super::format::{Closed, Ended, Said, Side, compact};
use super::frames::{Frame, Frames, from_server};
use super::matching::{show, unlike};
use super::multipart::unbase64;
use super::redact::Redaction;
use super::socket::said;
use crate::transport::Upgrade;
use crate::websocket::Handshake;

/// Bytes that may lie between the two ends.
const PIPE: usize = 1 << 16;
/// The close code for a message that was not recorded. Programs have 4000 to 4999 for themselves.
const UNKNOWN: u16 = 4004;
/// Longest reason of a close frame, in bytes.
const REASON: usize = 123;

/// The rules of a replay.
pub(super) struct Rules {
    pub(super) fast: bool,
    pub(super) redaction: Redaction,
    pub(super) ignored: Vec<String>,
}

/// Stands in for the server until the recording ends or the program closes the connection.
pub(super) fn play(
    script: Vec<Said>,
    ended: Option<Ended>,
    rules: Rules,
    asked: &HeaderMap,
    mut headers: HeaderMap,
) -> Upgrade {
    Handshake::answer(asked, &mut headers);
    let (near, far) = tokio::io::duplex(PIPE);
    let player = Player { io: far, frames: Frames::default(), waiting: VecDeque::new(), rules };
    tokio::spawn(async move {
        // The program has gone: there is nobody left to play for.
        let _: Option<()> = player.run(script, ended).await;
    });
    Upgrade::switched(headers, near)
}

struct Player {
    io: DuplexStream,
    frames: Frames,
    /// What the program has said before its turn.
    waiting: VecDeque<Frame>,
    rules: Rules,
}

impl Player {
    async fn run(mut self, script: Vec<Said>, ended: Option<Ended>) -> Option<()> {
        for (number, line) in (1..).zip(&script) {
            match (line.from, &line.close) {
                (Side::Server, None) => {
                    self.pause(line.after_ms).await?;
                    self.say(&frame(line)?).await?;
                }
                (Side::Server, Some(close)) => {
                    self.pause(line.after_ms).await?;
                    return self.farewell(close).await;
                }
                (Side::Client, None) => {
                    let heard = self.message().await?;
                    let heard = said(Side::Client, 0, &heard, &self.rules.redaction)?;
                    let found = unlike(line, &heard, &self.rules.ignored);
                    if !found.is_empty() {
                        return self
                            .refuse(&format!("message {number} is not the recorded one: {}", show(&found)))
                            .await;
                    }
                }
                (Side::Client, Some(_)) => {
                    // A close is answered as it comes; this is something else.
                    self.message().await?;
                    return self.refuse("the cassette holds no further message of the program").await;
                }
            }
        }
        if let Some(Ended::Broken(_)) = ended {
            return Some(());
        }
        self.message().await?;
        self.refuse("the cassette holds no further message of the program").await
    }

    /// Waits as long as the server did, and reads what comes meanwhile.
    async fn pause(&mut self, after_ms: u64) -> Option<()> {
        if self.rules.fast || after_ms == 0 {
            return Some(());
        }
        let until = Instant::now() + Duration::from_millis(after_ms);
        while let Ok(heard) = timeout_at(until, self.read()).await {
            let heard = heard?;
            if let Some(message) = self.answer(heard).await? {
                self.waiting.push_back(message);
            }
        }
        Some(())
    }

    /// The program's next message; `None` when there will be none.
    async fn message(&mut self) -> Option<Frame> {
        if let Some(message) = self.waiting.pop_front() {
            return Some(message);
        }
        loop {
            let heard = self.read().await?;
            if let Some(message) = self.answer(heard).await? {
                return Some(message);
            }
        }
    }

    /// Hands on messages and answers the rest as a server does; `None` when the program has closed the connection.
    async fn answer(&mut self, heard: Frame) -> Option<Option<Frame>> {
        match heard {
            Frame::Text(_) | Frame::Binary(_) => return Some(Some(heard)),
            Frame::Ping(_) => self.say(&heard).await?,
            Frame::Pong => {}
            Frame::Close(_) => {
                self.say(&heard).await?;
                return None;
            }
        }
        Some(None)
    }

    async fn refuse(&mut self, why: &str) -> Option<()> {
        let mut end = why.len().min(REASON);
        while !why.is_char_boundary(end) {
            end -= 1;
        }
        self.farewell(&Closed { code: Some(UNKNOWN), reason: why[..end].to_owned() }).await
    }

    /// Closes, and reads on until the program has closed too.
    async fn farewell(&mut self, close: &Closed) -> Option<()> {
        self.say(&Frame::Close(close.code.map(|code| (code, close.reason.clone())))).await?;
        while !matches!(self.read().await?, Frame::Close(_)) {}
        Some(())
    }

    async fn say(&mut self, frame: &Frame) -> Option<()> {
        self.io.write_all(&from_server(frame)).await.ok()
    }

    /// The next frame. To stop waiting loses nothing.
    async fn read(&mut self) -> Option<Frame> {
        let mut bytes = vec![0; 8 << 10];
        loop {
            if let Some(frame) = self.frames.next() {
                return Some(frame);
            }
            match self.io.read(&mut bytes).await {
                Ok(count) if count > 0 => self.frames.push(&bytes[..count]),
                _ => return None,
            }
        }
    }
}

/// A recorded message as the frame it was.
fn frame(line: &Said) -> Option<Frame> {
    Some(match (&line.json, &line.text, &line.base64) {
        (Some(json), ..) => Frame::Text(compact(json.get()).into()),
        (None, Some(text), _) => Frame::Text(text.clone().into()),
        (None, None, Some(text)) => Frame::Binary(unbase64(text)?.into()),
        (None, None, None) => Frame::Text("".into()),
    })
}

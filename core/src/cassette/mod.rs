//! Record and replay: what a program asked and what it was told, in a file that can be read, compared and played back.
//!
//! A cassette is a JSON file of exchanges. Recording writes it while the program talks to the provider; replaying answers
//! the same requests from it, without a network and without a key. Secrets do not reach the file.

mod asked;
mod deck;
mod format;
mod frames;
mod matching;
mod multipart;
mod pieces;
mod player;
mod redact;
mod replay;
mod socket;
mod transport;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::redact::Redaction;
pub use self::transport::CassetteTransport;
use crate::client::ClientBuilder;
use crate::error::Error;
use crate::transport::Transport;

/// What is done with a cassette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mode {
    /// Every request is answered from the file. One that is not there is an error that shows the nearest.
    #[default]
    Replay,
    /// Every request is sent, and the file is written anew.
    Record,
    /// What is in the file is answered from it; the rest is sent, and added to it.
    RecordMissing,
}

/// Settings of record and replay.
///
/// ```no_run
/// use threadline::Client;
/// use threadline::cassette::{Cassette, Mode};
///
/// # fn run() -> Result<(), threadline::Error> {
/// let cassette = Cassette::new("tests/cassettes/chat.json").mode(Mode::Replay);
/// let client = Client::builder().api_key("none").cassette(cassette).build()?;
/// # let _ = client; Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Cassette {
    path: PathBuf,
    mode: Mode,
    fast: bool,
    allow_repeats: bool,
    ignored: Vec<String>,
    redaction: Redaction,
}

impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cassette").field("path", &self.path).field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl Cassette {
    /// A cassette in this file, to be replayed. The folder is made when something is recorded.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            mode: Mode::default(),
            fast: false,
            allow_repeats: false,
            ignored: Vec::new(),
            redaction: Redaction::default(),
        }
    }

    /// What is done with it. Default: [`Mode::Replay`].
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Replays without the waits that were recorded. Default off: replies and the events of streams come as fast as they
    /// came then.
    pub fn fast(mut self, on: bool) -> Self {
        self.fast = on;
        self
    }

    /// Answers a request that comes more often than it was recorded with its last reply. Default off: that is an error.
    pub fn allow_repeats(mut self, on: bool) -> Self {
        self.allow_repeats = on;
        self
    }

    /// Leaves members of this name, at any depth of a JSON body, and query parameters of this name out of the comparison of
    /// requests.
    pub fn ignore(mut self, name: impl Into<String>) -> Self {
        self.ignored.push(name.into());
        self
    }

    /// Writes `***` for the text of JSON members of this name, in requests and replies, whatever their case.
    pub fn redact_member(mut self, name: impl AsRef<str>) -> Self {
        self.redaction.members.push(name.as_ref().to_ascii_lowercase());
        self
    }

    /// Writes `***` for query parameters of this name.
    pub fn redact_query(mut self, name: impl Into<String>) -> Self {
        self.redaction.query.push(name.into());
        self
    }

    /// Writes `***` wherever this text stands.
    pub fn redact_text(mut self, text: impl Into<String>) -> Self {
        self.redaction.texts.push(text.into());
        self
    }

    /// Keeps this header of requests and replies in the file, besides the few that are kept anyway. Those that hold
    /// credentials, cookies or accounts are never kept.
    pub fn keep_header(mut self, name: impl AsRef<str>) -> Self {
        self.redaction.headers.push(name.as_ref().to_ascii_lowercase());
        self
    }

    /// A transport that records from, or replays in place of, another.
    ///
    /// # Errors
    /// Kind `usage` if the file cannot be read or is no cassette.
    pub fn transport(self, inner: Arc<dyn Transport>) -> Result<CassetteTransport, Error> {
        CassetteTransport::new(self, inner)
    }
}

impl ClientBuilder {
    /// Records what the client's transport does into this cassette, or replays it from there.
    pub fn cassette(self, cassette: Cassette) -> Self {
        self.set_cassette(cassette)
    }
}

//! `cassette` of a client.

use serde::Deserialize;
use threadline::cassette::{Cassette, Mode};

/// A file to record into or to replay from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CassetteConfig {
    file: String,
    mode: ModeName,
    #[serde(default)]
    fast: bool,
    #[serde(default)]
    allow_repeats: bool,
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    redact_members: Vec<String>,
    #[serde(default)]
    keep_headers: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ModeName {
    Replay,
    Record,
    RecordMissing,
}

impl From<CassetteConfig> for Cassette {
    fn from(config: CassetteConfig) -> Self {
        let mode = match config.mode {
            ModeName::Replay => Mode::Replay,
            ModeName::Record => Mode::Record,
            ModeName::RecordMissing => Mode::RecordMissing,
        };
        let cassette = Cassette::new(config.file).mode(mode).fast(config.fast).allow_repeats(config.allow_repeats);
        let cassette = config.ignore.into_iter().fold(cassette, Cassette::ignore);
        let cassette = config.redact_members.into_iter().fold(cassette, Cassette::redact_member);
        config.keep_headers.into_iter().fold(cassette, Cassette::keep_header)
    }
}

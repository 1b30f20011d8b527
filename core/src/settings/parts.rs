//! `limits` and `cassette`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cassette::{Cassette, Mode};
use crate::limits::Limits;

/// Limits that the client keeps by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitSettings {
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
    max_concurrent: Option<usize>,
    learn: Option<bool>,
    models: Option<BTreeMap<String, ModelLimits>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelLimits {
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
}

impl From<LimitSettings> for Limits {
    fn from(settings: LimitSettings) -> Self {
        let mut limits = Self::new();
        if let Some(count) = settings.requests_per_minute {
            limits = limits.requests_per_minute(count);
        }
        if let Some(count) = settings.tokens_per_minute {
            limits = limits.tokens_per_minute(count);
        }
        if let Some(count) = settings.max_concurrent {
            limits = limits.max_concurrent(count);
        }
        if let Some(on) = settings.learn {
            limits = limits.learn(on);
        }
        settings.models.into_iter().flatten().fold(limits, |limits, (name, model)| {
            limits.model(name, model.requests_per_minute, model.tokens_per_minute)
        })
    }
}

/// A file to record into or to replay from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CassetteSettings {
    file: String,
    mode: Option<CassetteMode>,
    fast: Option<bool>,
    allow_repeats: Option<bool>,
    ignore: Option<Vec<String>>,
    redact_members: Option<Vec<String>>,
    keep_headers: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CassetteMode {
    Replay,
    Record,
    RecordMissing,
}

impl From<CassetteSettings> for Cassette {
    fn from(settings: CassetteSettings) -> Self {
        let mode = match settings.mode {
            None | Some(CassetteMode::Replay) => Mode::Replay,
            Some(CassetteMode::Record) => Mode::Record,
            Some(CassetteMode::RecordMissing) => Mode::RecordMissing,
        };
        let cassette = Self::new(settings.file)
            .mode(mode)
            .fast(settings.fast.unwrap_or_default())
            .allow_repeats(settings.allow_repeats.unwrap_or_default());
        let cassette = settings.ignore.into_iter().flatten().fold(cassette, Self::ignore);
        let cassette = settings.redact_members.into_iter().flatten().fold(cassette, Self::redact_member);
        settings.keep_headers.into_iter().flatten().fold(cassette, Self::keep_header)
    }
}

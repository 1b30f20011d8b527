//! `limits` of a client.

use std::collections::BTreeMap;

use serde::Deserialize;
use threadline::limits::Limits;

/// Limits that the client keeps by itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsConfig {
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
    max_concurrent: Option<usize>,
    learn: Option<bool>,
    #[serde(default)]
    models: BTreeMap<String, ModelConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelConfig {
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
}

impl From<LimitsConfig> for Limits {
    fn from(config: LimitsConfig) -> Self {
        let mut limits = Limits::new();
        if let Some(count) = config.requests_per_minute {
            limits = limits.requests_per_minute(count);
        }
        if let Some(count) = config.tokens_per_minute {
            limits = limits.tokens_per_minute(count);
        }
        if let Some(count) = config.max_concurrent {
            limits = limits.max_concurrent(count);
        }
        if let Some(on) = config.learn {
            limits = limits.learn(on);
        }
        config.models.into_iter().fold(limits, |limits, (name, model)| {
            limits.model(name, model.requests_per_minute, model.tokens_per_minute)
        })
    }
}

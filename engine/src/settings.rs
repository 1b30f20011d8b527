//! What an operator may change. The defaults are those of the original service where they are known.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// Settings of an engine. In a file, durations are numbers of seconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// Seconds after its creation at which an active run expires; 0: never. Default 600.
    pub run_ttl_seconds: i64,
    /// Model calls of one run. Default 50.
    pub max_turns: u32,
    /// Messages that may come with a new thread or run. Default 100.
    pub max_messages: usize,
    /// Characters of one tool output, in bytes. Default 512 KiB.
    pub max_tool_output: usize,
    /// All tool outputs of one request, in bytes. Default 1 MiB.
    pub max_tool_outputs: usize,
    /// Largest JSON body, in bytes. Default 32 MiB.
    pub max_body: usize,
    /// Largest file of an upload, in bytes. Default 512 MiB.
    pub max_file: u64,
    /// Most tokens of a file in a vector store. Default 5,000,000.
    pub max_file_tokens: usize,
    /// Lets unknown members of requests pass. Default false.
    pub lenient: bool,
    /// Requires the header `OpenAI-Beta: assistants=v2`. Default false.
    pub require_beta_header: bool,
    /// Origins of web pages that may call a server (`https://app.example`); `*` lets all. Default none.
    pub cors_origins: Vec<String>,
    /// What `openai-poll-after-ms` tells clients that wait for a run. Default 100.
    pub poll_after_ms: u32,
    /// Runs that this process works on at once. Default 2,000.
    pub max_runs: usize,
    /// How long a lease on a run lasts without a sign of life. Default 30 s.
    #[serde(deserialize_with = "seconds")]
    pub lease: Duration,
    /// Repeats a turn that had shown output when its server died, instead of failing the run. Default false.
    pub restart_partial: bool,
    /// Drops tools that cannot be run, instead of refusing the run. Default false.
    pub ignore_unavailable_tools: bool,
    /// Models that may be asked for; empty: any. A run with another is refused with `model_not_found`.
    pub models: Vec<String>,
    /// Tokens of a model's context, where the provider's profile names none. Default 128,000.
    pub context_tokens: i64,
    /// How long stored events of an ended run are kept. Default 24 h.
    #[serde(deserialize_with = "seconds")]
    pub keep_events: Duration,
    /// Time between keep-alive comments of a stream. Default 15 s.
    #[serde(deserialize_with = "seconds")]
    pub keep_alive: Duration,
    /// How long a run waits for files of its thread that are still being read. Default 60 s.
    #[serde(deserialize_with = "seconds")]
    pub index_wait: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            run_ttl_seconds: 600,
            max_turns: 50,
            max_messages: 100,
            max_tool_output: 512 * 1024,
            max_tool_outputs: 1024 * 1024,
            max_body: 32 * 1024 * 1024,
            max_file: 512 * 1024 * 1024,
            max_file_tokens: 5_000_000,
            lenient: false,
            require_beta_header: false,
            cors_origins: Vec::new(),
            poll_after_ms: 100,
            max_runs: 2000,
            lease: Duration::from_secs(30),
            restart_partial: false,
            ignore_unavailable_tools: false,
            models: Vec::new(),
            context_tokens: 128_000,
            keep_events: Duration::from_secs(24 * 60 * 60),
            keep_alive: Duration::from_secs(15),
            index_wait: Duration::from_secs(60),
        }
    }
}

fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(from)?;
    Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
}

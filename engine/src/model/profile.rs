//! What a provider can do and how it wants to be asked, as data.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A provider. Every member has a default, so a profile names only what is different.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Profile {
    /// Which endpoint carries the turns. Default `responses`.
    pub api: Api,
    /// Other names for models: what the provider is asked for instead of the name that an assistant carries.
    pub models: BTreeMap<String, String>,
    /// Tokens that a model can take, by its name at the provider; `default` for all others.
    pub context_tokens: BTreeMap<String, i64>,
    /// Makes vectors for the file search; without it files are found by their words.
    pub embeddings: Option<Embeddings>,
    /// Lets the provider run `file_search` and `code_interpreter` itself (Responses only). Default false.
    pub hosted_tools: bool,
    /// Name of the limit of output tokens. Default `max_completion_tokens`; older servers know `max_tokens`.
    pub max_tokens_field: String,
    /// Role of the instructions: `system` (default), `developer`, or empty where they go before the first message.
    pub system_role: String,
    /// Asks for usage at the end of a stream. Default true.
    pub stream_usage: bool,
    /// Sends `parallel_tool_calls`. Default true.
    pub parallel_tool_calls: bool,
    /// Takes `tool_choice: required` and named tools; else they become `auto`. Default true.
    pub forced_tools: bool,
    /// Takes JSON schemas for answers; else they are asked for in words. Default true.
    pub json_schema: bool,
    /// Takes `reasoning_effort`. Default true.
    pub reasoning_effort: bool,
    /// Takes an assistant's message without content beside its calls as null; else as an empty text. Default true.
    pub null_content: bool,
    /// Joins neighbouring messages of one role. Default false.
    pub merge_roles: bool,
    /// Begins with a message of the user, an empty one if need be. Default false.
    pub user_first: bool,
}

/// Which endpoint carries the turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// `/responses`
    Responses,
    /// `/chat/completions`
    Chat,
}

/// How vectors are made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embeddings {
    /// Model for `/embeddings`.
    pub model: String,
    /// Length of the vectors, where the model takes a wish.
    #[serde(default)]
    pub dimensions: Option<u32>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            api: Api::Responses,
            models: BTreeMap::new(),
            context_tokens: BTreeMap::new(),
            embeddings: None,
            hosted_tools: false,
            max_tokens_field: "max_completion_tokens".to_owned(),
            system_role: "system".to_owned(),
            stream_usage: true,
            parallel_tool_calls: true,
            forced_tools: true,
            json_schema: true,
            reasoning_effort: true,
            null_content: true,
            merge_roles: false,
            user_first: false,
        }
    }
}

impl Profile {
    /// A provider whose turns go to this endpoint.
    pub fn new(api: Api) -> Self {
        Self { api, ..Self::default() }
    }

    /// The provider's name for a model.
    pub(super) fn model<'a>(&'a self, name: &'a str) -> &'a str {
        self.models.get(name).map_or(name, String::as_str)
    }

    pub(super) fn context(&self, name: &str) -> Option<i64> {
        let name = self.model(name);
        self.context_tokens.get(name).or_else(|| self.context_tokens.get("default")).copied()
    }
}

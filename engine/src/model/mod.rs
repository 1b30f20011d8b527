//! The seam to the model: one turn of a run is one request to a provider, answered by events.
//!
//! What goes out and what comes back is the same for every provider; `chat` and `responses` translate both ways.

mod chat;
mod profile;
mod responses;
mod upstream;

use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::future::BoxFuture;
use serde_json::Value;

pub use self::profile::{Api, Embeddings, Profile};
pub use self::upstream::Upstream;

/// One request to a model.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct TurnRequest {
    /// Name of the model.
    pub model: String,
    /// Effective instructions; may be empty.
    pub instructions: String,
    /// The thread as the model is to see it, oldest first: messages as the API serves them, with image files as
    /// `{"type":"image_data","image_data":{"url":"data:...","detail":"auto"}}`.
    pub messages: Vec<Value>,
    /// What this run has done so far, oldest first.
    pub turns: Vec<Turn>,
    /// Tools, as the API serves them; those that the engine runs itself stand as functions.
    pub tools: Vec<Value>,
    /// `"none"`, `"auto"`, `"required"`, or an object that names a tool.
    pub tool_choice: Value,
    /// Whether several calls may come in one turn.
    pub parallel_tool_calls: bool,
    /// `"auto"`, or an object as the API serves it.
    pub response_format: Value,
    /// Set by the caller only.
    pub temperature: Option<f64>,
    /// Set by the caller only.
    pub top_p: Option<f64>,
    /// Set by the caller only.
    pub reasoning_effort: Option<String>,
    /// Most tokens of the answer.
    pub max_output_tokens: Option<i64>,
    /// Where the provider's code runs, if it runs any.
    pub container: Container,
}

/// Where the provider's code runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Container {
    /// The container that the thread has used before; `None`: a new one.
    pub id: Option<String>,
    /// Files for a new one, under the provider's ids.
    pub files: Vec<String>,
}

/// What one turn of a run came to, for the turns after it.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Turn {
    /// Text that the model wrote.
    pub text: String,
    /// Calls that it asked for, answered.
    pub calls: Vec<Call>,
    /// The provider's own items, replayed as they are: encrypted reasoning and the like.
    pub private: Vec<Value>,
}

/// One call of a tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// Id of the call.
    pub id: String,
    /// Name of the function.
    pub name: String,
    /// Arguments, as the model wrote them.
    pub arguments: String,
    /// What the tool answered.
    pub output: String,
}

impl Call {
    /// A call of a function with its answer.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
        output: impl Into<String>,
    ) -> Self {
        Self { id: id.into(), name: name.into(), arguments: arguments.into(), output: output.into() }
    }
}

/// What a provider calls in a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callee {
    /// A function that was offered, the user's or the engine's.
    Function(String),
    /// The provider's own file search.
    FileSearch,
    /// The provider's own code interpreter.
    CodeInterpreter,
}

/// Something that happens in a turn.
///
/// Text of a message comes before [`MessageEnd`](Self::MessageEnd), and no call begins in between. Parts and calls are
/// counted from 0 within the message and within the turn.
#[derive(Debug, Clone, PartialEq)]
pub enum TurnEvent {
    /// More text of a part.
    Text {
        /// Place of the part in its message.
        part: usize,
        /// What comes behind the text so far.
        text: String,
    },
    /// More of a refusal.
    Refusal {
        /// Place of the part in its message.
        part: usize,
        /// What comes behind the refusal so far.
        text: String,
    },
    /// A citation: its marker stands behind the text so far.
    Citation {
        /// Place of the part in its message.
        part: usize,
        /// Text of the marker, never empty; shown as text too.
        marker: String,
        /// The file that is cited.
        file_id: String,
    },
    /// A file that the provider's code has made is named in the text so far, or in what follows.
    Produced {
        /// Place of the part in its message.
        part: usize,
        /// Where the provider has the file.
        container_id: String,
        /// The provider's id of the file.
        file_id: String,
        /// Its name.
        filename: String,
        /// Where its name begins in the text, in characters.
        start: usize,
        /// Where its name ends.
        end: usize,
    },
    /// The message is complete.
    MessageEnd,
    /// A call begins.
    CallStart {
        /// Place of the call in the turn.
        call: usize,
        /// The provider's id for it; empty if it gives none.
        id: String,
        /// What is called.
        callee: Callee,
    },
    /// More of a call's arguments (or, for the provider's code interpreter, of its code).
    Arguments {
        /// Place of the call in the turn.
        call: usize,
        /// What comes behind the arguments so far.
        fragment: String,
    },
    /// A call is complete. Tools of the provider's own bring what they found.
    CallEnd {
        /// Place of the call in the turn.
        call: usize,
        /// `results` of a file search, `outputs` of a code interpreter, as run steps show them; pictures have a `url`
        /// in place of an id.
        hosted: Option<Value>,
    },
    /// Where the provider's code runs.
    Container(String),
    /// An item of the provider's own, to be sent back in the next turn.
    Private(Value),
    /// Tokens of the turn.
    Usage(Usage),
    /// The turn is over; nothing comes after it.
    End(Ending),
}

/// Why a turn is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The model has said what it had to say, or waits for its calls.
    Stop,
    /// It ran into the limit of tokens.
    Length,
    /// The provider's content filter ended it.
    ContentFilter,
}

/// Tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens read.
    pub prompt: i64,
    /// Tokens written.
    pub completion: i64,
    /// Of those read, tokens that the provider had cached.
    pub cached: i64,
    /// Of those written, tokens of reasoning.
    pub reasoning: i64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.prompt += other.prompt;
        self.completion += other.completion;
        self.cached += other.cached;
        self.reasoning += other.reasoning;
    }
}

/// `last_error.code` of a run that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The provider, the network or the engine failed.
    ServerError,
    /// Too many requests, or no quota.
    RateLimitExceeded,
    /// The provider refuses the request itself.
    InvalidPrompt,
}

impl ErrorCode {
    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServerError => "server_error",
            Self::RateLimitExceeded => "rate_limit_exceeded",
            Self::InvalidPrompt => "invalid_prompt",
        }
    }
}

/// A turn that failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// What the run's error is called.
    pub code: ErrorCode,
    /// What failed, with the provider's own words; never a key.
    pub message: String,
    /// Whether the same turn once more may succeed.
    pub retryable: bool,
    /// Seconds to wait before, where the provider says so.
    pub retry_after: Option<f64>,
    /// Whether the request was too long for the model.
    pub context_overflow: bool,
}

impl ModelError {
    /// An error that is not worth a second try.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: false, retry_after: None, context_overflow: false }
    }
}

/// Events of one turn. Dropping it ends the request.
pub type TurnStream = Pin<Box<dyn Stream<Item = Result<TurnEvent, ModelError>> + Send>>;

/// A provider of models.
pub trait Model: Send + Sync + fmt::Debug + 'static {
    /// Begins a turn.
    fn turn(&self, request: TurnRequest) -> BoxFuture<'_, Result<TurnStream, ModelError>>;

    /// Vectors of texts, each as long as the others; `None` where the provider makes none.
    fn embed(&self, texts: Vec<String>) -> BoxFuture<'_, Option<Result<Vec<Vec<f32>>, ModelError>>>;

    /// A file that the provider's code has made; `None` where the provider runs no code.
    fn produced(&self, _container: String, _file: String) -> BoxFuture<'_, Option<Result<Vec<u8>, ModelError>>> {
        Box::pin(async { None })
    }

    /// Gives the provider a file for its code; the provider's id of it. `None` where the provider runs no code.
    fn lend(&self, _name: String, _content: Bytes) -> BoxFuture<'_, Option<Result<String, ModelError>>> {
        Box::pin(async { None })
    }

    /// Puts a lent file into a container that is there already.
    fn put_into(&self, _container: String, _file: String) -> BoxFuture<'_, Result<(), ModelError>> {
        Box::pin(async { Ok(()) })
    }

    /// Deletes a lent file at the provider.
    fn take_back(&self, _file: String) -> BoxFuture<'_, Result<(), ModelError>> {
        Box::pin(async { Ok(()) })
    }

    /// Name of what makes the vectors: those of one name only are compared.
    fn embedding_name(&self) -> String {
        String::new()
    }

    /// Whether the provider runs this tool itself (`file_search`, `code_interpreter`).
    fn hosts(&self, _tool: &str) -> bool {
        false
    }

    /// The smallest limit of output tokens that the provider takes; below it a run's budget counts as spent.
    fn least_output_tokens(&self) -> i64 {
        1
    }

    /// Tokens that this model can take, where that is known.
    fn context_tokens(&self, _model: &str) -> Option<i64> {
        None
    }
}

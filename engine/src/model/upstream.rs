//! A provider of models behind a client of the core.

use std::fmt;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use serde_json::{Value, json};
use threadline::client::{Args, RequestOptions};
use threadline::operation::Operation;
use threadline::request::FileInput;
use threadline::stream::RawEventStream;
use threadline::{Client, Error, ErrorKind, operations};

use super::{Api, ErrorCode, Model, ModelError, Profile, TurnEvent, TurnRequest, TurnStream, chat, responses};

/// Events read from the provider at once.
const BATCH: usize = 256;
/// The smallest `max_output_tokens` of `/responses`.
const LEAST_OUTPUT: i64 = 16;

/// Turns over `/responses` or `/chat/completions` of a provider.
#[derive(Clone)]
pub struct Upstream {
    client: Client,
    profile: Profile,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("client", &self.client).field("api", &self.profile.api).finish_non_exhaustive()
    }
}

impl Upstream {
    /// The provider that this client talks to.
    pub fn new(client: Client, profile: Profile) -> Self {
        // A run repeats its turns itself, as long as nobody has seen anything of them.
        let client = client.with_options(RequestOptions::new().max_retries(0));
        Self { client, profile }
    }

    async fn begin(&self, request: TurnRequest) -> Result<TurnStream, ModelError> {
        let (operation, body, translator) = match self.profile.api {
            Api::Chat => {
                let body = chat::request(&request, &self.profile);
                (&operations::CHAT_COMPLETIONS_CREATE, body, Translator::Chat(chat::Translator::default()))
            }
            Api::Responses => {
                let body = responses::request(&request, &self.profile, &[]);
                (&operations::RESPONSES_CREATE, body, Translator::Responses(Box::default()))
            }
        };
        let args = Args::new(Vec::new(), body.to_string(), Vec::new());
        let events = self.client.stream(operation, args, RequestOptions::new()).await.map_err(|e| failure(&e))?;
        let reader = Reader { events, translator, ready: Vec::new().into_iter(), ended: false };
        Ok(Box::pin(stream::unfold(reader, |mut reader| async move {
            let event = reader.next().await?;
            Some((event, reader))
        })))
    }

    /// A request whose reply is an object.
    async fn ask(&self, operation: &'static Operation, args: Args) -> Result<Value, ModelError> {
        let options = RequestOptions::new().max_retries(2);
        let reply = self.client.execute(operation, args, options).await.map_err(|e| failure(&e))?;
        serde_json::from_slice(&reply.body)
            .map_err(|_| ModelError::new(ErrorCode::ServerError, "The provider's reply is no JSON."))
    }

    async fn vectors(
        &self,
        texts: Vec<String>,
        model: &str,
        dimensions: Option<u32>,
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut body = json!({"model": model, "input": texts, "encoding_format": "float"});
        if let Some(dimensions) = dimensions {
            body["dimensions"] = json!(dimensions);
        }
        let args = Args::new(Vec::new(), body.to_string(), Vec::new());
        let options = RequestOptions::new().max_retries(2);
        let reply =
            self.client.execute(&operations::EMBEDDINGS_CREATE, args, options).await.map_err(|e| failure(&e))?;
        let unreadable = || ModelError::new(ErrorCode::ServerError, "The provider's vectors cannot be read.");
        let reply: Value = serde_json::from_slice(&reply.body).map_err(|_| unreadable())?;
        let vector = |entry: &Value| -> Option<Vec<f32>> {
            entry["embedding"].as_array()?.iter().map(|number| number.as_f64().map(|number| number as f32)).collect()
        };
        reply["data"].as_array().into_iter().flatten().map(|entry| vector(entry).ok_or_else(unreadable)).collect()
    }
}

impl Model for Upstream {
    fn turn(&self, request: TurnRequest) -> BoxFuture<'_, Result<TurnStream, ModelError>> {
        Box::pin(self.begin(request))
    }

    fn embed(&self, texts: Vec<String>) -> BoxFuture<'_, Option<Result<Vec<Vec<f32>>, ModelError>>> {
        Box::pin(async move {
            let embeddings = self.profile.embeddings.as_ref()?;
            Some(self.vectors(texts, &embeddings.model, embeddings.dimensions).await)
        })
    }

    fn produced(&self, container: String, file: String) -> BoxFuture<'_, Option<Result<Vec<u8>, ModelError>>> {
        Box::pin(async move {
            let args = Args::new(vec![container, file], "", Vec::new());
            let options = RequestOptions::new().max_retries(2);
            let reply = self.client.execute(&operations::CONTAINERS_FILES_CONTENT_RETRIEVE, args, options).await;
            Some(reply.map(|reply| reply.body.to_vec()).map_err(|error| failure(&error)))
        })
    }

    fn lend(&self, name: String, content: Bytes) -> BoxFuture<'_, Option<Result<String, ModelError>>> {
        Box::pin(async move {
            let fields = json!({"file": {"$file": 0}, "purpose": "user_data"});
            let file = FileInput::from_bytes(content).with_filename(name);
            let made = self.ask(&operations::FILES_CREATE, Args::new(Vec::new(), fields.to_string(), vec![file])).await;
            Some(made.and_then(|made| match made["id"].as_str() {
                Some(id) => Ok(id.to_owned()),
                None => Err(ModelError::new(ErrorCode::ServerError, "The provider took a file and gave it no id.")),
            }))
        })
    }

    fn put_into(&self, container: String, file: String) -> BoxFuture<'_, Result<(), ModelError>> {
        Box::pin(async move {
            let args = Args::new(vec![container], json!({ "file_id": file }).to_string(), Vec::new());
            self.ask(&operations::CONTAINERS_FILES_CREATE, args).await.map(drop)
        })
    }

    fn take_back(&self, file: String) -> BoxFuture<'_, Result<(), ModelError>> {
        Box::pin(
            async move { self.ask(&operations::FILES_DELETE, Args::new(vec![file], "", Vec::new())).await.map(drop) },
        )
    }

    fn embedding_name(&self) -> String {
        match &self.profile.embeddings {
            Some(made) => format!("{}/{}", made.model, made.dimensions.unwrap_or(0)),
            None => String::new(),
        }
    }

    fn hosts(&self, tool: &str) -> bool {
        self.profile.hosted_tools && self.profile.api == Api::Responses && tool == "code_interpreter"
    }

    fn least_output_tokens(&self) -> i64 {
        if self.profile.api == Api::Responses { LEAST_OUTPUT } else { 1 }
    }

    fn context_tokens(&self, model: &str) -> Option<i64> {
        self.profile.context(model)
    }
}

enum Translator {
    Chat(chat::Translator),
    Responses(Box<responses::Translator>),
}

impl Translator {
    fn push(&mut self, event: &Value) -> Result<Vec<TurnEvent>, ModelError> {
        match self {
            Self::Chat(translator) => Ok(translator.push(event)),
            Self::Responses(translator) => translator.push(event),
        }
    }

    fn finish(&mut self) -> Result<Vec<TurnEvent>, ModelError> {
        match self {
            Self::Chat(translator) => translator.finish(),
            Self::Responses(translator) => translator.finish(),
        }
    }
}

/// Reads a provider's stream.
struct Reader {
    events: RawEventStream,
    translator: Translator,
    ready: std::vec::IntoIter<TurnEvent>,
    ended: bool,
}

impl Reader {
    async fn next(&mut self) -> Option<Result<TurnEvent, ModelError>> {
        loop {
            if let Some(event) = self.ready.next() {
                return Some(Ok(event));
            }
            if self.ended {
                return None;
            }
            match self.more().await {
                Ok(events) => self.ready = events.into_iter(),
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
    }

    async fn more(&mut self) -> Result<Vec<TurnEvent>, ModelError> {
        let Some(batch) = self.events.next_batch(BATCH).await.map_err(|error| failure(&error))? else {
            self.ended = true;
            return self.translator.finish();
        };
        let mut events = Vec::new();
        for event in batch {
            let unreadable = |_| ModelError::new(ErrorCode::ServerError, "The provider sent an event that is no JSON.");
            let event: Value = serde_json::from_slice(&event.data).map_err(unreadable)?;
            events.extend(self.translator.push(&event)?);
        }
        Ok(events)
    }
}

/// What the client says of a failure, as a run tells it.
fn failure(error: &Error) -> ModelError {
    let status = error.status().unwrap_or(0);
    let quota = error.code() == Some("insufficient_quota");
    let code = match (error.kind(), status) {
        (ErrorKind::RateLimit, _) | (_, 429) => ErrorCode::RateLimitExceeded,
        _ if quota || error.code() == Some("rate_limit_exceeded") => ErrorCode::RateLimitExceeded,
        (_, 400 | 413 | 422) => ErrorCode::InvalidPrompt,
        _ if error.code() == Some("content_policy_violation") => ErrorCode::InvalidPrompt,
        _ => ErrorCode::ServerError,
    };
    let said = error.message();
    let context_overflow = error.code() == Some("context_length_exceeded")
        || (code == ErrorCode::InvalidPrompt && said.contains("context length"))
        || (code == ErrorCode::InvalidPrompt && said.contains("context window"));
    // An answer may begin well and say only in its stream that the provider has no time.
    let busy = matches!(error.code(), Some("server_error" | "rate_limit_exceeded"));
    ModelError {
        code,
        message: format!("The request to the model failed ({}): {said}", error.kind().as_str()),
        retryable: !quota
            && (busy || error.is_retryable() || matches!(error.kind(), ErrorKind::Connection | ErrorKind::StreamEnded)),
        retry_after: error.retry_after().map(|wait| wait.as_secs_f64()),
        context_overflow,
    }
}

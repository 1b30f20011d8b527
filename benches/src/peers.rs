//! The clients under measurement, each doing the same work.

use async_openai::types::chat as theirs;
use futures_util::StreamExt;
use threadline::types as ours;

use crate::server::{CHUNKS, DIMENSIONS, VECTORS};

const PROMPT: &str = "What is the weather in Oslo and in Turin?";
const MODEL: &str = "gpt-5.5";
/// Its streams come with an HTTP chunk for each event, as from a server that flushes after each.
pub const FLUSHED: &str = MODEL;
/// Its streams come in pieces of 16 KiB, as through a proxy that buffers, TLS or HTTP/2.
pub const BUFFERED: &str = "gpt-5.5-buffered";

/// A client that can do the measured calls. Each call checks that what came back is whole.
pub trait Peer: Send + Sync + 'static {
    /// Name in the tables.
    fn name(&self) -> &'static str;
    /// One chat completion.
    fn chat(&self) -> impl Future<Output = ()> + Send;
    /// One streamed chat completion, read to its end; the model says how the server cuts it.
    fn stream(&self, model: &'static str) -> impl Future<Output = ()> + Send;
    /// One embeddings call; `base64` asks for the compact encoding.
    fn embeddings(&self, base64: bool) -> impl Future<Output = ()> + Send;
}

/// This project's client.
pub struct Threadline(pub threadline::Client);

impl Peer for Threadline {
    fn name(&self) -> &'static str {
        "threadline"
    }

    async fn chat(&self) {
        let reply = self.0.chat().completions().create(chat_params(MODEL)).await.expect("chat");
        assert_eq!(reply.choices[0].message.tool_calls.as_ref().map(Vec::len), Some(2));
    }

    async fn stream(&self, model: &'static str) {
        let mut stream = self.0.chat().completions().create_stream(chat_params(model)).await.expect("stream");
        let mut chunks = 0;
        while let Some(chunk) = stream.next().await {
            chunks += chunk.expect("chunk").choices.len();
        }
        assert_eq!(chunks, CHUNKS + 2);
    }

    async fn embeddings(&self, base64: bool) {
        let mut params = ours::EmbeddingCreateParams::new(PROMPT, "text-embedding-3-small");
        if !base64 {
            params = params.encoding_format("float");
        }
        let reply = self.0.embeddings().create(params).await.expect("embeddings");
        assert_eq!((reply.data.len(), reply.data[0].embedding.len()), (VECTORS, DIMENSIONS));
    }
}

fn chat_params(model: &str) -> ours::ChatCompletionCreateParams {
    let message = ours::ChatCompletionUserMessageParam::new(PROMPT);
    ours::ChatCompletionCreateParams::new(vec![message.into()], model)
}

/// reqwest with nothing but serde_json: the floor.
pub struct Raw {
    pub client: reqwest::Client,
    pub base: String,
}

impl Raw {
    async fn post(&self, path: &str, body: &serde_json::Value) -> reqwest::Response {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth("key").json(body);
        request.send().await.expect("send").error_for_status().expect("status")
    }

    fn body(model: &str, stream: bool) -> serde_json::Value {
        serde_json::json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": PROMPT}]})
    }
}

impl Peer for Raw {
    fn name(&self) -> &'static str {
        "raw reqwest"
    }

    async fn chat(&self) {
        let reply: serde_json::Value =
            self.post("/chat/completions", &Self::body(MODEL, false)).await.json().await.expect("json");
        assert_eq!(reply["choices"][0]["message"]["tool_calls"].as_array().map(Vec::len), Some(2));
    }

    async fn stream(&self, model: &'static str) {
        let mut reply = self.post("/chat/completions", &Self::body(model, true)).await;
        let mut bytes = 0;
        while let Some(chunk) = reply.chunk().await.expect("chunk") {
            bytes += chunk.len();
        }
        assert!(bytes > CHUNKS * 100);
    }

    async fn embeddings(&self, base64: bool) {
        let format = if base64 { "base64" } else { "float" };
        let body = serde_json::json!({"model": "text-embedding-3-small", "input": PROMPT, "encoding_format": format});
        let bytes = self.post("/embeddings", &body).await.bytes().await.expect("bytes");
        assert!(bytes.len() > VECTORS * DIMENSIONS);
    }
}

/// The `async-openai` crate.
pub struct AsyncOpenai(pub async_openai::Client<async_openai::config::OpenAIConfig>);

impl AsyncOpenai {
    fn request(model: &str) -> theirs::CreateChatCompletionRequest {
        let message = theirs::ChatCompletionRequestUserMessage { content: PROMPT.into(), ..Default::default() };
        theirs::CreateChatCompletionRequest { model: model.into(), messages: vec![message.into()], ..Default::default() }
    }
}

impl Peer for AsyncOpenai {
    fn name(&self) -> &'static str {
        "async-openai"
    }

    async fn chat(&self) {
        let reply = self.0.chat().create(Self::request(MODEL)).await.expect("chat");
        assert_eq!(reply.choices[0].message.tool_calls.as_ref().map(Vec::len), Some(2));
    }

    async fn stream(&self, model: &'static str) {
        let mut stream = self.0.chat().create_stream(Self::request(model)).await.expect("stream");
        let mut chunks = 0;
        while let Some(chunk) = stream.next().await {
            chunks += chunk.expect("chunk").choices.len();
        }
        assert_eq!(chunks, CHUNKS + 2);
    }

    async fn embeddings(&self, base64: bool) {
        use async_openai::types::embeddings::{CreateEmbeddingRequest, EncodingFormat};
        let request = CreateEmbeddingRequest {
            model: "text-embedding-3-small".into(),
            input: PROMPT.into(),
            encoding_format: base64.then_some(EncodingFormat::Base64),
            ..Default::default()
        };
        if base64 {
            // Its reply is the text; whoever asks for base64 wants the numbers.
            let reply = self.0.embeddings().create_base64(request).await.expect("embeddings");
            let vectors: Vec<Vec<f32>> = reply.data.into_iter().map(|item| item.embedding.into()).collect();
            assert_eq!((vectors.len(), vectors[0].len()), (VECTORS, DIMENSIONS));
        } else {
            let reply = self.0.embeddings().create(request).await.expect("embeddings");
            assert_eq!((reply.data.len(), reply.data[0].embedding.len()), (VECTORS, DIMENSIONS));
        }
    }
}

/// The `openai-oxide` crate.
pub struct Oxide(pub openai_oxide::OpenAI);

impl Oxide {
    fn request(model: &str) -> openai_oxide::types::chat::ChatCompletionRequest {
        use openai_oxide::types::chat::{ChatCompletionMessageParam, ChatCompletionRequest, UserContent};
        let message = ChatCompletionMessageParam::User { content: UserContent::Text(PROMPT.into()), name: None };
        ChatCompletionRequest::new(model, vec![message])
    }
}

impl Peer for Oxide {
    fn name(&self) -> &'static str {
        "openai-oxide"
    }

    async fn chat(&self) {
        let reply = self.0.chat().completions().create(Self::request(MODEL)).await.expect("chat");
        assert_eq!(reply.choices[0].message.tool_calls.as_ref().map(Vec::len), Some(2));
    }

    async fn stream(&self, model: &'static str) {
        let mut stream = self.0.chat().completions().create_stream(Self::request(model)).await.expect("stream");
        let mut chunks = 0;
        while let Some(chunk) = stream.next().await {
            chunks += chunk.expect("chunk").choices.len();
        }
        assert_eq!(chunks, CHUNKS + 2);
    }

    async fn embeddings(&self, base64: bool) {
        let format = if base64 { "base64" } else { "float" };
        let body = serde_json::json!({"model": "text-embedding-3-small", "input": PROMPT, "encoding_format": format});
        if base64 {
            let reply = self.0.embeddings().create_raw(&body).await.expect("embeddings");
            assert_eq!(reply["data"].as_array().map(Vec::len), Some(VECTORS));
        } else {
            let request = openai_oxide::types::embedding::EmbeddingRequest::new(PROMPT, "text-embedding-3-small");
            let reply = self.0.embeddings().create(request).await.expect("embeddings");
            assert_eq!(reply.data.len(), VECTORS);
        }
    }
}

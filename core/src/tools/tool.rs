//! A function of yours that a model may call.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use serde::Serialize;

use crate::error::Error;
use crate::json::Json;
use crate::structured::{CheckedJson, FromContent, FunctionSchema, clean_name};
use crate::types::{
    AssistantTool, ChatCompletionCustomTool, ChatCompletionCustomToolCustom, ChatCompletionTool, CustomTool,
    ResponseTool,
};

/// Why a call has no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments do not fit, and how.
    Arguments(String),
    /// The function returned an error.
    Function(Box<dyn StdError + Send + Sync>),
    /// The function panicked.
    Panic,
}

type Result_ = Result<String, Failure>;
pub(crate) type Running = Pin<Box<dyn Future<Output = Result_> + Send>>;

/// A tool: a function and what the model is told of it.
#[derive(Clone)]
pub struct Tool {
    name: String,
    description: Option<String>,
    kind: Kind,
    run: Arc<dyn Fn(String) -> Running + Send + Sync>,
}

#[derive(Debug, Clone)]
enum Kind {
    /// The schema, or why there is none.
    Function(Result<FunctionSchema, String>),
    Custom,
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Tool {
    /// A function whose arguments are the struct `A`: its schema, with its doc comments, is what the model is told, and
    /// `A`'s own doc comment says what the function does unless [`description`](Self::description) does.
    ///
    /// What the function returns is given to the model: a text as it is, anything else as JSON.
    ///
    /// ```
    /// use threadline::tools::Tool;
    ///
    /// /// The weather of a city.
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// struct Weather {
    ///     city: String,
    /// }
    ///
    /// let tool = Tool::new("get_weather", |args: Weather| async move {
    ///     std::io::Result::Ok(format!("It is sunny in {}.", args.city))
    /// });
    /// # assert_eq!(tool.name(), "get_weather");
    /// ```
    ///
    /// A type without a strict schema (see [`strict_schema`](crate::structured::strict_schema)) is an error of kind
    /// `usage` when the tool is used.
    #[cfg(feature = "schemars")]
    pub fn new<A, R, E, F, Fut>(name: impl AsRef<str>, function: F) -> Self
    where
        A: serde::de::DeserializeOwned + schemars::JsonSchema + Send + 'static,
        R: Serialize,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        let schema = FunctionSchema::of::<A>().map(|schema| schema.named(&name)).map_err(|e| e.message().to_owned());
        Self::typed(name.as_ref(), schema, None, function)
    }

    /// A function whose arguments are JSON of this schema, for schemas that are no type's. Strict or not is the
    /// schema's affair; arguments are checked against it in either case.
    pub fn from_schema<R, E, F, Fut>(schema: FunctionSchema, function: F) -> Self
    where
        R: Serialize,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: Fn(Json) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        let name = schema.name.clone();
        let parameters = Some(schema.parameters.clone());
        Self::typed(&name, Ok(schema), parameters, move |value: CheckedJson| function(value.into_json()))
    }

    /// A custom tool, whose input is any text.
    pub fn custom<R, E, F, Fut>(name: impl AsRef<str>, function: F) -> Self
    where
        R: Serialize,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: Fn(String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        let run = move |input: String| -> Running {
            let result = std::panic::catch_unwind(AssertUnwindSafe(|| function(input)));
            Box::pin(async move { finish(result.map_err(|_| Failure::Panic)?).await })
        };
        let name = clean_name(name.as_ref());
        Self { name, description: None, kind: Kind::Custom, run: Arc::new(run) }
    }

    fn typed<A, R, E, F, Fut>(
        name: &str,
        schema: Result<FunctionSchema, String>,
        parameters: Option<Json>,
        function: F,
    ) -> Self
    where
        A: FromContent,
        R: Serialize,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        let run = move |arguments: String| -> Running {
            // Some models write nothing where a function takes no arguments.
            let text = if arguments.trim().is_empty() { "{}" } else { &arguments };
            let arguments = match A::from_content(text, parameters.as_ref()) {
                Ok(arguments) => arguments,
                Err(why) => return Box::pin(async { Err(Failure::Arguments(why)) }),
            };
            let result = std::panic::catch_unwind(AssertUnwindSafe(|| function(arguments)));
            Box::pin(async move { finish(result.map_err(|_| Failure::Panic)?).await })
        };
        Self { name: clean_name(name), description: None, kind: Kind::Function(schema), run: Arc::new(run) }
    }

    /// Says what the tool does, so that the model knows when to call it.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Calls it.
    pub(crate) fn call(&self, arguments: String) -> Running {
        (self.run)(arguments)
    }

    pub(super) fn is_custom(&self) -> bool {
        matches!(self.kind, Kind::Custom)
    }

    /// The tool as an argument of a chat completion.
    ///
    /// # Errors
    /// Kind `usage` if the type of its arguments has no strict schema.
    pub fn chat(&self) -> Result<ChatCompletionTool, Error> {
        let Kind::Function(_) = &self.kind else {
            let mut custom = ChatCompletionCustomToolCustom::new(self.name.clone());
            custom.description.clone_from(&self.description);
            return Ok(ChatCompletionCustomTool::new(custom).into());
        };
        Ok(self.function()?.chat())
    }

    /// The tool as an argument of a response.
    ///
    /// # Errors
    /// Kind `usage` if the type of its arguments has no strict schema.
    pub fn responses(&self) -> Result<ResponseTool, Error> {
        let Kind::Function(_) = &self.kind else {
            let mut custom = CustomTool::new(self.name.clone());
            custom.description.clone_from(&self.description);
            return Ok(custom.into());
        };
        Ok(self.function()?.responses())
    }

    /// The tool as one of an assistant.
    ///
    /// # Errors
    /// Kind `usage` if the type of its arguments has no strict schema, or for a custom tool, which assistants do not have.
    pub fn assistants(&self) -> Result<AssistantTool, Error> {
        Ok(self.function()?.assistants())
    }

    fn function(&self) -> Result<FunctionSchema, Error> {
        let schema = match &self.kind {
            Kind::Function(schema) => schema.clone().map_err(|why| format!("the tool `{}`: {why}", self.name)),
            Kind::Custom => Err(format!("the custom tool `{}` cannot be used here; use a function", self.name)),
        };
        let mut schema = schema.map_err(Error::usage)?;
        if self.description.is_some() {
            schema.description.clone_from(&self.description);
        }
        Ok(schema)
    }
}

/// The text of what a function returns. A panic is an answer too: it must not take the other calls with it.
async fn finish<R: Serialize, E: Into<Box<dyn StdError + Send + Sync>>>(
    running: impl Future<Output = Result<R, E>> + Send,
) -> Result_ {
    let result = AssertUnwindSafe(running).catch_unwind().await.map_err(|_| Failure::Panic)?;
    let value = result.map_err(|error| Failure::Function(error.into()))?;
    let json = Json::from_serialize(&value).map_err(|error| Failure::Function(error.into()))?;
    Ok(json.as_string().unwrap_or_else(|| json.raw().to_owned()))
}

//! Named schemas: of an answer, and of a function's arguments.

use super::strict::strict_schema;
use crate::error::Error;
use crate::json::{Doc, Json, Kind, Map};
use crate::types::{
    AssistantFunctionTool, AssistantTool, ChatCompletionFunctionTool, ChatCompletionResponseFormat, ChatCompletionTool,
    FunctionDefinition, ResponseFormatJSONSchema, ResponseFormatJSONSchemaJSONSchema, ResponseFormatTextConfig,
    ResponseFormatTextJSONSchemaConfig, ResponseFunctionTool, ResponseTool,
};

/// The form that an answer must have: a strict schema with a name.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OutputFormat {
    /// Name of the format: letters, digits, `_` and `-`, up to 64 characters.
    pub name: String,
    /// What the format is for.
    pub description: Option<String>,
    /// The schema, in its strict form.
    pub schema: Json,
}

impl OutputFormat {
    /// A format from a schema, which is brought into its strict form.
    ///
    /// # Errors
    /// As [`strict_schema`].
    pub fn new(name: impl AsRef<str>, schema: &Json) -> Result<Self, Error> {
        Ok(Self { name: clean_name(name.as_ref()), description: None, schema: strict_schema(schema)? })
    }

    /// The format of a type. Its doc comments become the descriptions that the model reads.
    ///
    /// # Errors
    /// Kind `usage` if the type has no strict form; see [`strict_schema`].
    #[cfg(feature = "schemars")]
    pub fn of<T: schemars::JsonSchema>() -> Result<Self, Error> {
        Self::new(T::schema_name(), &schema_of::<T>())
    }

    /// As the argument `response_format` of a chat completion.
    pub fn response_format(&self) -> ChatCompletionResponseFormat {
        let mut format = ResponseFormatJSONSchemaJSONSchema::new(self.name.clone());
        format.description.clone_from(&self.description);
        ResponseFormatJSONSchema::new(format.schema(members(&self.schema)).strict(true)).into()
    }

    /// As the `format` inside the argument `text` of a response.
    pub fn text_format(&self) -> ResponseFormatTextConfig {
        let mut format = ResponseFormatTextJSONSchemaConfig::new(self.name.clone(), members(&self.schema));
        format.description.clone_from(&self.description);
        format.strict(true).into()
    }
}

/// A function that the model may call: its name, what it is for, and the strict schema of its arguments.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FunctionSchema {
    /// Name of the function: letters, digits, `_` and `-`, up to 64 characters.
    pub name: String,
    /// What the function does, so that the model knows when to call it.
    pub description: Option<String>,
    /// Schema of the arguments, an object.
    pub parameters: Json,
    /// Whether the model keeps exactly to the schema. Default true.
    pub strict: bool,
}

impl FunctionSchema {
    /// A function whose arguments fit this schema, which is brought into its strict form. The schema's own
    /// description, if it has one, is taken for the function's.
    ///
    /// # Errors
    /// As [`strict_schema`].
    pub fn new(name: impl AsRef<str>, parameters: &Json) -> Result<Self, Error> {
        Ok(Self::described(name.as_ref(), strict_schema(parameters)?, true))
    }

    /// A function whose arguments mostly fit this schema: it is sent as it stands, and the model may stray from it.
    pub fn lenient(name: impl AsRef<str>, parameters: Json) -> Self {
        Self::described(name.as_ref(), parameters, false)
    }

    /// A function whose arguments are this type, under the type's name and with its doc comment.
    ///
    /// # Errors
    /// Kind `usage` if the type has no strict form; see [`strict_schema`].
    #[cfg(feature = "schemars")]
    pub fn of<A: schemars::JsonSchema>() -> Result<Self, Error> {
        Self::new(A::schema_name(), &schema_of::<A>())
    }

    fn described(name: &str, parameters: Json, strict: bool) -> Self {
        let description = parameters.get("description").and_then(|text| text.as_string());
        Self { name: clean_name(name), description, parameters, strict }
    }

    /// Says what the function does.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// The same function under another name.
    #[must_use]
    pub fn named(mut self, name: impl AsRef<str>) -> Self {
        self.name = clean_name(name.as_ref());
        self
    }

    /// As a tool of a chat completion.
    pub fn chat(&self) -> ChatCompletionTool {
        ChatCompletionFunctionTool::new(self.definition()).into()
    }

    /// As a tool of a response.
    pub fn responses(&self) -> ResponseTool {
        let mut tool = ResponseFunctionTool::new(self.name.clone());
        tool.description.clone_from(&self.description);
        tool.parameters(members(&self.parameters)).strict(self.strict).into()
    }

    /// As a tool of an assistant, or of one run of it.
    pub fn assistants(&self) -> AssistantTool {
        AssistantFunctionTool::new(self.definition()).into()
    }

    fn definition(&self) -> FunctionDefinition {
        let mut definition = FunctionDefinition::new(self.name.clone());
        definition.description.clone_from(&self.description);
        definition.parameters(members(&self.parameters)).strict(self.strict)
    }
}

/// The schema that schemars makes of a type, as deserialising takes it.
#[cfg(feature = "schemars")]
pub fn schema_of<T: schemars::JsonSchema>() -> Json {
    let generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    Json::from(generator.into_root_schema_for::<T>().to_value())
}

fn members(schema: &Json) -> Map<Json> {
    let doc = Doc::parse(schema.raw().as_bytes()).ok();
    let root = doc.as_ref().map(Doc::root).filter(|root| root.kind() == Kind::Object);
    root.into_iter().flat_map(|root| root.members()).map(|m| (m.name().into_owned(), Json::from(m.value))).collect()
}

/// A name that the service takes: what it does not know becomes `_`, what is too long is cut.
pub(crate) fn clean_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    let name: String = name.chars().map(plain).take(64).collect();
    if name.is_empty() { "output".to_owned() } else { name }
}

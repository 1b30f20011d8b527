//! Structured outputs. What is a type in the official packages is said in JSON: in `response_format`, in `text_format`
//! of responses, and as an item of `tools`, `{"$type": {"name": …, "description": …, "schema": {…}}}` stands for a type
//! with this JSON Schema. The driver brings the schema into its strict form, as the library does for a type; answers and
//! arguments come back parsed, in the official places.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::value::RawValue;
use threadline::structured::{FunctionSchema, OutputFormat, ParsedChatCompletion, ParsedResponse};
use threadline::types::{ChatCompletionCreateParams, ResponseCreateParams};
use threadline::{Call, Client, Error, Json};

use crate::driver::{Answer, Arguments, Pending, Row, Usage};
use crate::generated;

/// What `$type` holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Type {
    name: String,
    description: Option<String>,
    schema: Json,
}

/// The type that this stands for, if it stands for one.
fn type_in(json: &Json) -> Result<Option<Type>, Usage> {
    let Some(inner) = json.get("$type") else { return Ok(None) };
    inner.decode().map(Some).map_err(|error| Usage::new(format!("`$type`: {error}")))
}

fn usage(error: &Error) -> Usage {
    Usage::new(error.message())
}

/// The format that an argument stands for, taken out of the arguments.
fn format(a: &mut Arguments, name: &str) -> Result<Option<OutputFormat>, Usage> {
    let Some(found) = a.clone().take::<Json>(name)?.map(|json| type_in(&json)).transpose()?.flatten() else {
        return Ok(None);
    };
    a.take::<Json>(name)?;
    let mut format = OutputFormat::new(found.name, &found.schema).map_err(|error| usage(&error))?;
    format.description = found.description;
    Ok(Some(format))
}

/// The tools, each taken out of the arguments: as they are, or as the functions that they stand for.
pub(super) fn tools(a: &mut Arguments) -> Result<Vec<Result<Json, FunctionSchema>>, Usage> {
    let tools = a.take::<Vec<Json>>("tools")?.unwrap_or_default();
    let read = |tool: Json| {
        let Some(found) = type_in(&tool)? else { return Ok(Ok(tool)) };
        let schema = FunctionSchema::new(found.name, &found.schema).map_err(|error| usage(&error))?;
        Ok(Err(match found.description {
            Some(text) => schema.description(text),
            None => schema,
        }))
    };
    tools.into_iter().map(read).collect()
}

/// One tool as a typed argument.
pub(super) fn typed<T: threadline::json::Decode>(tool: &Json) -> Result<T, Usage> {
    threadline::json::decode(tool.raw().as_bytes())
        .map_err(|error| Usage::new(format!("the argument `tools`: {error}")))
}

fn chat(c: &Client, a: &Arguments) -> Result<Pending, Usage> {
    let mut a = a.clone();
    let format = format(&mut a, "response_format")?;
    let has_tools = a.has("tools");
    let tools = tools(&mut a)?;
    let mut params: ChatCompletionCreateParams = a.params()?;
    if let Some(format) = format {
        params = params.response_format(format.response_format());
    }
    if has_tools {
        let tools = tools.iter().map(|tool| tool.as_ref().map_or_else(|function| Ok(function.chat()), typed));
        params = params.tools(tools.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(finish(&a, c.chat().completions().parse_json(params), ParsedChatCompletion::to_json))
}

fn responses(c: &Client, a: &Arguments) -> Result<Pending, Usage> {
    let mut a = a.clone();
    let format = format(&mut a, "text_format")?;
    let has_tools = a.has("tools");
    let tools = tools(&mut a)?;
    let mut params: ResponseCreateParams = a.params()?;
    if let Some(format) = format {
        let text = params.text.take().unwrap_or_default();
        params = params.text(text.format(format.text_format()));
    }
    if has_tools {
        let tools = tools.iter().map(|tool| tool.as_ref().map_or_else(|function| Ok(function.responses()), typed));
        params = params.tools(tools.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(finish(&a, c.responses().parse_json(params), ParsedResponse::to_json))
}

fn finish<P>(a: &Arguments, call: Call<threadline::Reply<P>>, json: fn(&P) -> Json) -> Pending
where
    P: Send + 'static,
    threadline::Reply<P>: threadline::client::Outcome,
{
    let call = call.options(a.options());
    a.pending(async move {
        match call.await {
            Err(error) => Answer::failed(&error),
            Ok(reply) => match RawValue::from_string(json(&reply).raw().to_owned()) {
                Ok(value) => Answer::Value { value, request_id: reply.request_id().map(Into::into) },
                Err(error) => Answer::usage(error.to_string()),
            },
        }
    })
}

/// The rows of this subject.
pub(super) fn rows() -> &'static [Row] {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        vec![
            like("chat.completions.parse", "chat.completions.create", &[], chat),
            like("responses.parse", "responses.create", &["text_format"], responses),
        ]
    });
    &ROWS
}

/// What `create` takes, and a few arguments more.
pub(super) fn like(
    id: &'static str,
    create: &str,
    more: &[&'static str],
    run: fn(&Client, &Arguments) -> Result<Pending, Usage>,
) -> Row {
    let mut row = *generated::find(create).unwrap_or_else(|| panic!("there is no operation {create}"));
    let of_create = row.optional.iter().filter(|name| **name != "stream");
    let optional: Vec<&'static str> = of_create.chain(more).copied().collect();
    row.id = id;
    row.optional = optional.leak();
    row.stream = None;
    row.run = run;
    row
}

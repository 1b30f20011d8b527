//! Structured outputs of chat completions.

use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fit::{CheckedJson, FromContent, read};
use super::rules::ParseRules;
use super::tree::Tree;
use crate::accumulate::ChatCompletionStream;
use crate::client::{Call, CallFuture, Outcome};
use crate::error::{Error, ErrorKind};
use crate::json::{Encode, Json};
use crate::resources::ChatCompletions;
use crate::response::Reply;
use crate::types::{
    ChatCompletion, ChatCompletionCreateParams, ChatCompletionFinishReason, ChatCompletionMessageToolCall,
};

/// A chat completion whose answers have been read as `T`. Reads like the [`ChatCompletion`] itself.
#[derive(Debug, Clone)]
pub struct ParsedChatCompletion<T> {
    completion: ChatCompletion,
    /// One for each choice.
    parsed: Vec<Option<T>>,
    /// For each choice, one for each tool call.
    arguments: Vec<Vec<Option<Json>>>,
}

/// A function call of a parsed answer.
#[derive(Debug, Clone, Copy)]
pub struct ParsedToolCall<'a> {
    /// Id of the call; the message that answers it repeats it.
    pub id: &'a str,
    /// Name of the function.
    pub name: &'a str,
    /// The arguments as the model wrote them.
    pub arguments: &'a str,
    /// The arguments as JSON, if the function was declared with `strict: true`.
    pub parsed_arguments: Option<&'a Json>,
}

impl ParsedToolCall<'_> {
    /// The arguments as a type.
    ///
    /// # Errors
    /// Kind `decode`, with the path, if they do not fit.
    pub fn parse<A: DeserializeOwned>(&self) -> Result<A, Error> {
        read(self.arguments).map_err(|why| {
            Error::new(ErrorKind::Decode, format!("the arguments for the function `{}` do not fit: {why}", self.name))
        })
    }
}

impl<T> ParsedChatCompletion<T> {
    /// The first answer. `None` if the model refused, called tools instead, or wrote nothing.
    pub fn parsed(&self) -> Option<&T> {
        self.parsed_at(0)
    }

    /// The answer of this choice, where `n` asked for several.
    pub fn parsed_at(&self, choice: usize) -> Option<&T> {
        self.parsed.get(choice)?.as_ref()
    }

    /// The first answer, to keep.
    pub fn into_parsed(self) -> Option<T> {
        self.parsed.into_iter().next()?
    }

    /// The model's words if it refused to give the first answer.
    pub fn refusal(&self) -> Option<&str> {
        self.completion.choices.first()?.message.refusal.as_deref()
    }

    /// The function calls of the first answer.
    pub fn tool_calls(&self) -> impl Iterator<Item = ParsedToolCall<'_>> {
        let calls = self.completion.choices.first().and_then(|choice| choice.message.tool_calls.as_deref());
        let parsed = self.arguments.first().map(Vec::as_slice).unwrap_or_default();
        calls.unwrap_or_default().iter().zip(parsed).filter_map(|(call, parsed)| match call {
            ChatCompletionMessageToolCall::Function(call) => Some(ParsedToolCall {
                id: &call.id,
                name: &call.function.name,
                arguments: &call.function.arguments,
                parsed_arguments: parsed.as_ref(),
            }),
            _ => None,
        })
    }

    /// The completion as it came.
    pub fn into_completion(self) -> ChatCompletion {
        self.completion
    }

    /// The completion as JSON, with what was parsed in the places where the official packages have it:
    /// `choices[].message.parsed` and `choices[].message.tool_calls[].function.parsed_arguments`.
    pub fn to_json(&self) -> Json
    where
        T: Serialize,
    {
        let mut tree = tree_of(&self.completion);
        let choices = list_in(&mut tree, "choices");
        for ((choice, parsed), arguments) in choices.iter_mut().zip(&self.parsed).zip(&self.arguments) {
            let Some(message) = member(choice, "message") else { continue };
            insert(message, "parsed", json_of(parsed.as_ref()));
            for (call, arguments) in list_in(message, "tool_calls").iter_mut().zip(arguments) {
                if let Some(function) = member(call, "function") {
                    insert(function, "parsed_arguments", json_of(arguments.as_ref()));
                }
            }
        }
        tree.to_json()
    }
}

impl<T> Deref for ParsedChatCompletion<T> {
    type Target = ChatCompletion;

    fn deref(&self) -> &ChatCompletion {
        &self.completion
    }
}

/// Reads the answers of a completion as `T`, and the arguments of strict functions as JSON.
///
/// # Errors
/// All of them carry the completion ([`Error::completion`]): kind `length_finish` or `content_filter_finish` if an
/// answer was cut off, `decode` with the path if one does not fit.
pub fn parse_completion<T: FromContent>(
    completion: ChatCompletion,
    rules: &ParseRules,
) -> Result<ParsedChatCompletion<T>, Error> {
    match read_choices(&completion, rules) {
        Ok((parsed, arguments)) => Ok(ParsedChatCompletion { completion, parsed, arguments }),
        Err(error) => Err(error.with_completion(tree_of(&completion).to_json())),
    }
}

type Parts<T> = (Vec<Option<T>>, Vec<Vec<Option<Json>>>);

fn read_choices<T: FromContent>(completion: &ChatCompletion, rules: &ParseRules) -> Result<Parts<T>, Error> {
    let (mut parsed, mut arguments) = (Vec::new(), Vec::new());
    for (index, choice) in completion.choices.iter().enumerate() {
        match choice.finish_reason {
            ChatCompletionFinishReason::Length => return Err(length_finish(&format!("choice {index}"))),
            ChatCompletionFinishReason::ContentFilter => {
                return Err(content_filter_finish(&format!("choice {index}")));
            }
            _ => {}
        }
        let message = &choice.message;
        let refused = message.refusal.as_deref().is_some_and(|text| !text.is_empty());
        let text = message.content.as_deref().filter(|text| !text.is_empty() && !refused && rules.schema.is_some());
        let value = text.map(|text| T::from_content(text, rules.schema.as_ref()));
        parsed.push(value.transpose().map_err(|why| misfit(&format!("choices[{index}].message.content"), &why))?);
        let mut of_calls = Vec::new();
        for (number, call) in message.tool_calls.iter().flatten().enumerate() {
            of_calls.push(match call {
                ChatCompletionMessageToolCall::Function(call) if rules.is_strict(None, &call.function.name) => {
                    let place = format!("choices[{index}].message.tool_calls[{number}].function.arguments");
                    Some(exact_json(&call.function.arguments, &place)?)
                }
                _ => None,
            });
        }
        arguments.push(of_calls);
    }
    Ok((parsed, arguments))
}

pub(crate) fn length_finish(what: &str) -> Error {
    Error::new(
        ErrorKind::LengthFinish,
        format!(
            "{what} was cut off before its end because a limit of tokens was reached; raise the limit or ask for less"
        ),
    )
}

pub(crate) fn content_filter_finish(what: &str) -> Error {
    Error::new(ErrorKind::ContentFilterFinish, format!("{what} was stopped by the provider's content filter"))
}

pub(super) fn misfit(place: &str, why: &str) -> Error {
    Error::new(ErrorKind::Decode, format!("{place} is not of the form that was asked for: {why}"))
}

pub(super) fn exact_json(text: &str, place: &str) -> Result<Json, Error> {
    Json::parse(text).map_err(|error| misfit(place, &error.to_string()))
}

pub(super) fn tree_of(value: &dyn Encode) -> Tree {
    // What was decoded from JSON has no number that JSON cannot say.
    let text = crate::json::encode(value).unwrap_or_else(|_| "null".to_owned());
    Tree::of(&Json::valid(&text))
}

pub(super) fn json_of<T: Serialize>(value: Option<&T>) -> Tree {
    value.and_then(|value| Json::from_serialize(value).ok()).map_or(Tree::Null, |json| Tree::of(&json))
}

pub(super) fn member<'a>(tree: &'a mut Tree, name: &str) -> Option<&'a mut Tree> {
    match tree {
        Tree::Object(members) => members.get_mut(name),
        _ => None,
    }
}

pub(super) fn list_in<'a>(tree: &'a mut Tree, name: &str) -> &'a mut [Tree] {
    match member(tree, name) {
        Some(Tree::List(items)) => items,
        _ => &mut [],
    }
}

pub(super) fn insert(tree: &mut Tree, name: &str, value: Tree) {
    if let Tree::Object(members) = tree {
        members.insert(name.to_owned(), value);
    }
}

impl<T: FromContent> Outcome for Reply<ParsedChatCompletion<T>> {
    fn send(call: Call<Self>) -> CallFuture<Self> {
        let rules = super::rules_of(&call.inner);
        let future = Reply::<ChatCompletion>::send(call.returning());
        Box::pin(async move { future.await?.try_map(|completion| parse_completion(completion, &rules)) })
    }
}

impl ChatCompletionStream {
    /// Reads what is left of the stream, and the completion that it came to as [`parse_completion`] does.
    ///
    /// # Errors
    /// As [`get_final_completion`](Self::get_final_completion) and [`parse_completion`].
    pub async fn get_final_parsed<T: FromContent>(
        &mut self,
        rules: &ParseRules,
    ) -> Result<ParsedChatCompletion<T>, Error> {
        parse_completion(self.get_final_completion().await?, rules)
    }
}

impl ChatCompletions {
    /// Asks for an answer of the form of a type, and reads it as that type: [`create`](Self::create) with
    /// `response_format` set from `T`.
    ///
    /// `POST /chat/completions`
    ///
    /// # Errors
    ///
    /// When awaited, any [`Error`]; kind `usage` if `T` has no strict schema, `length_finish` or
    /// `content_filter_finish` if the answer was cut off, `decode` if it does not fit. The last three carry the
    /// completion ([`Error::completion`]).
    #[cfg(feature = "schemars")]
    pub fn parse<T>(&self, params: ChatCompletionCreateParams) -> Call<Reply<ParsedChatCompletion<T>>>
    where
        T: schemars::JsonSchema + DeserializeOwned + Send + 'static,
    {
        match super::OutputFormat::of::<T>() {
            Ok(format) => self.create(params.response_format(format.response_format())).returning(),
            Err(error) => self.create(params).returning().refused(error),
        }
    }

    /// The same with a schema that is no type's: the one that stands in `params.response_format`, sent as it is. The
    /// answer is JSON that was checked against it. Without one only the arguments of strict functions are parsed.
    ///
    /// `POST /chat/completions`
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_json(&self, params: ChatCompletionCreateParams) -> Call<Reply<ParsedChatCompletion<CheckedJson>>> {
        self.create(params).returning()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion(text: &str) -> ChatCompletion {
        crate::json::decode(text.as_bytes()).unwrap()
    }

    fn rules() -> ParseRules {
        let request = r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object",
            "required":["a"],"properties":{"a":{"type":"integer"}}}}},"tools":[
            {"type":"function","function":{"name":"exact","strict":true}},{"type":"function","function":{"name":"loose"}}]}"#;
        ParseRules::of_request(&Json::parse(request).unwrap())
    }

    fn parse(text: &str) -> Result<ParsedChatCompletion<CheckedJson>, Error> {
        parse_completion(completion(text), &rules())
    }

    #[test]
    fn parsed_values_stand_in_the_official_places() {
        let parsed = parse(
            r#"{"id":"c","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":"{\"a\":1}","tool_calls":[
                {"id":"1","type":"function","function":{"name":"exact","arguments":"{\"b\":2}"}},
                {"id":"2","type":"function","function":{"name":"loose","arguments":"{\"b\":3"}}]}}]}"#,
        )
        .unwrap();
        assert_eq!(parsed.parsed().unwrap().raw(), r#"{"a":1}"#);
        assert_eq!(parsed.id, "c", "it reads like the completion");
        let calls: Vec<_> = parsed.tool_calls().collect();
        assert_eq!(calls[0].parsed_arguments.unwrap().raw(), r#"{"b":2}"#);
        assert!(calls[1].parsed_arguments.is_none());
        assert_eq!(calls[1].parse::<Json>().unwrap_err().kind(), ErrorKind::Decode);
        let message = parsed.to_json().get("choices").and_then(|list| list.get("0")?.get("message")).unwrap();
        assert_eq!(message.get("parsed").unwrap().raw(), r#"{"a":1}"#);
        let function = |index: &str| message.get("tool_calls").unwrap().get(index).unwrap().get("function").unwrap();
        assert_eq!(function("0").get("parsed_arguments").unwrap().raw(), r#"{"b":2}"#);
        assert!(function("1").get("parsed_arguments").unwrap().is_null());
    }

    #[test]
    fn cut_off_answers_are_errors_of_their_own_that_carry_the_completion() {
        for (reason, kind) in [("length", ErrorKind::LengthFinish), ("content_filter", ErrorKind::ContentFilterFinish)]
        {
            let text = format!(
                r#"{{"choices":[{{"index":0,"finish_reason":"{reason}","message":{{"role":"assistant","content":"{{\"a\":"}}}}]}}"#
            );
            let error = parse(&text).unwrap_err();
            assert_eq!(error.kind(), kind);
            let text =
                error.completion().and_then(|json| json.get("choices")?.get("0")?.get("message")?.get("content"));
            assert_eq!(text.unwrap().as_string().unwrap(), "{\"a\":");
            assert!(!format!("{error:?}").contains("content\":"), "what the model wrote stays out of `Debug`");
        }
    }

    #[test]
    fn refusals_are_no_misfits() {
        let parsed = parse(
            r#"{"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"no JSON","refusal":"I will not."}}]}"#,
        )
        .unwrap();
        assert!(parsed.parsed().is_none());
        assert_eq!(parsed.refusal(), Some("I will not."));
    }

    #[test]
    fn a_misfit_names_place_and_path() {
        let error =
            parse(r#"{"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"{\"a\":\"x\"}"}}]}"#)
                .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.message().contains("choices[0].message.content") && error.message().contains("$.a"), "{error}");
    }

    #[test]
    fn without_a_schema_the_text_stays_a_text() {
        let text =
            r#"{"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hello"}}]}"#;
        let parsed = parse_completion::<CheckedJson>(completion(text), &ParseRules::default()).unwrap();
        assert!(parsed.parsed().is_none());
    }
}

//! Structured outputs of responses.

use std::ops::Deref;

use serde::Serialize;

use super::chat::{
    ParsedToolCall, content_filter_finish, exact_json, insert, json_of, length_finish, list_in, misfit, tree_of,
};
use super::fit::{CheckedJson, FromContent};
use super::rules::ParseRules;
use crate::accumulate::ResponseStream;
use crate::client::{Call, CallFuture, Outcome};
use crate::error::Error;
use crate::json::Json;
use crate::resources::Responses;
use crate::response::Reply;
use crate::types::{
    EasyInputMessagePhase, Response, ResponseCreateParams, ResponseIncompleteDetailsReason, ResponseOutputItem,
    ResponseOutputMessage, ResponseOutputMessageContent,
};

/// A response whose texts have been read as `T`. Reads like the [`Response`] itself.
#[derive(Debug, Clone)]
pub struct ParsedResponse<T> {
    response: Response,
    /// One for each item of the output.
    parsed: Vec<ParsedItem<T>>,
}

#[derive(Debug, Clone)]
struct ParsedItem<T> {
    /// For a message, one for each part.
    parts: Vec<Option<T>>,
    /// For a call of a strict function.
    arguments: Option<Json>,
}

impl<T> ParsedResponse<T> {
    /// The first text of the output as `T`. `None` if the model refused, called tools instead, or wrote nothing.
    pub fn output_parsed(&self) -> Option<&T> {
        self.parsed.iter().flat_map(|item| &item.parts).find_map(Option::as_ref)
    }

    /// The same, to keep.
    pub fn into_parsed(self) -> Option<T> {
        self.parsed.into_iter().flat_map(|item| item.parts).find_map(|part| part)
    }

    /// The model's words if it refused.
    pub fn refusal(&self) -> Option<&str> {
        self.response.output.iter().find_map(|item| match item {
            ResponseOutputItem::Message(message) => message.content.iter().find_map(|part| match part {
                ResponseOutputMessageContent::Refusal(refusal) => Some(&*refusal.refusal),
                _ => None,
            }),
            _ => None,
        })
    }

    /// The function calls of the output.
    pub fn tool_calls(&self) -> impl Iterator<Item = ParsedToolCall<'_>> {
        self.response.output.iter().zip(&self.parsed).filter_map(|(item, parsed)| match item {
            ResponseOutputItem::FunctionCall(call) => Some(ParsedToolCall {
                id: &call.call_id,
                name: &call.name,
                arguments: &call.arguments,
                parsed_arguments: parsed.arguments.as_ref(),
            }),
            _ => None,
        })
    }

    /// The response as it came.
    pub fn into_response(self) -> Response {
        self.response
    }

    /// The response as JSON, with what was parsed in the places where the official packages have it:
    /// `output[].content[].parsed` and `output[].parsed_arguments`.
    pub fn to_json(&self) -> Json
    where
        T: Serialize,
    {
        let mut tree = tree_of(&self.response);
        for (item, parsed) in list_in(&mut tree, "output").iter_mut().zip(&self.parsed) {
            match item.text_at("type") {
                Some("message") => {
                    for (part, parsed) in list_in(item, "content").iter_mut().zip(&parsed.parts) {
                        if part.text_at("type") == Some("output_text") {
                            insert(part, "parsed", json_of(parsed.as_ref()));
                        }
                    }
                }
                Some("function_call") => insert(item, "parsed_arguments", json_of(parsed.arguments.as_ref())),
                _ => {}
            }
        }
        tree.to_json()
    }
}

impl<T> Deref for ParsedResponse<T> {
    type Target = Response;

    fn deref(&self) -> &Response {
        &self.response
    }
}

/// Reads the texts of a response as `T`, and the arguments of strict functions as JSON. A message that only comments
/// on the work (its `phase` is not `final_answer`) is left as it is.
///
/// # Errors
/// All of them carry the response ([`Error::completion`]): kind `decode` with the path if a text does not fit;
/// `length_finish` or `content_filter_finish` if that is because the response was cut off.
pub fn parse_response<T: FromContent>(response: Response, rules: &ParseRules) -> Result<ParsedResponse<T>, Error> {
    match read_output(&response, rules) {
        Ok(parsed) => Ok(ParsedResponse { response, parsed }),
        Err(error) => {
            let reason = response.incomplete_details.as_ref().and_then(|details| details.reason.as_ref());
            let error = match reason {
                Some(ResponseIncompleteDetailsReason::MaxOutputTokens) => length_finish("the response"),
                Some(ResponseIncompleteDetailsReason::ContentFilter) => content_filter_finish("the response"),
                _ => error,
            };
            Err(error.with_completion(tree_of(&response).to_json()))
        }
    }
}

fn read_output<T: FromContent>(response: &Response, rules: &ParseRules) -> Result<Vec<ParsedItem<T>>, Error> {
    let mut parsed = Vec::with_capacity(response.output.len());
    for (index, item) in response.output.iter().enumerate() {
        let mut of_item = ParsedItem { parts: Vec::new(), arguments: None };
        match item {
            ResponseOutputItem::Message(message) => of_item.parts = read_message(message, index, rules)?,
            ResponseOutputItem::FunctionCall(call) if rules.is_strict(call.namespace.as_deref(), &call.name) => {
                of_item.arguments = Some(exact_json(&call.arguments, &format!("output[{index}].arguments"))?);
            }
            _ => {}
        }
        parsed.push(of_item);
    }
    Ok(parsed)
}

fn read_message<T: FromContent>(
    message: &ResponseOutputMessage,
    index: usize,
    rules: &ParseRules,
) -> Result<Vec<Option<T>>, Error> {
    let is_answer = message.phase.as_ref().is_none_or(|phase| *phase == EasyInputMessagePhase::FinalAnswer);
    let read = |(number, part): (usize, &ResponseOutputMessageContent)| match part {
        ResponseOutputMessageContent::OutputText(text) if is_answer && rules.schema.is_some() => {
            let value = T::from_content(&text.text, rules.schema.as_ref());
            value.map(Some).map_err(|why| misfit(&format!("output[{index}].content[{number}].text"), &why))
        }
        _ => Ok(None),
    };
    message.content.iter().enumerate().map(read).collect()
}

impl<T: FromContent> Outcome for Reply<ParsedResponse<T>> {
    fn send(call: Call<Self>) -> CallFuture<Self> {
        let rules = super::rules_of(&call.inner);
        let future = Reply::<Response>::send(call.returning());
        Box::pin(async move { future.await?.try_map(|response| parse_response(response, &rules)) })
    }
}

impl ResponseStream {
    /// Reads what is left of the stream, and the response that it came to as [`parse_response`] does.
    ///
    /// # Errors
    /// As [`get_final_response`](Self::get_final_response) and [`parse_response`].
    pub async fn get_final_parsed<T: FromContent>(&mut self, rules: &ParseRules) -> Result<ParsedResponse<T>, Error> {
        parse_response(self.get_final_response().await?, rules)
    }
}

impl Responses {
    /// Asks for an answer of the form of a type, and reads it as that type: [`create`](Self::create) with
    /// `text.format` set from `T`.
    ///
    /// `POST /responses`
    ///
    /// # Errors
    ///
    /// When awaited, any [`Error`]; kind `usage` if `T` has no strict schema, `decode` if the answer does not fit,
    /// `length_finish` or `content_filter_finish` if that is because it was cut off. The last three carry the response
    /// ([`Error::completion`]).
    #[cfg(feature = "schemars")]
    pub fn parse<T>(&self, mut params: ResponseCreateParams) -> Call<Reply<ParsedResponse<T>>>
    where
        T: schemars::JsonSchema + serde::de::DeserializeOwned + Send + 'static,
    {
        match super::OutputFormat::of::<T>() {
            Ok(format) => {
                let text = params.text.take().unwrap_or_default();
                self.create(params.text(text.format(format.text_format()))).returning()
            }
            Err(error) => self.create(params).returning().refused(error),
        }
    }

    /// The same with a schema that is no type's: the one that stands in `params.text.format`, sent as it is. The
    /// answer is JSON that was checked against it. Without one only the arguments of strict functions are parsed.
    ///
    /// `POST /responses`
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_json(&self, params: ResponseCreateParams) -> Call<Reply<ParsedResponse<CheckedJson>>> {
        self.create(params).returning()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn parse(text: &str) -> Result<ParsedResponse<CheckedJson>, Error> {
        let request = r#"{"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}}},"tools":[
            {"type":"function","name":"exact","strict":true},
            {"type":"namespace","name":"crm","tools":[{"type":"function","name":"find","strict":true}]}]}"#;
        let rules = ParseRules::of_request(&Json::parse(request).unwrap());
        parse_response(crate::json::decode(text.as_bytes()).unwrap(), &rules)
    }

    #[test]
    fn the_final_answer_is_parsed_and_comments_are_not() {
        let parsed = parse(
            r#"{"id":"r","output":[
                {"type":"message","id":"1","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"thinking"}]},
                {"type":"message","id":"2","role":"assistant","phase":"final_answer","content":[{"type":"output_text","text":"{\"a\":1}"}]}]}"#,
        )
        .unwrap();
        assert_eq!(parsed.output_parsed().unwrap().raw(), r#"{"a":1}"#);
        let output = parsed.to_json().get("output").unwrap();
        let part = |item: &str| output.get(item).unwrap().get("content").unwrap().get("0").unwrap();
        assert!(part("0").get("parsed").unwrap().is_null());
        assert_eq!(part("1").get("parsed").unwrap().raw(), r#"{"a":1}"#);
    }

    #[test]
    fn arguments_of_strict_functions_are_parsed_in_their_namespace() {
        let call = |name: &str, namespace: &str| {
            format!(r#"{{"type":"function_call","call_id":"c","name":"{name}","arguments":"{{}}"{namespace}}}"#)
        };
        let items = [
            call("exact", ""),
            call("exact", r#","namespace":"exact""#),
            call("find", r#","namespace":"crm""#),
            call("find", ""),
            call("other", ""),
        ];
        let parsed = parse(&format!(r#"{{"output":[{}]}}"#, items.join(","))).unwrap();
        let found: Vec<bool> = parsed.tool_calls().map(|call| call.parsed_arguments.is_some()).collect();
        assert_eq!(found, [true, true, true, false, false]);
    }

    #[test]
    fn a_text_that_was_cut_off_says_so() {
        let text = |reason: &str| {
            format!(
                r#"{{"id":"r","status":"incomplete","incomplete_details":{{"reason":"{reason}"}},"output":[
                {{"type":"message","id":"1","role":"assistant","content":[{{"type":"output_text","text":"{{\"a\""}}]}}]}}"#
            )
        };
        for (reason, kind) in [
            ("max_output_tokens", ErrorKind::LengthFinish),
            ("content_filter", ErrorKind::ContentFilterFinish),
            ("steered", ErrorKind::Decode),
        ] {
            let error = parse(&text(reason)).unwrap_err();
            assert_eq!(error.kind(), kind);
            assert_eq!(error.completion().unwrap().get("id").unwrap().as_string().unwrap(), "r");
        }
    }

    #[test]
    fn refusals_are_reachable() {
        let parsed = parse(
            r#"{"output":[{"type":"message","id":"1","role":"assistant","content":[{"type":"refusal","refusal":"No."}]}]}"#,
        )
        .unwrap();
        assert_eq!((parsed.output_parsed().is_none(), parsed.refusal()), (true, Some("No.")));
    }
}

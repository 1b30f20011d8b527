//! Structured outputs: schemas for requests, and answers read by them.

use threadline::json::decode;
use threadline::structured::{CheckedJson, FunctionSchema, OutputFormat, ParseRules, parse_completion, parse_response};
use threadline::{Json, encode};

use crate::error::CallError;

fn json(what: &str, text: &str) -> Result<Json, CallError> {
    Json::parse(text).map_err(|error| CallError::usage(format!("{what}: {error}")))
}

/// A JSON schema as strict outputs ask for it.
#[uniffi::export]
pub fn strict_schema(schema: &str) -> Result<String, CallError> {
    Ok(threadline::structured::strict_schema(&json("the schema", schema)?)?.raw().to_owned())
}

/// Checks JSON against a schema. The error, of kind `decode`, names the place of the first misfit.
#[uniffi::export]
pub fn check_schema(value: &str, schema: &str) -> Result<(), CallError> {
    let schema = json("the schema", schema)?;
    let checked = Json::parse(value).map_err(|error| error.to_string());
    checked.and_then(|value| threadline::structured::check_schema(&value, &schema)).map_err(|why| {
        let message = format!("the answer is not of the form that was asked for: {why}");
        threadline::Error::new(threadline::ErrorKind::Decode, message).into()
    })
}

/// A type as the API wants to be told of it, from its name, description and JSON schema, which is brought into its strict form. `place`:
/// `chat.response_format`, `chat.tool`, `responses.text_format` (`text.format`), `responses.tool`, `assistants.tool`.
#[uniffi::export]
pub fn output_format(place: &str, name: &str, description: Option<String>, schema: &str) -> Result<String, CallError> {
    let schema = json("the schema", schema)?;
    let format = || {
        let mut format = OutputFormat::new(name, &schema)?;
        format.description = description.clone();
        Ok::<_, threadline::Error>(format)
    };
    let function = || {
        let function = FunctionSchema::new(name, &schema)?;
        Ok::<_, threadline::Error>(match &description {
            Some(text) => function.description(text),
            None => function,
        })
    };
    let made = match place {
        "chat.response_format" => encode(&format()?.response_format()),
        "responses.text_format" => encode(&format()?.text_format()),
        "chat.tool" => encode(&function()?.chat()),
        "responses.tool" => encode(&function()?.responses()),
        "assistants.tool" => encode(&function()?.assistants()),
        other => return Err(CallError::usage(format!("there is no place {other:?} for a type"))),
    };
    made.map_err(|error| CallError::usage(error.to_string()))
}

/// Reads the answer in a reply of `chat` or `responses` by the request that asked for it (`fields`): the reply as JSON, with `parsed`
/// and `parsed_arguments` in their official places. An error of kind `length_finish`, `content_filter_finish` or `decode` has
/// the reply as its `completion`.
#[uniffi::export]
pub fn parse_reply(api: &str, fields: Vec<u8>, body: Vec<u8>) -> Result<Vec<u8>, CallError> {
    let rules = ParseRules::of_request(&json("the arguments", &String::from_utf8_lossy(&fields))?);
    let unreadable = |error: threadline::json::DecodeError| CallError::usage(format!("the reply: {error}"));
    let parsed = match api {
        "chat" => parse_completion::<CheckedJson>(decode(&body).map_err(unreadable)?, &rules)?.to_json(),
        "responses" => parse_response::<CheckedJson>(decode(&body).map_err(unreadable)?, &rules)?.to_json(),
        other => return Err(CallError::usage(format!("answers of {other:?} cannot be parsed"))),
    };
    Ok(parsed.raw().as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}"#;

    #[test]
    fn a_type_is_told_in_every_place() {
        for place in ["chat.response_format", "responses.text_format", "chat.tool", "responses.tool", "assistants.tool"]
        {
            let made = output_format(place, "answer", Some("what it is".into()), SCHEMA).unwrap();
            assert!(made.contains("answer") && made.contains("what it is"), "{place}: {made}");
            assert!(made.contains("additionalProperties"), "{place}: {made}");
        }
        assert!(output_format("mail", "answer", None, SCHEMA).is_err());
        assert!(strict_schema(SCHEMA).unwrap().contains("additionalProperties"));
    }

    #[test]
    fn an_answer_is_read_by_its_request() {
        let fields =
            format!(r#"{{"response_format":{{"type":"json_schema","json_schema":{{"name":"n","schema":{SCHEMA}}}}}}}"#);
        let reply = |content: &str, finish: &str| {
            format!(
                r#"{{"id":"c","choices":[{{"index":0,"finish_reason":"{finish}","message":{{"role":"assistant","content":{}}}}}]}}"#,
                Json::string(content).raw()
            )
            .into_bytes()
        };
        let parse = |body| parse_reply("chat", fields.clone().into_bytes(), body);
        let parsed = String::from_utf8(parse(reply(r#"{"a":1}"#, "stop")).unwrap()).unwrap();
        assert!(parsed.contains(r#""parsed":{"a":1}"#), "{parsed}");
        for (content, finish, kind) in [(r#"{"a":"x"}"#, "stop", "decode"), (r#"{"a":"#, "length", "length_finish")] {
            let CallError::Failed { record } = parse(reply(content, finish)).unwrap_err();
            assert_eq!(record.kind, kind);
            assert!(record.more.contains("completion"), "{}", record.more);
        }
    }

    #[test]
    fn a_misfit_is_named_by_its_place() {
        assert!(check_schema(r#"{"a":1}"#, SCHEMA).is_ok());
        let CallError::Failed { record } = check_schema(r#"{"a":"x"}"#, SCHEMA).unwrap_err();
        assert_eq!(record.kind, "decode");
        assert!(record.message.contains("$.a"), "{}", record.message);
    }
}

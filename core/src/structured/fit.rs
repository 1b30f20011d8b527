//! Reading what a model wrote as a type, with the place of the first misfit.

use serde::de::DeserializeOwned;

use super::check::check_schema;
use crate::json::{Doc, Json, path_at};

/// A type that the text of an answer can be read as: every type of serde, and [`CheckedJson`].
pub trait FromContent: Sized + Send + 'static {
    #[doc(hidden)]
    fn from_content(text: &str, schema: Option<&Json>) -> Result<Self, String>;
}

impl<T: DeserializeOwned + Send + 'static> FromContent for T {
    fn from_content(text: &str, _: Option<&Json>) -> Result<Self, String> {
        read(text)
    }
}

/// JSON that fits the schema it was asked for with: what an answer is read as where the schema is not a type's.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedJson(Json);

impl CheckedJson {
    /// The JSON.
    pub fn into_json(self) -> Json {
        self.0
    }
}

impl std::ops::Deref for CheckedJson {
    type Target = Json;

    fn deref(&self) -> &Json {
        &self.0
    }
}

impl serde::Serialize for CheckedJson {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl FromContent for CheckedJson {
    fn from_content(text: &str, schema: Option<&Json>) -> Result<Self, String> {
        let value = Json::parse(text.trim()).map_err(|error| error.to_string())?;
        schema.map_or(Ok(()), |schema| check_schema(&value, schema))?;
        Ok(Self(value))
    }
}

/// Reads JSON text as a type. The error names the path and quotes nothing of the text.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| {
        // Ours says what is wrong with the text without quoting it.
        let doc = match Doc::parse(text.as_bytes()) {
            Ok(doc) => doc,
            Err(syntax) => return syntax.to_string(),
        };
        let at = offset(text, error.line(), error.column());
        format!("{}: {}", path_at(&doc, at), unquoted(&error.to_string()))
    })
}

/// The offset of the last byte that serde had read when it gave up: inside of, or at the end of, what does not fit.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (start + column.saturating_sub(1)).min(text.len().saturating_sub(1))
}

/// serde's message without its position and without what it quotes of the text.
fn unquoted(message: &str) -> String {
    let message = message.rfind(" at line ").map_or(message, |end| &message[..end]);
    let (found, expected) = message.split_at(message.find(", expected").unwrap_or(message.len()));
    // `missing field` names a field of the type; the other names are the model's.
    let quote = if found.starts_with("missing field") || found.starts_with("duplicate field") {
        None
    } else {
        found.find(['"', '`'])
    };
    match quote {
        Some(start) => format!("{}{expected}", found[..start].trim_end()),
        None => format!("{found}{expected}"),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Step {
        output: String,
        kind: Option<Kind>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Add,
        Drop,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Answer {
        steps: Vec<Step>,
        count: u8,
    }

    #[test]
    fn a_misfit_is_named_by_its_path_and_not_quoted() {
        let cases = [
            (r#"{"steps":[{"output":7}],"count":1}"#, "$.steps[0].output: invalid type: integer"),
            ("{\"steps\":[],\n \"count\":\"canary\"}", "$.count: invalid type: string, expected u8"),
            (r#"{"steps":[{}],"count":1}"#, "$.steps[0]: missing field `output`"),
            (
                r#"{"steps":[{"output":"a","kind":"canary"}],"count":1}"#,
                "$.steps[0].kind: unknown variant, expected `add` or `drop`",
            ),
            (r#"{"steps":[]}"#, "$: missing field `count`"),
            (r#"{"steps":[],"count":300}"#, "$.count: invalid value: integer"),
            (r#"{"steps":[{"output":"canary"#, "invalid JSON"),
        ];
        for (text, expected) in cases {
            let error = read::<Answer>(text).unwrap_err();
            assert!(error.starts_with(expected) && !error.contains("canary"), "{text}: {error}");
        }
    }

    #[test]
    fn checked_json_must_fit_its_schema() {
        let schema = Json::parse(r#"{"type":"object","required":["a"]}"#).unwrap();
        assert_eq!(CheckedJson::from_content(" {\"a\":1}\n", Some(&schema)).unwrap().raw(), r#"{"a":1}"#);
        assert_eq!(CheckedJson::from_content("{}", Some(&schema)).unwrap_err(), "$: the member `a` is absent");
        assert!(CheckedJson::from_content("{", None).unwrap_err().contains("invalid JSON"));
    }
}

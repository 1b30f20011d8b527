//! The arguments of one line of the call protocol, as the generated dispatch rows ask for them.

use serde_json::{Map, Value};
use threadline::json::{Decode, decode_strict};

/// A call that cannot be made: reported with the kind `usage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// What is wrong with the call.
    pub message: String,
}

impl Usage {
    /// A usage error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// All arguments of a call by their official names, with the options that belong to this call.
#[derive(Debug, Clone)]
pub struct Arguments {
    values: Map<String, Value>,
    path: Vec<&'static str>,
    stream: Option<&'static str>,
    /// The `options` of the line, as they stand.
    pub options: Map<String, Value>,
}

impl Arguments {
    /// Arguments and options of one line. `path` names those that stand in the URL, `stream` the one that asks for a stream.
    pub fn new(
        values: Map<String, Value>,
        options: Map<String, Value>,
        path: &[&'static str],
        stream: Option<&'static str>,
    ) -> Self {
        Self { values, path: path.to_vec(), stream, options }
    }

    /// Names of the arguments given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The value of an argument, if it was given.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// A path parameter, which must be a text.
    pub fn path(&self, name: &str) -> Result<&str, Usage> {
        match self.values.get(name) {
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(Usage::new(format!("the argument `{name}` must be a text, since it stands in the URL"))),
            None => Err(Usage::new(format!("misses the required argument `{name}`"))),
        }
    }

    /// Whether a stream was asked for. Anything but `true` counts as no.
    pub fn stream(&self) -> bool {
        self.stream.is_some_and(|name| self.values.get(name) == Some(&Value::Bool(true)))
    }

    /// The typed parameters: all arguments but path parameters and the stream flag.
    pub fn params<P: Decode>(&self) -> Result<P, Usage> {
        let rest: Map<String, Value> = self
            .values
            .iter()
            .filter(|(name, _)| !self.path.contains(&name.as_str()) && self.stream != Some(name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        decode_strict(Value::Object(rest).to_string().as_bytes()).map_err(|error| Usage::new(error.to_string()))
    }
}

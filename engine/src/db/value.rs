//! Values that cross to and from a database: the few kinds that both databases have.

use crate::error::Failure;

/// One value of a row, or one parameter of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Self {
        Self::Text(value.to_string())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Parameters of a statement, in order.
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}
pub(crate) use params;

/// One row of a result.
#[derive(Debug, Clone)]
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    pub(crate) fn text(&self, column: usize) -> Result<&str, Failure> {
        self.opt_text(column)?.ok_or_else(|| self.misfit(column, "a text"))
    }

    pub(crate) fn opt_text(&self, column: usize) -> Result<Option<&str>, Failure> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(self.misfit(column, "a text")),
        }
    }

    pub(crate) fn int(&self, column: usize) -> Result<i64, Failure> {
        self.opt_int(column)?.ok_or_else(|| self.misfit(column, "a number"))
    }

    pub(crate) fn opt_int(&self, column: usize) -> Result<Option<i64>, Failure> {
        match self.0.get(column) {
            Some(Value::Int(value)) => Ok(Some(*value)),
            Some(Value::Null) => Ok(None),
            _ => Err(self.misfit(column, "a number")),
        }
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<&[u8], Failure> {
        match self.0.get(column) {
            Some(Value::Bytes(bytes)) => Ok(bytes),
            _ => Err(self.misfit(column, "bytes")),
        }
    }

    /// A column that holds JSON.
    pub(crate) fn json(&self, column: usize) -> Result<serde_json::Value, Failure> {
        serde_json::from_str(self.text(column)?).map_err(|error| Failure::Store(format!("column {column}: {error}")))
    }

    fn misfit(&self, column: usize, wanted: &str) -> Failure {
        let found = match self.0.get(column) {
            None => "nothing",
            Some(Value::Null) => "null",
            Some(Value::Int(_)) => "a number",
            Some(Value::Text(_)) => "a text",
            Some(Value::Bytes(_)) => "bytes",
        };
        Failure::Store(format!("column {column} of a row holds {found}, not {wanted}"))
    }
}

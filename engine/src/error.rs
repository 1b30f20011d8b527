//! What goes wrong, and how a caller hears of it.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// A refusal, as the envelope tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// `type` of the envelope.
    pub kind: &'static str,
    /// What is wrong, for people.
    pub message: String,
    /// The argument at fault.
    pub param: Option<String>,
    /// A word for programs.
    pub code: Option<&'static str>,
}

impl ApiError {
    /// 400 without parameter and code.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid_request_error",
            message: message.into(),
            param: None,
            code: None,
        }
    }

    /// 400 about one parameter.
    pub(crate) fn param(param: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), code: Some(code), ..Self::invalid(message) }
    }

    /// 404 for an object that is not there.
    pub(crate) fn absent(noun: &str, id: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::invalid(format!("No {noun} found with id '{id}'.")) }
    }

    /// The same with another status and code.
    pub(crate) fn with(self, status: StatusCode, code: &'static str) -> Self {
        Self { status, code: Some(code), ..self }
    }

    /// The body of the reply.
    pub(crate) fn envelope(&self) -> serde_json::Value {
        json!({"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}})
    }
}

/// Why a request, or a step of a run, did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The caller's mistake.
    #[error("{}", .0.message)]
    Api(ApiError),
    /// A row that must be unique is there already.
    #[error("a row that must be unique is there already")]
    Conflict,
    /// Another transaction stands in the way; the same once more will do.
    #[error("the database is busy")]
    Busy,
    /// The database failed.
    #[error("{0}")]
    Store(String),
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let error = match self {
            Self::Api(error) => error,
            other => {
                tracing::error!(error = %other, "request failed");
                ApiError {
                    status: StatusCode::INTERNAL_SERVER_ERROR,
                    kind: "server_error",
                    ..ApiError::invalid("The server had an error while processing your request.")
                }
            }
        };
        let body = error.envelope().to_string();
        let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        (error.status, [json], body).into_response()
    }
}

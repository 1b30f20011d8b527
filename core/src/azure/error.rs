//! What Azure adds to an error: an inner code, and what its content filters found.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::Error;

/// The part of an error that only Azure sends (`innererror`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AzureError {
    /// The inner code, such as `ResponsibleAIPolicyViolation`.
    pub code: Option<String>,
    /// What each filter found, by its name: `hate`, `violence`, `jailbreak` …
    pub content_filter: BTreeMap<String, ContentFilter>,
    /// The prompt of an image as the service rewrote it.
    pub revised_prompt: Option<String>,
}

/// What one content filter found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ContentFilter {
    /// Whether it stopped the request.
    pub filtered: bool,
    /// `safe`, `low`, `medium`, `high`; `None` for filters that only detect.
    pub severity: Option<String>,
    /// Whether it found what it looks for; `None` for filters that grade.
    pub detected: Option<bool>,
}

impl Error {
    /// What only Azure says about an error; `None` if the reply has no such part. A request stopped by a content filter has
    /// [`code`](Self::code) `content_filter` and the filters' findings here.
    pub fn azure(&self) -> Option<AzureError> {
        AzureError::parse(self.body())
    }
}

impl AzureError {
    fn parse(body: &[u8]) -> Option<Self> {
        let reply: Value = serde_json::from_slice(body).ok()?;
        let error = reply.get("error").unwrap_or(&reply);
        // The service writes `innererror`, its gateways `inner_error`.
        let inner =
            ["innererror", "inner_error"].iter().find_map(|name| error.get(name).filter(|inner| inner.is_object()));
        let results = |from: &Value| {
            let found = ["content_filter_result", "content_filter_results"].iter().find_map(|name| from.get(name));
            found.and_then(Value::as_object).cloned()
        };
        let found = inner.and_then(results).or_else(|| results(error));
        if inner.is_none() && found.is_none() {
            return None;
        }
        let text = |name: &str| inner.and_then(|inner| inner[name].as_str()).map(str::to_owned);
        let filters = found.into_iter().flatten().filter(|(_, result)| result.is_object());
        Some(Self {
            code: text("code"),
            content_filter: filters.map(|(name, result)| (name, ContentFilter::read(&result))).collect(),
            revised_prompt: text("revised_prompt"),
        })
    }
}

impl ContentFilter {
    fn read(result: &Value) -> Self {
        Self {
            filtered: result["filtered"].as_bool().unwrap_or_default(),
            severity: result["severity"].as_str().map(str::to_owned),
            detected: result["detected"].as_bool(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filtered_prompt_names_the_filters() {
        let body =
            br#"{"error": {"code": "content_filter", "message": "m", "param": "prompt", "status": 400, "innererror":
            {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {
                "hate": {"filtered": true, "severity": "high"}, "jailbreak": {"filtered": false, "detected": false},
                "odd": 1}}}}"#;
        let error = AzureError::parse(body).unwrap();
        assert_eq!(error.code.as_deref(), Some("ResponsibleAIPolicyViolation"));
        assert_eq!(error.content_filter.len(), 2);
        let hate = &error.content_filter["hate"];
        assert!(hate.filtered && hate.severity.as_deref() == Some("high") && hate.detected.is_none());
        assert_eq!(error.content_filter["jailbreak"].detected, Some(false));
    }

    #[test]
    fn other_shapes_give_what_they_have() {
        let inner = AzureError::parse(br#"{"error":{"inner_error":{"code":"c","revised_prompt":"p"}}}"#).unwrap();
        assert_eq!((inner.code.as_deref(), inner.revised_prompt.as_deref()), (Some("c"), Some("p")));
        let outer = AzureError::parse(br#"{"error":{"content_filter_results":{"sexual":{"filtered":true}}}}"#).unwrap();
        assert!(outer.content_filter["sexual"].filtered && outer.code.is_none());
        for plain in ["", "[]", "oops", r#"{"error":{"message":"m"}}"#, r#"{"error":{"innererror":null}}"#] {
            assert_eq!(AzureError::parse(plain.as_bytes()), None, "{plain}");
        }
    }
}

//! Headers that people gave: names and values that can be sent, keys that are shown to nobody.

use http::{HeaderName, HeaderValue};

use super::InvalidRequest;

/// Headers that belong to the connection. The transport writes them; a second voice would let one request look like two.
const CONNECTION: [&str; 9] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
];

/// Checks a header's name.
///
/// # Errors
/// When it is empty, holds a character that names may not hold, or belongs to the connection.
pub fn name(text: &str) -> Result<HeaderName, InvalidRequest> {
    let name = HeaderName::from_bytes(text.as_bytes())
        .map_err(|_| InvalidRequest::new(format!("{text:?} is not a valid header name")))?;
    if CONNECTION.contains(&name.as_str()) {
        return Err(InvalidRequest::new(format!("the header `{name}` is set by the transport and cannot be given")));
    }
    Ok(name)
}

/// Checks the value of the header `name`. White space around it is left out.
///
/// # Errors
/// When it holds a control character, such as a line feed, or a character outside ASCII. The message does not show it.
pub fn value(name: &str, text: &str) -> Result<HeaderValue, InvalidRequest> {
    if !text.is_ascii() {
        let message = format!("the value of the header `{name}` holds a character outside ASCII");
        return Err(InvalidRequest::new(message));
    }
    HeaderValue::from_str(text.trim_matches([' ', '\t'])).map_err(|_| {
        InvalidRequest::new(format!("the value of the header `{name}` holds a line end or another control character"))
    })
}

/// The value of `Authorization` for a key, marked so that no log shows it. White space around the key, such as the line
/// feed that ends a file, is left out.
///
/// # Errors
/// When the key is empty or cannot stand in a header.
pub fn bearer(key: &str) -> Result<HeaderValue, InvalidRequest> {
    let key = clean_key(key)?;
    let mut value = value("Authorization", &format!("Bearer {key}"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A key as it can be sent: without white space around it. Spaces inside of it stay: tests, and servers that take any key,
/// have such keys.
///
/// # Errors
/// When it is empty or holds a tab, a line feed, another control character or a character outside ASCII.
pub fn clean_key(key: &str) -> Result<&str, InvalidRequest> {
    let key = key.trim();
    if key.is_empty() {
        return Err(InvalidRequest::new("the API key is empty"));
    }
    if !key.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        let message = "the API key holds a line break or another character that cannot stand in a header";
        return Err(InvalidRequest::new(message));
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tokens_in_any_case() {
        assert_eq!(name("OpenAI-Beta").expect("valid"), "openai-beta");
        for bad in ["", "a b", "a:b", "a\n", "ä", "a\0", "(x)"] {
            let error = name(bad).expect_err(bad).to_string();
            assert!(!error.contains('\n'), "{error:?}");
        }
    }

    #[test]
    fn headers_of_the_connection_are_refused() {
        for own in ["Content-Length", "transfer-encoding", "Connection", "Upgrade"] {
            assert!(name(own).expect_err(own).to_string().contains("transport"));
        }
    }

    #[test]
    fn values_hold_no_line_end_and_errors_hold_no_value() {
        assert_eq!(value("x", "a b\tc").expect("valid"), "a b\tc");
        assert_eq!(value("x", " a ").expect("valid"), "a");
        assert_eq!(value("x", "").expect("valid"), "");
        for bad in ["canary\r\nInjected: 1", "canary\n", "canary\0", "canary\u{7f}", "canäry", "canary\u{2028}"] {
            let error = value("x", bad).expect_err(bad).to_string();
            assert!(error.contains("`x`") && !error.contains("can"), "{error}");
        }
    }

    #[test]
    fn a_key_is_trimmed_and_never_shown() {
        let value = bearer("sk-canary\n").expect("valid");
        assert_eq!(value, "Bearer sk-canary");
        assert!(value.is_sensitive() && !format!("{value:?}").contains("canary"));
        assert_eq!(bearer("My API Key").expect("valid"), "Bearer My API Key");
        for bad in ["", " \n", "sk-canary\nX: 1", "sk\tcanary", "sk-canary\0", "sk-canäry", "“sk-canary”"] {
            let error = bearer(bad).expect_err(bad).to_string();
            assert!(!error.contains("canary"), "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_accepted_is_one_line_of_ascii(text in "\\PC{0,20}|[ -~\r\n\t]{0,20}") {
            if let Ok(value) = value("x", &text) {
                proptest::prop_assert!(value.as_bytes().iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~')));
            }
            let _ = (name(&text), bearer(&text));
        }
    }
}

//! The members of an object's JSON text, found without parsing their values.
//!
//! Most arguments only pass through on their way into the body. The text comes from our own writer or from a host's JSON
//! library; of a text that is not JSON this finds what it can, and the server says the rest.

use std::borrow::Cow;

use memchr::memchr2;

use super::InvalidRequest;

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member<'a> {
    pub(super) name: Cow<'a, str>,
    /// Name, colon and value as they are written.
    pub(super) text: &'a str,
    /// The value as it is written.
    pub(super) value: &'a str,
}

/// The members of an object, in order. Empty text counts as an empty object.
pub(super) fn members(object: &[u8]) -> Result<Vec<Member<'_>>, InvalidRequest> {
    let text = std::str::from_utf8(object).map_err(|_| InvalidRequest::new("the arguments are not UTF-8"))?;
    let mut scan = Scan { text, at: 0 };
    let mut members = Vec::new();
    scan.space();
    if scan.at == text.len() {
        return Ok(members);
    }
    scan.expect(b'{')?;
    scan.space();
    while scan.peek() != Some(b'}') {
        let start = scan.at;
        scan.string()?;
        let name = name(&text[start..scan.at])?;
        scan.space();
        scan.expect(b':')?;
        scan.space();
        let value = scan.at;
        scan.value()?;
        members.push(Member { name, text: &text[start..scan.at], value: &text[value..scan.at] });
        scan.space();
        if scan.peek() != Some(b'}') {
            scan.expect(b',')?;
            scan.space();
        }
    }
    scan.expect(b'}')?;
    scan.space();
    if scan.at == text.len() { Ok(members) } else { Err(no_object()) }
}

fn no_object() -> InvalidRequest {
    InvalidRequest::new("the arguments are not one JSON object")
}

fn name(quoted: &str) -> Result<Cow<'_, str>, InvalidRequest> {
    if quoted.contains('\\') {
        serde_json::from_str(quoted).map(Cow::Owned).map_err(|_| no_object())
    } else {
        Ok(Cow::Borrowed(&quoted[1..quoted.len() - 1]))
    }
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), InvalidRequest> {
        if self.peek() != Some(byte) {
            return Err(no_object());
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<(), InvalidRequest> {
        self.expect(b'"')?;
        loop {
            let rest = self.text.as_bytes().get(self.at..).ok_or_else(no_object)?;
            let found = memchr2(b'"', b'\\', rest).ok_or_else(no_object)?;
            self.at += found + 1;
            if rest[found] == b'"' {
                return Ok(());
            }
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<(), InvalidRequest> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') => self.nested(),
            _ => {
                let start = self.at;
                while self.peek().is_some_and(|byte| !matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'))
                {
                    self.at += 1;
                }
                if self.at > start { Ok(()) } else { Err(no_object()) }
            }
        }
    }

    fn nested(&mut self) -> Result<(), InvalidRequest> {
        let mut depth = 0usize;
        loop {
            match self.peek().ok_or_else(no_object)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(text: &str) -> Option<Vec<(String, String)>> {
        let members = members(text.as_bytes()).ok()?;
        Some(members.iter().map(|member| (member.name.to_string(), member.value.to_owned())).collect())
    }

    #[test]
    fn members_are_found_with_their_text() {
        let text = " { \"a\" : 1 ,\"b\":\"x\\\"}\",\n\"c\":{\"d\":[\"]\",{}]} ,\"\\u0065\\\"\":null} ";
        let found = members(text.as_bytes()).expect("an object");
        let texts: Vec<&str> = found.iter().map(|member| member.text).collect();
        assert_eq!(texts, ["\"a\" : 1", "\"b\":\"x\\\"}\"", "\"c\":{\"d\":[\"]\",{}]}", "\"\\u0065\\\"\":null"]);
        let names: Vec<&str> = found.iter().map(|member| &*member.name).collect();
        assert_eq!(names, ["a", "b", "c", "e\""]);
        assert_eq!(found[2].value, "{\"d\":[\"]\",{}]}");
    }

    #[test]
    fn nothing_and_an_empty_object_have_no_members() {
        for text in ["", " ", "{}", " { } "] {
            assert_eq!(pairs(text), Some(Vec::new()), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in [
            "[]",
            "1",
            "null",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":\"",
            "{\"a\":\"\\",
            "{\"a\":[1}",
            "{a:1}",
            "{\"a\":1}{}",
            "{\"a\":,}",
            "{\"a\" 1}",
            "}",
            "{\"a\":[",
            "{\"\\x\":1}",
        ] {
            assert_eq!(pairs(text), None, "{text:?}");
        }
        assert!(members(b"{\"a\":\"\xFF\"}").is_err());
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "\\PC{0,8}|[\"\\\\{}\\[\\],:]{0,8}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::hash_map("\\PC{0,4}|[\"\\\\{}]{0,4}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_object_has_its_members(map in prop::collection::btree_map("\\PC{0,6}", value(), 0..6), pretty: bool) {
            let object = serde_json::Value::Object(map.into_iter().collect());
            let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) };
            let found = pairs(&text.expect("encodes")).expect("an object");
            let again: serde_json::Map<String, serde_json::Value> = found
                .into_iter()
                .map(|(name, value)| (name, serde_json::from_str(&value).expect("valid JSON")))
                .collect();
            prop_assert_eq!(serde_json::Value::Object(again), object);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(prop::sample::select(b"{}[]\",:\\a1 \xC3\xA4".to_vec()), 0..30)) {
            let _ = members(&bytes);
        }
    }
}

//! JSON arguments as pairs of names and texts, for query strings and forms.
//!
//! The rules are those of the official packages: a list is its items under `name[]`, an object its members under
//! `name[member]`, a number the text it has in JSON, a boolean `true` or `false`. A null is not sent; an empty string is.

use std::borrow::Cow;

use super::InvalidRequest;
use crate::json::{Kind, Node};

/// One value without parts.
#[derive(Debug, PartialEq)]
pub(super) enum Leaf<'a> {
    Text(Cow<'a, str>),
    /// The upload of this index.
    File(usize),
}

/// Appends the query parameters that one argument becomes.
///
/// # Errors
/// When the argument holds a file.
pub fn append(pairs: &mut Vec<(String, String)>, name: &str, value: Node<'_>) -> Result<(), InvalidRequest> {
    flatten(name.to_owned(), value, &mut |name, leaf| match leaf {
        Leaf::Text(text) => {
            pairs.push((name, text.into_owned()));
            Ok(())
        }
        Leaf::File(_) => {
            Err(InvalidRequest::new(format!("the argument `{name}` goes into the URL and cannot be a file")))
        }
    })
}

/// Takes a value apart, in order. The depth of recursion is bounded by the parser's limit of nesting.
pub(super) fn flatten<'a>(
    name: String,
    value: Node<'a>,
    each: &mut dyn FnMut(String, Leaf<'a>) -> Result<(), InvalidRequest>,
) -> Result<(), InvalidRequest> {
    match value.kind() {
        Kind::Null => Ok(()),
        Kind::Bool | Kind::Number => each(name, Leaf::Text(Cow::Borrowed(value.raw()))),
        Kind::String => each(name, Leaf::Text(value.as_str().unwrap_or_default())),
        Kind::List => value.items().try_for_each(|item| flatten(format!("{name}[]"), item, each)),
        Kind::Object => match file_index(value) {
            Some(index) => each(name, Leaf::File(index)),
            None => {
                value.members().try_for_each(|member| flatten(format!("{name}[{}]", member.name()), member.value, each))
            }
        },
    }
}

/// The index of an upload, where the value stands for one: `{"$file": 0}`.
pub(super) fn file_index(value: Node<'_>) -> Option<usize> {
    let mut members = value.members();
    let member = members.next().filter(|member| member.name() == "$file")?;
    if members.next().is_some() {
        return None;
    }
    usize::try_from(member.value.as_i64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Doc;

    /// The pairs of an object's members, written `name=text` one a line.
    fn pairs(json: &str) -> String {
        let doc = Doc::parse(json.as_bytes()).expect("valid JSON");
        let mut pairs = Vec::new();
        for member in doc.root().members() {
            append(&mut pairs, &member.name(), member.value).expect("no files");
        }
        pairs.iter().map(|(name, text)| format!("{name}={text}\n")).collect()
    }

    #[test]
    fn arguments_are_taken_apart_as_the_official_packages_do() {
        let table = [
            ("{}", ""),
            (r#"{"a":"b","limit":20}"#, "a=b\nlimit=20\n"),
            (r#"{"t":true,"f":false,"n":null}"#, "t=true\nf=false\n"),
            (r#"{"empty":"","list":[],"object":{}}"#, "empty=\n"),
            (r#"{"include":["a.b","c"]}"#, "include[]=a.b\ninclude[]=c\n"),
            (r#"{"list":[1,2.5,1e3,-0]}"#, "list[]=1\nlist[]=2.5\nlist[]=1e3\nlist[]=-0\n"),
            (r#"{"list":[null,"",true]}"#, "list[]=\nlist[]=true\n"),
            (r#"{"metadata":{"k":"v","m":null,"n":{"o":1}}}"#, "metadata[k]=v\nmetadata[n][o]=1\n"),
            (r#"{"list":[{"a":1,"b":[2]},{"a":3}]}"#, "list[][a]=1\nlist[][b][]=2\nlist[][a]=3\n"),
            (r#"{"list":[[1,2],[3]]}"#, "list[][]=1\nlist[][]=2\nlist[][]=3\n"),
            (
                r#"{"effective_at":{"gt":1,"lte":12345678901234567890}}"#,
                "effective_at[gt]=1\neffective_at[lte]=12345678901234567890\n",
            ),
            (r#"{"q":"a\"\\\u00e9\ud83d\ude00"}"#, "q=a\"\\é😀\n"),
        ];
        for (json, expected) in table {
            assert_eq!(pairs(json), expected, "{json}");
        }
    }

    #[test]
    fn a_file_in_the_query_is_refused() {
        let doc = Doc::parse(br#"[{"$file":0}]"#).expect("valid JSON");
        let error = append(&mut Vec::new(), "images", doc.root()).expect_err("a file");
        assert!(error.to_string().contains("`images[]`"));
    }

    #[test]
    fn only_the_exact_form_stands_for_a_file() {
        let table = [
            (r#"{"$file":3}"#, Some(3)),
            (r#"{"$file":-1}"#, None),
            (r#"{"$file":"0"}"#, None),
            (r#"{"$file":0,"a":1}"#, None),
            (r#"{"file":0}"#, None),
            ("{}", None),
            ("0", None),
        ];
        for (json, expected) in table {
            let doc = Doc::parse(json.as_bytes()).expect("valid JSON");
            assert_eq!(file_index(doc.root()), expected, "{json}");
        }
    }
}

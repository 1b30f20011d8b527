//! Reads a `multipart/form-data` body.

use bytes::Bytes;

/// One part of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its file name; a part with one is a file.
    pub filename: Option<String>,
    /// Its content type.
    pub content_type: Option<String>,
    /// What it holds.
    pub data: Bytes,
}

/// The boundary that a content type names.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let mut parts = content_type.split(';').map(str::trim);
    parts.next().filter(|kind| kind.eq_ignore_ascii_case("multipart/form-data"))?;
    parts.find_map(|p| p.strip_prefix("boundary=")).map(|b| b.trim_matches('"').to_owned())
}

/// All parts, or what is wrong with the body.
pub(crate) fn parse(body: &Bytes, boundary: &str) -> Result<Vec<Part>, String> {
    let open = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut at = body.starts_with(open.as_bytes()).then_some(open.len()).ok_or("does not begin with the boundary")?;
    let delimiter = format!("\r\n--{boundary}");
    loop {
        if body[at..].starts_with(b"--") {
            return match &body[at + 2..] {
                b"" | b"\r\n" => Ok(parts),
                rest => Err(format!("has {} bytes after the last boundary", rest.len())),
            };
        }
        if !body[at..].starts_with(b"\r\n") {
            return Err(format!("has no line end after the boundary of part {}", parts.len() + 1));
        }
        at += 2;
        let head_end = find(&body[at..], b"\r\n\r\n").ok_or(format!("part {} has no head", parts.len() + 1))?;
        let head = std::str::from_utf8(&body[at..at + head_end]).map_err(|_| "a part's head is not UTF-8")?;
        at += head_end + 4;
        // An empty part's delimiter begins with the line end of the blank line's successor, never before `at`.
        let length = find(&body[at..], delimiter.as_bytes()).ok_or("ends without its last boundary")?;
        parts.push(read_part(head, body.slice(at..at + length))?);
        at += length + delimiter.len();
    }
}

fn read_part(head: &str, data: Bytes) -> Result<Part, String> {
    let mut part = Part { name: String::new(), filename: None, content_type: None, data };
    let mut named = false;
    for line in head.split("\r\n") {
        let (key, value) = line.split_once(':').ok_or(format!("a part's head has the line {line:?}"))?;
        match key.trim().to_ascii_lowercase().as_str() {
            "content-disposition" => {
                let mut fields = disposition(value);
                if fields.next().is_none_or(|(k, _)| k != "form-data") {
                    return Err(format!("a part is not form-data: {value:?}"));
                }
                for (key, text) in fields {
                    match key.as_str() {
                        "name" => (part.name, named) = (text, true),
                        "filename" => part.filename = Some(text),
                        _ => {}
                    }
                }
            }
            "content-type" => part.content_type = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    if named { Ok(part) } else { Err("a part has no name".to_owned()) }
}

/// `form-data; name="a"; filename="b"` as pairs; quotes, line ends in names come as `%22`, `%0D`, `%0A`.
fn disposition(value: &str) -> impl Iterator<Item = (String, String)> + '_ {
    let mut rest = value.trim();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find([';', '=']).unwrap_or(rest.len());
        let key = rest[..end].trim().to_ascii_lowercase();
        let mut text = String::new();
        rest = if rest[end..].starts_with("=\"") {
            let quoted = &rest[end + 2..];
            let close = quoted.find('"').unwrap_or(quoted.len());
            text = quoted[..close].replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n");
            quoted.get(close + 1..).unwrap_or_default()
        } else {
            let stop = rest[end..].find(';').map_or(rest.len(), |i| end + i);
            text.push_str(rest[end..stop].trim_start_matches('=').trim());
            &rest[stop..]
        };
        rest = rest.trim_start().trim_start_matches(';').trim_start();
        Some((key, text))
    })
}

pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(i) = haystack[from..].iter().position(|b| *b == first) {
        if haystack[from + i..].starts_with(needle) {
            return Some(from + i);
        }
        from += i + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "--X\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine\r\n--X\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"a;%22b.txt\"\r\nContent-Type: text/plain\r\n\r\n\
        one\r\n--two\r\n--X--\r\n";

    #[test]
    fn parts_are_read_with_names_files_and_types() {
        let parts = parse(&Bytes::from_static(FORM.as_bytes()), "X").expect("well formed");
        assert_eq!(parts.len(), 2);
        assert_eq!((parts[0].name.as_str(), &parts[0].data[..]), ("purpose", &b"fine"[..]));
        assert_eq!(parts[1].filename.as_deref(), Some("a;\"b.txt"));
        assert_eq!(parts[1].content_type.as_deref(), Some("text/plain"));
        assert_eq!(&parts[1].data[..], b"one\r\n--two");
    }

    #[test]
    fn a_body_cut_anywhere_is_an_error() {
        for end in 0..FORM.len() - 2 {
            let cut = Bytes::copy_from_slice(&FORM.as_bytes()[..end]);
            assert!(parse(&cut, "X").is_err(), "cut at {end}");
        }
    }

    #[test]
    fn boundary_comes_from_the_content_type() {
        assert_eq!(boundary("multipart/form-data; boundary=\"ab c\"").as_deref(), Some("ab c"));
        assert_eq!(boundary("application/json"), None);
    }
}

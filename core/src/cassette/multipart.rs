//! Forms, taken apart: their boundary is another each time, their files may be large.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

use super::format::Part;
use super::redact::Redaction;

/// Longest part that stands in the file as text.
const LONGEST_TEXT: usize = 4 << 10;

/// The boundary that a content type names.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let parameter = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("boundary="))?;
    Some(parameter.trim_matches('"'))
}

/// The parts of a form.
pub(super) fn parts(body: &[u8], boundary: &str, rules: &Redaction) -> Vec<Part> {
    let mark = format!("--{boundary}");
    let mut starts = memchr::memmem::find_iter(body, mark.as_bytes()).map(|at| (at, at + mark.len())).peekable();
    let mut parts = Vec::new();
    while let Some((_, start)) = starts.next() {
        let Some((end, _)) = starts.peek().copied() else { break };
        let part = body.get(start..end).unwrap_or_default();
        let part = part.strip_prefix(b"\r\n").unwrap_or(part);
        let part = part.strip_suffix(b"\r\n").unwrap_or(part);
        parts.push(read(part, rules));
    }
    parts
}

fn read(part: &[u8], rules: &Redaction) -> Part {
    let split = memchr::memmem::find(part, b"\r\n\r\n");
    let (head, content) = split.map_or((part, &[][..]), |at| (&part[..at], &part[at + 4..]));
    let head = String::from_utf8_lossy(head);
    let header = |wanted: &str| {
        head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    let disposition = header("content-disposition").unwrap_or_default();
    let filename = parameter(&disposition, "filename");
    let text = std::str::from_utf8(content).ok().filter(|text| filename.is_none() && text.len() <= LONGEST_TEXT);
    let hashed = text.is_none();
    Part {
        name: parameter(&disposition, "name").unwrap_or_default(),
        content_type: header("content-type"),
        text: text.map(|text| rules.json(text.as_bytes()).unwrap_or_else(|| rules.text(text).into_owned())),
        length: hashed.then_some(content.len() as u64),
        sha256: hashed.then(|| hash(content)),
        filename,
    }
}

fn parameter(disposition: &str, name: &str) -> Option<String> {
    disposition.split("; ").find_map(|part| {
        let value = part.trim().strip_prefix(name)?.strip_prefix('=')?;
        Some(value.trim_matches('"').to_owned())
    })
}

fn hash(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes as text that JSON can hold.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of such a text.
pub(super) fn unbase64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_known_by_its_parts_whatever_its_boundary() {
        let form = |boundary: &str| {
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--{boundary}\r\n\
                 Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nabc\r\n\
                 --{boundary}--\r\n"
            )
        };
        let rules = Redaction::default();
        let read = |name: &str| {
            let content_type = format!("multipart/form-data; boundary={name}");
            parts(form(name).as_bytes(), boundary(&content_type).unwrap(), &rules)
        };
        let one = read("xyz");
        assert_eq!(one, read("other"));
        assert_eq!((one[0].name.as_str(), one[0].text.as_deref()), ("purpose", Some("batch")));
        assert_eq!((one[1].filename.as_deref(), one[1].length), (Some("a.txt"), Some(3)));
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(one[1].sha256.as_deref(), Some(abc));
        assert_eq!(boundary("application/json; boundary=x"), None);
    }
}

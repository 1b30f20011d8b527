//! Requests made from the description: for tests of this server, and for anyone who needs one that fits.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::{
    api::{Api, Body, Field, Operation, TypeDef},
    check::FILE_MARK,
    synth::{Maker, hash},
};

/// A request without its connection.
#[derive(Debug, Clone)]
pub struct Request {
    /// HTTP method.
    pub verb: String,
    /// Path and query below the base URL.
    pub target: String,
    /// Headers, with a credential.
    pub headers: Vec<(String, String)>,
    /// Body; empty if there is none.
    pub body: Bytes,
}

/// The smallest request of an operation that fits the description: only what is required.
pub fn smallest(api: &Api, op: &Operation) -> Request {
    request(api, op, false)
}

/// The fullest request of an operation: every argument, and in objects directly below them every member. It does not ask
/// for a stream.
pub fn fullest(api: &Api, op: &Operation) -> Request {
    request(api, op, true)
}

fn request(api: &Api, op: &Operation, full: bool) -> Request {
    let maker = Maker::new(api, if full { 2 } else { 0 });
    let name = op.params.as_deref().unwrap_or_default();
    let fields: &[Field] = match api.type_def(name) {
        Some(TypeDef::Struct(s)) => &s.fields,
        _ => &[],
    };
    let (mut query, mut body, mut headers) = (Map::new(), Map::new(), Vec::new());
    headers.push(("authorization".to_owned(), "Bearer test-key".to_owned()));
    headers.extend(op.headers.iter().map(|(k, v)| (k.to_lowercase(), v.clone())));
    let stream = op.stream.as_ref().and_then(|s| s.param.as_deref());
    for field in fields.iter().filter(|f| (f.required || full) && stream != Some(f.name.as_str())) {
        let Some(value) = maker.member(field, name, hash(&field.name)) else { continue };
        if let Some(header) = op.header_params.get(&field.name) {
            let text = value.as_str().map_or_else(|| value[0].as_str().unwrap_or("x").to_owned(), str::to_owned);
            headers.push((header.to_lowercase(), text));
        } else if op.body.is_none() || op.query.contains(&field.name) {
            query.insert(field.name.clone(), value);
        } else {
            body.insert(field.name.clone(), value);
        }
    }
    let (mut target, mut path_params) = (op.path.clone(), op.path_params.iter());
    while let (Some(start), Some(end)) = (target.find('{'), target.find('}')) {
        let value = path_params.next().map_or("x".to_owned(), |p| format!("{p}_1"));
        target.replace_range(start..=end, &value);
    }
    let mut pairs = Vec::new();
    query.iter().for_each(|(name, value)| flatten(name, value, &mut pairs));
    for (name, value) in pairs {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(&format!("{}={}", encode(&name), encode(&text(value))));
    }
    let body = match &op.body {
        None => Bytes::new(),
        Some(Body::Kind(kind)) if kind == "multipart" => {
            headers.push(("content-type".to_owned(), "multipart/form-data; boundary=SAMPLE".to_owned()));
            multipart(op, &body)
        }
        Some(Body::Kind(_)) => {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
            Value::Object(body).to_string().into()
        }
        Some(Body::Raw { raw }) => {
            headers.push(("content-type".to_owned(), raw.content_type.clone()));
            body.get(&raw.field).map(text).unwrap_or_default().into()
        }
    };
    Request { verb: op.verb.clone(), target, headers, body }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Names with brackets for what is nested.
fn flatten<'v>(name: &str, value: &'v Value, out: &mut Vec<(String, &'v Value)>) {
    match value {
        Value::Object(map) if !map.contains_key(FILE_MARK) => {
            map.iter().for_each(|(key, value)| flatten(&format!("{name}[{key}]"), value, out));
        }
        Value::Array(list) => list.iter().for_each(|item| flatten(&format!("{name}[]"), item, out)),
        Value::Null => {}
        _ => out.push((name.to_owned(), value)),
    }
}

fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn multipart(op: &Operation, body: &Map<String, Value>) -> Bytes {
    let mut out = String::new();
    for (name, value) in body {
        let mut pairs = Vec::new();
        let part_type = op.part_types.get(name);
        if part_type.is_some() {
            pairs.push((name.clone(), value));
        } else {
            flatten(name, value, &mut pairs);
        }
        for (name, value) in pairs {
            let file = value.get(FILE_MARK).is_some();
            out.push_str(&format!("--SAMPLE\r\nContent-Disposition: form-data; name=\"{name}\""));
            if file {
                out.push_str("; filename=\"sample.txt\"\r\nContent-Type: text/plain");
            } else if let Some(kind) = part_type {
                out.push_str(&format!("\r\nContent-Type: {kind}"));
            }
            out.push_str(&format!("\r\n\r\n{}\r\n", if file { "sample".to_owned() } else { text(value) }));
        }
    }
    out.push_str("--SAMPLE--\r\n");
    out.into()
}

//! How arguments look on the wire: which part of the request each goes to, and in which notation.

use serde_json::{Map, Value, json};

use crate::generate::schema::Operation;
use crate::generate::schema::defs::BodyDef;

/// The request that a call with these arguments must make, in the notation of `tests/README.md`.
pub fn request(operation: &Operation, path_values: &[(String, String)], arguments: &Map<String, Value>) -> Value {
    let def = &operation.def;
    let path =
        path_values.iter().fold(def.path.clone(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value));
    // A route may have a query of its own: `/responses?beta=true`.
    let (path, own_query) = path.split_once('?').unwrap_or((&path, ""));
    let mut headers = Map::new();
    let credential = match def.auth.as_deref() {
        Some("admin") => json!("Bearer test-admin-key"),
        Some("key") => json!("Bearer test-key"),
        _ => Value::Null,
    };
    headers.insert("authorization".into(), credential);
    for (name, value) in &def.headers {
        headers.insert(name.to_lowercase(), json!(value));
    }
    let (mut query, mut body) = (Map::new(), Map::new());
    for (name, value) in own_query.split('&').filter_map(|pair| pair.split_once('=')) {
        query.insert(name.to_owned(), json!(value));
    }
    for (name, value) in arguments {
        if let Some(header) = def.header_params.get(name) {
            headers.insert(header.to_lowercase(), json!(header_text(value)));
        } else if def.query.contains(name) || def.body.is_none() {
            flatten(name, value, &mut |name, value| add(&mut query, name, &scalar(value)));
        } else {
            body.insert(name.clone(), value.clone());
        }
    }
    for (name, value) in &def.defaults {
        if !arguments.contains_key(name) {
            if def.query.contains(name) || def.body.is_none() {
                flatten(name, value, &mut |name, value| add(&mut query, name, &scalar(value)));
            } else {
                body.insert(name.clone(), value.clone());
            }
        }
    }
    let mut request = Map::new();
    request.insert("method".into(), json!(def.verb));
    request.insert("path".into(), json!(format!("/v1{path}")));
    request.insert("query".into(), Value::Object(query));
    match &def.body {
        None => {
            request.insert("body".into(), json!(""));
        }
        Some(BodyDef::Raw { raw }) => {
            headers.insert("content-type".into(), json!(raw.content_type));
            request.insert("body".into(), body.get(&raw.field).cloned().unwrap_or(json!("")));
        }
        Some(BodyDef::Kind(kind)) if kind == "multipart" => {
            let mut parts = Vec::new();
            for (name, value) in &body {
                if let Some(content_type) = def.part_types.get(name) {
                    let mut part = json!({ "name": name, "content_type": content_type });
                    match value {
                        Value::String(text) => part["text"] = json!(text),
                        value => part["json"] = value.clone(),
                    }
                    parts.push(part);
                    continue;
                }
                flatten(name, value, &mut |name, value| parts.push(part(name, value)));
            }
            // Texts go first, so that a server knows what the files are for when they arrive.
            parts.sort_by_key(|part| part["filename"].is_string());
            request.insert("parts".into(), Value::Array(parts));
        }
        Some(BodyDef::Kind(_)) => {
            headers.insert("content-type".into(), json!("application/json"));
            request.insert("json".into(), Value::Object(body));
        }
    }
    request.insert("headers".into(), Value::Object(headers));
    Value::Object(request)
}

/// Lists as `name[]`, objects as `name[member]`, down to the scalars and files.
fn flatten(name: &str, value: &Value, add: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| flatten(&format!("{name}[]"), item, add)),
        Value::Object(members) if !members.contains_key("$file") => {
            members.iter().for_each(|(member, value)| flatten(&format!("{name}[{member}]"), value, add));
        }
        _ => add(name, value),
    }
}

/// A second value of a name makes a list.
fn add(query: &mut Map<String, Value>, name: &str, value: &str) {
    match query.get_mut(name) {
        None => drop(query.insert(name.to_owned(), json!(value))),
        Some(Value::Array(values)) => values.push(json!(value)),
        Some(first) => *first = json!([first.clone(), value]),
    }
}

/// Several values of a header stand in one line.
fn header_text(value: &Value) -> String {
    match value {
        Value::Array(values) => values.iter().map(scalar).collect::<Vec<_>>().join(", "),
        value => scalar(value),
    }
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn part(name: &str, value: &Value) -> Value {
    match value.get("$file") {
        Some(file) => {
            let mut part = Map::from_iter([("name".to_owned(), json!(name))]);
            part.extend(file.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
            Value::Object(part)
        }
        None => json!({ "name": name, "filename": null, "text": scalar(value) }),
    }
}

//! Compares what the mock server saw with what a case asks for.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Difference;
use super::case::{Case, Facts};
use super::compare::Compare;

type Same = Result<(), Difference>;

/// The requests of one server's log.
pub(super) fn requests(log: &Value) -> &[Value] {
    log["requests"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Everything a case says of the first server's log.
pub(super) fn check(case: &Case, compare: &Compare<'_>, log: &Value) -> Same {
    if let Some(want) = &case.requests {
        check_requests("requests", compare, want, log)?;
    }
    let seen = requests(log);
    if let Some(count) = case.request_count.filter(|count| *count != seen.len()) {
        return Err(Difference::new("request_count", count, list(seen)));
    }
    violations(&case.facts, seen)?;
    same_headers(&case.facts, seen)?;
    let opened = log["connections"].as_array().map_or(0, Vec::len) as u64;
    match (case.facts.connections, case.facts.connections_at_least) {
        (Some(want), _) if opened != want => Err(Difference::new("facts.connections", want, &log["connections"])),
        (_, Some(least)) if opened < least => {
            Err(Difference::new("facts.connections_at_least", least, &log["connections"]))
        }
        _ => Ok(()),
    }
}

/// Exactly these requests, in this order.
pub(super) fn check_requests(at: &str, compare: &Compare<'_>, want: &[Map<String, Value>], log: &Value) -> Same {
    let seen = requests(log);
    if want.len() != seen.len() {
        return Err(Difference::new(at, format!("{} requests", want.len()), list(seen)));
    }
    for (index, (want, seen)) in want.iter().zip(seen).enumerate() {
        check_request(&format!("{at}[{index}]"), compare, want, seen)?;
    }
    // A server that must see nothing must not even be connected to.
    match log["connections"].as_array() {
        Some(connections) if want.is_empty() && !connections.is_empty() => {
            Err(Difference::new(at, "no connection", &log["connections"]))
        }
        _ => Ok(()),
    }
}

fn check_request(at: &str, compare: &Compare<'_>, want: &Map<String, Value>, seen: &Value) -> Same {
    for (name, want) in want {
        let path = format!("{at}.{name}");
        let body = &seen["body"];
        match name.as_str() {
            "version" => compare.value(&path, want, Some(&seen["version"]))?,
            "method" => compare.value(&path, want, Some(&seen["verb"]))?,
            "path" => compare.value(&path, want, Some(&seen["path"]))?,
            "query" => compare.value(&path, &listed(want), Some(&query(seen["query"].as_str().unwrap_or_default())))?,
            "headers" => check_headers(&path, compare, want, seen)?,
            "json" => compare.value(&path, want, body.get("json"))?,
            "body" => compare.value(&path, want, Some(&text_of(body)))?,
            "messages" => compare.value(&path, want, Some(&messages(&seen["socket"]["received"])))?,
            "closed" => compare.value(&path, want, Some(&seen["socket"]["closed"]))?,
            "parts" => check_parts(&path, compare, want, &body["parts"])?,
            _ => return Err(Difference::new(path, "a known member of a request", name)),
        }
    }
    Ok(())
}

fn check_headers(at: &str, compare: &Compare<'_>, want: &Value, seen: &Value) -> Same {
    for (name, want) in want.as_object().into_iter().flatten() {
        let path = format!("{at}.{name}");
        match (want, header(seen, name)) {
            (Value::Null, None) => {}
            (Value::Null, Some(value)) => return Err(Difference::new(path, "no such header", value)),
            (want, value) => compare.value(&path, want, value.map(Value::from).as_ref())?,
        }
    }
    Ok(())
}

/// Messages of a WebSocket: each as JSON where it is that, else as text, else in base64.
pub(super) fn messages(logs: &Value) -> Value {
    let message = |log: &Value| ["json", "text", "base64"].iter().find_map(|form| log.get(*form).cloned());
    logs.as_array().into_iter().flatten().filter_map(message).collect()
}

/// A header's value; several lines are joined as HTTP joins them.
fn header(request: &Value, name: &str) -> Option<String> {
    let lines = request["headers"].as_array()?.iter();
    let values: Vec<&str> = lines
        .filter(|line| line[0].as_str().is_some_and(|found| found.eq_ignore_ascii_case(name)))
        .filter_map(|line| line[1].as_str())
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// A query string as an object of names to lists of values.
fn query(text: &str) -> Value {
    let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        members.entry(decoded(name)).or_default().push(decoded(value));
    }
    json!(members)
}

/// The expected query with every value as a list.
fn listed(want: &Value) -> Value {
    match want.as_object() {
        Some(members) if !members.keys().any(|name| name.starts_with('$')) => {
            let list = |value: &Value| if value.is_array() { value.clone() } else { json!([value]) };
            members.iter().map(|(name, value)| (name.clone(), list(value))).collect::<Map<_, _>>().into()
        }
        _ => want.clone(),
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next(), rest.next()].map(|digit| char::from(digit.unwrap_or(b'?')).to_digit(16));
                match digits {
                    [Some(high), Some(low)] => bytes.push((high * 16 + low) as u8),
                    _ => bytes.extend_from_slice("\u{fffd}".as_bytes()),
                }
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn text_of(body: &Value) -> Value {
    match (body.get("text"), body.get("json")) {
        (Some(text), _) => text.clone(),
        (None, Some(json)) => json.to_string().into(),
        (None, None) if body["length"] == json!(0) => "".into(),
        (None, None) => body.get("base64").cloned().unwrap_or_else(|| "".into()),
    }
}

fn check_parts(at: &str, compare: &Compare<'_>, want: &Value, seen: &Value) -> Same {
    // The log leaves the parts of an empty form out.
    let none = Vec::new();
    let seen_parts = seen.as_array().or(seen.is_null().then_some(&none));
    let (Some(want), Some(seen)) = (want.as_array(), seen_parts) else {
        return Err(Difference::new(at, want, format!("no multipart body: {seen}")));
    };
    for (index, want) in want.iter().enumerate() {
        let path = format!("{at}[{index}]");
        let Some(got) = seen.get(index) else {
            return Err(Difference::new(path, want, "the end of the parts"));
        };
        for (name, want) in want.as_object().into_iter().flatten() {
            // A part that reads as JSON may still be asked for as text.
            let value = match (name.as_str(), got.get("text"), got.get("json")) {
                ("text", None, Some(json)) => Some(plain(json)),
                _ => got.get(name).filter(|value| !value.is_null()).cloned(),
            };
            match want {
                Value::Null if value.is_none() => {}
                _ => compare.value(&format!("{path}.{name}"), want, value.as_ref())?,
            }
        }
    }
    match seen.get(want.len()) {
        Some(more) => Err(Difference::new(format!("{at}[{}]", want.len()), "the end of the parts", more)),
        None => Ok(()),
    }
}

fn plain(value: &Value) -> Value {
    match value {
        Value::String(text) => format!("\"{text}\"").into(),
        other => other.to_string().into(),
    }
}

/// The mock server finds nothing wrong with the requests, save what the case breaks on purpose.
fn violations(facts: &Facts, seen: &[Value]) -> Same {
    for (index, request) in seen.iter().enumerate() {
        for found in request["violations"].as_array().into_iter().flatten() {
            let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            if !facts.violations.iter().any(|allowed| text.contains(allowed.as_str())) {
                return Err(Difference::new(format!("requests[{index}]"), "a request that fits the description", text));
            }
        }
    }
    Ok(())
}

fn same_headers(facts: &Facts, seen: &[Value]) -> Same {
    for name in &facts.same_header {
        let values: Vec<Option<String>> = seen.iter().map(|request| header(request, name)).collect();
        if values.iter().any(Option::is_none) || values.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err(Difference::new(
                format!("facts.same_header.{name}"),
                "one value in all requests",
                json!(values),
            ));
        }
    }
    for name in &facts.different_header {
        let mut values: Vec<Option<String>> = seen.iter().map(|request| header(request, name)).collect();
        let all = json!(values);
        values.sort();
        if values.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Difference::new(
                format!("facts.different_header.{name}"),
                "another value in every request",
                all,
            ));
        }
    }
    Ok(())
}

fn list(seen: &[Value]) -> String {
    let lines: Vec<String> = seen
        .iter()
        .map(|request| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!("{} {} -> {}", text(&request["verb"]), text(&request["target"]), request["reply"]["status"])
        })
        .collect();
    format!("{} requests: {}", seen.len(), lines.join("; "))
}

#[cfg(test)]
mod tests {
    use super::super::sent::Sent;
    use super::*;

    fn request(want: Value, seen: Value) -> Result<(), String> {
        let sent = Sent::default();
        let want = want.as_object().cloned().unwrap_or_default();
        check_request("r", &Compare { sent: &sent }, &want, &seen).map_err(|difference| difference.path)
    }

    #[test]
    fn a_query_is_compared_decoded_and_whole() {
        let seen = json!({"query": "a=1&b%5B%5D=x+y&b%5B%5D=%C3%A9"});
        assert_eq!(request(json!({"query": {"a": "1", "b[]": ["x y", "é"]}}), seen.clone()), Ok(()));
        assert_eq!(request(json!({"query": {"a": "1"}}), seen), Err("r.query.b[]".into()));
        assert_eq!(request(json!({"query": {}}), json!({"query": ""})), Ok(()));
    }

    #[test]
    fn a_null_header_must_be_absent() {
        let seen = json!({"headers": [["Accept", "a"], ["accept", "b"]]});
        assert_eq!(request(json!({"headers": {"accept": "a, b", "x": null}}), seen.clone()), Ok(()));
        assert_eq!(request(json!({"headers": {"accept": null}}), seen), Err("r.headers.accept".into()));
    }

    #[test]
    fn parts_are_compared_in_order_and_whole() {
        let seen = json!({"body": {"parts": [{"name": "n", "json": 1, "filename": null}, {"name": "f", "text": "x"}]}});
        let want = json!({"parts": [{"name": "n", "text": "1", "filename": null}, {"name": "f", "text": "x"}]});
        assert_eq!(request(want, seen.clone()), Ok(()));
        assert_eq!(request(json!({"parts": [{"name": "n"}]}), seen), Err("r.parts[1]".into()));
    }
}

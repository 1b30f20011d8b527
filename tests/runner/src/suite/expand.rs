//! Placeholders of a case: `${origin}` and its like, and `{"$repeat": ["ab", n]}`.

use serde_json::Value;

use super::certificates::CertificateFiles;

/// Where the servers of a case listen, and the files it may speak of.
#[derive(Debug)]
pub(super) struct Places {
    /// `127.0.0.1:PORT` of the first server.
    pub(super) host: String,
    /// `127.0.0.1:PORT` of the second server.
    pub(super) other_host: String,
    /// `127.0.0.1:PORT` where nothing listens.
    pub(super) refused_host: String,
    /// A folder of this case alone.
    pub(super) tmp: String,
    /// `127.0.0.2:PORT`, which does not answer; PORT is the first server's.
    pub(super) silent_host: String,
    /// Certificates, where the case speaks of them.
    pub(super) certificates: Option<CertificateFiles>,
}

impl Places {
    /// Fills in the placeholders of a case.
    pub(super) fn fill(&self, value: &mut Value) {
        match value {
            Value::String(text) if text.contains("${") => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.fill(item)),
            Value::Object(members) => {
                if members.keys().any(|name| name.contains("${")) {
                    *members = std::mem::take(members).into_iter().map(|(name, v)| (self.text(&name), v)).collect();
                }
                if let Some(text) = members.get("$repeat").filter(|_| members.len() == 1).and_then(repeated) {
                    *value = Value::String(text);
                } else {
                    members.values_mut().for_each(|member| self.fill(member));
                }
            }
            _ => {}
        }
    }

    fn text(&self, text: &str) -> String {
        let text = match &self.certificates {
            Some(files) => files.fill(text),
            None => text.to_owned(),
        };
        let port = |host: &str| host.rsplit(':').next().unwrap_or_default().to_owned();
        text.replace("${origin}", &format!("http://{}", self.host))
            .replace("${port}", &port(&self.host))
            .replace("${silent}", &format!("http://{}", self.silent_host))
            .replace("${silent_address}", self.silent_host.split(':').next().unwrap_or_default())
            .replace("${host}", &self.host)
            .replace("${other}", &format!("http://{}", self.other_host))
            .replace("${other_host}", &self.other_host)
            .replace("${refused}", &format!("http://{}", self.refused_host))
            .replace("${tmp}", &self.tmp)
    }
}

/// Fills in `${0.value.id}`: members of earlier answers, by the number of their call and the path to them. A text that is
/// nothing else becomes what stands there, whatever its type.
pub(super) fn fill_answers(value: &mut Value, answers: &[Value]) -> Result<(), String> {
    match value {
        Value::String(text) => {
            if let Some(found) = whole(text, answers) {
                *value = found?;
                return Ok(());
            }
            let mut filled = String::with_capacity(text.len());
            let mut rest = text.as_str();
            while let Some((before, path, after)) = placeholder(rest) {
                filled.push_str(before);
                match look_up(path, answers)? {
                    Value::String(text) => filled.push_str(&text),
                    other => filled.push_str(&other.to_string()),
                }
                rest = after;
            }
            filled.push_str(rest);
            *text = filled;
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill_answers(item, answers)),
        Value::Object(members) => members.values_mut().try_for_each(|member| fill_answers(member, answers)),
        _ => Ok(()),
    }
}

/// The first `${0.value.id}` of a text, with what is before and behind it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find("${")?;
        let end = start + text[start..].find('}')?;
        let path = &text[start + 2..end];
        if path.starts_with(|first: char| first.is_ascii_digit()) {
            return Some((&text[..start], path, &text[end + 1..]));
        }
        from = start + 2;
    }
}

fn whole(text: &str, answers: &[Value]) -> Option<Result<Value, String>> {
    match placeholder(text)? {
        ("", path, "") => Some(look_up(path, answers)),
        _ => None,
    }
}

fn look_up(path: &str, answers: &[Value]) -> Result<Value, String> {
    let mut words = path.split('.');
    let number: usize = words.next().and_then(|word| word.parse().ok()).ok_or_else(|| format!("`${{{path}}}`"))?;
    let mut found = answers.get(number).ok_or_else(|| format!("`${{{path}}}`: call {number} has no answer yet"))?;
    for word in words {
        let next = match found {
            Value::Array(items) => word.parse::<usize>().ok().and_then(|place| items.get(place)),
            other => other.get(word),
        };
        found = next.ok_or_else(|| format!("`${{{path}}}`: no `{word}` in {found}"))?;
    }
    Ok(found.clone())
}

/// Whether a case speaks of a second server.
pub(super) fn needs_other(case: &Value) -> bool {
    case.get("other").is_some() || case.get("other_requests").is_some() || case.to_string().contains("${other")
}

fn repeated(value: &Value) -> Option<String> {
    let text = value.get(0)?.as_str()?;
    let times = value.get(1)?.as_u64()?;
    Some(text.repeat(usize::try_from(times).ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn earlier_answers_are_filled_in_by_their_path() {
        let answers = [json!({"value": {"id": "a_1", "n": [7, 8]}}), json!({"events": [{"event": "x"}]})];
        let mut call =
            json!({"id": "${0.value.id}", "n": "${0.value.n}", "text": "<${0.value.n.1} ${1.events.0.event}>"});
        fill_answers(&mut call, &answers).unwrap();
        assert_eq!(call, json!({"id": "a_1", "n": [7, 8], "text": "<8 x>"}));
        let mut early = json!("${2.value.id}");
        assert!(fill_answers(&mut early, &answers).unwrap_err().contains("has no answer yet"));
        let mut absent = json!(["${0.value.name}"]);
        assert!(fill_answers(&mut absent, &answers).unwrap_err().contains("no `name`"));
    }

    #[test]
    fn placeholders_are_filled_in_every_text_and_name() {
        let places = Places {
            host: "a:1".into(),
            other_host: "b:2".into(),
            refused_host: "c:3".into(),
            tmp: "/t".into(),
            silent_host: "d:1".into(),
            certificates: None,
        };
        let mut case = json!({
            "x": ["${origin}/v1", {"${tmp}/y": "${other}"}, "${port} ${silent} ${silent_address}"],
            "z": {"$repeat": ["ab", 3]}, "n": 1,
        });
        places.fill(&mut case);
        let filled = json!({"x": ["http://a:1/v1", {"/t/y": "http://b:2"}, "1 http://d:1 d"], "z": "ababab", "n": 1});
        assert_eq!(case, filled);
    }
}

//! Placeholders of a case: `${origin}` and its like, and `{"$repeat": ["ab", n]}`.

use serde_json::Value;

/// Where the servers of a case listen.
#[derive(Debug, Clone)]
pub struct Places {
    /// `127.0.0.1:PORT` of the first server.
    pub host: String,
    /// `127.0.0.1:PORT` of the second server.
    pub other_host: String,
    /// `127.0.0.1:PORT` where nothing listens.
    pub refused_host: String,
    /// A folder of this case alone.
    pub tmp: String,
}

impl Places {
    /// Fills in the placeholders of a case.
    pub fn fill(&self, value: &mut Value) {
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
        text.replace("${origin}", &format!("http://{}", self.host))
            .replace("${host}", &self.host)
            .replace("${other}", &format!("http://{}", self.other_host))
            .replace("${other_host}", &self.other_host)
            .replace("${refused}", &format!("http://{}", self.refused_host))
            .replace("${tmp}", &self.tmp)
    }
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
    fn placeholders_are_filled_in_every_text_and_name() {
        let places =
            Places { host: "a:1".into(), other_host: "b:2".into(), refused_host: "c:3".into(), tmp: "/t".into() };
        let mut case = json!({"x": ["${origin}/v1", {"${tmp}/y": "${other}"}], "z": {"$repeat": ["ab", 3]}, "n": 1});
        places.fill(&mut case);
        assert_eq!(case, json!({"x": ["http://a:1/v1", {"/t/y": "http://b:2"}], "z": "ababab", "n": 1}));
    }
}

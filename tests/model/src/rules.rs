//! What the model says.

use std::time::Duration;

use serde_json::{Map, Value, json};

/// What a request asks, whichever endpoint it came through.
#[derive(Debug, Default, Clone)]
pub(crate) struct Prompt {
    /// Last message of the user.
    pub(crate) question: String,
    /// Tools that may be called.
    pub(crate) tools: Vec<Tool>,
    /// Calls since that message: name and output.
    pub(crate) answered: Vec<(String, String)>,
    /// Whether tools may be called at all.
    pub(crate) silent_tools: bool,
    /// Whether a tool has to be called, whatever the question says.
    pub(crate) must_call: bool,
    /// The one tool that may be called.
    pub(crate) only: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) parameters: Value,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Text(String),
    Calls(Vec<Called>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Called {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: String,
}

/// How the answer comes: the words in brackets of a question.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manner {
    pub(crate) words: Option<usize>,
    pub(crate) pause: Duration,
    pub(crate) hang: bool,
    pub(crate) meet: Option<u64>,
    pub(crate) fail: Option<u16>,
    pub(crate) together: bool,
    pub(crate) no_tools: bool,
}

impl Manner {
    pub(crate) fn of(question: &str) -> Self {
        let mut manner = Self::default();
        for part in question.split('[').skip(1) {
            let Some((word, _)) = part.split_once(']') else { continue };
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            match name {
                "words" => manner.words = value.parse().ok(),
                "pause_ms" => manner.pause = Duration::from_millis(value.parse().unwrap_or(0)),
                "hang" => manner.hang = true,
                "meet" => manner.meet = value.parse().ok().filter(|count| *count > 0),
                "fail" => manner.fail = value.parse().ok(),
                "together" => manner.together = true,
                "tools" => manner.no_tools = value == "0",
                _ => {}
            }
        }
        manner
    }
}

impl Prompt {
    pub(crate) fn decide(&self, manner: &Manner) -> Reply {
        let done = |tool: &&Tool| !self.answered.iter().any(|(name, _)| *name == tool.name);
        let allowed = |tool: &&Tool| self.only.as_ref().is_none_or(|only| *only == tool.name);
        let wanted = |tool: &&Tool| self.must_call || self.is_about(tool);
        let silent = self.silent_tools || manner.no_tools;
        let offered = self.tools.iter().filter(|_| !silent);
        let open: Vec<&Tool> = offered.filter(done).filter(allowed).filter(wanted).collect();
        if open.is_empty() {
            return Reply::Text(self.text(manner));
        }
        let count = if manner.together { open.len() } else { 1 };
        let calls = open.into_iter().take(count).enumerate().map(|(place, tool)| Called {
            id: format!("call_{}", self.answered.len() + place + 1),
            name: tool.name.clone(),
            arguments: self.arguments(tool).to_string(),
        });
        Reply::Calls(calls.collect())
    }

    /// Whether the question speaks of a tool: of a word of its name. A search is always worth a try.
    fn is_about(&self, tool: &Tool) -> bool {
        let question = self.question.to_lowercase();
        let properties = &tool.parameters["properties"];
        let named = tool.name.split(|letter: char| !letter.is_alphanumeric()).map(str::to_lowercase);
        properties.get("queries").is_some() || named.filter(|word| word.len() > 3).any(|word| question.contains(&word))
    }

    fn text(&self, manner: &Manner) -> String {
        if let Some(count) = manner.words {
            return (1..=count).map(|number| format!("word{number}")).collect::<Vec<_>>().join(" ");
        }
        if self.answered.is_empty() {
            return format!("You said: {}", self.plain());
        }
        let said = self.answered.iter().map(|(name, output)| match self.quote(output) {
            Some(quote) => quote,
            None => format!("{name} says {output}."),
        });
        said.collect::<Vec<_>>().join(" ")
    }

    /// Of a search's results, the sentence that has most words in common with the question, and its marker.
    fn quote(&self, output: &str) -> Option<String> {
        let question = words(&self.plain());
        let mut best: Option<(usize, String)> = None;
        for result in output.split('【').skip(1) {
            let Some((marker, text)) = result.split_once('】') else { continue };
            for sentence in text.split_inclusive(['.', '\n']).map(str::trim).filter(|sentence| sentence.len() > 1) {
                let shared = words(sentence).iter().filter(|word| question.contains(word)).count();
                if best.as_ref().is_none_or(|(most, _)| shared > *most) {
                    best = Some((shared, format!("{} 【{marker}】.", sentence.trim_end_matches('.'))));
                }
            }
        }
        best.map(|(_, quote)| quote)
    }

    fn arguments(&self, tool: &Tool) -> Value {
        let mut arguments = Map::new();
        for (name, schema) in tool.parameters["properties"].as_object().into_iter().flatten() {
            arguments.insert(name.clone(), self.argument(name, schema));
        }
        Value::Object(arguments)
    }

    fn argument(&self, name: &str, schema: &Value) -> Value {
        if let Some(first) = schema["enum"].get(0) {
            return first.clone();
        }
        let question = self.plain();
        let kind = schema["type"].as_str().or_else(|| schema["type"].get(0)?.as_str());
        match (kind.unwrap_or("string"), name) {
            (_, "queries") => json!([question]),
            (_, "query") => json!(question),
            ("integer" | "number", _) => {
                let digits = question.split(|letter: char| !letter.is_ascii_digit()).find(|word| !word.is_empty());
                json!(digits.and_then(|digits| digits.parse::<i64>().ok()).unwrap_or(1))
            }
            ("boolean", _) => json!(true),
            ("array", _) => json!([]),
            ("object", _) => json!({}),
            _ => json!(last_name(&question)),
        }
    }

    /// The question without its words in brackets.
    fn plain(&self) -> String {
        let mut plain = String::new();
        let mut rest = self.question.as_str();
        while let Some((before, inside)) = rest.split_once('[') {
            plain.push_str(before);
            rest = inside.split_once(']').map_or("", |(_, after)| after);
        }
        plain.push_str(rest);
        plain.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// The last word with a capital letter that does not begin a sentence, or the last word.
fn last_name(question: &str) -> String {
    let bare = |word: &str| word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_owned();
    let all: Vec<&str> = question.split_whitespace().collect();
    let named = (1..all.len()).rev().find(|place| {
        let begins = all[place - 1].ends_with(['.', '?', '!']);
        !begins && bare(all[*place]).starts_with(char::is_uppercase)
    });
    named.map(|place| all[place]).or(all.last().copied()).map(bare).unwrap_or_default()
}

/// Words that say something, in lower case.
fn words(text: &str) -> Vec<String> {
    let split = text.split(|letter: char| !letter.is_alphanumeric());
    split.filter(|word| word.chars().count() > 3).map(str::to_lowercase).collect()
}

/// Words of a text, counted.
pub(crate) fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

/// A vector of the words of a text, of length 1.
pub(crate) fn vector(text: &str, dimensions: usize) -> Vec<f64> {
    let mut vector = vec![0.0; dimensions];
    for word in words(text) {
        let hash = word.bytes().fold(2_166_136_261_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
        vector[hash as usize % dimensions] += 1.0;
    }
    let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    if length == 0.0 {
        vector[0] = 1.0;
        return vector;
    }
    vector.iter().map(|value| value / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(question: &str) -> Prompt {
        let tool = |name: &str, parameters: Value| Tool { name: name.into(), parameters };
        let tools = vec![
            tool("file_search", json!({"properties": {"queries": {"type": "array"}}})),
            tool("weather", json!({"properties": {"city": {"type": "string"}, "days": {"type": "integer"}}})),
        ];
        Prompt { question: question.into(), tools, ..Prompt::default() }
    }

    fn decide(prompt: &Prompt) -> Reply {
        prompt.decide(&Manner::of(&prompt.question))
    }

    #[test]
    fn tools_are_called_one_a_turn_with_arguments_from_the_question() {
        let mut asked = prompt("How is the weather in Oslo for 3 days?");
        let Reply::Calls(calls) = decide(&asked) else { panic!("no calls") };
        assert_eq!((calls.len(), calls[0].name.as_str()), (1, "file_search"));
        assert_eq!(calls[0].arguments, "{\"queries\":[\"How is the weather in Oslo for 3 days?\"]}");
        asked.answered.push(("file_search".into(), "nothing".into()));
        let Reply::Calls(calls) = decide(&asked) else { panic!("no calls") };
        assert_eq!(
            calls[0],
            Called { id: "call_2".into(), name: "weather".into(), arguments: "{\"city\":\"Oslo\",\"days\":3}".into() }
        );
        asked.answered.push(("weather".into(), "cold".into()));
        assert_eq!(decide(&asked), Reply::Text("file_search says nothing. weather says cold.".into()));
    }

    #[test]
    fn a_function_is_called_where_the_question_names_it_or_it_must() {
        let mut asked = prompt("Good day");
        asked.answered.push(("file_search".into(), "nothing".into()));
        assert!(matches!(decide(&asked), Reply::Text(_)));
        asked.must_call = true;
        assert!(matches!(decide(&asked), Reply::Calls(_)));
    }

    #[test]
    fn a_search_is_quoted_with_its_marker() {
        let mut asked = prompt("When does the harbour office open?");
        let found = "【0:0†a.md】\nCats sleep. \n\n【0:1†b.md】\nThe harbour office opens at nine. It closes late.\n\n";
        asked.answered = vec![("file_search".into(), found.into()), ("weather".into(), "cold".into())];
        assert_eq!(
            decide(&asked),
            Reply::Text("The harbour office opens at nine 【0:1†b.md】. weather says cold.".into())
        );
    }

    #[test]
    fn words_in_brackets_change_the_manner() {
        let asked = prompt("Go on [words=3] [pause_ms=20][hang]");
        let manner = Manner::of(&asked.question);
        assert_eq!((manner.pause, manner.hang), (Duration::from_millis(20), true));
        assert_eq!(decide(&Prompt { tools: Vec::new(), ..asked }), Reply::Text("word1 word2 word3".into()));
        assert_eq!(Manner::of("[fail=429]").fail, Some(429));
        let Reply::Calls(calls) = decide(&prompt("[together] The weather in Rome")) else { panic!("no calls") };
        assert_eq!((calls.len(), calls[1].id.as_str()), (2, "call_2"));
        assert_eq!(decide(&prompt("Hello [tools=0] you")), Reply::Text("You said: Hello you".into()));
    }

    #[test]
    fn like_texts_have_like_vectors() {
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (a, b, c) =
            (vector("harbour office", 64), vector("the office at the harbour", 64), vector("yeast bread", 64));
        assert!(product(&a, &b) > product(&a, &c));
        assert!((product(&a, &a) - 1.0).abs() < 1e-9);
    }
}

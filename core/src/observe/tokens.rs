//! What a reply says was used: tokens by kind, read from every shape in which the API states them.

use serde_json::{Map, Value};

use crate::json::Node;

/// Tokens that one call used, or several together. The kinds below `input` and `output` are parts of these two, not
/// additions to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenUsage {
    /// All input tokens.
    pub input: u64,
    /// Of the input: read from the prompt cache.
    pub cached_input: u64,
    /// Of the input: written to the prompt cache.
    pub cache_write: u64,
    /// Of the input: audio.
    pub audio_input: u64,
    /// Of the input: images.
    pub image_input: u64,
    /// All output tokens, reasoning included.
    pub output: u64,
    /// Of the output: spent on reasoning.
    pub reasoning: u64,
    /// Of the output: audio.
    pub audio_output: u64,
    /// Of the output: images.
    pub image_output: u64,
    /// Audio that is charged by its length instead of by tokens, in milliseconds.
    pub audio_ms: u64,
}

/// Every count with its name in reports.
macro_rules! each_count {
    ($apply:ident!($($arg:tt)*)) => {
        $apply!($($arg)*; input cached_input cache_write audio_input image_input output reasoning audio_output
            image_output audio_ms)
    };
}

impl TokenUsage {
    /// Input and output together.
    pub fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// Adds the counts of another one.
    pub fn add(&mut self, other: &Self) {
        macro_rules! sum {
            (; $($name:ident)*) => { $( self.$name = self.$name.saturating_add(other.$name); )* };
        }
        each_count!(sum!());
    }

    /// The object `usage` of a reply, be it of a chat, a response, an image, an embedding, a run or a transcription.
    /// `None` for what is no such object.
    pub fn from_json(text: &str) -> Option<Self> {
        Self::read(crate::json::Doc::parse_text(text).ok()?.root())
    }

    pub(crate) fn read(usage: Node<'_>) -> Option<Self> {
        let (mut all, mut known) = (Self::default(), false);
        for member in usage.members() {
            let count = count(member.value);
            match &*member.name() {
                "input_tokens" | "prompt_tokens" => (all.input, known) = (count, true),
                "output_tokens" | "completion_tokens" => (all.output, known) = (count, true),
                "seconds" => (all.audio_ms, known) = (milliseconds(member.value), true),
                // Transcriptions spell it with one `s` less.
                "input_tokens_details" | "prompt_tokens_details" | "input_token_details" => {
                    all.read_input(member.value);
                }
                "output_tokens_details" | "completion_tokens_details" | "output_token_details" => {
                    all.read_output(member.value);
                }
                _ => {}
            }
        }
        known.then_some(all)
    }

    fn read_input(&mut self, details: Node<'_>) {
        for member in details.members() {
            match &*member.name() {
                "cached_tokens" => self.cached_input = count(member.value),
                "cache_write_tokens" => self.cache_write = count(member.value),
                "audio_tokens" => self.audio_input = count(member.value),
                "image_tokens" => self.image_input = count(member.value),
                _ => {}
            }
        }
    }

    fn read_output(&mut self, details: Node<'_>) {
        for member in details.members() {
            match &*member.name() {
                "reasoning_tokens" => self.reasoning = count(member.value),
                "audio_tokens" => self.audio_output = count(member.value),
                "image_tokens" => self.image_output = count(member.value),
                _ => {}
            }
        }
    }

    /// The counts by name; `input` and `output` always, the others where they are not 0.
    pub(crate) fn to_json(self) -> Map<String, Value> {
        let mut map = Map::new();
        macro_rules! put {
            ($map:ident; $($name:ident)*) => {
                $( if self.$name != 0 || matches!(stringify!($name), "input" | "output") {
                    $map.insert(stringify!($name).to_owned(), self.$name.into());
                } )*
            };
        }
        each_count!(put!(map));
        map
    }
}

/// A count; what is negative or no number counts nothing.
fn count(node: Node<'_>) -> u64 {
    node.as_i64().and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
}

fn milliseconds(node: Node<'_>) -> u64 {
    // Far below 2^53 for any length of audio, so that rounding is exact.
    node.as_f64().filter(|seconds| (0.0..1e9).contains(seconds)).map_or(0, |seconds| (seconds * 1000.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_usage_is_read() {
        let chat = r#"{"prompt_tokens":10,"completion_tokens":7,"total_tokens":17,
            "prompt_tokens_details":{"cached_tokens":4,"audio_tokens":2},
            "completion_tokens_details":{"reasoning_tokens":3,"audio_tokens":1}}"#;
        let expected = TokenUsage {
            input: 10,
            cached_input: 4,
            audio_input: 2,
            output: 7,
            reasoning: 3,
            audio_output: 1,
            ..TokenUsage::default()
        };
        assert_eq!(TokenUsage::from_json(chat), Some(expected));
        let response = r#"{"input_tokens":5,"input_tokens_details":{"cache_write_tokens":2,"image_tokens":3},
            "output_tokens":1,"output_tokens_details":{"image_tokens":1},"total_tokens":6}"#;
        let expected = TokenUsage {
            input: 5,
            cache_write: 2,
            image_input: 3,
            output: 1,
            image_output: 1,
            ..TokenUsage::default()
        };
        assert_eq!(TokenUsage::from_json(response), Some(expected));
        let spoken =
            r#"{"type":"tokens","input_tokens":14,"input_token_details":{"audio_tokens":14},"output_tokens":45}"#;
        assert_eq!(TokenUsage::from_json(spoken).map(|usage| (usage.audio_input, usage.output)), Some((14, 45)));
        let whisper = TokenUsage::from_json(r#"{"type":"duration","seconds":9.5}"#);
        assert_eq!(whisper.map(|usage| usage.audio_ms), Some(9500));
        assert_eq!(TokenUsage::from_json(r#"{"prompt_tokens":8,"total_tokens":8}"#).map(|u| u.total()), Some(8));
    }

    #[test]
    fn odd_usage_counts_nothing_rather_than_something_wrong() {
        for text in ["null", "[]", "{}", r#"{"total_tokens":3}"#, "7", "no json"] {
            assert_eq!(TokenUsage::from_json(text), None, "{text}");
        }
        let odd = r#"{"input_tokens":-5,"output_tokens":"7","seconds":1e300,"input_tokens_details":null}"#;
        assert_eq!(TokenUsage::from_json(odd), Some(TokenUsage::default()));
    }
}

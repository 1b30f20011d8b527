//! Embeddings that came as JSON numbers, apart from their reply's text: V8 takes long to read numbers, and copies them quickly.

use threadline::json::{Doc, Kind};
use threadline::operation::Operation;

/// Whole numbers from here on are not exact as doubles: whoever wants them as large integers needs their text.
const INEXACT: f64 = 9_007_199_254_740_992.0;

/// The vectors of a reply, and the rest of it.
pub(crate) struct Vectors {
    /// The reply, with the count of its numbers in place of each vector.
    pub(crate) text: String,
    /// All numbers, vector by vector, lowest byte first.
    pub(crate) numbers: Vec<u8>,
}

/// Whether an operation's replies have vectors.
pub(crate) fn has(operation: &Operation) -> bool {
    operation.defaults.iter().any(|(name, _)| *name == "encoding_format")
}

/// Takes the vectors out of a reply, if all of its items have one that is a list of numbers.
pub(crate) fn take(body: &[u8]) -> Option<Vectors> {
    let doc = Doc::parse(body).ok()?;
    let root = doc.root();
    let data = root.get("data").filter(|data| data.kind() == Kind::List)?;
    let whole = root.raw();
    let mut text = String::new();
    let mut numbers = Vec::with_capacity(whole.len() / 2);
    let mut done = 0;
    for item in data.items() {
        let vector = item.get("embedding")?;
        let values = vector.numbers()?;
        if values.iter().any(|value| value.abs() >= INEXACT) {
            return None;
        }
        numbers.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let raw = vector.raw();
        let begin = (raw.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
        text.push_str(whole.get(done..begin)?);
        text.push_str(&format!("[{}]", values.len()));
        done = begin + raw.len();
    }
    if done == 0 {
        return None;
    }
    text.push_str(whole.get(done..)?);
    Some(Vectors { text, numbers })
}

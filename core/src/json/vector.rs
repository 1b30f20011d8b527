//! Embedding vectors.

use super::codec::{Context, Decode, Encode, Kinds};
use super::node::{Kind, Node};
use super::writer::Writer;
use base64::Engine as _;
use base64::engine::Simd;
use base64::engine::general_purpose::PAD;
use std::borrow::Cow;
use std::sync::LazyLock;

/// By what the processor has: the vectors are most of a reply.
static BASE64: LazyLock<Simd> = LazyLock::new(|| Simd::standard(PAD));

/// An embedding: a list of numbers, however it came.
///
/// Servers send it as a list of numbers, or, shorter and faster, as base64 of little-endian `f32`. It is written as a
/// list of numbers: one that came as a list gives the same doubles back. A caller who asks for `encoding_format`
/// `base64` gets that text from [`as_base64`](Self::as_base64), and it is written so; its numbers are there all the same.
#[derive(Debug, Clone)]
pub struct Vector(Numbers);

#[derive(Debug, Clone)]
enum Numbers {
    F32(Vec<f32>),
    F64(Vec<f64>),
    /// Known to hold numbers.
    Base64(String),
}

impl Vector {
    /// How many dimensions it has.
    pub fn len(&self) -> usize {
        match &self.0 {
            Numbers::F32(numbers) => numbers.len(),
            Numbers::F64(numbers) => numbers.len(),
            Numbers::Base64(text) => BASE64.decode(text).map_or(0, |bytes| bytes.len() / 4),
        }
    }

    /// Whether it has no dimensions.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its numbers.
    pub fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        let (short, long, read): (&[f32], &[f64], Vec<f32>) = match &self.0 {
            Numbers::F32(numbers) => (numbers, &[], Vec::new()),
            Numbers::F64(numbers) => (&[], numbers, Vec::new()),
            Numbers::Base64(text) => (&[], &[], from_base64(text).unwrap_or_default()),
        };
        short.iter().copied().map(f64::from).chain(long.iter().copied()).chain(read.into_iter().map(f64::from))
    }

    /// Its numbers as `f32`; borrowed where it came as base64 that nobody had asked for.
    pub fn to_f32(&self) -> Cow<'_, [f32]> {
        match &self.0 {
            Numbers::F32(numbers) => Cow::Borrowed(numbers),
            Numbers::F64(numbers) => Cow::Owned(numbers.iter().map(|number| *number as f32).collect()),
            Numbers::Base64(text) => Cow::Owned(from_base64(text).unwrap_or_default()),
        }
    }

    /// Its numbers as `f64`; borrowed where it came as a list.
    pub fn to_f64(&self) -> Cow<'_, [f64]> {
        match &self.0 {
            Numbers::F64(numbers) => Cow::Borrowed(numbers),
            Numbers::F32(_) | Numbers::Base64(_) => Cow::Owned(self.iter().collect()),
        }
    }

    /// The base64 text, where the caller asked for it.
    pub fn as_base64(&self) -> Option<&str> {
        match &self.0 {
            Numbers::Base64(text) => Some(text),
            Numbers::F32(_) | Numbers::F64(_) => None,
        }
    }
}

/// Equal numbers, whichever way they came.
impl PartialEq for Vector {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other.iter()).all(|(a, b)| a == b)
    }
}

impl Default for Vector {
    fn default() -> Self {
        Self::from(Vec::<f32>::new())
    }
}

impl From<Vec<f32>> for Vector {
    fn from(numbers: Vec<f32>) -> Self {
        Self(Numbers::F32(numbers))
    }
}

impl From<Vec<f64>> for Vector {
    fn from(numbers: Vec<f64>) -> Self {
        Self(Numbers::F64(numbers))
    }
}

impl Encode for Vector {
    fn encode(&self, w: &mut Writer) {
        if let Numbers::Base64(text) = &self.0 {
            return w.string(text);
        }
        w.begin_list();
        for number in self.iter() {
            w.float(number);
        }
        w.end_list();
    }
}

/// The numbers of a list are kept as doubles; base64 as the `f32` that it holds, and written as a list.
impl Decode for Vector {
    const KINDS: Kinds = Kinds::LIST.or(Kinds::STRING);

    fn blank() -> Self {
        Self(Numbers::F64(Vec::new()))
    }

    fn read(&mut self, node: Node<'_>, cx: &mut Context) -> bool {
        let numbers = match node.kind() {
            Kind::String => node.as_str().and_then(|text| {
                let numbers = from_base64(&text)?;
                Some(if cx.keep_base64 { Numbers::Base64(text.into_owned()) } else { Numbers::F32(numbers) })
            }),
            Kind::List if node.is_empty() => Some(Numbers::F64(Vec::new())),
            _ => node.numbers().and_then(|numbers| from_list(numbers, cx)).map(Numbers::F64),
        };
        numbers.map(|numbers| self.0 = numbers).is_some()
    }
}

/// From here on a double may not hold an integer exactly. No embedding has such numbers; if one does, its text is kept.
const EXACT: f64 = 9_007_199_254_740_992.0;

fn from_list(numbers: &[f64], cx: &mut Context) -> Option<Vec<f64>> {
    if !numbers.iter().all(|number| number.abs() < EXACT) {
        if numbers.iter().any(|number| number.is_infinite()) {
            return None;
        }
        cx.inexact();
    }
    Some(numbers.to_vec())
}

fn from_base64(text: &str) -> Option<Vec<f32>> {
    let bytes = BASE64.decode(text).ok()?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    // An empty text is no vector: it stays as it came.
    (rest.is_empty() && !numbers.is_empty()).then(|| numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::{decode, decode_keeping_base64, encode};
    use super::*;

    const TEXT: &[u8] = b"\"AACAPwAAAMAAAIA+\"";

    #[test]
    fn base64_becomes_numbers_unless_the_caller_asked_for_it() {
        let numbers: Vector = decode(TEXT).unwrap();
        let text: Vector = decode_keeping_base64(TEXT).unwrap();
        assert_eq!(encode(&numbers).unwrap(), "[1,-2,0.25]");
        assert_eq!(encode(&text).unwrap().as_bytes(), TEXT);
        assert_eq!((numbers.as_base64(), text.as_base64()), (None, Some("AACAPwAAAMAAAIA+")));
        assert_eq!(numbers, text);
        assert_eq!((text.len(), text.to_f32(), text.to_f64()), (3, numbers.to_f32(), numbers.to_f64()));
    }
}

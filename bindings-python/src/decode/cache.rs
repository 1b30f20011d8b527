//! Texts that come again and again as the same Python object.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyString;

/// Places of the table; a power of two.
const PLACES: usize = 4096;
/// Longer texts are rarely repeated.
pub(super) const LONGEST: usize = 32;

/// A table of texts by their hash; a newcomer takes the place of whoever was there.
pub(super) struct Cache {
    places: Vec<Option<(Box<str>, Py<PyString>)>>,
}

/// The table while nobody decodes. Taken out for each decoding and put back behind it: no lock is held while Python code may
/// run, and whoever finds it taken works with an empty one.
static SHARED: Mutex<Option<Cache>> = Mutex::new(None);

impl Cache {
    pub(super) fn take() -> Self {
        let shared = SHARED.try_lock().ok().and_then(|mut shared| shared.take());
        shared.unwrap_or_else(|| Self { places: Vec::new() })
    }

    pub(super) fn put_back(self) {
        if let Ok(mut shared) = SHARED.try_lock() {
            *shared = Some(self);
        }
    }

    /// The Python text of `text`; a key is interned.
    pub(super) fn get<'py>(&mut self, py: Python<'py>, text: &str, key: bool) -> Bound<'py, PyString> {
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        let place = &mut self.places[hash(text.as_bytes()) & (PLACES - 1)];
        if let Some((known, object)) = place
            && **known == *text
        {
            return object.bind(py).clone();
        }
        let object = if key { PyString::intern(py, text) } else { PyString::new(py, text) };
        *place = Some((text.into(), object.clone().unbind()));
        object
    }
}

fn hash(bytes: &[u8]) -> usize {
    let mut hash = bytes.len() as u64;
    let mut mix = |word: u64| hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().for_each(|word| mix(u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(u64::from_le_bytes(last));
    (hash >> 32) as usize
}

//! Header names, values and keys: what is accepted is one line of ASCII, and no error shows a value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use threadline::request::headers::{bearer, name, value};

const CANARY: &str = "q7z-canary-x9";

fuzz_target!(|text: &str| {
    if let Ok(name) = name(text) {
        assert!(name.as_str().eq_ignore_ascii_case(text));
    }
    if let Ok(value) = value("x", text) {
        assert!(value.as_bytes().iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~')));
        assert_eq!(value.as_bytes(), text.trim_matches([' ', '\t']).as_bytes());
    }
    if let Ok(value) = bearer(text) {
        assert!(value.is_sensitive());
        assert_eq!(value.as_bytes(), format!("Bearer {}", text.trim()).as_bytes());
    }
    let secret = format!("{CANARY}{text}");
    for error in [value("x", &secret).err(), bearer(&secret).err()].into_iter().flatten() {
        assert!(!error.to_string().contains(CANARY));
    }
});

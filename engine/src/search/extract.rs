//! Text out of files.

/// Why a file cannot be searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its kind is not one that can be read.
    Unsupported,
    /// It claims to be of a kind that it is not.
    Invalid(String),
}

/// What to say of a file whose kind is not one that can be read: what it is, and what could be uploaded in its place.
pub(super) fn advice(name: &str, bytes: &[u8]) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "xls" | "xlsx" | "xlsm" | "xlsb" | "ods" | "numbers" => {
            "Spreadsheets cannot be searched. Save its tables as CSV, and upload those."
        }
        "doc" | "ppt" => "Files of old Office versions cannot be read. Save it as DOCX, PPTX or PDF, and upload that.",
        "odt" | "odp" | "pages" | "key" => {
            "This kind of document cannot be read. Save it as DOCX, PPTX or PDF, and upload that."
        }
        "png" | "jpg" | "jpeg" | "gif" | "webp" => "Pictures hold no text that can be searched.",
        "pdf" => "The PDF holds pictures and no text that can be searched.",
        // How files of old Office versions and archives begin, whatever their names.
        _ if bytes.starts_with(b"\xd0\xcf\x11\xe0") => {
            "Files of old Office versions cannot be read. Save it as DOCX, PPTX, CSV or PDF, and upload that."
        }
        _ if bytes.starts_with(b"PK\x03\x04") => "Archives cannot be searched. Upload the files in it one by one.",
        _ => "The file holds no text that can be searched.",
    }
}

/// Names that end so hold text.
const TEXT: &[&str] = &[
    "txt", "md", "markdown", "json", "jsonl", "csv", "tsv", "xml", "yaml", "yml", "toml", "ini", "log", "tex", "c",
    "h", "cc", "cpp", "hpp", "cs", "css", "go", "java", "js", "mjs", "ts", "tsx", "jsx", "php", "py", "rb", "rs", "sh",
    "bash", "sql", "swift", "kt", "scala", "r", "lua", "pl", "dart", "rst", "srt", "vtt",
];

/// The text of a file.
pub(super) fn text(name: &str, bytes: &[u8]) -> Result<String, Refusal> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "pdf" => pdf(bytes),
        _ if bytes.starts_with(b"%PDF-") => pdf(bytes),
        "docx" => docx(bytes),
        "pptx" => pptx(bytes),
        "html" | "htm" | "xhtml" => html(&decoded(bytes)?),
        "doc" | "ppt" | "xls" | "xlsx" | "xlsm" | "xlsb" | "ods" | "odt" | "odp" | "png" | "jpg" | "jpeg" | "gif"
        | "webp" | "zip" => Err(Refusal::Unsupported),
        known if TEXT.contains(&known) => decoded(bytes),
        // A name that says nothing may still hold text.
        _ => decoded(bytes).map_err(|_| Refusal::Unsupported),
    }
}

#[cfg(feature = "documents")]
use super::{
    office::{docx, pptx},
    pdf::text as pdf,
};

#[cfg(feature = "documents")]
fn html(page: &str) -> Result<String, Refusal> {
    Ok(super::html::text(page))
}

#[cfg(not(feature = "documents"))]
mod without {
    use super::Refusal;

    pub(super) fn bytes(_: &[u8]) -> Result<String, Refusal> {
        Err(Refusal::Unsupported)
    }

    pub(super) fn text(_: &str) -> Result<String, Refusal> {
        Err(Refusal::Unsupported)
    }
}

#[cfg(not(feature = "documents"))]
use self::without::{bytes as docx, bytes as pdf, bytes as pptx, text as html};

/// UTF-8, UTF-16 with its mark, or ASCII.
fn decoded(bytes: &[u8]) -> Result<String, Refusal> {
    let wide = |read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        String::from_utf16(&units).map_err(|_| Refusal::Invalid("The file is not valid UTF-16.".to_owned()))
    };
    let text = match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes)?,
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes)?,
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let text = std::str::from_utf8(bytes);
            text.map_err(|_| Refusal::Invalid("The file is not UTF-8, UTF-16 or ASCII.".to_owned()))?.to_owned()
        }
    };
    // Text has no zero bytes; what has them only looks like text.
    if text.contains('\0') { Err(Refusal::Unsupported) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_in_three_codings() {
        assert_eq!(text("a.txt", "Grüße".as_bytes()).unwrap(), "Grüße");
        assert_eq!(text("a.txt", b"\xef\xbb\xbfhi").unwrap(), "hi");
        let wide: Vec<u8> = [0xfeffu16].into_iter().chain("Grüße".encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(text("a.txt", &wide).unwrap(), "Grüße");
    }

    #[test]
    fn what_cannot_be_read_says_what_can() {
        for (name, bytes, want) in [
            ("a.XLSX", &b"PK\x03\x04"[..], "CSV"),
            ("a.ods", b"PK\x03\x04", "CSV"),
            ("a.doc", b"text", "DOCX"),
            ("a", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Office"),
            ("a.bin", b"PK\x03\x04\0\0\x88", "Archives"),
            ("a.png", b"\x89PNG", "Pictures"),
            ("a.bin", b"a\0", "no text"),
        ] {
            assert_eq!(text(name, bytes), Err(Refusal::Unsupported), "{name}");
            assert!(advice(name, bytes).contains(want), "{name}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(text("a.bin", &[0xff, 0x00, 0x80]), Err(Refusal::Unsupported));
        assert_eq!(text("a.bin", b"a\0b"), Err(Refusal::Unsupported));
        assert!(matches!(text("a.txt", &[0xff, 0x00, 0x80]), Err(Refusal::Invalid(_))));
    }
}

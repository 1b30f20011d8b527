//! The content type of a file, by its name.
//!
//! A table of the kinds of file that the API takes, rather than a library of all kinds: what stands here is what the
//! official packages send for the same name, and for any other name they too say `application/octet-stream`.

/// What is sent for a file of unknown kind.
pub(super) const UNKNOWN: &str = "application/octet-stream";

/// Extension, content type. Sorted by extension.
const TABLE: [(&str, &str); 47] = [
    ("aac", "audio/aac"),
    ("avi", "video/x-msvideo"),
    ("bmp", "image/bmp"),
    ("c", "text/plain"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("m4a", "audio/mp4"),
    ("md", "text/markdown"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("mpga", "audio/mpeg"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/opus"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("py", "text/x-python"),
    ("rtf", "application/rtf"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("tsv", "text/tab-separated-values"),
    ("txt", "text/plain"),
    ("wav", "audio/x-wav"),
    ("weba", "audio/webm"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("xml", "text/xml"),
    ("zip", "application/zip"),
];

/// The content type of a file of this name.
pub(super) fn of_name(name: &str) -> &'static str {
    let Some((_, extension)) = name.rsplit_once('.') else { return UNKNOWN };
    let extension = extension.to_ascii_lowercase();
    TABLE.binary_search_by(|(known, _)| (*known).cmp(&extension)).map_or(UNKNOWN, |at| TABLE[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_in_any_case() {
        assert!(TABLE.is_sorted());
        for (extension, content_type) in TABLE {
            assert_eq!(of_name(&format!("a.b.{extension}")), content_type);
            assert_eq!(of_name(&format!("a.{}", extension.to_uppercase())), content_type);
        }
    }

    #[test]
    fn other_names_are_of_unknown_kind() {
        for name in ["", "png", "a.", "a.jsonl", "a.png.unknown", "png.", "a.pn\u{212A}"] {
            assert_eq!(of_name(name), UNKNOWN, "{name:?}");
        }
    }
}

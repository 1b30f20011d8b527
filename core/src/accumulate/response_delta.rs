//! Which part of a response an event's name speaks of.

/// Where the text of a delta belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// Type of the item.
    pub(super) item: &'static str,
    /// The item's list that the text is in, and the type of its parts.
    pub(super) list: Option<&'static str>,
    pub(super) part: &'static str,
    /// The member that grows.
    pub(super) member: &'static str,
    /// Whether the event says the whole text.
    pub(super) done: bool,
}

/// How far a response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Begun,
    Ended,
}

/// What an event says that carries the response itself.
pub(super) fn state_of(kind: &str) -> Option<State> {
    match kind.strip_prefix("response.")? {
        "created" | "queued" | "in_progress" => Some(State::Begun),
        "completed" | "incomplete" | "failed" | "cancelled" => Some(State::Ended),
        _ => None,
    }
}

/// Event, type of its item, list in it, type of the list's parts, member that grows.
const PIECES: &[(&str, &str, &str, &str, &str)] = &[
    ("output_text", "message", "content", "output_text", "text"),
    ("refusal", "message", "content", "refusal", "refusal"),
    ("reasoning_text", "reasoning", "content", "reasoning_text", "text"),
    ("reasoning_summary_text", "reasoning", "summary", "summary_text", "text"),
    ("function_call_arguments", "function_call", "", "", "arguments"),
    ("mcp_call_arguments", "mcp_call", "", "", "arguments"),
    ("custom_tool_call_input", "custom_tool_call", "", "", "input"),
    ("code_interpreter_call_code", "code_interpreter_call", "", "", "code"),
];

/// Where an event's text belongs, if it brings text.
pub(super) fn delta_of(kind: &str) -> Option<Piece> {
    let kind = kind.strip_prefix("response.")?;
    let (name, done) = match kind.strip_suffix(".delta") {
        Some(name) => (name, false),
        None => (kind.strip_suffix(".done")?, true),
    };
    let (_, item, list, part, member) = PIECES.iter().find(|(known, ..)| *known == name)?;
    Some(Piece { item, list: Some(*list).filter(|list| !list.is_empty()), part, member, done })
}

/// Items whose progress is told by events of their own.
const CALLS: &[&str] =
    &["code_interpreter_call", "file_search_call", "web_search_call", "image_generation_call", "mcp_call"];

/// The status that an event gives its item.
pub(super) fn status_of(kind: &str) -> Option<&str> {
    let (call, status) = kind.strip_prefix("response.")?.split_once('.')?;
    (CALLS.contains(&call) && !status.contains('.') && status != "partial_image").then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_name_the_place_of_their_text() {
        let piece = delta_of("response.reasoning_summary_text.delta").unwrap();
        assert_eq!((piece.item, piece.list, piece.member, piece.done), ("reasoning", Some("summary"), "text", false));
        let piece = delta_of("response.mcp_call_arguments.done").unwrap();
        assert_eq!((piece.item, piece.list, piece.member, piece.done), ("mcp_call", None, "arguments", true));
        for other in ["response.audio.delta", "response.content_part.done", "response.completed", "output_text.delta"] {
            assert_eq!(delta_of(other), None, "{other}");
        }
    }

    #[test]
    fn progress_of_a_call_is_its_status() {
        assert_eq!(status_of("response.file_search_call.searching"), Some("searching"));
        assert_eq!(status_of("response.mcp_call.failed"), Some("failed"));
        for other in ["response.mcp_list_tools.completed", "response.image_generation_call.partial_image", "response.x"]
        {
            assert_eq!(status_of(other), None, "{other}");
        }
    }
}

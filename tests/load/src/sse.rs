//! Events of a stream, as bytes come in.

use serde_json::Value;

/// One event of a run's stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number in the run's stream; the last one, `done`, has none.
    pub id: Option<i64>,
    /// `thread.run.created` and its like.
    pub name: String,
    /// The object.
    pub data: Value,
}

impl Event {
    /// Whether it is a piece of something: those may come in other pieces when they are read again.
    pub fn is_delta(&self) -> bool {
        self.name.ends_with(".delta")
    }

    /// Whether a run ends, or waits, with it.
    pub fn is_end(&self) -> bool {
        let word = self.name.strip_prefix("thread.run.").unwrap_or_default();
        matches!(word, "requires_action" | "completed" | "incomplete" | "failed" | "cancelled" | "expired")
    }
}

/// Cuts bytes into events.
#[derive(Debug, Default)]
pub struct Parser {
    held: Vec<u8>,
}

impl Parser {
    /// Takes in bytes; gives the events that are complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.held.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.held.windows(2).position(|pair| pair == b"\n\n") {
            let frame: Vec<u8> = self.held.drain(..end + 2).collect();
            events.extend(event(&String::from_utf8_lossy(&frame)));
        }
        events
    }
}

fn event(frame: &str) -> Option<Event> {
    let line = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name));
    let data = line("data: ")?;
    Some(Event {
        id: line("id: ").and_then(|id| id.parse().ok()),
        name: line("event: ").unwrap_or("message").to_owned(),
        data: serde_json::from_str(data).unwrap_or_else(|_| Value::String(data.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_whole_however_the_bytes_come() {
        let text = ": hi\n\nevent: a.delta\nid: 1\ndata: {\"x\":1}\n\nevent: done\ndata: [DONE]\n\n";
        for size in 1..text.len() {
            let mut parser = Parser::default();
            let events: Vec<Event> = text.as_bytes().chunks(size).flat_map(|piece| parser.push(piece)).collect();
            assert_eq!(events.len(), 2, "{size}");
            assert_eq!((events[0].id, events[0].is_delta(), events[1].name.as_str()), (Some(1), true, "done"));
        }
    }
}

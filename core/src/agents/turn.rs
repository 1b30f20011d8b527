//! One turn of a session, put together from its events.

use std::collections::{HashSet, VecDeque};

use crate::accumulate::Accumulate;
use crate::client::sealed;
use crate::error::{Error, ErrorKind};
use crate::json::{Context, Decode, DecodeError, Doc, Encode, Json, Node, Writer};
use crate::types::AgentSessionEvent;

/// Ids of events that are remembered, since some are delivered twice.
const REMEMBERED: usize = 1024;

/// How a turn stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AgentTurnEnd {
    /// It goes on, or nothing was seen of it.
    Open,
    /// It was completed.
    Completed,
    /// It, or the session, has failed.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// The session has ended without it: its budget was reached.
    Incomplete,
}

/// A function call that the agent asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentToolCall {
    /// Id of the session.
    pub session_id: String,
    /// Id of the turn.
    pub turn_id: String,
    /// Id of the call.
    pub call_id: String,
    /// Name of the function.
    pub name: String,
    /// Its arguments as JSON text.
    pub arguments: String,
}

/// Follows the first turn that begins in a session: its state, its final messages, what it waits for.
///
/// It needs no connection and no runtime: give it each event as it comes.
#[derive(Debug, Clone, Default)]
pub struct AgentTurnAccumulator {
    session_id: String,
    turn: Option<Json>,
    /// Place in the output, id, message.
    messages: Vec<(i64, String, Json)>,
    required_actions: Option<Json>,
    seen: HashSet<String>,
    recent: VecDeque<String>,
    /// Calls that were told already, by turn and call.
    told: HashSet<(String, String)>,
    call: Option<AgentToolCall>,
    turn_ended: bool,
    failed: bool,
    over: bool,
}

impl AgentTurnAccumulator {
    /// One that follows a session and has seen nothing.
    pub fn new(session_id: impl Into<String>) -> Self {
        Self { session_id: session_id.into(), ..Self::default() }
    }

    /// Takes an event as JSON text. Whether it is new: some are delivered twice.
    ///
    /// # Errors
    /// Kind `decode` when the text is not JSON.
    pub fn push_json(&mut self, event: &[u8]) -> Result<bool, Error> {
        let doc = Doc::parse(event)
            .map_err(|error| Error::new(ErrorKind::Decode, format!("the event cannot be read: {error}")))?;
        Ok(self.push_node(doc.root()))
    }

    /// `{"session_id", "turn", "messages", "required_actions"}`.
    pub fn snapshot_json(&self) -> Json {
        let mut w = Writer::new();
        self.encode(&mut w);
        Json::valid(w.text())
    }

    /// How the turn stands.
    pub fn end(&self) -> AgentTurnEnd {
        let status = self.turn.as_ref().and_then(|turn| turn.get("status")?.as_string());
        match status.as_deref() {
            _ if self.failed => AgentTurnEnd::Failed,
            Some("failed") => AgentTurnEnd::Failed,
            Some("cancelled") => AgentTurnEnd::Cancelled,
            Some("completed") if self.over => AgentTurnEnd::Completed,
            _ if self.over => AgentTurnEnd::Incomplete,
            _ => AgentTurnEnd::Open,
        }
    }

    /// Whether nothing more of the turn can come.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The call that the latest event asks for, once.
    pub fn take_call(&mut self) -> Option<AgentToolCall> {
        self.call.take()
    }

    /// Names of the functions that the session waits for; none for an action that is no function call.
    pub fn required_actions(&self) -> Vec<Option<String>> {
        let actions = self.required_actions.as_ref().and_then(|list| list.decode::<Vec<Json>>().ok());
        let name = |action: &Json| {
            let text = |name: &str| action.get(name).and_then(|value| value.as_string());
            text("name").filter(|_| text("type").as_deref() == Some("function_call"))
        };
        actions.unwrap_or_default().iter().map(name).collect()
    }

    /// The turn as it was last told.
    pub fn turn(&self) -> Option<&Json> {
        self.turn.as_ref()
    }

    /// The final messages of the turn, in their order.
    pub fn messages(&self) -> impl Iterator<Item = &Json> {
        self.messages.iter().map(|(_, _, message)| message)
    }

    fn push_node(&mut self, event: Node<'_>) -> bool {
        let text = |node: Node<'_>, name: &str| node.get(name).and_then(Node::as_str).map(|text| text.into_owned());
        if let Some(id) = text(event, "event_id") {
            if !self.seen.insert(id.clone()) {
                return false;
            }
            if self.recent.len() == REMEMBERED
                && let Some(old) = self.recent.pop_front()
            {
                self.seen.remove(&old);
            }
            self.recent.push_back(id);
        }
        self.call = None;
        let kind = text(event, "type").unwrap_or_default();
        let session = event.get("session");
        let same_session = session.and_then(|session| text(session, "id")).is_none_or(|id| id == self.session_id);
        match kind.strip_prefix("agent.session.").unwrap_or_default() {
            "turn.created" => {
                let turn = event.get("turn").filter(|turn| turn.get("subagent_id").is_none_or(Node::is_null));
                if let Some(turn) = turn.filter(|_| self.turn.is_none()) {
                    self.turn = Some(Json::from(turn));
                }
            }
            "turn.completed" | "turn.failed" | "turn.cancelled" => {
                let id = text(event, "turn_id");
                if id.is_some() && id == self.turn_id() {
                    self.turn = event.get("turn").map(Json::from).or(self.turn.take());
                    self.turn_ended = true;
                    self.required_actions = None;
                }
            }
            "turn.item.done" => self.item_done(event),
            "turn.item.added" => self.item_added(event),
            "in_progress" => self.required_actions = None,
            "requires_action" if same_session => {
                self.required_actions = session.and_then(|session| session.get("required_actions")).map(Json::from);
            }
            "failed" => (self.failed, self.over) = (true, true),
            "budget_reached" if same_session && (self.turn.is_none() || self.turn_ended) => self.over = true,
            "idle" if self.turn_ended => self.over = true,
            _ => {}
        }
        true
    }

    fn turn_id(&self) -> Option<String> {
        self.turn.as_ref()?.get("id")?.as_string()
    }

    /// A message that is whole; what the agent says while it works is none.
    fn item_done(&mut self, event: Node<'_>) {
        let Some(item) = event.get("item") else { return };
        let is = |name: &str, word: &str| item.get(name).and_then(Node::as_str).is_some_and(|text| text == word);
        let of_turn = item.get("turn_id").and_then(Node::as_str).map(|id| id.into_owned()) == self.turn_id();
        if !of_turn
            || self.turn.is_none()
            || !is("type", "message")
            || !is("status", "completed")
            || is("phase", "commentary")
        {
            return;
        }
        let id = item.get("id").and_then(Node::as_str).unwrap_or_default().into_owned();
        let place = event.get("output_index").and_then(Node::as_i64).unwrap_or(i64::MAX);
        self.messages.retain(|(_, known, _)| *known != id);
        let at = self.messages.partition_point(|(before, ..)| *before <= place);
        self.messages.insert(at, (place, id, Json::from(item)));
    }

    fn item_added(&mut self, event: Node<'_>) {
        let Some(item) = event.get("item") else { return };
        let text = |name: &str| item.get(name).and_then(Node::as_str).map(|text| text.into_owned());
        if text("type").as_deref() != Some("function_call") {
            return;
        }
        let (turn_id, call_id) = (text("turn_id").unwrap_or_default(), text("call_id").unwrap_or_default());
        if self.told.insert((turn_id.clone(), call_id.clone())) {
            let session = event.get("session_id").and_then(Node::as_str).map(|id| id.into_owned());
            let arguments = item.get("arguments");
            self.call = Some(AgentToolCall {
                session_id: session.unwrap_or_else(|| self.session_id.clone()),
                turn_id,
                call_id,
                name: text("name").unwrap_or_default(),
                // An object, or its text.
                arguments: text("arguments").or(arguments.map(|value| value.raw().to_owned())).unwrap_or_default(),
            });
        }
    }
}

impl Encode for AgentTurnAccumulator {
    fn encode(&self, w: &mut Writer) {
        w.begin_object();
        w.key("session_id");
        w.string(&self.session_id);
        w.key("turn");
        w.raw(self.turn.as_ref().map_or("null", Json::raw));
        w.key("messages");
        w.begin_list();
        self.messages().for_each(|message| w.raw(message.raw()));
        w.end_list();
        w.key("required_actions");
        w.raw(self.required_actions.as_ref().map_or("[]", Json::raw));
        w.end_object();
    }
}

impl sealed::Sealed for AgentTurnAccumulator {}

impl Accumulate for AgentTurnAccumulator {
    type Event = AgentSessionEvent;

    fn accept(
        &mut self,
        _: &str,
        data: Node<'_>,
        context: &mut Context,
        out: &mut dyn FnMut(Self::Event),
    ) -> Result<(), DecodeError> {
        if self.push_node(data)
            && let Some(event) = AgentSessionEvent::decode(data, context)
        {
            out(event);
        }
        Ok(())
    }

    fn text(event: Self::Event) -> Option<String> {
        match event {
            AgentSessionEvent::AgentSessionTurnOutputTextDelta(event) => Some(event.delta),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn follow(events: &[Value]) -> AgentTurnAccumulator {
        let mut turn = AgentTurnAccumulator::new("s");
        for event in events {
            turn.push_json(event.to_string().as_bytes()).unwrap();
        }
        turn
    }

    fn created(subagent: Value) -> Value {
        json!({"type": "agent.session.turn.created", "turn_id": "t", "turn": {"id": "t", "status": "in_progress", "subagent_id": subagent}})
    }

    fn ended(how: &str) -> Value {
        json!({"type": format!("agent.session.turn.{how}"), "turn_id": "t", "turn": {"id": "t", "status": how}})
    }

    fn done(place: i64, id: &str, phase: &str) -> Value {
        json!({"type": "agent.session.turn.item.done", "output_index": place,
            "item": {"id": id, "type": "message", "turn_id": "t", "status": "completed", "phase": phase}})
    }

    fn idle() -> Value {
        json!({"type": "agent.session.idle", "session": {"id": "s"}})
    }

    #[test]
    fn a_turn_is_over_when_its_session_is_idle_after_it() {
        let mut events = vec![idle(), created(Value::Null), done(1, "b", "final_answer"), done(0, "a", "final_answer")];
        events.extend([done(2, "c", "commentary"), ended("completed")]);
        let turn = follow(&events);
        assert_eq!((turn.end(), turn.is_over()), (AgentTurnEnd::Open, false));
        events.push(idle());
        let turn = follow(&events);
        assert_eq!((turn.end(), turn.is_over()), (AgentTurnEnd::Completed, true));
        let ids: Vec<_> = turn.messages().map(|message| message.get("id").unwrap().as_string().unwrap()).collect();
        assert_eq!(ids, ["a", "b"]);
    }

    #[test]
    fn turns_of_subagents_are_not_the_turn() {
        let turn = follow(&[created(json!("sub")), ended("completed"), idle()]);
        assert_eq!((turn.turn().is_none(), turn.is_over()), (true, false));
    }

    #[test]
    fn other_ends_are_told_apart() {
        assert_eq!(follow(&[created(Value::Null), ended("failed")]).end(), AgentTurnEnd::Failed);
        assert_eq!(follow(&[created(Value::Null), ended("cancelled"), idle()]).end(), AgentTurnEnd::Cancelled);
        let failed = follow(&[json!({"type": "agent.session.failed", "session": {"id": "s"}})]);
        assert_eq!((failed.end(), failed.is_over()), (AgentTurnEnd::Failed, true));
        let reached = json!({"type": "agent.session.budget_reached", "session": {"id": "s"}});
        assert_eq!(follow(&[reached]).end(), AgentTurnEnd::Incomplete);
        let other = json!({"type": "agent.session.budget_reached", "session": {"id": "other"}});
        assert!(!follow(&[other]).is_over());
    }

    #[test]
    fn a_call_is_told_once_and_an_event_taken_once() {
        let call = json!({"type": "agent.session.turn.item.added", "event_id": "e1", "session_id": "s",
            "item": {"type": "function_call", "turn_id": "t", "call_id": "c", "name": "f", "arguments": {"a": 1}}});
        let mut turn = AgentTurnAccumulator::new("s");
        assert!(turn.push_json(call.to_string().as_bytes()).unwrap());
        let told = turn.take_call().unwrap();
        assert_eq!((told.name.as_str(), told.arguments.as_str()), ("f", r#"{"a":1}"#));
        assert!(!turn.push_json(call.to_string().as_bytes()).unwrap());
        let mut again = call;
        again["event_id"] = json!("e2");
        assert!(turn.push_json(again.to_string().as_bytes()).unwrap() && turn.take_call().is_none());
    }

    #[test]
    fn what_a_session_waits_for_is_known_by_name() {
        let actions = json!([{"type": "function_call", "name": "f"}, {"type": "mcp_approval_request", "name": "m"}]);
        let event =
            json!({"type": "agent.session.requires_action", "session": {"id": "s", "required_actions": actions}});
        assert_eq!(follow(std::slice::from_ref(&event)).required_actions(), [Some("f".to_owned()), None]);
        let goes_on = json!({"type": "agent.session.in_progress", "session": {"id": "s"}});
        assert!(follow(&[event, goes_on]).required_actions().is_empty());
    }
}

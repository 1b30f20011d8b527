"""Results of turns, gathered from the events of a session."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Dict, List, Optional, Tuple

from ...._exceptions import OpenAIError
from ...._helpers.agents import AgentTurnResult

__all__ = ["AgentOutputParseError", "AgentTurnResult", "AgentTurnResultCollector", "AgentTurnResultError"]

_ENDS = {f"agent.session.turn.{status}": status for status in ("completed", "failed", "cancelled")}


class AgentTurnResultError(OpenAIError):
    """There is no result of a turn. ``reason`` is ``failed``, ``cancelled``, ``requires_action``, ``incomplete`` or ``observation_failed``:
    the turn may go on where its events could not be read. What was there is kept: ``turn``, ``messages``, ``required_actions``."""

    def __init__(
        self, reason: str, *, turn: Any, session_id: Optional[str], messages: List[Any], required_actions: List[Any]
    ) -> None:
        super().__init__(f"Could not collect the agent turn result: {reason}")
        self.reason = reason
        self.turn = turn
        self.session_id = session_id
        self.turn_id = None if turn is None else turn.id
        self.messages = messages
        self.required_actions = required_actions


class AgentOutputParseError(OpenAIError):
    """A turn has ended well, and its text does not fit the type that it was to be read as. ``result`` is the result without it."""

    def __init__(self, result: AgentTurnResult) -> None:
        super().__init__("Could not parse the completed agent output")
        self.result = result


class AgentTurnResultCollector:
    """What has come of the first turn of a session."""

    def __init__(self, session_id: Optional[str] = None) -> None:
        self.session_id = session_id
        self.turn: Any = None
        #: Whether nothing that follows belongs to the turn.
        self.boundary = False
        self.session_failed = False
        self.cause: Optional[Exception] = None
        self.required_actions: List[Any] = []
        self._messages: Dict[str, Tuple[int, Any]] = {}
        self._error: Optional[AgentTurnResultError] = None
        self._result: Optional[AgentTurnResult] = None

    def accept(self, event: Any) -> None:
        """Takes note of an event."""
        kind = getattr(event, "type", None)
        if self.boundary or not isinstance(kind, str):
            return
        if kind in _ENDS:
            self._turn_ended(event)
        elif kind == "agent.session.created":
            self.session_id = event.session.id
        elif kind == "agent.session.turn.created":
            if self.turn is None and event.turn.subagent_id is None:
                self.turn, self.session_id = deepcopy(event.turn), event.session_id
        elif kind == "agent.session.turn.item.done":
            self._item(event)
        elif kind == "agent.session.in_progress":
            self.required_actions = []
        elif kind == "agent.session.requires_action":
            self.session_id = event.session.id
            self.required_actions = deepcopy(event.session.required_actions)
        elif kind == "agent.session.failed":
            self.session_id, self.session_failed, self.boundary = event.session.id, True, True
        elif kind in ("agent.session.idle", "agent.session.budget_reached"):
            self._at_rest(event, kind.endswith("idle"))

    def _turn_ended(self, event: Any) -> None:
        if self.turn is not None and event.turn_id == self.turn.id:
            self.turn, self.required_actions = deepcopy(event.turn), []

    def _item(self, event: Any) -> None:
        item = event.item
        if self.turn is None or item.turn_id != self.turn.id or item.type != "message":
            return
        if item.phase != "commentary" and item.status == "completed":
            from ....types.beta.agent_session_message import AgentSessionMessage

            self._messages[item.id] = (event.output_index, AgentSessionMessage.construct(**deepcopy(item.to_dict())))

    def _at_rest(self, event: Any, idle: bool) -> None:
        if not idle and self.turn is None:
            if self.session_id in (None, event.session.id):
                self.session_id, self.boundary = event.session.id, True
        elif idle or event.session.id == self.session_id:
            if self.turn is not None and self.turn.status in _ENDS.values():
                self.required_actions, self.boundary = [], True

    def is_done(self) -> bool:
        """Whether nothing that follows belongs to the turn."""
        return self.boundary

    def messages(self) -> List[Any]:
        """The final messages so far, in their order."""
        return [message for _, message in sorted(self._messages.values(), key=lambda pair: pair[0])]

    def error(self, reason: str) -> AgentTurnResultError:
        """Why there is no result; the first reason stays."""
        if self._error is None:
            self._error = AgentTurnResultError(
                reason, turn=self.turn, session_id=self.session_id, messages=self.messages(), required_actions=self.required_actions
            )
            self.turn, self.required_actions, self.boundary = None, [], True
            self._messages.clear()
        return self._error

    def check_outcome(self) -> None:
        """Raises where it is clear that there will be no result."""
        if self._error is not None:
            raise self._error
        status = None if self.turn is None else self.turn.status
        if self.session_failed or status == "failed":
            raise self.error("failed")
        if status == "cancelled":
            raise self.error("cancelled")
        if self.required_actions:
            raise self.error("requires_action")
        if self.cause is not None:
            raise self.error("observation_failed") from self.cause

    def result(self) -> AgentTurnResult:
        """The result."""
        if self._result is None:
            self.check_outcome()
            if not self.boundary or self.turn is None or self.turn.status != "completed":
                raise self.error("incomplete")
            messages = self.messages()
            self._result = AgentTurnResult(deepcopy(self.turn), messages, "".join(message.output_text for message in messages))
            self._messages.clear()
        return self._result

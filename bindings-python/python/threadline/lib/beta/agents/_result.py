"""Results of turns, gathered from the events of a session."""

from __future__ import annotations

import dataclasses
import warnings
from copy import deepcopy
from typing import Any, Collection, Dict, Generic, List, Optional, Tuple, TypeVar

from ...._exceptions import OpenAIError

__all__ = ["AgentOutputParseError", "AgentTurnResult", "AgentTurnResultCollector", "AgentTurnResultError", "OutputT"]

_ENDS = {f"agent.session.turn.{status}": status for status in ("completed", "failed", "cancelled")}
#: What an error is in every language, by its reason; others are of a stream that ended early.
_KINDS = {"failed": "api", "cancelled": "api", "requires_action": "tool"}

OutputT = TypeVar("OutputT")


@dataclasses.dataclass(frozen=True)
class AgentTurnResult(Generic[OutputT]):
    """A turn that ended well: the turn, its final messages, and ``output_parsed`` where a type was asked for."""

    turn: Any
    messages: List[Any]
    output_parsed: Optional[OutputT] = None

    @property
    def session_id(self) -> str:
        """The session."""
        return str(self.turn.session_id)

    @property
    def turn_id(self) -> str:
        """The turn."""
        return str(self.turn.id)

    @property
    def output_text(self) -> str:
        """The text of all messages, with nothing between them."""
        return "".join(message.output_text for message in self.messages)

    def parse(self, output_type: Any) -> "AgentTurnResult[Any]":
        """The same result with its text read as a model or a dataclass of pydantic's: ``output_parsed``.

        The first text counts, and every other must fit as well. Raises :class:`AgentOutputParseError`.
        """
        from ..._parsing._rules import read_as
        from ._tools import check_output_type

        texts = [part.text for message in self.messages for part in message.content if part.type == "output_text"]
        try:
            check_output_type(output_type)
            parsed = [read_as(output_type, text) for text in texts]
            first = parsed[0]
        except Exception:
            # The cause's words would hold the agent's.
            raise AgentOutputParseError(self) from None
        return dataclasses.replace(self, output_parsed=first)


def _snapshot(turn: Any, messages: List[Any]) -> Dict[str, Any]:
    """What was there, as `partial` of errors has it."""
    plain = [message.to_dict() for message in messages]
    texts = [part.get("text") for message in plain for part in message.get("content") or () if part.get("type") == "output_text"]
    snapshot = {"turn": None if turn is None else turn.to_dict(), "messages": plain}
    return {"text": "".join(text for text in texts if isinstance(text, str)), "events": None, "snapshot": snapshot}


def _warn_of_misfits(content: Any) -> None:
    """Tells of texts of a message that are none; the words of the message stay out of it."""
    if not isinstance(content, list):
        warnings.warn("Unexpected response type at content: expected a list.", stacklevel=3)
        return
    for index, part in enumerate(content):
        if getattr(part, "type", None) == "output_text" and not isinstance(getattr(part, "text", None), str):
            warnings.warn(f"Unexpected response type at content[{index}].text: expected a string.", stacklevel=3)


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
        self.kind = _KINDS.get(reason, "stream_ended")
        told = getattr(turn, "error", None)
        self.detail = (getattr(told, "message", None) or "") if reason == "failed" else ""
        self.partial = _snapshot(turn, messages)


class AgentOutputParseError(OpenAIError):
    """A turn has ended well, and its text does not fit the type that it was to be read as. ``result`` is the result without it."""

    def __init__(self, result: AgentTurnResult[Any]) -> None:
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
        self._result: Optional[AgentTurnResult[Any]] = None

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

            _warn_of_misfits(item.content)
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

    def snapshot(self) -> Dict[str, Any]:
        """What is there so far."""
        return _snapshot(self.turn, self.messages())

    def check_outcome(self, handled_tools: Collection[str] = ()) -> None:
        """Raises where it is clear that there will be no result: the turn waits for what none of these functions does, for instance."""
        if self._error is not None:
            raise self._error
        status = None if self.turn is None else self.turn.status
        if self.session_failed or status == "failed":
            raise self.error("failed")
        if status == "cancelled":
            raise self.error("cancelled")
        if any(action.type != "function_call" or action.name not in handled_tools for action in self.required_actions):
            raise self.error("requires_action")
        if self.cause is not None:
            raise self.error("observation_failed") from self.cause

    def result(self) -> AgentTurnResult[Any]:
        """The result."""
        if self._result is None:
            self.check_outcome()
            if not self.boundary or self.turn is None or self.turn.status != "completed":
                raise self.error("incomplete")
            self._result = AgentTurnResult(deepcopy(self.turn), self.messages())
            self._messages.clear()
        return self._result

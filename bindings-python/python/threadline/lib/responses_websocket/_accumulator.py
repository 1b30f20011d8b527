"""Responses put together of the events of one lane, which the program reads."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Dict, Optional, Tuple

from ..._models import BaseModel
from ._router import ResponsesWebSocketError, field_of
from ._snapshots import Item, ResponsesWebSocketSnapshot, detailed, in_order, key_of, listed, place, within

__all__ = ["ResponsesWebSocketAccumulator"]

_TERMINAL = frozenset(("response.completed", "response.failed", "response.incomplete"))
_RESPONSES = frozenset(("response.created", "response.queued", "response.in_progress")) | _TERMINAL
_ITEMS = frozenset(("response.output_item.added", "response.output_item.done"))
_ANNOTATION = "response.output_text.annotation.added"
#: What a text belongs to, whether it is a piece or the whole, and the member that holds it.
_TEXTS: Dict[str, Tuple[str, bool, str]] = {
    "response.output_text.delta": ("text", False, "delta"),
    "response.output_text.done": ("text", True, "text"),
    "response.refusal.delta": ("refusal", False, "delta"),
    "response.refusal.done": ("refusal", True, "refusal"),
    "response.content_part.added": ("part", True, "part"),
    "response.content_part.done": ("part", True, "part"),
    "response.function_call_arguments.delta": ("arguments", False, "delta"),
    "response.function_call_arguments.done": ("arguments", True, "arguments"),
    "response.mcp_call_arguments.delta": ("arguments", False, "delta"),
    "response.mcp_call_arguments.done": ("arguments", True, "arguments"),
    "response.custom_tool_call_input.delta": ("input", False, "delta"),
    "response.custom_tool_call_input.done": ("input", True, "input"),
}
#: Events of an item whose full record has no id: they find it by what it is.
_OWN_EVENTS = {"function_call": "response.function_call_arguments.", "custom_tool_call": "response.custom_tool_call_input."}
#: Of items that are told in detail: type of the item, what the text is, whether it is whole, its member, the member of its place.
_PIECES: Dict[str, Tuple[str, str, bool, str, Optional[str]]] = {
    "response.reasoning_summary_text.delta": ("reasoning", "summary", False, "delta", "summary_index"),
    "response.reasoning_summary_text.done": ("reasoning", "summary", True, "text", "summary_index"),
    "response.reasoning_text.delta": ("reasoning", "reasoning", False, "delta", "content_index"),
    "response.reasoning_text.done": ("reasoning", "reasoning", True, "text", "content_index"),
    "response.code_interpreter_call_code.delta": ("code_interpreter_call", "code", False, "delta", None),
    "response.code_interpreter_call_code.done": ("code_interpreter_call", "code", True, "code", None),
    "response.shell_call_command.delta": ("shell_call", "command", False, "delta", "command_index"),
    "response.shell_call_command.done": ("shell_call", "command", True, "command", "command_index"),
}
_STATES = {
    "code_interpreter_call": ("in_progress", "interpreting", "completed"),
    "file_search_call": ("in_progress", "searching", "completed"),
    "web_search_call": ("in_progress", "searching", "completed"),
    "image_generation_call": ("in_progress", "generating", "completed"),
    "mcp_call": ("in_progress", "completed", "failed"),
}
_STATUSES = {f"response.{kind}.{status}": (kind, status) for kind, statuses in _STATES.items() for status in statuses}
_PARTS = {
    "response.reasoning_summary_part.added": "reasoning",
    "response.reasoning_summary_part.done": "reasoning",
    "response.shell_call_command.added": "shell_call",
    "response.shell_call_output_content.delta": "shell_call_output",
    "response.shell_call_output_content.done": "shell_call_output",
}
_KNOWN = {*_RESPONSES, *_ITEMS, _ANNOTATION, *_TEXTS, *_PIECES, *_STATUSES, *_PARTS, "error"}


def _text(value: Any, name: str) -> str:
    found = field_of(value, name)
    if not isinstance(found, str):
        raise ValueError(f"WebSocket output {name} must be a string")
    return found


def _maybe(value: Any, name: str) -> Optional[str]:
    return None if field_of(value, name) is None else _text(value, name)


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _index(value: Any, name: str) -> int:
    found: Any = field_of(value, name)
    if not _is_index(found):
        raise ValueError(f"WebSocket {name} must be a non-negative integer")
    return int(found)


def _data(source: Any, *, only: Tuple[str, ...] = (), without: str = "") -> Dict[str, Any]:
    """The members that were sent, as data of its own."""
    if isinstance(source, BaseModel):
        source = source.to_dict(mode="python")
    if not isinstance(source, dict):
        return {}
    return deepcopy({name: value for name, value in source.items() if (not only or name in only) and name != without})


class ResponsesWebSocketAccumulator:
    """What has come of a response: :meth:`add_event` is fed with the events of one lane, in order.

    It reads nothing, sends nothing and calls no tools. For the next response it is :meth:`reset`. It is for one thread.
    """

    def __init__(self) -> None:
        self._output: Dict[str, Item] = {}
        #: Commands of shell calls, by call, as far as they are known.
        self._commands: Dict[str, int] = {}
        self.reset()

    def reset(self) -> None:
        """Forgets the response. Snapshots that were taken stay."""
        self._stream_id: Optional[str] = None
        self._response_id: Optional[str] = None
        self._terminal_type: Optional[str] = None
        self._bound = False
        self._response: Optional[Dict[str, Any]] = None
        self._final: Any = None
        self._error: Optional[Exception] = None
        self._output = {}
        self._commands = {}

    def snapshot(self) -> ResponsesWebSocketSnapshot:
        """Texts, arguments and inputs so far. It copies all of them: take it when it is needed, not for every event."""
        output = tuple(self._output[key].shown(int(key, 16)) for key in in_order(self._output))
        return ResponsesWebSocketSnapshot(self._stream_id, self._response_id, self._terminal_type, output)

    def detailed_snapshot(self) -> Dict[str, Any]:
        """All that is known so far, as plain data of the caller's own: items and parts with their indices, which may have gaps."""
        return {
            "stream_id": self._stream_id,
            "response_id": self._response_id,
            "terminal_type": self._terminal_type,
            "response": deepcopy(self._response),
            "output": detailed(self._output),
        }

    def get_final_response(self) -> Any:
        """The response of the event that ended it, as the server sent it. Raises :class:`RuntimeError` before that."""
        if self._error is not None:
            raise self._error
        if self._final is None:
            raise RuntimeError("No terminal response has been received")
        return self._final.model_copy(deep=True)

    def add_event(self, event: Any) -> None:
        """Takes note of an event, which stays as it is. Events that are not known are passed over."""
        kind = field_of(event, "type")
        if not isinstance(kind, str) or kind not in _KNOWN:
            return
        stream_id = field_of(event, "stream_id")
        if kind == _ANNOTATION:
            self._annotation(event, stream_id)
            return
        if stream_id is not None and not isinstance(stream_id, str):
            raise ValueError("WebSocket stream_id must be a string or null")
        if self._bound and self._stream_id != stream_id:
            raise ValueError("Event belongs to another WebSocket lane")
        if self._terminal_type is not None or self._error is not None:
            raise RuntimeError("Reset the accumulator before adding another turn")
        if kind == "error":
            self._error = ResponsesWebSocketError(event)
            raise self._error
        if kind in _RESPONSES:
            self._of_response(event, kind)
        elif kind in _ITEMS:
            self._of_item(event)
        elif kind in _TEXTS:
            self._of_text(event, kind, stream_id)
            return
        else:
            self._of_detail(event, kind)
            return
        self._bound, self._stream_id = True, stream_id

    def _annotation(self, event: Any, stream_id: Any) -> None:
        """An annotation of a part that is known; others are passed over."""
        places = [field_of(event, f"{name}_index") for name in ("output", "content", "annotation")]
        open_ = self._bound and self._stream_id == stream_id and self._terminal_type is None and self._error is None
        if not open_ or not all(_is_index(index) for index in places):
            return
        output, content, annotation = (key_of(index) for index in places)
        item = self._output.get(output)
        found = _data(event, only=("annotation",))
        if item is not None and item.item_id == field_of(event, "item_id") and found:
            item.annotations.setdefault(content, {})[annotation] = found["annotation"]

    def _of_response(self, event: Any, kind: str) -> None:
        try:
            response, response_id, replaced = self._checked(event)
        except ValueError as error:
            if kind in _TERMINAL and not isinstance(error, _OtherResponse):
                self._error = error
            raise
        if replaced is not None:
            self._output = replaced
            self._commands = {}
            for item in replaced.values():
                self._count(item)
        self._response = _data(response, without="output")
        self._response_id = response_id or self._response_id
        if kind in _TERMINAL:
            self._final, self._terminal_type = response.model_copy(deep=True), kind

    def _checked(self, event: Any) -> Tuple[Any, Optional[str], Optional[Dict[str, Item]]]:
        from ...types.responses import Response

        response = field_of(event, "response")
        if not isinstance(response, Response):
            raise ValueError("WebSocket event is missing a valid response")
        response_id: Any = field_of(response, "id")
        if response_id is not None and not isinstance(response_id, str):
            raise ValueError("WebSocket response id must be a string or null")
        if None not in (self._response_id, response_id) and self._response_id != response_id:
            raise _OtherResponse("Event belongs to another response")
        output: Any = field_of(response, "output")
        if output is None:
            return response, response_id, None
        if not isinstance(output, list):
            raise ValueError("WebSocket response output must be a list or null")
        replaced: Dict[str, Item] = {}
        for index, source in enumerate(output):
            if source is not None:
                replaced[key_of(index)] = _item(source)
        return response, response_id, replaced

    def _of_item(self, event: Any) -> None:
        key, source = key_of(_index(event, "output_index")), field_of(event, "item")
        if source is None:
            return
        item, previous = _item(source), self._output.get(key)
        if previous is not None:
            if item.item_id and item.item_id in previous.retired:
                return
            item.retired = previous.retired
            if previous.item_id and item.item_id and previous.item_id != item.item_id:
                item.retired.add(previous.item_id)
            self._uncount(previous)
        self._output[key] = item
        self._count(item)

    def _uncount(self, item: Item) -> None:
        if item.type == "shell_call" and item.call_id is not None:
            self._commands.pop(item.call_id, None)

    def _count(self, item: Item) -> None:
        action = item.data.get("action")
        commands = action.get("commands") if isinstance(action, dict) else None
        if item.type == "shell_call" and item.call_id is not None and isinstance(commands, list):
            self._commands[item.call_id] = len(commands)

    def _of_text(self, event: Any, kind: str, stream_id: Any) -> None:
        # All that is wrong with an event is found before anything is changed.
        key = key_of(_index(event, "output_index"))
        what, whole, name = _TEXTS[kind]
        if what == "part":
            part = field_of(event, "part")
            value = _text(part, "text") if _text(part, "type") == "output_text" else ""
        else:
            value = _text(event, name)
        position = key_of(_index(event, "content_index")) if what in ("text", "refusal", "part") else ""
        item_id = _text(event, "item_id")
        seed = ""
        held = self._output.get(key)
        if what == "refusal" and held is not None and (not held.item_id or held.item_id == item_id):
            known = held.content.get(position, {})
            if known.get("type", "refusal") != "refusal":
                return
            if not whole and position not in held.refusals and "refusal" in known:
                seed = _text(known, "refusal")
        self._bound, self._stream_id = True, stream_id
        item = self._item_of_text(key, item_id, kind)
        if item is None:
            return
        if what == "part":
            self._put_part(item, position, field_of(event, "part"), value)
        elif what == "text":
            self._put_text(item, position, event, value, whole)
        elif what == "refusal":
            if whole:
                item.refusals[position] = [value]
            else:
                item.refusals.setdefault(position, [seed]).append(value)
        else:
            pieces = item.arguments if what == "arguments" else item.input
            if whole:
                pieces.clear()
            pieces.append(value)

    def _item_of_text(self, key: str, item_id: str, kind: str) -> Optional[Item]:
        """The item that a text is for; `None` where it is none that is there now."""
        item = self._output.get(key)
        if item is None:
            item = self._output[key] = Item(item_id)
        if item_id in item.retired:
            return None
        own = _OWN_EVENTS.get(item.type or "")
        if own is not None and "id" not in item.data:
            if not kind.startswith(own) or (item.item_id and item_id != item.item_id):
                return None
        elif item_id and item.item_id and item_id != item.item_id:
            self._uncount(item)
            item.retired.add(item.item_id)
            item = self._output[key] = Item(item_id, retired=item.retired)
        if item_id:
            item.item_id = item_id
        return item

    @staticmethod
    def _put_part(item: Item, position: str, part: Any, value: str) -> None:
        item.content[position] = _data(part)
        item.pieces.pop(("reasoning", position), None)
        item.annotations.pop(position, None)
        item.refusals.pop(position, None)
        item.text.pop(position, None)
        if field_of(part, "type") == "output_text":
            item.text[position] = [value]

    @staticmethod
    def _put_text(item: Item, position: str, event: Any, value: str, whole: bool) -> None:
        part = item.content.setdefault(position, {})
        sent = _data(event, only=("logprobs",))
        if whole:
            item.text[position] = [value]
            part.update(sent)
            return
        item.text.setdefault(position, []).append(value)
        if isinstance(part.get("logprobs"), list) and isinstance(sent.get("logprobs"), list):
            part["logprobs"].extend(sent["logprobs"])
        else:
            part.update(sent)

    def _of_detail(self, event: Any, kind: str) -> None:
        key = key_of(_index(event, "output_index"))
        # Events of shell commands name their call by its place alone.
        item_id = None if kind.startswith("response.shell_call_command.") else _text(event, "item_id")
        item = self._output.get(key)
        expected = _PIECES[kind][0] if kind in _PIECES else _STATUSES[kind][0] if kind in _STATUSES else _PARTS[kind]
        if item is None or item.type != expected or (item_id is not None and item.item_id != item_id):
            return
        if kind in _STATUSES:
            item.data["status"] = _STATUSES[kind][1]
        elif kind in _PIECES:
            self._piece(item, event, kind)
        elif expected == "reasoning":
            self._summary(item, event, kind.endswith(".added"))
        elif expected == "shell_call":
            self._command(item, event)
        else:
            self._shell(item, event, kind.endswith(".done"))

    @staticmethod
    def _piece(item: Item, event: Any, kind: str) -> None:
        _, what, whole, name, place_name = _PIECES[kind]
        index = 0 if place_name is None else _index(event, place_name)
        text = _text(event, name)
        container: Any
        if what == "reasoning":
            container, member = item.content.get(key_of(index)), "text"
            if container is None or container.get("type") != "reasoning_text":
                raise ValueError("WebSocket reasoning text is missing its content part")
        else:
            container, member = place(item.data, what, index)
        where = (what, key_of(index))
        if whole:
            item.pieces[where] = [text]
            return
        seed = container.get(member) if isinstance(container, dict) else container[member]
        if what == "code" and seed is None:
            seed = ""
        if not isinstance(seed, str):
            raise ValueError("WebSocket rich text seed must be a string")
        item.pieces.setdefault(where, [seed]).append(text)

    @staticmethod
    def _summary(item: Item, event: Any, added: bool) -> None:
        index = _index(event, "summary_index")
        parts = listed(item.data.get("summary"), "summary")
        within(parts, index, or_next=added)
        part = field_of(event, "part")
        if _text(part, "type") != "summary_text":
            raise ValueError("WebSocket summary part must be summary_text")
        _text(part, "text")
        parts[index : index + 1] = [_data(part)]
        item.pieces.pop(("summary", key_of(index)), None)

    def _command(self, item: Item, event: Any) -> None:
        index = _index(event, "command_index")
        action = item.data.get("action")
        if not isinstance(action, dict):
            raise ValueError("WebSocket shell call is missing its action")
        commands = listed(action.get("commands"), "commands")
        within(commands, index, or_next=True)
        commands[index : index + 1] = [_text(event, "command")]
        self._count(item)
        item.pieces.pop(("command", key_of(index)), None)

    def _shell(self, item: Item, event: Any, done: bool) -> None:
        index = _index(event, "command_index")
        known = None if item.call_id is None else self._commands.get(item.call_id)
        if known is not None and index >= known:
            raise ValueError("WebSocket shell output is missing its command")
        key = key_of(index)
        if done:
            completed = [_data(part) for part in listed(field_of(event, "output"), "completed shell output")]
            for part in completed:
                _text(part, "stdout")
                _text(part, "stderr")
            item.shell[key] = {"output": completed}
            for name in ("stdout", "stderr"):
                item.pieces.pop((name, key), None)
            return
        delta, part = field_of(event, "delta"), item.shell.get(key, {})
        changes = []
        for name in ("stdout", "stderr"):
            if field_of(delta, name) is not None:
                changes.append((name, _text(delta, name), _text(part, name) if name in part else ""))
        item.shell.setdefault(key, part)
        for name, text, seed in changes:
            item.pieces.setdefault((name, key), [seed]).append(text)


class _OtherResponse(ValueError):
    """An event of another response: this one goes on."""


def _item(source: Any) -> Item:
    """An item from its full record."""
    item = Item(_maybe(source, "id"))
    item.type = _text(source, "type")
    item.name, item.call_id = _maybe(source, "name"), _maybe(source, "call_id")
    item.data = _data(source, without="content" if item.type == "message" else "")
    content = field_of(source, "content")
    if item.type == "message":
        _message(item, source, content)
    elif item.type in ("function_call", "mcp_call", "mcp_approval_request"):
        arguments = _maybe(source, "arguments")
        item.arguments = [] if arguments is None else [arguments]
    elif item.type == "custom_tool_call":
        given = _maybe(source, "input")
        item.input = [] if given is None else [given]
    elif item.type == "reasoning" and isinstance(content, list):
        for position, part in enumerate(content):
            if isinstance(part, (BaseModel, dict)):
                item.content[key_of(position)] = _data(part)
    return item


def _message(item: Item, source: Any, content: Any) -> None:
    if content is None:
        item.data.update(_data(source, only=("content",)))
        return
    if not isinstance(content, list):
        raise ValueError("WebSocket message content must be a list or null")
    # That there was a list is noted; its parts are kept by their places.
    item.data["content"] = []
    for position, part in enumerate(content):
        if part is None:
            continue
        key = key_of(position)
        item.content[key] = _data(part)
        if _text(part, "type") == "output_text":
            text = _maybe(part, "text")
            if text is not None:
                item.text[key] = [text]

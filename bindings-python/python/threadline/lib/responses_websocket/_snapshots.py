"""What an accumulator shows, and the items it is made of."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple, TypeVar

__all__ = ["Item", "ResponsesWebSocketOutput", "ResponsesWebSocketSnapshot", "detailed", "in_order", "key_of", "place", "projected"]

V = TypeVar("V")


@dataclass(frozen=True)
class ResponsesWebSocketOutput:
    """One item of the output so far. ``text`` has pairs of content index and text."""

    output_index: int
    item_id: Optional[str]
    type: Optional[str]
    name: Optional[str]
    call_id: Optional[str]
    arguments: str
    input: str
    text: Tuple[Tuple[int, str], ...]


@dataclass(frozen=True)
class ResponsesWebSocketSnapshot:
    """The response so far. ``terminal_type`` is the type of the event that ended it."""

    stream_id: Optional[str]
    response_id: Optional[str]
    terminal_type: Optional[str]
    output: Tuple[ResponsesWebSocketOutput, ...]

    @property
    def output_text(self) -> str:
        """All texts, one after the other."""
        return "".join(text for item in self.output for _, text in item.text)


def key_of(index: int) -> str:
    """An index as a key. Texts are hashed with a secret, so no server can choose indices that make a table slow."""
    return f"{index:x}"


def in_order(table: Iterable[str]) -> List[str]:
    """Keys by their indices."""
    return sorted(table, key=lambda key: int(key, 16))


class Item:
    """One item of the output, in pieces."""

    def __init__(self, item_id: Optional[str] = None, *, retired: Optional[Set[str]] = None) -> None:
        self.item_id = item_id
        #: Items that stood in this place before; what comes for them late is ignored.
        self.retired: Set[str] = set() if retired is None else retired
        self.type: Optional[str] = None
        self.name: Optional[str] = None
        self.call_id: Optional[str] = None
        self.data: Dict[str, Any] = {}
        self.arguments: List[str] = []
        self.input: List[str] = []
        # By the place of a part of its content:
        self.content: Dict[str, Dict[str, Any]] = {}
        self.text: Dict[str, List[str]] = {}
        self.refusals: Dict[str, List[str]] = {}
        self.annotations: Dict[str, Dict[str, Any]] = {}
        #: Texts of reasoning, code and commands, by what they are and their place.
        self.pieces: Dict[Tuple[str, str], List[str]] = {}
        self.shell: Dict[str, Dict[str, Any]] = {}

    def shown(self, index: int) -> ResponsesWebSocketOutput:
        """The item for a snapshot."""
        texts = tuple((int(key, 16), "".join(self.text[key])) for key in in_order(self.text))
        return ResponsesWebSocketOutput(
            index, self.item_id, self.type, self.name, self.call_id, "".join(self.arguments), "".join(self.input), texts
        )


def place(data: Dict[str, Any], what: str, index: int) -> Tuple[Any, Any]:
    """Where a text is in the data of an item: a container and a key.

    Raises :class:`ValueError` where the item has no such place.
    """
    if what == "code":
        return data, "code"
    if what == "command":
        action = data.get("action")
        if not isinstance(action, dict):
            raise ValueError("WebSocket shell call is missing its action")
        commands = listed(action.get("commands"), "commands")
        within(commands, index)
        return commands, index
    parts = listed(data.get("summary"), "summary")
    within(parts, index)
    if not isinstance(parts[index], dict):
        raise ValueError("WebSocket rich item is missing its part")
    return parts[index], "text"


def listed(value: Any, name: str) -> List[Any]:
    """A member that must be a list."""
    if not isinstance(value, list):
        raise ValueError(f"WebSocket rich item is missing its {name}")
    return value


def within(values: List[Any], index: int, *, or_next: bool = False) -> None:
    """Refuses a place that a list does not have; `or_next` allows the one behind its end."""
    if index >= len(values) + (1 if or_next else 0):
        raise ValueError("WebSocket rich item is missing its indexed field")


def _annotated(part: Dict[str, Any], more: Optional[Dict[str, Any]]) -> None:
    """Annotations of a part as rows with their indices."""
    held = part.get("annotations")
    if not isinstance(held, list) and more is None:
        return
    rows = {key_of(place): value for place, value in enumerate(held)} if isinstance(held, list) else {}
    rows.update(deepcopy(more or {}))
    part["annotations"] = [{"annotation_index": int(key, 16), "annotation": rows[key]} for key in in_order(rows)]


def _parts(item: Item) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """The parts of an item's content with the texts that have come for them."""
    for key in in_order({*item.content, *item.text, *item.refusals, *item.annotations}):
        part = deepcopy(item.content.get(key, {}))
        for name, pieces in (("text", item.text.get(key)), ("refusal", item.refusals.get(key)), ("text", item.pieces.get(("reasoning", key)))):
            if pieces is not None:
                part[name] = "".join(pieces)
        yield key, part


def _filled(data: Dict[str, Any], parts: Dict[int, Dict[str, Any]]) -> None:
    """Puts parts into the content of an item, as far as it has no holes."""
    held = data.get("content")
    content = held if isinstance(held, list) else []
    for index, part in parts.items():
        if index < len(content):
            content[index] = part
        elif index == len(content):
            content.append(part)
    if content:
        data["content"] = content


def projected(item: Item, index: int) -> Dict[str, Any]:
    """An item with all that is known of it."""
    data = deepcopy(item.data)
    for (what, key), pieces in item.pieces.items():
        if what in ("summary", "code", "command"):
            container, name = place(data, what, int(key, 16))
            container[name] = "".join(pieces)
    if item.item_id and not item.data:
        data["id"] = item.item_id
    if item.arguments:
        data["arguments"] = "".join(item.arguments)
    if item.input:
        data["input"] = "".join(item.input)
    content, reasoning = [], {}
    for key, part in _parts(item):
        if item.type == "reasoning":
            reasoning[int(key, 16)] = deepcopy(part)
        _annotated(part, item.annotations.get(key))
        content.append({"content_index": int(key, 16), "part": part})
    if reasoning:
        _filled(data, reasoning)
    row: Dict[str, Any] = {"output_index": index, "item": data}
    if item.type != "message":
        row["content"] = content
    elif "content" in data or content:
        # The parts stand beside the item; without any, what was sent says whether there was a list.
        sent = data.pop("content", None)
        row["content"] = content if content or isinstance(sent, list) else None
    if item.type == "shell_call_output":
        row["shell_output"] = [{"command_index": int(key, 16), "data": _shell(item, key)} for key in in_order(item.shell)]
    return row


def _shell(item: Item, key: str) -> Dict[str, Any]:
    part = deepcopy(item.shell[key])
    for name in ("stdout", "stderr"):
        pieces = item.pieces.get((name, key))
        if pieces is not None:
            part[name] = "".join(pieces)
    return part


def detailed(output: Dict[str, Item]) -> List[Dict[str, Any]]:
    """All items with all that is known of them."""
    return [projected(output[key], int(key, 16)) for key in in_order(output)]

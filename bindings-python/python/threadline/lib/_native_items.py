"""Items of a response as the server must send them before anything is done because of them."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Optional, Tuple

__all__ = ["ANY_STATUS", "function_arguments", "is_compaction", "is_computer_call", "is_function_metadata", "is_message", "is_reasoning"]

Item = Dict[str, Any]
ANY_STATUS = ("in_progress", "completed", "incomplete")
_ABSENT: Any = object()


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_text_or_null(value: Any) -> bool:
    return value is None or isinstance(value, str)


def every(value: Any, holds: Callable[[Any], bool]) -> bool:
    """Whether it is a list of which each entry is right."""
    return isinstance(value, list) and all(holds(entry) for entry in value)


def optional(item: Item, name: str, holds: Callable[[Any], bool]) -> bool:
    """Whether a member is right, or not there."""
    return name not in item or holds(item[name])


def has(item: Any, **kinds: Callable[[Any], bool]) -> bool:
    """Whether it is an object whose members are all there and right."""
    return isinstance(item, dict) and all(name in item and holds(item[name]) for name, holds in kinds.items())


_ANNOTATIONS: Dict[str, Tuple[Tuple[str, ...], Tuple[str, ...]]] = {
    "file_citation": (("file_id", "filename"), ("index",)),
    "file_path": (("file_id",), ("index",)),
    "url_citation": (("title", "url"), ("start_index", "end_index")),
    "container_file_citation": (("container_id", "file_id", "filename"), ("start_index", "end_index")),
}


def _is_annotation(value: Any) -> bool:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _ANNOTATIONS:
        return False
    named, counted = _ANNOTATIONS[kind]
    return all(is_text(value.get(name)) for name in named) and all(is_whole(value.get(name)) for name in counted)


def _is_share(value: Any) -> bool:
    return has(value, token=is_text, bytes=lambda held: every(held, is_whole), logprob=is_number)


def _is_logprob(value: Any) -> bool:
    return _is_share(value) and every(value.get("top_logprobs"), _is_share)


def _is_output_part(part: Any) -> bool:
    if not isinstance(part, dict):
        return False
    if part.get("type") == "refusal":
        return is_text(part.get("refusal"))
    if part.get("type") != "output_text" or not is_text(part.get("text")):
        return False
    logprobs = part.get("logprobs")
    return every(part.get("annotations"), _is_annotation) and (logprobs is None or every(logprobs, _is_logprob))


def is_message(item: Item) -> bool:
    """A message of the model's."""
    known = is_text(item.get("id")) and item.get("role") == "assistant" and item.get("status") in ANY_STATUS
    phase = item.get("phase")
    return known and phase in (None, "commentary", "final_answer") and every(item.get("content"), _is_output_part)


def is_reasoning(item: Item) -> bool:
    """A reasoning item, which may be sent back."""

    def of(kind: str) -> Callable[[Any], bool]:
        return lambda value: every(value, lambda part: has(part, type=lambda held: held == kind, text=is_text))

    return (
        has(item, id=is_text, summary=of("summary_text"))
        and optional(item, "content", of("reasoning_text"))
        and optional(item, "encrypted_content", is_text_or_null)
        and optional(item, "status", lambda value: value in ANY_STATUS)
    )


def is_compaction(item: Item) -> bool:
    """What a conversation was compacted to."""
    return has(item, id=is_text, encrypted_content=is_text)


def is_caller(value: Any) -> bool:
    """Who called: the model itself (also `None`), or a program of its own."""
    if value is None:
        return True
    return isinstance(value, dict) and (
        value.get("type") == "direct" or (value.get("type") == "program" and is_text(value.get("caller_id")))
    )


def is_function_metadata(item: Item) -> bool:
    """A call of a function that says all that it must, whatever its arguments."""
    return (
        has(item, name=is_text, arguments=is_text, call_id=is_text)
        and optional(item, "id", is_text_or_null)
        and optional(item, "async", lambda value: isinstance(value, bool))
        and optional(item, "namespace", lambda value: is_text(value) and value == item["name"])
        and is_caller(item.get("caller"))
    )


def _refused(_constant: str) -> Any:
    raise ValueError


def function_arguments(text: str) -> Optional[Dict[str, Any]]:
    """The arguments of a call, or `None` where they are no JSON object."""
    try:
        value = json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_point(value: Any) -> bool:
    return has(value, x=is_whole, y=is_whole)


def _are_keys(value: Any) -> bool:
    return value is None or every(value, is_text)


_BUTTONS = ("left", "right", "wheel", "back", "forward")
_ACTIONS: Dict[str, Callable[[Item], bool]] = {
    "click": lambda action: _is_point(action) and action.get("button") in _BUTTONS and optional(action, "keys", _are_keys),
    "double_click": lambda action: _is_point(action) and optional(action, "keys", _are_keys),
    "drag": lambda action: every(action.get("path"), _is_point) and optional(action, "keys", _are_keys),
    "keypress": lambda action: every(action.get("keys"), is_text),
    "move": lambda action: _is_point(action) and optional(action, "keys", _are_keys),
    "scroll": lambda action: _is_point(action)
    and has(action, scroll_x=is_whole, scroll_y=is_whole)
    and optional(action, "keys", _are_keys),
    "type": lambda action: is_text(action.get("text")),
    "wait": lambda action: True,
    "screenshot": lambda action: True,
}


def is_action(value: Any) -> bool:
    """Something that a computer is to do."""
    kind = value.get("type") if isinstance(value, dict) else None
    return isinstance(kind, str) and kind in _ACTIONS and _ACTIONS[kind](value)


def computer_actions(item: Item) -> Optional[List[Any]]:
    """What a call asks for: a list, or as of old one action; `None` where it is not exactly one of these."""
    if ("actions" in item) is ("action" in item):
        return None
    given = item["actions"] if "actions" in item else [item["action"]]
    return given if isinstance(given, list) and given else None


def are_checks(item: Item) -> bool:
    """Whether the safety checks of a call are there and readable. Calls of today may leave them out."""
    if "pending_safety_checks" not in item:
        return "action" not in item

    def is_check(value: Any) -> bool:
        return has(value, id=is_text) and all(optional(value, name, is_text_or_null) for name in ("code", "message"))

    return every(item["pending_safety_checks"], is_check)


def is_computer_call(item: Item) -> bool:
    """A call of a computer that can be carried out."""
    known = has(item, id=is_text, call_id=is_text) and item.get("status") == "completed" and are_checks(item)
    return known and every(computer_actions(item), is_action)


def is_screenshot(value: Any) -> bool:
    """A picture of a screen: an address, a file, or both."""
    if not isinstance(value, dict) or value.get("type") != "computer_screenshot":
        return False
    sources = [value[name] for name in ("image_url", "file_id") if value.get(name) is not None]
    return bool(sources) and all(is_text(source) and source.strip() for source in sources)

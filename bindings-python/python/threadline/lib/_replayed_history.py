"""The history of a conversation that a program brings along: what the server will take, read without changing a member of it."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Set

from ._native_items import (
    ANY_STATUS, every, function_arguments, has, is_caller, is_compaction, is_computer_call, is_function_metadata, is_message, is_reasoning,
    is_screenshot, is_text, is_text_or_null, optional,
)  # fmt: skip
from ._server_items import SERVER_ITEMS, Grants, McpError, ToolPolicy, approval_policy, server_item_fits
from ._snapshots import Invalid

__all__ = ["History", "checked_output", "grants_of", "light_history"]

Item = Dict[str, Any]
CALLS = {"function_call": "function_call_output", "computer_call": "computer_call_output"}
_DETAILS = ("low", "high", "auto", "original")


def _is_breakpoint(value: Any) -> bool:
    return has(value, mode=lambda mode: mode == "explicit")


def _is_input_part(part: Any) -> bool:
    """A part of a message: the server wants the detail of a picture here."""
    if not isinstance(part, dict) or not optional(part, "prompt_cache_breakpoint", _is_breakpoint):
        return False
    if part.get("type") == "input_text":
        return is_text(part.get("text"))
    if part.get("type") == "input_image":
        sources = optional(part, "image_url", is_text_or_null) and optional(part, "file_id", is_text_or_null)
        return sources and part.get("detail") in _DETAILS
    return part.get("type") == "input_file" and _is_file(part)


def _is_file(part: Item) -> bool:
    texts = all(optional(part, name, is_text) for name in ("file_data", "file_url", "filename"))
    return texts and optional(part, "file_id", is_text_or_null) and optional(part, "detail", lambda held: held in ("low", "high", "auto"))


def _is_message(item: Item) -> bool:
    content = item.get("content")
    if isinstance(content, list) and any(isinstance(part, dict) and part.get("type") in ("output_text", "refusal") for part in content):
        return is_message(item)
    if item.get("role") not in ("user", "assistant", "system", "developer"):
        return False
    if (is_text(content) or item["role"] == "assistant") and item.get("phase") not in (None, "commentary", "final_answer"):
        return False
    return is_text(content) or every(content, _is_input_part)


_OUTPUT_MEMBERS = {
    "input_text": {"type", "text", "prompt_cache_breakpoint"},
    "input_image": {"type", "image_url", "file_id", "detail", "prompt_cache_breakpoint"},
    "input_file": {"type", "file_data", "file_url", "filename", "file_id", "detail", "prompt_cache_breakpoint"},
}


def _is_output_part(part: Any) -> bool:
    """A part of a function's output."""
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(kind, str) or kind not in _OUTPUT_MEMBERS or set(part) - _OUTPUT_MEMBERS[kind]:
        return False
    point = part.get("prompt_cache_breakpoint")
    if point is not None and (not _is_breakpoint(point) or set(point) != {"mode"}):
        return False
    if kind == "input_text":
        return is_text(part.get("text"))
    if not optional(part, "detail", lambda held: held is None or held in _DETAILS):
        return False
    sources = ("image_url", "file_id") if kind == "input_image" else ("file_data", "file_url", "file_id")
    named = [part[name] for name in (*sources, "filename") if part.get(name) is not None]
    given = [part[name] for name in sources if part.get(name) is not None]
    return all(is_text(name) for name in named) and any(name.strip() for name in given if is_text(name))


def checked_output(value: Any) -> Any:
    """The output of a function, as it is sent. Raises :class:`Invalid` for anything but a text or parts."""
    if is_text(value) or every(value, _is_output_part):
        return value
    raise Invalid


def _is_output_content(value: Any) -> bool:
    return is_text(value) or every(value, _is_output_part)


def _is_state(value: Any) -> bool:
    return value is None or value in ANY_STATUS


def _is_check(value: Any) -> bool:
    return has(value, id=is_text) and optional(value, "code", is_text_or_null) and optional(value, "message", is_text_or_null)


def _is_function_call(item: Item) -> bool:
    whole = is_function_metadata(item) and optional(item, "id", is_text) and optional(item, "status", lambda held: held in ANY_STATUS)
    return whole and function_arguments(item["arguments"]) is not None


def _is_function_output(item: Item) -> bool:
    texts = all(optional(item, name, is_text_or_null) for name in ("id", "name", "namespace"))
    return texts and is_caller(item.get("caller")) and _is_state(item.get("status")) and _is_output_content(item.get("output"))


def _is_computer_output(item: Item) -> bool:
    checks = item.get("acknowledged_safety_checks")
    known = optional(item, "id", is_text_or_null) and _is_state(item.get("status")) and is_screenshot(item.get("output"))
    return known and (checks is None or every(checks, _is_check))


def _is_approval(item: Item) -> bool:
    texts = optional(item, "id", is_text_or_null) and optional(item, "reason", is_text_or_null)
    return texts and has(item, approval_request_id=is_text, approve=lambda held: isinstance(held, bool))


_RULES = {
    "message": _is_message,
    "function_call": _is_function_call,
    "function_call_output": _is_function_output,
    "computer_call": is_computer_call,
    "computer_call_output": _is_computer_output,
    "reasoning": is_reasoning,
    "compaction": is_compaction,
    "compaction_trigger": lambda item: True,
    "configuration_update": lambda item: True,
    "item_reference": lambda item: is_text(item.get("id")),
    "mcp_approval_response": _is_approval,
}


def kind_of(item: Any) -> Optional[str]:
    """The type of an item, also of one that leaves it out."""
    if not isinstance(item, dict):
        return None
    kind = item.get("type")
    if kind is None:
        return "message" if "role" in item else "item_reference" if is_text(item.get("id")) else None
    return kind if isinstance(kind, str) else None


class History:
    """Who is in a history: the ids of items and of calls."""

    def __init__(self) -> None:
        self.item_ids: Set[str] = set()
        self.call_ids: Set[str] = set()


def light_history(history: List[Any]) -> History:
    """The ids of a history that is the server's to judge."""
    seen = History()
    for item in history:
        kind = kind_of(item)
        if kind is None:
            continue
        if is_text(item.get("id")) and item["id"] and kind != "item_reference":
            seen.item_ids.add(item["id"])
        id_ = item.get("id") if kind == "mcp_approval_request" else item.get("call_id")
        if (kind in CALLS or kind in CALLS.values() or kind == "mcp_approval_request") and is_text(id_):
            seen.call_ids.add(id_)
    return seen


def strict_history(history: List[Any], policy: ToolPolicy) -> History:
    """A history that must go on where it stopped: every item whole, every call answered once.

    Raises :class:`Invalid`, without a word of what was found.
    """
    seen, waiting, answered = History(), {}, set()
    for item in history:
        kind = kind_of(item)
        if kind in SERVER_ITEMS:
            if not server_item_fits(item) or not _is_declared(item, policy):
                raise Invalid
        elif kind is None or kind not in _RULES or not _RULES[kind](item):
            raise Invalid
        id_ = item.get("id")
        if is_text(id_) and id_ and kind != "item_reference":
            if id_ in seen.item_ids:
                raise Invalid
            seen.item_ids.add(id_)
        call_id = item.get("id") if kind == "mcp_approval_request" else item.get("call_id")
        if kind in CALLS or kind == "mcp_approval_request":
            if not is_text(call_id) or call_id in seen.call_ids:
                raise Invalid
            seen.call_ids.add(call_id)
            if kind in CALLS:
                waiting[call_id] = CALLS[kind]
        elif kind in CALLS.values():
            if not is_text(call_id) or call_id in answered or waiting.get(call_id) != kind:
                raise Invalid
            answered.add(call_id)
    if answered != set(waiting):
        raise Invalid
    return seen


def _is_declared(item: Item, policy: ToolPolicy) -> bool:
    if item["type"].startswith("mcp_"):
        return item["server_label"] in policy.servers
    tools = [tool for tool in policy.declared if tool["type"] in SERVER_ITEMS[item["type"]]]
    containers = [tool.get("container") for tool in tools]
    if item["type"] == "code_interpreter_call":
        return any(not is_text(container) or container == item["container_id"] for container in containers)
    return bool(tools)


def grants_of(history: List[Any], policy: ToolPolicy) -> Grants:
    """The approvals of a history. Raises :class:`McpError` where they do not add up."""
    grants = Grants()
    for item in history:
        kind = kind_of(item)
        if kind == "mcp_approval_request" and is_text(item.get("id")):
            grants.ask(item)
        elif kind == "mcp_approval_response":
            grants.answer(item.get("approval_request_id"), item.get("approve"))
        elif kind == "mcp_call" and item.get("approval_request_id") is not None:
            server = policy.servers.get(item.get("server_label"))
            grants.use(item, None if server is None else approval_policy(server, str(item.get("name"))))
    return grants


def is_observation(items: Any) -> bool:
    """Whether something is new from the user, and not empty."""

    def says_something(part: Any) -> bool:
        if not _is_input_part(part):
            return False
        if part["type"] == "input_text":
            return bool(part["text"].strip())
        return any(is_text(part.get(name)) and part[name].strip() for name in ("image_url", "file_id", "file_data", "file_url"))

    def is_said(item: Any) -> bool:
        if kind_of(item) != "message" or item.get("role") != "user" or not _is_message(item):
            return False
        content = item["content"]
        return bool(content.strip()) if is_text(content) else any(says_something(part) for part in content)

    return isinstance(items, list) and bool(items) and all(is_said(item) for item in items)


__all__ += ["CALLS", "McpError", "is_observation", "kind_of", "strict_history"]

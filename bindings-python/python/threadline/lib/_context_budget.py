"""How much of a history is sent: limits of a program's own, and results that it lets go of."""

from __future__ import annotations

import json
from typing import Any, Awaitable, Callable, Dict, List, Set, Tuple, Union

from typing_extensions import Required, TypedDict

from ._replayed_history import CALLS
from ._snapshots import Invalid, json_data, owned

__all__ = ["AsyncContextBudget", "Budget", "ContextBudget", "ContextBudgetDecision", "ContextBudgetSnapshot"]

_LARGEST = 9007199254740991
_PICTURES = ("browser_screenshot", "browser_zoom")


class ContextBudgetSnapshot(TypedDict):
    """What would be sent, and the calls of which the results may be left out."""

    history: Any
    eligible_call_ids: List[str]
    input_bytes: int
    input_images: int


class ContextBudgetDecision(TypedDict, total=False):
    """Which results to leave out, and what the model is told of them."""

    drop_call_ids: Required[List[str]]
    summary: str


class _Limits(TypedDict, total=False):
    max_input_bytes: Required[int]
    max_input_images: Required[int]
    keep_recent_screenshots: int


class ContextBudget(_Limits, total=False):
    """Limits of what each request of a run sends, in bytes of JSON and in pictures.

    ``compact`` is asked what to leave out where a request would exceed them. The newest pictures (``keep_recent_screenshots``, 1), the
    browser's newest state and calls with safety checks stay.
    """

    compact: Callable[[ContextBudgetSnapshot], ContextBudgetDecision]


class AsyncContextBudget(_Limits, total=False):
    """Limits of what each request of a run sends. See :class:`ContextBudget`."""

    compact: Callable[[ContextBudgetSnapshot], Union[ContextBudgetDecision, Awaitable[ContextBudgetDecision]]]


def _is_limit(value: Any, least: int) -> bool:
    return type(value) is int and least <= value <= _LARGEST


def _size(history: List[Any]) -> int:
    return len(json.dumps(history, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode())


def _pictures_in(item: Any) -> int:
    if not isinstance(item, dict):
        return 0
    if item.get("type") == "computer_call_output":
        return 1
    blocks = item.get("output") if item.get("type") == "function_call_output" else item.get("content")
    return sum(isinstance(block, dict) and block.get("type") == "input_image" for block in blocks) if isinstance(blocks, list) else 0


def _pairs(history: List[Any]) -> List[Tuple[Dict[str, Any], Dict[str, Any]]]:
    outputs = {item["call_id"]: item for item in history if item.get("type") in CALLS.values()}
    calls = [item for item in history if item.get("type") in CALLS]
    return [(call, outputs[call["call_id"]]) for call in calls if call["call_id"] in outputs]


class Budget:
    """The limits of one run, whatever becomes of the object that it got them from."""

    def __init__(self, given: Any, browser_names: Set[str]) -> None:
        known = {"max_input_bytes", "max_input_images", "keep_recent_screenshots", "compact"}
        if type(given) is not dict or set(given) - known:
            raise ValueError("context_budget takes max_input_bytes, max_input_images, keep_recent_screenshots and compact")
        if not _is_limit(given.get("max_input_bytes"), 0) or not _is_limit(given.get("max_input_images"), 0):
            raise ValueError("context_budget needs max_input_bytes and max_input_images, which are whole numbers")
        if not _is_limit(given.get("keep_recent_screenshots", 1), 1) or not callable(given.get("compact", len)):
            raise ValueError("context_budget: keep_recent_screenshots is at least 1, and compact is a function")
        self.most_bytes, self.most_images = given["max_input_bytes"], given["max_input_images"]
        self.keep, self.compact = given.get("keep_recent_screenshots", 1), given.get("compact")
        self.browser_names = browser_names

    def fits(self, history: List[Any]) -> bool:
        return _size(history) <= self.most_bytes and sum(map(_pictures_in, history)) <= self.most_images

    def eligible(self, history: List[Any]) -> List[str]:
        """Calls whose results may be left out."""
        pairs = _pairs(history)
        pictures = [
            call["call_id"]
            for call, output in pairs
            if call["type"] == "computer_call"
            or (call["name"] in _PICTURES and call["name"] in self.browser_names and _pictures_in(output))
        ]
        browsing = [call["call_id"] for call, _ in pairs if call.get("name") in self.browser_names]
        pinned = set(pictures[-self.keep :]) | set(browsing[-1:])
        pinned.update(call["call_id"] for call, output in pairs if output.get("acknowledged_safety_checks"))
        return [call["call_id"] for call, _ in pairs if call["call_id"] not in pinned]

    def snapshot(self, history: List[Any]) -> ContextBudgetSnapshot:
        """What the program is asked about, which it may do with as it likes."""
        pictures = sum(map(_pictures_in, history))
        return {
            "history": owned(history), "eligible_call_ids": self.eligible(history),
            "input_bytes": _size(history), "input_images": pictures,
        }  # fmt: skip

    def reduced(self, history: List[Any], decision: Any) -> List[Any]:
        """The history without what the program let go of. Raises :class:`Invalid` for a decision that cannot be."""
        held = json_data(decision)
        dropped, summary = (held.get("drop_call_ids"), held.get("summary")) if type(held) is dict else (None, None)
        eligible = set(self.eligible(history))
        if type(dropped) is not list or any(type(id_) is not str or id_ not in eligible for id_ in dropped):
            raise Invalid
        if len(set(dropped)) != len(dropped) or not isinstance(summary, (str, type(None))) or set(held) - {"drop_call_ids", "summary"}:
            raise Invalid
        gone = set(dropped)
        kinds = (*CALLS, *CALLS.values())
        kept = [item for item in history if not (item.get("type") in kinds and item["call_id"] in gone)]
        notes: List[Any] = []
        if summary is not None:
            notes.append({"role": "user", "content": "Caller summary of omitted completed tool results: " + summary})
        if gone:
            notes.append({"role": "user", "content": _receipts(history, gone)})
        return [*notes, *kept]


def _receipts(history: List[Any], gone: Set[str]) -> str:
    """What the model is told of calls whose results it no longer sees."""
    left = [
        {"call_id": item["call_id"], "kind": item["type"], **({"name": item["name"]} if "name" in item else {})}
        for item in history
        if item.get("type") in CALLS and item["call_id"] in gone
    ]
    listed = json.dumps(left, ensure_ascii=False, separators=(",", ":"))
    return f"Omitted completed calls: {listed}. Output is present in the runner's full history; external success is unverified."

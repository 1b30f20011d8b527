"""Requests that a runner sends on behalf of a program: what is the runner's, what is the program's."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping

from ._snapshots import is_left_out, plain

__all__ = ["checked_params", "copied_params", "listed_input", "with_reasoning"]

#: What a runner decides, so that neither the body nor another parameter may.
_OWNED = (
    "background", "context_management", "conversation", "include", "input", "previous_response_id", "store", "stream", "tool_choice",
    "tools", "truncation",
)  # fmt: skip
_REASONING = "reasoning.encrypted_content"
#: Options of the request itself, which are handed on as they are.
_OPTIONS = ("extra_headers", "extra_query", "extra_body", "timeout")


def checked_params(params: Any) -> None:
    """Raises :class:`ValueError` for parameters that a runner cannot keep."""
    if not isinstance(params, dict):
        raise ValueError("params must be a dict of the arguments of responses.create")
    body = params.get("extra_body")
    if isinstance(body, Mapping):
        taken = sorted(name for name in body if name in _OWNED)
        if taken:
            raise ValueError(f"extra_body cannot replace what the runner sends: {', '.join(taken)}")
    for name in ("stream", "background", "previous_response_id", "conversation"):
        value = params.get(name)
        if value and not is_left_out(value):
            raise ValueError(f"`{name}` is not for runners: they send the whole history as `input`, and wait for each answer")


def copied_params(params: Dict[str, Any]) -> Dict[str, Any]:
    """The parameters as they are now, whatever becomes of the caller's."""
    return {
        name: value if name in _OPTIONS else plain(value, lenient=True) for name, value in params.items() if not is_left_out(value)
    }


def listed_input(params: Dict[str, Any]) -> List[Any]:
    """The input as a list of items."""
    given = params.get("input", [])
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list):
        raise ValueError("`input` must be a text or a list of items")
    return given


def with_reasoning(include: Any) -> List[Any]:
    """What is to be included, with reasoning in a form that can be sent back."""
    given: Iterable[Any] = include if isinstance(include, list) else []
    listed = list(given)
    return listed if _REASONING in listed else [*listed, _REASONING]

"""What runners tell of their work: which stage came to what, without a word of its contents."""

from __future__ import annotations

import inspect
import time
from typing import Any, Callable, Dict, Optional

from typing_extensions import Literal, TypeAlias, TypedDict

from ._lanes import dropped

__all__ = ["ToolDiagnostic", "ToolDiagnosticObserver", "ToolDiagnosticUsage"]

Api: TypeAlias = Literal["responses", "decisions", "browser", "computer"]
Stage: TypeAlias = Literal["run", "request", "arguments", "approval", "action", "output", "selection", "verification"]
Reason: TypeAlias = Literal[
    "started", "completed", "refused", "cancelled", "invalid_input", "invalid_output", "api_failed", "driver_failed",
    "policy_failed", "step_limit", "busy", "closed",
]  # fmt: skip


class ToolDiagnosticUsage(TypedDict):
    """Tokens of one request."""

    input_tokens: int
    output_tokens: int
    total_tokens: int


class ToolDiagnostic(TypedDict):
    """One stage of a run, and what it came to. Times are milliseconds since the stage began."""

    api: Api
    stage: Stage
    reason: Reason
    call_id: Optional[str]
    member: Optional[str]
    duration_ms: float
    usage: Optional[ToolDiagnosticUsage]


ToolDiagnosticObserver: TypeAlias = Callable[[ToolDiagnostic], object]


def _usage(given: Any) -> Optional[ToolDiagnosticUsage]:
    counts: Dict[str, Any] = {name: getattr(given, name, None) for name in ("input_tokens", "output_tokens", "total_tokens")}
    return ToolDiagnosticUsage(**counts) if all(type(count) is int for count in counts.values()) else None  # type: ignore[typeddict-item]


def emit_tool_diagnostic(
    observer: Optional[ToolDiagnosticObserver], api: Api, stage: Stage, reason: Reason, started: float,
    *, call_id: Optional[str] = None, member: Optional[str] = None, usage: object = None,
) -> None:  # fmt: skip
    """Tells the observer of a stage that began at ``started`` (of :func:`time.monotonic`). An observer that fails fails alone."""
    if observer is None:
        return
    event: ToolDiagnostic = {
        "api": api, "stage": stage, "reason": reason, "call_id": call_id, "member": member,
        "duration_ms": max(0.0, (time.monotonic() - started) * 1000), "usage": _usage(usage),
    }  # fmt: skip
    try:
        told = observer(event)
        if inspect.iscoroutine(told):
            _begun(told)
    except Exception:
        pass


def _begun(told: Any) -> None:
    """An observer that is a coroutine function runs beside the runner where there is a loop, and not at all where there is none."""
    import asyncio

    try:
        task = asyncio.get_running_loop().create_task(told)
    except RuntimeError:
        dropped(told)
        return
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())

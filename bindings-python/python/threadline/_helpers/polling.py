"""Helpers that wait for what works at the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Union

from .. import _operations as op
from .. import _threadline as _native
from .._resource import AsyncResource, SyncResource
from .._types import NotGiven, Omit, omit

if TYPE_CHECKING:
    from .. import types as t

Seconds = Union[float, Omit, NotGiven]
HELPER = ("self", "poll_interval_ms", "max_wait_seconds", "on_update", "poll_interval", "__class__")


def how(resource: str, arguments: Dict[str, Any], operation: Optional[int] = None, ids: Optional[List[str]] = None) -> Dict[str, Any]:
    """What the native module is told of a poll."""
    told: Dict[str, Any] = {"resource": resource, "operation": operation, "ids": ids}
    interval, limit = arguments.get("poll_interval_ms"), arguments.get("max_wait_seconds")
    if isinstance(interval, (int, float)):
        told["interval"] = interval / 1000
    elif isinstance(arguments.get("poll_interval"), (int, float)):
        told["interval"] = arguments["poll_interval"]
    if isinstance(limit, (int, float)):
        told["max_wait"] = limit
    if callable(arguments.get("on_update")):
        told["on_update"] = arguments["on_update"]
    for value in ids or ():
        if not value:
            raise ValueError(f"Expected a non-empty value for the ids of {resource} but received {value!r}")
    return told


def rest(arguments: Dict[str, Any], *without: str) -> Dict[str, Any]:
    """The arguments of the operation behind a helper."""
    return {name: value for name, value in arguments.items() if name not in HELPER and name not in without}


class Polling(SyncResource):
    """What helpers that poll are made of."""

    def _poll(self, told: Dict[str, Any], arguments: Dict[str, Any]) -> Any:
        return _native.poll(self._client._native, told, arguments)


class AsyncPolling(AsyncResource):
    """What helpers that poll are made of."""

    async def _poll(self, told: Dict[str, Any], arguments: Dict[str, Any]) -> Any:
        return await _native.poll_async(self._client._native, told, arguments)

"""Helpers of several requests, put together from a resource's own methods.

The core makes all requests of a helper itself. Where somebody stands in for one of the methods (a test that replaces ``create``, a client that
is none of ours), they are called one by one, so that the stand-in is.
"""

from __future__ import annotations

import inspect
import math
from types import FunctionType, MethodType
from typing import Any, Callable, Dict, Iterable, List, Optional

from .._types import NotGiven, Omit

__all__ = ["Waited", "checked_limit", "given", "is_replaced", "polled", "polled_async", "settled", "uploaded", "uploaded_async"]

_METHODS = ("create", "retrieve", "poll", "create_and_poll", "_sleep")


def given(**arguments: Any) -> Dict[str, Any]:
    """The arguments that a caller gave."""
    return {name: value for name, value in arguments.items() if value is not None and not isinstance(value, (Omit, NotGiven))}


def is_replaced(resource: Any) -> bool:
    """Whether somebody stands in for a part of a resource."""
    held = resource.__dict__
    if any(name in held for name in _METHODS) or not hasattr(type(resource._client), "_native"):
        return True
    if any(not isinstance(getattr(type(resource), name, len), (FunctionType, type(len))) for name in _METHODS):
        return True
    view = held.get("with_raw_response")
    if view is not None and not isinstance(view.__dict__.get("retrieve", is_replaced), (FunctionType, MethodType)):
        return True
    files = resource._client.__dict__.get("files")
    return files is not None and "create" in files.__dict__


def checked_limit(limit: Any) -> None:
    """Raises :class:`ValueError` for a time that cannot be waited."""
    if isinstance(limit, (int, float)) and (not math.isfinite(limit) or limit < 0):
        raise ValueError("max_wait_seconds must be a finite, non-negative number")


async def settled(value: Any) -> Any:
    """A value, or what an awaitable comes to."""
    return await value if inspect.isawaitable(value) else value


class Waited:
    """One wait: how long until the next look, and when to give up."""

    def __init__(self, what: str, interval: Any, limit: Any, headers: Any = None, first_counts: bool = False) -> None:
        from ..lib import _vector_stores as runtime

        checked_limit(limit)
        self.what, self.clock, self.headers = what, runtime.time.monotonic, dict(headers or {})
        self.interval = interval if isinstance(interval, (int, float)) else None
        #: Whether what the provider says at the first look holds for all.
        self.first_counts = first_counts
        self.first: Optional[float] = None
        self.end = self.clock() + limit if isinstance(limit, (int, float)) else None

    def arguments(self) -> Dict[str, Any]:
        """What tells the provider that somebody waits."""
        headers = {"X-Stainless-Poll-Helper": "true"}
        if self.interval is not None:
            headers["X-Stainless-Custom-Poll-Interval"] = str(self.interval)
        return {"extra_headers": {**headers, **self.headers}}

    def check(self) -> None:
        """Raises :class:`TimeoutError` once the time is over."""
        if self.end is not None and self.clock() >= self.end:
            raise TimeoutError(f"{self.what} was still in progress when max_wait_seconds were over")

    def pause(self, reply: Any) -> float:
        """Seconds until the next look: as the caller says, as the provider says, one."""
        self.check()
        milliseconds = self.interval
        if milliseconds is None:
            milliseconds = float(reply.headers.get("openai-poll-after-ms") or 1000) if self.first is None else self.first
            self.first = milliseconds if self.first_counts else None
        seconds = milliseconds / 1000
        return seconds if self.end is None else min(seconds, self.end - self.clock())


def polled(resource: Any, wait: Waited, is_pending: Callable[[Any], bool], *ids: Any, on_update: Any = None, **more: Any) -> Any:
    """Looks until it is done; ``on_update`` is told of each look."""
    while True:
        wait.check()
        reply = resource.with_raw_response.retrieve(*ids, **more, **wait.arguments())
        found = reply.parse()
        if callable(on_update):
            on_update(found)
        if not is_pending(found):
            return found
        resource._sleep(wait.pause(reply))


async def polled_async(resource: Any, wait: Waited, is_pending: Callable[[Any], bool], *ids: Any, on_update: Any = None, **more: Any) -> Any:
    """Looks until it is done; ``on_update`` is told of each look."""
    while True:
        wait.check()
        reply = await settled(resource.with_raw_response.retrieve(*ids, **more, **wait.arguments()))
        found = await settled(reply.parse())
        if callable(on_update):
            await settled(on_update(found))
        if not is_pending(found):
            return found
        await settled(resource._sleep(wait.pause(reply)))


def uploaded(client: Any, files: Iterable[Any], most: int) -> List[str]:
    """Uploads files side by side: their ids. The first failure is raised once those that had begun are done."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=most) as pool:
        work = [pool.submit(client.files.create, file=file, purpose="assistants") for file in files]
        return [done.result().id for done in work]


async def uploaded_async(client: Any, files: Iterable[Any], most: int) -> List[str]:
    """Uploads files side by side, in asyncio or trio: their ids, in the order in which they were there."""
    from ..lib import _vector_stores as runtime

    library = runtime.sniffio.current_async_library() if runtime.sniffio is not None else "asyncio"
    if library not in ("asyncio", "trio"):
        raise RuntimeError(f"Only asyncio or trio is supported, and this is {library}")
    ids: List[str] = []

    async def upload(file: Any, gate: Any) -> None:
        async with gate:
            ids.append((await client.files.create(file=file, purpose="assistants")).id)

    if library == "trio":
        import trio  # type: ignore[import-not-found, unused-ignore]

        limit = trio.CapacityLimiter(most)
        async with trio.open_nursery() as nursery:
            for file in files:
                nursery.start_soon(upload, file, limit)
        return ids
    import asyncio

    gate = asyncio.Semaphore(most)
    await asyncio.gather(*(upload(file, gate) for file in files))
    return ids



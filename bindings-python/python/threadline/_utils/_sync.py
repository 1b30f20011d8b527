"""Blocking functions in an event loop."""

from __future__ import annotations

import asyncio
import functools
from typing import Any, Awaitable, Callable, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

__all__ = ["asyncify", "to_thread"]


async def to_thread(func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs a function in a thread and waits for it, in asyncio or trio."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        import anyio.to_thread

        result: Any = await anyio.to_thread.run_sync(functools.partial(func, *args, **kwargs))
        return result
    return await asyncio.to_thread(func, *args, **kwargs)


def asyncify(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """The function as one that is awaited, and runs in a thread."""

    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        return await to_thread(function, *args, **kwargs)

    return wrapper

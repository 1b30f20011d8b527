"""Awaitables of the user's functions, for the native module."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

__all__ = ["deliver", "settle"]


def settle(value: Any) -> Any:
    """The value, or what an awaitable comes to, on a thread that may wait."""
    if not inspect.isawaitable(value):
        return value

    async def waiting() -> Any:
        return await value

    return asyncio.run(waiting())


_running: "set[Any]" = set()


def deliver(value: Any, reply: Any) -> None:
    """Hands the value to `reply`, or what an awaitable comes to, on the thread of the running loop."""
    if not inspect.isawaitable(value):
        reply.value(value)
        return

    async def waiting() -> None:
        try:
            result = await value
        except BaseException as error:
            reply.error(error)
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
        else:
            reply.value(result)

    # The loop itself holds tasks only weakly.
    task = asyncio.get_running_loop().create_task(waiting())
    _running.add(task)
    task.add_done_callback(_running.discard)
